//! What a query would give, known without any data: the same tables, functions and guard, and no rows.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;

use super::{QueryError, STACK_BYTES, base_state, explain, guard, state_tables, with_tables};
use crate::enrich::geoip::GeoIp;
use crate::schema::Table;

/// Plans queries and runs none.
pub struct Planner {
    base: SessionState,
}

/// The tables with their columns.
#[derive(Debug)]
struct Columns;

#[async_trait]
impl SchemaProvider for Columns {
    fn table_names(&self) -> Vec<String> {
        let stored = Table::ALL.iter().map(|table| table.name());
        let all = stored.chain(state_tables::names());
        all.map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let stored = Table::ALL.into_iter().find(|table| table.name() == name);
        let schema = match stored {
            Some(table) => Some(table.sql_schema()),
            None => state_tables::schema(name),
        };
        Ok(schema.map(|schema| Arc::new(EmptyTable::new(schema)) as Arc<dyn TableProvider>))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|known| known == name)
    }
}

impl Planner {
    /// Makes the planner; reads nothing.
    pub fn new() -> anyhow::Result<Self> {
        let (geo, _) = GeoIp::open(&[], None);
        let base = base_state(&Arc::new(RuntimeEnv::default()), &Arc::new(geo))?;
        Ok(Self { base })
    }

    /// The columns that a query gives, or why it cannot be run.
    pub fn columns(&self, sql: &str) -> std::result::Result<Vec<String>, QueryError> {
        guard::check_text(sql)?;
        // Deep plans recurse; a thread of its own has room for them.
        let plan = || futures::executor::block_on(self.plan(sql));
        let planned = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let thread = thread.spawn_scoped(scope, plan);
            let thread = thread.map_err(|error| DataFusionError::External(error.into()))?;
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        planned.map_err(|error| explain(error, 0))
    }

    async fn plan(&self, sql: &str) -> Result<Vec<String>> {
        let context = with_tables(self.base.clone(), Arc::new(Columns))?;
        let state = context.state();
        let plan = state.create_logical_plan(sql).await?;
        guard::check_plan(&plan)?;
        let plan = state.optimize(&plan)?;
        let fields = plan.schema().fields().iter();
        Ok(fields.map(|field| field.name().clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::saved::SavedQueries;

    #[test]
    fn every_shipped_query_can_be_planned_without_data() {
        let (planner, queries) = (Planner::new().unwrap(), SavedQueries::default());
        for name in queries.names() {
            let query = queries.get(&name).unwrap();
            let sql = query.bind(&query.samples()).unwrap();
            let columns = planner.columns(&sql);
            assert!(columns.is_ok_and(|all| !all.is_empty()), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_said() {
        let planner = Planner::new().unwrap();
        let deep = format!("SELECT {}1", "1 + ".repeat(20_000));
        let rows = [
            ("SELEC 1", "Expected"),
            ("SELECT contry FROM logs", "contry"),
            ("SELECT upper(count(*), 1) FROM logs", "upper"),
            ("SELECT * FROM lgos", "lgos"),
            ("DELETE FROM logs", "only SELECT"),
            (deep.as_str(), ""),
        ];
        for (sql, expected) in rows {
            let error = planner.columns(sql).map_err(|error| error.to_string());
            match error {
                Err(error) => assert!(error.contains(expected), "{error}"),
                Ok(_) => assert!(expected.is_empty(), "{sql}"),
            }
        }
    }
}
