//! The tables as DataFusion sees them.
//!
//! Files come from the store's view with their statistics and are read by a plain Parquet scan, which
//! distributed engines can serialise; fresh rows are a memory scan beside it. Measured on 4.6 M rows this
//! takes half the time of deltalake's own provider on short queries.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, RecordBatch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{
    ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics, TableReference, ToDFSchema,
};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableType, provider_as_source};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableProviderFilterPushDown};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use object_store::ObjectMeta;

use super::state_tables;
use crate::batch::day_of;
use crate::schema::{self, Table};
use crate::store::{DataFile, Store, View};

/// The schema `public`: the store's tables at the instant when a query began, however often it names one.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    store: Store,
    views: [View; Table::ALL.len()],
}

impl Tables {
    pub(super) fn new(store: Store) -> Self {
        // The rollups come last in the list and first here: one that is made meanwhile is of a file in `logs`.
        let mut views = Table::ALL.map(|_| View::default());
        for table in Table::ALL.into_iter().rev() {
            views[table as usize] = store.view(table);
        }
        Self { store, views }
    }

    /// What this query sees of a table.
    pub(super) fn view(&self, table: Table) -> &View {
        &self.views[table as usize]
    }

    fn provider(&self, table: Table, view: View) -> Result<Arc<dyn TableProvider>> {
        let folder = self.store.dir().join(table.name());
        Ok(Arc::new(StoreTable::new(table, view, folder)?))
    }

    /// A scan of some files and rows of a table.
    pub(super) fn scan(&self, table: Table, view: View) -> Result<LogicalPlanBuilder> {
        let source = provider_as_source(self.provider(table, view)?);
        LogicalPlanBuilder::scan(table.name(), source, None)
    }
}

#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        let stored = Table::ALL.iter().map(|table| table.name());
        stored
            .chain(state_tables::names())
            .map(str::to_owned)
            .collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = Table::ALL.into_iter().find(|table| table.name() == name) {
            return self.provider(table, self.view(table).clone()).map(Some);
        }
        state_tables::read(&self.store, name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|known| known == name)
    }
}

/// The table of the store that a scan of this name reads.
pub(super) fn stored_table_name(name: &TableReference) -> Option<Table> {
    Table::ALL
        .into_iter()
        .find(|table| table.name() == name.table())
}

/// One table of the store, frozen at the view that was current when the query was planned.
#[derive(Debug)]
struct StoreTable {
    table: Table,
    schema: SchemaRef,
    view: View,
    root: object_store::path::Path,
}

impl StoreTable {
    fn new(table: Table, view: View, folder: std::path::PathBuf) -> Result<Self> {
        Ok(Self {
            table,
            schema: table.sql_schema(),
            view,
            root: object_store::path::Path::from_absolute_path(folder)
                .map_err(|error| DataFusionError::External(error.into()))?,
        })
    }

