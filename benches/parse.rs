//! Lines to records, by format: nothing but the parsers.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logatlas::format::{FORMATS, parse_line};
use logatlas::generate::{Generator, STREAMS};
use logatlas::record::Record;

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;

/// The lines of each log of an hour of the made-up day.
fn logs() -> Vec<Vec<String>> {
    let mut logs = vec![Vec::new(); STREAMS.len()];
    let generator = Generator::new(END_US, 1, 500_000);
    generator.lines(END_US - 3_600_000_000, END_US, &mut |stream, _, line| {
        logs[stream].push(line.to_owned())
    });
    logs
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (stream, lines) in STREAMS.iter().zip(logs()) {
        let n_bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        group.throughput(Throughput::Bytes(n_bytes as u64));
        group.bench_function(stream.file, |bencher| {
            bencher.iter(|| {
                for line in &lines {
                    let mut record = Record::default();
                    parse_line(line, &mut record).ok();
                    black_box(&record);
                }
            });
        });
    }
    group.finish();
}

fn reject(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reject");
    let prose = "The quick brown fox jumps over the lazy dog, twice, and then goes home to sleep.";
    for format in FORMATS {
        group.bench_function(format.name(), |bencher| {
            bencher.iter(|| {
                let mut record = Record::default();
                black_box(format.parse(black_box(prose), &mut record)).ok();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse, reject);
criterion_main!(benches);
