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

/// A message as the API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OutboxMessage)]
pub struct Listed {
    pub id: String,
    pub incident: String,
    pub target: String,
    /// `trigger`, `acknowledge`, `resolve` or `digest`.
    pub action: String,
    /// Rises with every message of a key.
    pub seq: i64,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// Not sent before this time, epoch milliseconds.
    pub not_before: i64,
    pub attempts: i64,
    /// `queued`, `delivered`, `dead` or `dropped`.
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
mod tests {
    use super::*;
    use crate::mock_pagerduty::{Fault, MockPagerDuty, ROUTING_KEY, actions};
    use crate::notify::Target;
    use crate::notify::pagerduty::{PagerDuty, tests::message};

    struct Bench {
        _dir: tempfile::TempDir,
        mock: MockPagerDuty,
        dispatcher: Dispatcher,
    }

    async fn bench() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let state =
            State::open(&dir.path().join("state.sqlite"), crate::alerting::migrate).unwrap();
        let mock = MockPagerDuty::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = mock.serve(listener).unwrap();
        let target = PagerDuty::local(format!("http://{address}/v2/enqueue"), ROUTING_KEY);
        let dispatcher = Dispatcher {
            state,
            targets: [("pager".to_owned(), Target::Pagerduty(target))].into(),
            fallback: None,
            client: HttpClient::new().unwrap(),
            bell: Arc::default(),
        };
        Bench {
            _dir: dir,
            mock,
            dispatcher,
        }
    }

    async fn put(bench: &Bench, messages: Vec<Notification>) {
        put_for(bench, "incident", messages).await;
    }

