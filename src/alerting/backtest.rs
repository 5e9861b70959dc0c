//! A rule over the past: the live functions on a state of their own in memory, and what came out of it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mute::Quiet;
use super::{Change, Context, Policy, Tick, apply};
use crate::config::Zone;
use crate::notify::{Action, Notification, Reason};
use crate::rule::{AlertRule, Labels};
use crate::stats::wilson;

const US_PER_WEEK: f64 = 7.0 * 24.0 * 3_600_000_000.0;
/// Where the pages of a replay go.
const PAGER: &str = "pager";

/// A rule's life, tick by tick, with all messages taken at once.
pub struct Replay {
    connection: Connection,
    rule: AlertRule,
    policy: Policy,
    public_url: String,
}

impl Replay {
    /// Starts with nothing open. Pages go to a target that takes all, under the policy's quiet hours.
    pub fn new(
        rule: &AlertRule,
        policy: &Policy,
        installation_id: &str,
        public_url: &str,
    ) -> rusqlite::Result<Self> {
        let mut rule = rule.clone();
        let mut policy = policy.clone();
        if policy.targets_of(&rule).is_empty() {
            rule.route.targets = vec![PAGER.to_owned()];
            let takes = super::mute::Takes {
                refresh: true,
                changes: false,
            };
            policy.targets.insert(PAGER.to_owned(), takes);
        }
        Ok(Self {
            connection: super::in_memory(installation_id)?,
            rule,
            policy,
            public_url: public_url.to_owned(),
        })
    }

    /// Takes a tick as the live loop would have, on time.
    pub fn tick(&mut self, tick: &Tick) -> rusqlite::Result<Vec<Change>> {
        let context = Context {
            public_url: self.public_url.clone(),
            now_us: tick.tick_us + self.rule.eval.lateness.0,
        };
        let tx = self.connection.transaction()?;
        let changes = apply(&tx, &self.rule, tick, &context, &self.policy)?;
        tx.prepare_cached(
            "UPDATE outbox SET status = 'delivered', n_attempts = 1, done_us = ?1 WHERE status = 'queued'",
        )?
        .execute([context.now_us])?;
        tx.commit()?;
        Ok(changes)
    }

    /// The state so far.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Phases of the instances that are not well, by their label values.
    pub fn phases(&self) -> rusqlite::Result<BTreeMap<String, String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT kind, labels, phase FROM instances ORDER BY labels")?;
        let rows = statement.query_map([], |row| {
            let (kind, labels, phase): (String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let labels: Labels = serde_json::from_str(&labels).unwrap_or_default();
            Ok((instance_name(&kind, &labels), phase))
        })?;
        rows.collect()
    }

