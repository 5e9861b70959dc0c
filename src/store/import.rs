//! Bulk import: rows go to Parquet without passing the journal.
//!
//! 1. Parquet files are put; no reader sees them.
//! 2. One SQLite transaction records the intent: import id, positions, account.
//! 3. Delta commits the files under `(writer id + "/import", import id)`.
//! 4. One SQLite transaction applies positions and account and forgets the intent.
//!
//! A crash before 3 leaves files that nothing names and the old positions; after 3, the next start finds
//! Delta's version and does step 4.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::delta::DataFile;
use super::fresh::with_batch_id;
use super::journal::{self, Position};
use super::parquet_file::{DayWriter, by_day};
use super::{Store, StoreError, sorted_by_ts};
use crate::batch::Tally;
use crate::schema::{self, Table};

/// Rows kept back so that lines somewhat out of order still come out sorted.
const WINDOW_ROWS: usize = 16 * 1024;
/// Encoders may hold this much; beyond it the largest file is closed, however lines jump between days.
const OPEN_BYTES_MAX: usize = 32 << 20;

/// An import that is under way. Dropped without [`BulkImport::commit`] it leaves no trace in the table.
pub struct BulkImport {
    store: Store,
    import_id: i64,
    next_row: i32,
    window: Option<RecordBatch>,
    open: BTreeMap<i32, DayWriter>,
    files: Vec<DataFile>,
}

/// What an import did.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    pub n_rows: u64,
    pub n_files: usize,
    pub n_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Intent {
    positions: Vec<Position>,
    tallies: Vec<(String, [u64; 4])>,
}

impl Store {
    /// Starts a bulk import into `logs`.
    pub async fn begin_import(&self) -> Result<BulkImport, StoreError> {
        let import_id = self.state().write(journal::next_batch).await?;
        Ok(BulkImport {
            store: self.clone(),
            import_id,
            next_row: 0,
            window: None,
            open: BTreeMap::new(),
            files: Vec::new(),
        })
    }

    fn import_app_id(&self) -> String {
        format!("{}/import", self.inner.writer_id)
    }

    /// Finishes or forgets imports that a crash interrupted.
    pub(super) async fn settle_imports(&self) -> Result<(), StoreError> {
        let held = self
            .slot(Table::Logs)
            .log
            .lock()
            .await
            .txn(&self.import_app_id())
            .await?;
        let settled = self
            .state()
            .write(move |tx| {
                let open: Vec<(i64, String)> = tx
                    .prepare("SELECT import_id, positions FROM imports ORDER BY import_id")?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<rusqlite::Result<_>>()?;
                for (import_id, intent) in &open {
                    if *import_id <= held {
                        apply(tx, intent)?;
                    }
                    tx.execute("DELETE FROM imports WHERE import_id = ?1", [import_id])?;
                }
                Ok(open.len())
            })
            .await?;
        if settled > 0 {
            tracing::info!(n_imports = settled, "settled interrupted imports");
        }
        Ok(())
    }
}

fn apply(tx: &rusqlite::Transaction<'_>, intent: &str) -> rusqlite::Result<()> {
    let Ok(intent) = serde_json::from_str::<Intent>(intent) else {
        tracing::error!("an import's record is damaged, its positions are lost");
        return Ok(());
    };
    let tallies: Vec<_> = intent
        .tallies
        .into_iter()
        .map(|(source, [received, stored, unparsed, blank])| {
            let tally = Tally {
                received,
                stored,
                unparsed,
                blank,
            };
            (source, tally)
        })
        .collect();
    journal::record_account(tx, &intent.positions, &tallies)
}

