//! Names and main time zones of countries and regions, from the embedded geometry's index.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono_tz::Tz;
use rust_embed::RustEmbed;
use serde::Deserialize;

/// The embedded geometry: `world.json`, `admin1/XX.json` (TopoJSON) and `index.json`.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/data/geo/shapes"]
#[include = "*.json"]
pub struct Shapes;

#[derive(Deserialize)]
struct Index {
    countries: HashMap<String, Country>,
    regions: HashMap<String, String>,
}

/// What is known of a country besides its shape.
#[derive(Debug, Deserialize)]
pub struct Country {
    pub name: String,
    /// Where a dot or label may stand.
    pub lat: f64,
    pub lon: f64,
    zone: Option<String>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let file = Shapes::get("index.json").expect("index.json is embedded");
    serde_json::from_slice(&file.data).expect("the embedded index is well-formed, a test reads it")
});

static ZONES: LazyLock<HashMap<&'static str, Tz>> = LazyLock::new(|| {
    let zones = INDEX.countries.iter().filter_map(|(code, country)| {
        let zone = country.zone.as_ref()?.parse().ok()?;
        Some((code.as_str(), zone))
    });
    zones.collect()
});

/// The country with this ISO 3166-1 alpha-2 code.
pub fn country(code: &str) -> Option<&'static Country> {
    INDEX.countries.get(code)
}

/// The English name of a region by its ISO 3166-2 code.
pub fn region_name(code: &str) -> Option<&'static str> {
    INDEX.regions.get(code).map(String::as_str)
}

/// The zone in which most of the country's people live.
pub fn zone(country: &str) -> Option<Tz> {
    ZONES.get(country).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_index_names_places_and_zones() {
        assert_eq!(country("ES").unwrap().name, "Spain");
        assert_eq!(zone("ES"), Some(Tz::Europe__Madrid));
        assert!(region_name("ES-MD").unwrap().contains("Madrid"));
        let without_zone: Vec<_> = INDEX
            .countries
            .keys()
            .filter(|code| zone(code).is_none())
            .collect();
        assert!(without_zone.len() < 5, "{without_zone:?}");
    }
}
