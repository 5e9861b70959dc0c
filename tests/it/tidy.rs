//! Rules of the house that no compiler checks.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The code before its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn heavy_crates_are_named_only_where_they_belong() {
    let rows: [(&str, &[&str]); 6] = [
        ("datafusion::", &["src/query", "src/store", "src/batch.rs"]),
        ("parquet::", &["src/query", "src/store"]),
        (
            "axum::",
            &["src/api", "src/server.rs", "src/mock_pagerduty.rs"],
        ),
        ("plotters::", &["src/chart"]),
        ("maxminddb::", &["src/enrich", "src/geo"]),
        (
            "rusqlite::",
            &[
                "src/state.rs",
                "src/store",
                "src/alerting",
                "src/alerts",
                "src/outbox.rs",
                "src/auth.rs",
                "src/query/state_tables.rs",
            ],
        ),
    ];
    for (name, text) in files("src", "rs") {
        if name.ends_with("/tests.rs") {
            continue;
        }
        for (krate, allowed) in rows {
            let is_allowed = allowed.iter().any(|prefix| name.starts_with(prefix));
            assert!(
                is_allowed || !code(&text).contains(krate),
                "{name} names {krate}"
            );
        }
    }
}

#[test]
fn the_pure_middle_does_no_input_or_output() {
    let pure = [
        "src/format",
        "src/framing",
        "src/record.rs",
        "src/incident.rs",
        "src/time.rs",
    ];
    for (name, text) in files("src", "rs") {
        if pure.iter().any(|prefix| name.starts_with(prefix)) {
            for word in [
                "std::fs",
                "std::net::Tcp",
                "tokio::",
                "rusqlite",
                "reqwest",
                "SystemTime",
            ] {
                assert!(!code(&text).contains(word), "{name} names {word}");
            }
        }
    }
}

#[test]
fn only_the_disk_module_syncs_and_renames() {
    for (name, text) in files("src", "rs") {
        let is_disk = name == "src/disk.rs";
        for word in ["sync_all(", "sync_data(", "fs::rename("] {
            assert!(
                is_disk || !code(&text).contains(word),
                "{name} calls {word}"
            );
        }
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    for (name, text) in files("src", "rs") {
        assert!(text.starts_with("//!"), "{name} has no module comment");
    }
    for (name, text) in files("queries", "sql") {
        assert!(
            text.starts_with("-- "),
            "{name} does not say which question it answers"
        );
    }
}

#[test]
fn saved_queries_are_functions_of_their_window() {
    for (name, text) in files("queries", "sql") {
        let text = text.to_lowercase();
        assert!(
            !text.contains("now()") && !text.contains("current_"),
            "{name} asks for the clock"
        );
        assert!(
            text.contains("$from") && text.contains("$to"),
            "{name} has no window"
        );
    }
}

#[test]
fn every_format_and_query_is_in_the_documents() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for format in logatlas::format::FORMATS {
        assert!(
            readme.contains(&format!("`{}`", format.name())),
            "README.md does not name {format:?}"
        );
    }
    let columns = std::fs::read_to_string(root().join("docs/columns.md")).unwrap();
    for field in logatlas::schema::Table::Logs.file_schema().fields() {
        assert!(
            columns.contains(&format!("`{}`", field.name())),
            "docs/columns.md does not name {}",
            field.name()
        );
    }
}

#[test]
fn lock_files_name_no_other_host_than_the_default() {
    let cargo = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for line in cargo.lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(
            line,
            "source = \"registry+https://github.com/rust-lang/crates.io-index\""
        );
    }
    for name in [
        "web/package-lock.json",
        "tools/geo-shapes/package-lock.json",
    ] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(
            !text.contains("\"resolved\""),
            "{name} holds download addresses"
        );
    }
}
