//! What is told together: bundles of what opens at the same time, and the digest of the morning.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::json;

use super::live::{Live, load};
use super::tell::next_seq;
use super::{Mute, note_page};
use crate::alerting::Context;
use crate::alerting::incidents::{self, Event, News};
use crate::alerting::key::{Key, KeyKind, dedup_key, incident_id, installation_id};
use crate::alerting::mute::Policy;
use crate::notify::{Action, Notification, Reason, shorten};
use crate::outbox;
use crate::rule::Severity;

/// Summaries that a bundle's text quotes.
const QUOTED_MAX: usize = 3;
/// Characters of each: one that goes on and on leaves room for the others.
const QUOTED_CHARS_MAX: usize = 160;
/// The name that bundles have in place of a rule's.
const BUNDLE: &str = "bundle";

/// Incidents of a team that wait to be told together.
#[derive(Default)]
struct Waiting {
    open: Vec<Live>,
    /// Summaries of what came and went overnight.
    cleared: Vec<String>,
    is_digest: bool,
}

/// Tells what was gathered or parked and may go now: alone, as a bundle, or as the morning's digest.
pub(super) fn release(
    tx: &Transaction<'_>,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<()> {
    let now_us = context.now_us;
    let mut teams: BTreeMap<String, Waiting> = BTreeMap::new();
    for live in load(tx)? {
        let is_over = live.mute_until_us.is_some_and(|until| until <= now_us);
        let is_waiting = |mute: Mute| live.mute.as_deref() == Some(mute.as_str());
        if !live.is_open || live.is_owed || !is_over {
            continue;
        }
        if is_waiting(Mute::Gathering) || is_waiting(Mute::Parked) {
            let waiting = teams.entry(live.team.clone()).or_default();
            waiting.is_digest |= is_waiting(Mute::Parked);
            waiting.open.push(live);
        }
    }
    let mut statement = tx.prepare_cached(
        "SELECT team, summary FROM incidents WHERE state = 'closed' AND was_parked = 1 AND sent_us IS NULL ORDER BY opened_us, incident_id",
    )?;
    let cleared: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (team, summary) in cleared {
        if policy.quiet_until(&team, now_us).is_none() {
            let waiting = teams.entry(team).or_default();
            waiting.is_digest = true;
            waiting.cleared.push(summary);
        }
    }
    for (team, waiting) in teams {
        tx.prepare_cached("UPDATE incidents SET was_parked = 2 WHERE team = ?1 AND state = 'closed' AND was_parked = 1")?
            .execute([&team])?;
        match (waiting.open.len(), waiting.cleared.len()) {
            // One alone is told as itself.
            (1, 0) if open_bundle(tx, &team)?.is_none() => note_page(tx, &team, now_us)?,
            (0, _) => tell_digest(tx, &team, &waiting, policy, context)?,
            _ => bundle(tx, &team, &waiting, context)?,
        }
    }
    Ok(())
}

fn bundle_key(team: &str) -> Key {
    Key {
        kind: KeyKind::Bundle,
        labels: [("team".to_owned(), Some(team.to_owned()))].into(),
    }
}

fn open_bundle(tx: &Transaction<'_>, team: &str) -> rusqlite::Result<Option<String>> {
    let row = tx
        .prepare_cached(
            "SELECT incident_id FROM incident_keys WHERE rule_id = ?1 AND kind = 'bundle' AND labels = ?2",
        )?
        .query_row(params![BUNDLE, bundle_key(team).labels_json()], |row| row.get(0))
        .optional()?;
    Ok(row.flatten())
}

/// Puts incidents into the team's open bundle, or into a new one.
fn bundle(
    tx: &Transaction<'_>,
    team: &str,
    waiting: &Waiting,
    context: &Context,
) -> rusqlite::Result<()> {
    let now_us = context.now_us;
    note_page(tx, team, now_us)?;
    let id = match open_bundle(tx, team)? {
        Some(id) => id,
        None => open_new_bundle(tx, team, waiting, context)?,
    };
    for live in &waiting.open {
        tx.prepare_cached("UPDATE incidents SET bundle_id = ?2 WHERE incident_id = ?1")?
            .execute(params![live.id, id])?;
    }
    refresh_bundle(tx, &id, waiting)
}

fn open_new_bundle(
    tx: &Transaction<'_>,
    team: &str,
    waiting: &Waiting,
    context: &Context,
) -> rusqlite::Result<String> {
    let key = bundle_key(team);
    let dedup_key = dedup_key(&installation_id(tx)?, BUNDLE, &key);
    let episode: i64 = tx
        .prepare_cached(
            "INSERT INTO incident_keys (rule_id, kind, labels, dedup_key, episode, seq, opens, reopen_after_us)
             VALUES (?1, 'bundle', ?2, ?3, 1, 0, '[]', 0) ON CONFLICT DO UPDATE SET episode = episode + 1 RETURNING episode",
        )?
        .query_row(params![BUNDLE, key.labels_json(), dedup_key], |row| row.get(0))?;
    let id = incident_id(&dedup_key, episode);
    tx.prepare_cached("UPDATE incident_keys SET incident_id = ?2 WHERE dedup_key = ?1")?
        .execute(params![dedup_key, id])?;
    let worst = waiting.open.iter().max_by_key(|live| live.severity);
    let targets: BTreeSet<&String> = waiting.open.iter().flat_map(|live| &live.targets).collect();
    tx.prepare_cached(
        "INSERT INTO incidents (incident_id, dedup_key, episode, rule_id, rule_version, kind, title, unit, labels, members, severity,
           service, team, state, targets, opened_us, tick_us, threshold, summary, client_url, runbook_url, news, refreshed_us)
         VALUES (?1, ?2, ?3, ?4, '', 'bundle', 'several at once', 'count', ?5, '[]', 'info', ?6, ?7, 'firing', ?8, ?9, ?9, 0, '', ?10, ?11, '', ?9)",
    )?
    .execute(params![
        id,
        dedup_key,
        episode,
        BUNDLE,
        key.labels_json(),
        worst.map_or("", |live| &live.service),
        team,
        json!(targets).to_string(),
        context.now_us,
        worst.map_or("", |live| &live.client_url),
        worst.map_or("", |live| &live.runbook_url),
    ])?;
    let event = Event {
        at_us: context.now_us,
        tick_us: context.now_us,
        kind: "open",
        value: None,
        n: Some(waiting.open.len() as i64),
        actor: None,
        detail: None,
    };
    incidents::note(tx, &id, &event)?;
    Ok(id)
}

