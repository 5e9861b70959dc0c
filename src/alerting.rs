//! Rule states and incidents in the state file, and the one transaction that moves them by a tick.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::incident::{Effect, HoldTicks, Instance, Phase, transition};
use crate::notify::{Action, Notification};
use crate::outbox;
use crate::rule::{AlertRule, Labels, Reading, Unit, Verdict};
use crate::state::{State, StateError};

/// After a pause ticks are made up for this long back.
pub const CATCH_UP_MAX_US: i64 = 3_600_000_000;
/// While an incident holds, its targets hear of it this often.
const REFRESH_US: i64 = 60_000_000;
/// Evaluations and delivered messages are kept this long.
const KEEP_US: i64 = 30 * 24 * 3_600_000_000;
/// Ended incidents that the list shows.
const LISTED_MAX: i64 = 200;

const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS rule_states (
  rule_id TEXT NOT NULL, labels TEXT NOT NULL, phase TEXT NOT NULL, ticks INTEGER NOT NULL, n_missing INTEGER NOT NULL,
  episode INTEGER NOT NULL, seq INTEGER NOT NULL, incident_id TEXT, sent_tick_us INTEGER,
  PRIMARY KEY (rule_id, labels)) STRICT;
CREATE TABLE IF NOT EXISTS rule_ticks (
  rule_id TEXT NOT NULL, tick_us INTEGER NOT NULL, n_rows INTEGER NOT NULL, n_breaches INTEGER NOT NULL,
  is_complete INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (rule_id, tick_us)) STRICT;
CREATE TABLE IF NOT EXISTS incidents (
  incident_id TEXT PRIMARY KEY, dedup_key TEXT NOT NULL, episode INTEGER NOT NULL, rule_id TEXT NOT NULL,
  title TEXT NOT NULL, labels TEXT NOT NULL, severity TEXT NOT NULL, service TEXT NOT NULL, team TEXT NOT NULL,
  state TEXT NOT NULL, targets TEXT NOT NULL, opened_us INTEGER NOT NULL, closed_us INTEGER, value REAL, threshold REAL NOT NULL,
  n INTEGER, peak_value REAL, summary TEXT NOT NULL, client_url TEXT NOT NULL, runbook_url TEXT NOT NULL, close_reason TEXT) STRICT;
CREATE TABLE IF NOT EXISTS incident_events (
  incident_id TEXT NOT NULL, seq INTEGER NOT NULL, at_us INTEGER NOT NULL, tick_us INTEGER NOT NULL, kind TEXT NOT NULL,
  value REAL, n INTEGER, PRIMARY KEY (incident_id, seq, kind)) STRICT;
";

/// Adds the tables; part of opening the state file.
pub fn migrate(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(LAYOUT)?;
    tx.execute_batch(outbox::LAYOUT)?;
    tx.execute(
        "INSERT OR IGNORE INTO meta (key, value) VALUES ('installation_id', ?1)",
        [uuid::Uuid::new_v4().to_string()],
    )?;
    Ok(())
}

/// Ticks that are due: multiples of `every` after the last one, up to the watermark, the oldest first.
///
/// A rule that never ran starts one catch-up span back, so that what is wrong when logatlas starts is seen
/// with the time it has lasted.
pub fn due_ticks(last_us: Option<i64>, watermark_us: i64, every_us: i64) -> Vec<i64> {
    let every = every_us.max(1);
    let newest = watermark_us.div_euclid(every) * every;
    let oldest = (newest - CATCH_UP_MAX_US).div_euclid(every) * every;
    let first = last_us
        .map_or(oldest, |last| (last.div_euclid(every) + 1) * every)
        .max(oldest);
    let n = (newest - first).div_euclid(every) + 1;
    (0..n.max(0)).map(|i| first + i * every).collect()
}

/// The last tick a rule has seen.
pub fn last_tick(connection: &Connection, rule_id: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row(
        "SELECT max(tick_us) FROM rule_ticks WHERE rule_id = ?1",
        [rule_id],
        |row| row.get(0),
    )
}

/// One evaluation of a rule.
#[derive(Clone, Debug)]
pub struct Tick {
    /// End of the window.
    pub tick_us: i64,
    /// False when lines of the window may still be missing.
    pub is_complete: bool,
    pub readings: Vec<Reading>,
}

