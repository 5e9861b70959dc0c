//! Asking: one engine runs the SQL of the web view, the command line, the rules and the exports.
//!
//! Every query gets its own context holding only the tables of this store, passes the [`guard`], and runs
//! under limits of time, memory, spill and size on a runtime of its own, so that no query can hold up
//! ingest.

pub mod bind;
pub mod functions;
mod guard;
pub mod output;
pub mod planner;
mod rollup;
pub mod saved;
mod state_tables;
mod table;
pub mod windows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, SchemaProvider,
};
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use tokio::sync::Semaphore;
use windows::Windows;

use crate::enrich::geoip::GeoIp;
use crate::store::Store;

/// Spill files may take this much of the data folder's disk.
const SPILL_BYTES_MAX: u64 = 4 << 30;
/// Queries at work at once; later ones wait.
const QUERIES_MAX: usize = 4;
/// Queries at work at once whose rows are read as they come, besides: a slow reader keeps nobody else waiting.
const STREAMS_MAX: usize = 4;
/// A reader that takes no rows for so long has left, though nobody said so.
const UNREAD_MAX: Duration = Duration::from_secs(600);
/// Deep plans recurse; the planner's guard needs room before it can say no.
const STACK_BYTES: usize = 16 << 20;

/// Why a query gave no rows.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The guard said no; nothing was run.
    #[error("{0}")]
    Refused(String),
    /// The text is no valid query over these tables.
    #[error("{0}")]
    Invalid(String),
    #[error("the query was stopped after {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("the query needs more memory than the {0} MiB it may use")]
    OutOfMemory(usize),
    /// It cannot answer for many windows at once; nothing was run.
    #[error("{0}")]
    OneByOne(String),
    #[error("{0}")]
    Failed(String),
}

impl QueryError {
    /// What kind of error it is, without what it says.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Invalid(_) => "invalid",
            Self::TimedOut(_) => "timed out",
            Self::OutOfMemory(_) => "out of memory",
            Self::OneByOne(_) => "one by one",
            Self::Failed(_) => "failed",
        }
    }
}

/// How much a query may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub time: Duration,
    /// Rows kept; the answer says when there were more. None: all of them.
    pub rows_max: Option<usize>,
    pub bytes_max: Option<usize>,
}

impl Limits {
    /// A person at a console.
    pub const CONSOLE: Self = Self {
        time: Duration::from_secs(30),
        rows_max: Some(100_000),
        bytes_max: Some(64 << 20),
    };
    /// A panel of the web view.
    pub const PANEL: Self = Self {
        time: Duration::from_secs(10),
        ..Self::CONSOLE
    };
    /// An export to a file or a pipe: as long as it takes, every row.
    pub const EXPORT: Self = Self {
        time: Duration::from_secs(24 * 3600),
        rows_max: None,
        bytes_max: None,
    };
}

/// Who reads a query's rows.
#[derive(Clone, Copy)]
enum Reader {
    /// At once, into memory.
    Gathers,
    /// A client, as fast as it likes.
    TakesItsTime,
}

/// The rows that answer a query.
#[derive(Clone, Debug)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// Whether rows were left out because of the limits.
    pub truncated: bool,
    pub elapsed: Duration,
}

