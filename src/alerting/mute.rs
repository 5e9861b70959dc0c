//! What holds messages back: silences, inhibition, quiet hours. None of it moves an incident's state.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveTime, TimeZone, Utc};
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Context, notice};
use crate::config::Zone;
use crate::rule::{AlertRule, Inhibit, Labels};

/// Characters of a reason or a note: what a person writes, not a document.
pub(super) const NOTE_CHARS_MAX: usize = 2_000;
/// Longest silence.
pub const SILENCE_MAX_US: i64 = 30 * 24 * 3_600_000_000;

/// What a target takes besides triggers and resolves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Takes {
    /// Repeated triggers, which wake nobody there.
    pub refresh: bool,
    /// Changes of rules and silences.
    pub changes: bool,
}

/// Who is told, and when not: the settings and rules as far as messages depend on them.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Targets by name.
    pub targets: BTreeMap<String, Takes>,
    pub teams: BTreeMap<String, Team>,
    /// Which rule holds back which.
    pub inhibits: Vec<(String, Inhibit)>,
}

impl Policy {
    /// Takes the settings' targets and teams and the rules' inhibitions.
    pub fn new(
        targets: &crate::notify::Targets,
        teams: &BTreeMap<String, Team>,
        rules: &[AlertRule],
    ) -> Self {
        let inhibits = rules.iter().flat_map(|rule| {
            let inhibits = rule.inhibits.iter();
            inhibits.map(|inhibit| (rule.id.clone(), inhibit.clone()))
        });
        Self {
            targets: targets
                .iter()
                .map(|(name, target)| {
                    let takes = Takes {
                        refresh: target.notifier().takes_refresh(),
                        changes: target.notifier().takes_changes(),
                    };
                    (name.clone(), takes)
                })
                .collect(),
            teams: teams.clone(),
            inhibits: inhibits.collect(),
        }
    }

    /// Where the rule's pages go: its own targets, or its team's; only those that the settings have.
    pub fn targets_of(&self, rule: &AlertRule) -> Vec<String> {
        let own = &rule.route.targets;
        let team = self.teams.get(&rule.route.team).map(|team| &team.targets);
        let wanted = if own.is_empty() {
            team.unwrap_or(own)
        } else {
            own
        };
        let known = wanted
            .iter()
            .filter(|name| self.targets.contains_key(*name));
        known.cloned().collect()
    }

    /// The end of the team's quiet hours, when it is quiet now.
    pub(super) fn quiet_until(&self, team: &str, now_us: i64) -> Option<i64> {
        let team = self.teams.get(team)?;
        let quiet = team.quiet.as_ref()?;
        quiet.until(team.zone.unwrap_or(Zone(chrono_tz::Tz::UTC)), now_us)
    }
}

/// `[teams.NAME]` of the settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Team {
    /// Where the team lives, such as `Europe/Madrid`; UTC when absent.
    pub zone: Option<Zone>,
    /// `22:00-07:00`: what is not urgent waits until the end, and is told as one digest.
    pub quiet: Option<Quiet>,
    /// Targets of the team's rules that name none.
    pub targets: Vec<String>,
    /// More pages a week than this ask for a debrief.
    pub pages_per_week: Option<u32>,
}

/// Hours of the day, local; may cross midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Quiet {
    from: NaiveTime,
    to: NaiveTime,
}

impl TryFrom<String> for Quiet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let parts = text.split_once('-');
        let parts = parts.and_then(|(from, to)| Some((time(from)?, time(to)?)));
        match parts {
            Some((from, to)) if from != to => Ok(Self { from, to }),
            _ => Err(format!("{text} are no quiet hours, write 22:00-07:00")),
        }
    }
}

