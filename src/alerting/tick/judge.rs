//! Readings become verdicts, one for every instance.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::instance::Stored;
use crate::alerting::Tick;
use crate::alerting::key::{Key, KeyKind};
use crate::incident::HoldTicks;
use crate::rule::{AlertRule, MissingAs, Reading, Severity, Verdict};

/// A verdict for every instance, known or new, and for the rule itself.
pub(super) fn judge(
    rule: &AlertRule,
    tick: &Tick,
    known: &BTreeMap<Key, Stored>,
) -> BTreeMap<Key, (Verdict, Option<Reading>)> {
    let mut verdicts = BTreeMap::new();
    let of_rule = |kind, verdict: Verdict, value: Option<f64>| {
        let reading = Reading {
            value,
            ..Reading::default()
        };
        (Key::of_rule(kind), (verdict, Some(reading)))
    };
    let is_label_set = |key: &Key| {
        key.kind == KeyKind::Value
            && key.labels.len() == rule.query.labels.len()
            && rule
                .query
                .labels
                .iter()
                .all(|name| key.labels.contains_key(name))
    };
    let rows = match &tick.outcome {
        Ok(rows) => rows,
        Err(_) => {
            verdicts.extend(known.keys().map(|key| (key.clone(), (Verdict::Band, None))));
            if rule.error.is_told() {
                verdicts.extend([of_rule(KeyKind::Error, Verdict::Breach, None)]);
            }
            return verdicts;
        }
    };
    let is_silent = rows.is_empty() && rule.says_nodata();
    for key in known.keys() {
        let verdict = match key.kind {
            // A label set that the rule does not make any more can never recover by itself.
            KeyKind::Value if !is_label_set(key) => Verdict::Clear,
            // Nothing at all is no proof that this one is well.
            KeyKind::Value if is_silent => Verdict::Band,
            KeyKind::Value => Verdict::Missing,
            KeyKind::NoData if is_silent => Verdict::Band,
            _ => Verdict::Clear,
        };
        verdicts.insert(key.clone(), (verdict, None));
    }
    if rule.nodata().is_some() && is_silent {
        let verdict = if tick.is_complete {
            Verdict::Breach
        } else {
            Verdict::Band
        };
        verdicts.extend([of_rule(KeyKind::NoData, verdict, None)]);
    }
    let mut fresh = Vec::new();
    for reading in rows {
        let key = Key {
            kind: KeyKind::Value,
            labels: reading.labels.clone(),
        };
        let verdict = rule.verdict(reading);
        if known.contains_key(&key) {
            verdicts.insert(key, (verdict, Some(reading.clone())));
        } else if verdict == Verdict::Breach {
            fresh.push((key, reading));
        }
    }
    let room = rule.limits.max_keys.saturating_sub(known.len());
    if fresh.len() > room {
        fresh.sort_by(|a, b| worse_first(rule, a.1, b.1));
        let folded = fresh.split_off(room).len();
        verdicts.extend([of_rule(
            KeyKind::Overflow,
            Verdict::Breach,
            Some(folded as f64),
        )]);
    }
    for (key, reading) in fresh {
        verdicts.insert(key, (Verdict::Breach, Some(reading.clone())));
    }
    if rule.hold.missing_as == MissingAs::NoData && tick.is_complete {
        verdicts.extend(missing_label_sets(rule, known, &verdicts));
    }
    verdicts
}

/// Label sets whose row has been missing for too long, each as an instance of its own.
fn missing_label_sets(
    rule: &AlertRule,
    known: &BTreeMap<Key, Stored>,
    verdicts: &BTreeMap<Key, (Verdict, Option<Reading>)>,
) -> Vec<(Key, (Verdict, Option<Reading>))> {
    let limit = rule.hold.missing_after.unwrap_or(u32::MAX);
    let is_missing = |key: &&Key| {
        let verdict = verdicts.get(key).map(|(verdict, _)| *verdict);
        let n_missing = known.get(key).map_or(0, |stored| stored.instance.n_missing);
        verdict == Some(Verdict::Missing) && n_missing.saturating_add(1) >= limit
    };
    let missing = known.keys().filter(is_missing).map(|key| {
        let reading = Reading {
            labels: key.labels.clone(),
            ..Reading::default()
        };
        let key = Key {
            kind: KeyKind::NoData,
            labels: key.labels.clone(),
        };
        (key, (Verdict::Breach, Some(reading)))
    });
    missing.collect()
}

/// The worst value first; equal ones in the order of their labels.
pub(super) fn worse_first(rule: &AlertRule, a: &Reading, b: &Reading) -> Ordering {
    let order = a
        .value
        .unwrap_or(f64::NAN)
        .total_cmp(&b.value.unwrap_or(f64::NAN));
    let order = match rule.raise.is_upward() {
        true => order.reverse(),
        false => order,
    };
    order.then_with(|| a.labels.cmp(&b.labels))
}

pub(super) fn hold_ticks(rule: &AlertRule, key: &Key) -> HoldTicks {
    let (kind, is_of_labels) = (key.kind, !key.labels.is_empty());
    let at_once = |pending: u32| HoldTicks {
        pending,
        keep: 0,
        missing: None,
    };
    match kind {
        KeyKind::Value => HoldTicks {
            pending: rule.ticks(rule.hold.pending),
            keep: rule.ticks(rule.hold.keep_firing_for),
            missing: rule
                .hold
                .missing_after
                .filter(|_| rule.hold.missing_as == MissingAs::Ok),
        },
        // Of a label set its missing ticks were counted already.
        KeyKind::NoData if is_of_labels => at_once(0),
        KeyKind::NoData => at_once(rule.ticks(rule.nodata().map(|nodata| nodata.after))),
        KeyKind::Error => at_once(rule.error.after.saturating_sub(1)),
        _ => at_once(0),
    }
}

pub(super) fn severity_of(rule: &AlertRule, kind: KeyKind, reading: &Reading) -> Severity {
    match kind {
        KeyKind::NoData => rule
            .nodata()
            .map_or(Severity::Warning, |nodata| nodata.severity),
        KeyKind::Error => rule.error.severity,
        KeyKind::Value => rule.severity(reading),
        _ => rule.route.severity,
    }
}
