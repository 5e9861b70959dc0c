//! Alert rules: a saved query's values, compared with thresholds. Settings, checks, and the comparison.
//!
//! A rule is a `.toml` file in `queries/alerts/` that names a saved query. The query returns labels, a value
//! and the size of the sample; the rule says what is too much. Spans count in ticks of event time, so a pause
//! of the program, a restart and a replay agree.

mod fields;
mod files;
pub mod kind;
pub mod lint;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use fields::{
    As, Escalate, Eval, Explain, Hold, Inhibit, MissingAs, NoData, OnError, Op, Route, RuleLimits,
    RuleQuery, Span, Stat, Threshold, Unit,
};
pub use files::{Files, InUse, is_shipped, read_all, read_files};
pub use kind::Kind;

use fields::{EVERY_US_MAX, Late, US_PER_SECOND, WINDOW_US_MAX};

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("cannot read rule {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("rule {name}: {what}")]
    Invalid { name: String, what: String },
}

/// An alert rule, as its file spells it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Stable: part of the dedup key.
    pub id: String,
    /// What is measured, in the words of a page: `5xx rate`.
    pub title: String,
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// What is computed from the saved query; the query's own value when absent.
    #[serde(default)]
    pub kind: Kind,
    pub query: RuleQuery,
    pub eval: Eval,
    /// Past this it is wrong.
    pub raise: Threshold,
    /// Past this it is well again; between the two nothing changes.
    pub recover: Threshold,
    /// Past this it is worse.
    pub escalate: Option<Escalate>,
    #[serde(default)]
    pub hold: Hold,
    /// What to do when the query returns no row at all; nothing when absent.
    nodata: Option<NoData>,
    #[serde(default)]
    pub error: OnError,
    pub route: Route,
    /// While this rule has an incident open, those rules' incidents with equal labels are not sent.
    #[serde(default)]
    pub inhibits: Vec<Inhibit>,
    #[serde(default)]
    pub limits: RuleLimits,
    /// Name of the page in `docs/runbooks/`, or a link.
    #[serde(default)]
    pub runbook: String,
    /// Which rows failed, among which: what stands out in an incident is looked for there.
    explain: Option<Explain>,
    /// File of known outages (`from,to` and label columns), for back-tests.
    pub labels_file: Option<PathBuf>,
    /// The file's text, for the record of versions.
    #[serde(skip)]
    pub text: String,
}

fn enabled() -> bool {
    true
}

/// PagerDuty's four, the mildest first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    Serialize,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    #[default]
    Warning,
    Error,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The severity of this name; the mildest urgent one for a name that is none.
    pub fn parse(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == name);
        found.unwrap_or(Self::Error)
    }

    /// Whether it may wake somebody.
    pub fn is_urgent(self) -> bool {
        self >= Self::Error
    }
}

/// One row of the rule's query at one tick.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Reading {
    pub labels: Labels,
    pub value: Option<f64>,
    pub n: Option<i64>,
    pub k: Option<i64>,
}

/// Label names and values; a value that is null is none, which is not the empty text.
pub type Labels = BTreeMap<String, Option<String>>;

/// What stands for the value of a label that has none, in texts.
pub fn nameless(label: &str) -> &'static str {
    match label {
        "country" | "region" | "city" => "unknown place",
        "host" => "unknown host",
        "asn" | "as_org" => "unknown network",
        _ => "unknown",
    }
}

/// What a reading means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Breach,
    Clear,
    /// Between raise and recover, or too small a sample: nothing changes.
    Band,
    /// The query returned no row for the instance.
    Missing,
}

impl AlertRule {
    /// Reads a rule's text and checks what can be checked without data.
    pub fn parse(name: &str, text: &str) -> Result<Self, RuleError> {
        let invalid = |what: String| RuleError::Invalid {
            name: name.to_owned(),
            what,
        };
        let mut rule: Self = toml::from_str(text)
            .map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
        rule.check().map_err(invalid)?;
        rule.text = text.to_owned();
        Ok(rule)
    }

