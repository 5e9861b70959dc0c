//! Bulk import: whole files, as fast as they can be read, each line exactly once.
//!
//! One thread reads and parses, another encodes. Rows become visible, with the position they go up to, at
//! every commit; an import that is stopped goes on where its last commit ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::batch::{BatchBuilder, Enrichment, Origin, Tally};
use crate::config::{self, Zone};
use crate::enrich::geoip::GeoIp;
use crate::source::file::FileReader;
use crate::store::{BulkImport, Position, Store};

/// A batch is handed to the encoder at this many rows: small enough that the few batches under way stay in
/// the processor's caches and out of the peak of memory.
const BATCH_ROWS: usize = 8 * 1024;
/// Rows between commits: what a crash makes to be read again.
const COMMIT_ROWS: u64 = 8_000_000;
const US_PER_DAY: i64 = 86_400_000_000;

/// What to import.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ImportRequest {
    /// Files of the server's machine.
    #[schema(value_type = Vec<String>)]
    pub paths: Vec<PathBuf>,
    /// Name of the source; each file's own name when absent.
    pub source: Option<String>,
    pub format: Option<String>,
    /// IANA name of the zone of times that name none.
    #[schema(value_type = Option<String>)]
    pub zone: Option<Zone>,
    pub host: Option<String>,
    #[serde(default)]
    pub keep_raw: bool,
    /// Read files again that were read before.
    #[serde(default)]
    pub again: bool,
}

/// What became of one file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileReport {
    pub path: String,
    pub received: u64,
    pub stored: u64,
    pub unparsed: u64,
    pub blank: u64,
    /// Bytes read before this import.
    pub resumed_at: u64,
    pub error: Option<String>,
}

