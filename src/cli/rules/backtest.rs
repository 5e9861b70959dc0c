//! `rule backtest`: what a rule would have done.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::{number, share_given};
use crate::cli::connect::Access;
use crate::cli::incidents::{share, text};
use crate::cli::{DONE, FAILED, Global, UsageError};
use crate::time::now_us;

/// Examples:
///   logatlas rule backtest server-error-rate-by-country --since 30d
///   logatlas rule backtest de-errors --since 90d --labels outages.csv --sweep raise=0.01..0.1
///   logatlas rule backtest de-errors --since 90d --max-pages-week 15 --min-ppv 0.5    exit code 1 when it does worse
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Backtest {
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
    pub(super) async fn run(self, global: &Global) -> anyhow::Result<u8> {
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
