//! Compaction: the many small files that flushes leave become few large ones, sorted by `ts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use object_store::ObjectStoreExt;
use object_store::path::Path as StorePath;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::delta::DataFile;
use super::parquet_file::write_sorted;
use super::{Store, StoreError};
use crate::schema::Table;

/// A day with this many small files is worth rewriting.
const SMALL_FILES_MIN: usize = 8;
/// Files above this are left alone.
const SMALL_BYTES_MAX: u64 = 16 << 20;
/// Bytes of files read in one go; decoded rows take some ten times as much memory.
const READ_BYTES_MAX: u64 = 24 << 20;
/// Removed files stay this long for readers that still hold an older view.
const KEEP_REMOVED: chrono::TimeDelta = chrono::TimeDelta::hours(1);

impl Store {
    /// Rewrites the days that have gathered small files and deletes files replaced long ago.
    /// Returns how many files became fewer.
    pub async fn compact(&self) -> Result<usize, StoreError> {
        let _changing = self.inner.changing.lock().await;
        let mut n_replaced = 0;
        for slot in &self.inner.slots {
            // A rollup goes with the file it was made from.
            let view = match slot.table {
                Table::Rollups => super::View::default(),
                _ => slot.view(),
            };
            for files in crowded_days(&view.files) {
                n_replaced += files.len();
                self.rewrite(slot.table, files).await?;
            }
            slot.log.lock().await.vacuum(KEEP_REMOVED).await?;
        }
        Ok(n_replaced)
    }

    async fn rewrite(&self, table: Table, files: Vec<DataFile>) -> Result<(), StoreError> {
        let slot = self.slot(table);
        let mut log = slot.log.lock().await;
        let mut batches = Vec::new();
        for file in &files {
            batches.extend(read_file(table, log.object_store(), file).await?);
        }
        let added = log.put_files(write_sorted(table, batches).await?).await?;
        log.commit(added, files, None).await?;
        let files = Arc::new(log.files()?);
        slot.change_view(|view| view.files = files);
        Ok(())
    }
}

/// Small files by day, as many as may be read at once.
fn crowded_days(files: &[DataFile]) -> Vec<Vec<DataFile>> {
    let mut days: BTreeMap<i32, Vec<DataFile>> = BTreeMap::new();
    let mut bytes = 0;
    for file in files.iter().filter(|file| file.n_bytes < SMALL_BYTES_MAX) {
        bytes += file.n_bytes;
        if bytes > READ_BYTES_MAX {
            break;
        }
        days.entry(file.day).or_default().push(file.clone());
    }
    days.into_values()
        .filter(|files| files.len() >= SMALL_FILES_MIN)
        .collect()
}

pub(super) async fn read_file(
    table: Table,
    store: Arc<dyn object_store::ObjectStore>,
    file: &DataFile,
) -> Result<Vec<RecordBatch>, StoreError> {
    let parquet = |source| StoreError::Parquet {
        table: table.name(),
        source,
    };
    let path = StorePath::from(file.path.as_str());
    let bytes = async { store.get(&path).await?.bytes().await };
    let bytes = bytes.await.map_err(|source| StoreError::Read {
        table: table.name(),
        path: file.path.clone(),
        source,
    })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(parquet)?;
    let reader = builder.build().map_err(parquet)?;
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    let schema = table.file_schema();
    let without_zone = |batch: RecordBatch| {
        let columns = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(column, field)| arrow::compute::cast(column, field.data_type()));
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
    };
    batches
        .into_iter()
        .map(|batch| without_zone(batch).map_err(StoreError::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(i32, u64)], expected: &[(i32, usize)]) {
        let files: Vec<_> = files
            .iter()
            .map(|&(day, n_bytes)| DataFile {
                path: String::new(),
                n_bytes,
                n_rows: 1,
                day,
                ts: (0, 0),
                observed_ts: (0, 0),
            })
            .collect();
        let days: Vec<_> = crowded_days(&files)
            .iter()
            .map(|files| (files[0].day, files.len()))
            .collect();
        assert_eq!(days, expected);
    }

    #[test]
    fn only_days_with_many_small_files_are_rewritten() {
        check(&[], &[]);
        check(&[(1, 10); 7], &[]);
        check(&[(1, 10); 8], &[(1, 8)]);
        check(&[(1, SMALL_BYTES_MAX); 20], &[]);
        let two_days: Vec<_> = (0..18).map(|i| (i / 9, 10)).collect();
        check(&two_days, &[(0, 9), (1, 9)]);
    }
}