impl Quiet {
    /// The end of the quiet hours that `now_us` lies in. Clock changes are the zone's: a local time that does
    /// not exist counts as the first one after it.
    fn until(self, zone: Zone, now_us: i64) -> Option<i64> {
        let now = DateTime::from_timestamp_micros(now_us)?.with_timezone(&zone.0);
        let time = now.time();
        let is_quiet = match self.from < self.to {
            true => (self.from..self.to).contains(&time),
            false => time >= self.from || time < self.to,
        };
        if !is_quiet {
            return None;
        }
        let is_tomorrow = self.from > self.to && time >= self.from;
        let date = if is_tomorrow {
            now.date_naive().succ_opt()?
        } else {
            now.date_naive()
        };
        let end = (0..4 * 4).find_map(|quarters| {
            let minutes = chrono::TimeDelta::minutes(15 * quarters);
            zone.0
                .from_local_datetime(&(date.and_time(self.to) + minutes))
                .earliest()
        })?;
        Some(end.with_timezone(&Utc).timestamp_micros())
    }

    /// Whether the local time of day lies in the hours that most people sleep.
    pub(super) fn is_night(zone: Option<Zone>, at_us: i64) -> bool {
        let night = Self {
            from: NaiveTime::from_hms_opt(22, 0, 0).unwrap_or_default(),
            to: NaiveTime::from_hms_opt(7, 0, 0).unwrap_or_default(),
        };
        night
            .until(zone.unwrap_or(Zone(chrono_tz::Tz::UTC)), at_us)
            .is_some()
    }
}

/// Monday of the ISO week, as `2026-W48`.
pub(super) fn iso_week(at_us: i64) -> String {
    let date = DateTime::from_timestamp_micros(at_us).unwrap_or_default();
    let week = date.iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

/// Incidents that match all of these are not told, until it expires.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct Silence {
    #[serde(default)]
    pub id: String,
    /// `rule`, `team`, `service`, `severity` or a label, and the value it has to have.
    pub matchers: BTreeMap<String, String>,
    pub author: String,
    pub reason: String,
    /// Epoch microseconds, as all times here.
    #[serde(default)]
    pub created_us: i64,
    /// Epoch microseconds.
    pub expires_us: i64,
    /// Ends as soon as nothing that matches is open.
    #[serde(default)]
    pub until_clear: bool,
    /// When it was ended before its time, epoch microseconds.
    #[serde(default)]
    pub ended_us: Option<i64>,
}

/// What silences and inhibitions look at.
pub(super) struct Subject<'a> {
    pub(super) rule: &'a str,
    pub(super) team: &'a str,
    pub(super) service: &'a str,
    pub(super) severity: &'a str,
    pub(super) labels: &'a Labels,
}

impl Silence {
    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        self.matchers.iter().all(|(name, wanted)| {
            let value = match name.as_str() {
                "rule" => Some(subject.rule),
                "team" => Some(subject.team),
                "service" => Some(subject.service),
                "severity" => Some(subject.severity),
                label => subject.labels.get(label).and_then(|value| value.as_deref()),
            };
            value == Some(wanted.as_str())
        })
    }

    /// What it is about, in words: `country DE, rule errors-by-country`.
    fn subject(&self) -> String {
        let matchers = self.matchers.iter();
        let words: Vec<String> = matchers
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        words.join(", ")
    }

    /// Checks and stores a silence, and tells the targets that keep track of changes; returns its id.
    pub fn create(
        mut self,
        tx: &Transaction<'_>,
        policy: &Policy,
        context: &Context,
    ) -> rusqlite::Result<Result<String, String>> {
        let now_us = context.now_us;
        if self.matchers.is_empty() {
            return Ok(Err(
                "a silence without a matcher would silence everything".into()
            ));
        }
        if self.author.is_empty() || self.reason.is_empty() {
            return Ok(Err("a silence names its author and its reason".into()));
        }
        let is_long = |text: &str| text.chars().count() > NOTE_CHARS_MAX;
        let mut texts = self.matchers.iter().flat_map(|(name, value)| [name, value]);
        if is_long(&self.author) || is_long(&self.reason) || texts.any(|text| is_long(text)) {
            return Ok(Err(format!("at most {NOTE_CHARS_MAX} characters each")));
        }
        if self.expires_us <= now_us || self.expires_us - now_us > SILENCE_MAX_US {
            return Ok(Err("a silence ends after at most 30 days".into()));
        }
        self.id = uuid::Uuid::now_v7().to_string();
        tx.execute(
            "INSERT INTO silences VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)",
            params![
                self.id,
                serde_json::json!(self.matchers).to_string(),
                self.author,
                self.reason,
                now_us,
                self.expires_us,
                self.until_clear
            ],
        )?;
        super::people::audit(tx, now_us, &self.author, "silence", &self.id, &self.reason)?;
        let summary = format!(
            "{} silenced {} until {}: {}",
            self.author,
            self.subject(),
            crate::time::rfc3339(self.expires_us),
            self.reason
        );
        notice::tell_change(tx, &summary, policy, context)?;
        Ok(Ok(self.id))
    }
}

