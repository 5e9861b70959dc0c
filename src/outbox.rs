//! The outbox: messages that are due, kept in the state file until their target has taken them.
//!
//! A message is written in the transaction that changes the incident, so neither is ever without the other.
//! Delivery is at least once: a crash after the target has taken a message and before that is noted sends it
//! again, under the same dedup key. Of one target and key, messages go out in the order of their `seq`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::http_client::HttpClient;
use crate::notify::{Action, Notification, NotifyError, Targets};
use crate::source::Shutdown;
use crate::state::{State, StateError};
use crate::time::now_us;

/// Messages a minute to one key of a target; PagerDuty takes about 120.
const PER_MINUTE_MAX: usize = 100;
/// Longest wait between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// How long the loop rests when nothing is due.
const REST: Duration = Duration::from_millis(500);

pub(crate) const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS outbox (
  message_id TEXT PRIMARY KEY, incident_id TEXT NOT NULL, target TEXT NOT NULL, dedup_key TEXT NOT NULL,
  seq INTEGER NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL, created_us INTEGER NOT NULL,
  not_before_us INTEGER NOT NULL, n_attempts INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'queued',
  done_us INTEGER, last_error TEXT) STRICT;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (status, not_before_us);
";

/// Puts a message into the outbox, inside the transaction that causes it.
///
/// A trigger of the same key that has not been tried yet is replaced: only the latest news counts.
pub fn enqueue(
    tx: &Transaction<'_>,
    incident_id: &str,
    target: &str,
    message: &Notification,
    now_us: i64,
) -> rusqlite::Result<()> {
    if message.action == Action::Trigger {
        tx.execute(
            "DELETE FROM outbox WHERE target = ?1 AND dedup_key = ?2 AND status = 'queued' AND n_attempts = 0
               AND action = 'trigger' AND incident_id = ?3",
            params![target, message.dedup_key, incident_id],
        )?;
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

/// The same message has the same id, whoever computes it and how often.
fn message_id(message: &Notification, target: &str) -> String {
    let name = format!(
        "{}/{}/{}/{target}",
        message.dedup_key, message.episode, message.seq
    );
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

struct Due {
    message_id: String,
    target: String,
    body: String,
    n_attempts: u32,
}

/// The oldest message that may go now: the first of its target and key, and not of a key that waits.
fn next_due(
    connection: &Connection,
    now_us: i64,
    waiting: &[String],
) -> rusqlite::Result<Option<Due>> {
    let mut statement = connection.prepare_cached(
        "SELECT message_id, target, body, n_attempts FROM outbox AS due
         WHERE status = 'queued' AND not_before_us <= ?1
           AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.status = 'queued'
             AND earlier.target = due.target AND earlier.dedup_key = due.dedup_key AND earlier.seq < due.seq)
           AND target NOT IN (SELECT value FROM json_each(?2))
         ORDER BY not_before_us, seq LIMIT 1",
    )?;
    let waiting = serde_json::Value::from(waiting).to_string();
    let row = statement.query_row(params![now_us, waiting], |row| {
        Ok(Due {
            message_id: row.get(0)?,
            target: row.get(1)?,
            body: row.get(2)?,
            n_attempts: row.get(3)?,
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
pub struct Dispatcher {
    pub state: State,
    pub targets: Targets,
    pub client: HttpClient,
    /// Rung when something new is in the outbox.
    pub bell: Arc<Notify>,
}

impl Dispatcher {
    /// Runs until shutdown; what is on its way then is finished or tried again after the next start.
    pub async fn run(self, shutdown: Shutdown) {
        let mut sent: HashMap<String, Vec<Instant>> = HashMap::new();
        loop {
            match self.send_one(&mut sent).await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        () = self.bell.notified() => {}
                        () = tokio::time::sleep(REST) => {}
                        () = shutdown.cancelled() => return,
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "outbox cannot be read or written");
                    tokio::select! {
                        () = tokio::time::sleep(BACKOFF_MAX / 60) => {}
                        () = shutdown.cancelled() => return,
                    }
                }
            }
            if shutdown.is_cancelled() {
                return;
            }
        }
    }

    /// Sends the next message; false when none may go.
    async fn send_one(&self, sent: &mut HashMap<String, Vec<Instant>>) -> Result<bool, StateError> {
        let over_limit: Vec<String> = self.over_limit(sent);
        let Some(due) = self.state.read(|c| next_due(c, now_us(), &over_limit))? else {
            return Ok(false);
        };
        let outcome = match (
            self.targets.get(&due.target),
            serde_json::from_str::<Notification>(&due.body),
        ) {
            (None, _) => Outcome::Dead(format!("the settings have no target {}", due.target)),
            (_, Err(error)) => Outcome::Dead(format!("the message cannot be read: {error}")),
            (Some(target), Ok(message)) => {
                // Noted before it leaves: from now on the target may have seen it.
                let id = due.message_id.clone();
                let mark = move |tx: &Transaction<'_>| {
                    tx.execute(
                        "UPDATE outbox SET n_attempts = n_attempts + 1 WHERE message_id = ?1",
                        [id],
                    )
                };
                self.state.write(mark).await?;
                let notifier = target.notifier();
                sent.entry(notifier.rate_key())
                    .or_default()
                    .push(Instant::now());
                match notifier.send(&self.client, &message).await {
                    Ok(()) => Outcome::Delivered,
                    Err(NotifyError::Retry { reason, after }) => Outcome::Again {
                        reason,
                        after: after.unwrap_or_else(|| backoff(due.n_attempts)),
                    },
                    Err(NotifyError::Reject(reason)) => Outcome::Dead(reason),
                }
            }
        };
        self.note(due, outcome).await?;
        Ok(true)
    }

    fn over_limit(&self, sent: &mut HashMap<String, Vec<Instant>>) -> Vec<String> {
        let minute = Duration::from_secs(60);
        for times in sent.values_mut() {
            times.retain(|time| time.elapsed() < minute);
        }
        let is_over = |key: &str| {
            sent.get(key)
                .is_some_and(|times| times.len() >= PER_MINUTE_MAX)
        };
        let over = self
            .targets
            .iter()
            .filter(|(_, target)| is_over(&target.notifier().rate_key()));
        over.map(|(name, _)| name.clone()).collect()
    }

    async fn note(&self, due: Due, outcome: Outcome) -> Result<(), StateError> {
        let now = now_us();
        let target = due.target;
        let (status, not_before, done, error) = match outcome {
            Outcome::Delivered => {
                tracing::info!(
                    target.name = target,
                    attempts = due.n_attempts + 1,
                    "message delivered"
                );
                ("delivered", now, Some(now), None)
            }
            Outcome::Again { reason, after } => {
                tracing::warn!(
                    target.name = target,
                    attempts = due.n_attempts + 1,
                    error = reason,
                    "message not delivered, will be tried again"
                );
                let after = i64::try_from(after.as_micros()).unwrap_or(0);
                ("queued", now + after, None, Some(reason))
            }
            Outcome::Dead(reason) => {
                tracing::error!(
                    target.name = target,
                    error = reason,
                    "message cannot be delivered"
                );
                ("dead", now, Some(now), Some(reason))
            }
        };
        let id = due.message_id;
        let write = move |tx: &Transaction<'_>| {
            tx.execute(
                "UPDATE outbox SET status = ?2, not_before_us = ?3, done_us = ?4, last_error = ?5 WHERE message_id = ?1",
                params![id, status, not_before, done, error],
            )
        };
        self.state.write(write).await.map(drop)
    }
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
        let write = move |tx: &Transaction<'_>| {
            messages
                .iter()
                .try_for_each(|message| enqueue(tx, "incident", "pager", message, now_us()))
        };
        bench.dispatcher.state.write(write).await.unwrap();
    }

    /// Sends all that is due, without waiting for what is put off.
    async fn drain(bench: &Bench) {
        let mut sent = HashMap::new();
        while bench.dispatcher.send_one(&mut sent).await.unwrap() {}
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
        put(&bench, vec![message(), resolve(2)]).await;
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
        put(&bench, vec![bad, resolve(2)]).await;
        drain(&bench).await;
        assert_eq!(
            statuses(&bench),
            [("dead".to_owned(), 1), ("delivered".to_owned(), 1)]
        );
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
