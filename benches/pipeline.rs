//! Lines to rows: parse, place and batch; and the whole of an import.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use logatlas::batch::{BatchBuilder, Enrichment, Origin};
use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::framing::Framer;
use logatlas::framing::newline::Newline;
use logatlas::generate::Generator;
use logatlas::import::{ImportRequest, Watch, run};
use logatlas::source::Chunk;
use logatlas::store::Store;

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;
const N_LINES: u64 = 500_000;

/// The access logs of a made-up day as one text.
fn text() -> String {
    let mut text = String::new();
    let generator = Generator::new(END_US, 1, N_LINES);
    generator.lines(END_US - 86_400_000_000, END_US, &mut |stream, _, line| {
        if stream < 2 {
            text.push_str(line);
            text.push('\n');
        }
    });
    text
}

fn geo() -> Arc<GeoIp> {
    let paths =
        logatlas::geo::unpack(&logatlas::config::cache_dir()).expect("the embedded data unpack");
    Arc::new(GeoIp::open(&[], Some(&paths)).0)
}

fn origin() -> Origin {
    Origin {
        source: "bench".into(),
        path: None,
        host: None,
        zone: chrono_tz::Tz::UTC,
        not_after_us: i64::MAX,
        format: None,
        keep_raw: false,
    }
}

fn batch(criterion: &mut Criterion) {
    let text = text();
    let geo = geo();
    let mut group = criterion.benchmark_group("parse+geo+batch");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(text.len() as u64));
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
    group.bench_function("access", |bencher| {
        bencher.iter(|| {
            let mut builder = BatchBuilder::new(Enrichment::new(&geo));
            builder.push_chunk(&chunk, &origin());
            black_box(builder.finish())
        });
    });
    group.finish();
}

fn import(criterion: &mut Criterion) {
    let text = text();
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let path = folder.path().join("access.log");
    std::fs::write(&path, &text).expect("room for the lines");
    let geo = geo();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("import");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("access", |bencher| {
        bencher.iter(|| {
            let data = tempfile::tempdir().expect("a folder for the data");
            runtime.block_on(async {
                let store = Store::open(data.path(), CrashPoint::default())
                    .await
                    .expect("an empty folder opens");
                let request = ImportRequest {
                    paths: vec![path.clone()],
                    ..ImportRequest::default()
                };
                black_box(
                    run(&store, &geo, request, &Watch::default())
                        .await
                        .expect("the import runs"),
                );
            });
        });
    });
    group.finish();
}

criterion_group!(benches, batch, import);
criterion_main!(benches);
