//! Windows that gained rows after they were judged.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};

use super::instance;
use super::{Stored, TickOf, group_of, hold_ticks, note_rule, severity_of, take_groups};
use crate::alerting::key::{Key, KeyKind};
use crate::alerting::{Change, Context, Policy, Tick};
use crate::incident::{Effect, Phase, transition};
use crate::rule::{AlertRule, Verdict};

/// Looks again at ticks whose windows gained rows after they were judged; the last of them is the rule's last
/// one. What has been wrong long enough and still is opens; what was and is over is only noted. Nothing is
/// taken back: late rows raise, they do not clear.
pub(in crate::alerting) fn revise(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    ticks: &[Tick],
    context: &Context,
    policy: &Policy,
) -> rusqlite::Result<Vec<Change>> {
    let (Some(first), Some(last)) = (ticks.first(), ticks.last()) else {
        return Ok(Vec::new());
    };
    let mut instances = instance::load(tx, rule)?;
    let (mut touched, mut opened) = (BTreeSet::new(), BTreeSet::new());
    let rows = ticks
        .iter()
        .filter_map(|tick| tick.outcome.as_deref().ok())
        .flatten();
    let keys: BTreeSet<Key> = rows
        .filter(|reading| rule.verdict(reading) == Verdict::Breach)
        .map(|reading| Key {
            kind: KeyKind::Value,
            labels: reading.labels.clone(),
        })
        .collect();
    for key in keys {
        let stored = instances.get(&key).cloned().unwrap_or_default();
        if stored.instance.phase.is_open() || instances.len() >= rule.limits.max_keys {
            continue;
        }
        let again = walk(rule, &key, ticks);
        let group = group_of(rule, &key);
        match again.instance.phase {
            phase if phase.is_open() => {
                instance::save(tx, rule, &key, &again)?;
                instances.insert(key.clone(), again);
                note_rule(
                    tx,
                    &rule.id,
                    "late_open",
                    &key,
                    last.tick_us,
                    context.now_us,
                )?;
                touched.insert(group);
                opened.insert(key);
            }
            Phase::Pending(n) if n > stored.instance.phase.ticks() => {
                instance::save(tx, rule, &key, &again)?;
                instances.insert(key, again);
            }
            // It fired in between, and nobody has heard of it.
            _ if again.since_us > 0 && !was_told(tx, rule, &group, first.tick_us)? => {
                note_rule(
                    tx,
                    &rule.id,
                    "late_breach",
                    &key,
                    again.since_us,
                    context.now_us,
                )?;
            }
            _ => {}
        }
    }
    let of = TickOf {
        rule,
        tick: last,
        context,
        policy,
    };
    take_groups(tx, of, &instances, touched, &opened)
}

/// Where an instance that was well before the first of these ticks stands after the last; `since_us` is the
/// tick at which it fired last, zero when it never did.
fn walk(rule: &AlertRule, key: &Key, ticks: &[Tick]) -> Stored {
    let mut stored = Stored::default();
    let hold = hold_ticks(rule, key);
    for tick in ticks {
        let Ok(rows) = &tick.outcome else { continue };
        let reading = rows.iter().find(|reading| reading.labels == key.labels);
        let verdict = reading.map_or(Verdict::Missing, |reading| rule.verdict(reading));
        let (instance, effect) = transition(stored.instance, verdict, tick.is_complete, hold);
        stored.instance = instance;
        if effect == Effect::Open {
            stored.since_us = tick.tick_us;
        }
        if let Some(reading) = reading.filter(|_| verdict == Verdict::Breach) {
            stored.severity = severity_of(rule, key.kind, reading).max(stored.severity);
            stored.reading = reading.clone();
        }
    }
    stored
}

/// Whether an incident of the key was open at or after an instant.
fn was_told(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    group: &Key,
    since_us: i64,
) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM incidents WHERE rule_id = ?1 AND kind = ?2 AND labels = ?3 AND coalesce(closed_us, ?4) >= ?4)",
    )?
    .query_row(
        params![rule.id, group.kind.as_str(), group.labels_json(), since_us],
        |row| row.get(0),
    )
}
