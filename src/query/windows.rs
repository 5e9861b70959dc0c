//! Many windows in one question: a plan about one window becomes a plan about every window of a series.
//!
//! A back-test asks the same query for each of forty thousand ticks. Here it is asked once: the query is bound
//! to a window that ends at [`SENTINEL_US`], each scan between two such bounds yields a row for every window
//! that covers it, and every operator above keeps the windows apart: a group has the tick too, a join matches
//! it, `LIMIT` counts within it, and an aggregate without groups gives its answer of nothing where a window is
//! empty. This is how a correlated subquery is unnested over its domain (Neumann and Kemper 2015, "Unnesting
//! Arbitrary Queries"), with the ticks as the domain.
//!
//! What cannot be split so without a doubt, or would not come out bit for bit as when asked alone (sums of
//! floating-point numbers depend on their order), is left to the caller to ask window by window.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{
    Column, DFSchema, DataFusionError, ExprSchema, NullEquality, Result, ScalarValue,
};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::{AggregateFunction, Cast};
use datafusion::logical_expr::logical_plan::{FetchType, SkipType};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, ExprFunctionExt, ExprSchemable, Filter, Join, JoinConstraint,
    JoinType, Limit, LogicalPlan, LogicalPlanBuilder, Operator, Projection, SortExpr,
    SubqueryAlias, Union, cast, lit, when,
};

use super::state_tables;
use crate::schema::Table;

/// The end of the window that the query is bound to: 2190-01-01, a time that no log has.
pub const SENTINEL_US: i64 = 6_942_585_600_000_000;
/// How texts and numbers near the sentinel are told from others: windows reach a year back at most.
pub const REACH_US: i64 = 366 * 24 * 3_600_000_000;
/// The column that says which window a row belongs to, by its end in microseconds.
pub const TICK: &str = "__tick";
/// How the refusal to ask at once starts.
pub(super) const ONE_BY_ONE: &str = "this query has to be asked window by window";

/// Ends of windows: `first_us` and so on by `every_us`, up to `last_us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    pub first_us: i64,
    pub last_us: i64,
    pub every_us: i64,
}

/// Rewrites the plan so that it answers for each window, with the window's end in the column [`TICK`].
pub(super) fn rewrite(plan: &LogicalPlan, windows: Windows) -> Result<LogicalPlan> {
    let split = Split { windows };
    let (plan, tick) = split.node(plan)?;
    let tick = tick.ok_or_else(|| no("it reads no window"))?;
    check_nothing_left(&plan)?;
    let columns = plan
        .schema()
        .columns()
        .into_iter()
        .filter(|column| *column != tick);
    let mut columns: Vec<Expr> = columns.map(Expr::Column).collect();
    columns.push(Expr::Column(tick).alias(TICK));
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

fn no(why: &str) -> DataFusionError {
    DataFusionError::Plan(format!("{ONE_BY_ONE}: {why}"))
}

/// A bound that stayed in the plan would be compared with the sentinel itself.
fn check_nothing_left(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        for expr in node.expressions() {
            let is_left = expr.exists(|part| Ok(instant(part).is_some_and(is_near_sentinel)))?;
            if is_left {
                return Err(no("it uses its window elsewhere than as bounds"));
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(drop)
}

fn is_near_sentinel(us: i64) -> bool {
    (us - SENTINEL_US).abs() <= REACH_US
}

/// The instant that an expression names, when it is one.
pub(super) fn instant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::TimestampMicrosecond(Some(us), _), _) => Some(*us),
        Expr::Literal(ScalarValue::TimestampNanosecond(Some(ns), _), _) => {
            Some(ns.div_euclid(1000))
        }
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => {
            let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
            Some(time.and_utc().timestamp_micros())
        }
        // A cast to a day would move it.
        Expr::Cast(Cast { expr, field }) if is_exact_time(field.data_type()) => instant(expr),
        _ => None,
    }
}

fn is_exact_time(data_type: &DataType) -> bool {
    use TimeUnit::{Microsecond, Nanosecond};
    matches!(
        data_type,
        DataType::Timestamp(Microsecond | Nanosecond, None)
    )
}

/// A rewritten plan, and the column of the window where it depends on one.
type Part = (LogicalPlan, Option<Column>);

struct Split {
    windows: Windows,
}

