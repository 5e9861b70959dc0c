//! Incidents as rows: opened, kept fresh, ended, listed.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::key::Key;
use crate::rule::{AlertRule, Op, Severity, Unit};
use crate::state::{State, StateError};

/// Ended incidents that the list shows.
const LISTED_MAX: i64 = 200;

/// What waits to be told, the least important first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    #[default]
    None,
    /// It still holds, with these numbers.
    Refresh,
    /// Nobody has acknowledged it.
    Renotify,
    /// Other members, or no longer held back.
    Change,
    /// More severe than before.
    Escalate,
}

impl News {
    const ALL: [Self; 5] = [
        Self::None,
        Self::Refresh,
        Self::Renotify,
        Self::Change,
        Self::Escalate,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Refresh => "refresh",
            Self::Renotify => "renotify",
            Self::Change => "change",
            Self::Escalate => "escalate",
        }
    }

    pub(super) fn parse(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|news| news.as_str() == name);
        found.unwrap_or_default()
    }
}

/// An incident that opens.
pub(super) struct Draft<'a> {
    pub(super) id: &'a str,
    pub(super) dedup_key: &'a str,
    pub(super) episode: i64,
    pub(super) rule: &'a AlertRule,
    pub(super) key: &'a Key,
    pub(super) members: String,
    pub(super) severity: Severity,
    pub(super) targets: Vec<String>,
    pub(super) opened_us: i64,
    pub(super) value: Option<f64>,
    pub(super) n: Option<i64>,
    pub(super) summary: &'a str,
    pub(super) client_url: &'a str,
    pub(super) runbook_url: &'a str,
}

pub(super) fn insert(tx: &Transaction<'_>, draft: &Draft<'_>) -> rusqlite::Result<()> {
    let rule = draft.rule;
    tx.prepare_cached(
        "INSERT INTO incidents (incident_id, dedup_key, episode, rule_id, rule_version, kind, title, unit, labels, members, severity,
           service, team, state, targets, opened_us, tick_us, value, threshold, n, peak_value, summary, client_url, runbook_url,
           news, refreshed_us, renotify_us, ack_timeout_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'firing', ?14, ?15, ?15, ?16, ?17, ?18, ?16, ?19, ?20, ?21,
           '', ?15, ?22, ?23)",
    )?
    .execute(params![
        draft.id,
        draft.dedup_key,
        draft.episode,
        rule.id,
        rule.version(),
        draft.key.kind.as_str(),
        rule.title,
        json!(rule.query.unit()).as_str(),
        draft.key.labels_json(),
        draft.members,
        draft.severity.as_str(),
        rule.route.service,
        rule.route.team,
        json!(draft.targets).to_string(),
        draft.opened_us,
        draft.value,
        rule.raise.at,
        draft.n,
        draft.summary,
        draft.client_url,
        draft.runbook_url,
        rule.route.renotify.map(|span| span.0),
        rule.route.ack_timeout.map(|span| span.0),
    ])
    .map(drop)
}

/// How an open incident stands before a tick.
pub(super) struct Standing {
    pub(super) severity: Severity,
    pub(super) news: News,
    pub(super) refreshed_us: i64,
    pub(super) is_flapping: bool,
    pub(super) summary: String,
    members: String,
}

impl Standing {
    pub(super) fn labels_of_members(&self) -> BTreeSet<String> {
        let members: Vec<Value> = serde_json::from_str(&self.members).unwrap_or_default();
        members
            .iter()
            .map(|member| member["labels"].to_string())
            .collect()
    }
}

pub(super) fn standing(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Standing> {
    tx.prepare_cached(
        "SELECT severity, news, refreshed_us, is_flapping, summary, members FROM incidents WHERE incident_id = ?1",
    )?
    .query_row([id], |row| {
        let (severity, news): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(Standing {
            severity: Severity::parse(&severity),
            news: News::parse(&news),
            refreshed_us: row.get(2)?,
            is_flapping: row.get(3)?,
            summary: row.get(4)?,
            members: row.get(5)?,
        })
    })
}

pub(super) fn set_state(tx: &Transaction<'_>, id: &str, state: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE incidents SET state = ?2 WHERE incident_id = ?1")?
        .execute(params![id, state])
        .map(drop)
}

/// Marks the incident as over. Its key is the caller's business.
pub(super) fn close(
    tx: &Transaction<'_>,
    id: &str,
    at_us: i64,
    reason: &str,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE incidents SET state = 'closed', closed_us = max(?2, opened_us), close_reason = ?3, news = '' WHERE incident_id = ?1",
    )?
    .execute(params![id, at_us, reason])
    .map(drop)
}

