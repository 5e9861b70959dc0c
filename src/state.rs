//! The SQLite file: pending batches, source positions, ledger, rule states, outbox, users.
//!
//! One thread owns the only writing connection. Jobs are run in savepoints of one transaction and
//! committed together, so that many callers share one fsync (group commit). A job's caller hears of
//! success only after the commit that made it durable. A commit that fails is fatal: every later write
//! fails too, because after a failed fsync nobody knows what the disk holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

pub use rusqlite::Transaction;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The job itself failed; nothing of it was kept, other jobs are not touched.
    #[error("state: {0}")]
    Sql(#[from] rusqlite::Error),
    /// A commit failed earlier: nothing is acknowledged any more until the program is started again.
    #[error("state file can no longer be written, restart to recover: {0}")]
    Poisoned(Arc<str>),
    /// There is no room on the disk; nothing was kept, and it may be tried again.
    #[error("the disk is full")]
    Full,
    /// The program is stopping.
    #[error("state is closed")]
    Closed,
    /// The file was written by a newer logatlas.
    #[error("{path} was written by a newer logatlas (layout {found}, this one knows {known})")]
    TooNew {
        path: String,
        found: i64,
        known: i64,
    },
}

/// Why a commit kept nothing.
#[derive(Clone)]
enum NotCommitted {
    Full,
    Poisoned(Arc<str>),
}