/// Writes a bundle's text and severity from its members.
fn refresh_bundle(tx: &Transaction<'_>, id: &str, waiting: &Waiting) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "SELECT incident_id, summary, severity, state FROM incidents WHERE bundle_id = ?1 ORDER BY opened_us, incident_id",
    )?;
    let members: Vec<(String, String, String, String)> = statement
        .query_map([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let severities = members.iter().map(|member| Severity::parse(&member.2));
    let severity = severities.max().unwrap_or_default();
    let n_members = members.len() as i64;
    let old = incidents::standing(tx, id)?;
    let news = if severity > old.severity {
        News::Escalate
    } else {
        News::Change
    };
    // The worst first: what wakes somebody must not stand behind what does not.
    let mut worst: Vec<_> = members.iter().collect();
    worst.sort_by_key(|member| std::cmp::Reverse(Severity::parse(&member.2)));
    let quoted: Vec<String> = worst
        .iter()
        .take(QUOTED_MAX)
        .map(|member| shorten(&member.1, QUOTED_CHARS_MAX))
        .collect();
    let more = members.len().saturating_sub(QUOTED_MAX);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    let what = if waiting.is_digest {
        "still open since last night"
    } else {
        "at once"
    };
    let cleared = match waiting.cleared.len() {
        0 => String::new(),
        n => format!("; {n} opened and cleared overnight"),
    };
    let summary = format!(
        "{} {what}: {}{more}{cleared}",
        members.len(),
        quoted.join("; ")
    );
    let members = members.iter().map(|(id, summary, severity, state)| {
        json!({"incident": id, "summary": summary, "severity": severity, "state": state})
    });
    tx.prepare_cached(
        "UPDATE incidents SET members = ?2, summary = ?3, severity = ?4, news = ?5, n = ?6, value = ?6, peak_value = ?6 WHERE incident_id = ?1",
    )?
    .execute(params![
        id,
        json!(members.collect::<Vec<_>>()).to_string(),
        summary,
        severity.as_str(),
        news.as_str(),
        n_members
    ])
    .map(drop)
}

/// A bundle whose members got worse is told so.
pub(super) fn raise_bundles(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT bundle.incident_id, bundle.severity, member.severity FROM incidents AS bundle
         JOIN incidents AS member ON member.bundle_id = bundle.incident_id
         WHERE bundle.state <> 'closed' AND member.severity <> bundle.severity",
    )?;
    let pairs: Vec<(String, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let is_worse = |(_, bundle, member): &&(String, String, String)| {
        Severity::parse(member) > Severity::parse(bundle)
    };
    for (id, ..) in pairs.iter().filter(is_worse) {
        refresh_bundle(tx, id, &Waiting::default())?;
    }
    Ok(())
}

/// A bundle ends with the last of its members.
pub(super) fn end_bundles(tx: &Transaction<'_>, now_us: i64) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "SELECT incident_id FROM incidents AS bundle WHERE kind = 'bundle' AND state <> 'closed'
           AND NOT EXISTS (SELECT 1 FROM incidents AS member WHERE member.bundle_id = bundle.incident_id AND member.state <> 'closed')",
    )?;
    let ended: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in ended {
        incidents::end(tx, &id, now_us, "recovered", None)?;
    }
    Ok(())
}

/// A message that nothing is open any more, about what came and went while the team was not to be woken.
fn tell_digest(
    tx: &Transaction<'_>,
    team: &str,
    waiting: &Waiting,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<()> {
    let key = bundle_key(team);
    let dedup_key = dedup_key(&installation_id(tx)?, BUNDLE, &key);
    tx.prepare_cached(
        "INSERT INTO incident_keys (rule_id, kind, labels, dedup_key, episode, seq, opens, reopen_after_us)
         VALUES (?1, 'bundle', ?2, ?3, 0, 0, '[]', 0) ON CONFLICT DO NOTHING",
    )?
    .execute(params![BUNDLE, key.labels_json(), dedup_key])?;
    let seq = next_seq(tx, &dedup_key)?;
    let shown: Vec<&str> = waiting
        .cleared
        .iter()
        .take(QUOTED_MAX)
        .map(String::as_str)
        .collect();
    let message = Notification {
        action: Action::Digest,
        reason: Reason::Digest,
        dedup_key,
        seq,
        rule: BUNDLE.into(),
        title: "overnight".into(),
        summary: format!(
            "{} opened and cleared overnight: {}",
            waiting.cleared.len(),
            shown.join("; ")
        ),
        severity: Severity::Info,
        team: team.to_owned(),
        members: json!(waiting.cleared),
        tick_us: context.now_us,
        opened_us: context.now_us,
        client_url: context.public_url.clone(),
        ..Notification::default()
    };
    let targets = policy.teams.get(team).map(|team| &team.targets);
    for target in targets
        .into_iter()
        .flatten()
        .filter(|target| policy.targets.contains_key(*target))
    {
        outbox::enqueue(tx, "", target, &message, context.now_us)?;
    }
    Ok(())
}