    fn check(&self) -> Result<(), String> {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.id.is_empty() || !self.id.chars().all(known) {
            return Err(format!(
                "id {:?} may hold letters, digits, - and _",
                self.id
            ));
        }
        if !self.raise.at.is_finite() || !self.recover.at.is_finite() {
            return Err("raise and recover need numbers".into());
        }
        if self.raise.is_upward() == self.recover.is_upward() {
            return Err("raise and recover have to point in opposite directions".into());
        }
        let overlaps = match self.raise.is_upward() {
            true => self.recover.at > self.raise.at,
            false => self.recover.at < self.raise.at,
        };
        if overlaps {
            return Err(format!(
                "a value between raise ({}) and recover ({}) would be both wrong and well",
                self.raise.at, self.recover.at
            ));
        }
        if self.query.min_n > 0 && self.query.sample.is_none() {
            return Err(
                "min_n needs `sample`, the column that holds the size of the sample".into(),
            );
        }
        if self.query.stat == Stat::WilsonLow
            && (self.query.sample.is_none() || self.query.count.is_none())
        {
            return Err("stat = \"wilson95_low\" needs `sample` and `count`".into());
        }
        if !(US_PER_SECOND..=EVERY_US_MAX).contains(&self.eval.every.0) {
            return Err("eval.every lies between 1s and 1d".into());
        }
        if self.eval.offset >= self.eval.every {
            return Err("eval.offset has to be shorter than eval.every".into());
        }
        if self.eval.late == Some(Late::Reeval) && self.eval.late_horizon.is_none() {
            return Err("eval.late = \"reeval\" needs eval.late_horizon: how far back".into());
        }
        if !(US_PER_SECOND..=WINDOW_US_MAX).contains(&self.eval.window.0) {
            return Err("eval.window lies between 1s and 92d".into());
        }
        if self
            .hold
            .pending
            .is_some_and(|pending| pending < self.eval.every)
        {
            return Err("hold.for is shorter than eval.every: nobody would look in between".into());
        }
        if self.route.severity.is_urgent()
            && (self.runbook.is_empty() || self.route.team.is_empty())
        {
            return Err("a rule that wakes people names a runbook and a team".into());
        }
        let is_label = |name: &String| self.query.labels.contains(name);
        if let Some(name) = self
            .route
            .group_by
            .iter()
            .flatten()
            .find(|name| !is_label(name))
        {
            return Err(format!("group_by {name} is none of the query's labels"));
        }
        if let Some(escalate) = self.escalate {
            let is_beyond = match self.raise.is_upward() {
                true => escalate.at >= self.raise.at,
                false => escalate.at <= self.raise.at,
            };
            if !is_beyond || escalate.severity <= self.route.severity {
                return Err("escalate has to lie beyond raise and be more severe".into());
            }
        }
        Ok(())
    }

    /// The labels that make the key of an incident.
    pub fn group_of(&self, labels: &Labels) -> Labels {
        let Some(group_by) = &self.route.group_by else {
            return labels.clone();
        };
        let pairs = labels.iter().filter(|(name, _)| group_by.contains(name));
        pairs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// How bad a reading is.
    pub fn severity(&self, reading: &Reading) -> Severity {
        let Some((escalate, value)) = self.escalate.zip(reading.value) else {
            return self.route.severity;
        };
        let beyond = Threshold {
            op: self.raise.op,
            at: escalate.at,
        };
        match beyond.holds(value) {
            true => escalate.severity,
            false => self.route.severity,
        }
    }

    /// Short hash of the file's text: which version of the rule decided.
    pub fn version(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = crate::text::hex(&Sha256::digest(self.text.as_bytes()));
        hash.truncate(12);
        hash
    }

    /// Compares a reading with the thresholds.
    pub fn verdict(&self, reading: &Reading) -> Verdict {
        let Some(value) = self.judged(reading).filter(|value| value.is_finite()) else {
            return Verdict::Band;
        };
        if self.query.min_n > 0 && reading.n.unwrap_or(0) < self.query.min_n {
            return Verdict::Band;
        }
        match (self.raise.holds(value), self.recover.holds(value)) {
            (true, _) => Verdict::Breach,
            (_, true) => Verdict::Clear,
            _ => Verdict::Band,
        }
    }

    /// The number that is compared with the thresholds.
    fn judged(&self, reading: &Reading) -> Option<f64> {
        match (self.query.stat, reading.k, reading.n) {
            (Stat::WilsonLow, Some(k), Some(n)) => Some(crate::stats::wilson(k as f64, n as f64).0),
            (Stat::WilsonLow, ..) => None,
            (Stat::Value, ..) => reading.value,
        }
    }

    /// Which rows failed, among which.
    pub fn explain(&self) -> Option<&Explain> {
        self.explain.as_ref()
    }

    /// What makes an incident of a query that returns no row at all.
    pub fn nodata(&self) -> Option<NoData> {
        self.nodata.filter(|nodata| nodata.becomes == As::Alert)
    }

    /// Whether the file says what to do when the query returns no row at all.
    pub fn says_nodata(&self) -> bool {
        self.nodata.is_some()
    }

    /// How many ticks a span takes, rounded up.
    pub fn ticks(&self, span: Option<Span>) -> u32 {
        let every = self.eval.every.0.max(1);
        let ticks = span.map_or(0, |span| (span.0 + every - 1) / every);
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

/// The line, from 1, at which a text stops being a rule's; none when it reads as one.
pub fn line_of_fault(text: &str) -> Option<usize> {
    let fault = toml::from_str::<AlertRule>(text).err()?;
    let (before, _) = text.split_at_checked(fault.span()?.start)?;
    Some(before.matches('\n').count() + 1)
}

#[cfg(test)]
pub(crate) mod tests;