impl Answer {
    pub fn n_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// Runs queries over one store. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    base: SessionState,
    memory_mib: usize,
    places: Semaphore,
    stream_places: Semaphore,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A runtime may not be dropped, and so waited for, inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Engine {
    /// Makes the engine. `memory_mib` bounds what all queries together may hold.
    pub fn new(store: Store, geo: &Arc<GeoIp>, memory_mib: usize) -> anyhow::Result<Self> {
        let spill = store.dir().join("tmp");
        crate::disk::create_private_dir(&spill)?;
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory_mib << 20)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![spill]))
                    .with_max_temp_directory_size(SPILL_BYTES_MAX),
            )
            .build_arc()?;
        let n_cores = std::thread::available_parallelism().map_or(2, usize::from);
        let base = base_state(&env, geo)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(n_cores)
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                base,
                memory_mib,
                places: Semaphore::new(QUERIES_MAX),
                stream_places: Semaphore::new(STREAMS_MAX),
                runtime: Some(runtime),
            }),
        })
    }

    /// Runs one `SELECT` and gathers its rows.
    pub async fn run(&self, sql: &str, limits: Limits) -> Result<Answer, QueryError> {
        self.gather(sql, None, limits).await
    }

    /// Runs one `SELECT` that is bound to a window ending at [`windows::SENTINEL_US`] for every window of a
    /// series at once; the column [`windows::TICK`] says which one a row is about.
    /// [`QueryError::OneByOne`] when the query cannot be asked so.
    pub async fn run_windows(
        &self,
        sql: &str,
        windows: Windows,
        limits: Limits,
    ) -> Result<Answer, QueryError> {
        self.gather(sql, Some(windows), limits).await
    }

    async fn gather(
        &self,
        sql: &str,
        windows: Option<Windows>,
        limits: Limits,
    ) -> Result<Answer, QueryError> {
        let start = Instant::now();
        let mut batches = Vec::new();
        let mut left = limits.rows_max.unwrap_or(usize::MAX);
        let mut bytes_left = limits.bytes_max.unwrap_or(usize::MAX);
        let mut truncated = false;
        let mut stream = self.start(sql, windows, limits, Reader::Gathers).await?;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let size = batch.get_array_memory_size();
            if batch.num_rows() > left || size > bytes_left {
                batches.push(batch.slice(0, left.min(batch.num_rows())));
                truncated = true;
                break;
            }
            left -= batch.num_rows();
            bytes_left -= size;
            batches.push(batch);
        }
        Ok(Answer {
            schema: Arc::clone(&stream.schema),
            batches,
            truncated,
            elapsed: start.elapsed(),
        })
    }

    /// Runs one `SELECT` and hands out its rows as they come. Dropping the stream ends the query; so does a reader
    /// that takes nothing for ten minutes.
    pub async fn stream(&self, sql: &str, limits: Limits) -> Result<Rows, QueryError> {
        self.start(sql, None, limits, Reader::TakesItsTime).await
    }

    async fn start(
        &self,
        sql: &str,
        windows: Option<Windows>,
        limits: Limits,
        reader: Reader,
    ) -> Result<Rows, QueryError> {
        guard::check_text(sql)?;
        let engine = self.clone();
        let sql = sql.to_owned();
        let (schema_tx, schema_rx) = tokio::sync::oneshot::channel();
        let (rows_tx, rows) = tokio::sync::mpsc::channel(2);
        let runtime = self.inner.runtime.as_ref().expect("kept until dropped");
        let task = runtime.spawn(async move {
            let work = engine.produce(&sql, windows, reader, schema_tx, &rows_tx);
            let outcome = tokio::time::timeout(limits.time, work).await;
            let error = match outcome {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error,
                Err(_) => QueryError::TimedOut(limits.time),
            };
            // The reader may have left already.
            drop(rows_tx.send(Err(error)).await);
        });
        let guard = AbortOnDrop(task.abort_handle());
        let mut rows = rows;
        match schema_rx.await {
            Ok(schema) => Ok(Rows {
                schema,
                rows,
                _guard: guard,
            }),
            Err(_) => match rows.recv().await {
                Some(Err(error)) => Err(error),
                _ => Err(QueryError::Failed("the query ended without a word".into())),
            },
        }
    }

    async fn produce(
        &self,
        sql: &str,
        windows: Option<Windows>,
        reader: Reader,
        schema: tokio::sync::oneshot::Sender<SchemaRef>,
        rows: &tokio::sync::mpsc::Sender<Result<RecordBatch, QueryError>>,
    ) -> Result<(), QueryError> {
        let places = match reader {
            Reader::Gathers => &self.inner.places,
            Reader::TakesItsTime => &self.inner.stream_places,
        };
        let _place = places.acquire().await;
        let stream = self.execute(sql, windows).await;
        let mut stream = stream.map_err(|e| explain(e, self.inner.memory_mib))?;
        // The reader may have left already; then the first send below ends the work.
        drop(schema.send(stream.schema()));
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| explain(e, self.inner.memory_mib))?;
            match tokio::time::timeout(UNREAD_MAX, rows.send(Ok(batch))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => break,
                Err(_) => return Err(QueryError::Failed("nobody reads its rows".into())),
            }
        }
        Ok(())
    }

    async fn execute(
        &self,
        sql: &str,
        windows: Option<Windows>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let tables = Arc::new(table::Tables::new(self.inner.store.clone()));
        let context = with_tables(
            self.inner.base.clone(),
            Arc::<table::Tables>::clone(&tables),
        )?;
        let state = context.state();
        let mut plan = state.create_logical_plan(sql).await?;
        guard::check_plan(&plan)?;
        plan = match windows {
            Some(windows) => windows::rewrite(&plan, windows)?,
            None => rollup::rewrite(plan, &tables)?,
        };
        context
            .execute_logical_plan(plan)
            .await?
            .execute_stream()
            .await
    }
}

