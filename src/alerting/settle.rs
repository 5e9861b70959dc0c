//! Who has to hear of an incident, now: what is so, beside what its targets have been told.
//!
//! An incident *owes* a resolve to every target that may have seen a trigger of it, whatever silence, quiet
//! hours or restart came between. One decision, [`decide`], says what the next message is; everything else
//! here finds out what it depends on.

mod together;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use super::incidents::{self, Event, News};
use super::key::{Key, KeyKind, dedup_key, incident_id, installation_id};
use super::mute::{Policy, Silence, Subject, silences};
use super::{Context, people};
use crate::notify::{Action, Notification, Reason};
use crate::outbox;
use crate::rule::{Labels, Severity};
use together::{end_bundles, raise_bundles, release};

/// After a team's first page, what opens within this goes out as one bundle.
const GATHER_US: i64 = 60_000_000;
/// With more open incidents than this a target hears of changes only.
const REFRESHED_MAX: i64 = 60;

/// Why an incident is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mute {
    Silenced,
    Inhibited,
    /// Opened right after another page: waits for what else opens.
    Gathering,
    /// Told as part of a bundle.
    Bundled,
    /// Not urgent, and it is night.
    Parked,
}

impl Mute {
    fn as_str(self) -> &'static str {
        match self {
            Self::Silenced => "silenced",
            Self::Inhibited => "inhibited",
            Self::Gathering => "gathering",
            Self::Bundled => "bundled",
            Self::Parked => "parked",
        }
    }
}

/// What the next message depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    is_open: bool,
    is_muted: bool,
    was_muted: bool,
    /// Some target may have seen a trigger that has no resolve.
    is_owed: bool,
    /// It is well again and waits for that to last.
    is_recovering: bool,
    news: News,
}

/// The next message, if any is due.
fn decide(standing: Standing) -> Option<Reason> {
    match standing {
        Standing {
            is_open: false,
            is_owed,
            ..
        } => is_owed.then_some(Reason::Resolve),
        Standing { is_muted: true, .. } => None,
        // Nobody is woken for what is over already.
        Standing {
            is_owed: false,
            is_recovering,
            ..
        } => (!is_recovering).then_some(Reason::Open),
        Standing {
            news: News::Escalate,
            ..
        } => Some(Reason::Escalate),
        Standing {
            was_muted: true, ..
        }
        | Standing {
            news: News::Change, ..
        } => Some(Reason::Change),
        Standing {
            news: News::Renotify,
            ..
        } => Some(Reason::Renotify),
        Standing {
            news: News::Refresh,
            ..
        } => Some(Reason::Refresh),
        Standing {
            news: News::None, ..
        } => None,
    }
}

/// Writes every message that is due into the outbox. Called after each tick, each act of a person and each
/// second.
pub fn settle(tx: &Transaction<'_>, policy: &Policy, context: &Context) -> rusqlite::Result<()> {
    let now_us = context.now_us;
    people::expire_acks(tx, now_us)?;
    end_bundles(tx, now_us)?;
    raise_bundles(tx)?;
    release(tx, policy, context)?;
    let silences = silences_at_work(tx, now_us)?;
    for live in load(tx)? {
        if live.targets.is_empty() && !live.is_owed {
            note_untold(tx, &live, now_us)?;
            continue;
        }
        let mute = match live.is_open {
            true => mute_of(tx, &live, policy, &silences, now_us)?,
            false => None,
        };
        let standing = Standing {
            is_open: live.is_open,
            is_muted: mute.is_some(),
            was_muted: live.mute.is_some(),
            is_owed: live.is_owed,
            is_recovering: live.is_recovering,
            news: live.news(now_us),
        };
        let reason = decide(standing);
        let mute = match reason {
            Some(Reason::Open) if live.kind != KeyKind::Bundle => {
                gather(tx, &live, now_us)?.or(mute)
            }
            _ => mute,
        };
        note_mute(tx, &live, mute, now_us)?;
        if let Some(reason) =
            reason.filter(|_| mute.is_none_or(|(mute, _)| mute != Mute::Gathering))
        {
            tell(tx, &live, reason, policy, now_us)?;
        } else if live.news != News::None {
            tx.prepare_cached("UPDATE incidents SET news = '' WHERE incident_id = ?1")?
                .execute([&live.id])?;
        }
    }
    Ok(())
}

