//! What people do with incidents: take them, end them, say what they were.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::incidents::{self, Event};
use super::mute::NOTE_CHARS_MAX;
use super::settle::tell_ack;

/// Past classes that a page quotes.
const PAST_MAX: i64 = 3;

/// What an incident turned out to be (Opsweekly's question: was there anything to do?).
pub const CLASSES: [&str; 3] = ["action", "no_action", "tune"];

/// Why something cannot be done to an incident.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("there is no open incident {0}")]
    NotOpen(String),
    #[error("there is no incident {0}")]
    Unknown(String),
    #[error("{0} is no class, take one of action, no_action, tune")]
    Class(String),
    #[error("a note has at most {NOTE_CHARS_MAX} characters")]
    Long,
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

/// Who did it, and through which target it came; that target needs no message about it.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    pub name: &'a str,
    pub through: Option<&'a str>,
}

/// Notes that somebody works on it: reminders stop.
pub fn acknowledge(
    tx: &Transaction<'_>,
    id: &str,
    actor: Actor<'_>,
    now_us: i64,
) -> Result<(), PeopleError> {
    let n = tx.execute(
        "UPDATE incidents SET acked_us = ?2, acked_by = ?3, first_acked_us = coalesce(first_acked_us, ?2)
         WHERE incident_id = ?1 AND state <> 'closed' AND acked_us IS NULL",
        params![id, now_us, actor.name],
    )?;
    if n == 0 {
        // The same acknowledgement twice means once.
        return is_open(tx, id)?
            .then_some(())
            .ok_or_else(|| PeopleError::NotOpen(id.to_owned()));
    }
    event(tx, id, "acknowledge", actor.name, None, now_us)?;
    tell_ack(tx, id, actor.name, actor.through, now_us)?;
    Ok(())
}

/// Takes an acknowledgement back.
pub fn unacknowledge(
    tx: &Transaction<'_>,
    id: &str,
    actor: Actor<'_>,
    now_us: i64,
) -> Result<(), PeopleError> {
    let n = tx.execute(
        "UPDATE incidents SET acked_us = NULL, acked_by = NULL WHERE incident_id = ?1 AND acked_us IS NOT NULL AND state <> 'closed'",
        [id],
    )?;
    if n > 0 {
        event(tx, id, "unacknowledge", actor.name, None, now_us)?;
    }
    Ok(())
}

/// Ends an incident by hand. While its rule still breaches it opens again, marked so, at the next tick.
pub fn resolve(
    tx: &Transaction<'_>,
    id: &str,
    actor: Actor<'_>,
    now_us: i64,
) -> Result<(), PeopleError> {
    if !is_open(tx, id)? {
        return Err(PeopleError::NotOpen(id.to_owned()));
    }
    // Its target is told too when it came from there: a refresh that was under way may have opened it again, and
    // a resolve of what is not open means nothing.
    let reason = format!("resolved by {}", actor.name);
    incidents::end(tx, id, now_us, &reason, Some(actor.name))?;
    audit(tx, now_us, actor.name, "resolve", id, "")?;
    Ok(())
}

/// Says what an incident was, with a note for the next time.
pub fn classify(
    tx: &Transaction<'_>,
    id: &str,
    class: &str,
    note: &str,
    actor: &str,
    now_us: i64,
) -> Result<(), PeopleError> {
    if !CLASSES.contains(&class) {
        return Err(PeopleError::Class(class.to_owned()));
    }
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(PeopleError::Long);
    }
    let n = tx.execute(
        "UPDATE incidents SET class = ?2, class_note = ?3, class_by = ?4, class_us = ?5 WHERE incident_id = ?1",
        params![id, class, note, actor, now_us],
    )?;
    if n == 0 {
        return Err(PeopleError::Unknown(id.to_owned()));
    }
    event(
        tx,
        id,
        "class",
        actor,
        Some(&format!("{class}: {note}")),
        now_us,
    )
}

