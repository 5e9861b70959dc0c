//! Who made a file, and the words that its licence asks us to show.

use std::path::Path;

use chrono::DateTime;
use maxminddb::Metadata;
use serde::Serialize;
use utoipa::ToSchema;

/// The mark in the type of files that `logatlas geo build` wrote: they differ from their sources.
pub(crate) const OWN_MARK: &str = "logatlas";

/// A source of geo data, to be named wherever its answers are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GeoSource {
    /// The maker.
    pub name: String,
    /// Day on which the data was built, `YYYY-MM-DD`.
    pub built: Option<String>,
    /// The sentence as plain text.
    pub attribution_text: String,
    /// The sentence with its link.
    pub attribution_html: String,
    /// The maker's page.
    pub url: String,
    /// Whether the data was changed after its maker gave it out.
    pub modified: bool,
}

/// A maker we know, the sign of its files, and its sentence with the linked words in braces.
struct Maker {
    name: &'static str,
    signs: &'static [&'static str],
    sentence: &'static str,
    url: &'static str,
}

const DB_IP: Maker = Maker {
    name: "DB-IP",
    signs: &["dbip", "db-ip"],
    sentence: "{IP Geolocation by DB-IP}",
    url: "https://db-ip.com",
};
const ROUTE_VIEWS: Maker = Maker {
    name: "RouteViews",
    signs: &["routeviews"],
    sentence: "IP to AS number by {RouteViews}",
    url: "https://www.routeviews.org",
};
const NRO: Maker = Maker {
    name: "NRO",
    signs: &["-nro-", "nro.net"],
    sentence: "Number resource statistics by the {NRO}",
    url: "https://www.nro.net",
};
const MAXMIND: Maker = Maker {
    name: "MaxMind GeoLite2",
    signs: &["geolite2"],
    sentence: "This product includes GeoLite2 Data created by MaxMind, available from {https://www.maxmind.com/}.",
    url: "https://www.maxmind.com/",
};
const MAXMIND_PAID: Maker = Maker {
    name: "MaxMind GeoIP2",
    signs: &["geoip2"],
    sentence: "Geolocation by {MaxMind}",
    url: "https://www.maxmind.com/",
};
const MAKERS: &[Maker] = &[DB_IP, ROUTE_VIEWS, NRO, MAXMIND, MAXMIND_PAID];

/// Returns the sources of a file, by its type, its description and, for flat files whose type says
/// only `city ipv4`, its name.
pub(super) fn sources(metadata: &Metadata, path: &Path) -> Vec<GeoSource> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let descriptions = metadata.description.values().map(String::as_str);
    let words: Vec<&str> = [metadata.database_type.as_str(), &file]
        .into_iter()
        .chain(descriptions)
        .collect();
    let words = words.join(" ").to_ascii_lowercase();
    let built = i64::try_from(metadata.build_epoch).ok().filter(|s| *s > 0);
    let built = built
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map(|time| time.format("%Y-%m-%d").to_string());
    let modified = words.contains(OWN_MARK);
    let known: Vec<GeoSource> = MAKERS
        .iter()
        .filter(|maker| maker.signs.iter().any(|sign| words.contains(sign)))
        // "DBIP-City-Lite (compat=GeoLite2-City)" is made by DB-IP alone.
        .filter(|maker| !(words.contains("compat=") && maker.name.starts_with("MaxMind")))
        .map(|maker| maker.source(built.clone(), modified))
        .collect();
    if !known.is_empty() {
        return known;
    }
    vec![GeoSource {
        name: file.clone().into_owned(),
        built,
        attribution_text: file.clone().into_owned(),
        attribution_html: escape(&file),
        url: String::new(),
        modified,
    }]
}

impl Maker {
    fn source(&self, built: Option<String>, modified: bool) -> GeoSource {
        let note = if modified { " (modified)" } else { "" };
        let text = self.sentence.replace(['{', '}'], "");
        let link = format!("<a href='{}'>", self.url);
        let html = self.sentence.replace('{', &link).replace('}', "</a>");
        GeoSource {
            name: self.name.to_owned(),
            built,
            attribution_text: text + note,
            attribution_html: html + note,
            url: self.url.to_owned(),
            modified,
        }
    }
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut html, c| {
        match c {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
        html
    })
}
