//! The topology on one page.
//!
//! ```text
//! file tails --+
//! stdin -------+--> deliveries --> parse + batch + enrich --> batches --> journal commit --> acks
//! syslog ------+     (bounded)       (one thread)            (bounded)     (group commit)
//! HTTP --------+
//!                                         every 15 s or 64 MiB: flush to Delta
//!                                         every 5 min: compaction, retention
//! ```
//! Data walks one way. A full channel makes the stage before it wait, back to the source.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use tokio::sync::mpsc;

use crate::batch::{BatchBuilder, Enrichment, Tally};
use crate::enrich::geoip::GeoIp;
use crate::schema::{self, Table};
use crate::source::{Ack, Delivery, DeliverySender, NotStored, Shutdown};
use crate::state::StateError;
use crate::store::{Append, FLUSH_BYTES_MAX, FLUSH_INTERVAL, Position, Store, StoreError};

/// Deliveries waiting to be parsed; each holds at most a few MiB.
const DELIVERIES_MAX: usize = 8;
/// A batch is closed at this many rows ...
const BATCH_ROWS_MAX: usize = 64 * 1024;
/// ... or this much log text ...
const BATCH_BYTES_MAX: usize = 16 << 20;
/// ... or this long after its first line; what a sender waits besides the fsync.
const BATCH_AGE_MAX: Duration = Duration::from_millis(10);
/// How often a full disk is tried again.
const FULL_RETRY: Duration = Duration::from_secs(1);
/// How often small files are looked for.
const COMPACT_INTERVAL: Duration = Duration::from_secs(300);

/// Counters of the pipeline since start.
#[derive(Debug, Default)]
pub struct Progress {
    /// Lines handed over and not durable yet.
    pub in_flight: AtomicU64,
    /// The same by source.
    in_flight_of: std::sync::Mutex<BTreeMap<Arc<str>, u64>>,
    /// Time from arrival to durable of the last batch, microseconds.
    pub last_delay_us: AtomicI64,
    /// When the last batch became durable, microseconds since the epoch.
    pub last_stored_us: AtomicI64,
    /// Why the last flush failed; empty when it did not.
    flush_error: std::sync::Mutex<String>,
    /// Event times of what became durable and nobody has asked for yet: the oldest and newest of each batch.
    arrived: std::sync::Mutex<Vec<(i64, i64)>>,
}

/// Batches that are told apart by their event times; more count as one.
const ARRIVED_MAX: usize = 4096;

impl Progress {
    /// Why the last flush failed, if it did.
    pub fn flush_error(&self) -> Option<String> {
        let error = self.flush_error.lock().unwrap_or_else(|p| p.into_inner());
        (!error.is_empty()).then(|| error.clone())
    }

    /// Lines handed over and not durable yet, by source; sources without any are left out.
    pub fn in_flight_of(&self) -> BTreeMap<Arc<str>, u64> {
        let sources = self.in_flight_of.lock().unwrap_or_else(|p| p.into_inner());
        sources.clone()
    }

    fn hand_over(&self, source: &Arc<str>, n_lines: u64) {
        self.in_flight.fetch_add(n_lines, Ordering::Relaxed);
        let mut sources = self.in_flight_of.lock().unwrap_or_else(|p| p.into_inner());
        *sources.entry(Arc::clone(source)).or_default() += n_lines;
    }

    fn settle(&self, tallies: &[(String, Tally)]) {
        let mut sources = self.in_flight_of.lock().unwrap_or_else(|p| p.into_inner());
        for (source, tally) in tallies {
            self.in_flight.fetch_sub(tally.received, Ordering::Relaxed);
            if let Some(n_lines) = sources.get_mut(source.as_str()) {
                *n_lines = n_lines.saturating_sub(tally.received);
            }
        }
        sources.retain(|_, n_lines| *n_lines > 0);
    }

    /// Event times of the batches that became durable since the last call: the oldest and newest of each.
    pub fn take_arrived(&self) -> Vec<(i64, i64)> {
        std::mem::take(&mut *self.arrived.lock().unwrap_or_else(|p| p.into_inner()))
    }

    /// Notes rows of any time, stored past the pipeline.
    pub fn note_import(&self) {
        let mut arrived = self.arrived.lock().unwrap_or_else(|p| p.into_inner());
        arrived.push((i64::MIN, i64::MAX));
    }

