//! Rule states, incidents and what is told of them: all of it rows of the state file, moved by two functions.
//!
//! ```text
//!  readings of a tick --> tick::apply   instances, incidents: what is so
//!                              |
//!            the same transaction
//!                              v
//!                         settle::settle  who has to hear of it, now: silences, quiet hours, bundles
//!                              |
//!                              v
//!                         outbox rows
//! ```
//! Both are functions of the rows, their arguments and the time that is passed in, and of nothing else. The
//! live loop, catching up after a pause, `rule test` and `rule backtest` call the same two, on the state file
//! or on one in memory.

pub mod backtest;
pub mod case;
pub mod clock;
pub mod explain;
mod incidents;
mod key;
pub(crate) mod message;
pub mod mute;
mod notice;
pub mod people;
pub mod review;
mod settle;
mod tick;
mod trouble;

use rusqlite::{Connection, Transaction};

pub use incidents::{
    Counts, Incident, IncidentClass, IncidentEvent, IncidentMute, IncidentState, Lamp, LampState,
    counts, event_list, incident, incidents, lamp, n_open,
};
pub use key::{Key, KeyKind, dedup_key, installation_id};
pub use mute::Policy;
pub use notice::{note_gap, note_step};
pub use settle::settle;
pub use tick::{Change, close_orphans};
pub use trouble::Trouble;

use crate::outbox;
use crate::rule::{AlertRule, Eval, Reading};

/// After a pause ticks are made up for this long back.
pub const CATCH_UP_MAX_US: i64 = 3_600_000_000;
/// Evaluations and delivered messages are kept this long.
const KEEP_US: i64 = 90 * 24 * 3_600_000_000;

const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS instances (
  rule_id TEXT NOT NULL, kind TEXT NOT NULL, labels TEXT NOT NULL, phase TEXT NOT NULL, ticks INTEGER NOT NULL,
  n_missing INTEGER NOT NULL, since_us INTEGER NOT NULL, severity TEXT NOT NULL, reading TEXT NOT NULL,
  PRIMARY KEY (rule_id, kind, labels)) STRICT;
CREATE TABLE IF NOT EXISTS incident_keys (
  rule_id TEXT NOT NULL, kind TEXT NOT NULL, labels TEXT NOT NULL, dedup_key TEXT NOT NULL, episode INTEGER NOT NULL,
  seq INTEGER NOT NULL, incident_id TEXT, opens TEXT NOT NULL, reopen_after_us INTEGER NOT NULL,
  PRIMARY KEY (rule_id, kind, labels)) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS incident_keys_dedup ON incident_keys (dedup_key);
CREATE TABLE IF NOT EXISTS rule_ticks (
  rule_id TEXT NOT NULL, tick_us INTEGER NOT NULL, n_rows INTEGER NOT NULL, n_breaches INTEGER NOT NULL,
  n_near_misses INTEGER NOT NULL, is_complete INTEGER NOT NULL, error TEXT, at_us INTEGER NOT NULL, eval_us INTEGER NOT NULL,
  PRIMARY KEY (rule_id, tick_us)) STRICT;
-- What is no incident: near misses, breaches seen too late, gaps, steps of the clock. No rule: all of them.
CREATE TABLE IF NOT EXISTS rule_events (
  rule_id TEXT NOT NULL, kind TEXT NOT NULL, labels TEXT NOT NULL, tick_us INTEGER NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY (rule_id, kind, labels, tick_us)) STRICT;
CREATE TABLE IF NOT EXISTS rule_versions (
  rule_id TEXT NOT NULL, version TEXT NOT NULL, text TEXT NOT NULL, first_us INTEGER NOT NULL,
  PRIMARY KEY (rule_id, version)) STRICT;
