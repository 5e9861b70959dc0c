//! `rule`: from nothing to a rule that may wake people.

mod backtest;
mod lint;
mod new;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use self::backtest::Backtest;
use self::lint::Lint;
pub(super) use self::lint::findings;
use self::new::New;
use super::connect::Access;
use super::incidents::{share, text};
use super::{DONE, FAILED, Global, UsageError};
use crate::alerting::Policy;
use crate::alerting::case::{self, Case};
use crate::alerts::read_rules;
use crate::rule::AlertRule;
use crate::server::queries_dir;

#[derive(Debug, Subcommand)]
pub(super) enum Rule {
    /// All rules, what each watches and how far it can be trusted
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a new rule into the folder of queries
    New(Box<New>),
    /// Say what is doubtful about rules
    Lint(Lint),
    /// Run the tests of rules, rows in and messages out
    Test(Test),
    /// Replay a rule over the rows there are
    Backtest(Backtest),
    /// Send a test event and its resolve to the rule's targets, and show the exact message
    Fire(Fire),
}

impl Rule {
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        match self {
            Self::List { json } => list(&global, json).await,
            Self::New(new) => new.run(&global),
            Self::Lint(lint) => lint.run(&global),
            Self::Test(test) => test.run(&global),
            Self::Backtest(backtest) => backtest.run(&global).await,
            Self::Fire(fire) => fire.run(&global).await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
async fn list(global: &Global, json: bool) -> anyhow::Result<u8> {
    let access = Access::open(global).await?;
    let answer = access.api(Method::GET, "/api/v1/rules", None).await?;
    if json {
        println!("{answer:#}");
        return Ok(DONE);
    }
    for rule in answer["rules"].as_array().into_iter().flatten() {
        let off = if rule["enabled"] == false {
            "  (off)"
        } else {
            ""
        };
        println!("{}{off}", text(&rule["id"]));
        println!(
            "    {} {} {}, every {} s over {} s, {}, team {}",
            text(&rule["title"]),
            text(&rule["raise"]["op"]),
            rule["raise"]["at"],
            rule["every_s"],
            rule["window_s"],
            text(&rule["severity"]),
            text(&rule["team"])
        );
        println!(
            "    something to do when it paged: {}",
            share(&rule["observed_ppv"])
        );
        if let Some(pages) = rule["backtest"]["pages_per_week"].as_f64() {
            println!(
                "    last back-test: {pages:.1} pages a week, {} at night",
                rule["backtest"]["night_pages"]
            );
        }
        for finding in rule["findings"].as_array().into_iter().flatten() {
            println!(
                "    {}: {}",
                text(&finding["level"]),
                text(&finding["what"])
            );
        }
    }
    for problem in answer["problems"].as_array().into_iter().flatten() {
        println!("{}", problem.as_str().unwrap_or_default());
    }
    Ok(DONE)
}

/// A rule by its id, or from a file.
fn named(name: &str, all: &[AlertRule]) -> anyhow::Result<AlertRule> {
    if let Some(rule) = all.iter().find(|rule| rule.id == name) {
        return Ok(rule.clone());
    }
    if !name.ends_with(".toml") {
        return Err(UsageError(format!(
            "there is no rule {name}; `logatlas rule list` shows them"
        ))
        .into());
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))?;
    Ok(AlertRule::parse(name, &text)?)
}

/// Example:
///   logatlas rule test queries/alerts/tests/*.toml
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Test {
    /// Files of tests [default: alerts/tests/*.toml in the folder of queries]
    files: Vec<PathBuf>,
}

impl Test {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    fn run(self, global: &Global) -> anyhow::Result<u8> {
        let dir = queries_dir(&global.config, &global.data).join("alerts/tests");
        let files = match self.files.is_empty() {
            false => self.files,
            true => {
                let entries = std::fs::read_dir(&dir)
                    .with_context(|| format!("there are no tests in {}", dir.display()))?;
                let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
                paths
                    .filter(|path| {
                        path.extension()
                            .is_some_and(|extension| extension == "toml")
                    })
                    .collect()
            }
        };
        let (rules, _) = read_rules(&queries_dir(&global.config, &global.data));
        let policy = Policy::new(&global.config.targets, &global.config.teams, &rules);
        let mut code = DONE;
        for path in files {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let case: Case = toml::from_str(&text)
                .with_context(|| format!("{} is no test of a rule", path.display()))?;
            let rule = named(&case.rule, &rules)?;
            let wrong = case::run(&case, &rule, &policy)
                .map_err(|what| UsageError(format!("{}: {what}", path.display())))?;
            let word = if wrong.is_empty() { "ok" } else { "FAILED" };
            println!("{word:6} {}", path.display());
            for what in &wrong {
                println!("       {what}");
                code = FAILED;
            }
        }
        Ok(code)
    }
}

#[derive(Debug, Args)]
pub(super) struct Fire {
    /// The rule
    rule: String,
    /// One of the settings' targets [default: all of the rule's]
    #[arg(long)]
    target: Option<String>,
}

impl Fire {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    async fn run(self, global: &Global) -> anyhow::Result<u8> {
        let access = Access::open(global).await?;
        let body = json!({"target": self.target, "by": std::env::var("USER").ok()});
        let path = format!("/api/v1/rules/{}/fire", self.rule);
        let outcomes = access.api(Method::POST, &path, Some(&body)).await?;
        let mut code = DONE;
        for outcome in outcomes.as_array().into_iter().flatten() {
            let word = if outcome["taken"] == true {
                "taken"
            } else {
                "NOT taken"
            };
            println!(
                "{} {}: {word} {}",
                text(&outcome["target"]),
                text(&outcome["action"]),
                text(&outcome["error"])
            );
            let sent = match &outcome["body"] {
                Value::Null => &outcome["message"],
                body => body,
            };
            println!("{sent:#}");
            if outcome["taken"] != true {
                code = FAILED;
            }
        }
        Ok(code)
    }
}

fn share_given(text: &str) -> Result<f64, UsageError> {
    number(text).map(|(share, _)| share)
}

fn number(text: &str) -> Result<(f64, bool), UsageError> {
    let (digits, is_share) = match text.strip_suffix('%') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let value: Option<f64> = digits
        .trim()
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite());
    let value =
        value.ok_or_else(|| UsageError(format!("{text} is no number, write 0.02 or 2%")))?;
    Ok((if is_share { value / 100.0 } else { value }, is_share))
}
