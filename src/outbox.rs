//! The outbox: messages that are due, kept in the state file until their target has taken them.
//!
//! A message is written in the transaction that changes the incident, so neither is ever without the other.
//! Delivery is at least once: a crash after the target has taken a message and before that is noted sends it
//! again, under the same dedup key. Of one target and key, messages go out in the order of their `seq`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::alerting::Trouble;
use crate::crash;
use crate::http_client::HttpClient;
use crate::notify::{Action, MessageId, Notification, NotifyError, Target, Targets};
use crate::source::Shutdown;
use crate::state::{State, StateError};
use crate::time::now_us;

/// Messages a minute to one key of a target; PagerDuty takes about 120.
const PER_MINUTE_MAX: usize = 100;
/// Longest wait between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// Messages of one target that are under way at once.
const UNDER_WAY_MAX: usize = 8;
/// A resolve is tried so often: three days at the longest wait. Counted, because clocks leap.
const RESOLVE_ATTEMPTS_MAX: u32 = 864;
/// A message that failed so often, about two minutes at the waits between, goes to the fallback target besides;
/// so does one that is told to wait for longer.
const LATE_ATTEMPTS: u32 = 7;
const LATE_AFTER: Duration = Duration::from_secs(120);
/// No message waits for longer than this; one that seems to was put off by a clock that has leapt since.
const WAIT_US_MAX: i64 = 20 * 60_000_000;
/// How long the loop rests when nothing is due.
const REST: Duration = Duration::from_millis(500);

pub(crate) const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS outbox (
  message_id TEXT PRIMARY KEY, incident_id TEXT NOT NULL, target TEXT NOT NULL, dedup_key TEXT NOT NULL,
  seq INTEGER NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL, created_us INTEGER NOT NULL,
  not_before_us INTEGER NOT NULL, n_attempts INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'queued',
  done_us INTEGER, last_error TEXT) STRICT;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (status, not_before_us);
-- The settings that messages of an incident went by, with their secrets: its resolve goes the same way.
CREATE TABLE IF NOT EXISTS routes (
  incident_id TEXT NOT NULL, target TEXT NOT NULL, settings TEXT NOT NULL,
  PRIMARY KEY (incident_id, target)) STRICT;
";

/// Puts a message into the outbox, inside the transaction that causes it.
///
/// A trigger of the same key that has not been tried yet is replaced: only the latest news counts. A resolve
/// of what no attempt has left for takes the trigger with it, and nobody hears of either.
pub fn enqueue(
    tx: &Transaction<'_>,
    incident_id: &str,
    target: &str,
    message: &Notification,
    now_us: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM outbox WHERE target = ?1 AND dedup_key = ?2 AND status = 'queued' AND n_attempts = 0
           AND action IN ('trigger', 'acknowledge') AND incident_id = ?3 AND ?4 IN ('trigger', 'resolve')",
    )?
    .execute(params![target, message.dedup_key, incident_id, message.action.as_str()])?;
    if message.action == Action::Resolve && !has_left(tx, incident_id, target, &message.dedup_key)?
    {
        return Ok(());
    }
    let body = serde_json::to_string(message)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.execute(
        "INSERT OR IGNORE INTO outbox (message_id, incident_id, target, dedup_key, seq, action, body, created_us, not_before_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        params![
            message_id(message, target),
            incident_id,
            target,
            message.dedup_key,
            message.seq,
            message.action.as_str(),
            body,
            now_us
        ],
    )?;
    Ok(())
}

/// The settings that the incident's messages to a target go by: those of the first of them.
fn route(
    tx: &Transaction<'_>,
    incident_id: &str,
    target: &str,
    sealed: Option<&str>,
) -> rusqlite::Result<Option<String>> {
    // What is about no incident has no earlier way.
    if incident_id.is_empty() {
        return Ok(None);
    }
    if let Some(sealed) = sealed {
        tx.prepare_cached("INSERT OR IGNORE INTO routes VALUES (?1, ?2, ?3)")?
            .execute([incident_id, target, sealed])?;
    }
    tx.prepare_cached("SELECT settings FROM routes WHERE incident_id = ?1 AND target = ?2")?
        .query_row([incident_id, target], |row| row.get(0))
        .optional()
}

