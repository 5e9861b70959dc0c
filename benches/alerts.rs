//! What rules cost: a month replayed, and one tick of a hundred rules over fresh rows. CPU seconds are those of
//! the whole process, user and system.

#![expect(clippy::print_stdout, reason = "figures are what a bench is for")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use logatlas::alerting::Policy;
use logatlas::alerting::backtest::Span;
use logatlas::alerts::backtest::{Trial, history, replay};
use logatlas::alerts::{evaluate, read_rules};
use logatlas::batch::{BatchBuilder, Enrichment, Origin};
use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::framing::Framer;
use logatlas::framing::newline::Newline;
use logatlas::generate::{Generator, STREAMS};
use logatlas::import::{ImportRequest, Watch, run};
use logatlas::query::saved::SavedQueries;
use logatlas::query::{Engine, Limits};
use logatlas::rule::AlertRule;
use logatlas::schema::Table;
use logatlas::source::Chunk;
use logatlas::store::{Append, FLUSH_BYTES_MAX, Store};

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;
const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = DAY_US / 24;
const DAYS: i64 = 30;
const LINES_A_DAY: u64 = 500_000;
/// Rows that have just arrived: so many made-up lines, stored so many times.
const FRESH_LINES: u64 = 1_000_000;
const FRESH_COPIES: usize = 5;
const RULES: usize = 100;
/// Ticks that are asked one by one, to see what asking at once saves.
const ALONE: i64 = 200;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let paths =
        logatlas::geo::unpack(&logatlas::config::cache_dir()).expect("the embedded data unpack");
    let geo = Arc::new(GeoIp::open(&[], Some(&paths)).0);
    // `cargo bench --bench alerts -- fresh` runs that one alone.
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|arg| arg == name);
    runtime.block_on(async {
        if is_asked("month") {
            month(&geo).await;
        }
        if is_asked("fresh") {
            fresh(&geo).await;
        }
    });
}

fn rule(id: &str) -> AlertRule {
    let (rules, _) = read_rules(std::path::Path::new("no such folder"));
    rules
        .into_iter()
        .find(|rule| rule.id == id)
        .expect("it is shipped")
}

/// `server-error-rate-by-country` over thirty days of rows, a tick each minute.
async fn month(geo: &Arc<GeoIp>) {
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let mut files = Vec::new();
    for day in 0..DAYS {
        let path = folder.path().join(format!("{day}.log"));
        let mut text = String::new();
        let end_us = END_US - day * DAY_US;
        let generator = Generator::new(end_us, 1, LINES_A_DAY);
        generator.lines(end_us - DAY_US, end_us, &mut |stream, _, line| {
            if STREAMS[stream].file.ends_with("access.log") {
                text.push_str(line);
                text.push('\n');
            }
        });
        std::fs::write(&path, &text).expect("room for the lines");
        files.push(path);
    }
    let store = Store::open(&folder.path().join("data"), CrashPoint::default()).await;
    let store = store.expect("an empty folder opens");
    let request = ImportRequest {
        paths: files,
        ..ImportRequest::default()
    };
    run(&store, geo, request, &Watch::default())
        .await
        .expect("the import runs");
    let engine = Engine::new(store.clone(), geo, 1024).expect("the engine starts");
    let queries = SavedQueries::default();
    let mut rule = rule("server-error-rate-by-country");
    rule.eval.every.0 = 60_000_000;
    let span = Span {
        from_us: END_US - DAYS * DAY_US,
        to_us: END_US,
    };
    let (start, cpu) = (Instant::now(), cpu_s());
    let ticks = history(&engine, &queries, &rule, span, |_| {}).await;
    let asked_s = start.elapsed().as_secs_f64();
    let trial = Trial {
        span,
        outages: None,
        sweep: vec![0.03, 0.04, 0.06, 0.08],
        installation_id: "bench".into(),
        public_url: String::new(),
    };
    let outcome = replay(&rule, &Policy::default(), &ticks, &trial).expect("the replay runs");
    let (all_s, cpu_all) = (start.elapsed().as_secs_f64(), cpu_s() - cpu);
    let rows = store.view(Table::Logs).n_rows();
    println!(
        "back-test: {rows} rows of {DAYS} days, {} ticks, 5 thresholds: {all_s:.1} s, of which asking {asked_s:.1} s; {cpu_all:.1} CPU-s; {} opened",
        ticks.len(),
        outcome.report.opens
    );
    let start = Instant::now();
    for number in 0..ALONE {
        let tick_us = END_US - number * 211 * 60_000_000;
        evaluate::readings(&engine, &queries, &rule, tick_us)
            .await
            .expect("it answers");
    }
    let alone_s = start.elapsed().as_secs_f64() / ALONE as f64 * ticks.len() as f64;
    println!(
        "asked one by one it would be {alone_s:.0} s ({:.1} ms a tick): {:.1} times as long",
        1000.0 * alone_s / ticks.len() as f64,
        alone_s / asked_s
    );
}

