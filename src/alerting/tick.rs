//! A tick: readings become verdicts, verdicts move instances, instances open and close incidents.

pub(super) mod late;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};
use serde_json::json;

use super::incidents::{self, Draft, News};
use super::key::{Key, KeyKind, dedup_key, incident_id, installation_id};
use super::message;
use super::{Context, KEEP_US, Policy, Tick};
use crate::incident::{Effect, HoldTicks, Instance, Phase, transition};
use crate::rule::{AlertRule, MissingAs, Reading, Severity, Verdict};

/// An incident hears that it still holds this often.
const REFRESH_US: i64 = 60_000_000;
/// So many opens of a key within [`FLAP_WINDOW_US`] and the incident stays open ...
const FLAP_OPENS: usize = 4;
/// ... until there were fewer than this.
const CALM_OPENS: usize = 2;
const FLAP_WINDOW_US: i64 = 3_600_000_000;
/// Members that an incident lists.
const MEMBERS_MAX: usize = 200;

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
    let mut instances = load(tx, rule)?;
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
                delete(tx, rule, &key)?;
            }
            instances.remove(&key);
        } else if old.as_ref() != Some(&stored) {
            save(tx, rule, &key, &stored)?;
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
            rule: of.rule,
            tick: of.tick,
            context: of.context,
            policy: of.policy,
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

/// What the state file holds of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stored {
    instance: Instance,
    since_us: i64,
    severity: Severity,
    reading: Reading,
}

/// The rule's instances that are not well. What the rule does not have any more is left out and forgotten:
/// its incident finds itself without members.
fn load(tx: &Transaction<'_>, rule: &AlertRule) -> rusqlite::Result<BTreeMap<Key, Stored>> {
    let mut statement = tx.prepare_cached(
        "SELECT kind, labels, phase, ticks, n_missing, since_us, severity, reading FROM instances WHERE rule_id = ?1",
    )?;
    let rows = statement.query_map([&rule.id], |row| {
        let (kind, labels): (String, String) = (row.get(0)?, row.get(1)?);
        let (phase, severity, reading): (String, String, String) =
            (row.get(2)?, row.get(6)?, row.get(7)?);
        let stored = Stored {
            instance: Instance {
                phase: Phase::from_parts(&phase, row.get(3)?).unwrap_or_default(),
                n_missing: row.get(4)?,
            },
            since_us: row.get(5)?,
            severity: Severity::parse(&severity),
            reading: serde_json::from_str(&reading).unwrap_or_default(),
        };
        Ok((Key::from_parts(&kind, &labels), stored))
    })?;
    rows.collect()
}

fn save(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    key: &Key,
    stored: &Stored,
) -> rusqlite::Result<()> {
    let phase = stored.instance.phase;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO instances VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        rule.id,
        key.kind.as_str(),
        key.labels_json(),
        phase.as_str(),
        phase.ticks(),
        stored.instance.n_missing,
        stored.since_us,
        stored.severity.as_str(),
        json!(stored.reading).to_string()
    ])
    .map(drop)
}

fn delete(tx: &Transaction<'_>, rule: &AlertRule, key: &Key) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM instances WHERE rule_id = ?1 AND kind = ?2 AND labels = ?3")?
        .execute(params![rule.id, key.kind.as_str(), key.labels_json()])
        .map(drop)
}