impl Split {
    fn node(&self, plan: &LogicalPlan) -> Result<Part> {
        let has_subquery = |expr: &Expr| {
            expr.exists(|part| {
                Ok(matches!(
                    part,
                    Expr::ScalarSubquery(_)
                        | Expr::Exists(_)
                        | Expr::InSubquery(_)
                        | Expr::SetComparison(_)
                ))
            })
        };
        for expr in plan.expressions() {
            if has_subquery(&expr)? || expr.is_volatile() {
                return Err(no("it has a subquery or a function without fixed answer"));
            }
        }
        match plan {
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::SubqueryAlias(alias) => self.alias(alias),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Limit(limit) => self.limit(limit),
            // The order of the rows means nothing to a rule: it has one row for a label set.
            LogicalPlan::Sort(sort) => self.node(&sort.input),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let (input, tick) = self.node(input)?;
                Ok((LogicalPlanBuilder::from(input).distinct()?.build()?, tick))
            }
            // A function that makes rows may hold a bound where nobody sees it.
            LogicalPlan::TableScan(scan) if !is_stored(scan.table_name.table()) => {
                Err(no("it reads what is no table of the store"))
            }
            LogicalPlan::TableScan(_) | LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
                Ok((plan.clone(), None))
            }
            other => Err(no(&format!("it has {}", other.display()))),
        }
    }

    fn filter(&self, filter: &Filter) -> Result<Part> {
        if is_scan(&filter.input) {
            return self.scan(filter);
        }
        let (input, tick) = self.node(&filter.input)?;
        let plan = LogicalPlanBuilder::from(input).filter(filter.predicate.clone())?;
        Ok((plan.build()?, tick))
    }

    /// A scan between two bounds gives each row once for every window that covers it.
    fn scan(&self, filter: &Filter) -> Result<Part> {
        let (mut from, mut to, mut others) = (None, None, Vec::new());
        for condition in split_conjunction_owned(filter.predicate.clone()) {
            match bound(&condition) {
                Some((column, Operator::GtEq, us)) if from.is_none() => from = Some((column, us)),
                Some((column, Operator::Lt, us)) if to.is_none() => to = Some((column, us)),
                _ => others.push(condition),
            }
        }
        let input = filter.input.as_ref().clone();
        let (Some((column, from_us)), Some((to_column, to_us))) = (from, to) else {
            let plan = LogicalPlanBuilder::from(input).filter(filter.predicate.clone())?;
            return Ok((plan.build()?, None));
        };
        let (_, field) = input.schema().qualified_field_from_column(&column)?;
        let is_time = matches!(
            field.data_type(),
            DataType::Timestamp(TimeUnit::Microsecond, None)
        );
        if column != to_column || from_us >= to_us || !is_time {
            return Err(no("its bounds are not those of one window"));
        }
        let Windows {
            first_us,
            last_us,
            every_us,
        } = self.windows;
        // The window of a tick is [tick + start, tick + end).
        let (start, end) = (from_us - SENTINEL_US, to_us - SENTINEL_US);
        let time = |us: i64| lit(ScalarValue::TimestampMicrosecond(Some(us), None));
        let of_row = || Expr::Column(column.clone());
        others.push(of_row().gt_eq(time(first_us + start)));
        others.push(of_row().lt(time(last_us + end)));
        let columns: Vec<Expr> = input
            .schema()
            .columns()
            .into_iter()
            .map(Expr::Column)
            .collect();
        let qualifier = column.relation.clone();
        let rows = LogicalPlanBuilder::from(input)
            .filter(conjunction(others).unwrap_or_else(|| lit(true)))?
            .build()?;
        let n_covering = (end - start + every_us - 1).div_euclid(every_us);
        let steps = (0..n_covering).map(|step| vec![lit(step * every_us)]);
        let steps = LogicalPlanBuilder::values(steps.collect())?
            .project([Expr::Column(Column::from_name("column1")).alias("__step")])?
            .alias("__steps")?;
        let row_us = || cast(of_row(), DataType::Int64);
        // Counted from a tick before every row, so that the division rounds down.
        let origin = first_us.rem_euclid(every_us) - every_us;
        let first_covering = ((row_us() - lit(end + origin)) / lit(every_us) + lit(1_i64))
            * lit(every_us)
            + lit(origin);
        let tick = first_covering + Expr::Column(Column::new(Some("__steps"), "__step"));
        let tick_column = Column::new(qualifier.clone(), TICK);
        let is_covered = [
            Expr::Column(tick_column.clone()).lt_eq(row_us() - lit(start)),
            Expr::Column(tick_column.clone()).between(lit(first_us), lit(last_us)),
        ];
        let with_tick = columns
            .iter()
            .cloned()
            .chain([tick.alias_qualified(qualifier, TICK)]);
        let plan = steps
            .cross_join(rows)?
            .project(with_tick)?
            .filter(conjunction(is_covered).unwrap_or_else(|| lit(true)))?
            .build()?;
        Ok((plan, Some(tick_column)))
    }

    fn projection(&self, projection: &Projection) -> Result<Part> {
        let (input, tick) = self.node(&projection.input)?;
        let exprs = projection
            .expr
            .iter()
            .cloned()
            .chain(tick.clone().map(Expr::Column));
        Ok((
            LogicalPlanBuilder::from(input).project(exprs)?.build()?,
            tick,
        ))
    }

    fn alias(&self, alias: &SubqueryAlias) -> Result<Part> {
        let (input, tick) = self.node(&alias.input)?;
        let plan = LogicalPlanBuilder::from(input)
            .alias(alias.alias.clone())?
            .build()?;
        let tick = tick.map(|tick| Column::new(Some(alias.alias.clone()), tick.name));
        Ok((plan, tick))
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<Part> {
        let (input, tick) = self.node(&aggregate.input)?;
        let Some(tick) = tick else {
            return Ok((LogicalPlan::Aggregate(aggregate.clone()), None));
        };
        if aggregate
            .group_expr
            .iter()
            .any(|expr| matches!(expr, Expr::GroupingSet(_)))
        {
            return Err(no("it has grouping sets"));
        }
        let empty = aggregate
            .aggr_expr
            .iter()
            .map(|expr| of_nothing(expr, input.schema()));
        let empty = empty.collect::<Result<Vec<_>>>()?;
        let groups = aggregate
            .group_expr
            .iter()
            .cloned()
            .chain([Expr::Column(tick.clone())]);
        let plan = LogicalPlanBuilder::from(input)
            .aggregate(groups, aggregate.aggr_expr.clone())?
            .build()?;
        if !aggregate.group_expr.is_empty() {
            return Ok((plan, Some(tick)));
        }
        // Without groups there is an answer also where there is no row.
        let all = self.ticks()?;
        let all_tick = Column::new(Some("__ticks"), TICK);
        let answers = aggregate
            .schema
            .columns()
            .into_iter()
            .zip(empty)
            .map(|(column, empty)| {
                let value = Expr::Column(column.clone());
                let value = match empty {
                    Some(zero) => when(value.clone().is_null(), lit(zero)).otherwise(value)?,
                    None => value,
                };
                Ok(value.alias_qualified(column.relation, column.name))
            });
        let mut answers = answers.collect::<Result<Vec<_>>>()?;
        answers.push(Expr::Column(all_tick.clone()));
        let join = join_by_tick(all, plan, JoinType::Left, (&all_tick, &tick))?;
        Ok((
            LogicalPlanBuilder::from(join).project(answers)?.build()?,
            Some(all_tick),
        ))
    }

    /// Every tick there is.
    fn ticks(&self) -> Result<LogicalPlan> {
        let Windows {
            first_us,
            last_us,
            every_us,
        } = self.windows;
        let n = (last_us - first_us).div_euclid(every_us);
        let rows = (0..=n).map(|i| vec![lit(first_us + i * every_us)]);
        LogicalPlanBuilder::values(rows.collect())?
            .project([Expr::Column(Column::from_name("column1")).alias(TICK)])?
            .alias("__ticks")?
            .build()
    }

    fn join(&self, join: &Join) -> Result<Part> {
        let (left, left_tick) = self.node(&join.left)?;
        let (right, right_tick) = self.node(&join.right)?;
        let mut on = join.on.clone();
        use JoinType::{Inner, Left, LeftAnti, LeftSemi};
        let tick = match (join.join_type, left_tick, right_tick) {
            (Inner | Left | LeftSemi | LeftAnti, Some(left), Some(right)) => {
                on.push((Expr::Column(left.clone()), Expr::Column(right)));
                Some(left)
            }
            (Inner | Left | LeftSemi | LeftAnti, Some(left), None) => Some(left),
            (Inner, None, Some(right)) => Some(right),
            (_, None, None) => None,
            (join_type, ..) => return Err(no(&format!("it has a {join_type} join"))),
        };
        if join.null_aware && tick.is_some() {
            return Err(no("it has NOT IN"));
        }
        let (left, right) = (Arc::new(left), Arc::new(right));
        let plan = Join::try_new(
            left,
            right,
            on,
            join.filter.clone(),
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )?;
        Ok((LogicalPlan::Join(plan), tick))
    }

    fn union(&self, union: &Union) -> Result<Part> {
        let mut inputs = Vec::new();
        for input in &union.inputs {
            let (input, tick) = self.node(input)?;
            let tick = tick.ok_or_else(|| no("a part of its UNION reads no window"))?;
            let columns = input
                .schema()
                .columns()
                .into_iter()
                .filter(|column| *column != tick);
            let columns: Vec<Expr> = columns.map(Expr::Column).collect();
            let columns = columns.into_iter().chain([Expr::Column(tick).alias(TICK)]);
            inputs.push(Arc::new(
                LogicalPlanBuilder::from(input).project(columns)?.build()?,
            ));
        }
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?);
        let (qualifier, _) = plan
            .schema()
            .qualified_field(plan.schema().fields().len() - 1);
        let tick = Column::new(qualifier.cloned(), TICK);
        Ok((plan, Some(tick)))
    }

    /// The first rows of each window.
    fn limit(&self, limit: &Limit) -> Result<Part> {
        let (LogicalPlan::Sort(sort), SkipType::Literal(0), FetchType::Literal(Some(fetch))) = (
            limit.input.as_ref(),
            limit.get_skip_type()?,
            limit.get_fetch_type()?,
        ) else {
            return Err(no("it has LIMIT without ORDER BY, or OFFSET"));
        };
        let (input, tick) = self.node(&sort.input)?;
        let Some(tick) = tick else {
            return Ok((LogicalPlan::Limit(limit.clone()), None));
        };
        let columns: Vec<Expr> = input
            .schema()
            .columns()
            .into_iter()
            .map(Expr::Column)
            .collect();
        let order: Vec<SortExpr> = sort.expr.clone();
        // Which of equal rows stay would be chance, so the order has to tell all rows apart by their labels.
        let is_text = |column: &Column| {
            let field = input.schema().field_from_column(column);
            field.is_ok_and(|field| field.data_type().is_string())
        };
        let is_sorted_by = |column: &Column| {
            let mut keys = order.iter();
            keys.any(|key| matches!(&key.expr, Expr::Column(by) if by == column))
        };
        let all = input.schema().columns();
        let mut labels = all.iter().filter(|column| is_text(column)).peekable();
        if labels.peek().is_none() || !labels.all(is_sorted_by) {
            return Err(no("its LIMIT does not say which of equal rows stay"));
        }
        let rank = row_number()
            .partition_by(vec![Expr::Column(tick.clone())])
            .order_by(order)
            .build()?
            .alias("__rank");
        let fetch = u64::try_from(fetch).unwrap_or(u64::MAX);
        let plan = LogicalPlanBuilder::from(input)
            .window([rank])?
            .filter(Expr::Column(Column::from_name("__rank")).lt_eq(lit(fetch)))?
            .project(columns)?
            .build()?;
        Ok((plan, Some(tick)))
    }
}

