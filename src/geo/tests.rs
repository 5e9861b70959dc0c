//! Packing and unpacking against an independent reader.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use maxminddb::{Reader, geoip2};
use proptest::prelude::*;

use super::pack::{Answers, City};
use super::runs::{Space, V4_BITS, V6_BITS};
use super::vendor::Point;
use super::*;
use crate::enrich::Enricher;
use crate::enrich::geoip::{GeoIp, Networks, Places};

fn cities(n: usize) -> Vec<City> {
    let city = |n: usize| City {
        country: ["AA", "BB", "CC"][n / 10 % 3].to_owned(),
        region: ["", "XX-1", "XX-2"][n / 3 % 3].to_owned(),
        name: match n % 4 {
            0 => String::new(),
            1 => format!("Cité {n} {}", "long ".repeat(n)),
            _ => format!("City {n}"),
        },
        point: (!n.is_multiple_of(5)).then_some(Point {
            lat: n as f64 - 12.345,
            lon: 120.5 - n as f64,
        }),
    };
    (0..n).map(city).collect()
}

/// Cuts a space into runs; each is a number of units and an answer.
fn space(bits: u32, origin: u64, runs: &[(u64, u32)]) -> Space {
    let mut space = Space::empty(bits);
    let mut at = origin;
    for (length, answer) in runs {
        let end = (at + length).min(1 << bits);
        if at < end {
            space.push(at, end, *answer);
        }
        at = end;
    }
    space
}

fn header(database_type: &str) -> Header {
    Header {
        database_type: database_type.to_owned(),
        description: "made for a test".to_owned(),
        build_epoch: 1_780_000_000,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A file answers for every address what the runs say that it was made from, to any reader.
    #[test]
    fn a_file_says_what_its_runs_say(
        v4_runs in prop::collection::vec((1_u64..300_000, 0_u32..41), 0..60),
        v6_runs in prop::collection::vec((1_u64..5_000_000_000, 0_u32..41), 0..60),
        picks in prop::collection::vec(any::<(u32, u64)>(), 50),
    ) {
        let cities = cities(40);
        let v4 = space(V4_BITS, 0x08_0000, &v4_runs);
        let v6 = space(V6_BITS, 0x2400 << 32, &v6_runs);
        let packed = pack::pack(&header("Test-City"), &Answers::Cities(cities.clone()), &v4, &v6).unwrap();
        let mut file = Vec::new();
        pack::unpack(&packed, &mut file).unwrap();
        let reader = Reader::from_source(file.as_slice()).unwrap();
        reader.verify().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("city.mmdb");
        fs::write(&path, &file).unwrap();
        let (geo, problems) = GeoIp::open(&[path], None);
        let has_country = v4.runs.iter().chain(&v6.runs).any(|run| run.answer != 0);
        prop_assert_eq!(problems.is_empty(), has_country);
        let mut places = Places::new(&Arc::new(geo));

        let v4_starts = v4.runs.iter().flat_map(|run| [run.start << 8, (run.start << 8).wrapping_sub(1)]);
        let v4_ips = v4_starts.map(|n| n as u32).chain(picks.iter().map(|pick| pick.0));
        let v6_starts = v6.runs.iter().map(|run| u128::from(run.start) << 80);
        let v6_picks = picks.iter().map(|pick| (0x2400_u128 << 112) + (u128::from(pick.1) << 56));
        let ips = v4_ips
            .map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
            .chain(v6_starts.flat_map(|n| [n, n.wrapping_sub(1)]).chain(v6_picks).map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))));
        for ip in ips {
            let answer = match ip {
                IpAddr::V4(ip) => v4.find(u64::from(ip.to_bits() >> 8)),
                // The first /96 of the tree belongs to IPv4.
                IpAddr::V6(ip) if ip.to_bits() >> 32 == 0 => continue,
                IpAddr::V6(ip) => v6.find((ip.to_bits() >> 80) as u64),
            };
            let expected = (answer as usize).checked_sub(1).map(|n| &cities[n]);
            let found = reader.lookup(ip).unwrap().decode::<geoip2::City>().unwrap();
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert_eq!(found.country.iso_code, Some(expected.country.as_str()));
                prop_assert_eq!(found.city.names.english.unwrap_or_default(), expected.name.as_str());
                prop_assert_eq!(found.subdivisions.len(), usize::from(!expected.region.is_empty()));
                prop_assert_eq!(found.location.latitude.is_some(), expected.point.is_some());
                if let (Some(lat), Some(point)) = (found.location.latitude, expected.point) {
                    prop_assert!((lat - point.lat).abs() <= 0.000_500_1);
                }
            }
            if crate::enrich::geoip::routable(ip) {
                let id = places.find(ip);
                let country = places.answer(id).country.as_deref();
                prop_assert_eq!(country, expected.map(|city| city.country.as_str()));
            }
        }
    }

    /// A damaged pack is refused, unless the damage is in bits that mean nothing; never a panic.
    #[test]
    fn damaged_packs_are_refused(at in 0_usize..1_000, byte in any::<u8>(), length in 0_usize..1_000) {
        let v4 = space(V4_BITS, 0x08_0000, &[(100, 1), (50, 2), (7, 0), (9, 3)]);
        let v6 = Space::empty(V6_BITS);
        let mut packed = pack::pack(&header("Test-City"), &Answers::Cities(cities(3)), &v4, &v6).unwrap();
        let (mut whole, mut damaged) = (Vec::new(), Vec::new());
        pack::unpack(&packed, &mut whole).unwrap();
        let at = at % packed.len();
        packed[at] = byte;
        if pack::unpack(&packed, &mut damaged).is_ok() {
            prop_assert_eq!(whole, damaged);
        }
        packed.truncate(length % packed.len());
        prop_assert!(pack::unpack(&packed, &mut Vec::new()).is_err());
    }
}

