//! The questions of dashboards over a made-up day in Parquet.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::generate::{Generator, STREAMS};
use logatlas::import::{ImportRequest, Watch, run};
use logatlas::query::{Engine, Limits};
use logatlas::store::Store;

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;
const N_LINES: u64 = 2_000_000;

const QUESTIONS: &[(&str, &str)] = &[
    (
        "Q1 errors by country",
        "SELECT country, count(*) AS n FROM logs WHERE status >= 500 GROUP BY country ORDER BY n DESC, country",
    ),
    (
        "Q2 errors by city, top 50",
        "SELECT country, city, count(*) AS n FROM logs WHERE status >= 500 GROUP BY country, city ORDER BY n DESC, country, city LIMIT 50",
    ),
    (
        "Q3 errors by hour",
        "SELECT date_trunc('hour', ts) AS h, count(*) AS n FROM logs WHERE status >= 500 GROUP BY h ORDER BY h",
    ),
    (
        "Q4 rate by country and hour",
        "SELECT country, date_trunc('hour', ts) AS h, count(*) AS n, sum(CASE WHEN status >= 500 THEN 1 ELSE 0 END) * 1.0 / count(*) AS r FROM logs WHERE status IS NOT NULL GROUP BY country, h ORDER BY country, h",
    ),
    (
        "Q5 top 20 paths by errors",
        "SELECT path, count(*) AS n FROM logs WHERE status >= 500 GROUP BY path ORDER BY n DESC, path LIMIT 20",
    ),
    (
        "Q6 distinct addresses by hour",
        "SELECT date_trunc('hour', ts) AS h, count(DISTINCT client_ip) AS n FROM logs GROUP BY h ORDER BY h",
    ),
    (
        "Q7 substring of user agent",
        "SELECT count(*) FROM logs WHERE user_agent LIKE '%CPU iPhone OS 17_%'",
    ),
];

fn questions(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let path = folder.path().join("access.log");
    let mut text = String::new();
    let generator = Generator::new(END_US, 1, N_LINES);
    generator.lines(END_US - 86_400_000_000, END_US, &mut |stream, _, line| {
        if STREAMS[stream].file.ends_with("access.log") {
            text.push_str(line);
            text.push('\n');
        }
    });
    std::fs::write(&path, text).expect("room for the lines");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let engine = runtime.block_on(async {
        let paths = logatlas::geo::unpack(&logatlas::config::cache_dir())
            .expect("the embedded data unpack");
        let geo = Arc::new(GeoIp::open(&[], Some(&paths)).0);
        let store = Store::open(&folder.path().join("data"), CrashPoint::default())
            .await
            .expect("an empty folder opens");
        let request = ImportRequest {
            paths: vec![path],
            ..ImportRequest::default()
        };
        run(&store, &geo, request, &Watch::default())
            .await
            .expect("the import runs");
        Engine::new(store, &geo, 2048).expect("the engine starts")
    });
    let mut group = criterion.benchmark_group("query");
    group.sample_size(20);
    for (name, sql) in QUESTIONS {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                black_box(
                    runtime
                        .block_on(engine.run(sql, Limits::CONSOLE))
                        .expect("the question is sound"),
                )
            });
        });
    }
    group.finish();
}

criterion_group!(benches, questions);
criterion_main!(benches);
