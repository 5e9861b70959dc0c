//! Kinds of rules: what is computed from the saved query before the thresholds are looked at.
//!
//! Each kind is a macro over SQL: it binds the saved query to one window or several and returns one `SELECT`
//! that gives the labels, the value, the sample and the count under the names the rule uses. What cannot be
//! judged for want of history comes out as a null value, which changes nothing.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Deserialize;

use super::{AlertRule, Span};

const US_PER_WEEK: i64 = 7 * 24 * 3_600_000_000;

/// What of the saved query is compared with the thresholds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The query's value.
    #[default]
    Threshold,
    /// How many: the query's sample.
    Frequency,
    /// `count` of `sample`.
    Percentage,
    /// How many different values the column has among the query's rows.
    Cardinality { column: String },
    /// The value as a multiple of what is usual: the median of the same window in past weeks.
    Spike {
        #[serde(default = "weeks")]
        weeks: u32,
        /// With fewer weeks of history nothing is judged.
        #[serde(default = "weeks_min")]
        weeks_min: u32,
    },
    /// The same, also for what has no row at all now: missing traffic.
    Flatline {
        #[serde(default = "weeks")]
        weeks: u32,
        #[serde(default = "weeks_min")]
        weeks_min: u32,
    },
    /// The value of labels that the time before did not have.
    NewTerm { history: Span },
    /// How fast an error budget is spent, as the smaller of the window and a twelfth of it (Google's SRE
    /// Workbook, chapter 5: multiwindow, multi-burn-rate alerts).
    BurnRate { budget: f64 },
}

fn weeks() -> u32 {
    4
}

fn weeks_min() -> u32 {
    2
}

impl Kind {
    /// Windows that the kind reads, as far back from the tick's as microseconds say: `(from, to)` offsets.
    pub fn reach_us(&self, window_us: i64) -> i64 {
        match self {
            Self::Spike { weeks, .. } | Self::Flatline { weeks, .. } => {
                i64::from(*weeks) * US_PER_WEEK + window_us
            }
            Self::NewTerm { history } => history.0 + window_us,
            _ => window_us,
        }
    }
}

/// The SQL of one tick. `ask` binds the saved query to a window `[from, to)` in microseconds.
pub fn sql<E>(
    rule: &AlertRule,
    tick_us: i64,
    ask: impl Fn(i64, i64) -> Result<String, E>,
) -> Result<String, E> {
    let window = rule.eval.window.0;
    let from = tick_us - window;
    let now = ask(from, tick_us)?;
    let columns = Columns::of(rule);
    Ok(match &rule.kind {
        Kind::Threshold => now,
        Kind::Frequency => columns.select(
            &format!("({now}) AS now"),
            "now",
            &format!("CAST(now.{} AS DOUBLE)", columns.sample()),
            "",
        ),
        Kind::Percentage => columns.select(
            &format!("({now}) AS now"),
            "now",
            &format!(
                "CAST(now.{} AS DOUBLE) / NULLIF(now.{}, 0)",
                columns.count(),
                columns.sample()
            ),
            "",
        ),
        Kind::Cardinality { column } => columns.counted(&now, column),
        Kind::Spike { weeks, weeks_min } => {
            let usual = columns.usual(&past_weeks(*weeks, from, tick_us, ask)?, *weeks_min);
            let from = format!(
                "({now}) AS now LEFT JOIN ({usual}) AS usual ON {}",
                columns.equal("now", "usual")
            );
            let value = format!(
                "CAST(now.{} AS DOUBLE) / NULLIF(usual.usual, 0)",
                columns.value
            );
            columns.select(&from, "now", &value, "")
        }
        Kind::Flatline { weeks, weeks_min } => {
            let usual = columns.usual(&past_weeks(*weeks, from, tick_us, ask)?, *weeks_min);
            columns.flatline(&now, &usual)
        }
        Kind::NewTerm { history } => {
            let before = ask(from - history.0, from)?;
            let from = format!(
                "({now}) AS now LEFT ANTI JOIN ({before}) AS before ON {}",
                columns.equal("now", "before")
            );
            let value = format!("CAST(now.{} AS DOUBLE)", columns.value);
            columns.select(&from, "now", &value, "")
        }
        Kind::BurnRate { budget } => {
            let short = ask(tick_us - window / 12, tick_us)?;
            let from = format!(
                "({now}) AS now LEFT JOIN ({short}) AS short ON {}",
                columns.equal("now", "short")
            );
            let value = format!(
                "LEAST(CAST(now.{0} AS DOUBLE), COALESCE(CAST(short.{0} AS DOUBLE), 0)) / {1:?}",
                columns.value, budget
            );
            columns.select(&from, "now", &value, "")
        }
    })
}

