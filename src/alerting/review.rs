//! The week in review: how often people were woken, how fast they came, whether there was anything to do.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use serde::Serialize;
use utoipa::ToSchema;

use super::backtest::{Share, percentile};
use super::mute::{Policy, Quiet, iso_week};

/// Pages a week that a team can take before they are numb to them, unless its settings say otherwise.
pub const PAGES_PER_WEEK: u32 = 15;
const US_PER_DAY: i64 = 24 * 3_600_000_000;
/// A rule that said nothing for this long may not work at all.
const SILENT_US: i64 = 90 * US_PER_DAY;
/// With fewer incidents than this a number has an interval and no trend.
const FEW: usize = 10;

/// Median, 90th percentile and how many there were.
#[derive(Clone, Debug, Default, Serialize, PartialEq, ToSchema)]
pub struct Spread {
    pub median_s: Option<f64>,
    pub p90_s: Option<f64>,
    pub n: usize,
}

impl Spread {
    fn of(mut seconds: Vec<f64>) -> Self {
        Self {
            median_s: percentile(&mut seconds, 0.5),
            p90_s: percentile(&mut seconds, 0.9),
            n: seconds.len(),
        }
    }
}

/// What one group of incidents was like.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewRow)]
pub struct Row {
    pub team: String,
    /// Empty for the whole team.
    pub rule: String,
    pub incidents: usize,
    /// Incidents that were sent and urgent.
    pub pages: usize,
    /// Pages a week that the team can take.
    pub ceiling: usize,
    pub night_pages: usize,
    /// Pages between 22:00 and 07:00 where the team lives, of all pages.
    pub night_share: Share,
    /// The incidents themselves, the latest first.
    pub ids: Vec<String>,
    pub flapping: usize,
    pub escalations: i64,
    /// From the first message to the first acknowledgement.
    pub mtta: Spread,
    pub never_acknowledged: usize,
    /// From opening to end; what is open is not in it.
    pub mttr: Spread,
    pub still_open: usize,
    /// Of those that were classed, how many had something to do.
    pub actionable: Share,
    /// Pages that were not actionable, flaps and pages that nobody took.
    pub noise: f64,
}

/// A week.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Review {
    /// ISO week, `2026-W48`.
    pub week: String,
    /// Its begin, RFC 3339.
    pub from: String,
    /// Its end, RFC 3339.
    pub to: String,
    pub teams: Vec<Row>,
    /// The noisiest first.
    pub rules: Vec<Row>,
    pub responders: Vec<Responder>,
    /// Rules without a breach or a near miss in 90 days.
    pub silent_rules: Vec<String>,
    /// Teams over their ceiling.
    pub debriefs: Vec<String>,
}

/// How much one person took.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Responder {
    pub name: String,
    pub incidents: usize,
    /// Where the true weekly number lies (95 %, Poisson), when it is too small for a trend.
    pub interval: Option<(f64, f64)>,
}

struct Incident {
    id: String,
    rule: String,
    team: String,
    is_urgent: bool,
    opened_us: i64,
    closed_us: Option<i64>,
    first_sent_us: Option<i64>,
    acked_us: Option<i64>,
    acked_by: Option<String>,
    n_escalations: i64,
    is_flapping: bool,
    is_removed: bool,
    /// Several incidents of the team, told as one.
    is_bundle: bool,
    class: Option<String>,
}

