//! `rule`: from nothing to a rule that may wake people.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::connect::{Access, saved_queries};
use super::incidents::{share, text};
use super::{DONE, FAILED, Global, UsageError};
use crate::alerting::Policy;
use crate::alerting::case::{self, Case};
use crate::alerts::question::lint_question;
use crate::alerts::read_rules;
use crate::query::planner::Planner;
use crate::rule::AlertRule;
use crate::rule::lint::{Level, Surroundings, lint};
use crate::server::queries_dir;
use crate::time::now_us;

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

/// Example:
///   logatlas rule new de-errors --query errors_by_country --raise 2% --recover 1% --for 5m --min-n 200 --team web
/// writes DATA/queries/alerts/de-errors.toml, which is yours to edit.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct New {
    /// Its name: letters, digits and -
    id: String,
    /// The saved query that measures; `logatlas query` lists them
    #[arg(long, default_value = "errors_by_country")]
    query: String,
    /// Columns that tell instances apart
    #[arg(long = "by", value_name = "COLUMN", default_value = "country")]
    labels: Vec<String>,
    /// The column that is compared
    #[arg(long, default_value = "rate")]
    value: String,
    /// The column with the size of the sample
    #[arg(long, default_value = "n")]
    sample: String,
    /// The column with the numerator
    #[arg(long, default_value = "k")]
    count: String,
    /// What is measured, in the words of a page
    #[arg(long, default_value = "5xx rate")]
    title: String,
    /// Above this it is wrong: a number, or a share such as 2%
    #[arg(long)]
    raise: String,
    /// Below this it is well again
    #[arg(long, visible_alias = "clear")]
    recover: String,
    /// How long it has to be wrong before anybody is told
    #[arg(long = "for", default_value = "5m")]
    pending: String,
    #[arg(long, default_value = "1m")]
    every: String,
    #[arg(long, default_value = "5m")]
    window: String,
    /// With fewer than this nothing is decided
    #[arg(long, default_value_t = 100)]
    min_n: i64,
    #[arg(long, default_value = "warning")]
    severity: String,
    #[arg(long, default_value = "web")]
    service: String,
    #[arg(long, default_value = "")]
    team: String,
    /// Targets of the settings; the team's when none is named
    #[arg(long)]
    target: Vec<String>,
    /// A link, or a page of docs/runbooks
    #[arg(long, default_value = "")]
    runbook: String,
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