/// Forgets the ways of incidents that nothing more is to be said of.
fn forget_routes(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM routes WHERE NOT EXISTS (SELECT 1 FROM owed WHERE owed.incident_id = routes.incident_id AND owed.target = routes.target)
           AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.incident_id = routes.incident_id AND outbox.target = routes.target AND status IN ('queued', 'dead'))",
    )?
    .execute([])
    .map(drop)
}

/// Lets the first messages of a rule's new incidents wait until then, for what is found out about them.
pub fn hold_back(tx: &Transaction<'_>, rule_id: &str, until_us: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE outbox SET not_before_us = ?2 WHERE n_attempts = 0 AND status = 'queued' AND action = 'trigger'
           AND incident_id IN (SELECT incident_id FROM incidents WHERE rule_id = ?1 AND kind = 'value' AND explanation IS NULL)",
    )?
    .execute(params![rule_id, until_us])
    .map(drop)
}

/// Whether the target may have seen a trigger of the incident.
fn has_left(
    tx: &Transaction<'_>,
    incident_id: &str,
    target: &str,
    dedup_key: &str,
) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE incident_id = ?1 AND target = ?2 AND dedup_key = ?3 AND n_attempts > 0)",
    )?
    .query_row(params![incident_id, target, dedup_key], |row| row.get(0))
}

/// The same message has the same id, whoever computes it and how often.
fn message_id(message: &Notification, target: &str) -> String {
    let name = format!(
        "{}/{}/{}/{target}",
        message.dedup_key, message.episode, message.seq
    );
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

pub(crate) struct Due {
    pub(crate) message_id: String,
    incident_id: String,
    pub(crate) target: String,
    dedup_key: String,
    pub(crate) body: String,
    n_attempts: u32,
}

impl Due {
    /// Messages of one target and key go one after the other.
    pub(crate) fn lane(&self) -> String {
        format!("{} {}", self.target, self.dedup_key)
    }
}

/// The oldest message that may go now: the first of its target and key, and of no lane and target that waits.
pub(crate) fn next_due(
    connection: &Connection,
    now_us: i64,
    busy_lanes: &BTreeSet<String>,
    busy_targets: &[String],
) -> rusqlite::Result<Option<Due>> {
    let mut statement = connection.prepare_cached(
        "SELECT message_id, incident_id, target, dedup_key, body, n_attempts FROM outbox AS due
         WHERE status = 'queued' AND (not_before_us <= ?1 OR not_before_us > ?1 + ?4)
           AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.status = 'queued'
             AND earlier.target = due.target AND earlier.dedup_key = due.dedup_key AND earlier.seq < due.seq)
           AND target NOT IN (SELECT value FROM json_each(?2))
           AND target || ' ' || dedup_key NOT IN (SELECT value FROM json_each(?3))
         ORDER BY not_before_us, seq LIMIT 1",
    )?;
    let (targets, lanes) = (
        json!(busy_targets).to_string(),
        json!(busy_lanes).to_string(),
    );
    let row = statement.query_row(params![now_us, targets, lanes, WAIT_US_MAX], |row| {
        Ok(Due {
            message_id: row.get(0)?,
            incident_id: row.get(1)?,
            target: row.get(2)?,
            dedup_key: row.get(3)?,
            body: row.get(4)?,
            n_attempts: row.get(5)?,
        })
    });
    row.optional()
}

/// What became of an attempt.
enum Outcome {
    Delivered,
    Again { reason: String, after: Duration },
    Dead(String),
}

/// Sends what is due until shutdown.
#[derive(Clone)]
pub struct Dispatcher {
    pub state: State,
    pub targets: Targets,
    /// Takes what another target cannot deliver.
    pub fallback: Option<String>,
    pub client: HttpClient,
    /// Rung when something new is in the outbox.
    pub bell: Arc<Notify>,
}