/// What an import did.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportReport)]
pub struct Report {
    pub files: Vec<FileReport>,
    pub n_bytes: u64,
    pub elapsed_ms: u64,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

impl Report {
    /// Sums over the files.
    pub fn tally(&self) -> Tally {
        self.files.iter().fold(Tally::default(), |mut sum, file| {
            sum += Tally {
                received: file.received,
                stored: file.stored,
                unparsed: file.unparsed,
                blank: file.blank,
            };
            sum
        })
    }
}

/// Lets somebody look on and say stop.
#[derive(Clone, Default)]
pub struct Watch {
    /// Bytes read so far.
    pub n_bytes: Arc<AtomicU64>,
    /// Rows read so far.
    pub n_rows: Arc<AtomicU64>,
    pub stop: CancellationToken,
}

enum Step {
    Rows {
        batch: RecordBatch,
        position: Position,
        source: String,
        tally: Tally,
    },
    FileDone(FileReport),
}

/// Imports the files in their order.
pub async fn run(
    store: &Store,
    geo: &Arc<GeoIp>,
    request: ImportRequest,
    watch: &Watch,
) -> anyhow::Result<Report> {
    let start = Instant::now();
    let (steps_tx, mut steps) = mpsc::channel(2);
    let reader = tokio::task::spawn_blocking({
        let (store, geo, watch) = (store.clone(), Arc::clone(geo), watch.clone());
        move || read_files(&store, &geo, &request, &watch, &steps_tx)
    });
    let mut report = Report::default();
    let mut commit = Commit::begin(store).await?;
    while let Some(step) = steps.recv().await {
        match step {
            Step::Rows {
                batch,
                position,
                source,
                tally,
            } => {
                commit.add(batch, position, source, tally).await?;
                if commit.n_rows >= COMMIT_ROWS {
                    commit.finish().await?;
                    commit = Commit::begin(store).await?;
                }
            }
            Step::FileDone(file) => report.files.push(file),
        }
    }
    commit.finish().await?;
    reader.await??;
    report.n_bytes = watch.n_bytes.load(Ordering::Relaxed);
    report.stopped = watch.stop.is_cancelled();
    report.elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// Rows, positions and account of one commit.
struct Commit {
    rows: BulkImport,
    n_rows: u64,
    positions: BTreeMap<String, Position>,
    tallies: BTreeMap<String, Tally>,
}

impl Commit {
    async fn begin(store: &Store) -> anyhow::Result<Self> {
        Ok(Self {
            rows: store.begin_import().await?,
            n_rows: 0,
            positions: BTreeMap::new(),
            tallies: BTreeMap::new(),
        })
    }

    async fn add(
        &mut self,
        batch: RecordBatch,
        position: Position,
        source: String,
        tally: Tally,
    ) -> anyhow::Result<()> {
        self.n_rows += batch.num_rows() as u64;
        if batch.num_rows() > 0 {
            self.rows.write(batch).await?;
        }
        self.positions.insert(position.identity.clone(), position);
        *self.tallies.entry(source).or_default() += tally;
        Ok(())
    }

    async fn finish(self) -> anyhow::Result<()> {
        if self.positions.is_empty() {
            return Ok(());
        }
        let positions = self.positions.into_values().collect();
        let tallies = self.tallies.into_iter().collect();
        self.rows.commit(positions, tallies).await?;
        Ok(())
    }
}

fn read_files(
    store: &Store,
    geo: &Arc<GeoIp>,
    request: &ImportRequest,
    watch: &Watch,
    out: &mpsc::Sender<Step>,
) -> anyhow::Result<()> {
    let mut builder = BatchBuilder::new(Enrichment::new(geo));
    for path in &request.paths {
        if watch.stop.is_cancelled() {
            break;
        }
        let mut report = FileReport {
            path: path.display().to_string(),
            received: 0,
            stored: 0,
            unparsed: 0,
            blank: 0,
            resumed_at: 0,
            error: None,
        };
        if let Err(error) = read_file(store, &mut builder, path, request, watch, out, &mut report) {
            report.error = Some(error.to_string());
        }
        out.blocking_send(Step::FileDone(report))?;
    }
    Ok(())
}

fn read_file(
    store: &Store,
    builder: &mut BatchBuilder,
    path: &Path,
    request: &ImportRequest,
    watch: &Watch,
    out: &mpsc::Sender<Step>,
    report: &mut FileReport,
) -> anyhow::Result<()> {
    let path = &std::fs::canonicalize(path)?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let source = request
        .source
        .clone()
        .or(name)
        .unwrap_or_else(|| "import".into());
    let known = |identity: &str| match request.again {
        true => None,
        false => store.position(identity).ok().flatten(),
    };
    let mut reader = FileReader::open(path, &source, known)?;
    report.resumed_at = reader.position().offset;
    let format = request.format.as_deref().and_then(crate::format::by_name);
    let origin = Origin {
        source: source.as_str().into(),
        path: Some(path.display().to_string().into()),
        host: request.host.as_deref().map(Into::into),
        zone: request
            .zone
            .map_or_else(config::machine_zone, |zone| zone.0),
        not_after_us: reader.mtime_us().saturating_add(US_PER_DAY),
        format,
        keep_raw: request.keep_raw,
    };
    builder.refresh();
    let mut tally = Tally::default();
    loop {
        let chunk = match watch.stop.is_cancelled() {
            true => None,
            false => reader.next_block(true)?,
        };
        let is_end = chunk.is_none();
        if let Some(chunk) = chunk {
            watch
                .n_bytes
                .fetch_add(chunk.bytes.len() as u64, Ordering::Relaxed);
            let of_chunk = builder.push_chunk(&chunk, &origin);
            watch.n_rows.fetch_add(of_chunk.stored, Ordering::Relaxed);
            tally += of_chunk;
        }
        if builder.n_rows() >= BATCH_ROWS || (is_end && tally != Tally::default()) {
            report.received += tally.received;
            report.stored += tally.stored;
            report.unparsed += tally.unparsed;
            report.blank += tally.blank;
            out.blocking_send(Step::Rows {
                batch: builder.finish(),
                position: reader.position().clone(),
                source: source.clone(),
                tally,
            })?;
            builder.refresh();
            tally = Tally::default();
        }
        if is_end {
            return Ok(());
        }
    }
}
