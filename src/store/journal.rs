//! The journal's rows in SQLite: batches, positions and the account, one transaction for all three.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::batch::Tally;
use crate::schema::Table;
use crate::state::{State, StateError};

/// Rows to be made durable, with all that must become durable in the same instant.
#[derive(Clone)]
pub struct Append {
    pub table: Table,
    /// Rows of `table.file_schema()`; `batch_id` is filled in when the journal has given one.
    pub batch: RecordBatch,
    /// How far each file was read when these rows were cut.
    pub positions: Vec<Position>,
    /// What became of the lines, by source name.
    pub tallies: Vec<(String, Tally)>,
    /// Answers to remember for repeated requests: key, hash of the body, answer.
    pub idempotency: Vec<(String, String, String)>,
}

/// How far a file was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Tells the file apart over renames: device, inode and hash of its beginning.
    pub identity: String,
    pub source: String,
    pub path: String,
    /// End of the last stored line, in bytes of the (decompressed) content.
    pub offset: u64,
    /// Lines up to there.
    pub line: u64,
    /// A file that never grows (compressed) and was read to its end.
    pub done: bool,
    /// Hash and length of the first bytes, `len:hex`.
    pub fingerprint: String,
}

/// Totals of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceAccount {
    pub received: u64,
    pub stored: u64,
    pub unparsed: u64,
    pub rejected: u64,
    pub deduplicated: u64,
    pub blank: u64,
}

impl std::ops::AddAssign for SourceAccount {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.stored += other.stored;
        self.unparsed += other.unparsed;
        self.rejected += other.rejected;
        self.deduplicated += other.deduplicated;
        self.blank += other.blank;
    }
}

/// The account of all sources by name.
pub type Account = BTreeMap<String, SourceAccount>;

/// The batch as a compressed Arrow IPC stream.
pub(super) fn encode(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let options =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options)?;
    writer.write(batch)?;
    writer.into_inner()
}

fn decode(ipc: &[u8]) -> Result<RecordBatch, ArrowError> {
    let mut reader = StreamReader::try_new(Cursor::new(ipc), None)?;
    let batch = reader.next();
    batch.unwrap_or_else(|| Err(ArrowError::IpcError("a journal batch without rows".into())))
}

/// Writes all parts of the append and returns the batch's id, or none when it has no rows.
pub(super) fn record(
    tx: &Transaction<'_>,
    append: &Append,
    ipc: Option<&[u8]>,
) -> rusqlite::Result<Option<i64>> {
    let mut batch_id = None;
    if let Some(ipc) = ipc {
        let id = next_batch(tx)?;
        tx.prepare_cached(
            "INSERT INTO journal (batch_id, table_name, n_rows, ipc) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            id,
            append.table.name(),
            append.batch.num_rows() as i64,
            ipc
        ])?;
        batch_id = Some(id);
    }
    record_account(tx, &append.positions, &append.tallies)?;
    for (key, hash, answer) in &append.idempotency {
        tx.execute(
            "INSERT INTO idempotency (key, body_sha256, answer, at_us) VALUES (?1, ?2, ?3, ?4)",
            params![key, hash, answer, crate::time::now_us()],
        )?;
    }
    Ok(batch_id)
}

/// Writes positions and account.
pub(super) fn record_account(
    tx: &Transaction<'_>,
    positions: &[Position],
    tallies: &[(String, Tally)],
) -> rusqlite::Result<()> {
    for p in positions {
        tx.prepare_cached(
            "INSERT INTO positions (identity, source, path, offset, line, done, fingerprint, updated_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (identity) DO UPDATE SET source = ?2, path = ?3, offset = ?4, line = ?5, done = ?6,
               fingerprint = ?7, updated_us = ?8",
        )?
        .execute(params![
            p.identity, p.source, p.path, p.offset as i64, p.line as i64, p.done, p.fingerprint,
            crate::time::now_us()
        ])?;
    }
    for (source, tally) in tallies {
        let kinds = [
            ("received", tally.received),
            ("stored", tally.stored),
            ("unparsed", tally.unparsed),
            ("blank", tally.blank),
        ];
        for (kind, n) in kinds.into_iter().filter(|(_, n)| *n > 0) {
            count(tx, source, kind, "", n)?;
        }
    }
    Ok(())
}

