//! The sections of a rule's file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Severity;

/// Which saved query, and which of its columns mean what.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RuleQuery {
    pub name: String,
    /// Columns that tell instances apart.
    pub labels: Vec<String>,
    pub value: String,
    /// Column with the size of the sample behind the value.
    pub sample: Option<String>,
    /// Column with the numerator, for the page's text.
    pub count: Option<String>,
    /// With fewer than this nothing is decided.
    #[serde(default)]
    pub min_n: i64,
    /// How the value is written; a plain number when absent.
    pub unit: Option<Unit>,
    /// Compare the value, or the low end of its 95 % interval (Wilson), which needs `count` and `sample`.
    #[serde(default)]
    pub stat: Stat,
    /// Values for the query's own parameters.
    #[serde(default)]
    pub params: BTreeMap<String, toml::Value>,
}

impl RuleQuery {
    /// How the value is written.
    pub fn unit(&self) -> Unit {
        self.unit.unwrap_or_default()
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A share of one, written in percent.
    Ratio,
    /// So many times the usual.
    Times,
    Percent,
    Seconds,
    #[default]
    Count,
}

/// What of a value is compared with the thresholds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum Stat {
    #[default]
    #[serde(rename = "value")]
    Value,
    #[serde(rename = "wilson95_low")]
    WilsonLow,
}

/// When it is evaluated, over which window of event time.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Eval {
    pub every: Span,
    /// Ticks lie this long after the multiples of `every`: so that an hourly rule looks at five past.
    #[serde(default)]
    pub offset: Span,
    pub window: Span,
    /// How long lines may take to arrive.
    #[serde(default = "lateness")]
    pub lateness: Span,
    /// Longest wait for lines that are on their way; then the tick runs, incomplete.
    #[serde(default = "max_wait")]
    pub max_wait: Span,
    /// What is done when a closed window gains rows; `reeval` where a horizon stands.
    pub(super) late: Option<Late>,
    /// Ticks this far back are evaluated again then.
    pub(super) late_horizon: Option<Span>,
}

/// What is done with rows that come after their window was judged.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Late {
    /// Its ticks are judged again.
    Reeval,
    /// Nothing; the rows are in the store.
    Ignore,
}

impl Eval {
    /// How far back ticks are judged again when their window gains rows.
    pub fn late_horizon(&self) -> Option<Span> {
        self.late_horizon
            .filter(|_| self.late != Some(Late::Ignore))
    }

    /// The first tick that is no earlier than a time.
    pub fn tick_from(&self, at_us: i64) -> i64 {
        self.tick_until(at_us + self.every.0 - 1)
    }

    /// The last tick that is no later than a time.
    pub fn tick_until(&self, at_us: i64) -> i64 {
        (at_us - self.offset.0).div_euclid(self.every.0) * self.every.0 + self.offset.0
    }

    /// The ticks between two times, both included.
    pub fn ticks(&self, from_us: i64, to_us: i64) -> impl Iterator<Item = i64> + use<> {
        let every = self.every.0;
        let first = self.tick_from(from_us);
        let n = (to_us - first).div_euclid(every) + 1;
        (0..n.max(0)).map(move |i| first + i * every)
    }
}

fn lateness() -> Span {
    Span(45 * US_PER_SECOND)
}

fn max_wait() -> Span {
    Span(180 * US_PER_SECOND)
}

pub(super) const US_PER_SECOND: i64 = 1_000_000;

pub(super) const EVERY_US_MAX: i64 = 86_400 * US_PER_SECOND;

/// A quarter; what looks at more is a report.
pub(super) const WINDOW_US_MAX: i64 = 92 * EVERY_US_MAX;

/// A span of time in microseconds, written `90s`, `5m`, `1h`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
pub struct Span(pub i64);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let span = crate::config::parse_duration(&text);
        let us = span.and_then(|span| i64::try_from(span.as_micros()).ok());
        us.map(Self)
            .ok_or_else(|| format!("{text} is no span of time, write 90s, 5m or 1h"))
    }
}

