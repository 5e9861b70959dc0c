//! Incidents as they are settled: what is so, beside what has been told.

use rusqlite::{Row, Transaction};
use serde_json::Value;

use crate::alerting::incidents::News;
use crate::alerting::key::KeyKind;
use crate::alerting::mute::Subject;
use crate::rule::{Labels, Severity};

/// An incident that is open, or over and still owed a resolve.
pub(super) struct Live {
    pub(super) id: String,
    pub(super) dedup_key: String,
    pub(super) send_key: Option<String>,
    pub(super) episode: i64,
    pub(super) rule: String,
    pub(super) kind: KeyKind,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) labels: Labels,
    pub(super) members: Value,
    pub(super) severity: Severity,
    pub(super) service: String,
    pub(super) team: String,
    pub(super) is_open: bool,
    pub(super) targets: Vec<String>,
    pub(super) opened_us: i64,
    pub(super) tick_us: i64,
    pub(super) value: Option<f64>,
    pub(super) threshold: f64,
    pub(super) n: Option<i64>,
    pub(super) summary: String,
    pub(super) client_url: String,
    pub(super) runbook_url: String,
    pub(super) close_reason: Option<String>,
    pub(super) news: News,
    pub(super) sent_us: Option<i64>,
    pub(super) renotify_us: Option<i64>,
    pub(super) mute: Option<String>,
    pub(super) mute_until_us: Option<i64>,
    pub(super) bundle_id: Option<String>,
    pub(super) acked_us: Option<i64>,
    pub(super) explanation: Option<String>,
    pub(super) is_owed: bool,
    pub(super) is_recovering: bool,
    /// The worst value so far.
    pub(super) peak_value: Option<f64>,
}

const COLUMNS: &str = "i.incident_id, i.dedup_key, i.send_key, i.episode, i.rule_id, i.kind, i.title, i.unit, i.labels, i.members, i.severity,
    i.service, i.team, i.state <> 'closed', i.targets, i.opened_us, i.tick_us, i.value, i.threshold, i.n, i.summary, i.client_url,
    i.runbook_url, i.close_reason, i.news, i.sent_us, i.renotify_us, i.mute, i.mute_until_us, i.bundle_id, i.acked_us, i.explanation,
    EXISTS (SELECT 1 FROM owed WHERE owed.incident_id = i.incident_id), i.state = 'recovering', i.peak_value";

pub(super) fn load(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Live>> {
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
        peak_value: row.get(34)?,
    })
}

impl Live {
    /// What waits to be told, a reminder included.
    pub(super) fn news(&self, now_us: i64) -> News {
        let is_late = |(sent, every): (i64, i64)| now_us - sent >= every;
        let is_due =
            self.acked_us.is_none() && self.sent_us.zip(self.renotify_us).is_some_and(is_late);
        if is_due {
            self.news.max(News::Renotify)
        } else {
            self.news
        }
    }

    pub(super) fn subject<'a>(&'a self, severity: &'a str) -> Subject<'a> {
        Subject {
            rule: &self.rule,
            team: &self.team,
            service: &self.service,
            severity,
            labels: &self.labels,
        }
    }
}