    /// Phases of the label sets that are not well.
    fn value_phases(&self) -> rusqlite::Result<BTreeMap<Labels, String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT labels, phase FROM instances WHERE kind = 'value'")?;
        let rows = statement.query_map([], |row| {
            let labels: String = row.get(0)?;
            Ok((
                serde_json::from_str(&labels).unwrap_or_default(),
                row.get(1)?,
            ))
        })?;
        rows.collect()
    }

    /// All messages in the order in which they were written.
    pub fn messages(&self) -> rusqlite::Result<Vec<(String, Notification)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT message_id, body FROM outbox ORDER BY rowid")?;
        let rows = statement.query_map([], |row| {
            let body: String = row.get(1)?;
            Ok((row.get(0)?, serde_json::from_str(&body).unwrap_or_default()))
        })?;
        rows.collect()
    }

    /// What the rule would have done between `from_us` and `to_us`.
    pub fn report(&self, span: Span, outages: Option<&[Outage]>) -> rusqlite::Result<Report> {
        let episodes = self.episodes(span)?;
        let mut pages = Vec::new();
        for (_, message) in self.messages()? {
            let is_page = message.action == Action::Trigger
                && matches!(message.reason, Reason::Open | Reason::Escalate)
                && message.severity.is_urgent();
            if is_page {
                pages.push(message.tick_us);
            }
        }
        let zone = self
            .policy
            .teams
            .get(&self.rule.route.team)
            .and_then(|team| team.zone);
        let weeks = ((span.to_us - span.from_us) as f64 / US_PER_WEEK).max(f64::MIN_POSITIVE);
        let (n_ticks, n_failed, n_with_rows): (i64, i64, i64) = self.connection.query_row(
            "SELECT count(*), count(error), count(*) FILTER (WHERE n_rows > 0) FROM rule_ticks",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let open_us: i64 = episodes.iter().map(|one| one.to_us - one.from_us).sum();
        let mut delays: Vec<f64> = episodes
            .iter()
            .map(|one| one.delay_us as f64 / 1e6)
            .collect();
        let flaps: i64 = self.connection.query_row(
            "SELECT count(*) FROM incident_events WHERE kind = 'flapping'",
            [],
            |row| row.get(0),
        )?;
        Ok(Report {
            rule: self.rule.id.clone(),
            version: self.rule.version(),
            raise: self.rule.raise.at,
            from: crate::time::rfc3339(span.from_us),
            to: crate::time::rfc3339(span.to_us),
            ticks: n_ticks,
            failed_ticks: n_failed,
            ticks_with_rows: n_with_rows,
            opens: episodes.len(),
            pages: pages.len(),
            pages_per_week: pages.len() as f64 / weeks,
            night_pages: count_nights(&pages, zone),
            open_share: open_us as f64 / (span.to_us - span.from_us).max(1) as f64,
            longest_s: episodes
                .iter()
                .map(|one| (one.to_us - one.from_us) / 1_000_000)
                .max()
                .unwrap_or(0),
            flaps,
            delay_p50_s: percentile(&mut delays, 0.5),
            delay_p90_s: percentile(&mut delays, 0.9),
            truth: match outages {
                Some(outages) => Some(self.truth(&episodes, outages)?),
                None => None,
            },
            episodes,
        })
    }

    fn episodes(&self, span: Span) -> rusqlite::Result<Vec<Episode>> {
        let mut statement = self.connection.prepare(
            "SELECT labels, opened_us, coalesce(closed_us, ?1), summary, peak_value FROM incidents WHERE kind <> 'bundle' ORDER BY opened_us, incident_id",
        )?;
        let pending_us = self.rule.ticks(self.rule.hold.pending);
        let delay_us = i64::from(pending_us) * self.rule.eval.every.0;
        let rows = statement.query_map([span.to_us], |row| {
            let labels: String = row.get(0)?;
            Ok(Episode {
                labels: serde_json::from_str(&labels).unwrap_or_default(),
                from_us: row.get(1)?,
                to_us: row.get(2)?,
                summary: row.get(3)?,
                peak: row.get(4)?,
                delay_us,
            })
        })?;
        rows.collect()
    }

    /// Beside what is known to have happened. An episode is true when it overlaps an outage of its labels; an
    /// outage is found when an episode overlaps it; a good tick lies in no outage.
    fn truth(&self, episodes: &[Episode], outages: &[Outage]) -> rusqlite::Result<Truth> {
        let overlaps = |episode: &Episode, outage: &Outage| {
            let is_same = |(name, value): (&String, &String)| {
                let own = episode.labels.get(name);
                own.is_none() || own.is_some_and(|own| own.as_deref() == Some(value))
            };
            // What was wrong before it was called wrong belongs to the episode.
            episode.from_us - episode.delay_us < outage.to_us
                && outage.from_us < episode.to_us
                && outage.labels.iter().all(is_same)
        };
        let true_episodes = episodes
            .iter()
            .filter(|episode| outages.iter().any(|outage| overlaps(episode, outage)))
            .count();
        let found = outages
            .iter()
            .filter(|outage| episodes.iter().any(|episode| overlaps(episode, outage)))
            .count();
        let mut statement = self.connection.prepare("SELECT tick_us FROM rule_ticks")?;
        let (mut good, mut quiet) = (0, 0);
        for tick in statement.query_map([], |row| row.get::<_, i64>(0))? {
            let tick = tick?;
            if outages
                .iter()
                .any(|outage| (outage.from_us..outage.to_us).contains(&tick))
            {
                continue;
            }
            good += 1;
            let is_open = |episode: &Episode| {
                (episode.from_us..episode.to_us).contains(&tick)
                    && !outages.iter().any(|outage| overlaps(episode, outage))
            };
            quiet += usize::from(!episodes.iter().any(is_open));
        }
        Ok(Truth {
            outages: outages.len(),
            found,
            true_episodes,
            false_episodes: episodes.len() - true_episodes,
            missed: outages.len() - found,
            sensitivity: Share::of(found, outages.len()),
            ppv: Share::of(true_episodes, episodes.len()),
            specificity: Share::of(quiet, good),
        })
    }
}