#[test]
fn systems_are_packed_and_unpacked() {
    let systems = vec![
        (64496, "Example, Inc.".to_owned()),
        (4_200_000_001, String::new()),
    ];
    let v4 = space(V4_BITS, 0x08_0000, &[(10, 1), (10, 2)]);
    let v6 = space(V6_BITS, 0x2A00 << 32, &[(10, 2)]);
    let packed = pack::pack(&header("Test-ASN"), &Answers::Systems(systems), &v4, &v6).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("asn.mmdb");
    write_mmdb(&packed, &path).unwrap();
    let (geo, problems) = GeoIp::open(&[path], None);
    assert!(problems.is_empty(), "{problems:?}");
    let mut networks = Networks::new(&Arc::new(geo));
    let mut check = |ip: &str, asn: Option<u32>, org: Option<&str>| {
        let id = networks.find(ip.parse().unwrap());
        let network = networks.answer(id);
        assert_eq!((network.asn, network.org.as_deref()), (asn, org), "{ip}");
    };
    check("8.0.0.1", Some(64496), Some("Example, Inc."));
    check("8.0.10.1", Some(4_200_000_001), None);
    check("8.0.20.1", None, None);
    check("2a00::1", Some(4_200_000_001), None);
    check("2b00::1", None, None);
}

#[test]
fn the_embedded_packs_unpack_once_and_answer() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache/geo");
    let paths = unpack(&cache).unwrap();
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before = modified(&paths.city);
    assert_eq!(unpack(&cache).unwrap(), paths);
    assert_eq!(modified(&paths.city), before);
    assert_eq!(
        fs::read_dir(&cache).unwrap().count(),
        2,
        "nothing is left behind"
    );

    let (geo, problems) = GeoIp::open(&[], Some(&paths));
    assert!(problems.is_empty(), "{problems:?}");
    let names: Vec<String> = geo
        .sources()
        .into_iter()
        .map(|source| source.name)
        .collect();
    assert!(names.iter().any(|name| name == "DB-IP"), "{names:?}");
    let geo = Arc::new(geo);
    let (mut places, mut networks) = (Places::new(&geo), Networks::new(&geo));
    // Root name servers at universities and agencies: they do not move.
    let mut check = |ip: &str, country: &str| {
        let ip: IpAddr = ip.parse().unwrap();
        let id = places.find(ip);
        assert_eq!(places.answer(id).country.as_deref(), Some(country), "{ip}");
        let id = networks.find(ip);
        assert!(networks.answer(id).asn.is_some(), "{ip}");
    };
    check("128.8.10.90", "US");
    check("193.0.14.129", "NL");
    check("202.12.27.33", "JP");
    check("2001:610::1", "NL");
    check("2001:200::1", "JP");
}

#[test]
fn a_cut_off_file_in_the_cache_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let v4 = space(V4_BITS, 0x08_0000, &[(10, 1)]);
    let systems = Answers::Systems(vec![(1, "a".to_owned())]);
    let packed = pack::pack(&header("Test-ASN"), &systems, &v4, &Space::empty(V6_BITS)).unwrap();
    let path = unpack_one(dir.path(), "asn", &packed).unwrap();
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..0], &whole[..whole.len() / 2], b"text"] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(unpack_one(dir.path(), "asn", &packed).unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    let other = pack::pack(
        &header("Test-ASN"),
        &systems,
        &Space::empty(V4_BITS),
        &v6_only(),
    )
    .unwrap();
    assert_ne!(unpack_one(dir.path(), "asn", &other).unwrap(), path);
}

fn v6_only() -> Space {
    space(V6_BITS, 0x2A00 << 32, &[(10, 1)])
}