impl BulkImport {
    /// Adds rows of `logs`, in any order.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        let batch = self.numbered(&batch);
        let window: Vec<_> = self.window.take().into_iter().chain([batch]).collect();
        let sorted = sorted_by_ts(&window)?;
        let ready = sorted.num_rows().saturating_sub(WINDOW_ROWS);
        if ready > 0 {
            self.encode(&sorted.slice(0, ready)).await?;
        }
        self.window = Some(own_text(&sorted.slice(ready, sorted.num_rows() - ready)));
        Ok(())
    }

    fn numbered(&mut self, batch: &RecordBatch) -> RecordBatch {
        let batch = with_batch_id(batch, self.import_id);
        let n = i32::try_from(batch.num_rows()).unwrap_or(i32::MAX);
        let rows = Int32Array::from_iter_values(self.next_row..self.next_row.saturating_add(n));
        self.next_row = self.next_row.saturating_add(n);
        let mut columns = batch.columns().to_vec();
        let index = batch
            .schema()
            .index_of(schema::ROW_IDX)
            .expect("every table has row_idx");
        columns[index] = Arc::new(rows) as ArrayRef;
        RecordBatch::try_new(batch.schema(), columns).expect("the same columns fit the same schema")
    }

    async fn encode(&mut self, sorted: &RecordBatch) -> Result<(), StoreError> {
        for (day, rows) in by_day(sorted) {
            let writer = match self.open.entry(day) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(DayWriter::new(Table::Logs, day)?),
            };
            writer.write(&rows)?;
            if let Some(largest) = self.too_much() {
                self.close(largest).await?;
            }
        }
        Ok(())
    }

    /// Takes out the largest encoder when all of them together hold too much.
    fn too_much(&mut self) -> Option<DayWriter> {
        let sizes = self.open.iter();
        let sizes = sizes.map(|(day, writer)| (writer.memory_size(), *day));
        let held: usize = sizes.clone().map(|(size, _)| size).sum();
        let (_, day) = sizes.max().filter(|_| held > OPEN_BYTES_MAX)?;
        self.open.remove(&day)
    }

    async fn close(&mut self, writer: DayWriter) -> Result<(), StoreError> {
        let file = writer.finish()?;
        let log = self.store.slot(Table::Logs).log.lock().await;
        self.files.extend(log.put_files(vec![file]).await?);
        Ok(())
    }

    /// Makes the rows visible and durable, with the positions and account that belong to them.
    pub async fn commit(
        mut self,
        positions: Vec<Position>,
        tallies: Vec<(String, Tally)>,
    ) -> Result<ImportReport, StoreError> {
        if let Some(rest) = self.window.take() {
            self.encode(&rest).await?;
        }
        while let Some((_, writer)) = self.open.pop_first() {
            self.close(writer).await?;
        }
        let report = ImportReport {
            n_rows: self.files.iter().map(|file| file.n_rows).sum(),
            n_files: self.files.len(),
            n_bytes: self.files.iter().map(|file| file.n_bytes).sum(),
        };
        let intent = Intent {
            positions,
            tallies: tallies
                .into_iter()
                .map(|(source, t)| (source, [t.received, t.stored, t.unparsed, t.blank]))
                .collect(),
        };
        let intent = serde_json::to_string(&intent).expect("plain data turns into JSON");
        self.commit_with(intent).await?;
        Ok(report)
    }

    async fn commit_with(self, intent: String) -> Result<(), StoreError> {
        let import_id = self.import_id;
        let store = &self.store;
        let _changing = store.inner.changing.lock().await;
        let recorded = intent.clone();
        store
            .state()
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO imports (import_id, started_us, positions) VALUES (?1, ?2, ?3)",
                    params![import_id, crate::time::now_us(), recorded],
                )
            })
            .await?;
        let slot = store.slot(Table::Logs);
        let app_id = store.import_app_id();
        let mut log = slot.log.lock().await;
        log.commit(self.files, Vec::new(), Some((&app_id, import_id)))
            .await?;
        let files = Arc::new(log.files()?);
        slot.change_view(|view| view.files = files);
        store
            .state()
            .write(move |tx| {
                apply(tx, &intent)?;
                tx.execute("DELETE FROM imports WHERE import_id = ?1", [import_id])
            })
            .await?;
        Ok(())
    }
}

/// The same rows with text of their own. Views keep every buffer that was ever joined alive, so rows carried
/// from batch to batch would end up holding the text of the whole import.
fn own_text(batch: &RecordBatch) -> RecordBatch {
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.as_string_view_opt() {
            Some(texts) => Arc::new(texts.gc()) as ArrayRef,
            None => Arc::clone(column),
        });
    RecordBatch::try_new(batch.schema(), columns.collect())
        .expect("the same types fit the same schema")
}
