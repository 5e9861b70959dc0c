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

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, Result, ScalarValue, TableReference};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::sum::sum;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::{conjunction, disjunction, split_conjunction};
use datafusion::logical_expr::{
    Aggregate, Between, BinaryExpr, Cast, Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder,
    Operator, lit, not,
};

use super::table::{Tables, stored_table_name};
use super::windows::instant;
use crate::schema::{self, Table};
use crate::store::{GRAINS_S, View, level_of_place};

/// Times that a plan may compare with; more are no window that a person asks for.
const CUTS_MAX: usize = 16;
const US_PER_SECOND: i64 = 1_000_000;
/// The column that says how many requests a row stands for.
const WEIGHT: &str = "__n";

/// Lets the aggregates of the plan count rollups where that gives the same answer.
pub(super) fn rewrite(plan: LogicalPlan, tables: &Tables) -> Result<LogicalPlan> {
    let parts = Parts::of(tables);
    if parts.rollups.files.is_empty() {
        return Ok(plan);
    }
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

/// The files of `logs` that have a rollup, their rollups, and all other rows: together each row once.
struct Parts {
    rollups: View,
    rolled: View,
    rest: View,
}

impl Parts {
    fn of(tables: &Tables) -> Self {
        let (rollups, logs) = (tables.view(Table::Rollups), tables.view(Table::Logs));
        let live: HashSet<&str> = logs.files.iter().map(|file| file.path.as_str()).collect();
        let only = |view: &View, keep: &dyn Fn(&str) -> bool| View {
            files: Arc::new(
                view.files
                    .iter()
                    .filter(|file| keep(&file.path))
                    .cloned()
                    .collect(),
            ),
            ..View::default()
        };
        let known: HashSet<&str> = rollups
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        Self {
            rollups: only(rollups, &|path| live.contains(path)),
            rolled: only(logs, &|path| known.contains(path)),
            rest: View {
                fresh: logs.fresh.clone(),
                ..only(logs, &|path| !known.contains(path))
            },
        }
    }
}

/// What is known of a column on the way from the scan up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The same for all rows of a cell; the level of the place that it needs.
    Exact(i8),
    Time,
    Status,
    /// A coordinate: only its maximum is known.
    Coordinate,
}

/// What the plan asks of the rollups.
#[derive(Debug, Default)]
struct Needs {
    cuts: BTreeSet<i64>,
    /// Longest bucket that tells what is asked of the time.
    grain_s: Option<i32>,
    level: i8,
}

impl Needs {
    fn at_most(&mut self, grain_s: i32) {
        self.grain_s = Some(self.grain_s.map_or(grain_s, |known| known.min(grain_s)));
    }
}

/// Columns with what is known of each.
type Kinds = HashMap<Column, Kind>;