type Finish = Box<dyn FnOnce(Result<(), NotCommitted>) + Send>;
type Job = Box<dyn FnOnce(&Transaction<'_>) -> Finish + Send>;

/// At most this many jobs share a commit; bounds the time a caller waits behind others.
const JOBS_PER_COMMIT_MAX: usize = 256;
/// Jobs waiting for the writer; beyond it callers wait, which is the back-pressure sources feel.
const JOBS_WAITING_MAX: usize = 1024;
const LAYOUT_VERSION: i64 = 2;

/// Handle to the state file; clones share it.
#[derive(Clone)]
pub struct State {
    jobs: mpsc::Sender<Job>,
    reader: Arc<Mutex<Connection>>,
    poisoned: Arc<AtomicBool>,
    path: Arc<PathBuf>,
}

impl State {
    /// Opens or creates the file and brings its layout up to date.
    ///
    /// `migrate` adds the tables of other modules inside the same transaction.
    pub fn open(
        path: &Path,
        migrate: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Self, StateError> {
        let mut writer = Connection::open(path)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", "ON")?;
        // What is deleted is overwritten: it may have been a secret.
        writer.pragma_update(None, "secure_delete", "ON")?;
        writer.busy_timeout(std::time::Duration::from_secs(10))?;
        let found: i64 = writer.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found > LAYOUT_VERSION {
            return Err(StateError::TooNew {
                path: path.display().to_string(),
                found,
                known: LAYOUT_VERSION,
            });
        }
        let tx = writer.transaction()?;
        tx.execute_batch(LAYOUT)?;
        migrate(&tx)?;
        tx.pragma_update(None, "user_version", LAYOUT_VERSION)?;
        tx.commit()?;
        let reader = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        reader.busy_timeout(std::time::Duration::from_secs(10))?;
        let (jobs, queue) = mpsc::channel(JOBS_WAITING_MAX);
        let poisoned = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&poisoned);
        std::thread::Builder::new()
            .name("state-writer".into())
            .spawn(move || write_loop(writer, queue, &flag))
            .expect("a thread can be started at start-up");
        Ok(Self {
            jobs,
            reader: Arc::new(Mutex::new(reader)),
            poisoned,
            path: Arc::new(path.to_owned()),
        })
    }

    /// Runs `job` on the writer thread and returns its answer once it is durable.
    pub async fn write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, StateError> {
        self.write_then(job, |_| {}).await
    }

    /// As [`State::write`]; `then` runs on the writer thread right after the commit, in commit order,
    /// before the caller is told.
    pub async fn write_then<R: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R> + Send + 'static,
        then: impl FnOnce(&R) + Send + 'static,
    ) -> Result<R, StateError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let result = in_savepoint(tx, job);
            Box::new(move |committed| {
                let result = match (result, committed) {
                    (Ok(value), Ok(())) => {
                        then(&value);
                        Ok(value)
                    }
                    (Err(error), _) if is_full(&error) => Err(StateError::Full),
                    (Err(error), _) => Err(StateError::Sql(error)),
                    (Ok(_), Err(NotCommitted::Full)) => Err(StateError::Full),
                    (Ok(_), Err(NotCommitted::Poisoned(cause))) => Err(StateError::Poisoned(cause)),
                };
                // The caller may have gone away; what it asked for is done all the same.
                drop(reply.send(result));
            })
        });
        let gone = || match self.is_poisoned() {
            true => StateError::Poisoned("a commit failed".into()),
            false => StateError::Closed,
        };
        self.jobs.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Reads what has been committed.
    pub fn read<R>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, StateError> {
        let connection = self
            .reader
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        Ok(query(&connection)?)
    }

    /// Whether a commit has failed, so that nothing can be acknowledged any more.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn in_savepoint<R>(
    tx: &Transaction<'_>,
    job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R>,
) -> rusqlite::Result<R> {
    tx.execute_batch("SAVEPOINT job")?;
    match job(tx) {
        Ok(value) => {
            tx.execute_batch("RELEASE job")?;
            Ok(value)
        }
        Err(error) => {
            tx.execute_batch("ROLLBACK TO job; RELEASE job")?;
            Err(error)
        }
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

fn write_loop(mut writer: Connection, mut queue: mpsc::Receiver<Job>, poisoned: &AtomicBool) {
    while let Some(first) = queue.blocking_recv() {
        let mut finishes = Vec::new();
        let result = commit_group(&mut writer, first, &mut queue, &mut finishes);
        let result = result.map_err(|error| match is_full(&error) {
            true => NotCommitted::Full,
            false => NotCommitted::Poisoned(error.to_string().into()),
        });
        for finish in finishes {
            finish(result.clone());
        }
        if let Err(NotCommitted::Poisoned(error)) = result {
            tracing::error!(%error, "state file cannot be written, no more acknowledgements");
            poisoned.store(true, Ordering::Release);
            // Dropping the queue tells every later caller.
            return;
        }
    }
}

fn commit_group(
    writer: &mut Connection,
    first: Job,
    queue: &mut mpsc::Receiver<Job>,
    finishes: &mut Vec<Finish>,
) -> rusqlite::Result<()> {
    let tx = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    finishes.push(first(&tx));
    while finishes.len() < JOBS_PER_COMMIT_MAX
        && let Ok(next) = queue.try_recv()
    {
        finishes.push(next(&tx));
    }
    tx.commit()
}

const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
-- Batches that a Delta commit does not hold yet; `table_name` is logs or host_metrics.
CREATE TABLE IF NOT EXISTS journal (
  batch_id INTEGER PRIMARY KEY, table_name TEXT NOT NULL, n_rows INTEGER NOT NULL, ipc BLOB NOT NULL) STRICT;
-- Bulk imports: the rows go straight to Delta under the transaction version `import_id`.
CREATE TABLE IF NOT EXISTS imports (
  import_id INTEGER PRIMARY KEY, started_us INTEGER NOT NULL, positions TEXT NOT NULL) STRICT;
-- How far each file was read. `identity` tells files apart over renames.
CREATE TABLE IF NOT EXISTS positions (
  identity TEXT PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL, offset INTEGER NOT NULL,
  line INTEGER NOT NULL, done INTEGER NOT NULL, fingerprint TEXT NOT NULL, updated_us INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ledger (
  source TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', n INTEGER NOT NULL,
  PRIMARY KEY (source, kind, reason)) STRICT;
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, body_sha256 TEXT NOT NULL, answer TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_us INTEGER NOT NULL) STRICT;
-- Sessions, bearer tokens, setup and sign-in secrets: only hashes are kept.
CREATE TABLE IF NOT EXISTS secrets (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL, used_us INTEGER) STRICT;
";

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(dir: &Path) -> State {
        State::open(&dir.join("state.sqlite"), |_| Ok(())).unwrap()
    }

    #[tokio::test]
    async fn a_failing_job_leaves_its_neighbours_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = open(dir.path()).await;
        let put = |key: &'static str| {
            state.write(move |tx| {
                tx.execute("INSERT INTO meta VALUES (?1, '1')", [key])?;
                if key == "bad" {
                    tx.execute("INSERT INTO no_such_table VALUES (1)", [])?;
                }
                Ok(())
            })
        };
        let (a, bad, b) = tokio::join!(put("a"), put("bad"), put("b"));
        assert!(a.is_ok() && bad.is_err() && b.is_ok());
        let keys: Vec<String> = state
            .read(|c| {
                c.prepare("SELECT key FROM meta ORDER BY key")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .unwrap();
        assert_eq!(keys, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_newer_layout_is_refused_before_a_byte_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.sqlite");
        drop(open(dir.path()).await);
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "user_version", LAYOUT_VERSION + 1)
            .unwrap();
        drop(connection);
        let refused = State::open(&path, |_| Ok(()));
        assert!(matches!(refused, Err(StateError::TooNew { .. })));
    }
}
