//! Messages into the outbox.

use rusqlite::{Transaction, params};

use super::live::{Live, load};
use crate::alerting::incidents::{self, Event};
use crate::alerting::key::KeyKind;
use crate::alerting::mute::Policy;
use crate::alerting::{message, people};
use crate::notify::{Action, Notification, Reason};
use crate::outbox;
use crate::rule::Unit;

/// With more open incidents than this a target hears of changes only.
const REFRESHED_MAX: i64 = 60;

/// Numbers the messages of a key.
pub(in crate::alerting) fn next_seq(
    tx: &Transaction<'_>,
    dedup_key: &str,
) -> rusqlite::Result<i64> {
    tx.prepare_cached("UPDATE incident_keys SET seq = seq + 1 WHERE dedup_key = ?1 RETURNING seq")?
        .query_row([dedup_key], |row| row.get(0))
}

/// Writes a message for each target that has to hear it, and notes what is owed.
pub(super) fn tell(
    tx: &Transaction<'_>,
    live: &Live,
    reason: Reason,
    policy: &Policy,
    now_us: i64,
) -> rusqlite::Result<()> {
    let seq = next_seq(tx, &live.dedup_key)?;
    let mut message = notification(tx, live, reason, seq)?;
    if reason == Reason::Resolve {
        let mut statement = tx.prepare_cached(
            "DELETE FROM owed WHERE incident_id = ?1 RETURNING target, dedup_key",
        )?;
        let owed: Vec<(String, String)> = statement
            .query_map([&live.id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (target, key) in owed {
            message.dedup_key = key;
            outbox::enqueue(tx, &live.id, &target, &message, now_us)?;
        }
        return Ok(());
    }
    // Nobody is woken by news of what has been acknowledged, so what got worse is a page of its own.
    let is_new_page = reason == Reason::Escalate && live.acked_us.is_some();
    if is_new_page {
        message.dedup_key = format!("{}:{}", live.dedup_key, live.severity.as_str());
        tx.prepare_cached("UPDATE incidents SET send_key = ?2, acked_us = NULL, acked_by = NULL WHERE incident_id = ?1")?
            .execute(params![live.id, message.dedup_key])?;
    }
    for target in &live.targets {
        let takes_refresh = policy
            .targets
            .get(target)
            .is_some_and(|takes| takes.refresh);
        if reason == Reason::Refresh && (!takes_refresh || n_owed(tx, target)? > REFRESHED_MAX) {
            continue;
        }
        tx.prepare_cached("INSERT OR IGNORE INTO owed VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![live.id, target, message.dedup_key, now_us])?;
        outbox::enqueue(tx, &live.id, target, &message, now_us)?;
    }
    tx.prepare_cached(
        "UPDATE incidents SET news = '', sent_severity = ?3, sent_us = CASE WHEN ?4 THEN sent_us ELSE ?2 END WHERE incident_id = ?1",
    )?
    .execute(params![
        live.id,
        now_us,
        live.severity.as_str(),
        reason == Reason::Refresh
    ])?;
    if reason == Reason::Refresh {
        return Ok(());
    }
    let event = Event {
        at_us: now_us,
        tick_us: live.tick_us,
        kind: "sent",
        value: live.value,
        n: live.n,
        actor: None,
        detail: Some(reason.as_str()),
    };
    incidents::note(tx, &live.id, &event)
}

fn n_owed(tx: &Transaction<'_>, target: &str) -> rusqlite::Result<i64> {
    tx.prepare_cached("SELECT count(*) FROM owed WHERE target = ?1")?
        .query_row([target], |row| row.get(0))
}

fn notification(
    tx: &Transaction<'_>,
    live: &Live,
    reason: Reason,
    seq: i64,
) -> rusqlite::Result<Notification> {
    let is_resolve = reason == Reason::Resolve;
    let summary = match (&live.close_reason, is_resolve) {
        (Some(why), true) if why != "recovered" => format!("{} ({why})", live.summary),
        (Some(_), true) => recovered(live),
        _ => live.summary.clone(),
    };
    Ok(Notification {
        action: if is_resolve {
            Action::Resolve
        } else {
            Action::Trigger
        },
        reason,
        incident_id: live.id.clone(),
        dedup_key: live
            .send_key
            .clone()
            .unwrap_or_else(|| live.dedup_key.clone()),
        episode: live.episode,
        seq,
        rule: live.rule.clone(),
        kind: live.kind.as_str().into(),
        title: live.title.clone(),
        summary,
        severity: live.severity,
        service: live.service.clone(),
        team: live.team.clone(),
        labels: live.labels.clone(),
        members: live.members.clone(),
        value: live.value,
        threshold: live.threshold,
        unit: live.unit.clone(),
        n: live.n,
        tick_us: live.tick_us,
        opened_us: live.opened_us,
        client_url: live.client_url.clone(),
        runbook_url: live.runbook_url.clone(),
        past: people::past(tx, &live.rule, &live.id)?,
        explanation: live
            .explanation
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
    })
}

/// `5xx rate DE recovered, worst 19 %, limit 5 %`: the last value that was told is not the one of now.
fn recovered(live: &Live) -> String {
    let worst = live.peak_value.filter(|_| live.kind == KeyKind::Value);
    let Some(worst) = worst else {
        return format!("{} (recovered)", live.summary);
    };
    let unit: Unit = serde_json::from_value(live.unit.as_str().into()).unwrap_or_default();
    format!(
        "{} {}recovered, worst {}, limit {}",
        live.title,
        message::place(&live.labels),
        message::show(unit, worst),
        message::show(unit, live.threshold)
    )
}

/// The message that says that somebody has taken an incident.
pub(in crate::alerting) fn tell_ack(
    tx: &Transaction<'_>,
    id: &str,
    actor: &str,
    except: Option<&str>,
    now_us: i64,
) -> rusqlite::Result<()> {
    let Some(live) = load(tx)?
        .into_iter()
        .find(|live| live.id == id && live.is_owed)
    else {
        return Ok(());
    };
    let seq = next_seq(tx, &live.dedup_key)?;
    let mut message = notification(tx, &live, Reason::Acknowledge, seq)?;
    message.action = Action::Acknowledge;
    message.summary = format!("{} (acknowledged by {actor})", live.summary);
    let mut statement =
        tx.prepare_cached("SELECT target, dedup_key FROM owed WHERE incident_id = ?1")?;
    let owed: Vec<(String, String)> = statement
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (target, key) in owed
        .into_iter()
        .filter(|(target, _)| except != Some(target.as_str()))
    {
        message.dedup_key = key;
        outbox::enqueue(tx, id, &target, &message, now_us)?;
    }
    Ok(())
}
