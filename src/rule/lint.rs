//! What is doubtful about a rule, before anybody is woken by it.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::{AlertRule, Kind, Unit};
use crate::query::saved::SavedQueries;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LintLevel)]
pub enum Level {
    Warning,
    /// The rule will not do what it says.
    Error,
}

/// One thing that lint found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LintFinding)]
pub struct Finding {
    pub rule: String,
    pub level: Level,
    /// Where in the rule's file, as `query.min_n`; null when it is about no one field.
    #[schema(value_type = Option<String>)]
    pub field: Option<&'static str>,
    pub what: String,
}

/// What rules are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    pub queries: &'a SavedQueries,
    /// Names of the settings' targets and teams.
    pub targets: &'a BTreeSet<String>,
    pub teams: &'a BTreeSet<String>,
    /// All rules that are in use.
    pub rules: &'a [AlertRule],
    /// Whether the program carries a runbook of this name.
    pub has_runbook: fn(&str) -> bool,
}

/// SQL whose answer depends on when it is asked: a replay would not give the same.
const MOVING: [&str; 6] = [
    "now(",
    "random(",
    "current_timestamp",
    "current_date",
    "current_time",
    "uuid(",
];

/// Checks a rule; the worst findings first.
pub fn lint(rule: &AlertRule, around: &Surroundings<'_>) -> Vec<Finding> {
    let mut findings = Findings(rule, Vec::new());
    findings.about_query(around);
    findings.about_time();
    findings.about_people(around);
    findings
        .1
        .sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings.1
}

/// What is wrong with the columns that a rule names, by those that its query gives.
pub fn lint_columns(rule: &AlertRule, given: &[String]) -> Vec<Finding> {
    let (query, mut findings) = (&rule.query, Findings(rule, Vec::new()));
    let labels = query.labels.iter().map(|name| ("query.labels", name));
    let value = match &rule.kind {
        Kind::Frequency | Kind::Percentage => None,
        Kind::Cardinality { column } => Some(("kind", column)),
        _ => Some(("query.value", &query.value)),
    };
    let sample = query.sample.iter().map(|name| ("query.sample", name));
    let count = query.count.iter().map(|name| ("query.count", name));
    for (field, name) in labels.chain(value).chain(sample).chain(count) {
        if !given.contains(name) {
            let (query, given) = (&query.name, given.join(", "));
            let what = format!("query {query} has no column {name}; it has {given}");
            findings.error(field, what);
        }
    }
    findings.1
}

struct Findings<'a>(&'a AlertRule, Vec<Finding>);

