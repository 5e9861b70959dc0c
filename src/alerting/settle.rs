//! Who has to hear of an incident, now: what is so, beside what its targets have been told.
//!
//! An incident *owes* a resolve to every target that may have seen a trigger of it, whatever silence, quiet
//! hours or restart came between. One decision, [`decide`], says what the next message is; everything else
//! here finds out what it depends on.

mod live;
mod tell;
mod together;

use rusqlite::{OptionalExtension, Transaction, params};

use self::live::{Live, load};
use self::tell::tell;
pub(super) use self::tell::{next_seq, tell_ack};
use self::together::{end_bundles, raise_bundles, release};
use super::incidents::{self, Event, News};
use super::key::KeyKind;
use super::mute::{Policy, Silence, silences};
use super::{Context, people};
use crate::notify::Reason;
use crate::rule::Labels;

/// After a team's first page, what opens within this goes out as one bundle.
const GATHER_US: i64 = 60_000_000;

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
