//! Notices about logatlas itself that wake nobody: it did not look for a while, the clock has leapt.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use serde_json::json;

use super::clock::Step;
use super::key::{Key, KeyKind, dedup_key, installation_id};
use super::settle::next_seq;
use super::tick::note_rule;
use super::{CATCH_UP_MAX_US, Context, Policy};
use crate::notify::{Action, Notification, Reason};
use crate::outbox;
use crate::rule::Severity;
use crate::time::rfc3339;

/// The name that such messages have in place of a rule's.
const ENGINE: &str = "logatlas";

/// Tells once that the rules were not looked at between the last tick and the first that is made up for.
/// False when the pause was short enough to be made up for.
pub fn note_gap(
    tx: &Transaction<'_>,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<bool> {
    let last: Option<i64> =
        tx.query_row("SELECT max(tick_us) FROM rule_ticks", [], |row| row.get(0))?;
    let Some(last) = last.filter(|last| context.now_us - last > CATCH_UP_MAX_US) else {
        return Ok(false);
    };
    let until = context.now_us - CATCH_UP_MAX_US;
    let summary = format!(
        "no rule was looked at between {} and {}: what came and went then is not known",
        rfc3339(last),
        rfc3339(until)
    );
    tell(tx, "engine_gap", last, &summary, policy, context)
}

/// Tells that the machine's clock has leapt. Ticks that lie ahead of it are forgotten, so that the rules go on.
pub fn note_step(
    tx: &Transaction<'_>,
    step: Step,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<bool> {
    if step.to_us < step.from_us {
        set_back(tx, step.to_us)?;
    }
    let summary = format!(
        "the clock of this machine leapt from {} to {}",
        rfc3339(step.from_us),
        rfc3339(step.to_us)
    );
    tell(tx, "clock_step", step.from_us, &summary, policy, context)
}

/// Forgets what was noted of a time that has not come: else nothing would happen until it does.
fn set_back(tx: &Transaction<'_>, now_us: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM rule_ticks WHERE tick_us > ?1", [now_us])?;
    tx.execute(
        "UPDATE incident_keys SET reopen_after_us = min(reopen_after_us, ?1),
           opens = (SELECT json_group_array(value) FROM json_each(opens) WHERE value <= ?1)",
        [now_us],
    )?;
    tx.execute(
        "UPDATE incidents SET refreshed_us = min(refreshed_us, ?1), sent_us = min(sent_us, ?1), acked_us = min(acked_us, ?1),
           mute_until_us = CASE WHEN mute = 'gathering' THEN min(mute_until_us, ?1) ELSE mute_until_us END
         WHERE state <> 'closed'",
        [now_us],
    )?;
    tx.execute(
        "UPDATE outbox SET not_before_us = min(not_before_us, ?1) WHERE status = 'queued'",
        [now_us],
    )
    .map(drop)
}

/// Writes a notice for every target of a team, or for all where no team has any, once; false when it was written before.
fn tell(
    tx: &Transaction<'_>,
    kind: &str,
    tick_us: i64,
    summary: &str,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<bool> {
    let key = Key {
        kind: KeyKind::Delivery,
        labels: [("notice".to_owned(), Some(kind.to_owned()))].into(),
    };
    let is_known: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM rule_events WHERE rule_id = '' AND kind = ?1 AND tick_us = ?2)",
        params![kind, tick_us],
        |row| row.get(0),
    )?;
    if is_known {
        return Ok(false);
    }
    note_rule(tx, "", kind, &key, tick_us, context.now_us)?;
    let dedup_key = dedup_key(&installation_id(tx)?, ENGINE, &key);
    tx.prepare_cached(
        "INSERT INTO incident_keys (rule_id, kind, labels, dedup_key, episode, seq, opens, reopen_after_us)
         VALUES (?1, 'delivery', ?2, ?3, 0, 0, '[]', 0) ON CONFLICT DO NOTHING",
    )?
    .execute(params![ENGINE, key.labels_json(), dedup_key])?;
    let message = Notification {
        action: Action::Digest,
        reason: Reason::Notice,
        seq: next_seq(tx, &dedup_key)?,
        dedup_key,
        rule: ENGINE.into(),
        title: "logatlas".into(),
        summary: summary.to_owned(),
        severity: Severity::Warning,
        members: json!([]),
        tick_us: context.now_us,
        opened_us: context.now_us,
        client_url: context.public_url.clone(),
        ..Notification::default()
    };
    let mut targets: BTreeSet<&String> = policy
        .teams
        .values()
        .flat_map(|team| &team.targets)
        .collect();
    if targets.is_empty() {
        targets.extend(policy.targets.keys());
    }
    for target in targets
        .into_iter()
        .filter(|target| policy.targets.contains_key(*target))
    {
        outbox::enqueue(tx, "", target, &message, context.now_us)?;
    }
    Ok(true)
}
