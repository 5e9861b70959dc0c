//! One Delta table: its log, its files, its commits.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use deltalake::DeltaTableError;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Remove, StructType, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use object_store::path::Path as StorePath;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::parquet_file::DayFile;
use crate::disk::{CrashPoint, DurableStore};
use crate::schema::{DAY, Table};

/// A Parquet file of the table, with what pruning needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    /// Path under the table's folder.
    pub path: String,
    pub n_bytes: u64,
    pub n_rows: u64,
    /// Days since the epoch: the partition.
    pub day: i32,
    /// First and last event time, microseconds.
    pub ts: (i64, i64),
    /// First and last arrival time, microseconds.
    pub observed_ts: (i64, i64),
}

/// The statistics that a Delta `add` carries for us (Delta protocol, "Per-file Statistics").
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    num_records: u64,
    #[serde(default)]
    min_values: Times,
    #[serde(default)]
    max_values: Times,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Times {
    ts: Option<String>,
    observed_ts: Option<String>,
}

/// The table's log and the state after its last known commit.
pub(super) struct TableLog {
    table: Table,
    delta: deltalake::DeltaTable,
}

impl TableLog {
    /// Opens the table under `dir`, creating it when there is none.
    pub(super) async fn open(
        dir: &Path,
        table: Table,
        crash: CrashPoint,
    ) -> Result<Self, StoreError> {
        let folder = dir.join(table.name());
        crate::disk::create_private_dir(&folder).map_err(|source| StoreError::Folder {
            path: folder.clone(),
            source,
        })?;
        let delta = Self::open_delta(&folder, table, crash).await;
        Ok(Self {
            table,
            delta: delta.map_err(|source| StoreError::Delta {
                table: table.name(),
                source: Box::new(source),
            })?,
        })
    }

    async fn open_delta(
        folder: &Path,
        table: Table,
        crash: CrashPoint,
    ) -> Result<deltalake::DeltaTable, DeltaTableError> {
        let url = url::Url::from_directory_path(folder)
            .map_err(|()| DeltaTableError::InvalidTableLocation(folder.display().to_string()))?;
        let builder = deltalake::DeltaTableBuilder::from_url(url.clone())?
            .with_storage_backend(Arc::new(DurableStore::new(crash)), url);
        let mut delta = builder.build()?;
        if delta.verify_deltatable_existence().await? {
            delta.load().await?;
            return Ok(delta);
        }
        let schema: StructType = table.delta_schema().as_ref().try_into_kernel()?;
        delta
            .create()
            .with_table_name(table.name())
            .with_columns(schema.fields().cloned())
            .with_partition_columns([DAY])
            .with_save_mode(SaveMode::Ignore)
            .await
    }

    fn error(&self, source: DeltaTableError) -> StoreError {
        StoreError::Delta {
            table: self.table.name(),
            source: Box::new(source),
        }
    }

    /// The last transaction version that `app_id` committed, 0 when none.
    pub(super) async fn txn(&self, app_id: &str) -> Result<i64, StoreError> {
        let version = async {
            let snapshot = self.delta.snapshot()?;
            let log = self.delta.log_store();
            snapshot.transaction_version(log.as_ref(), app_id).await
        };
        let version = version.await.map_err(|e| self.error(e))?;
        Ok(version.unwrap_or(0))
    }

    /// The files of the last known commit, oldest rows first.
    pub(super) fn files(&self) -> Result<Vec<DataFile>, StoreError> {
        let snapshot = self.delta.snapshot().map_err(|e| self.error(e))?;
        let mut files: Vec<_> = snapshot
            .log_data()
            .into_iter()
            .map(|view| {
                let stats = view
                    .stats()
                    .and_then(|json| serde_json::from_str::<Stats>(&json).ok());
                data_file(
                    view.path().into_owned(),
                    u64::try_from(view.size()).unwrap_or(0),
                    stats,
                )
            })
            .collect();
        files.sort_by(|a, b| (a.ts, &a.path).cmp(&(b.ts, &b.path)));
        Ok(files)
    }

    /// Puts Parquet files into the table's folder; no reader sees them before [`TableLog::commit`].
    pub(super) async fn put_files(&self, files: Vec<DayFile>) -> Result<Vec<DataFile>, StoreError> {
        let mut added = Vec::with_capacity(files.len());
        for file in files {
            let name = uuid::Uuid::now_v7().simple();
            let path = format!("{DAY}={}/{name}.zstd.parquet", day_text(file.day));
            added.push(self.put_file(path, file).await?);
        }
        Ok(added)
    }

    /// The same with one file at a path of the caller's choice, in the folder of its day.
    pub(super) async fn put_file(
        &self,
        path: String,
        file: DayFile,
    ) -> Result<DataFile, StoreError> {
        let data_file = DataFile {
            path: path.clone(),
            n_bytes: file.bytes.len() as u64,
            n_rows: file.n_rows,
            day: file.day,
            ts: file.ts,
            observed_ts: file.observed_ts,
        };
        let location = StorePath::from(path.as_str());
        let put = self.delta.object_store();
        let put = put.put(&location, PutPayload::from(file.bytes)).await;
        put.map_err(|source| StoreError::Write {
            table: self.table.name(),
            path,
            source,
        })?;
        Ok(data_file)
    }