impl Findings<'_> {
    fn put(&mut self, level: Level, field: &'static str, what: impl Into<String>) {
        self.1.push(Finding {
            rule: self.0.id.clone(),
            level,
            field: Some(field),
            what: what.into(),
        });
    }

    fn error(&mut self, field: &'static str, what: impl Into<String>) {
        self.put(Level::Error, field, what);
    }

    fn warn(&mut self, field: &'static str, what: impl Into<String>) {
        self.put(Level::Warning, field, what);
    }

    fn about_query(&mut self, around: &Surroundings<'_>) {
        let rule = self.0;
        let query = match around.queries.get(&rule.query.name) {
            Ok(query) => query,
            Err(error) => return self.error("query.name", error.to_string()),
        };
        for name in ["from", "to"] {
            if !query.params.iter().any(|param| param.name == name) {
                self.error(
                    "query.name",
                    format!(
                        "query {} has no parameter ${name}: it cannot be bound to the window",
                        query.name
                    ),
                );
            }
        }
        for param in &query.params {
            let is_given = ["from", "to"].contains(&param.name.as_str())
                || param.default.is_some()
                || rule.query.params.contains_key(&param.name);
            if !is_given {
                self.error(
                    "query.params",
                    format!(
                        "query {} wants ${}; give it in query.params",
                        query.name, param.name
                    ),
                );
            }
        }
        for name in rule.query.params.keys() {
            if !query.params.iter().any(|param| param.name == *name) {
                self.error(
                    "query.params",
                    format!("query {} has no parameter ${name}", query.name),
                );
            }
        }
        let sql = query.sql.to_lowercase();
        if let Some(word) = MOVING.iter().find(|word| sql.contains(*word)) {
            let word = word.trim_end_matches('(');
            self.error(
                "query.name",
                format!(
                    "query {} calls {word}: a replay would not give the same, use $from and $to",
                    query.name
                ),
            );
        }
        let moving = [
            Some(&rule.query.value),
            rule.query.sample.as_ref(),
            rule.query.count.as_ref(),
        ];
        for label in &rule.query.labels {
            if moving.contains(&Some(label))
                || ["lo", "hi", "excess", "shrunk"].contains(&label.as_str())
            {
                self.error(
                    "query.labels",
                    format!(
                        "label {label} moves with the value: each tick would be another instance"
                    ),
                );
            }
        }
        match rule.query.unit {
            None if rule.route.severity.is_urgent() => self.error(
                "query.unit",
                "unit is missing: a page says 7.4 % or 120, not 0.074",
            ),
            None => self.warn(
                "query.unit",
                "unit is missing: the value is written as a plain number",
            ),
            Some(Unit::Ratio) if rule.query.min_n == 0 => self.warn(
                "query.min_n",
                "min_n is 0: one failure of one request is 100 %",
            ),
            Some(_) => {}
        }
    }

    fn about_time(&mut self) {
        let rule = self.0;
        if rule.eval.window < rule.eval.every {
            self.warn(
                "eval.window",
                "the window is shorter than `every`: what happens in between is never looked at",
            );
        }
        if rule.raise.at == rule.recover.at {
            self.warn("recover.at", "raise and recover are the same: a value that swings around it opens and closes each time");
        }
        if rule.hold.pending.is_none() && rule.route.severity.is_urgent() {
            self.warn(
                "hold.for",
                "hold.for is missing: one bad window wakes somebody",
            );
        }
        if rule.hold.missing_after.is_none() && !rule.says_nodata() && !rule.query.labels.is_empty()
        {
            self.warn("hold.missing_after", "hold.missing_after is missing: an instance that sends no more rows stays open until somebody ends it");
        }
    }

    fn about_people(&mut self, around: &Surroundings<'_>) {
        let rule = self.0;
        let is_link = rule.runbook.starts_with("https://") || rule.runbook.starts_with("http://");
        if rule.runbook.is_empty() {
            self.warn(
                "runbook",
                "runbook is missing: who is told does not know what to do",
            );
        } else if !is_link && !(around.has_runbook)(&rule.runbook) {
            self.error(
                "runbook",
                format!(
                    "runbook {} is no link and no page of docs/runbooks",
                    rule.runbook
                ),
            );
        }
        if rule.route.team.is_empty() {
            self.warn("route.team", "route.team is missing: nobody owns it");
        }
        for target in rule
            .route
            .targets
            .iter()
            .filter(|name| !around.targets.contains(*name))
        {
            self.warn(
                "route.targets",
                format!(
                    "the settings have no target {target}: incidents open, nobody is told there"
                ),
            );
        }
        let team = &rule.route.team;
        if !team.is_empty() && !around.teams.is_empty() && !around.teams.contains(team) {
            self.warn(
                "route.team",
                format!(
                    "the settings have no team {team}: its quiet hours and targets are unknown"
                ),
            );
        }
        for inhibit in &rule.inhibits {
            let other = around.rules.iter().find(|other| other.id == inhibit.rule);
            match other {
                None => self.error(
                    "inhibits",
                    format!("inhibits {}, which is no rule", inhibit.rule),
                ),
                Some(other) => {
                    let has = |rule: &AlertRule, name: &String| rule.query.labels.contains(name);
                    let missing = inhibit
                        .equal
                        .iter()
                        .find(|name| !has(rule, name) || !has(other, name));
                    if let Some(name) = missing {
                        self.error("inhibits", format!("inhibits {} where {name} is equal, which is not a label of both: it never holds back anything", other.id));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::tests::RULE;

    #[track_caller]
    fn check(find: &str, replace: &str, level: Level, expected: &str) {
        assert!(RULE.contains(find), "{find}");
        let rule = AlertRule::parse("r.toml", &RULE.replace(find, replace)).unwrap();
        let queries = SavedQueries::default();
        let around = Surroundings {
            queries: &queries,
            targets: &["pager".to_owned()].into(),
            teams: &["web".to_owned()].into(),
            rules: std::slice::from_ref(&rule),
            has_runbook: |name| name == "server-error-rate-by-country",
        };
        let found = lint(&rule, &around);
        let is_there = found
            .iter()
            .any(|finding| finding.level == level && finding.what.contains(expected));
        assert!(
            is_there || (expected.is_empty() && found.is_empty()),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_doubtful_is_said() {
        use Level::{Error, Warning};
        check("id", "id", Error, "");
        check(
            "errors_by_country\"",
            "errors_by_planet\"",
            Error,
            "no saved query named errors_by_planet",
        );
        check(
            "\"country\"]",
            "\"country\", \"rate\"]",
            Error,
            "label rate moves with the value",
        );
        check(", unit = \"ratio\"", "", Error, "unit is missing");
        check("min_n = 100, ", "", Warning, "one failure of one request");
        check(
            "window = \"5m\"",
            "window = \"30s\"",
            Warning,
            "never looked at",
        );
        check("at = 0.03", "at = 0.05", Warning, "swings around it");
        check("for = \"2m\", ", "", Warning, "one bad window");
        check(", missing_after = 2", "", Warning, "stays open");
        check(
            "\"server-error-rate-by-country\"",
            "\"nowhere\"",
            Error,
            "runbook nowhere is no link",
        );
        check(
            "targets = [\"pager\"]",
            "targets = [\"pgaer\"]",
            Warning,
            "no target pgaer",
        );
        check("team = \"web\"", "team = \"wbe\"", Warning, "no team wbe");
        check(
            "query =",
            "inhibits = [{ rule = \"gone\" }]\nquery =",
            Error,
            "inhibits gone, which is no rule",
        );
        check(
            "min_n = 100",
            "min_n = 100, params = { x = 1 }",
            Error,
            "has no parameter $x",
        );
    }

    #[test]
    fn columns_that_the_query_does_not_give_are_named() {
        let rule = AlertRule::parse("r.toml", &RULE.replace("\"rate\"", "\"ratio\"")).unwrap();
        let given = ["country", "n", "k", "rate"].map(str::to_owned);
        let found = lint_columns(&rule, &given);
        let found: Vec<_> = found.iter().map(|f| (f.field, f.what.as_str())).collect();
        let what = "query errors_by_country has no column ratio; it has country, n, k, rate";
        assert_eq!(found, [(Some("query.value"), what)]);
        let found = lint_columns(&rule, &[]);
        let fields: Vec<_> = found.iter().filter_map(|f| f.field).collect();
        let expected = ["query.labels", "query.value", "query.sample", "query.count"];
        assert_eq!(fields, expected);
    }

    #[test]
    fn no_shipped_rule_has_an_error_or_a_doubt_but_its_settings() {
        let (rules, _) = crate::rule::read_all(std::path::Path::new("no such folder"));
        let queries = SavedQueries::default();
        let around = Surroundings {
            queries: &queries,
            targets: &["pager".to_owned()].into(),
            teams: &["web".to_owned()].into(),
            rules: &rules,
            has_runbook: crate::api::has_runbook,
        };
        let found: Vec<Finding> = rules.iter().flat_map(|rule| lint(rule, &around)).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}
