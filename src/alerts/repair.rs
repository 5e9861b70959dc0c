//! Asks PagerDuty how our incidents stand there.
//!
//! Webhooks tell of acknowledgements and resolves at once, and may be switched off for a day after three bad
//! answers. So every few minutes each key that is open here is looked up there. Only an answer about the key
//! itself counts: one that is grouped into somebody else's incident is not found, which proves nothing.

use std::time::Duration;

use rusqlite::{Connection, Transaction, params};
use serde_json::Value;

use crate::alerting;
use crate::alerting::people::{self, Actor};
use crate::api::App;
use crate::http_client::HttpClient;
use crate::notify::Target;
use crate::notify::pagerduty::PagerDuty;
use crate::source::Shutdown;
use crate::time::now_us;

/// What was delivered more recently may not be seen there yet.
const SETTLED: Duration = Duration::from_secs(60);
/// Their clock and ours may differ by so much.
const CLOCKS_DIFFER_US: i64 = 30_000_000;
/// Keys of a target that are looked up in one round, any of them when there are more; PagerDuty takes 960 requests a minute.
const KEYS_MAX: i64 = 100;

/// How an incident stands at the pager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    /// Nothing is known of the key.
    Unknown,
    Triggered,
    Acknowledged(String),
    Resolved(String),
}

/// Reads the answer of `GET /incidents?incident_key=KEY` (PagerDuty REST API v2). Those made before `since_us`
/// are of earlier episodes, which have the same key.
pub fn read_answer(answer: &Value, key: &str, since_us: i64) -> There {
    let incidents = answer["incidents"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_of_now = |one: &&Value| {
        let made = one["created_at"]
            .as_str()
            .and_then(crate::time::parse_rfc3339);
        one["incident_key"] == key && made.is_some_and(|made| made >= since_us)
    };
    let mut own = incidents.iter().filter(is_of_now);
    let is = |one: &Value, status: &str| one["status"] == status;
    let name = |value: &Value| value["summary"].as_str().unwrap_or("PagerDuty").to_owned();
    match own.clone().find(|one| !is(one, "resolved")) {
        Some(one) if is(one, "acknowledged") => {
            There::Acknowledged(name(&one["acknowledgements"][0]["acknowledger"]))
        }
        Some(_) => There::Triggered,
        None => own.next().map_or(There::Unknown, |one| {
            There::Resolved(name(&one["last_status_change_by"]))
        }),
    }
}

/// Looks until shutdown, at each target that has a token for it.
pub async fn run(app: App, client: HttpClient, shutdown: Shutdown) {
    let pagers = app
        .config
        .targets
        .iter()
        .filter_map(|(name, target)| match target {
            Target::Pagerduty(pager) if pager.api_token.is_some() => Some((name, pager)),
            _ => None,
        });
    let watch = |(name, pager): (&String, &PagerDuty)| {
        watch(app.clone(), client.clone(), name.clone(), pager.clone())
    };
    let watches = futures::future::join_all(pagers.map(watch));
    tokio::select! {
        _ = watches => {}
        () = shutdown.cancelled() => {}
    }
}

async fn watch(app: App, client: HttpClient, name: String, pager: PagerDuty) {
    loop {
        tokio::time::sleep(pager.poll()).await;
        if let Err(error) = look_up(&app, &client, &name, &pager).await {
            tracing::warn!(
                target.name = name,
                error,
                "the pager cannot be asked how incidents stand"
            );
        }
    }
}

async fn look_up(
    app: &App,
    client: &HttpClient,
    name: &str,
    pager: &PagerDuty,
) -> Result<(), String> {
    let state = app.store.state();
    let settled = pager.poll().min(SETTLED);
    let before_us = now_us() - i64::try_from(settled.as_micros()).unwrap_or(0);
    let open = state.read(|c| settled_keys(c, name, before_us));
    let mut failed = Ok(());
    for (id, key, sent_us) in open.map_err(|error| error.to_string())? {
        let there = match pager.look_up(client, &key).await {
            Ok(answer) => read_answer(&answer, &key, sent_us - CLOCKS_DIFFER_US),
            Err(error) => {
                failed = Err(error);
                continue;
            }
        };
        let (target, context, policy) = (name.to_owned(), app.context(), app.policy());
        let write = move |tx: &Transaction<'_>| {
            let n = apply(tx, &id, &target, &there, context.now_us)?;
            if n {
                alerting::settle(tx, &policy, &context)?;
            }
            Ok(n)
        };
        if state
            .write(write)
            .await
            .map_err(|error| error.to_string())?
        {
            app.bell.notify_one();
        }
    }
    failed
}