/// Ends an incident from outside its rule, and frees its key for the next episode.
pub(super) fn end(
    tx: &Transaction<'_>,
    id: &str,
    now_us: i64,
    reason: &str,
    actor: Option<&str>,
) -> rusqlite::Result<()> {
    close(tx, id, now_us, reason)?;
    tx.prepare_cached(
        "UPDATE incident_keys SET incident_id = NULL, reopen_after_us = ?2 WHERE incident_id = ?1",
    )?
    .execute(params![id, now_us])?;
    let event = Event {
        at_us: now_us,
        tick_us: now_us,
        kind: "resolve",
        value: None,
        n: None,
        actor,
        detail: Some(reason),
    };
    note(tx, id, &event)
}

/// Something that happened to an incident.
pub(super) struct Event<'a> {
    pub(super) at_us: i64,
    pub(super) tick_us: i64,
    pub(super) kind: &'a str,
    pub(super) value: Option<f64>,
    pub(super) n: Option<i64>,
    pub(super) actor: Option<&'a str>,
    pub(super) detail: Option<&'a str>,
}

pub(super) fn note(tx: &Transaction<'_>, id: &str, event: &Event<'_>) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO incident_events (incident_id, at_us, tick_us, kind, value, n, actor, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        id,
        event.at_us,
        event.tick_us,
        event.kind,
        event.value,
        event.n,
        event.actor,
        event.detail
    ])
    .map(drop)
}

/// The words of `Incident::state`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    Firing,
    Recovering,
    Closed,
}

/// The words of `Incident::mute`: what holds messages back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentMute {
    Silenced,
    /// By an incident of another rule.
    Inhibited,
    /// It opened right after another page.
    Gathering,
    /// Told as part of a bundle.
    Bundled,
    /// Not urgent, and it is night.
    Parked,
}

/// The words of `Incident::class`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentClass {
    Action,
    NoAction,
    /// The rule has to change.
    Tune,
}

/// An incident as the API shows it. Times are milliseconds since the epoch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Incident {
    pub id: String,
    /// The same for every episode of the same rule and labels.
    pub dedup_key: String,
    /// How often the key has opened, this time included.
    pub episode: i64,
    pub rule: String,
    /// What it is about: `value`, or the rule itself, or several incidents at once.
    pub kind: String,
    pub title: String,
    /// How the value is written.
    #[schema(value_type = Unit)]
    pub unit: String,
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub labels: Value,
    /// The instances with their labels, value, sample and severity; the incidents of a bundle.
    #[schema(value_type = Vec<Object>)]
    pub members: Value,
    #[schema(value_type = IncidentState)]
    pub state: String,
    #[schema(value_type = Severity)]
    pub severity: String,
    pub service: String,
    pub team: String,
    /// Epoch milliseconds.
    pub opened_at: i64,
    /// Epoch milliseconds.
    pub closed_at: Option<i64>,
    pub close_reason: Option<String>,
    /// The newest value.
    pub value: Option<f64>,
    pub peak_value: Option<f64>,
    pub threshold: f64,
    /// How the value is compared with the threshold, by the rule as it is now; null when there is none any more.
    pub op: Option<Op>,
    /// Size of the sample that the value rests on.
    pub n: Option<i64>,
    pub summary: String,
    /// The map at its window and place.
    pub client_url: String,
    pub runbook_url: String,
    pub flapping: bool,
    /// What holds messages back.
    #[schema(value_type = Option<IncidentMute>)]
    pub mute: Option<String>,
    /// Until when, where that is known, epoch milliseconds.
    pub mute_until: Option<i64>,
    /// The bundle that tells of it.
    pub bundle: Option<String>,
    /// When its targets were last told, epoch milliseconds.
    pub sent_at: Option<i64>,
    /// Epoch milliseconds.
    pub acked_at: Option<i64>,
    pub acked_by: Option<String>,
    /// When the acknowledgement ends by itself, epoch milliseconds; null when it stays.
    pub acks_expire_at: Option<i64>,
    #[schema(value_type = Option<IncidentClass>)]
    pub class: Option<String>,
    pub class_note: Option<String>,
    pub class_by: Option<String>,
    /// What stands out among the failing rows; free in its form, `sentence` says it in words.
    pub explanation: Option<Value>,
}

