//! A message that does not get through is an incident of its own, and goes another way.

use rusqlite::{OptionalExtension, Transaction, params};

use super::incidents::{self, Event};
use super::key::{Key, KeyKind, dedup_key, incident_id, installation_id};
use crate::notify::{Action, Notification};
use crate::outbox;

/// The name that such incidents have in place of a rule's.
const DELIVERY: &str = "delivery";

/// A target that did not take a message, or did again.
pub struct Trouble<'a> {
    pub target: &'a str,
    pub incident_id: &'a str,
    /// Where urgent messages go instead.
    pub fallback: Option<&'a str>,
    pub now_us: i64,
}

impl Trouble<'_> {
    /// Sends an urgent message the other way and opens an incident about the target.
    pub fn note(
        &self,
        tx: &Transaction<'_>,
        message: &Notification,
        error: &str,
    ) -> rusqlite::Result<()> {
        if let Some(fallback) = self.fallback.filter(|_| is_worth_it(message)) {
            let is_new = tx
                .prepare_cached("INSERT OR IGNORE INTO owed VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![
                    self.incident_id,
                    fallback,
                    message.dedup_key,
                    self.now_us
                ])?;
            if is_new > 0 {
                outbox::enqueue(tx, self.incident_id, fallback, message, self.now_us)?;
                self.event(tx, self.incident_id, "fallback", Some(fallback))?;
            }
        }
        if message.action == Action::Digest {
            // News that wakes nobody wakes nobody when it is lost; the outbox shows it.
            return Ok(());
        }
        if message.rule == DELIVERY {
            // The message about the trouble is in trouble: there is no further way.
            return Ok(());
        }
        self.open(tx, error)
    }

    /// The target takes messages: its incident ends.
    pub fn over(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let open: Option<String> = tx
            .prepare_cached(
                "SELECT incident_id FROM incident_keys WHERE rule_id = ?1 AND labels = ?2 AND incident_id IS NOT NULL",
            )?
            .query_row(params![DELIVERY, self.key().labels_json()], |row| row.get(0))
            .optional()?;
        match open {
            Some(id) => incidents::end(tx, &id, self.now_us, "recovered", None),
            None => Ok(()),
        }
    }

    fn key(&self) -> Key {
        Key {
            kind: KeyKind::Delivery,
            labels: [("target".to_owned(), Some(self.target.to_owned()))].into(),
        }
    }

    fn open(&self, tx: &Transaction<'_>, error: &str) -> rusqlite::Result<()> {
        let key = self.key();
        let dedup_key = dedup_key(&installation_id(tx)?, DELIVERY, &key);
        let opened: Option<i64> = tx
            .prepare_cached(
                "INSERT INTO incident_keys (rule_id, kind, labels, dedup_key, episode, seq, incident_id, opens, reopen_after_us)
                 VALUES (?1, 'delivery', ?2, ?3, 1, 0, '', '[]', 0)
                 ON CONFLICT DO UPDATE SET episode = episode + 1, incident_id = '' WHERE incident_id IS NULL RETURNING episode",
            )?
            .query_row(params![DELIVERY, key.labels_json(), dedup_key], |row| row.get(0))
            .optional()?;
        let Some(episode) = opened else {
            return Ok(());
        };
        let id = incident_id(&dedup_key, episode);
        tx.prepare_cached("UPDATE incident_keys SET incident_id = ?2 WHERE dedup_key = ?1")?
            .execute(params![dedup_key, id])?;
        let targets: Vec<&str> = self.fallback.into_iter().collect();
        tx.prepare_cached(
            "INSERT INTO incidents (incident_id, dedup_key, episode, rule_id, rule_version, kind, title, unit, labels, members, severity,
               service, team, state, targets, opened_us, tick_us, threshold, summary, client_url, runbook_url, news, refreshed_us)
             VALUES (?1, ?2, ?3, ?4, '', 'delivery', 'messages are not delivered', 'count', ?5, '[]', 'error', 'logatlas', '', 'firing',
               ?6, ?7, ?7, 0, ?8, '', '', '', ?7)",
        )?
        .execute(params![
            id,
            dedup_key,
            episode,
            DELIVERY,
            key.labels_json(),
            serde_json::json!(targets).to_string(),
            self.now_us,
            format!("target {} does not take messages: {error}", self.target)
        ])?;
        self.event(tx, &id, "open", Some(error))
    }

    fn event(
        &self,
        tx: &Transaction<'_>,
        id: &str,
        kind: &str,
        detail: Option<&str>,
    ) -> rusqlite::Result<()> {
        let event = Event {
            at_us: self.now_us,
            tick_us: self.now_us,
            kind,
            value: None,
            n: None,
            actor: None,
            detail,
        };
        incidents::note(tx, id, &event)
    }
}

fn is_worth_it(message: &Notification) -> bool {
    message.action == Action::Trigger && message.severity.is_urgent()
}
