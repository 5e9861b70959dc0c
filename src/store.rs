//! The store: a journal in SQLite, fresh rows in memory, Delta tables on disk.
//!
//! ```text
//! DATA/
//!   lock               held by the one process that owns the folder
//!   state.sqlite       journal, positions, ledger, rule states, outbox, users
//!   logs/              Delta table, partitioned by day; _delta_log/ inside
//!   host_metrics/      the same
//!   rollups/           the same; counts by place and time, a file for a large file of logs/ or four weeks
//!   queries/           the user's own saved queries and rules
//!   tmp/               spill files of queries, emptied at start
//! ```
//! **append** puts a batch, its source's position and its account into one SQLite transaction. When the
//! commit returns, the rows survive a power cut and are visible in SQL; only then is the source told.
//! **flush** writes every fresh row as Parquet, syncs files and folders, commits Delta with the
//! application transaction `(writer id, last batch id)`, then swaps the view (Delta files in, fresh rows
//! out) in one step, then trims the journal. A reader takes the view once, so it sees each row exactly
//! once whatever the flush is doing.
//! **recovery** reads Delta's transaction version and replays only younger journal batches. A crash
//! between Delta's commit and the trim therefore doubles nothing, one before it loses nothing.
//! **bulk import** skips the journal for rows: one SQLite transaction records the intent, Parquet and
//! Delta follow under their own application id, a last transaction marks it done.

mod compaction;
mod delta;
mod fresh;
mod import;
mod journal;
pub mod lock;
mod parquet_file;
mod retention;
mod rollup;

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use arrow::record_batch::RecordBatch;

pub use delta::DataFile;
pub use fresh::FreshRows;
pub use import::{BulkImport, ImportReport};
pub use journal::{Account, Append, Position, SourceAccount};
pub use rollup::{DAY_S, FOUR_WEEKS_S, GRAINS_S, four_weeks, level_of_place};

use crate::disk::{self, CrashPoint};
use crate::schema::Table;
use crate::state::{State, StateError};
use delta::TableLog;

/// Rows in memory are written out at the latest after this long.
pub const FLUSH_INTERVAL: Duration = Duration::from_secs(15);
/// Or when this much of them is in memory; bounds memory and the time of a recovery.
pub const FLUSH_BYTES_MAX: usize = 64 << 20;
/// Appends wait above this, so that a disk that cannot be written slows the sources down instead of
/// filling the memory.
const FRESH_BYTES_MAX: usize = 4 * FLUSH_BYTES_MAX;

/// Answers the question *is what was acknowledged still safe?*: after any of these it is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("table {table}")]
    Delta {
        table: &'static str,
        source: Box<deltalake::DeltaTableError>,
    },
    #[error("table {table}: cannot make a parquet file")]
    Parquet {
        table: &'static str,
        source: parquet::errors::ParquetError,
    },
    #[error("table {table}: cannot write {path}")]
    Write {
        table: &'static str,
        path: String,
        source: object_store::Error,
    },
    #[error("table {table}: cannot read {path}")]
    Read {
        table: &'static str,
        path: String,
        source: object_store::Error,
    },
    #[error("columns")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("cannot use data folder {}", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("data folder {} is in use by another logatlas", .0.display())]
    Locked(PathBuf),
}

/// What one reader sees: files and fresh rows that together hold each row once.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Files of the table, from its last known commit.
    pub files: Arc<Vec<DataFile>>,
    /// Rows that no file holds yet.
    pub fresh: FreshRows,
}

impl View {
    /// Rows in files and memory.
    pub fn n_rows(&self) -> u64 {
        self.files.iter().map(|file| file.n_rows).sum::<u64>() + self.fresh.n_rows() as u64
    }

