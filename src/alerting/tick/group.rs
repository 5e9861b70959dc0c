//! The incident of a key at a tick: it opens, is held, and ends with its last instance.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use serde_json::json;

use super::instance::Stored;
use super::{Change, TickOf};
use crate::alerting::incidents::{self, Draft, News};
use crate::alerting::key::{Key, dedup_key, incident_id, installation_id};
use crate::alerting::message;
use crate::incident::{Effect, Phase};
use crate::rule::{Reading, Severity};

/// An incident hears that it still holds this often.
const REFRESH_US: i64 = 60_000_000;
/// So many opens of a key within [`FLAP_WINDOW_US`] and the incident stays open ...
const FLAP_OPENS: usize = 4;
/// ... until there were fewer than this.
const CALM_OPENS: usize = 2;
const FLAP_WINDOW_US: i64 = 3_600_000_000;
/// Members that an incident lists.
const MEMBERS_MAX: usize = 200;

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
pub(super) struct Group<'a> {
    pub(super) of: TickOf<'a>,
    pub(super) key: &'a Key,
    /// Open instances, the worst first.
    pub(super) members: &'a [(&'a Key, &'a Stored)],
    /// Instances that began to fire at this tick.
    pub(super) opened: &'a BTreeSet<Key>,
}

impl Group<'_> {
    pub(super) fn take(&self, tx: &Transaction<'_>) -> rusqlite::Result<Option<Change>> {
        let mut row = self.row(tx)?;
        let all_new = self
            .members
            .iter()
            .all(|(key, _)| self.opened.contains(key));
        row.opens
            .retain(|open| self.of.tick.tick_us - open < FLAP_WINDOW_US);
        match (row.incident_id.clone(), self.members.is_empty()) {
            (None, true) => Ok(None),
            (None, false) if self.of.tick.tick_us < row.reopen_after_us => Ok(None),
            (None, false) => self.open(tx, row, !all_new).map(Some),
            (Some(id), false) => {
                if all_new {
                    row.opens.push(self.of.tick.tick_us);
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
            params![
                self.of.rule.id,
                self.key.kind.as_str(),
                self.key.labels_json()
            ],
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
                dedup_key: dedup_key(&installation_id(tx)?, &self.of.rule.id, self.key),
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
            self.of.rule.id,
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
        self.of.tick.outcome.as_ref().err().map(String::as_str)
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
        row.opens.push(self.of.tick.tick_us);
        let id = incident_id(&row.dedup_key, row.episode);
        row.incident_id = Some(id.clone());
        let readings = self.readings();
        let mut summary = message::summary(self.of.rule, self.key.kind, &readings, self.why());
        if is_still_true {
            summary = format!("still true: {summary}");
        }
        let worst = readings.first().copied();
        let draft = Draft {
            id: &id,
            dedup_key: &row.dedup_key,
            episode: row.episode,
            rule: self.of.rule,
            key: self.key,
            members: self.members_json(),
            severity: self.severity(),
            targets: self.of.policy.targets_of(self.of.rule),
            opened_us: self.of.tick.tick_us,
            value: worst.and_then(|reading| reading.value),
            n: worst.and_then(|reading| reading.n),
            summary: &summary,
            client_url: &self.client_url(),
            runbook_url: &message::runbook_url(&self.of.context.public_url, &self.of.rule.runbook),
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
        if self.of.tick.tick_us - old.refreshed_us >= REFRESH_US {
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
            self.of.rule.raise.is_upward(),
            format!("{prefix}{}", message::summary(self.of.rule, self.key.kind, &readings, self.why())),
            self.client_url(),
            members,
            severity.as_str(),
            news.as_str(),
            self.of.tick.tick_us,
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
            .execute(params![id, self.of.tick.tick_us])?;
            return Ok(None);
        }
        row.incident_id = None;
        self.save(tx, &row)?;
        incidents::close(tx, id, self.of.tick.tick_us, "recovered")?;
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
            at_us: self.of.context.now_us,
            tick_us: self.of.tick.tick_us,
            kind,
            value: worst.and_then(|reading| reading.value),
            n: worst.and_then(|reading| reading.n),
            actor: None,
            detail,
        };
        incidents::note(tx, id, &event)
    }

    fn client_url(&self) -> String {
        let from = self.of.tick.tick_us - self.of.rule.eval.window.0;
        message::client_url(
            &self.of.context.public_url,
            (from, self.of.tick.tick_us),
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