/// Adds to one line of the account.
pub(crate) fn count(
    tx: &Transaction<'_>,
    source: &str,
    kind: &str,
    reason: &str,
    n: u64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO ledger (source, kind, reason, n) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (source, kind, reason) DO UPDATE SET n = n + ?4",
    )?
    .execute(params![source, kind, reason, n as i64])?;
    Ok(())
}

/// Gives out the next batch id. Ids only ever rise, also after the journal was trimmed.
pub(super) fn next_batch(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
    tx.query_row(
        "INSERT INTO meta (key, value) VALUES ('last_batch', '1')
         ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING CAST(value AS INTEGER)",
        [],
        |row| row.get(0),
    )
}

/// Makes sure that new ids lie above `held`.
pub(super) fn raise_last_batch(tx: &Transaction<'_>, held: i64) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('last_batch', CAST(?1 AS TEXT))
         ON CONFLICT (key) DO UPDATE SET value = CAST(max(CAST(value AS INTEGER), ?1) AS TEXT)",
        [held],
    )?;
    Ok(())
}

/// Forgets batches that Delta holds.
pub(super) fn trim(tx: &Transaction<'_>, table: Table, last_id: i64) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM journal WHERE table_name = ?1 AND batch_id <= ?2",
        params![table.name(), last_id],
    )?;
    Ok(())
}

/// The batches of a table in order. A damaged batch is set aside under another table name, reported and
/// counted; it never stops the start and is never deleted.
pub(super) fn replay(state: &State, table: Table) -> Result<Vec<(i64, RecordBatch)>, StateError> {
    let blobs: Vec<(i64, Vec<u8>)> = state.read(|c| {
        c.prepare("SELECT batch_id, ipc FROM journal WHERE table_name = ?1 ORDER BY batch_id")?
            .query_map([table.name()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    })?;
    let expected = table.file_schema();
    let mut batches = Vec::with_capacity(blobs.len());
    for (batch_id, ipc) in blobs {
        match decode(&ipc) {
            Ok(batch) if batch.schema().fields() == expected.fields() => {
                batches.push((batch_id, batch))
            }
            Ok(_) => tracing::error!(
                batch_id,
                "journal batch has other columns, left in the journal"
            ),
            Err(error) => {
                tracing::error!(batch_id, %error, "journal batch is damaged, left in the journal")
            }
        }
    }
    Ok(batches)
}

/// The name under which this data folder commits to its tables; made once.
pub(super) async fn writer_id(state: &State) -> Result<String, StateError> {
    state
        .write(|tx| {
            let fresh = uuid::Uuid::now_v7().to_string();
            tx.execute(
                "INSERT OR IGNORE INTO meta (key, value) VALUES ('writer_id', ?1)",
                [fresh],
            )?;
            tx.query_row(
                "SELECT value FROM meta WHERE key = 'writer_id'",
                [],
                |row| row.get(0),
            )
        })
        .await
}

/// Reads the account.
pub(super) fn account(connection: &Connection) -> rusqlite::Result<Account> {
    let mut account = Account::new();
    let mut statement = connection
        .prepare_cached("SELECT source, kind, sum(n) FROM ledger GROUP BY source, kind")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (source, kind, n): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let entry = account.entry(source).or_default();
        let n = u64::try_from(n).unwrap_or(0);
        match kind.as_str() {
            "received" => entry.received = n,
            "stored" => entry.stored = n,
            "unparsed" => entry.unparsed = n,
            "rejected" => entry.rejected = n,
            "deduplicated" => entry.deduplicated = n,
            "blank" => entry.blank = n,
            _ => {}
        }
    }
    Ok(account)
}

/// Reads what was answered under an idempotency key.
pub(super) fn remembered_answer(
    connection: &Connection,
    key: &str,
) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .prepare_cached("SELECT body_sha256, answer FROM idempotency WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Reads a file's position.
pub(super) fn position(
    connection: &Connection,
    identity: &str,
) -> rusqlite::Result<Option<Position>> {
    connection
        .prepare_cached("SELECT identity, source, path, offset, line, done, fingerprint FROM positions WHERE identity = ?1")?
        .query_row([identity], |row| {
            Ok(Position {
                identity: row.get(0)?,
                source: row.get(1)?,
                path: row.get(2)?,
                offset: row.get::<_, i64>(3)? as u64,
                line: row.get::<_, i64>(4)? as u64,
                done: row.get(5)?,
                fingerprint: row.get(6)?,
            })
        })
        .optional()
}