/// How long an instance was pending, firing or recovering; half-open, microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseSpan {
    pub labels: Labels,
    pub phase: String,
    pub from_us: i64,
    pub to_us: i64,
}

/// The phases that a rule goes through over a history, from nothing open. A phase lasts from the tick that
/// began it to the tick that ended it.
pub fn phase_spans(
    rule: &AlertRule,
    policy: &Policy,
    history: &[Tick],
) -> rusqlite::Result<Vec<PhaseSpan>> {
    let mut replay = Replay::new(rule, policy, "spans", "")?;
    let mut open: BTreeMap<Labels, PhaseSpan> = BTreeMap::new();
    let mut done = Vec::new();
    for tick in history {
        replay.tick(tick)?;
        let now: BTreeMap<Labels, String> = replay.value_phases()?;
        let is_over = |span: &PhaseSpan| now.get(&span.labels) != Some(&span.phase);
        let over = open.extract_if(.., |_, span| is_over(span));
        done.extend(over.map(|(_, span)| PhaseSpan {
            to_us: tick.tick_us,
            ..span
        }));
        for (labels, phase) in now {
            let span = open.entry(labels.clone()).or_insert_with(|| PhaseSpan {
                labels,
                phase,
                from_us: tick.tick_us,
                to_us: tick.tick_us,
            });
            span.to_us = tick.tick_us + rule.eval.every.0;
        }
    }
    done.extend(open.into_values());
    done.sort_by(|a, b| (a.from_us, &a.labels).cmp(&(b.from_us, &b.labels)));
    Ok(done)
}

/// The name that tests and reports give an instance: its label values, or what else it is about.
pub fn instance_name(kind: &str, labels: &Labels) -> String {
    if kind != "value" {
        return kind.to_owned();
    }
    let values: Vec<&str> = labels
        .values()
        .map(|value| value.as_deref().unwrap_or("null"))
        .collect();
    match values.is_empty() {
        true => "rule".into(),
        false => values.join(" "),
    }
}

fn count_nights(pages: &[i64], zone: Option<Zone>) -> usize {
    pages
        .iter()
        .filter(|page| Quiet::is_night(zone, **page))
        .count()
}

/// The value below which this share of the values lies (nearest rank); none of none.
pub(super) fn percentile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied()
}

/// The time looked at, microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from_us: i64,
    pub to_us: i64,
}

/// A time when something was known to be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    pub from_us: i64,
    pub to_us: i64,
    /// Where, as far as that is known.
    pub labels: BTreeMap<String, String>,
}

/// Reads outages from CSV with the columns `from` and `to` (RFC 3339), and the rule's labels in the others.
pub fn read_outages(text: &str, labels_known: &[String]) -> Result<Vec<Outage>, String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .collect();
    let position = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.ok_or_else(|| format!("outages need a column {name}"))
    };
    let (from, to) = (position("from")?, position("to")?);
    let is_known = |column: &&str| {
        ["from", "to"].contains(column) || labels_known.iter().any(|label| label == column)
    };
    if let Some(column) = header.iter().find(|column| !is_known(column)) {
        let known = labels_known.join(", ");
        return Err(format!(
            "outages have a column {column}, the rule's labels are {known}"
        ));
    }
    let mut outages = Vec::new();
    for (number, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let time = |at: usize| {
            let text = cells.get(at).copied().unwrap_or_default();
            crate::time::parse_rfc3339(text).ok_or_else(|| {
                format!(
                    "outages, line {}: {text} is no time, write 2026-11-23T08:00:00Z",
                    number + 2
                )
            })
        };
        let labels = header.iter().zip(&cells).enumerate();
        let labels = labels.filter(|(at, (_, cell))| *at != from && *at != to && !cell.is_empty());
        let (from_us, to_us) = (time(from)?, time(to)?);
        if from_us >= to_us {
            return Err(format!(
                "outages, line {}: it ends before it begins",
                number + 2
            ));
        }
        outages.push(Outage {
            from_us,
            to_us,
            labels: labels
                .map(|(_, (name, cell))| ((*name).to_owned(), (*cell).to_owned()))
                .collect(),
        });
    }
    Ok(outages)
}