/// The functions and settings of every query.
fn base_state(env: &Arc<RuntimeEnv>, geo: &Arc<GeoIp>) -> anyhow::Result<SessionState> {
    let n_cores = std::thread::available_parallelism().map_or(2, usize::from);
    let config = SessionConfig::new()
        .with_target_partitions(n_cores)
        .with_information_schema(true)
        .with_default_catalog_and_schema("logatlas", "public")
        .with_create_default_catalog_and_schema(false);
    let mut base = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(Arc::clone(env))
        .with_default_features()
        .build();
    functions::register(&mut base, geo)?;
    Ok(base)
}

/// A throw-away context that holds these tables and nothing else.
fn with_tables(
    base: SessionState,
    tables: Arc<dyn SchemaProvider>,
) -> Result<SessionContext, DataFusionError> {
    let env = Arc::clone(base.runtime_env());
    let catalogs = Arc::new(MemoryCatalogProviderList::new());
    let state = SessionStateBuilder::new_from_existing(base)
        .with_session_id(uuid::Uuid::new_v4().to_string())
        .with_catalog_list(catalogs)
        .with_runtime_env(env)
        .build();
    let context = SessionContext::new_with_state(state);
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("public", tables)?;
    context.register_catalog("logatlas", Arc::new(catalog));
    Ok(context)
}

/// The error in the words of whoever asked.
fn explain(error: DataFusionError, memory_mib: usize) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => QueryError::OutOfMemory(memory_mib),
        DataFusionError::Plan(message) if message.starts_with(guard::REFUSED) => {
            QueryError::Refused(message.clone())
        }
        DataFusionError::Plan(message) if message.starts_with(windows::ONE_BY_ONE) => {
            QueryError::OneByOne(message.clone())
        }
        root @ (DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Diagnostic(..)) => QueryError::Invalid(plain(&root.to_string())),
        root => QueryError::Failed(plain(&root.to_string())),
    }
}

/// The message without the advice meant for DataFusion's own developers.
fn plain(message: &str) -> String {
    let first = message.split("\n\n").next().unwrap_or(message);
    first
        .trim_start_matches("Error during planning: ")
        .trim_start_matches("SQL error: ")
        .to_owned()
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The rows of a running query.
pub struct Rows {
    pub schema: SchemaRef,
    rows: tokio::sync::mpsc::Receiver<Result<RecordBatch, QueryError>>,
    _guard: AbortOnDrop,
}

impl Rows {
    /// The next rows, or none at the end.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        self.rows.recv().await
    }
}