    fn note_arrived(&self, batch: &RecordBatch) {
        let times = batch.column_by_name(schema::TS);
        let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
        let span =
            times.and_then(|times| arrow::compute::min(times).zip(arrow::compute::max(times)));
        let mut arrived = self.arrived.lock().unwrap_or_else(|p| p.into_inner());
        let (Some((oldest, newest)), is_full) = (span, arrived.len() >= ARRIVED_MAX) else {
            return;
        };
        match arrived.last_mut().filter(|_| is_full) {
            Some(last) => *last = (last.0.min(oldest), last.1.max(newest)),
            None => arrived.push((oldest, newest)),
        }
    }

    fn set_flush_error(&self, error: String) {
        *self.flush_error.lock().unwrap_or_else(|p| p.into_inner()) = error;
    }
}

/// The running stages.
pub struct Pipeline {
    /// Where sources put their deliveries.
    pub sender: DeliverySender,
    pub progress: Arc<Progress>,
    stages: Vec<tokio::task::JoinHandle<()>>,
    store: Store,
}

/// Rows ready for the journal, with everyone who waits for them.
struct Batch {
    append: Append,
    acks: Vec<(Ack, Tally)>,
    first_observed_us: i64,
}

/// Starts all stages. They run until every sender is dropped and `shutdown` is cancelled.
pub fn start(
    store: Store,
    geo: &Arc<GeoIp>,
    retention: Option<Duration>,
    shutdown: &Shutdown,
) -> Pipeline {
    let (sender, deliveries) = mpsc::channel(DELIVERIES_MAX);
    let (batches_tx, batches) = mpsc::channel(2);
    let progress = Arc::new(Progress::default());
    let builder = BatchBuilder::new(Enrichment::new(geo));
    let parse = tokio::task::spawn_blocking({
        let progress = Arc::clone(&progress);
        move || parse_loop(deliveries, builder, &batches_tx, &progress)
    });
    let commit = tokio::spawn(commit_loop(
        batches,
        store.clone(),
        Arc::clone(&progress),
        shutdown.clone(),
    ));
    let flush = tokio::spawn(flush_loop(
        store.clone(),
        Arc::clone(&progress),
        shutdown.clone(),
    ));
    let tidy = tokio::spawn(tidy_loop(store.clone(), retention, shutdown.clone()));
    Pipeline {
        sender,
        progress,
        stages: vec![parse, commit, flush, tidy],
        store,
    }
}

impl Pipeline {
    /// Waits until all that was delivered is durable and written out. Call after the sources have stopped.
    pub async fn finish(self) -> Result<(), StoreError> {
        drop(self.sender);
        for stage in self.stages {
            if let Err(error) = stage.await {
                tracing::error!(%error, "a stage of the pipeline ended badly");
            }
        }
        self.store.flush().await
    }
}

