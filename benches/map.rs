//! What a map costs: the saved queries behind it over a day of five million rows and over a year, from the
//! rollups and from the rows, in one run. Each figure is of warm questions one after the other.

#![expect(clippy::print_stdout, reason = "figures are what a bench is for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::generate::{Generator, STREAMS};
use logatlas::import::{ImportRequest, Watch, run};
use logatlas::query::bind::Value;
use logatlas::query::saved::SavedQueries;
use logatlas::query::{Engine, Limits};
use logatlas::schema::Table;
use logatlas::store::Store;

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;
const DAY_US: i64 = 86_400_000_000;
const ROUNDS: usize = 100;

/// Name, days, lines a day, lines of the generator for each line of the access logs.
const SPANS: [(&str, i64, u64); 2] = [("day", 1, 5_400_000), ("year", 365, 14_000)];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let paths =
        logatlas::geo::unpack(&logatlas::config::cache_dir()).expect("the embedded data unpack");
    let geo = Arc::new(GeoIp::open(&[], Some(&paths)).0);
    // `cargo bench --bench map -- year` runs that one alone.
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    for (name, days, lines_a_day) in SPANS {
        if asked.is_empty() || asked.iter().any(|arg| arg == name) {
            runtime.block_on(measure(name, days, lines_a_day, &geo));
        }
    }
}

/// The access logs of so many days, a file each.
fn written(folder: &Path, days: i64, lines_a_day: u64) -> Vec<PathBuf> {
    let file = |day: i64| {
        let path = folder.join(format!("{day}.log"));
        let mut text = String::new();
        let end_us = END_US - day * DAY_US;
        let generator = Generator::new(end_us, day.unsigned_abs(), lines_a_day);
        generator.lines(end_us - DAY_US, end_us, &mut |stream, _, line| {
            if STREAMS[stream].file.ends_with("access.log") {
                text.push_str(line);
                text.push('\n');
            }
        });
        std::fs::write(&path, &text).expect("room for the lines");
        path
    };
    (0..days).map(file).collect()
}

async fn measure(name: &str, days: i64, lines_a_day: u64, geo: &Arc<GeoIp>) {
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let paths = written(folder.path(), days, lines_a_day);
    let store = Store::open(&folder.path().join("data"), CrashPoint::default()).await;
    let store = store.expect("an empty folder opens");
    let request = ImportRequest {
        paths,
        ..ImportRequest::default()
    };
    run(&store, geo, request, &Watch::default())
        .await
        .expect("the import runs");
    let start = Instant::now();
    let n_made = store.roll_up().await.expect("the rows can be counted");
    let bytes = |table| {
        let view = store.view(table);
        view.files.iter().map(|file| file.n_bytes).sum::<u64>() as f64 / 1e6
    };
    println!(
        "{name}: {} rows in {} files, {:.0} MB; {n_made} rollups made in {:.1} s, {:.0} MB",
        store.view(Table::Logs).n_rows(),
        store.view(Table::Logs).files.len(),
        bytes(Table::Logs),
        start.elapsed().as_secs_f64(),
        bytes(Table::Rollups)
    );
    let engine = Engine::new(store, geo, 2048).expect("the engine starts");
    // No full minute: both ends are read from the rows.
    let from = Value::Timestamp(END_US - days * DAY_US + 1_234_567);
    let given = BTreeMap::from([
        ("from".to_owned(), from),
        ("to".to_owned(), Value::Timestamp(END_US - 7_654_321)),
    ]);
    for query in ["errors_by_country", "errors_by_city", "errors_over_time"] {
        let saved = SavedQueries::default().get(query).expect("it is shipped");
        let mut given = given.clone();
        if query == "errors_over_time" {
            let bucket_s = if days > 1 { 86_400 } else { 300 };
            given.insert("bucket_s".to_owned(), Value::Int(bucket_s));
        }
        let sql = saved.bind(&given).expect("all it needs is given");
        // A column that no rollup has keeps them out.
        let of_rows = sql.replace("FROM logs", "FROM (SELECT * FROM logs) AS logs");
        let rolled = times(&engine, &sql, ROUNDS).await;
        let rows = times(&engine, &of_rows, ROUNDS / 5).await;
        println!(
            "{name}: {query}: rollups p50 {:.1} ms, p99 {:.1} ms; rows p50 {:.1} ms: {:.1} times as long",
            rolled.0,
            rolled.1,
            rows.0,
            rows.0 / rolled.0
        );
    }
}

/// Median and 99th percentile of warm questions, milliseconds.
async fn times(engine: &Engine, sql: &str, rounds: usize) -> (f64, f64) {
    let mut times = Vec::new();
    for round in 0..rounds + 2 {
        let start = Instant::now();
        engine
            .run(sql, Limits::PANEL)
            .await
            .expect("the question is sound");
        if round >= 2 {
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        times[((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1]
    };
    (at(0.5), at(0.99))
}