/// An aggregate that counts rollups; none where they cannot give the same answer.
fn counted(aggregate: &Aggregate, tables: &Tables, parts: &Parts) -> Result<Option<LogicalPlan>> {
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

/// The rows of `logs` as far as the plan looks at them, most of them as rollups.
fn source(
    name: &TableReference,
    needs: &Needs,
    tables: &Tables,
    parts: &Parts,
) -> Result<LogicalPlan> {
    let time = |us: i64| lit(ScalarValue::TimestampMicrosecond(Some(us), None));
    let ts = || Expr::Column(Column::from_name(schema::TS));
    let within = |starts: &BTreeSet<i64>, length_us: i64| {
        let within = starts.iter().map(|start| {
            ts().gt_eq(time(*start))
                .and(ts().lt(time(start + length_us)))
        });
        disjunction(within).unwrap_or_else(|| lit(false))
    };
    // Buckets that a cut falls into are left to the next finer grain.
    let mut grains = Vec::new();
    let mut left: Option<Expr> = None;
    for grain_s in GRAINS_S
        .into_iter()
        .filter(|grain_s| needs.grain_s.is_none_or(|most| *grain_s <= most))
    {
        let length_us = i64::from(grain_s) * US_PER_SECOND;
        let start = |cut: i64| cut.div_euclid(length_us) * length_us;
        let broken: BTreeSet<i64> = needs
            .cuts
            .iter()
            .filter(|cut| start(**cut) != **cut)
            .map(|cut| start(*cut))
            .collect();
        let broken = within(&broken, length_us);
        let mut these = Expr::Column(Column::from_name(schema::GRAIN_S)).eq(lit(grain_s));
        these = these.and(not(broken.clone()));
        if let Some(left) = left {
            these = these.and(left);
        }
        grains.push(these);
        left = Some(broken);
    }
    let level = Expr::Column(Column::from_name(schema::LEVEL_OF_PLACE)).eq(lit(needs.level));
    let columns = [
        schema::TS,
        schema::STATUS,
        schema::COUNTRY,
        schema::REGION,
        schema::CITY,
        schema::LAT,
        schema::LON,
    ];
    let columns = || columns.map(|name| Expr::Column(Column::from_name(name)));
    let rows = |view: &View, filter: Option<Expr>| {
        let mut rows = tables.scan(Table::Logs, view.clone())?;
        if let Some(filter) = filter {
            rows = rows.filter(filter)?;
        }
        rows.project(columns().into_iter().chain([lit(1_i64).alias(WEIGHT)]))?
            .build()
    };
    let n = Expr::Column(Column::from_name(schema::N)).alias(WEIGHT);
    let rolled = tables
        .scan(Table::Rollups, parts.rollups.clone())?
        .filter(level.and(disjunction(grains).unwrap_or_else(|| lit(false))))?
        .project(columns().into_iter().chain([n]))?;
    let plan = rolled
        .union(rows(
            &parts.rolled,
            Some(left.unwrap_or_else(|| lit(true))),
        )?)?
        .union(rows(&parts.rest, None)?)?;
    plan.alias(name.clone())?.build()
}

/// Reads a plan from its scan up: whether a cell may stand for its rows, and what is asked of it.
struct Reading {
    needs: RefCell<Needs>,
}

impl Reading {
    fn of(scan: &DFSchemaRef, chain: &[&LogicalPlan], aggregate: &Aggregate) -> Option<Needs> {
        let reading = Self {
            needs: RefCell::default(),
        };
        let mut kinds: Kinds = scan
            .columns()
            .into_iter()
            .filter_map(|column| Some((column.clone(), kind_of(&column.name)?)))
            .collect();
        let mut has_status = false;
        for node in chain {
            match node {
                LogicalPlan::Filter(filter) => {
                    let mut parts = asked(&filter.predicate);
                    if !parts.all(|part| reading.is_exact(part, &kinds)) {
                        return None;
                    }
                    // Rows without a status are in no rollup.
                    has_status |= split_conjunction(&filter.predicate)
                        .into_iter()
                        .any(|part| is_about_status(part, &kinds));
                }
                LogicalPlan::Projection(projection) => {
                    let mut above = Kinds::new();
                    for (expr, column) in projection.expr.iter().zip(projection.schema.columns()) {
                        let kind = match expr.clone().unalias() {
                            Expr::Column(below) => *kinds.get(&below)?,
                            other => reading.exact_level(&other, &kinds)?,
                        };
                        above.insert(column, kind);
                    }
                    kinds = above;
                }
                LogicalPlan::SubqueryAlias(alias) => {
                    let columns = node.inputs()[0]
                        .schema()
                        .columns()
                        .into_iter()
                        .zip(alias.schema.columns());
                    kinds = columns
                        .filter_map(|(below, above)| Some((above, *kinds.get(&below)?)))
                        .collect();
                }
                _ => return None,
            }
        }
        let is_fine = has_status
            && aggregate
                .group_expr
                .iter()
                .all(|expr| reading.is_exact(expr, &kinds))
            && aggregate
                .aggr_expr
                .iter()
                .all(|expr| reading.is_countable(expr, &kinds));
        let needs = reading.needs.into_inner();
        (is_fine && needs.cuts.len() <= CUTS_MAX).then_some(needs)
    }

    /// The kind of an expression that is the same for all rows of a cell.
    fn exact_level(&self, expr: &Expr, kinds: &Kinds) -> Option<Kind> {
        self.is_exact(expr, kinds).then_some(Kind::Exact(0))
    }

    /// Whether the expression is the same for all rows of a cell; notes what that takes.
    fn is_exact(&self, expr: &Expr, kinds: &Kinds) -> bool {
        if self.is_about_time(expr, kinds) || is_about_status(expr, kinds) {
            return true;
        }
        match expr {
            Expr::Column(column) => match kinds.get(column) {
                Some(Kind::Exact(level)) => {
                    let mut needs = self.needs.borrow_mut();
                    needs.level = needs.level.max(*level);
                    true
                }
                _ => false,
            },
            Expr::Literal(..) => true,
            Expr::ScalarFunction(_) if expr.is_volatile_node() => false,
            Expr::Alias(_)
            | Expr::BinaryExpr(_)
            | Expr::Like(_)
            | Expr::Not(_)
            | Expr::IsNotNull(_)
            | Expr::IsNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_)
            | Expr::Negative(_)
            | Expr::Between(_)
            | Expr::Case(_)
            | Expr::Cast(_)
            | Expr::TryCast(_)
            | Expr::InList(_)
            | Expr::ScalarFunction(_) => {
                let mut all = true;
                let walked = expr.apply_children(|child| {
                    all &= self.is_exact(child, kinds);
                    Ok(if all {
                        TreeNodeRecursion::Continue
                    } else {
                        TreeNodeRecursion::Stop
                    })
                });
                all && walked.is_ok()
            }
            _ => false,
        }
    }

    /// Whether the expression asks of the time what a bucket can tell; notes the cuts and the grain.
    fn is_about_time(&self, expr: &Expr, kinds: &Kinds) -> bool {
        let is_time = |expr: &Expr| matches!(expr, Expr::Column(column) if kinds.get(column) == Some(&Kind::Time));
        let cut = |at: Option<i64>| match at {
            Some(at) => {
                self.needs.borrow_mut().cuts.insert(at);
                true
            }
            None => false,
        };
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (time, op) = match (is_time(left), is_time(right)) {
                    (true, false) => (right, Some(*op)),
                    (false, true) => (left, op.swap()),
                    (false, false) => return self.is_division_of_time(left, *op, right, kinds),
                    (true, true) => return false,
                };
                match op {
                    Some(Operator::GtEq | Operator::Lt) => cut(instant(time)),
                    Some(Operator::Gt | Operator::LtEq) => cut(instant(time).map(|us| us + 1)),
                    _ => false,
                }
            }
            Expr::Between(Between {
                expr, low, high, ..
            }) if is_time(expr) => cut(instant(low)) && cut(instant(high).map(|us| us + 1)),
            Expr::ScalarFunction(function) => {
                let [Expr::Literal(unit, _), time] = function.args.as_slice() else {
                    return false;
                };
                let unit = unit.try_as_str().flatten().map(str::to_lowercase);
                let grain_s = match (function.name(), unit.as_deref()) {
                    ("date_trunc", Some("minute")) | ("date_part", Some("minute")) => 60,
                    ("date_trunc" | "date_part", Some("hour")) => 3600,
                    (
                        "date_trunc" | "date_part",
                        Some("day" | "week" | "month" | "quarter" | "year"),
                    ) => 86_400,
                    ("date_part", Some("dow" | "isodow" | "doy")) => 86_400,
                    _ => return false,
                };
                if is_time(time) {
                    self.needs.borrow_mut().at_most(grain_s);
                }
                is_time(time)
            }
            _ => false,
        }
    }

    /// `CAST(ts AS BIGINT) / 300000000`: buckets of the asker's own length.
    fn is_division_of_time(&self, left: &Expr, op: Operator, right: &Expr, kinds: &Kinds) -> bool {
        let Expr::Cast(Cast { expr, field }) = left else {
            return false;
        };
        let is_time =
            matches!(expr.as_ref(), Expr::Column(column) if kinds.get(column) == Some(&Kind::Time));
        if op != Operator::Divide
            || !is_time
            || *field.data_type() != arrow::datatypes::DataType::Int64
        {
            return false;
        }
        let divides = |grain_s: &i32| {
            whole(right).is_some_and(|us| us > 0 && us % (i64::from(*grain_s) * US_PER_SECOND) == 0)
        };
        match GRAINS_S.into_iter().find(divides) {
            Some(grain_s) => {
                self.needs.borrow_mut().at_most(grain_s);
                true
            }
            None => false,
        }
    }

    /// Whether the aggregate can be told from cells.
    fn is_countable(&self, expr: &Expr, kinds: &Kinds) -> bool {
        let Expr::AggregateFunction(AggregateFunction { func, params }) = expr.clone().unalias()
        else {
            return false;
        };
        let is_plain =
            params.order_by.is_empty() && params.null_treatment.is_none() && params.args.len() == 1;
        let is_filter_fine = params
            .filter
            .as_ref()
            .is_none_or(|filter| self.is_exact(filter, kinds));
        let is_arg_fine = params.args.iter().all(|arg| match arg {
            // Of null there is nothing to count.
            Expr::Literal(value, _) => !value.is_null(),
            Expr::Column(column) => match kinds.get(column) {
                // Where a coordinate is largest it is known.
                Some(Kind::Coordinate) => {
                    func.name() == "max" && {
                        let mut needs = self.needs.borrow_mut();
                        needs.level = needs.level.max(2);
                        true
                    }
                }
                Some(Kind::Status) => func.name() == "count" && !params.distinct,
                _ => self.is_exact(arg, kinds),
            },
            arg => self.is_exact(arg, kinds),
        });
        is_plain && is_filter_fine && is_arg_fine && matches!(func.name(), "count" | "max" | "min")
    }
}