/// A value to compare with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    pub op: Op,
    pub at: f64,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, ToSchema)]
#[schema(as = Comparison)]
pub enum Op {
    #[serde(rename = ">")]
    Above,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<")]
    Below,
    #[serde(rename = "<=")]
    AtMost,
}

impl Op {
    /// The sign, as the file spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

impl Threshold {
    /// Whether the value is past the threshold.
    pub fn holds(self, value: f64) -> bool {
        match self.op {
            Op::Above => value > self.at,
            Op::AtLeast => value >= self.at,
            Op::Below => value < self.at,
            Op::AtMost => value <= self.at,
        }
    }

    /// Whether larger is worse.
    pub fn is_upward(self) -> bool {
        matches!(self.op, Op::Above | Op::AtLeast)
    }
}

/// From here on it is of another severity; compared as `raise` is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    pub at: f64,
    #[serde(default = "critical")]
    pub severity: Severity,
}

fn critical() -> Severity {
    Severity::Critical
}

/// How long a reading has to hold before it counts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Hold {
    /// Breach this long before anybody is told.
    #[serde(rename = "for")]
    pub pending: Option<Span>,
    /// Well this long before it is resolved.
    pub keep_firing_for: Option<Span>,
    /// Ticks without a row after which `missing_as` holds; without it a missing row changes nothing.
    pub missing_after: Option<u32>,
    pub missing_as: MissingAs,
}

/// What an instance without a row counts as.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum MissingAs {
    /// Well again.
    #[default]
    Ok,
    /// As it was.
    Hold,
    /// As it was, and an incident of its own says that the row is missing.
    NoData,
}

/// What is made of a query that returned nothing, or failed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum As {
    /// An incident of its own.
    #[default]
    Alert,
    /// Nothing: what is open stays as it is, and nobody is told.
    Hold,
}

/// The query returned no row at all.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NoData {
    /// For this long.
    pub after: Span,
    #[serde(default, rename = "as")]
    pub becomes: As,
    #[serde(default = "warning")]
    pub severity: Severity,
}

/// The query failed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct OnError {
    /// So many ticks in a row; 0 tells nobody.
    pub after: u32,
    #[serde(rename = "as")]
    pub becomes: As,
    pub severity: Severity,
}

impl OnError {
    /// Whether an incident is made of it.
    pub fn is_told(self) -> bool {
        self.after > 0 && self.becomes == As::Alert
    }
}

impl Default for OnError {
    fn default() -> Self {
        Self {
            after: 3,
            becomes: As::Alert,
            severity: Severity::Warning,
        }
    }
}

fn warning() -> Severity {
    Severity::Warning
}

/// Who is told.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub severity: Severity,
    pub service: String,
    #[serde(default)]
    pub team: String,
    /// Names of `[targets.NAME]` in the settings; without any, the team's; without those, incidents only open
    /// in the web view.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Labels whose values make one incident; all labels when absent, none of them for one incident a rule.
    pub group_by: Option<Vec<String>>,
    /// Remind this often while nobody has acknowledged.
    pub renotify: Option<Span>,
    /// An acknowledgement lasts this long.
    pub ack_timeout: Option<Span>,
}

/// Incidents of another rule that are not sent while this rule's is open.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Inhibit {
    pub rule: String,
    /// Labels that both have, with the same value.
    #[serde(default)]
    pub equal: Vec<String>,
}

/// SQL over the columns of `logs`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    pub failing: String,
    #[serde(default = "all_rows")]
    pub among: String,
}

fn all_rows() -> String {
    "true".into()
}

/// Bounds of a rule.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct RuleLimits {
    /// Instances that may breach at once; more are counted in one incident of their own.
    pub max_keys: usize,
}

impl Default for RuleLimits {
    fn default() -> Self {
        Self { max_keys: 200 }
    }
}