    /// Commits a change of files, under the application transaction `(app id, version)` when given.
    pub(super) async fn commit(
        &mut self,
        added: Vec<DataFile>,
        removed: Vec<DataFile>,
        txn: Option<(&str, i64)>,
    ) -> Result<(), StoreError> {
        let rewrites = !removed.is_empty() && !added.is_empty();
        let now_ms = crate::time::now_us() / 1000;
        let adds = added
            .iter()
            .map(|file| Action::Add(add_action(file, now_ms, !rewrites)));
        let removes = removed
            .iter()
            .map(|file| Action::Remove(remove_action(file, now_ms, !rewrites)));
        let actions = adds.chain(removes).collect();
        let mut properties = CommitProperties::default();
        if let Some((app_id, version)) = txn {
            properties = properties.with_application_transaction(Transaction::new(app_id, version));
        }
        let committed = async {
            let operation = DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec![DAY.into()]),
                predicate: None,
            };
            let snapshot = self.delta.snapshot()?;
            CommitBuilder::from(properties)
                .with_actions(actions)
                .build(Some(snapshot), self.delta.log_store(), operation)
                .await
        };
        let committed = committed.await.map_err(|e| self.error(e))?;
        self.delta.state = Some(committed.snapshot());
        Ok(())
    }

    /// Deletes files that a commit removed longer ago than `keep`.
    pub(super) async fn vacuum(&self, keep: chrono::TimeDelta) -> Result<usize, StoreError> {
        let vacuum = self.delta.clone().vacuum().with_retention_period(keep);
        let (_, metrics) = vacuum
            .with_enforce_retention_duration(false)
            .await
            .map_err(|e| self.error(e))?;
        Ok(metrics.files_deleted.len())
    }

    /// The store that holds the table's files.
    pub(super) fn object_store(&self) -> Arc<dyn object_store::ObjectStore> {
        self.delta.object_store()
    }
}

fn data_file(path: String, n_bytes: u64, stats: Option<Stats>) -> DataFile {
    let day = path
        .strip_prefix("day=")
        .and_then(|rest| rest.get(..10))
        .and_then(|text| text.parse::<chrono::NaiveDate>().ok())
        .map_or(0, days_of);
    let everything = (i64::MIN, i64::MAX);
    let range = |low: Option<&String>, high: Option<&String>| match (low, high) {
        (Some(low), Some(high)) => (
            micros(low).unwrap_or(i64::MIN),
            micros(high).unwrap_or(i64::MAX),
        ),
        _ => everything,
    };
    let (ts, observed_ts) = stats.as_ref().map_or((everything, everything), |s| {
        (
            range(s.min_values.ts.as_ref(), s.max_values.ts.as_ref()),
            range(
                s.min_values.observed_ts.as_ref(),
                s.max_values.observed_ts.as_ref(),
            ),
        )
    });
    DataFile {
        path,
        n_bytes,
        n_rows: stats.map_or(0, |s| s.num_records),
        day,
        ts,
        observed_ts,
    }
}

fn add_action(file: &DataFile, now_ms: i64, data_change: bool) -> Add {
    let times = |ts, observed_ts| Times {
        ts: rfc3339(ts),
        observed_ts: rfc3339(observed_ts),
    };
    let stats = Stats {
        num_records: file.n_rows,
        min_values: times(file.ts.0, file.observed_ts.0),
        max_values: times(file.ts.1, file.observed_ts.1),
    };
    Add {
        path: file.path.clone(),
        partition_values: partition_of(file),
        size: i64::try_from(file.n_bytes).unwrap_or(i64::MAX),
        modification_time: now_ms,
        data_change,
        stats: serde_json::to_string(&stats).ok(),
        ..Add::default()
    }
}

fn remove_action(file: &DataFile, now_ms: i64, data_change: bool) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(now_ms),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_of(file)),
        size: i64::try_from(file.n_bytes).ok(),
        ..Remove::default()
    }
}

fn partition_of(file: &DataFile) -> HashMap<String, Option<String>> {
    HashMap::from([(DAY.into(), Some(day_text(file.day)))])
}

fn days_of(date: chrono::NaiveDate) -> i32 {
    let days = date.signed_duration_since(chrono::NaiveDate::default());
    i32::try_from(days.num_days()).unwrap_or(0)
}

/// `2026-11-23` for days since the epoch.
pub(super) fn day_text(day: i32) -> String {
    let date = chrono::NaiveDate::default() + chrono::TimeDelta::days(i64::from(day));
    date.to_string()
}

fn rfc3339(us: i64) -> Option<String> {
    DateTime::from_timestamp_micros(us).map(|t| t.to_rfc3339_opts(SecondsFormat::Micros, true))
}

fn micros(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|t| t.timestamp_micros())
}
