//! A tick: readings become verdicts, verdicts move instances, instances open and close incidents.

mod group;
mod instance;
mod judge;
pub(super) mod late;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};
use serde_json::json;

use self::group::Group;
use self::instance::Stored;
use self::judge::{hold_ticks, judge, severity_of, worse_first};
use super::incidents;
use super::key::Key;
use super::{Context, KEEP_US, Policy, Tick};
use crate::incident::{Effect, Phase, transition};
use crate::rule::{AlertRule, Verdict};

/// A change that was made, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub effect: Effect,
    pub summary: String,
}

/// Moves every instance of the rule by one tick.
pub(super) fn apply(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    tick: &Tick,
    context: &Context,
    policy: &Policy,
) -> rusqlite::Result<Vec<Change>> {
    if !note_tick(tx, rule, tick, context)? {
        return Ok(Vec::new());
    }
    let mut instances = instance::load(tx, rule)?;
    let mut touched = open_keys(tx, rule)?;
    let (mut n_near_misses, mut opened) = (0, BTreeSet::new());
    for (key, (verdict, reading)) in judge(rule, tick, &instances) {
        let old = instances.get(&key).cloned();
        let mut stored = old.clone().unwrap_or_default();
        let hold = hold_ticks(rule, &key);
        let (instance, effect) = transition(stored.instance, verdict, tick.is_complete, hold);
        if effect == Effect::NearMiss {
            n_near_misses += 1;
            note_rule(
                tx,
                &rule.id,
                "near_miss",
                &key,
                tick.tick_us,
                context.now_us,
            )?;
        }
        if effect == Effect::Open {
            opened.insert(key.clone());
        }
        if instance.phase.as_str() != stored.instance.phase.as_str() {
            stored.since_us = tick.tick_us;
        }
        stored.instance = instance;
        if let Some(reading) = reading {
            // What a page says stays what was wrong, while it recovers too.
            if !matches!(instance.phase, Phase::Recovering(_)) || old.is_none() {
                stored.severity = severity_of(rule, key.kind, &reading).max(stored.severity);
                stored.reading = reading;
            }
        }
        if instance.phase.is_open() {
            touched.insert(group_of(rule, &key));
        }
        if instance.phase == Phase::Ok {
            if old.is_some() {
                instance::delete(tx, rule, &key)?;
            }
            instances.remove(&key);
        } else if old.as_ref() != Some(&stored) {
            instance::save(tx, rule, &key, &stored)?;
            instances.insert(key, stored);
        }
    }
    tx.prepare_cached(
        "UPDATE rule_ticks SET n_near_misses = ?3 WHERE rule_id = ?1 AND tick_us = ?2",
    )?
    .execute(params![rule.id, tick.tick_us, n_near_misses])?;
    let tick = TickOf {
        rule,
        tick,
        context,
        policy,
    };
    take_groups(tx, tick, &instances, touched, &opened)
}

/// A tick with what it is judged by.
#[derive(Clone, Copy)]
struct TickOf<'a> {
    rule: &'a AlertRule,
    tick: &'a Tick,
    context: &'a Context,
    policy: &'a Policy,
}

/// Opens, keeps and ends the incidents of the keys that a tick touched.
fn take_groups(
    tx: &Transaction<'_>,
    of: TickOf<'_>,
    instances: &BTreeMap<Key, Stored>,
    touched: BTreeSet<Key>,
    opened: &BTreeSet<Key>,
) -> rusqlite::Result<Vec<Change>> {
    let mut members: BTreeMap<Key, Vec<(&Key, &Stored)>> = BTreeMap::new();
    for (key, stored) in instances {
        if stored.instance.phase.is_open() {
            members
                .entry(group_of(of.rule, key))
                .or_default()
                .push((key, stored));
        }
    }
    let mut changes = Vec::new();
    for group in touched {
        let mut open = members.remove(&group).unwrap_or_default();
        open.sort_by(|a, b| worse_first(of.rule, &a.1.reading, &b.1.reading));
        let step = Group {
            of,
            key: &group,
            members: &open,
            opened,
        };
        changes.extend(step.take(tx)?);
    }
    Ok(changes)
}

/// Notes what happened to a rule and is no incident.
pub(super) fn note_rule(
    tx: &Transaction<'_>,
    rule_id: &str,
    kind: &str,
    key: &Key,
    tick_us: i64,
    at_us: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO rule_events VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![rule_id, kind, key.labels_json(), tick_us, at_us])
        .map(drop)
}

/// Ends the incidents of rules that are gone or switched off: who was told of a trigger is told of its end.
pub fn close_orphans(
    tx: &Transaction<'_>,
    rules: &[AlertRule],
    context: &Context,
    policy: &Policy,
) -> rusqlite::Result<usize> {
    let known = json!(rules.iter().map(|rule| &rule.id).collect::<Vec<_>>()).to_string();
    let mut statement = tx.prepare_cached(
        "SELECT incident_id FROM incident_keys
         WHERE incident_id IS NOT NULL AND kind NOT IN ('bundle', 'delivery') AND rule_id NOT IN (SELECT value FROM json_each(?1))",
    )?;
    let orphans: Vec<String> = statement
        .query_map([&known], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &orphans {
        incidents::end(tx, id, context.now_us, "rule removed", None)?;
    }
    tx.prepare_cached(
        "DELETE FROM instances WHERE rule_id NOT IN (SELECT value FROM json_each(?1))",
    )?
    .execute([&known])?;
    if !orphans.is_empty() {
        super::settle(tx, policy, context)?;
    }
    Ok(orphans.len())
}

/// Notes the tick; false when it was noted before.
fn note_tick(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    tick: &Tick,
    context: &Context,
) -> rusqlite::Result<bool> {
    let rows = tick.outcome.as_deref().unwrap_or_default();
    let verdicts = rows.iter().map(|reading| rule.verdict(reading));
    let n_breaches = verdicts
        .filter(|verdict| *verdict == Verdict::Breach)
        .count();
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO rule_ticks (rule_id, tick_us, n_rows, n_breaches, n_near_misses, is_complete, error, at_us, eval_us)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8)",
    )?;
    let is_new = insert.execute(params![
        rule.id,
        tick.tick_us,
        rows.len() as i64,
        n_breaches as i64,
        tick.is_complete,
        tick.outcome.as_ref().err(),
        context.now_us,
        tick.eval_us
    ])?;
    if is_new == 1 {
        for table in ["rule_ticks", "rule_events"] {
            tx.prepare_cached(&format!(
                "DELETE FROM {table} WHERE rule_id = ?1 AND tick_us < ?2"
            ))?
            .execute(params![rule.id, tick.tick_us - KEEP_US])?;
        }
        tx.prepare_cached(
            "DELETE FROM outbox WHERE status = 'delivered' AND not_before_us < ?1 AND incident_id NOT IN (SELECT incident_id FROM owed)",
        )?
        .execute([context.now_us - KEEP_US])?;
    }
    Ok(is_new == 1)
}

/// Keys of the rule with an incident open.
fn open_keys(tx: &Transaction<'_>, rule: &AlertRule) -> rusqlite::Result<BTreeSet<Key>> {
    let mut statement = tx.prepare_cached(
        "SELECT kind, labels FROM incident_keys WHERE rule_id = ?1 AND incident_id IS NOT NULL",
    )?;
    let rows = statement.query_map([&rule.id], |row| {
        let (kind, labels): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(Key::from_parts(&kind, &labels))
    })?;
    rows.collect()
}

fn group_of(rule: &AlertRule, key: &Key) -> Key {
    Key {
        kind: key.kind,
        labels: rule.group_of(&key.labels),
    }
}