/// What is under way, and what has left within the last minute.
#[derive(Default)]
struct Traffic {
    lanes: BTreeSet<String>,
    under_way: HashMap<String, usize>,
    sent: HashMap<String, Vec<Instant>>,
}

impl Dispatcher {
    /// Runs until shutdown; what is on its way then is finished or tried again after the next start.
    pub async fn run(self, shutdown: Shutdown) {
        let mut traffic = Traffic::default();
        let mut attempts = JoinSet::new();
        loop {
            match self.start_one(&mut traffic, &mut attempts).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "outbox cannot be read or written"),
            }
            tokio::select! {
                Some(done) = attempts.join_next() => traffic.finish(done),
                () = self.bell.notified() => {}
                () = tokio::time::sleep(REST) => {}
                () = shutdown.cancelled() => break,
            }
        }
        // What has left is waited for, so that its outcome is noted.
        while let Some(done) = attempts.join_next().await {
            traffic.finish(done);
        }
    }

    /// Starts the next message; false when none may go.
    async fn start_one(
        &self,
        traffic: &mut Traffic,
        attempts: &mut JoinSet<(String, String)>,
    ) -> Result<bool, StateError> {
        let busy = self.busy_targets(traffic);
        let due = self
            .state
            .read(|c| next_due(c, now_us(), &traffic.lanes, &busy))?;
        let Some(due) = due else {
            return Ok(false);
        };
        // Noted before it leaves: from now on the target may have seen it.
        let (id, incident, name) = (
            due.message_id.clone(),
            due.incident_id.clone(),
            due.target.clone(),
        );
        let sealed = self.targets.get(&due.target).and_then(Target::sealed);
        let mark = move |tx: &Transaction<'_>| {
            let n = tx.execute(
                "UPDATE outbox SET n_attempts = n_attempts + 1 WHERE message_id = ?1 AND status = 'queued'",
                [id],
            )?;
            let route = match n {
                0 => None,
                _ => route(tx, &incident, &name, sealed.as_deref())?,
            };
            Ok((n > 0, route))
        };
        let (is_marked, route) = self.state.write(mark).await?;
        if !is_marked {
            // Superseded between looking and marking.
            return Ok(true);
        }
        crash::point("marked");
        let (lane, target) = (due.lane(), due.target.clone());
        traffic.lanes.insert(lane.clone());
        *traffic.under_way.entry(target.clone()).or_default() += 1;
        let key = self.rate_key(&target);
        traffic.sent.entry(key).or_default().push(Instant::now());
        let dispatcher = self.clone();
        attempts.spawn(async move {
            if let Err(error) = dispatcher.attempt(due, route).await {
                tracing::error!(%error, "the outcome of a message cannot be noted");
            }
            (lane, target)
        });
        Ok(true)
    }

    async fn attempt(&self, due: Due, route: Option<String>) -> Result<(), StateError> {
        let message = serde_json::from_str::<Notification>(&due.body);
        let outcome = match &message {
            Err(error) => Outcome::Dead(format!("the message cannot be read: {error}")),
            Ok(message) => match self.send(&due, message, route).await {
                Ok(()) => Outcome::Delivered,
                Err(NotifyError::Retry { reason, .. })
                    if message.action == Action::Resolve
                        && due.n_attempts >= RESOLVE_ATTEMPTS_MAX =>
                {
                    Outcome::Dead(reason)
                }
                Err(NotifyError::Retry { reason, after }) => Outcome::Again {
                    reason,
                    after: after.unwrap_or_else(|| backoff(due.n_attempts)),
                },
                Err(NotifyError::Reject(reason)) => Outcome::Dead(reason),
            },
        };
        crash::point("sent");
        self.note(due, message.ok(), outcome).await
    }

    /// Sends by the way that the incident's messages went before, also when the settings have changed since;
    /// where that way refuses them, by the settings as they are.
    async fn send(
        &self,
        due: &Due,
        message: &Notification,
        route: Option<String>,
    ) -> Result<(), NotifyError> {
        let id = MessageId(&due.message_id);
        let current = self.targets.get(&due.target);
        let earlier =
            route.filter(|route| current.and_then(Target::sealed).as_ref() != Some(route));
        let earlier = earlier.and_then(|route| Target::unsealed(&route));
        let Some(earlier) = earlier else {
            let Some(current) = current else {
                let reason = format!("the settings have no target {}", due.target);
                return Err(NotifyError::Reject(reason));
            };
            return current.notifier().send(&self.client, message, id).await;
        };
        let sent = earlier.notifier().send(&self.client, message, id).await;
        match (sent, current) {
            // One that only does not answer may hold the incident open, so it is asked again.
            (Err(NotifyError::Reject(_)), Some(current)) => {
                current.notifier().send(&self.client, message, id).await?;
                self.take_route(due, current).await;
                Ok(())
            }
            (sent, _) => sent,
        }
    }

    /// Notes that the incident's messages go by the settings as they are from now on.
    async fn take_route(&self, due: &Due, target: &Target) {
        let (incident, name) = (due.incident_id.clone(), due.target.clone());
        let Some(sealed) = target.sealed() else {
            return;
        };
        let write = move |tx: &Transaction<'_>| {
            tx.execute(
                "INSERT OR REPLACE INTO routes VALUES (?1, ?2, ?3)",
                [incident, name, sealed],
            )
        };
        if let Err(error) = self.state.write(write).await {
            tracing::error!(%error, "the way of a message cannot be noted");
        }
    }

    /// Targets that may not take another message now.
    fn busy_targets(&self, traffic: &mut Traffic) -> Vec<String> {
        let minute = Duration::from_secs(60);
        for times in traffic.sent.values_mut() {
            times.retain(|time| time.elapsed() < minute);
        }
        let is_busy = |name: &&String| {
            let sent = traffic.sent.get(&self.rate_key(name));
            sent.is_some_and(|times| times.len() >= PER_MINUTE_MAX)
                || traffic
                    .under_way
                    .get(*name)
                    .is_some_and(|n| *n >= UNDER_WAY_MAX)
        };
        // Also those that the settings have no more.
        let names: BTreeSet<&String> = self
            .targets
            .keys()
            .chain(traffic.under_way.keys())
            .collect();
        names.into_iter().filter(is_busy).cloned().collect()
    }

    /// Which limit a target's messages count for.
    fn rate_key(&self, name: &str) -> String {
        let target = self.targets.get(name);
        target.map_or_else(|| name.to_owned(), |target| target.notifier().rate_key())
    }

    async fn note(
        &self,
        due: Due,
        message: Option<Notification>,
        outcome: Outcome,
    ) -> Result<(), StateError> {
        let now = now_us();
        let attempts = due.n_attempts + 1;
        let is_put_off = matches!(outcome, Outcome::Again { after, .. } if after > LATE_AFTER);
        let (status, not_before, done, error) = match outcome {
            Outcome::Delivered => {
                tracing::info!(target.name = due.target, attempts, "message delivered");
                ("delivered", now, Some(now), None)
            }
            Outcome::Again { reason, after } => {
                tracing::warn!(
                    target.name = due.target,
                    attempts,
                    error = reason,
                    "message not delivered, will be tried again"
                );
                let after = i64::try_from(after.as_micros()).unwrap_or(0);
                ("queued", now + after, None, Some(reason))
            }
            Outcome::Dead(reason) => {
                tracing::error!(
                    target.name = due.target,
                    error = reason,
                    "message cannot be delivered"
                );
                ("dead", now, Some(now), Some(reason))
            }
        };
        let is_late = status == "queued" && (attempts >= LATE_ATTEMPTS || is_put_off);
        let fallback = self.fallback.clone().filter(|name| *name != due.target);
        let write = move |tx: &Transaction<'_>| {
            tx.prepare_cached(
                "UPDATE outbox SET status = ?2, not_before_us = ?3, done_us = ?4, last_error = ?5 WHERE message_id = ?1",
            )?
            .execute(params![due.message_id, status, not_before, done, error])?;
            if status != "queued" {
                forget_routes(tx)?;
            }
            let trouble = Trouble {
                target: &due.target,
                incident_id: &due.incident_id,
                fallback: fallback.as_deref(),
                now_us: now,
            };
            match message {
                _ if status == "delivered" => trouble.over(tx),
                Some(message) if status == "dead" || is_late => {
                    trouble.note(tx, &message, error.as_deref().unwrap_or_default())
                }
                _ => Ok(()),
            }
        };
        self.state.write(write).await
    }
}