/// The ISO week that `at_us` lies in.
pub fn review(
    connection: &Connection,
    policy: &Policy,
    rules: &[String],
    at_us: i64,
) -> rusqlite::Result<Review> {
    let day = at_us.div_euclid(US_PER_DAY);
    // The epoch was a Thursday.
    let from_us = (day - (day + 3).rem_euclid(7)) * US_PER_DAY;
    let to_us = from_us + 7 * US_PER_DAY;
    let incidents = load(connection, from_us, to_us)?;
    let mut by_rule: BTreeMap<(String, String), Vec<&Incident>> = BTreeMap::new();
    let mut by_team: BTreeMap<String, Vec<&Incident>> = BTreeMap::new();
    let mut by_responder: BTreeMap<String, usize> = BTreeMap::new();
    for incident in &incidents {
        by_team
            .entry(incident.team.clone())
            .or_default()
            .push(incident);
        let key = (incident.team.clone(), incident.rule.clone());
        by_rule.entry(key).or_default().push(incident);
        if let Some(name) = &incident.acked_by {
            *by_responder.entry(name.clone()).or_default() += 1;
        }
    }
    let teams: Vec<Row> = by_team
        .iter()
        .map(|(team, incidents)| row(team, "", incidents, policy))
        .collect();
    let mut rows: Vec<Row> = by_rule
        .iter()
        .map(|((team, rule), incidents)| row(team, rule, incidents, policy))
        .collect();
    rows.sort_by(|a, b| b.noise.total_cmp(&a.noise).then(b.pages.cmp(&a.pages)));
    let over = teams
        .iter()
        .filter(|row| row.pages > ceiling(policy, &row.team));
    let debriefs = over.map(|row| {
        format!(
            "{}: {} pages, ceiling {}: talk about which rules to change",
            row.team,
            row.pages,
            ceiling(policy, &row.team)
        )
    });
    Ok(Review {
        week: iso_week(from_us),
        from: crate::time::rfc3339(from_us),
        to: crate::time::rfc3339(to_us),
        debriefs: debriefs.collect(),
        silent_rules: silent(connection, rules, at_us)?,
        responders: by_responder
            .into_iter()
            .map(|(name, incidents)| Responder {
                name,
                incidents,
                interval: (incidents < FEW).then(|| poisson(incidents)),
            })
            .collect(),
        teams,
        rules: rows,
    })
}

fn ceiling(policy: &Policy, team: &str) -> usize {
    let pages = policy.teams.get(team).and_then(|team| team.pages_per_week);
    pages.unwrap_or(PAGES_PER_WEEK) as usize
}

/// Approximate 95 % interval of a count (Byar's method; Breslow and Day 1987, volume II, page 69).
fn poisson(n: usize) -> (f64, f64) {
    let n = n as f64;
    let bound =
        |x: f64, sign: f64| x * (1.0 - 1.0 / (9.0 * x) + sign * 1.96 / (3.0 * x.sqrt())).powi(3);
    let lo = if n == 0.0 { 0.0 } else { bound(n, -1.0) };
    (lo, bound(n + 1.0, 1.0))
}

fn load(connection: &Connection, from_us: i64, to_us: i64) -> rusqlite::Result<Vec<Incident>> {
    let mut statement = connection.prepare_cached(
        "SELECT rule_id, team, severity IN ('error', 'critical'), opened_us, closed_us,
           coalesce((SELECT min(done_us) FROM outbox WHERE outbox.incident_id = incidents.incident_id AND action = 'trigger' AND status = 'delivered'),
             (SELECT min(at_us) FROM incident_events AS event WHERE event.incident_id = incidents.incident_id AND kind = 'sent')),
           first_acked_us, (SELECT actor FROM incident_events AS event WHERE event.incident_id = incidents.incident_id AND kind = 'acknowledge' ORDER BY at_us LIMIT 1),
           n_escalations, is_flapping, coalesce(close_reason = 'rule removed', 0), class,
           incident_id, kind = 'bundle'
         FROM incidents WHERE kind <> 'delivery' AND opened_us >= ?1 AND opened_us < ?2 ORDER BY opened_us DESC, incident_id",
    )?;
    let rows = statement.query_map(params![from_us, to_us], |row| {
        Ok(Incident {
            rule: row.get(0)?,
            team: row.get(1)?,
            is_urgent: row.get(2)?,
            opened_us: row.get(3)?,
            closed_us: row.get(4)?,
            first_sent_us: row.get(5)?,
            acked_us: row.get(6)?,
            acked_by: row.get(7)?,
            n_escalations: row.get(8)?,
            is_flapping: row.get(9)?,
            is_removed: row.get(10)?,
            class: row.get(11)?,
            id: row.get(12)?,
            is_bundle: row.get(13)?,
        })
    })?;
    rows.collect()
}

