//! Real logs: every line accounted for, places as an independent look-up finds them, fields as others read
//! them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use logatlas::format::parse_line;
use logatlas::record::{Record, parse_ip};
use serde_json::Value;

use crate::program::{Home, arg};

/// Imports a file and checks that no line is lost: received = stored + blank, and how many fit no format.
#[track_caller]
fn import(path: &Path, n_lines: i64, unparsed_share_max: f64) -> Option<Home> {
    let home = Home::new();
    let output = home.run(&["import", "--zone", "UTC", arg(path)]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let status: Value = serde_json::from_str(&home.ok(&["status", "--json"])).unwrap();
    let count = |name: &str| status["account"][name].as_i64().unwrap();
    assert_eq!(count("received"), n_lines);
    assert_eq!(
        count("received"),
        count("stored") + count("blank") + count("rejected") + count("deduplicated")
    );
    assert_eq!(home.number("SELECT count(*) FROM logs"), count("stored"));
    let unparsed = home.number("SELECT count(*) FROM logs WHERE format = 'unparsed' AND raw IS NOT NULL AND parse_error IS NOT NULL");
    assert_eq!(unparsed, count("unparsed"));
    assert!(
        unparsed as f64 <= unparsed_share_max * n_lines as f64,
        "{unparsed} unparsed"
    );
    Some(home)
}

/// Counts by country with nothing but the `maxminddb` crate and the first word of each line.
fn independent_countries(path: &Path) -> BTreeMap<Option<String>, i64> {
    let cache = tempfile::tempdir().unwrap();
    let paths = logatlas::geo::unpack(cache.path()).unwrap();
    let reader = maxminddb::Reader::open_readfile(&paths.city).unwrap();
    let mut counts = BTreeMap::new();
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    for line in text.lines() {
        let ip: Option<IpAddr> = line.split(' ').next().and_then(|word| word.parse().ok());
        let found: Option<Value> = ip.and_then(|ip| reader.lookup(ip).unwrap().decode().unwrap());
        let country =
            found.and_then(|found| Some(found["country"]["iso_code"].as_str()?.to_owned()));
        *counts.entry(country).or_default() += 1;
    }
    counts
}

#[track_caller]
fn check_countries(name: &str, n_lines: i64) {
    let Some(corpus) = crate::corpus() else {
        return;
    };
    let path = corpus.join("real-workload").join(name);
    let Some(home) = import(&path, n_lines, 0.005) else {
        return;
    };
    // Lines that fit no format have no client.
    let rows = home
        .sql("SELECT country, count(*) AS n FROM logs WHERE format <> 'unparsed' GROUP BY country");
    let ours: BTreeMap<Option<String>, i64> = rows
        .iter()
        .map(|row| {
            (
                row["country"].as_str().map(str::to_owned),
                row["n"].as_i64().unwrap(),
            )
        })
        .collect();
    let mut theirs = independent_countries(&path);
    for row in home.sql("SELECT raw FROM logs WHERE format = 'unparsed'") {
        let line = home.write("unparsed", row["raw"].as_str().unwrap());
        for (country, n) in independent_countries(&line) {
            *theirs.get_mut(&country).unwrap() -= n;
        }
    }
    theirs.retain(|_, n| *n > 0);
    assert_eq!(ours, theirs);
    assert!(ours.len() > 20, "{ours:?}");
}

#[test]
fn the_elastic_access_log_counts_by_country_as_an_independent_look_up() {
    check_countries("elastic-apache-combined/access.log", 10_000);
}

#[test]
fn the_basjes_access_log_counts_by_country_as_an_independent_look_up() {
    check_countries("basjes-apache-combined/hackers-access.log", 3_456);
}

#[test]
fn no_line_of_the_elastic_auth_log_is_lost() {
    let Some(corpus) = crate::corpus() else {
        return;
    };
    let path = corpus.join("real-workload/elastic-auth/auth.log");
    let Some(home) = import(&path, 7_121, 0.0) else {
        return;
    };
    let grep = |word: &str| {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        text.lines().filter(|line| line.contains(word)).count() as i64
    };
    let failed = "SELECT count(*) FROM logs WHERE format = 'sshd' AND message LIKE '%Failed password for%' AND error_class = 'auth' AND client_ip IS NOT NULL";
    assert_eq!(home.number(failed), grep("Failed password for"));
    let accepted = "SELECT count(*) FROM logs WHERE action = 'allow' AND user_name IS NOT NULL AND client_ip IS NOT NULL";
    assert_eq!(home.number(accepted), grep("Accepted "));
}

#[test]
fn a_second_import_of_the_same_file_adds_nothing() {
    let Some(corpus) = crate::corpus() else {
        return;
    };
    let path = corpus.join("real-workload/basjes-apache-combined/hackers-access.log");
    let Some(home) = import(&path, 3_456, 0.005) else {
        return;
    };
    home.ok(&["import", arg(&path)]);
    assert_eq!(home.number("SELECT count(*) FROM logs"), 3_456);
    home.ok(&["import", "--again", arg(&path)]);
    assert_eq!(home.number("SELECT count(*) FROM logs"), 2 * 3_456);
}

/// Reads the lines of a folder whose makers recorded which address each line is about, and returns how many
/// of those our formats find.
fn addresses_found(folder: &Path) -> (usize, usize) {
    let text = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let (mut n_found, mut n) = (0, 0);
    for row in text.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let (Some(raw), Some(expected)) = (row["raw"].as_str(), row["meta"]["source_ip"].as_str())
        else {
            continue;
        };
        let mut record = Record::default();
        parse_line(raw.trim_end(), &mut record).ok();
        n += 1;
        n_found +=
            usize::from(record.client_ip.is_some() && record.client_ip == parse_ip(expected));
    }
    (n_found, n)
}

#[test]
#[expect(clippy::print_stdout, reason = "the share is the finding")]
fn firewall_and_sign_in_lines_name_the_address_that_others_found() {
    let Some(corpus) = crate::corpus() else {
        return;
    };
    // Floors are what was measured; the rest are messages that only a larger grammar knows.
    let rows = [
        ("iptables-ufw/crowdsec-iptables-logs", 1.0),
        ("iptables-ufw/crowdsec-proxmox-iptables-logs", 0.0),
        ("iptables-ufw/crowdsec-unifi-logs", 0.0),
        ("sshd-auth/crowdsec-sshd-logs", 0.5),
        ("sshd-auth/crowdsec-sshd-success-logs", 0.5),
        ("access-nginx/crowdsec-nginx_http-logs", 0.5),
        ("access-apache/crowdsec-apache2-logs", 0.5),
    ];
    for (name, floor) in rows {
        let (n_found, n) = addresses_found(&corpus.join(name));
        println!("{name}: {n_found} of {n} addresses");
        assert!(
            n_found as f64 >= floor * n as f64,
            "{name}: {n_found} of {n}"
        );
    }
}