impl Traffic {
    fn finish(&mut self, done: Result<(String, String), tokio::task::JoinError>) {
        match done {
            Ok((lane, target)) => {
                self.lanes.remove(&lane);
                if let Some(n) = self.under_way.get_mut(&target) {
                    *n = n.saturating_sub(1);
                }
            }
            Err(error) => {
                tracing::error!(%error, "an attempt ended without a word");
                // Its lane is not known; the message stays queued and all lanes are looked at anew.
                self.lanes.clear();
                self.under_way.clear();
            }
        }
    }
}

/// The words of `OutboxMessage::status`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    Queued,
    Delivered,
    /// Given up by itself.
    Dead,
    /// Given up by somebody.
    Dropped,
}

/// A message as the API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OutboxMessage)]
pub struct Listed {
    pub id: String,
    pub incident: String,
    pub target: String,
    #[schema(value_type = Action)]
    pub action: String,
    /// Rises with every message of a key.
    pub seq: i64,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// Not sent before this time, epoch milliseconds.
    pub not_before: i64,
    pub attempts: i64,
    #[schema(value_type = MessageStatus)]
    pub status: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
    pub summary: Option<String>,
}

/// The latest messages, of one status when it is named.
pub fn list(
    connection: &Connection,
    status: Option<&str>,
    incident: Option<&str>,
) -> rusqlite::Result<Vec<Listed>> {
    let mut statement = connection.prepare_cached(
        "SELECT message_id, incident_id, target, action, seq, created_us, not_before_us, n_attempts, status, last_error,
           json_extract(body, '$.summary') FROM outbox WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR substr(incident_id, 1, length(?2)) = ?2) ORDER BY created_us DESC, seq DESC LIMIT 500",
    )?;
    let rows = statement.query_map([status, incident], |row| {
        Ok(Listed {
            id: row.get(0)?,
            incident: row.get(1)?,
            target: row.get(2)?,
            action: row.get(3)?,
            seq: row.get(4)?,
            created_at: row.get::<_, i64>(5)? / 1000,
            not_before: row.get::<_, i64>(6)? / 1000,
            attempts: row.get(7)?,
            status: row.get(8)?,
            error: row.get(9)?,
            summary: row.get(10)?,
        })
    })?;
    rows.collect()
}

/// Puts a message that waits or was given up back in line, to be sent at once; false when there is none.
pub fn retry(tx: &Transaction<'_>, message_id: &str, now_us: i64) -> rusqlite::Result<bool> {
    let n = tx.execute(
        "UPDATE outbox SET status = 'queued', not_before_us = ?2, done_us = NULL WHERE message_id = ?1 AND status IN ('queued', 'dead')",
        params![message_id, now_us],
    )?;
    Ok(n > 0)
}

/// Gives a message up; false when it is not waiting.
pub fn give_up(tx: &Transaction<'_>, message_id: &str, now_us: i64) -> rusqlite::Result<bool> {
    let n = tx.execute(
        "UPDATE outbox SET status = 'dropped', done_us = ?2 WHERE message_id = ?1 AND status IN ('queued', 'dead')",
        params![message_id, now_us],
    )?;
    Ok(n > 0)
}

/// One second, doubled with each attempt up to five minutes, with full jitter so that many messages do not
/// come back at once.
fn backoff(n_attempts: u32) -> Duration {
    let ceiling = Duration::from_secs(1)
        .saturating_mul(1 << n_attempts.min(16))
        .min(BACKOFF_MAX);
    ceiling.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests;
