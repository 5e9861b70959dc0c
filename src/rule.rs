//! Alert rules: a saved query's values, compared with thresholds. Settings, checks, and the comparison.
//!
//! A rule is a `.toml` file in `queries/alerts/` that names a saved query. The query returns labels, a value
//! and the size of the sample; the rule says what is too much. Spans count in ticks of event time, so a pause
//! of the program, a restart and a replay agree.

pub mod kind;
pub mod lint;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
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
    late: Option<Late>,
    /// Ticks this far back are evaluated again then.
    late_horizon: Option<Span>,
}

/// What is done with rows that come after their window was judged.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Late {
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

const US_PER_SECOND: i64 = 1_000_000;
const EVERY_US_MAX: i64 = 86_400 * US_PER_SECOND;
/// A quarter; what looks at more is a report.
const WINDOW_US_MAX: i64 = 92 * EVERY_US_MAX;
/// A rule's file is text that a person writes.
const FILE_BYTES_MAX: u64 = 256 << 10;

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

/// The rules of a folder over the shipped ones, by file name; a file in `dir/alerts` takes the place of a
/// shipped one of the same name.
pub type Files = BTreeMap<String, Result<AlertRule, RuleError>>;

/// Whether the program carries a rule's file of this name.
pub fn is_shipped(file_name: &str) -> bool {
    Shipped::get(file_name).is_some()
}

/// Reads all rules, each for itself; an error when the folder itself cannot be read.
pub fn read_files(dir: &Path) -> Result<Files, RuleError> {
    let mut files: Files = Shipped::iter()
        .filter_map(|name| {
            let file = Shipped::get(&name)?;
            let rule = AlertRule::parse(&name, &String::from_utf8_lossy(&file.data));
            Some((name.into_owned(), rule))
        })
        .collect();
    let mut own = BTreeSet::new();
    let dir = dir.join("alerts");
    let failed = |source| RuleError::Read {
        path: dir.clone(),
        source,
    };
    let base = dir.canonicalize().unwrap_or_default();
    if let Ok(about) = std::fs::metadata(&dir)
        && let Some(what) = who_else_writes(about.mode(), about.uid(), about.gid())
    {
        return Err(RuleError::Invalid {
            name: dir.display().to_string(),
            what: what.replace("file", "folder"),
        });
    }
    let entries = match std::fs::read_dir(&dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        entries => Some(entries.map_err(failed)?),
    };
    for entry in entries.into_iter().flatten() {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let rule = read_file(&path, &base).and_then(|text| AlertRule::parse(&name, &text));
            own.insert(name.clone());
            files.insert(name, rule);
        }
    }
    // Shipped rules have their ids first; of the user's files the first by name.
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, file) in files.iter().filter(|(name, _)| !own.contains(*name)) {
        if let Ok(rule) = file {
            owners.insert(rule.id.clone(), name.clone());
        }
    }
    for (name, file) in files.iter_mut().filter(|(name, _)| own.contains(*name)) {
        let Ok(rule) = file else { continue };
        if let Some(other) = owners.get(&rule.id) {
            let what = format!("{other} has the id {} too", rule.id);
            *file = Err(RuleError::Invalid {
                name: name.clone(),
                what,
            });
        } else {
            owners.insert(rule.id.clone(), name.clone());
        }
    }
    Ok(files)
}

/// Reads a rule's file, unless others than its owner may change what it says: who writes rules decides what is
/// asked and who is woken. A link may lead to another place of the folder, as mounted configuration has it, and
/// not out of it. A group of the owner's own (its number is the owner's) counts as the owner.
fn read_file(path: &Path, base: &Path) -> Result<String, RuleError> {
    let failed = |source| RuleError::Read {
        path: path.to_owned(),
        source,
    };
    let refused = |what: &str| RuleError::Invalid {
        name: path.display().to_string(),
        what: what.to_owned(),
    };
    if !path.canonicalize().map_err(failed)?.starts_with(base) {
        return Err(refused(
            "it is a link that leads out of the folder: copy the file",
        ));
    }
    let about = std::fs::metadata(path).map_err(failed)?;
    if let Some(what) = who_else_writes(about.mode(), about.uid(), about.gid()) {
        return Err(refused(what));
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(refused("it is larger than 256 KiB, which no rule is"));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Who besides its owner may write into a file.
fn who_else_writes(mode: u32, uid: u32, gid: u32) -> Option<&'static str> {
    if mode & 0o002 != 0 {
        return Some("everybody may write into this file: chmod o-w");
    }
    (mode & 0o020 != 0 && gid != uid).then_some("a group may write into this file: chmod g-w")
}

/// Reads all rules; what cannot be read is told besides.
pub fn read_all(dir: &Path) -> (Vec<AlertRule>, Vec<RuleError>) {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    let files = match read_files(dir) {
        Ok(files) => files,
        Err(problem) => return (rules, vec![problem]),
    };
    for file in files.into_values() {
        match file {
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    (rules, problems)
}

/// The rules in use: of a file that cannot be read at the moment, its last good contents.
#[derive(Debug, Default)]
pub struct InUse {
    good: BTreeMap<String, AlertRule>,
    /// A file has never been read well: whose rule it holds is not known.
    is_in_doubt: bool,
}

impl InUse {
    /// Takes up the files as they are now; returns what is wrong with them.
    pub fn update(&mut self, files: Result<Files, RuleError>) -> Vec<RuleError> {
        let files = match files {
            Ok(files) => files,
            Err(problem) => {
                self.is_in_doubt |= self.good.is_empty();
                return vec![problem];
            }
        };
        let ids: BTreeSet<&String> = files.values().flatten().map(|rule| &rule.id).collect();
        self.good
            .retain(|name, rule| files.contains_key(name) && !ids.contains(&rule.id));
        let (mut problems, mut is_in_doubt) = (Vec::new(), false);
        for (name, file) in files {
            match file {
                Ok(rule) => drop(self.good.insert(name, rule)),
                Err(problem) => {
                    is_in_doubt |= !self.good.contains_key(&name);
                    problems.push(problem);
                }
            }
        }
        self.is_in_doubt = is_in_doubt;
        problems
    }

    /// All rules that are there, or none where a file is broken that has never been read well: then nobody can
    /// say which rules are gone.
    pub fn all(&self) -> Option<Vec<AlertRule>> {
        (!self.is_in_doubt).then(|| self.rules())
    }

    /// The rules that are switched on.
    pub fn rules(&self) -> Vec<AlertRule> {
        let rules = self.good.values().filter(|rule| rule.enabled);
        rules.cloned().collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