fn is_open(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<bool> {
    let state: Option<String> = tx
        .query_row(
            "SELECT state FROM incidents WHERE incident_id = ?1",
            [id],
            |row| row.get(0),
        )
        .optional()?;
    Ok(state.is_some_and(|state| state != "closed"))
}

fn event(
    tx: &Transaction<'_>,
    id: &str,
    kind: &str,
    actor: &str,
    detail: Option<&str>,
    now_us: i64,
) -> Result<(), PeopleError> {
    let event = Event {
        at_us: now_us,
        tick_us: now_us,
        kind,
        value: None,
        n: None,
        actor: Some(actor),
        detail,
    };
    incidents::note(tx, id, &event)?;
    audit(tx, now_us, actor, kind, id, detail.unwrap_or_default())?;
    Ok(())
}

/// Acknowledgements that have lasted their time count no more.
pub(super) fn expire_acks(tx: &Transaction<'_>, now_us: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE incidents SET acked_us = NULL, acked_by = NULL, news = CASE WHEN news IN ('', 'refresh') THEN 'renotify' ELSE news END
         WHERE state <> 'closed' AND ack_timeout_us IS NOT NULL AND ?1 - acked_us >= ack_timeout_us",
    )?
    .execute([now_us])
    .map(drop)
}

/// What earlier incidents of the rule turned out to be, the latest first.
pub(super) fn past(
    connection: &Connection,
    rule_id: &str,
    id: &str,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT class, class_note, opened_us FROM incidents WHERE rule_id = ?1 AND incident_id <> ?2 AND class IS NOT NULL
         ORDER BY opened_us DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![rule_id, id, PAST_MAX], |row| {
        let (class, note): (String, String) = (row.get(0)?, row.get(1)?);
        let day: String = crate::time::rfc3339(row.get(2)?).chars().take(10).collect();
        Ok(format!("{day} {}: {note}", class.replace('_', " ")))
    })?;
    rows.collect()
}

/// Notes who did what; rows are only ever added.
pub fn audit(
    tx: &Transaction<'_>,
    at_us: i64,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO audit (at_us, actor, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![at_us, actor, action, subject, detail])
    .map(drop)
}

/// Applies a PagerDuty webhook (v3) once, whatever the number of times it comes.
///
/// `target` is the name of the target whose secret signed it. Returns what became of it.
pub fn webhook(
    tx: &Transaction<'_>,
    webhook_id: &str,
    target: &str,
    body: &Value,
    now_us: i64,
) -> Result<&'static str, PeopleError> {
    let known: Option<String> = tx
        .query_row(
            "SELECT outcome FROM webhooks WHERE webhook_id = ?1",
            [webhook_id],
            |row| row.get(0),
        )
        .optional()?;
    if known.is_some() {
        return Ok("repeated");
    }
    let outcome = apply_webhook(tx, target, &body["event"], now_us)?;
    tx.execute(
        "INSERT INTO webhooks VALUES (?1, ?2, ?3, ?4)",
        params![webhook_id, now_us, body.to_string(), outcome],
    )?;
    Ok(outcome)
}

fn apply_webhook(
    tx: &Transaction<'_>,
    target: &str,
    event: &Value,
    now_us: i64,
) -> Result<&'static str, PeopleError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let key = text(&event["data"]["incident_key"]);
    let id: Option<String> = tx
        .query_row(
            "SELECT incident_id FROM owed WHERE target = ?1 AND dedup_key = ?2",
            params![target, key],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id else {
        return Ok("not ours");
    };
    let name = text(&event["agent"]["summary"]);
    let actor = Actor {
        name: if name.is_empty() { target } else { &name },
        through: Some(target),
    };
    match text(&event["event_type"]).as_str() {
        "incident.acknowledged" => acknowledge(tx, &id, actor, now_us).map(|()| "acknowledged"),
        "incident.unacknowledged" => {
            unacknowledge(tx, &id, actor, now_us).map(|()| "unacknowledged")
        }
        "incident.resolved" if is_open(tx, &id)? => {
            resolve(tx, &id, actor, now_us).map(|()| "resolved")
        }
        "incident.escalated" => {
            tx.execute(
                "UPDATE incidents SET n_escalations = n_escalations + 1 WHERE incident_id = ?1",
                [&id],
            )?;
            self::event(tx, &id, "escalated", actor.name, None, now_us).map(|()| "escalated")
        }
        _ => Ok("taken note of"),
    }
}