    /// First and last event time of all rows, microseconds; none without rows.
    pub fn ts_range(&self) -> Option<(i64, i64)> {
        let files = self.files.iter().map(|file| file.ts);
        files
            .chain(self.fresh.ts_range())
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The time up to which lines told theirs, microseconds; none without rows.
    ///
    /// A line without a time of its own has that of its arrival, and says nothing of when the others happened:
    /// files that hold nothing else do not count while they are less than a tenth of the rows.
    pub fn told_to(&self) -> Option<i64> {
        let is_told = |file: &&DataFile| file.ts != file.observed_ts;
        let told = self.files.iter().filter(is_told);
        let n_told = told.clone().map(|file| file.n_rows).sum::<u64>() + self.fresh.n_rows() as u64;
        if n_told * 10 <= self.n_rows() * 9 {
            return self.ts_range().map(|(_, last)| last);
        }
        let fresh = self.fresh.ts_range().map(|(_, last)| last);
        told.map(|file| file.ts.1).chain(fresh).max()
    }
}

/// The store of one data folder. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.inner.dir.display())
    }
}

struct Inner {
    state: State,
    dir: PathBuf,
    writer_id: String,
    slots: Vec<Slot>,
    /// Held by flush, compaction, import and retention: one change of files at a time.
    changing: tokio::sync::Mutex<()>,
    room: tokio::sync::Notify,
    _lock: lock::FolderLock,
}

/// One table: its log on disk and what readers see of it.
struct Slot {
    table: Table,
    log: tokio::sync::Mutex<TableLog>,
    view: RwLock<View>,
}

impl Slot {
    fn view(&self) -> View {
        self.view.read().unwrap_or_else(|p| p.into_inner()).clone()
    }

    fn change_view<R>(&self, change: impl FnOnce(&mut View) -> R) -> R {
        change(&mut self.view.write().unwrap_or_else(|p| p.into_inner()))
    }
}

/// The file that makes a folder a store.
const STATE_FILE: &str = "state.sqlite";

impl Store {
    /// Whether a folder holds a store.
    pub fn is_at(dir: &Path) -> bool {
        dir.join(STATE_FILE).exists()
    }

    /// Opens the data folder, taking its lock, and brings back what the journal holds.
    pub async fn open(dir: &Path, crash: CrashPoint) -> Result<Self, StoreError> {
        let folder = |source| StoreError::Folder {
            path: dir.to_owned(),
            source,
        };
        disk::create_private_dir(dir).map_err(folder)?;
        let dir = std::fs::canonicalize(dir).map_err(folder)?;
        let lock = lock::FolderLock::take(&dir)?;
        let state = State::open(&dir.join(STATE_FILE), crate::alerting::migrate)?;
        let writer_id = journal::writer_id(&state).await?;
        let mut slots = Vec::new();
        for table in Table::ALL {
            let log = TableLog::open(&dir, table, crash.clone()).await?;
            slots.push(Slot {
                table,
                view: RwLock::new(View {
                    files: Arc::new(log.files()?),
                    fresh: FreshRows::default(),
                }),
                log: tokio::sync::Mutex::new(log),
            });
        }
        let store = Self {
            inner: Arc::new(Inner {
                state,
                dir,
                writer_id,
                slots,
                changing: tokio::sync::Mutex::new(()),
                room: tokio::sync::Notify::new(),
                _lock: lock,
            }),
        };
        store.settle_imports().await?;
        store.recover().await?;
        Ok(store)
    }