/// A part of a whole, with its 95 % interval.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct Share {
    pub k: usize,
    pub n: usize,
    /// None of nothing is unknown.
    pub value: Option<f64>,
    pub lo: f64,
    pub hi: f64,
}

impl Share {
    pub(super) fn of(k: usize, n: usize) -> Self {
        let (lo, hi) = wilson(k as f64, n as f64);
        Self {
            k,
            n,
            value: (n > 0).then(|| k as f64 / n as f64),
            lo,
            hi,
        }
    }
}

/// One time the rule was open.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Episode {
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub labels: Labels,
    /// Epoch microseconds.
    pub from_us: i64,
    /// Epoch microseconds.
    pub to_us: i64,
    pub summary: String,
    pub peak: Option<f64>,
    /// From the first breach to the page, microseconds.
    pub delay_us: i64,
}

/// The rule beside what is known to have happened.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Truth {
    pub outages: usize,
    pub found: usize,
    pub missed: usize,
    pub true_episodes: usize,
    pub false_episodes: usize,
    /// Found outages of all outages.
    pub sensitivity: Share,
    /// True episodes of all episodes: how far a page can be trusted.
    pub ppv: Share,
    /// Good ticks that were quiet.
    pub specificity: Share,
}

/// What a rule would have done.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = BacktestReport)]
pub struct Report {
    pub rule: String,
    pub version: String,
    pub raise: f64,
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    pub ticks: i64,
    pub failed_ticks: i64,
    /// Ticks whose query returned a row: with none, nothing was judged, and "never open" means nothing.
    #[serde(default)]
    pub ticks_with_rows: i64,
    pub opens: usize,
    /// Urgent messages after quiet hours and bundles.
    pub pages: usize,
    pub pages_per_week: f64,
    /// Pages between 22:00 and 07:00 where the team lives.
    pub night_pages: usize,
    /// Share of the time that something was open.
    pub open_share: f64,
    pub longest_s: i64,
    pub flaps: i64,
    pub delay_p50_s: Option<f64>,
    pub delay_p90_s: Option<f64>,
    pub truth: Option<Truth>,
    pub episodes: Vec<Episode>,
}

/// Keeps a report as the rule's last one, beside the version that it is about.
pub fn store(
    tx: &Transaction<'_>,
    rule: &AlertRule,
    report: &Report,
    now_us: i64,
) -> rusqlite::Result<()> {
    let mut report = report.clone();
    report.episodes.clear();
    let text = serde_json::json!(report).to_string();
    tx.execute(
        "INSERT OR REPLACE INTO backtests VALUES (?1, ?2, ?3, ?4)",
        params![rule.id, now_us, rule.version(), text],
    )
    .map(drop)
}

/// The last report about this version of the rule.
pub fn stored(connection: &Connection, rule: &AlertRule) -> rusqlite::Result<Option<Report>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT report FROM backtests WHERE rule_id = ?1 AND version = ?2")?
        .query_row([&rule.id, &rule.version()], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_from_csv() {
        let text = "from,to,country\n2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,DE\n\n2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,\n";
        let outages = read_outages(text, &["country".to_owned()]).unwrap();
        assert_eq!(outages[0].labels["country"], "DE");
        assert!(outages[1].labels.is_empty());
        assert_eq!(
            read_outages("to\n", &["country".to_owned()]).unwrap_err(),
            "outages need a column from"
        );
        let error = read_outages("from,to\nmonday,tuesday\n", &["country".to_owned()]).unwrap_err();
        assert!(error.contains("line 2: monday is no time"), "{error}");
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let mut values: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(percentile(&mut values, 0.5), Some(5.0));
        assert_eq!(percentile(&mut values, 0.9), Some(9.0));
        assert_eq!(percentile(&mut [], 0.5), None);
    }
}