/// Whether a table is one of the store or of the state file.
fn is_stored(name: &str) -> bool {
    let mut stored = Table::ALL.iter().map(|table| table.name());
    stored.any(|stored| stored == name) || state_tables::names().any(|known| known == name)
}

fn is_scan(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => is_stored(scan.table_name.table()),
        LogicalPlan::SubqueryAlias(alias) => is_scan(&alias.input),
        _ => false,
    }
}

/// `column >= instant` or `column < instant`, where the instant is one of the window.
fn bound(condition: &Expr) -> Option<(Column, Operator, i64)> {
    let Expr::BinaryExpr(binary) = condition else {
        return None;
    };
    let Expr::Column(column) = binary.left.as_ref() else {
        return None;
    };
    let us = instant(&binary.right).filter(|us| is_near_sentinel(*us))?;
    Some((column.clone(), binary.op, us))
}

fn join_by_tick(
    left: LogicalPlan,
    right: LogicalPlan,
    join_type: JoinType,
    (left_tick, right_tick): (&Column, &Column),
) -> Result<LogicalPlan> {
    let on = vec![(
        Expr::Column(left_tick.clone()),
        Expr::Column(right_tick.clone()),
    )];
    let join = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        on,
        None,
        join_type,
        JoinConstraint::On,
        NullEquality::NullEqualsNothing,
        false,
    )?;
    Ok(LogicalPlan::Join(join))
}

/// What an aggregate gives for no rows: a zero, or null. Refuses those whose answer depends on the order of
/// the rows.
fn of_nothing(expr: &Expr, schema: &DFSchema) -> Result<Option<ScalarValue>> {
    let expr = expr.clone().unalias();
    let Expr::AggregateFunction(AggregateFunction { func, params }) = &expr else {
        return Err(no("it has an aggregate of an unknown kind"));
    };
    let is_exact = |arg: &Expr| Ok::<_, DataFusionError>(arg.get_type(schema)?.is_integer());
    match func.name() {
        "count" => Ok(Some(ScalarValue::Int64(Some(0)))),
        "min" | "max" | "median" | "bool_and" | "bool_or" => Ok(None),
        "sum" | "avg"
            if params
                .args
                .iter()
                .map(is_exact)
                .all(|exact| matches!(exact, Ok(true))) =>
        {
            Ok(None)
        }
        name => Err(no(&format!("{name} depends on the order of the rows"))),
    }
}