const COLUMNS: &str = "incident_id, dedup_key, episode, rule_id, kind, title, unit, labels, members, state, severity, service, team,
    opened_us, closed_us, close_reason, value, peak_value, threshold, n, summary, client_url, runbook_url, is_flapping, mute, bundle_id,
    coalesce((SELECT max(done_us) FROM outbox WHERE outbox.incident_id = incidents.incident_id AND action = 'trigger' AND status = 'delivered'), sent_us), acked_us, acked_by, class, class_note, class_by, explanation,
    mute_until_us, acked_us + ack_timeout_us";

fn read(row: &Row<'_>) -> rusqlite::Result<Incident> {
    let json = |text: String| serde_json::from_str(&text).unwrap_or_default();
    let ms = |us: Option<i64>| us.map(|us| us / 1000);
    Ok(Incident {
        id: row.get(0)?,
        dedup_key: row.get(1)?,
        episode: row.get(2)?,
        rule: row.get(3)?,
        kind: row.get(4)?,
        title: row.get(5)?,
        unit: row.get(6)?,
        labels: json(row.get(7)?),
        members: json(row.get(8)?),
        state: row.get(9)?,
        severity: row.get(10)?,
        service: row.get(11)?,
        team: row.get(12)?,
        opened_at: row.get::<_, i64>(13)? / 1000,
        closed_at: ms(row.get(14)?),
        close_reason: row.get(15)?,
        value: row.get(16)?,
        peak_value: row.get(17)?,
        threshold: row.get(18)?,
        op: None,
        n: row.get(19)?,
        summary: row.get(20)?,
        client_url: row.get(21)?,
        runbook_url: row.get(22)?,
        flapping: row.get(23)?,
        mute: row.get(24)?,
        mute_until: ms(row.get(33)?),
        bundle: row.get(25)?,
        sent_at: ms(row.get(26)?),
        acked_at: ms(row.get(27)?),
        acked_by: row.get(28)?,
        acks_expire_at: ms(row.get(34)?),
        class: row.get(29)?,
        class_note: row.get(30)?,
        class_by: row.get(31)?,
        explanation: row.get::<_, Option<String>>(32)?.map(json),
    })
}

/// Open incidents first, then the latest that ended.
pub fn incidents(connection: &Connection) -> rusqlite::Result<Vec<Incident>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM incidents ORDER BY closed_us IS NULL DESC, opened_us DESC, incident_id LIMIT ?1"
    ))?;
    statement.query_map([LISTED_MAX], read)?.collect()
}

/// One incident by its id, or by the first characters of it when no other begins so.
pub fn incident(connection: &Connection, id: &str) -> rusqlite::Result<Option<Incident>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM incidents WHERE substr(incident_id, 1, length(?1)) = ?1 LIMIT 2"
    ))?;
    let mut found: Vec<Incident> = statement.query_map([id], read)?.collect::<Result<_, _>>()?;
    let is_one = found.len() == 1 && !id.is_empty();
    Ok(is_one.then(|| found.remove(0)))
}

/// Something that happened to an incident, as the API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IncidentEvent {
    /// Epoch milliseconds.
    pub at: i64,
    /// End of the window that it rests on, epoch milliseconds.
    pub tick: i64,
    /// `open`, `sent`, `acknowledge`, `resolve` and so on.
    pub kind: String,
    pub value: Option<f64>,
    pub n: Option<i64>,
    /// Who did it.
    pub actor: Option<String>,
    pub detail: Option<String>,
}

