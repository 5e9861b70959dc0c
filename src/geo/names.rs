//! Names of places as the databases spell them, made comparable.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The index of the shipped shapes.
const INDEX: &[u8] = include_bytes!("../../data/geo/shapes/index.json");

/// Region codes that ISO 3166-2 has replaced, or that name a part of a first-level region which the
/// databases put first, with the first-level code in force.
const REGION_ALIASES: &[(&str, &str)] = &[
    ("FR-75", "FR-IDF"),
    ("IN-CT", "IN-CG"),
    ("IN-OR", "IN-OD"),
    ("IN-TG", "IN-TS"),
    ("IN-UT", "IN-UK"),
    ("IT-AO", "IT-23"),
    ("TW-TPQ", "TW-NWT"),
];

/// Cuts the district off a city name: `Madrid (Fuencarral - El Pardo)` is `Madrid`.
///
/// DB-IP names districts so for a fifth of the IPv4 space; a map of cities wants the city.
pub fn strip_district(city: &str) -> &str {
    let city = city.trim();
    match city
        .strip_suffix(')')
        .and_then(|open| open.split_once(" ("))
    {
        Some((name, _)) if !name.trim().is_empty() => name.trim(),
        _ => city,
    }
}

/// Joins a country and the code a database gives for a region of it to an ISO 3166-2 code.
pub fn region_code(country: &str, code: &str) -> Option<String> {
    let part = code
        .strip_prefix(country)
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or(code);
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    if country.len() != 2 || !(1..=3).contains(&part.len()) || !plain(country) || !plain(part) {
        return None;
    }
    let code = format!("{country}-{part}").to_ascii_uppercase();
    let alias = REGION_ALIASES.iter().find(|(old, _)| *old == code);
    Some(alias.map_or(code, |(_, new)| (*new).to_owned()))
}

/// Words that one source puts into a region's name and another leaves out. `City` is none of them:
/// Mexico City is not in the state of Mexico.
const FILLERS: &[&str] = &[
    "of",
    "the",
    "de",
    "region",
    "province",
    "state",
    "county",
    "governorate",
    "oblast",
    "district",
    "department",
    "canton",
    "prefecture",
    "autonomous",
    "community",
];