/// What messages need besides the rule and the reading.
#[derive(Clone, Debug)]
pub struct Context {
    /// Prefix of links.
    pub public_url: String,
    pub now_us: i64,
}

/// A change that was made, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub effect: Effect,
    pub summary: String,
}

/// Moves every instance of the rule by one tick and writes what is due, all in the caller's transaction.
///
/// A tick that was applied before changes nothing.
pub fn apply_tick(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    tick: &Tick,
    context: &Context,
) -> rusqlite::Result<Vec<Change>> {
    let verdicts = tick.readings.iter().map(|reading| rule.verdict(reading));
    let n_breaches = verdicts
        .filter(|verdict| *verdict == Verdict::Breach)
        .count();
    let is_new = tx.execute(
        "INSERT OR IGNORE INTO rule_ticks (rule_id, tick_us, n_rows, n_breaches, is_complete, at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![rule.id, tick.tick_us, tick.readings.len() as i64, n_breaches as i64, tick.is_complete, context.now_us],
    )?;
    if is_new == 0 {
        return Ok(Vec::new());
    }
    tx.execute(
        "DELETE FROM rule_ticks WHERE rule_id = ?1 AND tick_us < ?2",
        params![rule.id, tick.tick_us - KEEP_US],
    )?;
    tx.execute(
        "DELETE FROM outbox WHERE status = 'delivered' AND not_before_us < ?1",
        [context.now_us - KEEP_US],
    )?;
    let mut stored = states(tx, &rule.id)?;
    let mut changes = Vec::new();
    for reading in &tick.readings {
        let key = labels_json(&reading.labels);
        let state = stored.remove(&key).unwrap_or_default();
        let step = Step {
            rule,
            tick,
            context,
            key: &key,
            reading,
        };
        changes.extend(step.take(tx, state, rule.verdict(reading))?);
    }
    for (key, state) in stored {
        let reading = Reading {
            labels: serde_json::from_str(&key).unwrap_or_default(),
            value: None,
            n: None,
            k: None,
        };
        let step = Step {
            rule,
            tick,
            context,
            key: &key,
            reading: &reading,
        };
        changes.extend(step.take(tx, state, Verdict::Missing)?);
    }
    Ok(changes)
}

/// What the state file holds of an instance.
#[derive(Clone, Debug, Default)]
struct Stored {
    instance: Instance,
    episode: i64,
    seq: i64,
    incident_id: Option<String>,
    sent_tick_us: Option<i64>,
}

fn states(tx: &Transaction<'_>, rule_id: &str) -> rusqlite::Result<BTreeMap<String, Stored>> {
    let mut statement = tx.prepare_cached(
        "SELECT labels, phase, ticks, n_missing, episode, seq, incident_id, sent_tick_us FROM rule_states WHERE rule_id = ?1",
    )?;
    let rows = statement.query_map([rule_id], |row| {
        let (name, ticks): (String, u32) = (row.get(1)?, row.get(2)?);
        let stored = Stored {
            instance: Instance {
                phase: Phase::from_parts(&name, ticks).unwrap_or_default(),
                n_missing: row.get(3)?,
            },
            episode: row.get(4)?,
            seq: row.get(5)?,
            incident_id: row.get(6)?,
            sent_tick_us: row.get(7)?,
        };
        Ok((row.get(0)?, stored))
    })?;
    rows.collect()
}

/// One instance at one tick.
struct Step<'a> {
    rule: &'a AlertRule,
    tick: &'a Tick,
    context: &'a Context,
    key: &'a str,
    reading: &'a Reading,
}