CREATE TABLE IF NOT EXISTS incidents (
  incident_id TEXT PRIMARY KEY, dedup_key TEXT NOT NULL, episode INTEGER NOT NULL, rule_id TEXT NOT NULL,
  rule_version TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, unit TEXT NOT NULL, labels TEXT NOT NULL,
  members TEXT NOT NULL, severity TEXT NOT NULL, service TEXT NOT NULL, team TEXT NOT NULL, state TEXT NOT NULL,
  targets TEXT NOT NULL, opened_us INTEGER NOT NULL, closed_us INTEGER, tick_us INTEGER NOT NULL, value REAL,
  threshold REAL NOT NULL, n INTEGER, peak_value REAL, summary TEXT NOT NULL, client_url TEXT NOT NULL,
  runbook_url TEXT NOT NULL, close_reason TEXT, is_flapping INTEGER NOT NULL DEFAULT 0,
  -- What its targets have heard: news that waits to be told, and the last round.
  news TEXT NOT NULL, refreshed_us INTEGER NOT NULL, sent_us INTEGER, sent_severity TEXT, n_escalations INTEGER NOT NULL DEFAULT 0,
  send_key TEXT, renotify_us INTEGER, ack_timeout_us INTEGER,
  -- What holds it back.
  mute TEXT, mute_until_us INTEGER, was_parked INTEGER NOT NULL DEFAULT 0, bundle_id TEXT,
  -- People.
  acked_us INTEGER, acked_by TEXT, first_acked_us INTEGER, class TEXT, class_note TEXT, class_by TEXT, class_us INTEGER,
  explanation TEXT) STRICT;
CREATE INDEX IF NOT EXISTS incidents_state ON incidents (state, opened_us);
CREATE INDEX IF NOT EXISTS incidents_rule ON incidents (rule_id, opened_us);
-- Triggers that a target may have seen and that have no resolve yet.
CREATE TABLE IF NOT EXISTS owed (
  incident_id TEXT NOT NULL, target TEXT NOT NULL, dedup_key TEXT NOT NULL, first_us INTEGER NOT NULL,
  PRIMARY KEY (incident_id, target, dedup_key)) STRICT;
CREATE TABLE IF NOT EXISTS incident_events (
  event_id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL, at_us INTEGER NOT NULL, tick_us INTEGER NOT NULL,
  kind TEXT NOT NULL, value REAL, n INTEGER, actor TEXT, detail TEXT) STRICT;
CREATE INDEX IF NOT EXISTS incident_events_incident ON incident_events (incident_id);
CREATE TABLE IF NOT EXISTS silences (
  silence_id TEXT PRIMARY KEY, matchers TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL, until_clear INTEGER NOT NULL, ended_us INTEGER) STRICT;
-- The page a team got last: what opens soon after it goes out as one bundle.
CREATE TABLE IF NOT EXISTS team_pages (team TEXT PRIMARY KEY, first_us INTEGER NOT NULL) STRICT;
-- Webhooks taken, so that one means the same however often it comes.
CREATE TABLE IF NOT EXISTS webhooks (webhook_id TEXT PRIMARY KEY, at_us INTEGER NOT NULL, body TEXT NOT NULL, outcome TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS backtests (rule_id TEXT PRIMARY KEY, at_us INTEGER NOT NULL, version TEXT NOT NULL, report TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (
  audit_id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
";

/// Adds the tables; part of opening the state file.
pub fn migrate(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    // Layout 1 held alerts in another shape and was never released.
    let is_first: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'rule_states')",
        [],
        |row| row.get(0),
    )?;
    if is_first {
        tx.execute_batch(
            "DROP TABLE rule_states; DROP TABLE rule_ticks; DROP TABLE incidents; DROP TABLE incident_events; DROP TABLE outbox;",
        )?;
    }
    tx.execute_batch(LAYOUT)?;
    tx.execute_batch(outbox::LAYOUT)?;
    tx.execute(
        "INSERT OR IGNORE INTO meta (key, value) VALUES ('installation_id', ?1)",
        [uuid::Uuid::new_v4().to_string()],
    )?;
    Ok(())
}

/// A state of its own in memory, for tests of rules and back-tests.
pub fn in_memory(installation_id: &str) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let tx = connection.transaction()?;
    tx.execute_batch("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")?;
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('installation_id', ?1)",
        [installation_id],
    )?;
    migrate(&tx)?;
    tx.commit()?;
    Ok(connection)
}

