//! Alert rules: a saved query's values, compared with thresholds. Settings, checks, and the comparison.
//!
//! A rule is a `.toml` file in `queries/alerts/` that names a saved query. The query returns labels, a value
//! and the size of the sample; the rule says what is too much. Spans count in ticks of event time, so a pause
//! of the program, a restart and a replay agree.

pub mod kind;
pub mod lint;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use kind::Kind;

/// The rules that the program carries.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/queries/alerts"]
#[include = "*.toml"]
#[exclude = "tests/*"]
struct Shipped;

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
    pub nodata: Option<NoData>,
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
    pub window: Span,
    /// How long lines may take to arrive.
    #[serde(default = "lateness")]
    pub lateness: Span,
    /// Longest wait for lines that are on their way; then the tick runs, incomplete.
    #[serde(default = "max_wait")]
    pub max_wait: Span,
    /// Ticks this far back are evaluated again when their window gains rows; off when absent.
    pub late_horizon: Option<Span>,
}

fn lateness() -> Span {
    Span(45 * US_PER_SECOND)
}

fn max_wait() -> Span {
    Span(180 * US_PER_SECOND)
}

const US_PER_SECOND: i64 = 1_000_000;

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

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
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
    /// Ticks without a row after which an instance counts as well; without it a missing row changes nothing.
    pub missing_after: Option<u32>,
}

/// The query returned no row at all.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NoData {
    /// For this long.
    pub after: Span,
    #[serde(default = "warning")]
    pub severity: Severity,
}

/// The query failed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct OnError {
    /// So many ticks in a row; 0 tells nobody.
    pub after: u32,
    pub severity: Severity,
}

impl Default for OnError {
    fn default() -> Self {
        Self {
            after: 3,
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
        if self.eval.every.0 < US_PER_SECOND {
            return Err("eval.every is at least 1s".into());
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

    /// How many ticks a span takes, rounded up.
    pub fn ticks(&self, span: Option<Span>) -> u32 {
        let every = self.eval.every.0.max(1);
        let ticks = span.map_or(0, |span| (span.0 + every - 1) / every);
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

/// Reads all rules: the shipped ones, and those in `dir/alerts`, which replace shipped ones of the same file
/// name. What cannot be read is told besides.
pub fn read_all(dir: &Path) -> (Vec<AlertRule>, Vec<RuleError>) {
    let mut texts: BTreeMap<String, Result<String, RuleError>> = Shipped::iter()
        .filter_map(|name| {
            let file = Shipped::get(&name)?;
            Some((
                name.into_owned(),
                Ok(String::from_utf8_lossy(&file.data).into_owned()),
            ))
        })
        .collect();
    for entry in std::fs::read_dir(dir.join("alerts"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let text =
                std::fs::read_to_string(&path).map_err(|source| RuleError::Read { path, source });
            texts.insert(name, text);
        }
    }
    let (mut rules, mut problems) = (Vec::<AlertRule>::new(), Vec::new());
    for (name, text) in texts {
        match text.and_then(|text| AlertRule::parse(&name, &text)) {
            Ok(rule) if rules.iter().any(|other| other.id == rule.id) => {
                problems.push(RuleError::Invalid {
                    name,
                    what: format!("another rule has the id {} too", rule.id),
                })
            }
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    (rules, problems)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const RULE: &str = r#"
        id = "rate"
        title = "5xx rate"
        runbook = "server-error-rate-by-country"
        query = { name = "errors_by_country", labels = ["country"], value = "rate", sample = "n", count = "k", min_n = 100, unit = "ratio" }
        eval = { every = "1m", window = "5m" }
        raise = { op = ">", at = 0.05 }
        recover = { op = "<", at = 0.03 }
        hold = { for = "2m", keep_firing_for = "3m", missing_after = 2 }
        route = { severity = "error", service = "shop", team = "web", targets = ["pager"] }
    "#;

    pub(crate) fn reading(country: Option<&str>, value: f64, n: i64) -> Reading {
        Reading {
            labels: [("country".to_owned(), country.map(str::to_owned))].into(),
            value: Some(value),
            n: Some(n),
            k: Some((value * n as f64).round() as i64),
        }
    }

    #[track_caller]
    fn check(find: &str, replace: &str, expected: &str) {
        assert!(RULE.contains(find));
        let error = AlertRule::parse("r.toml", &RULE.replace(find, replace))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        check("title =", "tittle =", "unknown field `tittle`");
        check("at = 0.03", "at = 0.06", "both wrong and well");
        check("op = \"<\"", "op = \">\"", "opposite directions");
        check(
            "every = \"1m\"",
            "every = \"soon\"",
            "soon is no span of time",
        );
        check("sample = \"n\", ", "", "min_n needs `sample`");
        check(
            "team = \"web\"",
            "team = \"\"",
            "names a runbook and a team",
        );
        check("id = \"rate\"", "id = \"a b\"", "may hold letters");
    }

    #[test]
    fn a_reading_is_judged_by_value_and_sample() {
        let rule = AlertRule::parse("r.toml", RULE).unwrap();
        let rows = [
            (0.06, 1000, Verdict::Breach),
            (0.05, 1000, Verdict::Band),
            (0.03, 1000, Verdict::Band),
            (0.02, 1000, Verdict::Clear),
            (0.90, 99, Verdict::Band),
            (0.90, 100, Verdict::Breach),
            (f64::NAN, 1000, Verdict::Band),
        ];
        for (value, n, expected) in rows {
            assert_eq!(
                rule.verdict(&reading(Some("DE"), value, n)),
                expected,
                "{value} of {n}"
            );
        }
    }

    #[test]
    fn every_shipped_rule_is_sound_and_has_its_query_and_runbook() {
        let (rules, problems) = read_all(Path::new("no such folder"));
        assert!(problems.is_empty(), "{problems:?}");
        assert!(!rules.is_empty());
        let queries = crate::query::saved::SavedQueries::new(None);
        for rule in rules {
            queries.get(&rule.query.name).unwrap();
            let runbook = format!(
                "{}/docs/runbooks/{}.md",
                env!("CARGO_MANIFEST_DIR"),
                rule.runbook
            );
            assert!(Path::new(&runbook).exists(), "{runbook}");
        }
    }
}