impl Step<'_> {
    fn take(
        &self,
        tx: &Transaction<'_>,
        mut stored: Stored,
        verdict: Verdict,
    ) -> rusqlite::Result<Option<Change>> {
        let hold = HoldTicks {
            pending: self.rule.ticks(self.rule.hold.pending),
            keep: self.rule.ticks(self.rule.hold.keep_firing_for),
            missing: self.rule.hold.missing_after,
        };
        let (instance, effect) = transition(stored.instance, verdict, self.tick.is_complete, hold);
        let is_unchanged = instance == stored.instance && effect == Effect::Quiet;
        stored.instance = instance;
        if is_unchanged && instance.phase == Phase::Ok {
            return Ok(None);
        }
        let change = match effect {
            Effect::Quiet | Effect::NearMiss => None,
            Effect::Open => Some(self.open(tx, &mut stored)?),
            Effect::Hold => self.hold(tx, &mut stored)?,
            Effect::Resolve => Some(self.resolve(tx, &mut stored)?),
        };
        self.save(tx, &stored)?;
        Ok(change)
    }

    fn save(&self, tx: &Transaction<'_>, stored: &Stored) -> rusqlite::Result<()> {
        let phase = stored.instance.phase;
        tx.prepare_cached(
            "INSERT OR REPLACE INTO rule_states VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            self.rule.id,
            self.key,
            phase.as_str(),
            phase.ticks(),
            stored.instance.n_missing,
            stored.episode,
            stored.seq,
            stored.incident_id,
            stored.sent_tick_us
        ])
        .map(drop)
    }

    fn open(&self, tx: &Transaction<'_>, stored: &mut Stored) -> rusqlite::Result<Change> {
        stored.episode += 1;
        let dedup_key = dedup_key(&installation_id(tx)?, &self.rule.id, &self.reading.labels);
        let id = incident_id(&dedup_key, stored.episode);
        let summary = summary(self.rule, self.reading);
        let runbook_url = runbook_url(&self.context.public_url, &self.rule.runbook);
        tx.execute(
            "INSERT INTO incidents (incident_id, dedup_key, episode, rule_id, title, labels, severity, service, team, state, targets,
               opened_us, value, threshold, n, peak_value, summary, client_url, runbook_url)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'firing', ?10, ?11, ?12, ?13, ?14, ?12, ?15, ?16, ?17)",
            params![
                id,
                dedup_key,
                stored.episode,
                self.rule.id,
                self.rule.title,
                self.key,
                json!(self.rule.route.severity).as_str(),
                self.rule.route.service,
                self.rule.route.team,
                json!(self.rule.route.targets).to_string(),
                self.tick.tick_us,
                self.reading.value,
                self.rule.raise.at,
                self.reading.n,
                summary,
                self.client_url(),
                runbook_url,
            ],
        )?;
        stored.incident_id = Some(id.clone());
        self.send(tx, stored, &id, Action::Trigger)?;
        self.event(tx, stored, &id, "open")?;
        Ok(Change {
            effect: Effect::Open,
            summary,
        })
    }

    /// Keeps the incident's numbers fresh, and its targets informed.
    fn hold(&self, tx: &Transaction<'_>, stored: &mut Stored) -> rusqlite::Result<Option<Change>> {
        let Some(id) = stored.incident_id.clone() else {
            return Ok(None);
        };
        tx.execute(
            "UPDATE incidents SET state = ?2 WHERE incident_id = ?1",
            params![id, stored.instance.phase.as_str()],
        )?;
        // What the page says stays what was wrong, while it recovers too.
        if self.reading.value.is_none() || stored.instance.phase != Phase::Firing {
            return Ok(None);
        }
        tx.execute(
            "UPDATE incidents SET value = ?2, n = ?3, peak_value = CASE WHEN ?4 THEN max(peak_value, ?2) ELSE min(peak_value, ?2) END,
               summary = ?5, client_url = ?6 WHERE incident_id = ?1",
            params![
                id,
                self.reading.value,
                self.reading.n,
                self.rule.raise.at >= self.rule.recover.at,
                summary(self.rule, self.reading),
                self.client_url()
            ],
        )?;
        let is_due = stored
            .sent_tick_us
            .is_none_or(|sent| self.tick.tick_us - sent >= REFRESH_US);
        if is_due {
            self.send(tx, stored, &id, Action::Trigger)?;
        }
        Ok(None)
    }

    fn resolve(&self, tx: &Transaction<'_>, stored: &mut Stored) -> rusqlite::Result<Change> {
        let Some(id) = stored.incident_id.take() else {
            return Ok(Change {
                effect: Effect::Resolve,
                summary: String::new(),
            });
        };
        let summary = match self.reading.value {
            Some(_) => summary(self.rule, self.reading),
            None => format!(
                "{} {}: no more rows",
                self.rule.title,
                place(&self.reading.labels)
            ),
        };
        close(tx, &id, self.tick.tick_us, "recovered")?;
        self.send(tx, stored, &id, Action::Resolve)?;
        self.event(tx, stored, &id, "resolve")?;
        stored.sent_tick_us = None;
        Ok(Change {
            effect: Effect::Resolve,
            summary,
        })
    }

    fn event(
        &self,
        tx: &Transaction<'_>,
        stored: &Stored,
        id: &str,
        kind: &str,
    ) -> rusqlite::Result<()> {
        tx.execute(
            "INSERT OR IGNORE INTO incident_events (incident_id, seq, at_us, tick_us, kind, value, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![id, stored.seq, self.context.now_us, self.tick.tick_us, kind, self.reading.value, self.reading.n],
        )
        .map(drop)
    }

    /// Queues a message for every target that the incident has had since it opened.
    fn send(
        &self,
        tx: &Transaction<'_>,
        stored: &mut Stored,
        id: &str,
        action: Action,
    ) -> rusqlite::Result<()> {
        stored.seq += 1;
        stored.sent_tick_us = Some(self.tick.tick_us);
        let message = Notification {
            action,
            dedup_key: dedup_key(&installation_id(tx)?, &self.rule.id, &self.reading.labels),
            episode: stored.episode,
            seq: stored.seq,
            rule: self.rule.id.clone(),
            summary: summary(self.rule, self.reading),
            severity: self.rule.route.severity,
            service: self.rule.route.service.clone(),
            team: self.rule.route.team.clone(),
            labels: self.reading.labels.clone(),
            value: self.reading.value,
            threshold: self.rule.raise.at,
            n: self.reading.n,
            tick_us: self.tick.tick_us,
            client_url: self.client_url(),
            runbook_url: runbook_url(&self.context.public_url, &self.rule.runbook),
        };
        for target in targets(tx, id)? {
            outbox::enqueue(tx, id, &target, &message, self.context.now_us)?;
        }
        Ok(())
    }

    /// The map at the window and place that the reading is about.
    fn client_url(&self) -> String {
        let (from, to) = (
            self.tick.tick_us - self.rule.eval.window.0,
            self.tick.tick_us,
        );
        let mut url = format!(
            "{}/map?from={}&to={}&metric=rate",
            self.context.public_url,
            from / 1000,
            to / 1000
        );
        let parts = ["country", "region", "city"]
            .map(|name| self.reading.labels.get(name).cloned().flatten());
        let place: Vec<String> = parts.into_iter().map_while(|part| part).collect();
        if !place.is_empty() {
            let encoded: Vec<String> = place
                .iter()
                .map(|part| url::form_urlencoded::byte_serialize(part.as_bytes()).collect())
                .collect();
            url.push_str(&format!("&place={}", encoded.join("/")));
        }
        url
    }
}