    async fn put_for(bench: &Bench, incident: &'static str, messages: Vec<Notification>) {
        let write = move |tx: &Transaction<'_>| {
            messages
                .iter()
                .try_for_each(|message| enqueue(tx, incident, "pager", message, now_us()))
        };
        bench.dispatcher.state.write(write).await.unwrap();
    }

    /// Sends all that is due, without waiting for what is put off.
    async fn drain(bench: &Bench) {
        let (mut traffic, mut attempts) = (Traffic::default(), JoinSet::new());
        loop {
            let has_started = bench
                .dispatcher
                .start_one(&mut traffic, &mut attempts)
                .await;
            if has_started.unwrap() {
                continue;
            }
            match attempts.join_next().await {
                Some(done) => traffic.finish(done),
                None => return,
            }
        }
    }

    async fn make_due(bench: &Bench) {
        let write = |tx: &Transaction<'_>| tx.execute("UPDATE outbox SET not_before_us = 0", []);
        bench.dispatcher.state.write(write).await.unwrap();
    }

    fn statuses(bench: &Bench) -> Vec<(String, u32)> {
        let read = |c: &Connection| {
            c.prepare("SELECT status, n_attempts FROM outbox ORDER BY seq")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        bench.dispatcher.state.read(read).unwrap()
    }

    fn resolve(seq: i64) -> Notification {
        Notification {
            action: Action::Resolve,
            seq,
            ..message()
        }
    }

    #[tokio::test]
    async fn a_resolve_waits_for_its_trigger() {
        let bench = bench().await;
        bench.mock.fail_next([
            Fault::Status(503, None),
            Fault::Status(429, Some("1".into())),
        ]);
        put(&bench, vec![message()]).await;
        drain(&bench).await;
        put(&bench, vec![resolve(2)]).await;
        drain(&bench).await;
        assert_eq!(bench.mock.events().len(), 0);
        make_due(&bench).await;
        drain(&bench).await;
        make_due(&bench).await;
        drain(&bench).await;
        assert_eq!(
            actions(&bench.mock.events()).into_values().next().unwrap(),
            ["trigger", "resolve"]
        );
        assert_eq!(
            statuses(&bench),
            [("delivered".to_owned(), 3), ("delivered".to_owned(), 1)]
        );
    }

    #[tokio::test]
    async fn a_lost_answer_means_once_more_under_the_same_key() {
        let bench = bench().await;
        bench.mock.fail_next([Fault::TakenThenLost]);
        put(&bench, vec![message()]).await;
        drain(&bench).await;
        make_due(&bench).await;
        drain(&bench).await;
        let incidents = bench.mock.incidents();
        assert_eq!((incidents.len(), incidents[0].n_events), (1, 2));
    }

    #[tokio::test]
    async fn what_the_target_refuses_is_put_aside_and_blocks_nothing() {
        let bench = bench().await;
        let bad = Notification {
            summary: String::new(),
            ..message()
        };
        put(&bench, vec![bad]).await;
        drain(&bench).await;
        put(&bench, vec![resolve(2)]).await;
        drain(&bench).await;
        assert_eq!(
            statuses(&bench),
            [("dead".to_owned(), 1), ("delivered".to_owned(), 1)]
        );
    }

    #[tokio::test]
    async fn what_never_left_is_taken_back_without_a_word() {
        let bench = bench().await;
        put(&bench, vec![message(), resolve(2)]).await;
        drain(&bench).await;
        assert_eq!(bench.mock.events().len(), 0);
        assert_eq!(statuses(&bench), []);
    }

    /// The summaries of open incidents about deliveries.
    fn troubles(bench: &Bench) -> Vec<String> {
        let list = bench.dispatcher.state.read(crate::alerting::incidents);
        let open = list.unwrap().into_iter();
        let open = open.filter(|one| one.kind == "delivery" && one.state != "closed");
        open.map(|one| one.summary).collect()
    }

    #[tokio::test]
    async fn what_a_target_refuses_goes_to_the_fallback_and_is_an_incident_of_ours() {
        let mut bench = bench().await;
        let broken = PagerDuty::local("http://127.0.0.1:9/v2/enqueue".into(), "short");
        let good = bench.dispatcher.targets.remove("pager").unwrap();
        bench.dispatcher.targets.insert("other".into(), good);
        bench
            .dispatcher
            .targets
            .insert("pager".into(), Target::Pagerduty(broken));
        bench.dispatcher.fallback = Some("other".into());
        bench.mock.fail_next([Fault::Status(400, None)]);
        put(&bench, vec![message()]).await;
        // It cannot be reached for longer than an urgent message may wait.
        for _ in 0..LATE_ATTEMPTS {
            assert_eq!(statuses(&bench).len(), 1);
            make_due(&bench).await;
            drain(&bench).await;
        }
        assert_eq!(statuses(&bench).len(), 2, "one for each way");
        let found = troubles(&bench);
        assert!(
            found
                .iter()
                .any(|text| text.starts_with("target pager does not take messages")),
            "{found:?}"
        );
        // The fallback refused its first; it is told of no further way, and takes the next.
        put(
            &bench,
            vec![Notification {
                dedup_key: "b".repeat(64),
                ..message()
            }],
        )
        .await;
        let pager = bench.dispatcher.targets.remove("other").unwrap();
        bench.dispatcher.targets.insert("pager".into(), pager);
        // The old way may hold the first open and is asked again; one of a new incident goes the new way.
        put_for(
            &bench,
            "later",
            vec![Notification {
                dedup_key: "c".repeat(64),
                ..message()
            }],
        )
        .await;
        make_due(&bench).await;
        drain(&bench).await;
        assert_eq!(bench.mock.incidents().len(), 1);
        assert!(
            !troubles(&bench)
                .iter()
                .any(|text| text.contains("target pager")),
            "it is over"
        );
    }

    /// Reliability, catalogue of answers: whatever a pager says, nothing is followed, swallowed whole or sent
    /// without an end, and what became of it can be read.
    #[tokio::test]
    async fn odd_answers_have_known_outcomes() {
        let secret_text = format!("<b>no</b>\u{1b}[2J{}", "x".repeat(5_000));
        let far = "Wed, 21 Oct 2015 07:28:00 GMT";
        let status = |code: u16, wait: Option<&str>| Fault::Status(code, wait.map(str::to_owned));
        // The answer, what becomes of the message, seconds until it is tried again, events that were taken, and a
        // part of the reason.
        let rows = [
            (Fault::Endless, "delivered", 0, 1, ""),
            (
                Fault::Redirect("http://169.254.169.254/latest".into()),
                "dead",
                0,
                0,
                "307",
            ),
            (
                Fault::Redirect("http://127.0.0.1:1/".into()),
                "dead",
                0,
                0,
                "307",
            ),
            (status(429, Some("1000000000")), "queued", 900, 0, "429"),
            (status(429, Some(far)), "queued", 30, 0, "429"),
            (status(429, Some("soon")), "queued", 30, 0, "429"),
            (status(503, Some("0")), "queued", 1, 0, "503"),
            (status(410, None), "dead", 0, 0, "410"),
            (status(404, None), "dead", 0, 0, "404"),
            (status(401, None), "dead", 0, 0, "401"),
            (Fault::TakenThenLost, "queued", 1, 1, "502"),
            (
                Fault::Text(400, secret_text),
                "dead",
                0,
                0,
                "<b>no</b>\\x1b[2Jxxx",
            ),
        ];
        for (fault, expected, wait_s, n_taken, reason) in rows {
            let bench = bench().await;
            bench.mock.fail_next([fault.clone()]);
            put(&bench, vec![message()]).await;
            let start = now_us();
            drain(&bench).await;
            let read = |c: &Connection| {
                c.query_row(
                    "SELECT status, not_before_us, coalesce(last_error, '') FROM outbox WHERE incident_id = 'incident'",
                    [],
                    |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
                )
            };
            let (status, not_before, error) = bench.dispatcher.state.read(read).unwrap();
            assert_eq!(status, expected, "{fault:?}");
            assert_eq!(bench.mock.events().len(), n_taken, "{fault:?}");
            assert!(
                error.contains(reason) && error.len() < 700,
                "{fault:?}: {error}"
            );
            if expected == "queued" {
                let waits = (not_before - start) / 1_000_000;
                assert!(
                    (wait_s / 2..=wait_s + 5).contains(&waits),
                    "{fault:?}: {waits}"
                );
            }
            // What is broken for good, or for long, is an incident of ours.
            let is_trouble = expected == "dead" || wait_s > 120;
            assert_eq!(troubles(&bench).len(), usize::from(is_trouble), "{fault:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_breaks_or_is_no_tls_or_has_no_name_is_tried_again() {
        let broken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = broken.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = broken.accept().await {
                drop(stream);
            }
        });
        let rows = [
            format!("http://{address}/v2/enqueue"),
            format!("https://{address}/v2/enqueue"),
            "http://no-such-host.invalid/v2/enqueue".to_owned(),
        ];
        for url in rows {
            let mut bench = bench().await;
            let target = PagerDuty::local(url.clone(), ROUTING_KEY);
            bench
                .dispatcher
                .targets
                .insert("pager".into(), Target::Pagerduty(target));
            put(&bench, vec![message()]).await;
            drain(&bench).await;
            assert_eq!(statuses(&bench), [("queued".to_owned(), 1)], "{url}");
            make_due(&bench).await;
            drain(&bench).await;
            assert_eq!(statuses(&bench), [("queued".to_owned(), 2)], "{url}");
        }
    }

    /// An episode keeps its way: who got the trigger gets the resolve, whatever the settings say by then. A way
    /// that is closed for good is left for the present one.
    #[tokio::test]
    async fn a_resolve_goes_the_way_of_its_trigger() {
        let owe = |tx: &Transaction<'_>| {
            tx.execute(
                "INSERT INTO owed VALUES ('incident', 'pager', ?1, 0)",
                ["a".repeat(64)],
            )
        };
        let mut first = bench().await;
        first.dispatcher.state.write(owe).await.unwrap();
        put(&first, vec![message()]).await;
        drain(&first).await;
        let second = bench().await;
        let moved = second.dispatcher.targets["pager"].clone();
        first.dispatcher.targets.insert("pager".into(), moved);
        put(&first, vec![resolve(2)]).await;
        drain(&first).await;
        assert_eq!(first.mock.incidents()[0].status, "resolved");
        assert_eq!(second.mock.events().len(), 0);
        // Also when the target is gone from the settings.
        put(
            &first,
            vec![Notification {
                episode: 2,
                seq: 3,
                ..message()
            }],
        )
        .await;
        drain(&first).await;
        first.dispatcher.targets.clear();
        put(
            &first,
            vec![Notification {
                episode: 2,
                ..resolve(4)
            }],
        )
        .await;
        drain(&first).await;
        let last = statuses(&first).pop().unwrap();
        assert_eq!(last, ("delivered".to_owned(), 1));
        // The old key is refused: the present way is taken.
        let third = bench().await;
        third.dispatcher.state.write(owe).await.unwrap();
        put(&third, vec![message()]).await;
        drain(&third).await;
        let fourth = bench().await;
        let mut third = third;
        third
            .dispatcher
            .targets
            .insert("pager".into(), fourth.dispatcher.targets["pager"].clone());
        third.mock.fail_next([Fault::Status(401, None)]);
        put(
            &third,
            vec![Notification {
                seq: 2,
                ..message()
            }],
        )
        .await;
        drain(&third).await;
        assert_eq!(
            (third.mock.events().len(), fourth.mock.events().len()),
            (1, 1)
        );
    }

    #[tokio::test]
    async fn a_way_that_only_does_not_answer_is_kept_and_a_leap_of_the_clock_holds_nothing_up() {
        let mut first = bench().await;
        let owe = |tx: &Transaction<'_>| {
            tx.execute(
                "INSERT INTO owed VALUES ('incident', 'pager', ?1, 0)",
                ["a".repeat(64)],
            )
        };
        first.dispatcher.state.write(owe).await.unwrap();
        put(&first, vec![message()]).await;
        drain(&first).await;
        let second = bench().await;
        let moved = second.dispatcher.targets["pager"].clone();
        first.dispatcher.targets.insert("pager".into(), moved);
        put(&first, vec![resolve(2)]).await;
        for _ in 0..12 {
            first.mock.fail_next([Fault::Status(503, None)]);
            // Tried while the clock was a year ahead; it is right again.
            let ahead = |tx: &Transaction<'_>| {
                tx.execute("UPDATE outbox SET not_before_us = not_before_us + 31536000000000 WHERE status = 'queued'", [])
            };
            first.dispatcher.state.write(ahead).await.unwrap();
            drain(&first).await;
        }
        assert_eq!(second.mock.events().len(), 0);
        make_due(&first).await;
        drain(&first).await;
        assert_eq!(first.mock.incidents()[0].status, "resolved");
        assert_eq!(
            statuses(&first).pop().unwrap(),
            ("delivered".to_owned(), 13)
        );
    }

    #[tokio::test]
    async fn a_slow_key_does_not_hold_up_another() {
        let bench = bench().await;
        bench.mock.fail_next([Fault::Late(Duration::from_secs(2))]);
        let other = Notification {
            dedup_key: "c".repeat(64),
            ..message()
        };
        put(&bench, vec![message(), other]).await;
        let (mut traffic, mut attempts) = (Traffic::default(), JoinSet::new());
        for _ in 0..2 {
            let start = bench.dispatcher.start_one(&mut traffic, &mut attempts);
            assert!(start.await.unwrap());
        }
        let first = attempts.join_next().await.unwrap().unwrap();
        assert!(first.0.ends_with(&"c".repeat(64)), "{first:?}");
        attempts.join_next().await.unwrap().unwrap();
        assert_eq!(bench.mock.incidents().len(), 2);
    }

    #[tokio::test]
    async fn no_more_than_the_limit_leaves_in_a_minute() {
        let bench = bench().await;
        let one = |i: usize| Notification {
            dedup_key: format!("{i:064}"),
            ..message()
        };
        put(&bench, (0..PER_MINUTE_MAX + 5).map(one).collect()).await;
        drain(&bench).await;
        assert_eq!(bench.mock.events().len(), PER_MINUTE_MAX);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        for attempts in 0..40 {
            let wait = backoff(attempts);
            assert!(
                wait >= Duration::from_millis(500) && wait <= BACKOFF_MAX,
                "{wait:?}"
            );
        }
    }
}