fn row(team: &str, rule: &str, incidents: &[&Incident], policy: &Policy) -> Row {
    let seconds = |us: i64| us.max(0) as f64 / 1e6;
    let zone = policy.teams.get(team).and_then(|team| team.zone);
    let pages: Vec<&&Incident> = incidents
        .iter()
        .filter(|one| one.is_urgent && one.first_sent_us.is_some())
        .collect();
    let acked = incidents
        .iter()
        .filter_map(|one| Some(seconds(one.acked_us? - one.first_sent_us?)));
    // A bundle woke somebody; what happened are its members.
    let own: Vec<&&Incident> = incidents.iter().filter(|one| !one.is_bundle).collect();
    let ended = own.iter().filter(|one| !one.is_removed);
    let ended = ended.filter_map(|one| Some(seconds(one.closed_us? - one.opened_us)));
    let classed = incidents.iter().filter_map(|one| one.class.as_deref());
    let actionable = classed.clone().filter(|class| *class == "action").count();
    let n_classed = classed.count();
    let never = pages.iter().filter(|one| one.acked_us.is_none()).count();
    let flapping = incidents.iter().filter(|one| one.is_flapping).count();
    let idle = Share::of(actionable, n_classed)
        .value
        .map_or(0.0, |share| 1.0 - share);
    let nights = pages
        .iter()
        .filter(|one| Quiet::is_night(zone, one.opened_us))
        .count();
    Row {
        team: team.to_owned(),
        rule: rule.to_owned(),
        incidents: own.len(),
        pages: pages.len(),
        ceiling: ceiling(policy, team),
        night_pages: nights,
        night_share: Share::of(nights, pages.len()),
        ids: incidents.iter().map(|one| one.id.clone()).collect(),
        flapping,
        escalations: incidents.iter().map(|one| one.n_escalations).sum(),
        mtta: Spread::of(acked.collect()),
        never_acknowledged: never,
        mttr: Spread::of(ended.collect()),
        still_open: own.iter().filter(|one| one.closed_us.is_none()).count(),
        actionable: Share::of(actionable, n_classed),
        noise: pages.len() as f64 * idle + flapping as f64 + never as f64,
    }
}

/// Rules that were evaluated and never came near a breach.
fn silent(connection: &Connection, rules: &[String], at_us: i64) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT rule_id FROM rule_ticks WHERE tick_us >= ?1 GROUP BY rule_id HAVING sum(n_breaches) > 0 OR sum(n_near_misses) > 0",
    )?;
    let loud: BTreeSet<String> = statement
        .query_map([at_us - SILENT_US], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rules
        .iter()
        .filter(|rule| !loud.contains(*rule))
        .cloned()
        .collect())
}

/// How far a rule's pages could be trusted, from what people said of them.
pub fn observed_ppv(connection: &Connection, rule_id: &str) -> rusqlite::Result<Share> {
    let (k, n): (i64, i64) = connection.query_row(
        "SELECT coalesce(sum(class = 'action'), 0), count(class) FROM incidents WHERE rule_id = ?1",
        [rule_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Share::of(k as usize, n as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_have_wide_intervals() {
        // Exact Poisson limits of 4 are 1.09 and 10.24.
        let (lo, hi) = poisson(4);
        assert!(
            (lo - 1.08).abs() < 0.05 && (hi - 10.24).abs() < 0.1,
            "{lo} {hi}"
        );
        assert_eq!(poisson(0).0, 0.0);
    }
}