/// Incidents that the target has a trigger of, with nothing under way to it and none that just arrived.
fn settled_keys(
    connection: &Connection,
    target: &str,
    before_us: i64,
) -> rusqlite::Result<Vec<(String, String, i64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT owed.incident_id, owed.dedup_key, (SELECT min(done_us) FROM outbox WHERE outbox.incident_id = owed.incident_id
           AND outbox.target = ?1 AND outbox.dedup_key = owed.dedup_key AND status = 'delivered' AND action = 'trigger') FROM owed JOIN incidents USING (incident_id)
         WHERE owed.target = ?1 AND incidents.state <> 'closed'
           AND EXISTS (SELECT 1 FROM outbox WHERE outbox.incident_id = owed.incident_id AND outbox.target = ?1
             AND outbox.dedup_key = owed.dedup_key AND status = 'delivered' AND action = 'trigger' AND done_us < ?2)
           AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.target = ?1 AND outbox.dedup_key = owed.dedup_key AND status = 'queued')
         ORDER BY random() LIMIT ?3",
    )?;
    let rows = statement.query_map(params![target, before_us, KEYS_MAX], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    rows.collect()
}

/// Makes here what is so there; whether anything changed.
fn apply(
    tx: &Transaction<'_>,
    id: &str,
    target: &str,
    there: &There,
    now_us: i64,
) -> rusqlite::Result<bool> {
    let is_acked: bool = tx.query_row(
        "SELECT acked_us IS NOT NULL FROM incidents WHERE incident_id = ?1",
        [id],
        |row| row.get(0),
    )?;
    let by = |name| Actor {
        name,
        through: Some(target),
    };
    let done = match there {
        There::Acknowledged(name) if !is_acked => people::acknowledge(tx, id, by(name), now_us),
        There::Triggered if is_acked => return Ok(false),
        There::Resolved(name) => people::resolve(tx, id, by(name), now_us),
        _ => return Ok(false),
    };
    match done {
        Ok(()) => Ok(true),
        Err(people::PeopleError::Sql(error)) => Err(error),
        // Somebody was faster.
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_answer_about_the_key_counts() {
        let one = |key: &str, status: &str| {
            json!({"incident_key": key, "status": status, "created_at": "2026-01-01T00:00:00Z",
                   "acknowledgements": [{"acknowledger": {"summary": "Mia"}}],
                   "last_status_change_by": {"summary": "Ben"}})
        };
        let rows = [
            (json!({}), There::Unknown),
            (json!({"incidents": []}), There::Unknown),
            (
                json!({"incidents": [one("other", "resolved")]}),
                There::Unknown,
            ),
            (
                json!({"incidents": [one("k", "resolved")]}),
                There::Resolved("Ben".into()),
            ),
            (
                json!({"incidents": [one("k", "triggered")]}),
                There::Triggered,
            ),
            (
                json!({"incidents": [one("k", "resolved"), one("k", "acknowledged")]}),
                There::Acknowledged("Mia".into()),
            ),
        ];
        let made = crate::time::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        for (answer, expected) in rows {
            assert_eq!(read_answer(&answer, "k", made), expected, "{answer}");
            assert_eq!(
                read_answer(&answer, "k", made + 1),
                There::Unknown,
                "an earlier episode"
            );
        }
    }
}