/// What happened to an incident, in order.
pub fn event_list(connection: &Connection, id: &str) -> rusqlite::Result<Vec<IncidentEvent>> {
    let mut statement = connection.prepare_cached(
        "SELECT at_us, tick_us, kind, value, n, actor, detail FROM incident_events WHERE incident_id = ?1 ORDER BY event_id",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(IncidentEvent {
            at: row.get::<_, i64>(0)? / 1000,
            tick: row.get::<_, i64>(1)? / 1000,
            kind: row.get(2)?,
            value: row.get(3)?,
            n: row.get(4)?,
            actor: row.get(5)?,
            detail: row.get(6)?,
        })
    })?;
    rows.collect()
}

/// Open incidents of a rule.
pub fn n_open(connection: &Connection, rule_id: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM incidents WHERE rule_id = ?1 AND state <> 'closed'")?
        .query_row([rule_id], |row| row.get(0))
}

/// How many there are of what wants attention.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = IncidentCounts)]
pub struct Counts {
    /// Open incidents.
    pub firing: i64,
    pub acknowledged: i64,
    /// Instances that are about to open.
    pub pending: i64,
    /// Messages that a target has not taken yet.
    pub undelivered: i64,
    /// Messages that were given up.
    pub dead_letters: i64,
}

/// How many incidents are open and how many instances are about to be.
pub fn counts(state: &State) -> Result<Counts, StateError> {
    state.read(|connection| {
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(Counts {
            firing: count("SELECT count(*) FROM incidents WHERE state <> 'closed'")?,
            acknowledged: count(
                "SELECT count(*) FROM incidents WHERE state <> 'closed' AND acked_us IS NOT NULL",
            )?,
            pending: count("SELECT count(*) FROM instances WHERE phase = 'pending'")?,
            undelivered: count(
                "SELECT count(*) FROM outbox WHERE status = 'queued' AND n_attempts > 0",
            )?,
            dead_letters: count("SELECT count(*) FROM outbox WHERE status = 'dead'")?,
        })
    })
}

/// The words of `Lamp::state`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LampState {
    /// Something that nobody has taken.
    Red,
    /// Something that somebody has taken.
    Orange,
    Green,
    /// Nobody looks, or messages do not get out.
    Blue,
}

/// What the status lamp shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Lamp {
    #[schema(value_type = LampState)]
    pub state: &'static str,
    /// Open incidents that nobody has taken.
    pub triggered: i64,
    pub acknowledged: i64,
    /// Seconds since rules were last evaluated.
    pub age_s: Option<i64>,
    /// Messages that could not be delivered for minutes.
    pub undelivered: i64,
}

/// What the status lamp shows: the worst of what is open, counts, and how old the newest evaluation is.
pub fn lamp(connection: &Connection, now_us: i64) -> rusqlite::Result<Lamp> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let open = "SELECT count(*) FROM incidents WHERE state <> 'closed' AND bundle_id IS NULL";
    let triggered = count(&format!(
        "{open} AND acked_us IS NULL AND (mute IS NULL OR mute = 'gathering')"
    ))?;
    let acknowledged = count(&format!("{open} AND acked_us IS NOT NULL"))?;
    let newest: Option<i64> = connection
        .query_row("SELECT max(at_us) FROM rule_ticks", [], |row| row.get(0))
        .optional()?
        .flatten();
    let stuck = "SELECT count(*) FROM outbox WHERE status = 'queued' AND n_attempts > 0 AND created_us < ?1";
    let n_stuck: i64 = connection.query_row(stuck, [now_us - STALE_US], |row| row.get(0))?;
    let age_us = newest.map(|newest| now_us - newest);
    let is_stale = age_us.is_none_or(|age| age > STALE_US) || n_stuck > 0;
    let word = match (is_stale, triggered, acknowledged) {
        (true, ..) => "blue",
        (_, 1.., _) => "red",
        (_, _, 1..) => "orange",
        _ => "green",
    };
    Ok(Lamp {
        state: word,
        triggered,
        acknowledged,
        age_s: age_us.map(|age| age / 1_000_000),
        undelivered: n_stuck,
    })
}

/// Without an evaluation for this long, or with a message under way for longer, the lamp is blue.
const STALE_US: i64 = 5 * 60_000_000;
