//! `incident`, `silence`, `outbox`, `review`: what people do with alerts, through the interface.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::connect::Access;
use super::{DONE, Global, UsageError};
use crate::text::escape_controls;

/// Who acts: the name under which it is recorded.
pub(super) fn me(by: Option<String>) -> String {
    by.or_else(|| std::env::var("USER").ok())
        .unwrap_or_default()
}

pub(super) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A text of the answer, safe for a terminal.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => escape_controls(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn when(value: &Value) -> String {
    let ms = value.as_i64();
    let us = ms.and_then(|ms| ms.checked_mul(1000));
    us.map(|us| crate::time::rfc3339(us).chars().take(19).collect())
        .unwrap_or_default()
}

#[derive(Debug, Subcommand)]
pub(super) enum IncidentCommand {
    /// Open incidents, and the latest that ended
    List(List),
    /// One incident: its numbers, what stands out, what happened
    Show(Show),
    /// Say that you work on it; reminders stop
    Ack(Act),
    /// Take that back
    Unack(Act),
    /// End it by hand; while its rule still breaches it opens again
    Resolve(Act),
    /// Say what it was, for the next time and for the review
    Class(Class),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Open ones only
    #[arg(long)]
    open: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Its id, or the first characters of it
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Act {
    /// Its id, or the first characters of it
    id: String,
    /// Who does it [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Examples:
///   logatlas incident class 3f2a no_action --note "a crawler, nobody was hurt"
///   logatlas incident class 3f2a action --note "rolled back 1.7.2"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Class {
    /// Ids, or the first characters of them
    #[arg(required = true)]
    ids: Vec<String>,
    /// action: there was something to do; no_action: there was not; tune: the rule has to change
    #[arg(long, value_parser = crate::alerting::people::CLASSES)]
    class: String,
    /// For whoever is woken by it next
    #[arg(long, default_value = "")]
    note: String,
    /// Who says so [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl IncidentCommand {
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let access = Access::open(&global).await?;
        match self {
            Self::List(list) => list.run(&access).await,
            Self::Show(show) => show.run(&access).await,
            Self::Ack(act) => act.run(&access, "acknowledge").await,
            Self::Unack(act) => act.run(&access, "unacknowledge").await,
            Self::Resolve(act) => act.run(&access, "resolve").await,
            Self::Class(class) => class.run(&access).await,
        }
    }
}

impl List {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    async fn run(self, access: &Access) -> anyhow::Result<u8> {
        let list = access.api(Method::GET, "/api/v1/incidents", None).await?;
        let rows = list.as_array().cloned().unwrap_or_default();
        let rows: Vec<Value> = rows
            .into_iter()
            .filter(|row| !self.open || row["state"] != "closed")
            .collect();
        if self.json {
            println!("{:#}", json!(rows));
            return Ok(DONE);
        }
        if rows.is_empty() {
            println!("no incidents");
        }
        for row in rows {
            let id: String = text(&row["id"]).chars().take(8).collect();
            let acked = match text(&row["acked_by"]).as_str() {
                "" => String::new(),
                name => format!("  taken by {name}"),
            };
            let mute = match text(&row["mute"]).as_str() {
                "" => String::new(),
                mute => format!("  ({mute})"),
            };
            println!(
                "{id}  {:10} {:8} {}  {}{acked}{mute}",
                text(&row["state"]),
                text(&row["severity"]),
                when(&row["opened_at"]),
                text(&row["summary"])
            );
        }
        Ok(DONE)
    }
}

impl Show {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    async fn run(self, access: &Access) -> anyhow::Result<u8> {
        let path = format!("/api/v1/incidents/{}", encode(&self.id));
        let incident = access.api(Method::GET, &path, None).await?;
        if self.json {
            println!("{incident:#}");
            return Ok(DONE);
        }
        println!("{}\n", text(&incident["summary"]));
        let facts = [
            "id",
            "state",
            "severity",
            "rule",
            "service",
            "team",
            "episode",
            "acked_by",
            "mute",
            "close_reason",
            "class",
            "class_note",
        ];
        for name in facts.iter().filter(|name| !incident[**name].is_null()) {
            println!("  {name:14} {}", text(&incident[*name]));
        }
        for name in ["opened_at", "closed_at", "sent_at", "acked_at"] {
            let time = when(&incident[name]);
            if !time.is_empty() {
                println!("  {name:14} {time}Z");
            }
        }
        for member in incident["members"].as_array().into_iter().flatten() {
            if let Some(summary) = member["summary"].as_str() {
                println!("  {:14} {}", "with", escape_controls(summary));
            }
        }
        println!("  {:14} {}", "map", text(&incident["client_url"]));
        println!("  {:14} {}", "runbook", text(&incident["runbook_url"]));
        if let Some(sentence) = incident["explanation"]["sentence"].as_str() {
            println!("\nstands out: {}", escape_controls(sentence));
        }
        for host in incident["explanation"]["load"]
            .as_array()
            .into_iter()
            .flatten()
        {
            println!(
                "CPU of {} moves with it (correlation {:.2}, lag {} min)",
                text(&host["host"]),
                host["correlation"].as_f64().unwrap_or(0.0),
                text(&host["lag_minutes"])
            );
        }
        println!();
        for event in incident["events"].as_array().into_iter().flatten() {
            println!(
                "  {}  {:14} {} {}",
                when(&event["at"]),
                text(&event["kind"]),
                text(&event["actor"]),
                text(&event["detail"])
            );
        }
        Ok(DONE)
    }
}

impl Act {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    async fn run(self, access: &Access, act: &str) -> anyhow::Result<u8> {
        let path = format!("/api/v1/incidents/{}/{act}", encode(&self.id));
        let incident = access
            .api(Method::POST, &path, Some(&json!({"by": me(self.by)})))
            .await?;
        let acked = match text(&incident["acked_by"]).as_str() {
            "" => String::new(),
            name => format!(", acknowledged by {name}"),
        };
        println!(
            "{}{acked}: {}",
            text(&incident["state"]),
            text(&incident["summary"])
        );
        Ok(DONE)
    }
}

impl Class {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    async fn run(self, access: &Access) -> anyhow::Result<u8> {
        let body = json!({"class": self.class, "note": self.note, "by": me(self.by)});
        for id in &self.ids {
            let path = format!("/api/v1/incidents/{}/class", encode(id));
            let incident = access.api(Method::POST, &path, Some(&body)).await?;
            println!(
                "{}: {}",
                text(&incident["class"]),
                text(&incident["summary"])
            );
        }
        Ok(DONE)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum SilenceCommand {
    /// Start one
    Add(AddSilence),
    /// All of them
    List,
    /// End one now
    End {
        /// Its id, or the first characters of it
        id: String,
    },
}

/// Examples:
///   logatlas silence add rule=server-error-rate-by-country country=DE --for 2h --reason "the carrier knows"
///   logatlas silence add team=web --for 1d --until-clear --reason maintenance
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct AddSilence {
    /// What has to match, all of it: rule, team, service, severity or a label
    #[arg(required = true, value_name = "NAME=VALUE")]
    matchers: Vec<String>,
    /// How long, at most 30d
    #[arg(long = "for", value_name = "SPAN")]
    lasts: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// End it as soon as nothing that matches is open
    #[arg(long)]
    until_clear: bool,
    /// Who does it [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// The id of the silence at work that begins so; the text itself when none does.
fn begun(silences: &Value, start: &str) -> Result<String, UsageError> {
    let silences = silences.as_array().into_iter().flatten();
    let at_work = silences.filter(|silence| silence["ended_us"].is_null());
    let ids = at_work.filter_map(|silence| silence["id"].as_str());
    let found: Vec<&str> = ids.filter(|id| id.starts_with(start)).collect();
    match found.as_slice() {
        [] => Ok(start.to_owned()),
        [id] => Ok((*id).to_owned()),
        _ => Err(UsageError(format!(
            "{} silences begin with {start}; write more of the id",
            found.len()
        ))),
    }
}

impl SilenceCommand {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let access = Access::open(&global).await?;
        match self {
            Self::Add(add) => {
                let pair = |text: &String| {
                    let pair = text.split_once('=');
                    let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
                    pair.ok_or_else(|| UsageError(format!("{text}: write NAME=VALUE")))
                };
                let matchers = add
                    .matchers
                    .iter()
                    .map(pair)
                    .collect::<Result<BTreeMap<_, _>, _>>()?;
                let body = json!({"matchers": matchers, "for": add.lasts, "reason": add.reason, "until_clear": add.until_clear, "by": me(add.by)});
                let made = access
                    .api(Method::POST, "/api/v1/silences", Some(&body))
                    .await?;
                println!("{}", text(&made["id"]));
            }
            Self::List => {
                let list = access.api(Method::GET, "/api/v1/silences", None).await?;
                for row in list.as_array().into_iter().flatten() {
                    let ends = row["ended_us"]
                        .as_i64()
                        .or(row["expires_us"].as_i64())
                        .unwrap_or(0);
                    println!(
                        "{}  until {}  {}  {}: {}",
                        text(&row["id"]),
                        crate::time::rfc3339(ends),
                        text(&row["matchers"]),
                        text(&row["author"]),
                        text(&row["reason"])
                    );
                }
            }
            Self::End { id } => {
                let list = access.api(Method::GET, "/api/v1/silences", None).await?;
                let id = begun(&list, &id)?;
                let path = format!("/api/v1/silences/{}", encode(&id));
                access.api(Method::DELETE, &path, None).await?;
            }
        }
        Ok(DONE)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// Messages, the latest first
    List {
        /// queued, delivered, dead or dropped
        #[arg(long)]
        status: Option<String>,
    },
    /// Send a message that waits or was given up, now
    Retry {
        /// Its id
        id: String,
    },
    /// Give a message up
    Drop {
        /// Its id
        id: String,
    },
}

impl OutboxCommand {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let access = Access::open(&global).await?;
        let (id, act) = match self {
            Self::List { status } => {
                let filter = status.map(|status| format!("?status={}", encode(&status)));
                let path = format!("/api/v1/outbox{}", filter.unwrap_or_default());
                let list = access.api(Method::GET, &path, None).await?;
                for row in list.as_array().into_iter().flatten() {
                    println!(
                        "{}  {:9} {:>3} attempts  {} {}  {}  {}",
                        text(&row["id"]),
                        text(&row["status"]),
                        row["attempts"],
                        text(&row["target"]),
                        text(&row["action"]),
                        text(&row["summary"]),
                        text(&row["error"])
                    );
                }
                return Ok(DONE);
            }
            Self::Retry { id } => (id, "retry"),
            Self::Drop { id } => (id, "drop"),
        };
        let path = format!("/api/v1/outbox/{}/{act}", encode(&id));
        access.api(Method::POST, &path, None).await?;
        Ok(DONE)
    }
}

/// Examples:
///   logatlas review                       this week
///   logatlas review --week 2026-W47       that ISO week
///   logatlas review --week 2026-11-16     the week of that day
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Review {
    /// The week to look at, by its ISO number or a day in it [default: this one]
    #[arg(long, alias = "at", value_name = "WEEK", num_args = 0..=1)]
    week: Option<Option<String>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The Monday of `2026-W47`, or of `47`, a week of this year.
fn week_start(week: &str) -> Option<chrono::NaiveDate> {
    use chrono::Datelike;
    let (year, number) = match week.split_once("-W") {
        Some((year, number)) => (year.parse().ok()?, number),
        None => (chrono::Utc::now().iso_week().year(), week),
    };
    let number = number.parse().ok()?;
    chrono::NaiveDate::from_isoywd_opt(year, number, chrono::Weekday::Mon)
}

impl Review {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let access = Access::open(&global).await?;
        let at = self.week.flatten().map(|week| {
            let time = match week_start(&week) {
                Some(day) => format!("{day}T00:00:00Z"),
                None if week.contains('T') => week,
                None => format!("{week}T00:00:00Z"),
            };
            format!("?at={}", encode(&time))
        });
        let path = format!("/api/v1/review{}", at.unwrap_or_default());
        let review = access.api(Method::GET, &path, None).await?;
        if self.json {
            println!("{review:#}");
            return Ok(DONE);
        }
        println!("# Week {}\n", text(&review["week"]));
        println!(
            "| team | rule | incidents | pages | at night | never taken | MTTA p50 / p90 (n) | MTTR p50 / p90 (n) | something to do | noise |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        for row in ["teams", "rules"]
            .iter()
            .flat_map(|name| review[*name].as_array().cloned().unwrap_or_default())
        {
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                text(&row["team"]),
                text(&row["rule"]),
                row["incidents"],
                row["pages"],
                row["night_pages"],
                row["never_acknowledged"],
                spread(&row["mtta"]),
                spread(&row["mttr"]),
                share(&row["actionable"]),
                text(&row["noise"])
            );
        }
        for person in review["responders"].as_array().into_iter().flatten() {
            let interval = person["interval"].as_array().map(|interval| {
                format!(
                    " (95 %: {:.1} to {:.1})",
                    interval[0].as_f64().unwrap_or(0.0),
                    interval[1].as_f64().unwrap_or(0.0)
                )
            });
            println!(
                "\n{} took {}{}",
                text(&person["name"]),
                person["incidents"],
                interval.unwrap_or_default()
            );
        }
        for debrief in review["debriefs"].as_array().into_iter().flatten() {
            println!("\n**Debrief** {}", text(debrief));
        }
        let silent = review["silent_rules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if !silent.is_empty() {
            let names: Vec<String> = silent.iter().map(text).collect();
            println!("\nNot once near a breach in 90 days: {}", names.join(", "));
        }
        Ok(DONE)
    }
}

fn spread(value: &Value) -> String {
    let time = |name: &str| match value[name].as_f64() {
        Some(seconds) if seconds >= 60.0 => format!("{:.0} min", seconds / 60.0),
        Some(seconds) => format!("{seconds:.0} s"),
        None => "-".into(),
    };
    format!("{} / {} ({})", time("median_s"), time("p90_s"), value["n"])
}

/// `67 % of 3 (21 to 94 %)`, or that nobody knows.
pub(super) fn share(value: &Value) -> String {
    let percent = |name: &str| {
        value[name]
            .as_f64()
            .map(|share| format!("{:.0}", share * 100.0))
    };
    match (percent("value"), percent("lo"), percent("hi")) {
        (Some(value_), Some(lo), Some(hi)) => {
            format!("{value_} % of {} ({lo} to {hi} %)", value["n"])
        }
        _ => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_enough_when_no_other_begins_so() {
        let silence = |id: &str, ended: Value| json!({"id": id, "ended_us": ended});
        let all = json!([
            silence("0190aa", Value::Null),
            silence("0190ab", Value::Null),
            silence("0191ff", json!(5)),
        ]);
        for (start, expected) in [("0190aa", "0190aa"), ("0191", "0191"), ("x", "x")] {
            assert_eq!(begun(&all, start).unwrap(), expected);
        }
        let error = begun(&all, "0190a").unwrap_err().to_string();
        assert!(error.starts_with("2 silences begin with 0190a"), "{error}");
    }
}
