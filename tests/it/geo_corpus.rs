//! The embedded geo data against 1,000 access log rows that were located by somebody else.
//!
//! The rows are of May 2014 and addresses move, so agreement is far from whole by nature; what is
//! watched is that it does not fall.

use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

use logatlas::enrich::Enricher;
use logatlas::enrich::geoip::{GeoIp, Places};

/// Measured when the data was built: 99.8 %.
const COUNTRY_FLOOR: f64 = 0.98;

#[test]
#[expect(clippy::print_stdout, reason = "the number is the finding")]
fn countries_agree_with_the_located_workload() {
    let Some(corpus) = crate::corpus() else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let paths = logatlas::geo::unpack(cache.path()).unwrap();
    let (geo, problems) = GeoIp::open(&[], Some(&paths));
    assert!(problems.is_empty(), "{problems:?}");
    let mut places = Places::new(&Arc::new(geo));

    let (mut n_rows, mut n_agree) = (0, 0);
    for n in 1..=4 {
        let name = format!("real-workload/hue-geo-csv/web_logs_{n}.csv");
        let csv = fs::read_to_string(corpus.join(name)).unwrap();
        // The first cells, up to the address and country code, are never quoted.
        for row in csv.lines() {
            let cells: Vec<&str> = row.splitn(8, ',').collect();
            let (Some(ip), Some(expected)) = (cells.get(4), cells.get(6)) else {
                continue;
            };
            let Ok(ip) = ip.parse::<IpAddr>() else {
                continue;
            };
            let id = places.find(ip);
            n_rows += 1;
            n_agree += usize::from(places.answer(id).country.as_deref() == Some(*expected));
        }
    }
    assert!(n_rows > 900, "only {n_rows} rows were read");
    let agreement = n_agree as f64 / n_rows as f64;
    println!(
        "{n_agree} of {n_rows} rows in the same country ({:.1} %)",
        100.0 * agreement
    );
    assert!(
        agreement > COUNTRY_FLOOR,
        "agreement fell to {agreement:.3}"
    );
}