fn targets(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Vec<String>> {
    let text: Option<String> = tx
        .query_row(
            "SELECT targets FROM incidents WHERE incident_id = ?1",
            [id],
            |row| row.get(0),
        )
        .optional()?;
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

fn close(tx: &Transaction<'_>, id: &str, at_us: i64, reason: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE incidents SET state = 'closed', closed_us = ?2, close_reason = ?3 WHERE incident_id = ?1",
        params![id, at_us, reason],
    )
    .map(drop)
}

/// Resolves the incidents of rules that are gone or switched off: who was told of a trigger is told of its end.
pub fn close_orphans(
    tx: &Transaction<'_>,
    rules: &[AlertRule],
    now_us: i64,
) -> rusqlite::Result<usize> {
    let known = json!(rules.iter().map(|rule| &rule.id).collect::<Vec<_>>()).to_string();
    let mut statement = tx.prepare(
        "SELECT s.rule_id, s.labels, s.episode, s.seq, i.incident_id, i.dedup_key, i.title, i.severity, i.service, i.team, i.threshold, i.client_url, i.runbook_url
         FROM rule_states s JOIN incidents i USING (incident_id)
         WHERE i.state <> 'closed' AND s.rule_id NOT IN (SELECT value FROM json_each(?1))",
    )?;
    let orphans: Vec<(String, String, String, Notification)> = statement
        .query_map([&known], |row| {
            let labels: String = row.get(1)?;
            let severity: String = row.get(7)?;
            let message = Notification {
                action: Action::Resolve,
                dedup_key: row.get(5)?,
                episode: row.get(2)?,
                seq: row.get::<_, i64>(3)? + 1,
                rule: row.get(0)?,
                summary: format!(
                    "{}: the rule is gone or switched off",
                    row.get::<_, String>(6)?
                ),
                severity: serde_json::from_value(severity.into())
                    .unwrap_or(crate::rule::Severity::Error),
                service: row.get(8)?,
                team: row.get(9)?,
                labels: serde_json::from_str(&labels).unwrap_or_default(),
                value: None,
                threshold: row.get(10)?,
                n: None,
                tick_us: now_us,
                client_url: row.get(11)?,
                runbook_url: row.get(12)?,
            };
            Ok((row.get(0)?, labels, row.get(4)?, message))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (rule_id, labels, id, message) in &orphans {
        close(tx, id, now_us, "rule removed")?;
        for target in targets(tx, id)? {
            outbox::enqueue(tx, id, &target, message, now_us)?;
        }
        tx.execute(
            "UPDATE rule_states SET phase = 'ok', ticks = 0, n_missing = 0, seq = ?3, incident_id = NULL, sent_tick_us = NULL
             WHERE rule_id = ?1 AND labels = ?2",
            params![rule_id, labels, message.seq],
        )?;
    }
    Ok(orphans.len())
}

/// Hash of installation, rule and labels, each with its length in front, so that no two sets can read alike.
/// A label that is null differs from one that is empty.
pub fn dedup_key(installation_id: &str, rule_id: &str, labels: &Labels) -> String {
    let mut hash = Sha256::new();
    let mut put = |tag: u8, text: &str| {
        hash.update([tag]);
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    put(0, installation_id);
    put(0, rule_id);
    for (name, value) in labels {
        put(1, name);
        match value {
            Some(value) => put(2, value),
            None => put(3, ""),
        }
    }
    crate::text::hex(&hash.finalize())
}

fn incident_id(dedup_key: &str, episode: i64) -> String {
    uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_OID,
        format!("{dedup_key}/{episode}").as_bytes(),
    )
    .to_string()
}

fn installation_id(tx: &Transaction<'_>) -> rusqlite::Result<String> {
    tx.query_row(
        "SELECT value FROM meta WHERE key = 'installation_id'",
        [],
        |row| row.get(0),
    )
}

fn labels_json(labels: &Labels) -> String {
    json!(labels).to_string()
}

fn runbook_url(public_url: &str, runbook: &str) -> String {
    match runbook.starts_with("http") {
        true => runbook.to_owned(),
        false => format!("{public_url}/runbooks/{runbook}"),
    }
}

fn place(labels: &Labels) -> String {
    let values: Vec<&str> = labels
        .values()
        .map(|value| value.as_deref().unwrap_or("unknown place"))
        .collect();
    values.join(" ")
}

/// `5xx rate DE 7.4 % (412 of 5570), limit 5 %`
fn summary(rule: &AlertRule, reading: &Reading) -> String {
    let show = |value: f64| match rule.query.unit {
        Unit::Ratio => format!("{} %", trim_zeros(value * 100.0)),
        Unit::Count => trim_zeros(value),
    };
    let value = reading.value.map_or("no value".into(), show);
    let sample = match (reading.k, reading.n) {
        (Some(k), Some(n)) => format!(" ({k} of {n})"),
        (None, Some(n)) => format!(" (n = {n})"),
        _ => String::new(),
    };
    format!(
        "{} {} {value}{sample}, limit {}",
        rule.title,
        place(&reading.labels),
        show(rule.raise.at)
    )
}

fn trim_zeros(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// An incident as the API shows it.
#[derive(Debug, Serialize)]
pub struct Incident {
    id: String,
    rule: String,
    title: String,
    labels: Value,
    state: String,
    severity: String,
    /// Milliseconds since the epoch.
    opened_at: i64,
    closed_at: Option<i64>,
    value: Option<f64>,
    threshold: f64,
    n: Option<i64>,
    summary: String,
    client_url: String,
    runbook_url: String,
}

/// Open incidents first, then the latest that ended.
pub fn incidents(connection: &Connection) -> rusqlite::Result<Vec<Incident>> {
    let mut statement = connection.prepare(
        "SELECT incident_id, rule_id, title, labels, state, severity, opened_us, closed_us, value, threshold, n, summary, client_url, runbook_url
         FROM incidents ORDER BY closed_us IS NULL DESC, opened_us DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([LISTED_MAX], |row: &Row<'_>| {
        let labels: String = row.get(3)?;
        Ok(Incident {
            id: row.get(0)?,
            rule: row.get(1)?,
            title: row.get(2)?,
            labels: serde_json::from_str(&labels).unwrap_or_default(),
            state: row.get(4)?,
            severity: row.get(5)?,
            opened_at: row.get::<_, i64>(6)? / 1000,
            closed_at: row.get::<_, Option<i64>>(7)?.map(|us| us / 1000),
            value: row.get(8)?,
            threshold: row.get(9)?,
            n: row.get(10)?,
            summary: row.get(11)?,
            client_url: row.get(12)?,
            runbook_url: row.get(13)?,
        })
    })?;
    rows.collect()
}

/// How many incidents are open and how many instances are about to be.
pub fn counts(state: &State) -> Result<Value, StateError> {
    state.read(|connection| {
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(json!({
            "firing": count("SELECT count(*) FROM incidents WHERE state <> 'closed'")?,
            "pending": count("SELECT count(*) FROM rule_states WHERE phase = 'pending'")?,
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::tests::{RULE, reading};

    const MINUTE: i64 = 60_000_000;

    fn database() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")
            .unwrap();
        let tx = connection.transaction().unwrap();
        migrate(&tx).unwrap();
        tx.commit().unwrap();
        connection
    }

    fn apply(connection: &mut Connection, tick: i64, readings: Vec<Reading>) -> Vec<Change> {
        let rule = AlertRule::parse("r", RULE).unwrap();
        let context = Context {
            public_url: "http://logs".into(),
            now_us: tick,
        };
        let tick = Tick {
            tick_us: tick,
            is_complete: true,
            readings,
        };
        let tx = connection.transaction().unwrap();
        let changes = apply_tick(&tx, &rule, &tick, &context).unwrap();
        tx.commit().unwrap();
        changes
    }

    /// The messages in the outbox: action, seq and summary.
    fn messages(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT body FROM outbox ORDER BY dedup_key, seq")
            .unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        let show = |body: String| {
            let message: Notification = serde_json::from_str(&body).unwrap();
            format!(
                "{} {} {}",
                message.action.as_str(),
                message.seq,
                message.summary
            )
        };
        rows.map(|body| show(body.unwrap())).collect()
    }

    #[test]
    fn an_episode_from_pending_to_resolve() {
        let mut db = database();
        let bad = || {
            vec![
                reading(Some("DE"), 0.074, 5570),
                reading(Some("FR"), 0.001, 900),
            ]
        };
        for minute in 0..2 {
            assert_eq!(apply(&mut db, minute * MINUTE, bad()), []);
        }
        let opened = apply(&mut db, 2 * MINUTE, bad());
        assert_eq!(
            opened[0].summary,
            "5xx rate DE 7.4 % (412 of 5570), limit 5 %"
        );
        // The same tick again, as after a crash: nothing happens twice.
        assert_eq!(apply(&mut db, 2 * MINUTE, bad()), []);
        assert_eq!(
            messages(&db),
            ["trigger 1 5xx rate DE 7.4 % (412 of 5570), limit 5 %"]
        );
        // An update takes the place of a trigger that has not left yet.
        apply(&mut db, 3 * MINUTE, bad());
        assert_eq!(
            messages(&db),
            ["trigger 2 5xx rate DE 7.4 % (412 of 5570), limit 5 %"]
        );
        let well = || vec![reading(Some("DE"), 0.004, 5000)];
        for minute in 4..7 {
            assert_eq!(apply(&mut db, minute * MINUTE, well()), []);
        }
        let closed = apply(&mut db, 7 * MINUTE, well());
        assert_eq!(closed[0].effect, Effect::Resolve);
        let sent = messages(&db);
        assert_eq!(sent.len(), 2);
        assert_eq!(
            sent[1],
            "resolve 3 5xx rate DE 0.4 % (20 of 5000), limit 5 %"
        );
        let list = incidents(&db).unwrap();
        assert_eq!(
            (list[0].state.as_str(), list[0].opened_at, list[0].closed_at),
            ("closed", 120_000, Some(420_000))
        );
        assert_eq!(
            list[0].client_url,
            "http://logs/map?from=-120000&to=180000&metric=rate&place=DE"
        );
    }

    #[test]
    fn a_second_episode_has_the_same_key_and_another_incident() {
        let mut db = database();
        let mut minute = 0;
        for _ in 0..2 {
            for value in [0.1, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0] {
                apply(
                    &mut db,
                    minute * MINUTE,
                    vec![reading(Some("ES"), value, 1000)],
                );
                minute += 1;
            }
        }
        let distinct = |column: &str| -> i64 {
            db.query_row(
                &format!("SELECT count(DISTINCT {column}) FROM incidents"),
                [],
                |row| row.get(0),
            )
            .unwrap()
        };
        assert_eq!(
            (
                distinct("incident_id"),
                distinct("dedup_key"),
                distinct("episode")
            ),
            (2, 1, 2)
        );
        let rising: Vec<i64> = db
            .prepare("SELECT seq FROM outbox ORDER BY rowid")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(rising.is_sorted_by(|a, b| a < b), "{rising:?}");
    }

    #[test]
    fn missing_rows_resolve_after_two_ticks_and_the_keep_time() {
        let mut db = database();
        for minute in 0..3 {
            apply(&mut db, minute * MINUTE, vec![reading(None, 0.5, 1000)]);
        }
        let mut closed_at = None;
        for minute in 3..12 {
            if !apply(&mut db, minute * MINUTE, vec![]).is_empty() {
                closed_at = Some(minute);
            }
        }
        assert_eq!(closed_at, Some(7));
        assert!(messages(&db)[1].starts_with("resolve"));
    }

    #[test]
    fn a_rule_that_is_removed_resolves_what_it_opened() {
        let mut db = database();
        for minute in 0..3 {
            apply(
                &mut db,
                minute * MINUTE,
                vec![reading(Some("DE"), 0.5, 1000)],
            );
        }
        let rule = AlertRule::parse("r", RULE).unwrap();
        let tx = db.transaction().unwrap();
        assert_eq!(close_orphans(&tx, &[rule], 3 * MINUTE).unwrap(), 0);
        assert_eq!(close_orphans(&tx, &[], 3 * MINUTE).unwrap(), 1);
        assert_eq!(close_orphans(&tx, &[], 3 * MINUTE).unwrap(), 0);
        tx.commit().unwrap();
        assert_eq!(
            messages(&db)[1],
            "resolve 2 5xx rate: the rule is gone or switched off"
        );
    }

    #[test]
    fn ticks_are_aligned_and_made_up_for_an_hour_at_most() {
        let every = MINUTE;
        assert_eq!(
            due_ticks(Some(MINUTE), 3 * MINUTE + 5, every),
            [2 * MINUTE, 3 * MINUTE]
        );
        assert!(due_ticks(Some(3 * MINUTE), 3 * MINUTE + 5, every).is_empty());
        assert_eq!(due_ticks(None, 100 * MINUTE, every).len(), 61);
        assert_eq!(due_ticks(Some(0), 1000 * MINUTE, every).len(), 61);
        assert!(due_ticks(Some(5 * MINUTE), MINUTE, every).is_empty());
    }

    #[test]
    fn keys_differ_where_labels_differ() {
        let labels = |pairs: &[(&str, Option<&str>)]| -> Labels {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
                .collect()
        };
        let sets = [
            labels(&[]),
            labels(&[("country", None)]),
            labels(&[("country", Some(""))]),
            labels(&[("country", Some("DE"))]),
            labels(&[("country", Some("DE")), ("city", Some(""))]),
            labels(&[("countryD", Some("E"))]),
        ];
        let mut keys: Vec<String> = sets.iter().map(|set| dedup_key("i", "r", set)).collect();
        keys.push(dedup_key("ir", "", &sets[0]));
        keys.push(dedup_key("j", "r", &sets[3]));
        let n = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), n);
    }
}
