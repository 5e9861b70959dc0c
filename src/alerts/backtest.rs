//! A rule over the rows there are: each tick's readings once, then as many replays as thresholds are tried.

use futures::StreamExt;
use serde::Serialize;
use utoipa::ToSchema;

use super::evaluate;
use crate::alerting::backtest::{Outage, Replay, Report, Span};
use crate::alerting::{Policy, Tick};
use crate::query::Engine;
use crate::query::saved::SavedQueries;
use crate::rule::AlertRule;

/// Ticks of one back-test.
pub const TICKS_MAX: i64 = 500_000;
/// Ticks asked at once.
const ASKED_AT_ONCE: usize = 4;

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
pub async fn history(
    engine: &Engine,
    queries: &SavedQueries,
    rule: &AlertRule,
    span: Span,
    mut progress: impl FnMut(u64),
) -> Vec<Tick> {
    let every = rule.eval.every.0;
    let first = (span.from_us + every - 1).div_euclid(every);
    let last = span.to_us.div_euclid(every).min(first + TICKS_MAX);
    let ask = |tick_us: i64| async move {
        let start = std::time::Instant::now();
        let outcome = evaluate::readings(engine, queries, rule, tick_us).await;
        Tick {
            tick_us,
            is_complete: true,
            outcome: outcome.map_err(|error| error.to_string()),
            eval_us: i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX),
        }
    };
    let ticks = (first..=last).map(|number| ask(number * every));
    let mut stream = futures::stream::iter(ticks).buffered(ASKED_AT_ONCE);
    let mut history = Vec::new();
    while let Some(tick) = stream.next().await {
        history.push(tick);
        progress(history.len() as u64);
    }
    history
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
