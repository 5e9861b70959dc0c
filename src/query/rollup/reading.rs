//! Whether a cell may stand for its rows in a plan, and what that takes.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, Between, BinaryExpr, Cast, Expr, LogicalPlan, Operator};

use super::US_PER_SECOND;
use crate::query::windows::instant;
use crate::schema;
use crate::store::{GRAINS_S, level_of_place};

/// Times that a plan may compare with; more are no window that a person asks for.
const CUTS_MAX: usize = 16;

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
pub(super) struct Needs {
    pub(super) cuts: BTreeSet<i64>,
    /// Longest bucket that tells what is asked of the time.
    pub(super) grain_s: Option<i32>,
    pub(super) level: i8,
}

impl Needs {
    fn at_most(&mut self, grain_s: i32) {
        self.grain_s = Some(self.grain_s.map_or(grain_s, |known| known.min(grain_s)));
    }
}

/// Columns with what is known of each.
type Kinds = HashMap<Column, Kind>;

/// Reads a plan from its scan up: whether a cell may stand for its rows, and what is asked of it.
pub(super) struct Reading {
    needs: RefCell<Needs>,
}

impl Reading {
    pub(super) fn of(
        scan: &DFSchemaRef,
        chain: &[&LogicalPlan],
        aggregate: &Aggregate,
    ) -> Option<Needs> {
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
pub(super) fn asked(predicate: &Expr) -> impl Iterator<Item = &Expr> {
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