/// An incident that is open, or over and still owed a resolve.
struct Live {
    id: String,
    dedup_key: String,
    send_key: Option<String>,
    episode: i64,
    rule: String,
    kind: KeyKind,
    title: String,
    unit: String,
    labels: Labels,
    members: Value,
    severity: Severity,
    service: String,
    team: String,
    is_open: bool,
    targets: Vec<String>,
    opened_us: i64,
    tick_us: i64,
    value: Option<f64>,
    threshold: f64,
    n: Option<i64>,
    summary: String,
    client_url: String,
    runbook_url: String,
    close_reason: Option<String>,
    news: News,
    sent_us: Option<i64>,
    renotify_us: Option<i64>,
    mute: Option<String>,
    mute_until_us: Option<i64>,
    bundle_id: Option<String>,
    acked_us: Option<i64>,
    explanation: Option<String>,
    is_owed: bool,
    is_recovering: bool,
}

const COLUMNS: &str = "i.incident_id, i.dedup_key, i.send_key, i.episode, i.rule_id, i.kind, i.title, i.unit, i.labels, i.members, i.severity,
    i.service, i.team, i.state <> 'closed', i.targets, i.opened_us, i.tick_us, i.value, i.threshold, i.n, i.summary, i.client_url,
    i.runbook_url, i.close_reason, i.news, i.sent_us, i.renotify_us, i.mute, i.mute_until_us, i.bundle_id, i.acked_us, i.explanation,
    EXISTS (SELECT 1 FROM owed WHERE owed.incident_id = i.incident_id), i.state = 'recovering'";