    /// The SQLite file beside the tables.
    pub fn state(&self) -> &State {
        &self.inner.state
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// What a reader that starts now sees of the table.
    pub fn view(&self, table: Table) -> View {
        self.slot(table).view()
    }

    fn slot(&self, table: Table) -> &Slot {
        &self.inner.slots[table as usize]
    }

    /// Makes the rows durable together with their source's position and account. On return they are
    /// on disk and visible in SQL.
    pub async fn append(&self, append: &Append) -> Result<(), StoreError> {
        self.wait_for_room(append.table).await;
        let ipc = match append.batch.num_rows() {
            0 => None,
            _ => Some(journal::encode(&append.batch)?),
        };
        let (table, batch) = (append.table, append.batch.clone());
        let append = append.clone();
        let store = self.clone();
        self.inner
            .state
            .write_then(
                move |tx| journal::record(tx, &append, ipc.as_deref()),
                move |batch_id| {
                    if let Some(batch_id) = *batch_id {
                        store
                            .slot(table)
                            .change_view(|view| view.fresh.push(batch_id, &batch));
                    }
                },
            )
            .await?;
        Ok(())
    }

    async fn wait_for_room(&self, table: Table) {
        loop {
            let room = self.inner.room.notified();
            if self.view(table).fresh.n_bytes() < FRESH_BYTES_MAX {
                return;
            }
            room.await;
        }
    }

    /// Bytes of rows that only memory and journal hold.
    pub fn fresh_bytes(&self) -> usize {
        let slots = self.inner.slots.iter();
        slots.map(|slot| slot.view().fresh.n_bytes()).sum()
    }

    /// Writes every fresh row of every table to Delta and trims the journal.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let _changing = self.inner.changing.lock().await;
        for slot in &self.inner.slots {
            self.flush_table(slot).await?;
        }
        self.inner.room.notify_waiters();
        Ok(())
    }

    async fn flush_table(&self, slot: &Slot) -> Result<(), StoreError> {
        let Some((batches, last_id)) = slot.change_view(|view| view.fresh.seal()) else {
            return Ok(());
        };
        let table = slot.table;
        let files = parquet_file::write_sorted(table, batches).await?;
        let mut log = slot.log.lock().await;
        let added = log.put_files(files).await?;
        log.commit(added, Vec::new(), Some((&self.inner.writer_id, last_id)))
            .await?;
        let files = Arc::new(log.files()?);
        slot.change_view(|view| {
            view.files = files;
            view.fresh.drop_through(last_id);
        });
        self.inner
            .state
            .write(move |tx| journal::trim(tx, table, last_id))
            .await?;
        Ok(())
    }

    /// Replays journal batches that Delta does not hold.
    async fn recover(&self) -> Result<(), StoreError> {
        for slot in &self.inner.slots {
            let held = slot.log.lock().await.txn(&self.inner.writer_id).await?;
            let table = slot.table;
            self.inner
                .state
                .write(move |tx| {
                    journal::raise_last_batch(tx, held)?;
                    journal::trim(tx, table, held)
                })
                .await?;
            let replayed = journal::replay(&self.inner.state, table)?;
            if !replayed.is_empty() {
                tracing::info!(
                    table = table.name(),
                    n_batches = replayed.len(),
                    "replayed the journal"
                );
            }
            slot.change_view(|view| {
                for (batch_id, batch) in replayed {
                    view.fresh.push(batch_id, &batch);
                }
            });
        }
        Ok(())
    }

    /// The account of every source.
    pub fn account(&self) -> Result<Account, StoreError> {
        Ok(self.inner.state.read(journal::account)?)
    }

    /// The hash of the body and the answer given under an idempotency key.
    pub fn remembered_answer(&self, key: &str) -> Result<Option<(String, String)>, StoreError> {
        Ok(self
            .inner
            .state
            .read(|c| journal::remembered_answer(c, key))?)
    }

    /// Where reading of a file stopped, if it was ever read.
    pub fn position(&self, identity: &str) -> Result<Option<Position>, StoreError> {
        Ok(self.inner.state.read(|c| journal::position(c, identity))?)
    }
}

/// Rows of several batches as one batch, sorted by `ts`.
fn sorted_by_ts(batches: &[RecordBatch]) -> Result<RecordBatch, arrow::error::ArrowError> {
    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMicrosecondType;
    let batch = arrow::compute::concat_batches(&batches[0].schema(), batches)?;
    let ts = batch
        .column_by_name(crate::schema::TS)
        .expect("every table has ts");
    if ts
        .as_primitive::<TimestampMicrosecondType>()
        .values()
        .is_sorted()
    {
        return Ok(batch);
    }
    let order = arrow::compute::sort_to_indices(ts, None, None)?;
    arrow::compute::take_record_batch(&batch, &order)
}
