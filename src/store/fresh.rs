//! Rows that no file holds yet.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::compute::concat_batches;

use crate::schema;

/// Neighbouring batches are merged while they are small, so that many tiny appends stay cheap to scan.
const MERGE_ROWS_MAX: usize = 16 * 1024;

/// Rows of one run of journal batches.
#[derive(Clone, Debug)]
struct Run {
    first_id: i64,
    last_id: i64,
    bytes: usize,
    batch: RecordBatch,
}

/// The fresh rows of one table, oldest first. Clones share the rows.
#[derive(Clone, Debug, Default)]
pub struct FreshRows {
    runs: Arc<Vec<Run>>,
    /// Runs up to this batch are being written out and must not be merged with later ones.
    sealed: i64,
}

impl FreshRows {
    /// Adds the rows of a committed journal batch.
    pub fn push(&mut self, batch_id: i64, batch: &RecordBatch) {
        let batch = with_batch_id(batch, batch_id);
        let runs = Arc::make_mut(&mut self.runs);
        runs.push(Run {
            first_id: batch_id,
            last_id: batch_id,
            bytes: batch.get_array_memory_size(),
            batch,
        });
        // Geometric merging: each row is copied about log(n) times.
        while let [.., a, b] = runs.as_slice()
            && a.first_id > self.sealed
            && a.batch.num_rows() <= 2 * b.batch.num_rows()
            && a.batch.num_rows() + b.batch.num_rows() <= MERGE_ROWS_MAX
            && let Some(merged) = merge(a, b)
        {
            runs.truncate(runs.len() - 2);
            runs.push(merged);
        }
    }

    /// All rows with the last batch id among them, to be written out; none when there are no rows.
    pub(super) fn seal(&mut self) -> Option<(Vec<RecordBatch>, i64)> {
        let last_id = self.runs.last()?.last_id;
        self.sealed = last_id;
        Some((self.batches(), last_id))
    }

    /// Forgets the rows of batches up to `last_id`: a file holds them now.
    pub(super) fn drop_through(&mut self, last_id: i64) {
        Arc::make_mut(&mut self.runs).retain(|run| run.first_id > last_id);
    }

    /// The rows.
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.runs.iter().map(|run| run.batch.clone()).collect()
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.runs.iter().map(|run| run.batch.num_rows()).sum()
    }

    /// First and last event time, microseconds.
    pub fn ts_range(&self) -> Option<(i64, i64)> {
        use arrow::array::AsArray;
        use arrow::compute::kernels::aggregate;
        use arrow::datatypes::TimestampMicrosecondType;
        let ranges = self.runs.iter().filter_map(|run| {
            let ts = run
                .batch
                .column_by_name(schema::TS)?
                .as_primitive::<TimestampMicrosecondType>();
            aggregate::min(ts).zip(aggregate::max(ts))
        });
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// How much memory they take.
    pub fn n_bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes).sum()
    }
}

fn merge(a: &Run, b: &Run) -> Option<Run> {
    let batch = concat_batches(&a.batch.schema(), [&a.batch, &b.batch]).ok()?;
    let batch = compact(&batch);
    Some(Run {
        first_id: a.first_id,
        last_id: b.last_id,
        bytes: batch.get_array_memory_size(),
        batch,
    })
}

/// Drops what string views keep alive beyond their own bytes.
fn compact(batch: &RecordBatch) -> RecordBatch {
    use arrow::array::AsArray;
    use arrow::datatypes::DataType;
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
            _ => Arc::clone(column),
        });
    RecordBatch::try_new(batch.schema(), columns.collect())
        .expect("the same columns fit the same schema")
}

/// The batch with its id in every row.
pub(super) fn with_batch_id(batch: &RecordBatch, batch_id: i64) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    let index = batch
        .schema()
        .index_of(schema::BATCH_ID)
        .expect("every table has batch_id");
    columns[index] = Arc::new(Int64Array::from_value(batch_id, batch.num_rows()));
    RecordBatch::try_new(batch.schema(), columns).expect("the same columns fit the same schema")
}