    fn statistics_of(&self, file: &DataFile) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = exact_usize(file.n_rows);
        statistics.total_byte_size = exact_usize(file.n_bytes);
        let times = [
            (schema::TS, file.ts),
            (schema::OBSERVED_TS, file.observed_ts),
        ];
        for (name, (low, high)) in times {
            if let Ok(index) = self.schema.index_of(name) {
                let time = |us| Precision::Exact(ScalarValue::TimestampMicrosecond(Some(us), None));
                statistics.column_statistics[index] = range(time(low), time(high));
            }
        }
        if let Ok(index) = self.schema.index_of(schema::DAY) {
            let day = || Precision::Exact(ScalarValue::Date32(Some(file.day)));
            statistics.column_statistics[index] = range(day(), day());
        }
        statistics
    }

    /// The files that may hold rows for which the filter is true.
    fn prune(
        &self,
        filter: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Result<Vec<(DataFile, Arc<Statistics>)>> {
        let files: Vec<_> = self
            .view
            .files
            .iter()
            .map(|file| (file.clone(), Arc::new(self.statistics_of(file))))
            .collect();
        let Some(filter) = filter else {
            return Ok(files);
        };
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(Arc::clone(&self.schema))
            .try_build(Arc::clone(filter))?;
        let statistics = files
            .iter()
            .map(|(_, statistics)| Arc::clone(statistics))
            .collect();
        let keep = predicate.prune(&PrunableStatistics::new(
            statistics,
            Arc::clone(&self.schema),
        ))?;
        let kept = files.into_iter().zip(keep).filter(|(_, keep)| *keep);
        Ok(kept.map(|(file, _)| file).collect())
    }

    fn scan_files(
        &self,
        state: &dyn Session,
        files: Vec<(DataFile, Arc<Statistics>)>,
        projection: Option<&Vec<usize>>,
        filter: Option<Arc<dyn PhysicalExpr>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files: Vec<_> = files
            .into_iter()
            .map(|(file, statistics)| {
                let meta = ObjectMeta {
                    location: file
                        .path
                        .split('/')
                        .fold(self.root.clone(), |path, part| path.join(part)),
                    last_modified: chrono::DateTime::default(),
                    size: file.n_bytes,
                    e_tag: None,
                    version: None,
                };
                PartitionedFile::new_from_meta(meta)
                    .with_partition_values(vec![ScalarValue::Date32(Some(file.day))])
                    .with_statistics(statistics)
            })
            .collect();
        let table_schema = TableSchema::builder(self.table.file_schema())
            .with_table_partition_cols(vec![Arc::new(schema::day())])
            .build();
        // Files never change under their name, so what their ends say is read once.
        let env = state.runtime_env();
        let readers = CachedParquetFileReaderFactory::new(
            env.object_store(ObjectStoreUrl::local_filesystem())?,
            env.cache_manager.get_file_metadata_cache(),
        );
        let mut source =
            ParquetSource::new(table_schema).with_parquet_file_reader_factory(Arc::new(readers));
        if let Some(filter) = filter {
            source = source.with_predicate(filter);
        }
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
                .with_file_groups(
                    FileGroup::new(files).split_files(state.config().target_partitions()),
                )
                .with_projection_indices(projection.cloned())?
                .with_limit(limit)
                .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn scan_fresh(&self, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let batches = self.view.fresh.batches();
        let with_day = batches.iter().map(|batch| with_day(batch, &self.schema));
        let batches = with_day.collect::<Result<Vec<_>>>()?;
        let plan = MemorySourceConfig::try_new_exec(
            &[batches],
            Arc::clone(&self.schema),
            projection.cloned(),
        )?;
        Ok(plan)
    }
}

fn range(min: Precision<ScalarValue>, max: Precision<ScalarValue>) -> ColumnStatistics {
    ColumnStatistics {
        null_count: Precision::Exact(0),
        min_value: min,
        max_value: max,
        ..ColumnStatistics::new_unknown()
    }
}

fn exact_usize(n: u64) -> Precision<usize> {
    usize::try_from(n).map_or(Precision::Absent, Precision::Exact)
}

fn with_day(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let ts = batch
        .column_by_name(schema::TS)
        .expect("every table has ts")
        .as_primitive::<TimestampMicrosecondType>();
    let days = Date32Array::from_iter(ts.iter().map(|ts| ts.map(day_of)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(days) as ArrayRef);
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

#[async_trait]
impl TableProvider for StoreTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let df_schema = Arc::clone(&self.schema).to_dfschema()?;
        let filter = conjunction(filters.to_vec());
        let filter = filter.map(|filter| state.create_physical_expr(filter, &df_schema));
        let filter = filter.transpose()?;
        let files = self.prune(filter.as_ref())?;
        let mut parts = Vec::new();
        if !files.is_empty() {
            parts.push(self.scan_files(state, files, projection, filter, limit)?);
        }
        if self.view.fresh.n_rows() > 0 || parts.is_empty() {
            parts.push(self.scan_fresh(projection)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                UnionExec::try_new(parts)
            }
            None => Err(DataFusionError::Internal("a scan without parts".into())),
        }
    }
}
