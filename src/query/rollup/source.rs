//! What stands in the place of a scan of `logs`: cells where the cuts allow it, rows where they do not.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::{Column, Result, ScalarValue, TableReference, internal_err};
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit, not};

use super::reading::Needs;
use super::{US_PER_SECOND, WEIGHT};
use crate::query::table::Tables;
use crate::schema::{self, Table};
use crate::store::{DAY_S, DataFile, FOUR_WEEKS_S, GRAINS_S, View, four_weeks};

/// Files of `logs` with the rollups of those that have one.
#[derive(Default)]
struct Part {
    rollups: View,
    rolled: View,
    rest: View,
}

impl Part {
    fn of<'a>(
        logs: impl Iterator<Item = &'a DataFile>,
        rollups: &HashMap<&str, &DataFile>,
    ) -> Self {
        let (rolled, rest): (Vec<DataFile>, Vec<DataFile>) = logs
            .cloned()
            .partition(|file| rollups.contains_key(file.path.as_str()));
        let of_rolled = rolled
            .iter()
            .map(|file| rollups[file.path.as_str()].clone());
        Self {
            rollups: view_of(of_rolled.collect()),
            rolled: view_of(rolled),
            rest: view_of(rest),
        }
    }
}

/// What there is of `logs`: together each row once.
pub(super) struct Parts {
    /// Rollups of four weeks, and the files that they count.
    weeks: View,
    in_weeks: Part,
    /// All other files, and the fresh rows.
    others: Part,
}

impl Parts {
    pub(super) fn of(tables: &Tables) -> Self {
        let (rollups, logs) = (tables.view(Table::Rollups), tables.view(Table::Logs));
        let rollups = rollups.files.iter();
        let rollups: HashMap<&str, &DataFile> =
            rollups.map(|file| (file.path.as_str(), file)).collect();
        let weeks = four_weeks(&logs.files, &rollups.keys().copied().collect());
        let counted = weeks
            .iter()
            .filter_map(|weeks| Some((*rollups.get(weeks.path.as_str())?, &weeks.files)));
        let in_weeks = counted.clone().flat_map(|(_, files)| files.iter().copied());
        let of_weeks: HashSet<&str> = in_weeks.clone().map(|file| file.path.as_str()).collect();
        let others = logs.files.iter();
        let others = others.filter(|file| !of_weeks.contains(file.path.as_str()));
        let mut others = Part::of(others, &rollups);
        others.rest.fresh = logs.fresh.clone();
        Self {
            in_weeks: Part::of(in_weeks, &rollups),
            others,
            weeks: view_of(counted.map(|(rollup, _)| rollup.clone()).collect()),
        }
    }
}

fn view_of(files: Vec<DataFile>) -> View {
    View {
        files: Arc::new(files),
        ..View::default()
    }
}

fn is_empty(view: &View) -> bool {
    view.files.is_empty() && view.fresh.n_rows() == 0
}

/// The rows of `logs` as far as the plan looks at them, most of them as rollups.
pub(super) fn source(
    name: &TableReference,
    needs: &Needs,
    tables: &Tables,
    parts: &Parts,
) -> Result<LogicalPlan> {
    let grains = GRAINS_S.into_iter();
    let (weeks, finer): (Vec<i32>, Vec<i32>) = grains
        .filter(|grain_s| needs.grain_s.is_none_or(|most| *grain_s <= most))
        .partition(|grain_s| *grain_s == FOUR_WEEKS_S);
    let days = finer.iter().copied().filter(|grain_s| *grain_s == DAY_S);
    let days: Vec<i32> = days.collect();
    let mut scans = Scans {
        tables,
        level: needs.level,
        plans: Vec::new(),
    };
    let (whole_weeks, broken_weeks) = ladder(&weeks, &needs.cuts, None);
    // The small files of four weeks are counted there by days too.
    let (whole_days, broken_days) = ladder(&days, &needs.cuts, broken_weeks.clone());
    scans.cells(&parts.weeks, whole_weeks.or(whole_days))?;
    scans.rows(&parts.in_weeks.rest, broken_days)?;
    scans.rows(&parts.others.rest, None)?;
    for (part, left) in [(&parts.in_weeks, broken_weeks), (&parts.others, None)] {
        let (whole, broken) = ladder(&finer, &needs.cuts, left);
        scans.cells(&part.rollups, whole)?;
        scans.rows(&part.rolled, broken)?;
    }
    let mut plans = scans.plans.into_iter().map(LogicalPlanBuilder::from);
    let Some(first) = plans.next() else {
        return internal_err!("rollups without rows");
    };
    let all = plans.try_fold(first, |all, plan| all.union(plan.build()?))?;
    all.alias(name.clone())?.build()
}

/// What is read of cells of these grains, and what of the time is left for what is finer: the buckets that a cut
/// falls into. None stands for all.
fn ladder(grains_s: &[i32], cuts: &BTreeSet<i64>, mut left: Option<Expr>) -> (Expr, Option<Expr>) {
    let time = |us: i64| lit(ScalarValue::TimestampMicrosecond(Some(us), None));
    let ts = || Expr::Column(Column::from_name(schema::TS));
    let within = |starts: &BTreeSet<i64>, length_us: i64| {
        let within = starts.iter().map(|start| {
            ts().gt_eq(time(*start))
                .and(ts().lt(time(start + length_us)))
        });
        disjunction(within).unwrap_or_else(|| lit(false))
    };
    let mut grains = Vec::new();
    for grain_s in grains_s {
        let length_us = i64::from(*grain_s) * US_PER_SECOND;
        let start = |cut: i64| cut.div_euclid(length_us) * length_us;
        let broken: BTreeSet<i64> = cuts
            .iter()
            .filter(|cut| start(**cut) != **cut)
            .map(|cut| start(*cut))
            .collect();
        let broken = within(&broken, length_us);
        let mut these = Expr::Column(Column::from_name(schema::GRAIN_S)).eq(lit(*grain_s));
        these = these.and(not(broken.clone()));
        if let Some(left) = left {
            these = these.and(left);
        }
        grains.push(these);
        left = Some(broken);
    }
    (disjunction(grains).unwrap_or_else(|| lit(false)), left)
}

/// Gathers scans with the same columns, each row with how many requests it stands for.
struct Scans<'a> {
    tables: &'a Tables,
    level: i8,
    plans: Vec<LogicalPlan>,
}

impl Scans<'_> {
    fn cells(&mut self, view: &View, condition: Expr) -> Result<()> {
        let level = Expr::Column(Column::from_name(schema::LEVEL_OF_PLACE)).eq(lit(self.level));
        let n = Expr::Column(Column::from_name(schema::N));
        self.add(Table::Rollups, view, Some(level.and(condition)), n)
    }

    fn rows(&mut self, view: &View, condition: Option<Expr>) -> Result<()> {
        self.add(Table::Logs, view, condition, lit(1_i64))
    }

    fn add(&mut self, table: Table, view: &View, condition: Option<Expr>, n: Expr) -> Result<()> {
        if is_empty(view) {
            return Ok(());
        }
        let mut scan = self.tables.scan(table, view.clone())?;
        if let Some(condition) = condition {
            scan = scan.filter(condition)?;
        }
        let columns = [
            schema::TS,
            schema::STATUS,
            schema::COUNTRY,
            schema::REGION,
            schema::CITY,
            schema::LAT,
            schema::LON,
        ];
        let columns = columns.map(|name| Expr::Column(Column::from_name(name)));
        let scan = scan.project(columns.into_iter().chain([n.alias(WEIGHT)]))?;
        self.plans.push(scan.build()?);
        Ok(())
    }
}
