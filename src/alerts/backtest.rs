//! A rule over the rows there are: each tick's readings once, then as many replays as thresholds are tried.

use std::time::Instant;

use futures::StreamExt;
use serde::Serialize;
use utoipa::ToSchema;

use super::evaluate::{self, TickError};
use crate::alerting::backtest::{Outage, Replay, Report, Span};
use crate::alerting::{Policy, Tick};
use crate::query::Engine;
use crate::query::saved::SavedQueries;
use crate::query::windows::Windows;
use crate::rule::{AlertRule, Reading};

/// Ticks of one back-test.
pub const TICKS_MAX: i64 = 500_000;
/// Questions under way at once.
const ASKED_AT_ONCE: usize = 4;
/// Ticks of one question: enough that its cost is the rows', few enough that its groups fit into memory.
const ASKED_AS_ONE: i64 = 2_000;

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    pub span: Span,
    /// What is known to have happened, where it is.
    pub outages: Option<Vec<Outage>>,
    /// Other values of `raise` to try.
    pub sweep: Vec<f64>,
    pub installation_id: String,
    pub public_url: String,
}

/// What came out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BacktestOutcome)]
pub struct Outcome {
    pub report: Report,
    /// The same for each threshold tried, without the episodes.
    pub sweep: Vec<Report>,
}

/// Asks the rule's query for every tick of the span, in order, and calls `progress` with how many are done.
///
/// Many ticks are one question where the query allows it; the rest is asked tick by tick.
pub async fn history(
    engine: &Engine,
    queries: &SavedQueries,
    rule: &AlertRule,
    span: Span,
    mut progress: impl FnMut(u64),
) -> Vec<Tick> {
    let every_us = rule.eval.every.0;
    let mut history = Vec::new();
    let mut is_one_by_one = false;
    let last = rule.eval.tick_until(span.to_us);
    let starts = rule.eval.ticks(span.from_us, span.to_us);
    for first_us in starts.step_by(ASKED_AS_ONE as usize) {
        let windows = Windows {
            first_us,
            last_us: (first_us + (ASKED_AS_ONE - 1) * every_us).min(last),
            every_us,
        };
        let began = Instant::now();
        let asked = match is_one_by_one {
            true => None,
            false => evaluate::readings_of_ticks(engine, queries, rule, windows)
                .await
                .ok(),
        };
        match asked {
            Some(ticks) => {
                let eval_us = elapsed_us(began) / ticks.len().max(1) as i64;
                let ticks = ticks.into_iter();
                history.extend(ticks.map(|(tick_us, outcome)| tick(tick_us, outcome, eval_us)));
            }
            None => {
                is_one_by_one = true;
                let ticks = (windows.first_us..=windows.last_us).step_by(every_us as usize);
                let ask = |tick_us| async move {
                    let began = Instant::now();
                    let outcome = evaluate::readings(engine, queries, rule, tick_us).await;
                    tick(tick_us, outcome, elapsed_us(began))
                };
                let mut answers = futures::stream::iter(ticks.map(ask)).buffered(ASKED_AT_ONCE);
                while let Some(tick) = answers.next().await {
                    history.push(tick);
                    progress(history.len() as u64);
                }
            }
        }
        progress(history.len() as u64);
    }
    history
}

fn tick(tick_us: i64, outcome: Result<Vec<Reading>, TickError>, eval_us: i64) -> Tick {
    Tick {
        tick_us,
        is_complete: true,
        outcome: outcome.map_err(|error| error.to_string()),
        eval_us,
    }
}

fn elapsed_us(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// Replays a history under the rule, and under each other threshold.
pub fn replay(
    rule: &AlertRule,
    policy: &Policy,
    history: &[Tick],
    trial: &Trial,
) -> rusqlite::Result<Outcome> {
    let one = |rule: &AlertRule| -> rusqlite::Result<Report> {
        let mut replay = Replay::new(rule, policy, &trial.installation_id, &trial.public_url)?;
        for tick in history {
            replay.tick(tick)?;
        }
        replay.report(trial.span, trial.outages.as_deref())
    };
    let sweep = trial.sweep.iter().map(|raise| {
        let mut rule = rule.clone();
        // The distance to the recover level stays the same.
        let shift = raise - rule.raise.at;
        rule.raise.at = *raise;
        rule.recover.at += shift;
        let mut report = one(&rule)?;
        report.episodes.clear();
        Ok(report)
    });
    Ok(Outcome {
        sweep: sweep.collect::<rusqlite::Result<_>>()?,
        report: one(rule)?,
    })
}