/// One evaluation of a rule.
#[derive(Clone, Debug)]
pub struct Tick {
    /// End of the window.
    pub tick_us: i64,
    /// False when lines of the window may still be missing.
    pub is_complete: bool,
    /// The query's rows, or why there are none.
    pub outcome: Result<Vec<Reading>, String>,
    /// How long the query took.
    pub eval_us: i64,
}

/// What messages need besides the rule and the reading.
#[derive(Clone, Debug)]
pub struct Context {
    /// Prefix of links.
    pub public_url: String,
    /// When the tick is taken: `tick_us` and the rule's lateness when all is on time.
    pub now_us: i64,
}

/// Moves every instance of the rule by one tick and settles who has to hear of it, in the caller's
/// transaction. A tick that was applied before changes nothing.
pub fn apply(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    tick: &Tick,
    context: &Context,
    policy: &Policy,
) -> rusqlite::Result<Vec<Change>> {
    let changes = tick::apply(tx, rule, tick, context, policy)?;
    settle(tx, policy, context)?;
    Ok(changes)
}

/// Moves every instance of the rule by several ticks, as one change: who has to hear of it is settled once, as of
/// `now_us`. So nothing is told at a time that is over, of this rule or of another.
pub fn apply_all(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    ticks: &[(Tick, Context)],
    now_us: i64,
    policy: &Policy,
) -> rusqlite::Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (tick, context) in ticks {
        changes.extend(tick::apply(tx, rule, tick, context, policy)?);
    }
    if let Some((_, last)) = ticks.last() {
        let context = Context {
            now_us: now_us.max(last.now_us),
            ..last.clone()
        };
        settle(tx, policy, &context)?;
    }
    Ok(changes)
}

/// Looks again at closed ticks whose windows gained rows, in order, up to the rule's last one, and settles who
/// has to hear of what that shows, as of `now_us`.
pub fn revise(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    ticks: &[Tick],
    context: &Context,
    now_us: i64,
    policy: &Policy,
) -> rusqlite::Result<Vec<Change>> {
    let changes = tick::late::revise(tx, rule, ticks, context, policy)?;
    let context = Context {
        now_us: now_us.max(context.now_us),
        ..context.clone()
    };
    settle(tx, policy, &context)?;
    Ok(changes)
}

/// Ticks that are due: those after the last one, up to the watermark, the oldest first.
///
/// A rule that never ran starts one catch-up span back, so that what is wrong when logatlas starts is seen
/// with the time it has lasted.
pub fn due_ticks(last_us: Option<i64>, watermark_us: i64, eval: &Eval) -> Vec<i64> {
    let newest = eval.tick_until(watermark_us);
    let oldest = eval.tick_until(newest - CATCH_UP_MAX_US);
    let first = last_us.map_or(oldest, |last| last + 1).max(oldest);
    eval.ticks(first, newest).collect()
}

/// The last tick a rule has seen.
pub fn last_tick(connection: &Connection, rule_id: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row(
        "SELECT max(tick_us) FROM rule_ticks WHERE rule_id = ?1",
        [rule_id],
        |row| row.get(0),
    )
}

/// Notes the version of each rule that is in use, and tells the targets that keep track of changes.
pub fn note_versions(
    tx: &Transaction<'_>,
    rules: &[AlertRule],
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<()> {
    let mut statement =
        tx.prepare_cached("INSERT OR IGNORE INTO rule_versions VALUES (?1, ?2, ?3, ?4)")?;
    for rule in rules {
        statement.execute(rusqlite::params![
            rule.id,
            rule.version(),
            rule.text,
            context.now_us
        ])?;
    }
    notice::note_rules(tx, rules, policy, context)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