fn parse_loop(
    mut deliveries: mpsc::Receiver<Delivery>,
    mut builder: BatchBuilder,
    out: &mpsc::Sender<Batch>,
    progress: &Progress,
) {
    while let Some(first) = deliveries.blocking_recv() {
        builder.refresh();
        let opened = Instant::now();
        let mut batch = Gathering::default();
        batch.add(first, &mut builder, progress);
        while builder.n_rows() < BATCH_ROWS_MAX
            && builder.n_bytes() < BATCH_BYTES_MAX
            && opened.elapsed() < BATCH_AGE_MAX
        {
            match deliveries.try_recv() {
                Ok(next) => batch.add(next, &mut builder, progress),
                // Nobody else is waiting: there is nothing to gain from holding these back.
                Err(_) => break,
            }
        }
        if out.blocking_send(batch.close(&mut builder)).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Gathering {
    positions: BTreeMap<String, Position>,
    tallies: BTreeMap<String, Tally>,
    idempotency: Vec<(String, String, String)>,
    acks: Vec<(Ack, Tally)>,
    first_observed_us: Option<i64>,
}

impl Gathering {
    fn add(&mut self, delivery: Delivery, builder: &mut BatchBuilder, progress: &Progress) {
        let tally = builder.push_chunk(&delivery.chunk, &delivery.origin);
        progress.hand_over(&delivery.origin.source, tally.received);
        *self
            .tallies
            .entry(delivery.origin.source.to_string())
            .or_default() += tally;
        if let Some(position) = delivery.position {
            self.positions.insert(position.identity.clone(), position);
        }
        if let Some((key, body)) = delivery.idempotency {
            let answer = serde_json::to_string(&tally).expect("plain numbers turn into JSON");
            self.idempotency.push((key, body, answer));
        }
        if let Some(ack) = delivery.ack {
            self.acks.push((ack, tally));
        }
        self.first_observed_us
            .get_or_insert(delivery.chunk.observed_us);
    }

    fn close(self, builder: &mut BatchBuilder) -> Batch {
        Batch {
            append: Append {
                table: Table::Logs,
                batch: builder.finish(),
                positions: self.positions.into_values().collect(),
                tallies: self.tallies.into_iter().collect(),
                idempotency: self.idempotency,
            },
            acks: self.acks,
            first_observed_us: self.first_observed_us.unwrap_or_default(),
        }
    }
}

async fn commit_loop(
    mut batches: mpsc::Receiver<Batch>,
    store: Store,
    progress: Arc<Progress>,
    shutdown: Shutdown,
) {
    while let Some(batch) = batches.recv().await {
        let stored = append_until_there_is_room(&store, &batch.append, &shutdown).await;
        progress.settle(&batch.append.tallies);
        match stored {
            Ok(()) => {
                let now = crate::time::now_us();
                progress
                    .last_delay_us
                    .store(now - batch.first_observed_us, Ordering::Relaxed);
                progress.last_stored_us.store(now, Ordering::Relaxed);
                progress.note_arrived(&batch.append.batch);
                for (ack, tally) in batch.acks {
                    // A caller that left has its rows stored all the same.
                    drop(ack.send(Ok(tally)));
                }
            }
            Err(error) => {
                tracing::error!(%error, "rows could not be stored, stopping");
                let why: Arc<str> = error.to_string().into();
                for (ack, _) in batch.acks {
                    drop(ack.send(Err(NotStored(Arc::clone(&why)))));
                }
                // Positions of these rows are not durable, so a restart reads them again.
                shutdown.cancel();
                return;
            }
        }
    }
}

async fn append_until_there_is_room(
    store: &Store,
    append: &Append,
    shutdown: &Shutdown,
) -> Result<(), StoreError> {
    loop {
        match store.append(append).await {
            Err(StoreError::State(StateError::Full)) if !shutdown.is_cancelled() => {
                tracing::warn!("the disk is full, waiting for room");
                tokio::time::sleep(FULL_RETRY).await;
            }
            done => return done,
        }
    }
}

async fn flush_loop(store: Store, progress: Arc<Progress>, shutdown: Shutdown) {
    let mut last = Instant::now();
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
            () = shutdown.cancelled() => return,
        }
        if last.elapsed() < FLUSH_INTERVAL && store.fresh_bytes() < FLUSH_BYTES_MAX {
            continue;
        }
        last = Instant::now();
        match store.flush().await {
            Ok(()) => progress.set_flush_error(String::new()),
            Err(error) => {
                tracing::error!(%error, cause = error_chain(&error), "flush failed, the journal keeps the rows");
                progress.set_flush_error(format!("{error}: {}", error_chain(&error)));
            }
        }
    }
}

/// The causes of an error, joined.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

async fn tidy_loop(store: Store, retention: Option<Duration>, shutdown: Shutdown) {
    loop {
        // First: what was imported while no server ran has no rollups yet.
        tokio::select! {
            rolled_up = store.roll_up() => match rolled_up {
                Ok(0) => {}
                Ok(n_files) => tracing::info!(n_files, "counted files by place and time"),
                Err(error) => tracing::warn!(%error, cause = error_chain(&error), "rollups failed, questions read the rows"),
            },
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(COMPACT_INTERVAL) => {}
            () = shutdown.cancelled() => return,
        }
        match store.compact().await {
            Ok(0) => {}
            Ok(n_files) => tracing::info!(n_files, "compacted small files"),
            Err(error) => tracing::warn!(%error, "compaction failed, files stay as they are"),
        }
        let Some(retention) = retention else { continue };
        let keep_us = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
        let before = crate::time::now_us().saturating_sub(keep_us);
        for table in [Table::Logs, Table::HostMetrics] {
            match store.retain(table, before).await {
                Ok(0) => {}
                Ok(n_rows) => {
                    tracing::info!(table = table.name(), n_rows, "removed rows past retention")
                }
                Err(error) => tracing::warn!(%error, "retention failed, rows stay"),
            }
        }
    }
}