fn kind_of(column: &str) -> Option<Kind> {
    match column {
        schema::TS => Some(Kind::Time),
        schema::STATUS => Some(Kind::Status),
        schema::LAT | schema::LON => Some(Kind::Coordinate),
        name => level_of_place(name).map(Kind::Exact),
    }
}

/// Whether the expression asks which class the status is of, and is true of no row without one.
fn is_about_status(expr: &Expr, kinds: &Kinds) -> bool {
    let is_status = |expr: &Expr| matches!(expr, Expr::Column(column) if kinds.get(column) == Some(&Kind::Status));
    match expr {
        Expr::IsNotNull(inner) => is_status(inner),
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::GtEq | Operator::Lt,
            right,
        }) => is_status(left) && whole(right).is_some_and(|bound| bound % 100 == 0),
        _ => false,
    }
}

/// The conditions of a filter that a row can fail.
fn asked(predicate: &Expr) -> impl Iterator<Item = &Expr> {
    split_conjunction(predicate)
        .into_iter()
        .filter(|part| !is_true(part))
}

/// Whether the expression is true whatever the row: `NULL IS NULL OR city = NULL`, a parameter that was not given.
fn is_true(expr: &Expr) -> bool {
    match expr {
        Expr::IsNull(inner) => matches!(inner.as_ref(), Expr::Literal(value, _) if value.is_null()),
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Or,
            right,
        }) => is_true(left) || is_true(right),
        _ => false,
    }
}

/// A whole number that is written out, also as a product.
fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(n)), _) => Some(*n),
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Multiply,
            right,
        }) => whole(left)?.checked_mul(whole(right)?),
        _ => None,
    }
}