/// A verdict for every instance, known or new, and for the rule itself.
fn judge(
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
fn worse_first(rule: &AlertRule, a: &Reading, b: &Reading) -> Ordering {
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

fn hold_ticks(rule: &AlertRule, key: &Key) -> HoldTicks {
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

fn severity_of(rule: &AlertRule, kind: KeyKind, reading: &Reading) -> Severity {
    match kind {
        KeyKind::NoData => rule
            .nodata()
            .map_or(Severity::Warning, |nodata| nodata.severity),
        KeyKind::Error => rule.error.severity,
        KeyKind::Value => rule.severity(reading),
        _ => rule.route.severity,
    }
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

/// What the state file holds of an incident's key, over its episodes.
struct KeyRow {
    dedup_key: String,
    episode: i64,
    incident_id: Option<String>,
    /// Ticks at which it opened, or would have, lately.
    opens: Vec<i64>,
    reopen_after_us: i64,
}

/// One incident's key at one tick.
struct Group<'a> {
    rule: &'a AlertRule,
    tick: &'a Tick,
    context: &'a Context,
    policy: &'a Policy,
    key: &'a Key,
    /// Open instances, the worst first.
    members: &'a [(&'a Key, &'a Stored)],
    /// Instances that began to fire at this tick.
    opened: &'a BTreeSet<Key>,
}

impl Group<'_> {
    fn take(&self, tx: &Transaction<'_>) -> rusqlite::Result<Option<Change>> {
        let mut row = self.row(tx)?;
        let all_new = self
            .members
            .iter()
            .all(|(key, _)| self.opened.contains(key));
        row.opens
            .retain(|open| self.tick.tick_us - open < FLAP_WINDOW_US);
        match (row.incident_id.clone(), self.members.is_empty()) {
            (None, true) => Ok(None),
            (None, false) if self.tick.tick_us < row.reopen_after_us => Ok(None),
            (None, false) => self.open(tx, row, !all_new).map(Some),
            (Some(id), false) => {
                if all_new {
                    row.opens.push(self.tick.tick_us);
                    self.save(tx, &row)?;
                }
                self.hold(tx, &id, row.opens.len())
            }
            (Some(id), true) => self.clear(tx, row, &id),
        }
    }

    fn row(&self, tx: &Transaction<'_>) -> rusqlite::Result<KeyRow> {
        let mut statement = tx.prepare_cached(
            "SELECT dedup_key, episode, incident_id, opens, reopen_after_us FROM incident_keys
             WHERE rule_id = ?1 AND kind = ?2 AND labels = ?3",
        )?;
        let found = statement.query_row(
            params![self.rule.id, self.key.kind.as_str(), self.key.labels_json()],
            |row| {
                let opens: String = row.get(3)?;
                Ok(KeyRow {
                    dedup_key: row.get(0)?,
                    episode: row.get(1)?,
                    incident_id: row.get(2)?,
                    opens: serde_json::from_str(&opens).unwrap_or_default(),
                    reopen_after_us: row.get(4)?,
                })
            },
        );
        match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(KeyRow {
                dedup_key: dedup_key(&installation_id(tx)?, &self.rule.id, self.key),
                episode: 0,
                incident_id: None,
                opens: Vec::new(),
                reopen_after_us: i64::MIN,
            }),
            found => found,
        }
    }

    fn save(&self, tx: &Transaction<'_>, row: &KeyRow) -> rusqlite::Result<()> {
        tx.prepare_cached(
            "INSERT INTO incident_keys (rule_id, kind, labels, dedup_key, episode, seq, incident_id, opens, reopen_after_us)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET episode = excluded.episode, incident_id = excluded.incident_id,
               opens = excluded.opens, reopen_after_us = excluded.reopen_after_us",
        )?
        .execute(params![
            self.rule.id,
            self.key.kind.as_str(),
            self.key.labels_json(),
            row.dedup_key,
            row.episode,
            row.incident_id,
            json!(row.opens).to_string(),
            row.reopen_after_us
        ])
        .map(drop)
    }

    fn readings(&self) -> Vec<&Reading> {
        self.members
            .iter()
            .map(|(_, stored)| &stored.reading)
            .collect()
    }

    /// Why the rule could not be judged at this tick.
    fn why(&self) -> Option<&str> {
        self.tick.outcome.as_ref().err().map(String::as_str)
    }

    fn severity(&self) -> Severity {
        let severities = self.members.iter().map(|(_, stored)| stored.severity);
        severities.max().unwrap_or_default()
    }

    fn members_json(&self) -> String {
        let members = self.members.iter().take(MEMBERS_MAX).map(|(key, stored)| {
            json!({"labels": key.labels, "value": stored.reading.value, "n": stored.reading.n, "severity": stored.severity})
        });
        json!(members.collect::<Vec<_>>()).to_string()
    }

    /// Opens a new episode. It is `still true` when it was ended by hand and its instances never recovered.
    fn open(
        &self,
        tx: &Transaction<'_>,
        mut row: KeyRow,
        is_still_true: bool,
    ) -> rusqlite::Result<Change> {
        row.episode += 1;
        row.opens.push(self.tick.tick_us);
        let id = incident_id(&row.dedup_key, row.episode);
        row.incident_id = Some(id.clone());
        let readings = self.readings();
        let mut summary = message::summary(self.rule, self.key.kind, &readings, self.why());
        if is_still_true {
            summary = format!("still true: {summary}");
        }
        let worst = readings.first().copied();
        let draft = Draft {
            id: &id,
            dedup_key: &row.dedup_key,
            episode: row.episode,
            rule: self.rule,
            key: self.key,
            members: self.members_json(),
            severity: self.severity(),
            targets: self.policy.targets_of(self.rule),
            opened_us: self.tick.tick_us,
            value: worst.and_then(|reading| reading.value),
            n: worst.and_then(|reading| reading.n),
            summary: &summary,
            client_url: &self.client_url(),
            runbook_url: &message::runbook_url(&self.context.public_url, &self.rule.runbook),
        };
        incidents::insert(tx, &draft)?;
        self.save(tx, &row)?;
        self.event(tx, &id, "open", None)?;
        Ok(Change {
            effect: Effect::Open,
            summary,
        })
    }

    /// Keeps the incident's numbers fresh and says whether its targets should hear of them.
    fn hold(
        &self,
        tx: &Transaction<'_>,
        id: &str,
        n_opens: usize,
    ) -> rusqlite::Result<Option<Change>> {
        let old = incidents::standing(tx, id)?;
        let readings = self.readings();
        let is_recovering = self
            .members
            .iter()
            .all(|(_, stored)| matches!(stored.instance.phase, Phase::Recovering(_)));
        let state = if is_recovering {
            "recovering"
        } else {
            "firing"
        };
        if is_recovering {
            return incidents::set_state(tx, id, state).map(|()| None);
        }
        let severity = self.severity().max(old.severity);
        let members = self.members_json();
        let mut news = old.news;
        if self.tick.tick_us - old.refreshed_us >= REFRESH_US {
            news = news.max(News::Refresh);
        }
        if old.labels_of_members() != labels_of(self.members) {
            news = news.max(News::Change);
        }
        if severity > old.severity {
            news = News::Escalate;
            self.event(tx, id, "escalate", Some(severity.as_str()))?;
        }
        let is_flapping = old.is_flapping && n_opens >= CALM_OPENS;
        let worst = readings.first().copied();
        let prefix = if old.summary.starts_with("still true: ") {
            "still true: "
        } else {
            ""
        };
        tx.prepare_cached(
            "UPDATE incidents SET state = ?2, value = ?3, n = ?4, peak_value = CASE WHEN ?5 THEN max(peak_value, ?3) ELSE min(peak_value, ?3) END,
               summary = ?6, client_url = ?7, members = ?8, severity = ?9, news = ?10, tick_us = ?11, is_flapping = ?12,
               refreshed_us = CASE WHEN ?13 THEN ?11 ELSE refreshed_us END,
               n_escalations = n_escalations + ?14
             WHERE incident_id = ?1",
        )?
        .execute(params![
            id,
            state,
            worst.and_then(|reading| reading.value),
            worst.and_then(|reading| reading.n),
            self.rule.raise.is_upward(),
            format!("{prefix}{}", message::summary(self.rule, self.key.kind, &readings, self.why())),
            self.client_url(),
            members,
            severity.as_str(),
            news.as_str(),
            self.tick.tick_us,
            is_flapping,
            news >= News::Refresh,
            i64::from(severity > old.severity),
        ])?;
        Ok(None)
    }

    /// The last member is well: the episode ends, unless it has come and gone too often lately.
    fn clear(
        &self,
        tx: &Transaction<'_>,
        mut row: KeyRow,
        id: &str,
    ) -> rusqlite::Result<Option<Change>> {
        let old = incidents::standing(tx, id)?;
        let limit = if old.is_flapping {
            CALM_OPENS
        } else {
            FLAP_OPENS
        };
        if row.opens.len() >= limit {
            if !old.is_flapping {
                self.event(tx, id, "flapping", None)?;
            }
            self.save(tx, &row)?;
            tx.prepare_cached(
                "UPDATE incidents SET state = 'recovering', is_flapping = 1, tick_us = ?2 WHERE incident_id = ?1",
            )?
            .execute(params![id, self.tick.tick_us])?;
            return Ok(None);
        }
        row.incident_id = None;
        self.save(tx, &row)?;
        incidents::close(tx, id, self.tick.tick_us, "recovered")?;
        self.event(tx, id, "resolve", None)?;
        Ok(Some(Change {
            effect: Effect::Resolve,
            summary: old.summary,
        }))
    }

    fn event(
        &self,
        tx: &Transaction<'_>,
        id: &str,
        kind: &str,
        detail: Option<&str>,
    ) -> rusqlite::Result<()> {
        let worst = self.members.first().map(|(_, stored)| &stored.reading);
        let event = incidents::Event {
            at_us: self.context.now_us,
            tick_us: self.tick.tick_us,
            kind,
            value: worst.and_then(|reading| reading.value),
            n: worst.and_then(|reading| reading.n),
            actor: None,
            detail,
        };
        incidents::note(tx, id, &event)
    }

    fn client_url(&self) -> String {
        let from = self.tick.tick_us - self.rule.eval.window.0;
        message::client_url(
            &self.context.public_url,
            (from, self.tick.tick_us),
            &self.key.labels,
        )
    }
}

fn labels_of(members: &[(&Key, &Stored)]) -> BTreeSet<String> {
    let members = members.iter().take(MEMBERS_MAX);
    members
        .map(|(key, _)| json!(key.labels).to_string())
        .collect()
}
