//! Batches to Parquet files: one file a day, sorted by `ts`, zstd, statistics for pruning.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::kernels::aggregate;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::{StoreError, sorted_by_ts};
use crate::batch::day_of;
use crate::schema::{self, Table};

/// Rows of a row group; the readers' unit of work.
const ROW_GROUP_ROWS_MAX: usize = 1_000_000;

/// Columns whose values mostly rise from row to row: their differences are small, a dictionary of them is not.
const RISING: [&str; 4] = [
    schema::TS,
    schema::OBSERVED_TS,
    schema::ROW_IDX,
    schema::SOURCE_OFFSET,
];

/// A Parquet file in memory, ready to be put.
pub(super) struct DayFile {
    /// Days since the epoch.
    pub(super) day: i32,
    pub(super) bytes: Vec<u8>,
    pub(super) n_rows: u64,
    /// First and last `ts` and `observed_ts`.
    pub(super) ts: (i64, i64),
    pub(super) observed_ts: (i64, i64),
}

/// Encodes the rows of one day.
pub(super) struct DayWriter {
    table: Table,
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
    file: DayFile,
}

impl DayWriter {
    pub(super) fn new(table: Table, day: i32) -> Result<Self, StoreError> {
        let schema = schema::zoned(&table.file_schema());
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties()));
        Ok(Self {
            table,
            schema,
            writer: writer.map_err(|source| StoreError::Parquet {
                table: table.name(),
                source,
            })?,
            file: DayFile {
                day,
                bytes: Vec::new(),
                n_rows: 0,
                ts: (i64::MAX, i64::MIN),
                observed_ts: (i64::MAX, i64::MIN),
            },
        })
    }

    /// Adds rows, all of this day; of rollups those of the days that it begins.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.file.n_rows += batch.num_rows() as u64;
        widen(&mut self.file.ts, batch, schema::TS);
        widen(&mut self.file.observed_ts, batch, schema::OBSERVED_TS);
        let columns = batch.columns().iter().map(with_zone).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer
            .write(&batch)
            .map_err(|source| StoreError::Parquet {
                table: self.table.name(),
                source,
            })
    }

    /// Ends the row group, so that readers can pass over what comes next without the rest.
    pub(super) fn end_group(&mut self) -> Result<(), StoreError> {
        self.writer.flush().map_err(|source| StoreError::Parquet {
            table: self.table.name(),
            source,
        })
    }

    /// Bytes held in memory for this file.
    pub(super) fn memory_size(&self) -> usize {
        self.writer.memory_size() + self.writer.bytes_written()
    }

    pub(super) fn finish(mut self) -> Result<DayFile, StoreError> {
        self.file.bytes = self
            .writer
            .into_inner()
            .map_err(|source| StoreError::Parquet {
                table: self.table.name(),
                source,
            })?;
        Ok(self.file)
    }
}

fn properties() -> WriterProperties {
    let rising = RISING.iter().map(|name| ColumnPath::from(*name));
    rising
        .fold(WriterProperties::builder(), |builder, column| {
            builder
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED)
        })
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
        .set_created_by(concat!("logatlas ", env!("CARGO_PKG_VERSION")).into())
        .build()
}

fn widen(range: &mut (i64, i64), batch: &RecordBatch, column: &str) {
    let Some(times) = batch.column_by_name(column) else {
        return;
    };
    let times = times.as_primitive::<TimestampMicrosecondType>();
    if let (Some(low), Some(high)) = (aggregate::min(times), aggregate::max(times)) {
        *range = (range.0.min(low), range.1.max(high));
    }
}

fn with_zone(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, None) => Arc::new(
            column
                .as_primitive::<TimestampMicrosecondType>()
                .clone()
                .with_timezone("UTC"),
        ),
        _ => Arc::clone(column),
    }
}

/// Cuts a batch that is sorted by `ts` at midnights: `(day, rows)`.
pub(super) fn by_day(batch: &RecordBatch) -> Vec<(i32, RecordBatch)> {
    let ts = batch
        .column_by_name(schema::TS)
        .expect("every table has ts")
        .as_primitive::<TimestampMicrosecondType>();
    let (values, mut start, mut parts) = (ts.values(), 0, Vec::new());
    while start < values.len() {
        let day = day_of(values[start]);
        let n = values[start..].partition_point(|ts| day_of(*ts) == day);
        parts.push((day, batch.slice(start, n)));
        start += n;
    }
    parts
}

/// Writes rows in any order as one sorted file a day.
pub(super) async fn write_sorted(
    table: Table,
    batches: Vec<RecordBatch>,
) -> Result<Vec<DayFile>, StoreError> {
    let encode = move || {
        let batch = sorted_by_ts(&batches)?;
        by_day(&batch)
            .into_iter()
            .map(|(day, rows)| {
                let mut writer = DayWriter::new(table, day)?;
                writer.write(&rows)?;
                writer.finish()
            })
            .collect()
    };
    tokio::task::spawn_blocking(encode)
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