/// A hundred rules, the shipped ones again and again with thresholds and windows of their own, at one instant
/// over the rows of the last hour, just arrived: flushed as the server flushes them, the last ones in memory.
async fn fresh(geo: &Arc<GeoIp>) {
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let store = Store::open(folder.path(), CrashPoint::default()).await;
    let store = store.expect("an empty folder opens");
    let origin = Origin {
        source: "bench".into(),
        path: None,
        host: None,
        zone: chrono_tz::Tz::UTC,
        not_after_us: i64::MAX,
        format: None,
        keep_raw: false,
    };
    // A day of 24 times as many lines has that many in its last hour, about.
    let generator = Generator::new(END_US, 1, FRESH_LINES * 24);
    let (mut text, mut n_rows) = (String::new(), 0);
    let mut batches = Vec::new();
    generator.lines(END_US - HOUR_US, END_US, &mut |_, _, line| {
        if n_rows == FRESH_LINES {
            return;
        }
        n_rows += 1;
        text.push_str(line);
        text.push('\n');
        if text.len() > 8 << 20 {
            batches.push(to_batch(std::mem::take(&mut text), geo, &origin));
        }
    });
    batches.push(to_batch(text, geo, &origin));
    for batch in batches
        .iter()
        .flat_map(|batch| std::iter::repeat_n(batch, FRESH_COPIES))
    {
        let append = Append {
            table: Table::Logs,
            batch: batch.clone(),
            positions: Vec::new(),
            tallies: Vec::new(),
            idempotency: Vec::new(),
        };
        store.append(&append).await.expect("rows are taken");
        if store.fresh_bytes() > FLUSH_BYTES_MAX {
            store.flush().await.expect("rows are flushed");
        }
    }
    let engine = Engine::new(store.clone(), geo, 1024).expect("the engine starts");
    let queries = SavedQueries::default();
    let (shipped, _) = read_rules(std::path::Path::new("no such folder"));
    let rules: Vec<AlertRule> = (0..RULES)
        .map(|number| {
            let mut rule = shipped[number % shipped.len()].clone();
            rule.raise.at *= 1.0 + number as f64 / 1000.0;
            // Three windows are in use, so that not all ask the same.
            rule.eval.window.0 *= 1 + (number / shipped.len() % 3) as i64;
            rule
        })
        .collect();
    for round in ["first", "second"] {
        let (start, cpu) = (Instant::now(), cpu_s());
        let mut answers = HashMap::new();
        let mut n_readings = 0;
        for rule in &rules {
            let sql = evaluate::tick_sql(&queries, rule, END_US).expect("it binds");
            if !answers.contains_key(&sql) {
                let answer = engine.run(&sql, Limits::PANEL).await.expect("it answers");
                answers.insert(sql.clone(), answer);
            }
            n_readings += evaluate::readings_of(rule, &answers[&sql])
                .expect("it reads")
                .len();
        }
        println!(
            "a tick of {RULES} rules over {} fresh rows, {round} time: {:.2} s, {:.2} CPU-s, {} questions, {n_readings} readings",
            store.view(Table::Logs).n_rows(),
            start.elapsed().as_secs_f64(),
            cpu_s() - cpu,
            answers.len()
        );
    }
}

fn to_batch(text: String, geo: &Arc<GeoIp>, origin: &Origin) -> arrow::array::RecordBatch {
    let mut spans = Vec::new();
    Newline::default()
        .cut(text.as_bytes(), true, &mut spans)
        .expect("newlines always cut");
    let chunk = Chunk {
        bytes: text.into(),
        spans,
        offset: Some(0),
        observed_us: END_US,
    };
    let mut builder = BatchBuilder::new(Enrichment::new(geo));
    builder.push_chunk(&chunk, origin);
    builder.finish()
}

/// User and system time of the process so far (proc(5), `stat`, fields 14 and 15, in hundredths).
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .filter_map(|field| field.parse().ok())
        .collect();
    // The state before them is a letter.
    (fields.get(10).unwrap_or(&0.0) + fields.get(11).unwrap_or(&0.0)) / 100.0
}
