//! The store stopped after each of its operations in turn, and looked at while it flushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::host_metrics::{self, HostSample};
use logatlas::query::{Answer, Engine, Limits};
use logatlas::schema::Table;
use logatlas::store::Store;

/// More operations than a round of appends and flushes makes.
const OPERATIONS_MAX: i64 = 400;

fn samples(from: i64, n: i64) -> Vec<HostSample> {
    let sample = |i| HostSample {
        ts_us: logatlas::time::now_us(),
        host: format!("host-{i}"),
        cpu_pct: 1.0,
        load1: 1.0,
        mem_used_pct: 1.0,
        swap_used_pct: 0.0,
        disk_used_pct: 1.0,
        net_rx_bytes: i,
        net_tx_bytes: 0,
    };
    (from..from + n).map(sample).collect()
}

fn engine(store: &Store) -> Engine {
    let (geo, _) = GeoIp::open(&[], None);
    Engine::new(store.clone(), &Arc::new(geo), 256).unwrap()
}

async fn count(engine: &Engine, sql: &str) -> i64 {
    let answer: Answer = engine.run(sql, Limits::CONSOLE).await.unwrap();
    let column = answer.batches[0].column(0);
    arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(column).value(0)
}

/// Appends and flushes until the crash point stops it; returns how many rows were acknowledged.
async fn work_until_the_crash(dir: &std::path::Path, crash: CrashPoint) -> (i64, bool) {
    let Ok(store) = Store::open(dir, crash).await else {
        return (0, true);
    };
    let mut acknowledged = 0;
    for _ in 0..3 {
        if host_metrics::store(&store, &samples(acknowledged, 10))
            .await
            .is_err()
        {
            return (acknowledged, true);
        }
        acknowledged += 10;
        if store.flush().await.is_err() {
            return (acknowledged, true);
        }
    }
    (acknowledged, false)
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::print_stdout,
    reason = "how many points were tried is the finding"
)]
async fn rows_are_there_once_whichever_operation_was_the_last() {
    for point in 0..OPERATIONS_MAX {
        let dir = tempfile::tempdir().unwrap();
        let (acknowledged, was_stopped) =
            work_until_the_crash(dir.path(), CrashPoint::after(point)).await;
        let store = Store::open(dir.path(), CrashPoint::default())
            .await
            .unwrap();
        let engine = engine(&store);
        for stage in ["after recovery", "after the next flush"] {
            let n = count(&engine, "SELECT count(*) FROM host_metrics").await;
            let distinct = count(&engine, "SELECT count(DISTINCT host) FROM host_metrics").await;
            assert_eq!(
                (n, distinct),
                (acknowledged, acknowledged),
                "stopped after operation {point}, {stage}"
            );
            store.flush().await.unwrap();
        }
        if !was_stopped {
            println!("{point} crash points");
            assert!(point > 10);
            return;
        }
    }
    panic!("the work makes more than {OPERATIONS_MAX} operations");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_in_the_results_once_at_every_instant_of_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), CrashPoint::default())
        .await
        .unwrap();
    let engine = engine(&store);
    let is_done = Arc::new(AtomicBool::new(false));
    let flusher = {
        let (store, is_done) = (store.clone(), Arc::clone(&is_done));
        tokio::spawn(async move {
            for round in 0..20 {
                host_metrics::store(&store, &samples(round * 100, 100))
                    .await
                    .unwrap();
                store.flush().await.unwrap();
            }
            is_done.store(true, Ordering::Release);
        })
    };
    let (mut last, mut n_looks) = (0, 0);
    while !is_done.load(Ordering::Acquire) {
        let both = "SELECT count(*) - count(DISTINCT host) FROM host_metrics";
        assert_eq!(count(&engine, both).await, 0, "a row is there twice");
        let n = count(&engine, "SELECT count(*) FROM host_metrics").await;
        assert!(n >= last && n % 100 == 0, "{n} rows after {last}");
        last = n;
        n_looks += 1;
    }
    flusher.await.unwrap();
    assert!(n_looks > 5);
    assert_eq!(
        count(&engine, "SELECT count(*) FROM host_metrics").await,
        2000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_every_row_and_retention_takes_only_old_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), CrashPoint::default())
        .await
        .unwrap();
    let engine = engine(&store);
    for round in 0..12 {
        host_metrics::store(&store, &samples(round * 10, 10))
            .await
            .unwrap();
        store.flush().await.unwrap();
    }
    let n_files = || store.view(Table::HostMetrics).files.len();
    let rows =
        "SELECT count(DISTINCT host) + 1000 * (count(*) - count(DISTINCT host)) FROM host_metrics";
    let before = n_files();
    assert!(before >= 12);
    assert!(store.compact().await.unwrap() >= 12);
    assert!(n_files() < before);
    assert_eq!(count(&engine, rows).await, 120);
    let now = logatlas::time::now_us();
    assert_eq!(
        store
            .retain(Table::HostMetrics, now - 3_600_000_000)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        store.retain(Table::HostMetrics, now + 1).await.unwrap(),
        120
    );
    assert_eq!(store.view(Table::HostMetrics).n_rows(), 0);
}
