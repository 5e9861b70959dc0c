//! Counting requests by place and time without reading them: an aggregate over `logs` is answered from the
//! rollups where they say exactly the same.
//!
//! A rollup's row stands for all requests of a bucket of time, a place and a class of status. It may take their
//! place in a plan when everything the plan asks of a row is the same for all of them: the place, the class
//! (`status >= 500`, `status IS NOT NULL`), and the time only as far as the bucket tells it. Each time that `ts`
//! is compared with is a cut: the bucket that a cut falls into is left, for the next finer grain, and at last
//! for the rows themselves. So any window, to the microsecond, gets the answer that the rows give; `count(*)`
//! becomes a sum of counts. Rows that no rollup holds are read as they are, beside them.
//!
//! What is not known to be safe leaves the plan as it was.

mod reading;
mod source;

use std::cell::LazyCell;
use std::ops::Deref;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::sum::sum;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    Aggregate, Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, lit,
};

use self::reading::{Reading, asked};
use self::source::{Parts, source};
use super::table::{Tables, stored_table_name};
use crate::schema::Table;

const US_PER_SECOND: i64 = 1_000_000;
/// The column that says how many requests a row stands for.
const WEIGHT: &str = "__n";

/// Lets the aggregates of the plan count rollups where that gives the same answer.
pub(super) fn rewrite(plan: LogicalPlan, tables: &Tables) -> Result<LogicalPlan> {
    if tables.view(Table::Rollups).files.is_empty() {
        return Ok(plan);
    }
    let parts = LazyCell::new(|| Parts::of(tables));
    let rewritten = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Aggregate(aggregate) = &node else {
            return Ok(Transformed::no(node));
        };
        match counted(aggregate, tables, &parts) {
            Ok(Some(counted)) => Ok(Transformed::yes(counted)),
            Ok(None) => Ok(Transformed::no(node)),
            Err(error) => {
                tracing::debug!(%error, "a count cannot come from rollups");
                Ok(Transformed::no(node))
            }
        }
    })?;
    match rewritten.transformed {
        // The columns of what stands above are found anew.
        true => rewritten
            .data
            .transform_up_with_subqueries(|node| Ok(Transformed::yes(node.recompute_schema()?)))
            .map(|done| done.data),
        false => Ok(rewritten.data),
    }
}

/// An aggregate that counts rollups; none where they cannot give the same answer.
fn counted(
    aggregate: &Aggregate,
    tables: &Tables,
    parts: &impl Deref<Target = Parts>,
) -> Result<Option<LogicalPlan>> {
    // From the aggregate down to the scan, one input each.
    let mut chain = Vec::new();
    let mut node = aggregate.input.as_ref();
    let name = loop {
        match node {
            LogicalPlan::Filter(_) | LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => {
                chain.push(node);
                node = node.inputs()[0];
            }
            LogicalPlan::TableScan(scan)
                if stored_table_name(&scan.table_name) == Some(Table::Logs)
                    && scan.filters.is_empty()
                    && scan.fetch.is_none() =>
            {
                break scan.table_name.clone();
            }
            _ => return Ok(None),
        }
    };
    chain.reverse();
    let Some(needs) = Reading::of(node.schema(), &chain, aggregate) else {
        return Ok(None);
    };
    let mut plan = source(&name, &needs, tables, parts)?;
    for node in chain {
        let weight = weight_of(&plan);
        plan = match node {
            LogicalPlan::Filter(filter) => {
                let asked = asked(&filter.predicate).cloned();
                LogicalPlanBuilder::from(plan)
                    .filter(conjunction(asked).unwrap_or_else(|| lit(true)))?
            }
            LogicalPlan::SubqueryAlias(alias) => {
                LogicalPlanBuilder::from(plan).alias(alias.alias.clone())?
            }
            LogicalPlan::Projection(projection) => {
                let columns = projection
                    .expr
                    .iter()
                    .cloned()
                    .chain([Expr::Column(weight)]);
                LogicalPlanBuilder::from(plan).project(columns)?
            }
            _ => unreachable!("only these are gathered"),
        }
        .build()?;
    }
    let weight = weight_of(&plan);
    let sums = (0..)
        .zip(&aggregate.aggr_expr)
        .map(|(number, expr): (usize, _)| Ok(weighed(expr, &weight)?.alias(format!("__{number}"))));
    let plan = LogicalPlanBuilder::from(plan).aggregate(
        aggregate.group_expr.clone(),
        sums.collect::<Result<Vec<_>>>()?,
    )?;
    let plan = plan.build()?;
    let n_groups = aggregate.group_expr.len();
    let (old, new) = (aggregate.schema.columns(), plan.schema().columns());
    let named = old
        .into_iter()
        .zip(new)
        .enumerate()
        .map(|(position, (old, new))| {
            let value = Expr::Column(new);
            // A count of nothing is zero, a sum of nothing is null.
            let value =
                match position >= n_groups && is_count(&aggregate.aggr_expr[position - n_groups]) {
                    true => coalesce(vec![value, lit(0_i64)]),
                    false => value,
                };
            value.alias_qualified(old.relation, old.name)
        });
    LogicalPlanBuilder::from(plan)
        .project(named.collect::<Vec<_>>())?
        .build()
        .map(Some)
}

/// The column that says how many requests a row stands for.
fn weight_of(plan: &LogicalPlan) -> Column {
    let mut columns = plan.schema().columns().into_iter();
    columns
        .find(|column| column.name == WEIGHT)
        .unwrap_or_else(|| Column::from_name(WEIGHT))
}

fn is_count(expr: &Expr) -> bool {
    matches!(expr.clone().unalias(), Expr::AggregateFunction(function) if function.func.name() == "count" && !function.params.distinct)
}

/// `count(*) FILTER (...)` as a sum of counts; other aggregates stay.
fn weighed(expr: &Expr, weight: &Column) -> Result<Expr> {
    let Expr::AggregateFunction(AggregateFunction { params, .. }) = expr.clone().unalias() else {
        return Ok(expr.clone());
    };
    if !is_count(expr) {
        return Ok(expr.clone());
    }
    let counted = params
        .args
        .into_iter()
        .find(|arg| !matches!(arg, Expr::Literal(..)));
    let conditions = counted
        .map(Expr::is_not_null)
        .into_iter()
        .chain(params.filter.map(|filter| *filter));
    let condition = conditions.reduce(Expr::and);
    let total = sum(Expr::Column(weight.clone()));
    match condition {
        Some(condition) => total.filter(condition).build(),
        None => Ok(total),
    }
}