impl New {
    fn text(&self) -> Result<String, UsageError> {
        let ((raise, is_share), (recover, _)) = (number(&self.raise)?, number(&self.recover)?);
        let unit = if is_share || self.value == "rate" {
            "ratio"
        } else {
            "count"
        };
        let (above, below) = if raise >= recover {
            (">", "<")
        } else {
            ("<", ">")
        };
        let list = |names: &[String]| json!(names).to_string();
        let quote = |text: &str| json!(text).to_string();
        Ok(format!(
            "id = {}\ntitle = {}\nrunbook = {}\n\n[query]\nname = {}\nlabels = {}\nvalue = {}\nsample = {}\ncount = {}\nmin_n = {}\nunit = \"{unit}\"\n\n\
             [eval]\nevery = {}\nwindow = {}\nlate_horizon = \"15m\"\n\n[raise]\nop = \"{above}\"\nat = {raise:?}\n\n[recover]\nop = \"{below}\"\nat = {recover:?}\n\n\
             [hold]\nfor = {}\nmissing_after = 3\n\n[route]\nseverity = {}\nservice = {}\nteam = {}\ntargets = {}\n",
            quote(&self.id),
            quote(&self.title),
            quote(&self.runbook),
            quote(&self.query),
            list(&self.labels),
            quote(&self.value),
            quote(&self.sample),
            quote(&self.count),
            self.min_n,
            quote(&self.every),
            quote(&self.window),
            quote(&self.pending),
            quote(&self.severity),
            quote(&self.service),
            quote(&self.team),
            list(&self.target),
        ))
    }

    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    fn run(self, global: &Global) -> anyhow::Result<u8> {
        let text = self.text()?;
        let rule =
            AlertRule::parse(&self.id, &text).map_err(|error| UsageError(error.to_string()))?;
        let dir = queries_dir(&global.config, &global.data).join("alerts");
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let path = dir.join(format!("{}.toml", self.id));
        if path.exists() {
            return Err(UsageError(format!("{} is there already", path.display())).into());
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
        for finding in check(global, std::slice::from_ref(&rule))? {
            println!("{finding}");
        }
        let side = |is_upward| if is_upward { "above" } else { "below" };
        println!(
            "wrong {} {}, well again {} {}; severity {}{}",
            side(rule.raise.is_upward()),
            self.raise,
            side(rule.recover.is_upward()),
            self.recover,
            self.severity,
            match rule.route.severity.is_urgent() {
                true => ": it may wake people",
                false => ": it wakes nobody, and waits through quiet hours",
            }
        );
        println!(
            "\nnext: logatlas rule backtest {0}; logatlas rule fire {0}",
            self.id
        );
        Ok(DONE)
    }
}

/// Findings as lines, of the rules that are asked about.
fn check(global: &Global, asked: &[AlertRule]) -> anyhow::Result<Vec<String>> {
    let found = findings(global, &Planner::new()?, asked).into_iter();
    Ok(found.map(|(_, line)| line).collect())
}

pub(super) fn findings(
    global: &Global,
    planner: &Planner,
    asked: &[AlertRule],
) -> Vec<(Level, String)> {
    let queries = saved_queries(global);
    let (rules, _) = read_rules(&queries_dir(&global.config, &global.data));
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    let targets = names(global.config.targets.keys().collect());
    let teams = names(global.config.teams.keys().collect());
    let around = Surroundings {
        queries: &queries,
        targets: &targets,
        teams: &teams,
        rules: &rules,
        has_runbook: crate::api::has_runbook,
    };
    let of_rule = |rule| {
        let question = lint_question(planner, &queries, rule);
        lint(rule, &around).into_iter().chain(question)
    };
    let found = asked.iter().flat_map(of_rule);
    found
        .map(|finding| {
            let word = if finding.level == Level::Error {
                "error"
            } else {
                "warning"
            };
            (
                finding.level,
                format!("{word}: rule {}: {}", finding.rule, finding.what),
            )
        })
        .collect()
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Rules or files of rules [default: all rules]
    rules: Vec<String>,
}

impl Lint {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    fn run(self, global: &Global) -> anyhow::Result<u8> {
        let (all, problems) = read_rules(&queries_dir(&global.config, &global.data));
        let mut code = DONE;
        let asked = match self.rules.is_empty() {
            true => {
                for problem in &problems {
                    println!("error: {problem}");
                    code = FAILED;
                }
                all
            }
            false => {
                let names = self.rules.iter();
                let broken = |name: &&String| {
                    let file = format!("{name}.toml");
                    problems
                        .iter()
                        .find(|problem| problem.to_string().contains(&file))
                };
                if let Some(problem) = names.clone().find_map(|name| broken(&name)) {
                    println!("error: {problem}");
                    return Ok(FAILED);
                }
                names
                    .map(|name| named(name, &all))
                    .collect::<anyhow::Result<_>>()?
            }
        };
        for (level, line) in findings(global, &Planner::new()?, &asked) {
            println!("{line}");
            if level == Level::Error {
                code = FAILED;
            }
        }
        println!("{} rules looked at", asked.len());
        Ok(code)
    }
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

/// Examples:
///   logatlas rule backtest server-error-rate-by-country --since 30d
///   logatlas rule backtest de-errors --since 90d --labels outages.csv --sweep raise=0.01..0.1
///   logatlas rule backtest de-errors --since 90d --max-pages-week 15 --min-ppv 0.5    exit code 1 when it does worse
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Backtest {
    /// The rule
    rule: String,
    /// How far back from the newest row
    #[arg(long, default_value = "7d", conflicts_with = "from")]
    since: String,
    /// RFC 3339, instead of --since
    #[arg(long)]
    from: Option<String>,
    /// RFC 3339 [default: the newest row]
    #[arg(long)]
    to: Option<String>,
    /// Known outages as CSV: from, to, and columns named as the rule's labels (without them, all are meant)
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Also try ten thresholds between two
    #[arg(long, value_name = "raise=A..B")]
    sweep: Option<String>,
    /// Fail when it would page more often
    #[arg(long, value_name = "N")]
    max_pages_week: Option<f64>,
    /// Fail when fewer of its pages are true, 0.5 or 50%; needs --labels
    #[arg(long, value_name = "SHARE", value_parser = share_given)]
    min_ppv: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Thresholds that a sweep tries.
const SWEEP_STEPS: i32 = 9;

fn sweep(text: &str) -> Result<Vec<f64>, UsageError> {
    let bad = || UsageError(format!("--sweep {text}: write raise=0.01..0.1"));
    let range = text
        .strip_prefix("raise=")
        .and_then(|range| range.split_once(".."))
        .ok_or_else(bad)?;
    let ((from, _), (to, _)) = (number(range.0)?, number(range.1)?);
    let step = (to - from) / f64::from(SWEEP_STEPS);
    Ok((0..=SWEEP_STEPS)
        .map(|i| from + step * f64::from(i))
        .collect())
}

impl Backtest {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    async fn run(self, global: &Global) -> anyhow::Result<u8> {
        let access = Access::open(global).await?;
        let status = access.api(Method::GET, "/api/v1/status", None).await?;
        let newest = status["data"]["to"]
            .as_i64()
            .and_then(|ms| ms.checked_mul(1000))
            .unwrap_or_else(now_us);
        let time = |name: &str, text: &String| {
            crate::time::parse_rfc3339(text).ok_or_else(|| {
                UsageError(format!(
                    "--{name} {text} is no time; write 2026-11-23T08:00:00Z"
                ))
            })
        };
        let to = self
            .to
            .as_ref()
            .map_or(Ok(newest), |text| time("to", text))?;
        let from = match &self.from {
            Some(text) => time("from", text)?,
            None => {
                let span = crate::config::parse_duration(&self.since);
                let span = span.and_then(|span| i64::try_from(span.as_micros()).ok());
                to - span.ok_or_else(|| {
                    UsageError(format!("--since {}: write 30d or 12h", self.since))
                })?
            }
        };
        let labels = match &self.labels {
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?,
            ),
            None => None,
        };
        let body = json!({
            "from": crate::time::rfc3339(from),
            "to": crate::time::rfc3339(to),
            "labels": labels,
            "sweep": self.sweep.as_deref().map(sweep).transpose()?.unwrap_or_default(),
        });
        let spinner =
            indicatif::ProgressBar::new_spinner().with_message("asking the rows, tick by tick");
        spinner.enable_steady_tick(std::time::Duration::from_millis(120));
        let path = format!("/api/v1/rules/{}/backtest", self.rule);
        let outcome = access.api(Method::POST, &path, Some(&body)).await;
        spinner.finish_and_clear();
        let outcome = outcome?;
        if self.json {
            println!("{outcome:#}");
        } else {
            show(&outcome);
        }
        Ok(self.gate(&outcome["report"]))
    }

    /// Whether the rule may go in.
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    fn gate(&self, report: &Value) -> u8 {
        let mut code = DONE;
        let is_gated = self.max_pages_week.is_some() || self.min_ppv.is_some();
        if is_gated && report["ticks_with_rows"] == 0 {
            println!("FAILED: nothing could be judged in that time");
            return FAILED;
        }
        let pages = report["pages_per_week"].as_f64().unwrap_or(0.0);
        if let Some(max) = self.max_pages_week.filter(|max| pages > *max) {
            println!("FAILED: {pages:.1} pages a week, at most {max} are allowed");
            code = FAILED;
        }
        let ppv = report["truth"]["ppv"]["value"].as_f64();
        if let Some(min) = self.min_ppv.filter(|min| ppv.is_none_or(|ppv| ppv < *min)) {
            println!(
                "FAILED: the share of true pages is {}, at least {min} is asked for",
                share(&report["truth"]["ppv"])
            );
            code = FAILED;
        }
        code
    }
}

/// Episodes of a back-test that are printed.
const EPISODES_SHOWN: usize = 20;

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn show(outcome: &Value) {
    let report = &outcome["report"];
    println!(
        "{} from {} to {}",
        text(&report["rule"]),
        text(&report["from"]),
        text(&report["to"])
    );
    println!(
        "{} ticks ({} failed), {} opened, {} pages = {:.1} a week, {} at night, longest {} min, open {:.2} % of the time, {} flapped",
        report["ticks"],
        report["failed_ticks"],
        report["opens"],
        report["pages"],
        report["pages_per_week"].as_f64().unwrap_or(0.0),
        report["night_pages"],
        report["longest_s"].as_i64().unwrap_or(0) / 60,
        report["open_share"].as_f64().unwrap_or(0.0) * 100.0,
        report["flaps"]
    );
    let (n_ticks, n_failed) = (report["ticks"].as_i64(), report["failed_ticks"].as_i64());
    match report["ticks_with_rows"].as_i64() {
        Some(0) if n_failed.is_some_and(|n| n > 0) => {
            println!("nothing could be judged: the query failed; `logatlas rule lint` may say why");
        }
        Some(0) => println!(
            "nothing could be judged: the query returned no row in any of these windows; there may be no lines of that time"
        ),
        Some(n) if Some(n) < n_ticks => println!("{n} of the ticks had rows to judge"),
        _ => {}
    }
    let episodes = report["episodes"].as_array().map_or(0, Vec::len);
    for episode in report["episodes"]
        .as_array()
        .into_iter()
        .flatten()
        .take(EPISODES_SHOWN)
    {
        let time = |name: &str| crate::time::rfc3339(episode[name].as_i64().unwrap_or(0));
        println!(
            "  {} to {}  {}",
            time("from_us"),
            time("to_us"),
            text(&episode["summary"])
        );
    }
    if episodes > EPISODES_SHOWN {
        println!(
            "  and {} more; --json lists them",
            episodes - EPISODES_SHOWN
        );
    }
    match report["truth"].is_null() {
        true => println!("true pages: unknown, give known outages with --labels FILE"),
        false => {
            let truth = &report["truth"];
            println!("outages found    {}", share(&truth["sensitivity"]));
            println!("pages true       {}", share(&truth["ppv"]));
            println!("good ticks quiet {}", share(&truth["specificity"]));
        }
    }
    let sweep = outcome["sweep"].as_array().cloned().unwrap_or_default();
    if !sweep.is_empty() {
        println!(
            "\n{:>10} {:>7} {:>7} {:>11} {:>9}  true pages",
            "raise", "opened", "pages", "pages/week", "at night"
        );
    }
    for row in sweep {
        println!(
            "{:>10.4} {:>7} {:>7} {:>11.1} {:>9}  {}",
            row["raise"].as_f64().unwrap_or(0.0),
            row["opens"].as_i64().unwrap_or(0),
            row["pages"].as_i64().unwrap_or(0),
            row["pages_per_week"].as_f64().unwrap_or(0.0),
            row["night_pages"].as_i64().unwrap_or(0),
            share(&row["truth"]["ppv"])
        );
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