/// All silences, the latest first.
pub fn silences(connection: &Connection) -> rusqlite::Result<Vec<Silence>> {
    let mut statement = connection.prepare_cached(
        "SELECT silence_id, matchers, author, reason, created_us, expires_us, until_clear, ended_us FROM silences ORDER BY created_us DESC, silence_id",
    )?;
    let rows = statement.query_map([], |row| {
        let matchers: String = row.get(1)?;
        Ok(Silence {
            id: row.get(0)?,
            matchers: serde_json::from_str(&matchers).unwrap_or_default(),
            author: row.get(2)?,
            reason: row.get(3)?,
            created_us: row.get(4)?,
            expires_us: row.get(5)?,
            until_clear: row.get(6)?,
            ended_us: row.get(7)?,
        })
    })?;
    rows.collect()
}

/// Ends a silence now; false when there is none of this id at work.
pub fn end_silence(
    tx: &Transaction<'_>,
    id: &str,
    actor: &str,
    policy: &Policy,
    context: &Context,
) -> rusqlite::Result<bool> {
    let now_us = context.now_us;
    let n = tx.execute(
        "UPDATE silences SET ended_us = ?2 WHERE silence_id = ?1 AND ended_us IS NULL",
        params![id, now_us],
    )?;
    if n == 0 {
        return Ok(false);
    }
    super::people::audit(tx, now_us, actor, "end silence", id, "")?;
    let ended = silences(tx)?.into_iter().find(|silence| silence.id == id);
    let subject = ended.map(|silence| silence.subject()).unwrap_or_default();
    let summary = format!("{actor} ended the silence of {subject}");
    notice::tell_change(tx, &summary, policy, context)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, quiet: &str, now: &str, expected: Option<&str>) {
        let quiet = Quiet::try_from(quiet.to_owned()).unwrap();
        let now = crate::time::parse_rfc3339(now).unwrap();
        let until = quiet.until(zone.parse().unwrap(), now);
        let expected = expected.map(|text| crate::time::parse_rfc3339(text).unwrap());
        assert_eq!(until, expected);
    }

    #[test]
    fn quiet_hours_cross_midnight_and_clock_changes() {
        let madrid = "Europe/Madrid";
        let night = "22:00-07:00";
        check(madrid, night, "2026-11-20T20:59:00Z", None);
        check(
            madrid,
            night,
            "2026-11-20T21:00:00Z",
            Some("2026-11-21T06:00:00Z"),
        );
        check(
            madrid,
            night,
            "2026-11-21T05:59:00Z",
            Some("2026-11-21T06:00:00Z"),
        );
        check(madrid, night, "2026-11-21T06:00:00Z", None);
        check(
            "UTC",
            "12:00-13:00",
            "2026-11-21T12:30:00Z",
            Some("2026-11-21T13:00:00Z"),
        );
        // The night of 2026-03-29 has no 02:00 to 03:00 in Madrid, that of 2026-10-25 has it twice.
        check(
            madrid,
            "22:00-02:30",
            "2026-03-28T23:00:00Z",
            Some("2026-03-29T01:00:00Z"),
        );
        check(
            madrid,
            night,
            "2026-10-24T23:00:00Z",
            Some("2026-10-25T06:00:00Z"),
        );
    }

    #[test]
    fn hours_that_are_none_are_named() {
        for text in ["22:00", "25:00-07:00", "07:00-07:00", "night"] {
            let error = Quiet::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains("22:00-07:00"), "{error}");
        }
    }
}
