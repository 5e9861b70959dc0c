//! Notices about logatlas itself that wake nobody: it did not look for a while, the clock has leapt.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::json;

use super::clock::Step;
use super::key::{Key, dedup_key, installation_id};
use super::settle::next_seq;
use super::tick::note_rule;
use super::{CATCH_UP_MAX_US, Context, Policy};
use crate::notify::{Action, Notification, Reason};
use crate::outbox;
use crate::rule::{AlertRule, Severity};
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

/// Tells which rules are new, changed or out of use since this was called last; nothing the first time.
pub(super) fn note_rules(
    tx: &Transaction<'_>,
    rules: &[AlertRule],
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<()> {
    let used = rules.iter().map(|rule| (rule.id.clone(), rule.version()));
    let used: BTreeMap<String, String> = used.collect();
    let sql = "SELECT value FROM meta WHERE key = 'rules_in_use'";
    let before: Option<String> = tx.query_row(sql, [], |row| row.get(0)).optional()?;
    tx.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('rules_in_use', ?1)",
        [json!(used).to_string()],
    )?;
    let Some(before) = before.and_then(|text| serde_json::from_str(&text).ok()) else {
        return Ok(());
    };
    match rules_changed(&before, &used).as_slice() {
        [] => Ok(()),
        changed => tell_change(tx, &changed.join("; "), policy, context),
    }
}

/// What happened to each rule between two looks, ids and versions given.
fn rules_changed(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<String> {
    let written = after
        .iter()
        .filter_map(|(id, version)| match before.get(id) {
            None => Some(format!("rule {id} is in use (version {version})")),
            Some(old) if old != version => {
                Some(format!("rule {id} has changed (version {version})"))
            }
            Some(_) => None,
        });
    let gone = before.keys().filter(|id| !after.contains_key(*id));
    written
        .chain(gone.map(|id| format!("rule {id} is not in use any more")))
        .collect()
}

/// Tells of a change to the targets that have a place for it.
pub(super) fn tell_change(
    tx: &Transaction<'_>,
    summary: &str,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<()> {
    let takes = policy.targets.iter().filter(|(_, takes)| takes.changes);
    let targets: BTreeSet<&String> = takes.map(|(name, _)| name).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let key = Key::of_notice("change");
    write(tx, &key, Reason::Deploy, summary, &targets, context)
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
    let key = Key::of_notice(kind);
    let is_known: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM rule_events WHERE rule_id = '' AND kind = ?1 AND tick_us = ?2)",
        params![kind, tick_us],
        |row| row.get(0),
    )?;
    if is_known {
        return Ok(false);
    }
    note_rule(tx, "", kind, &key, tick_us, context.now_us)?;
    let mut targets: BTreeSet<&String> = policy
        .teams
        .values()
        .flat_map(|team| &team.targets)
        .filter(|target| policy.targets.contains_key(*target))
        .collect();
    if targets.is_empty() {
        targets.extend(policy.targets.keys());
    }
    write(tx, &key, Reason::Notice, summary, &targets, context)?;
    Ok(true)
}

/// Writes a message about nothing that is open for each of the targets.
fn write(
    tx: &Transaction<'_>,
    key: &Key,
    reason: Reason,
    summary: &str,
    targets: &BTreeSet<&String>,
    context: &Context,
) -> rusqlite::Result<()> {
    let dedup_key = dedup_key(&installation_id(tx)?, ENGINE, key);
    tx.prepare_cached(
        "INSERT INTO incident_keys (rule_id, kind, labels, dedup_key, episode, seq, opens, reopen_after_us)
         VALUES (?1, 'delivery', ?2, ?3, 0, 0, '[]', 0) ON CONFLICT DO NOTHING",
    )?
    .execute(params![ENGINE, key.labels_json(), dedup_key])?;
    let message = Notification {
        action: Action::Digest,
        reason,
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
    for target in targets {
        outbox::enqueue(tx, "", target, &message, context.now_us)?;
    }
    Ok(())
}