/// The query over the same window of each past week.
fn past_weeks<E>(
    weeks: u32,
    from: i64,
    to: i64,
    ask: impl Fn(i64, i64) -> Result<String, E>,
) -> Result<Vec<String>, E> {
    (1..=i64::from(weeks))
        .map(|week| ask(from - week * US_PER_WEEK, to - week * US_PER_WEEK))
        .collect()
}

/// The rule's column names, quoted.
struct Columns<'a> {
    rule: &'a AlertRule,
    labels: Vec<String>,
    value: String,
}

impl<'a> Columns<'a> {
    fn of(rule: &'a AlertRule) -> Self {
        Self {
            rule,
            labels: rule.query.labels.iter().map(|name| quoted(name)).collect(),
            value: quoted(&rule.query.value),
        }
    }

    fn sample(&self) -> String {
        quoted(self.rule.query.sample.as_deref().unwrap_or("n"))
    }

    fn count(&self) -> String {
        quoted(self.rule.query.count.as_deref().unwrap_or("k"))
    }

    /// `a.label IS NOT DISTINCT FROM b.label AND ...`
    fn equal(&self, a: &str, b: &str) -> String {
        let pairs = self
            .labels
            .iter()
            .map(|name| format!("{a}.{name} IS NOT DISTINCT FROM {b}.{name}"));
        let pairs: Vec<String> = pairs.collect();
        if pairs.is_empty() {
            "1 = 1".into()
        } else {
            pairs.join(" AND ")
        }
    }

    /// Labels, the value under its name, sample and count as they are.
    fn select(&self, from: &str, side: &str, value: &str, tail: &str) -> String {
        let mut sql = String::from("SELECT ");
        for name in &self.labels {
            write!(sql, "{side}.{name}, ").expect("writing into a String");
        }
        write!(sql, "{value} AS {}", self.value).expect("writing into a String");
        let others = [&self.rule.query.sample, &self.rule.query.count];
        let others: BTreeSet<String> = others
            .into_iter()
            .flatten()
            .map(|name| quoted(name))
            .collect();
        for name in others.iter().filter(|name| **name != self.value) {
            write!(sql, ", {side}.{name}").expect("writing into a String");
        }
        write!(sql, " FROM {from}{tail}").expect("writing into a String");
        sql
    }

    fn counted(&self, now: &str, column: &str) -> String {
        let labels = self.labels.join(", ");
        let comma = if labels.is_empty() { "" } else { ", " };
        let group = if labels.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {labels}")
        };
        let sample = match &self.rule.query.sample {
            Some(name) if quoted(name) != self.value => format!(", count(*) AS {}", quoted(name)),
            _ => String::new(),
        };
        format!(
            "SELECT {labels}{comma}CAST(count(DISTINCT {}) AS DOUBLE) AS {}{sample} FROM ({now}) AS now{group}",
            quoted(column),
            self.value
        )
    }

    /// What is usual: the median of the weeks, where there are enough of them.
    fn usual(&self, weeks: &[String], weeks_min: u32) -> String {
        let labels = self.labels.join(", ");
        let comma = if labels.is_empty() { "" } else { ", " };
        let parts: Vec<String> = weeks
            .iter()
            .map(|week| {
                let value = &self.value;
                format!(
                    "SELECT {labels}{comma}CAST({value} AS DOUBLE) AS usual FROM ({week}) AS week"
                )
            })
            .collect();
        let group = if labels.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {labels}")
        };
        format!(
            "SELECT {labels}{comma}median(usual) AS usual, count(usual) AS weeks FROM ({}) AS weeks{group} HAVING count(usual) >= {weeks_min}",
            parts.join(" UNION ALL ")
        )
    }

    fn flatline(&self, now: &str, usual: &str) -> String {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|name| format!("usual.{name}"))
            .collect();
        let labels = labels.join(", ");
        let comma = if labels.is_empty() { "" } else { ", " };
        // The sample is what was to be expected, so that `min_n` keeps small places quiet.
        let sample = match &self.rule.query.sample {
            Some(name) if quoted(name) != self.value => {
                format!(", CAST(usual.usual AS BIGINT) AS {}", quoted(name))
            }
            _ => String::new(),
        };
        format!(
            "SELECT {labels}{comma}COALESCE(CAST(now.{0} AS DOUBLE), 0) / NULLIF(usual.usual, 0) AS {0}{sample} FROM ({usual}) AS usual LEFT JOIN ({now}) AS now ON {1}",
            self.value,
            self.equal("usual", "now")
        )
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
