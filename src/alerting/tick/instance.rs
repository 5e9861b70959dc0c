//! Instances of a rule in the state file: one for each label set that is not well.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};
use serde_json::json;

use crate::alerting::key::Key;
use crate::incident::{Instance, Phase};
use crate::rule::{AlertRule, Reading, Severity};

/// What the state file holds of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stored {
    pub(super) instance: Instance,
    pub(super) since_us: i64,
    pub(super) severity: Severity,
    pub(super) reading: Reading,
}

/// The rule's instances that are not well. What the rule does not have any more is left out and forgotten:
/// its incident finds itself without members.
pub(super) fn load(
    tx: &Transaction<'_>,
    rule: &AlertRule,
) -> rusqlite::Result<BTreeMap<Key, Stored>> {
    let mut statement = tx.prepare_cached(
        "SELECT kind, labels, phase, ticks, n_missing, since_us, severity, reading FROM instances WHERE rule_id = ?1",
    )?;
    let rows = statement.query_map([&rule.id], |row| {
        let (kind, labels): (String, String) = (row.get(0)?, row.get(1)?);
        let (phase, severity, reading): (String, String, String) =
            (row.get(2)?, row.get(6)?, row.get(7)?);
        let stored = Stored {
            instance: Instance {
                phase: Phase::from_parts(&phase, row.get(3)?).unwrap_or_default(),
                n_missing: row.get(4)?,
            },
            since_us: row.get(5)?,
            severity: Severity::parse(&severity),
            reading: serde_json::from_str(&reading).unwrap_or_default(),
        };
        Ok((Key::from_parts(&kind, &labels), stored))
    })?;
    rows.collect()
}

pub(super) fn save(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    key: &Key,
    stored: &Stored,
) -> rusqlite::Result<()> {
    let phase = stored.instance.phase;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO instances VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        rule.id,
        key.kind.as_str(),
        key.labels_json(),
        phase.as_str(),
        phase.ticks(),
        stored.instance.n_missing,
        stored.since_us,
        stored.severity.as_str(),
        json!(stored.reading).to_string()
    ])
    .map(drop)
}

pub(super) fn delete(tx: &Transaction<'_>, rule: &AlertRule, key: &Key) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM instances WHERE rule_id = ?1 AND kind = ?2 AND labels = ?3")?
        .execute(params![rule.id, key.kind.as_str(), key.labels_json()])
        .map(drop)
}