fn load(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Live>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM incidents i WHERE i.state <> 'closed' OR i.incident_id IN (SELECT incident_id FROM owed)
         ORDER BY i.opened_us, i.severity, i.incident_id"
    ))?;
    statement.query_map([], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Live> {
    let (kind, labels, members): (String, String, String) = (row.get(5)?, row.get(8)?, row.get(9)?);
    let (severity, targets, news): (String, String, String) =
        (row.get(10)?, row.get(14)?, row.get(24)?);
    Ok(Live {
        id: row.get(0)?,
        dedup_key: row.get(1)?,
        send_key: row.get(2)?,
        episode: row.get(3)?,
        rule: row.get(4)?,
        kind: KeyKind::parse(&kind).unwrap_or_default(),
        title: row.get(6)?,
        unit: row.get(7)?,
        labels: serde_json::from_str(&labels).unwrap_or_default(),
        members: serde_json::from_str(&members).unwrap_or_default(),
        severity: Severity::parse(&severity),
        service: row.get(11)?,
        team: row.get(12)?,
        is_open: row.get(13)?,
        targets: serde_json::from_str(&targets).unwrap_or_default(),
        opened_us: row.get(15)?,
        tick_us: row.get(16)?,
        value: row.get(17)?,
        threshold: row.get(18)?,
        n: row.get(19)?,
        summary: row.get(20)?,
        client_url: row.get(21)?,
        runbook_url: row.get(22)?,
        close_reason: row.get(23)?,
        news: News::parse(&news),
        sent_us: row.get(25)?,
        renotify_us: row.get(26)?,
        mute: row.get(27)?,
        mute_until_us: row.get(28)?,
        bundle_id: row.get(29)?,
        acked_us: row.get(30)?,
        explanation: row.get(31)?,
        is_owed: row.get(32)?,
        is_recovering: row.get(33)?,
    })
}

impl Live {
    /// What waits to be told, a reminder included.
    fn news(&self, now_us: i64) -> News {
        let is_late = |(sent, every): (i64, i64)| now_us - sent >= every;
        let is_due =
            self.acked_us.is_none() && self.sent_us.zip(self.renotify_us).is_some_and(is_late);
        if is_due {
            self.news.max(News::Renotify)
        } else {
            self.news
        }
    }

    fn subject<'a>(&'a self, severity: &'a str) -> Subject<'a> {
        Subject {
            rule: &self.rule,
            team: &self.team,
            service: &self.service,
            severity,
            labels: &self.labels,
        }
    }
}

/// Silences that have not ended; those whose matches are all well end here.
fn silences_at_work(tx: &Transaction<'_>, now_us: i64) -> rusqlite::Result<Vec<Silence>> {
    let mut at_work = silences(tx)?;
    at_work.retain(|silence| {
        silence.ended_us.is_none() && (silence.created_us..silence.expires_us).contains(&now_us)
    });
    if at_work.iter().all(|silence| !silence.until_clear) {
        return Ok(at_work);
    }
    let open = load(tx)?;
    let is_needed = |silence: &Silence| {
        let mut open = open.iter().filter(|live| live.is_open);
        !silence.until_clear
            || open.any(|live| silence.matches(&live.subject(live.severity.as_str())))
    };
    for silence in at_work.iter().filter(|silence| !is_needed(silence)) {
        tx.execute(
            "UPDATE silences SET ended_us = ?2 WHERE silence_id = ?1",
            params![silence.id, now_us],
        )?;
    }
    at_work.retain(is_needed);
    Ok(at_work)
}

/// What holds an open incident back, and until when as far as that is known.
fn mute_of(
    tx: &Transaction<'_>,
    live: &Live,
    policy: &Policy,
    silences: &[Silence],
    now_us: i64,
) -> rusqlite::Result<Option<(Mute, Option<i64>)>> {
    let subject = live.subject(live.severity.as_str());
    if let Some(silence) = silences.iter().find(|silence| silence.matches(&subject)) {
        return Ok(Some((Mute::Silenced, Some(silence.expires_us))));
    }
    if is_inhibited(tx, live, policy)? {
        return Ok(Some((Mute::Inhibited, None)));
    }
    if live.bundle_id.is_some() {
        return Ok(Some((Mute::Bundled, None)));
    }
    let until = live.mute_until_us.filter(|until| *until > now_us);
    if live.mute.as_deref() == Some(Mute::Gathering.as_str()) && until.is_some() {
        return Ok(Some((Mute::Gathering, until)));
    }
    let is_quiet = policy.quiet_until(&live.team, now_us);
    Ok(is_quiet
        .filter(|_| !live.severity.is_urgent())
        .map(|until| (Mute::Parked, Some(until))))
}

/// Whether a rule that covers this one has an incident open with the same values of the labels both have to
/// have. A label that is missing on either side is not the same.
fn is_inhibited(tx: &Transaction<'_>, live: &Live, policy: &Policy) -> rusqlite::Result<bool> {
    if live.kind != KeyKind::Value {
        return Ok(false);
    }
    for (source, inhibit) in &policy.inhibits {
        if inhibit.rule != live.rule || *source == live.rule {
            continue;
        }
        let mut statement = tx.prepare_cached(
            "SELECT labels FROM incidents WHERE rule_id = ?1 AND kind = 'value' AND state <> 'closed'",
        )?;
        let mut rows = statement.query([source])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            let labels: Labels = serde_json::from_str(&text).unwrap_or_default();
            let is_equal = |name: &String| {
                labels.contains_key(name) && labels.get(name) == live.labels.get(name)
            };
            if inhibit.equal.iter().all(is_equal) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Lets a team's first page go and holds the next ones back for a moment.
fn gather(
    tx: &Transaction<'_>,
    live: &Live,
    now_us: i64,
) -> rusqlite::Result<Option<(Mute, Option<i64>)>> {
    let has_waited = [Mute::Gathering, Mute::Parked]
        .iter()
        .any(|mute| live.mute.as_deref() == Some(mute.as_str()));
    if live.team.is_empty() || has_waited {
        return Ok(None);
    }
    let first: Option<i64> = tx
        .prepare_cached("SELECT first_us FROM team_pages WHERE team = ?1")?
        .query_row([&live.team], |row| row.get(0))
        .optional()?;
    match first.filter(|first| (0..GATHER_US).contains(&(now_us - first))) {
        Some(first) => Ok(Some((Mute::Gathering, Some(first + GATHER_US)))),
        None => note_page(tx, &live.team, now_us).map(|()| None),
    }
}

fn note_page(tx: &Transaction<'_>, team: &str, now_us: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO team_pages VALUES (?1, ?2)")?
        .execute(params![team, now_us])
        .map(drop)
}

/// Notes once that an incident has nobody to be told to.
fn note_untold(tx: &Transaction<'_>, live: &Live, now_us: i64) -> rusqlite::Result<()> {
    let kind = "nobody to tell";
    let is_noted: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM incident_events WHERE incident_id = ?1 AND kind = ?2)",
        )?
        .query_row([&live.id, kind], |row| row.get(0))?;
    if is_noted {
        return Ok(());
    }
    let event = Event {
        at_us: now_us,
        tick_us: live.tick_us,
        kind,
        value: None,
        n: None,
        actor: None,
        detail: Some("neither the rule nor its team has a target"),
    };
    incidents::note(tx, &live.id, &event)
}

fn note_mute(
    tx: &Transaction<'_>,
    live: &Live,
    mute: Option<(Mute, Option<i64>)>,
    now_us: i64,
) -> rusqlite::Result<()> {
    let name = mute.map(|(mute, _)| mute.as_str());
    if name == live.mute.as_deref() {
        return Ok(());
    }
    tx.prepare_cached(
        "UPDATE incidents SET mute = ?2, mute_until_us = ?3, was_parked = max(was_parked, ?4) WHERE incident_id = ?1",
    )?
    .execute(params![
        live.id,
        name,
        mute.and_then(|(_, until)| until),
        name == Some(Mute::Parked.as_str())
    ])?;
    let event = Event {
        at_us: now_us,
        tick_us: live.tick_us,
        kind: name.unwrap_or("told again"),
        value: None,
        n: None,
        actor: None,
        detail: None,
    };
    incidents::note(tx, &live.id, &event)
}

/// Numbers the messages of a key.
pub(super) fn next_seq(tx: &Transaction<'_>, dedup_key: &str) -> rusqlite::Result<i64> {
    tx.prepare_cached("UPDATE incident_keys SET seq = seq + 1 WHERE dedup_key = ?1 RETURNING seq")?
        .query_row([dedup_key], |row| row.get(0))
}

/// Writes a message for each target that has to hear it, and notes what is owed.
fn tell(
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

/// The message that says that somebody has taken an incident.
pub(super) fn tell_ack(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_paid_and_what_is_muted_is_not_told() {
        let booleans = [false, true];
        let all_news = [
            News::None,
            News::Refresh,
            News::Renotify,
            News::Change,
            News::Escalate,
        ];
        for is_open in booleans {
            for is_muted in booleans {
                for was_muted in booleans {
                    for is_owed in booleans {
                        for news in all_news {
                            let standing = Standing {
                                is_open,
                                is_muted,
                                was_muted,
                                is_owed,
                                is_recovering: false,
                                news,
                            };
                            let over = Standing {
                                is_recovering: true,
                                ..standing
                            };
                            assert_ne!(decide(over), Some(Reason::Open));
                            let reason = decide(standing);
                            assert_eq!(reason == Some(Reason::Resolve), !is_open && is_owed);
                            assert!(!(is_open && is_muted) || reason.is_none());
                            assert_eq!(
                                reason == Some(Reason::Open),
                                is_open && !is_muted && !is_owed
                            );
                        }
                    }
                }
            }
        }
    }
}