/// Folds a name for comparison: no accents, no case, no punctuation.
fn fold(name: &str) -> String {
    let plain = |c: char| match c.is_alphanumeric() {
        true => Some(unaccented(c)),
        false => (c != '\'').then_some(' '),
    };
    let lower = name.chars().flat_map(char::to_lowercase);
    let text: String = lower.filter_map(plain).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Leaves out the fillers of a folded name.
fn without_fillers(folded: &str) -> String {
    let words = folded.split(' ').filter(|word| !FILLERS.contains(word));
    words.collect::<Vec<_>>().join(" ")
}

/// Strips the marks that Latin names carry; other letters stay.
fn unaccented(c: char) -> char {
    const GROUPS: &[(char, &str)] = &[
        ('a', "àáâãäåāăąạảấầẩẫậắằẳẵặ"),
        ('c', "çćĉċč"),
        ('d', "ďđð"),
        ('e', "èéêëēĕėęěẹẻẽếềểễệə"),
        ('g', "ĝğġģ"),
        ('h', "ĥħḥ"),
        ('i', "ìíîïĩīĭįıịỉ"),
        ('k', "ķ"),
        ('l', "ĺļľŀł"),
        ('n', "ñńņňŉ"),
        ('o', "òóôõöøōŏőơọỏốồổỗộớờởỡợ"),
        ('r', "ŕŗř"),
        ('s', "śŝşšșṣ"),
        ('t', "ţťŧțṭ"),
        ('u', "ùúûüũūŭůűųưụủứừửữự"),
        ('w', "ŵ"),
        ('y', "ýÿŷỳỵỷỹ"),
        ('z', "źżžẓ"),
    ];
    match GROUPS.iter().find(|(_, marked)| marked.contains(c)) {
        Some((plain, _)) => *plain,
        None => c,
    }
}

/// First-level regions by country and name, from the index of the shipped shapes.
///
/// Flat databases give a region's English name only.
#[derive(Debug, Default)]
pub struct RegionNames {
    /// By country and folded name.
    whole: HashMap<(String, String), String>,
    /// By country and folded name without fillers; where two regions meet, nothing.
    bare: HashMap<(String, String), Option<String>>,
}

impl RegionNames {
    /// Takes pairs of ISO 3166-2 code and name; a region may have several names.
    pub fn new<'a>(regions: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut names = Self::default();
        // Of two regions with one name the lower code counts, so that builds are repeatable.
        let mut regions: Vec<_> = regions.collect();
        regions.sort_unstable();
        for (code, name) in regions {
            let Some((country, _)) = code.split_once('-') else {
                continue;
            };
            let folded = fold(name);
            let bare = (country.to_owned(), without_fillers(&folded));
            let other = names.bare.entry(bare).or_insert(Some(code.to_owned()));
            if other.as_deref() != Some(code) {
                *other = None;
            }
            let whole = (country.to_owned(), folded);
            names.whole.entry(whole).or_insert(code.to_owned());
        }
        names
    }

    /// Reads the `regions` of the shapes' index: an object of code to name.
    pub fn read_index(json: &[u8]) -> Result<HashMap<String, String>, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Index {
            #[serde(default)]
            regions: HashMap<String, String>,
        }
        let index: Index = serde_json::from_slice(json)?;
        Ok(index.regions)
    }

    /// Returns the names that ship with the program; read once.
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<RegionNames> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let regions = Self::read_index(INDEX).unwrap_or_default();
            Self::new(regions.iter().map(|(k, v)| (k.as_str(), v.as_str())))
        })
    }

    /// Returns the code of a region by its name, whatever its accents and case.
    pub fn find(&self, country: &str, name: &str) -> Option<&str> {
        let (country, folded) = (country.to_owned(), fold(name));
        let bare = without_fillers(&folded);
        let whole = (country, folded);
        if let Some(code) = self.whole.get(&whole) {
            return Some(code);
        }
        let (country, _) = whole;
        self.bare.get(&(country, bare))?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn districts_are_cut_off() {
        #[track_caller]
        fn check(city: &str, expected: &str) {
            assert_eq!(strip_district(city), expected);
        }
        check("Madrid (Fuencarral - El Pardo)", "Madrid");
        check("Frankfurt am Main (Gallus)", "Frankfurt am Main");
        check("Paris (1st (old) arr.)", "Paris");
        check("Zürich", "Zürich");
        check("(Centre)", "(Centre)");
        check("Odd (open", "Odd (open");
        check("  Tokyo ", "Tokyo");
        check("", "");
    }

    #[test]
    fn region_codes_are_iso_3166_2() {
        #[track_caller]
        fn check(country: &str, code: &str, expected: Option<&str>) {
            assert_eq!(region_code(country, code).as_deref(), expected);
        }
        check("ES", "MD", Some("ES-MD"));
        check("ES", "ES-MD", Some("ES-MD"));
        check("US", "CA", Some("US-CA"));
        check("JP", "13", Some("JP-13"));
        check("IN", "TG", Some("IN-TS"));
        check("FR", "75", Some("FR-IDF"));
        check("GB", "eng", Some("GB-ENG"));
        check("ES", "", None);
        check("ES", "Madrid", None);
        check("", "MD", None);
        check("ES", "M-", None);
    }

    #[test]
    fn names_are_found_without_accents_and_fillers() {
        let names = RegionNames::new(
            [
                ("ES-AN", "Andalucía"),
                ("DE-BY", "Bayern"),
                ("IE-D", "Dublin"),
                ("ES-MD", "Comunidad de Madrid"),
                ("TW-HSQ", "Hsinchu County"),
                ("TW-HSZ", "Hsinchu"),
                ("TW-TPE", "Taipei"),
                ("XX-1", "Twin Province"),
                ("XX-2", "Twin State"),
            ]
            .into_iter(),
        );
        #[track_caller]
        fn check(names: &RegionNames, country: &str, name: &str, expected: Option<&str>) {
            assert_eq!(names.find(country, name), expected);
        }
        check(&names, "ES", "andalucia", Some("ES-AN"));
        check(&names, "DE", "BAYERN", Some("DE-BY"));
        check(&names, "IE", "County Dublin", Some("IE-D"));
        check(&names, "DE", "Freistaat Bayern", None);
        check(&names, "TW", "Hsinchu", Some("TW-HSZ"));
        check(&names, "TW", "Hsinchu County", Some("TW-HSQ"));
        check(&names, "TW", "Hsinchu City", None);
        check(&names, "TW", "Taipei City", None);
        check(&names, "XX", "Twin State", Some("XX-2"));
        check(&names, "XX", "Twin", None);
        check(&names, "FR", "Bayern", None);
        check(&names, "ES", "", None);
    }

    #[test]
    fn shipped_names_are_those_that_databases_give() {
        let names = RegionNames::shipped();
        assert_eq!(names.find("ES", "Andalusia"), Some("ES-AN"));
        assert_eq!(names.find("US", "California"), Some("US-CA"));
        for (_, code) in REGION_ALIASES {
            let known = names.whole.values().any(|other| other == code);
            assert!(known, "{code} is not in the index of shapes");
        }
    }
}
