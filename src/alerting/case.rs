//! Tests of rules, as files: rows in, states and messages out.
//!
//! ```toml
//! rule = "server-error-rate-by-country"
//! start = "2026-01-01T12:00:00Z"      # the first tick
//!
//! [[ticks]]
//! repeat = 3                          # the same tick so many times
//! rows = [{ country = "DE", rate = 0.08, n = 1000, k = 80 }]
//! states = { DE = "pending" }         # after the last of them; what is not named is well
//! messages = ["open 5xx rate DE 8 % (80 of 1000), limit 5 %"]
//! ```
//! `error = "..."` in place of `rows` is a query that fails, `complete = false` a tick before all lines are in,
//! `skip = 5` lets five ticks pass that nobody evaluates.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::backtest::Replay;
use super::{Policy, Tick};
use crate::notify::{Notification, Reason};
use crate::rule::{AlertRule, Labels, Reading};

/// A test of a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub rule: String,
    /// RFC 3339; the first tick lies there or right after.
    start: String,
    ticks: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default = "once")]
    repeat: i64,
    #[serde(default)]
    skip: i64,
    #[serde(default = "yes")]
    complete: bool,
    #[serde(default)]
    rows: Vec<BTreeMap<String, toml::Value>>,
    error: Option<String>,
    #[serde(default)]
    states: BTreeMap<String, String>,
    #[serde(default)]
    messages: Vec<String>,
}

fn once() -> i64 {
    1
}

fn yes() -> bool {
    true
}

/// Runs a case; returns what was not as expected.
pub fn run(case: &Case, rule: &AlertRule, policy: &Policy) -> Result<Vec<String>, String> {
    let start = crate::time::parse_rfc3339(&case.start);
    let start = start.ok_or_else(|| format!("start {} is no time", case.start))?;
    let every = rule.eval.every.0;
    let mut tick_us = rule.eval.tick_from(start);
    let sql = |error: rusqlite::Error| error.to_string();
    let mut replay = Replay::new(rule, policy, "test", "http://logatlas").map_err(sql)?;
    let (mut wrong, mut n_seen) = (Vec::new(), 0);
    for (number, step) in case.ticks.iter().enumerate() {
        tick_us += step.skip * every;
        for _ in 0..step.repeat {
            let rows = step.rows.iter().map(|row| reading(rule, row));
            let tick = Tick {
                tick_us,
                is_complete: step.complete,
                outcome: match &step.error {
                    Some(error) => Err(error.clone()),
                    None => Ok(rows.collect::<Result<_, _>>()?),
                },
                eval_us: 0,
            };
            replay.tick(&tick).map_err(sql)?;
            tick_us += every;
        }
        let at = format!("ticks {}", number + 1);
        let phases = replay.phases().map_err(sql)?;
        if phases != step.states {
            wrong.push(format!(
                "{at}: states are {phases:?}, expected {:?}",
                step.states
            ));
        }
        let messages = replay.messages().map_err(sql)?;
        let shown: Vec<String> = messages
            .iter()
            .skip(n_seen)
            .filter_map(|(_, message)| show(message))
            .collect();
        n_seen = messages.len();
        if shown != step.messages {
            wrong.push(format!(
                "{at}: messages are {shown:#?}, expected {:#?}",
                step.messages
            ));
        }
    }
    Ok(wrong)
}

/// `open 5xx rate DE 8 % ...`; refreshes are not news.
fn show(message: &Notification) -> Option<String> {
    let is_news = message.reason != Reason::Refresh;
    is_news.then(|| format!("{} {}", message.reason.as_str(), message.summary))
}

fn reading(rule: &AlertRule, row: &BTreeMap<String, toml::Value>) -> Result<Reading, String> {
    let query = &rule.query;
    let mut known: Vec<&String> = query.labels.iter().chain([&query.value]).collect();
    known.extend(query.sample.iter().chain(&query.count));
    if let Some(name) = row.keys().find(|name| !known.contains(name)) {
        return Err(format!("a row has {name}, which the rule does not read"));
    }
    let labels = query.labels.iter().map(|name| {
        let value = row.get(name).map(|value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        (name.clone(), value)
    });
    let number = |name: &String| match row.get(name) {
        Some(toml::Value::Float(x)) => Some(*x),
        Some(toml::Value::Integer(n)) => Some(*n as f64),
        _ => None,
    };
    let int = |name: &Option<String>| name.as_ref().and_then(number).map(|x| x as i64);
    Ok(Reading {
        labels: labels.collect::<Labels>(),
        value: number(&query.value),
        n: int(&query.sample),
        k: int(&query.count),
    })
}
