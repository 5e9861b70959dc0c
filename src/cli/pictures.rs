//! `map` and `chart`: pictures from the saved queries.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::ask::{Window, bind};
use super::connect::{Access, saved_queries};
use super::{DONE, Global, UsageError};
use crate::chart::{
    self, Bar, Bubble, Cell, ChartPicture, MapPicture, Metric, Output, Plot, Series, Theme, Unit,
    Week, window_text,
};

/// Size of a picture unless told.
const SIZE: &str = "1200x675";
/// Between credits.
const CREDIT_GAP: &str = " · ";
/// A base window for changes reaches this many windows back, as the hour does into the day before it.
const BASE_WINDOWS: i64 = 23;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MetricArg {
    /// Error rate, drawn towards its parent's
    Rate,
    /// Number of errors
    Count,
    /// Against the 23 windows before
    Change,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ThemeArg {
    Dark,
    Light,
}

#[derive(Debug, Args)]
struct Look {
    /// Colours of a picture
    #[arg(long, value_enum, default_value = "dark")]
    theme: ThemeArg,
    /// Width and height of a picture in pixels
    #[arg(long, default_value = SIZE, value_name = "WxH")]
    size: String,
}

impl Look {
    fn theme(&self) -> Theme {
        match self.theme {
            ThemeArg::Dark => Theme::Dark,
            ThemeArg::Light => Theme::Light,
        }
    }

    fn size(&self) -> Result<(u32, u32), UsageError> {
        let sides = self.size.split_once('x');
        let sides =
            sides.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        sides.ok_or_else(|| UsageError(format!("--size {}: write {SIZE}", self.size)))
    }
}

/// Examples:
///   logatlas map                                   in the terminal, over everything there is
///   logatlas map --from 1h --metric change
///   logatlas map --place DE --out germany.svg
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Map {
    /// Write a picture, .svg or .png, instead of drawing in the terminal
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    window: Window,
    /// A country by its code, shown by regions
    #[arg(long, value_name = "CC")]
    place: Option<String>,
    /// What the colour says
    #[arg(long, value_enum, default_value = "rate")]
    metric: MetricArg,
    #[command(flatten)]
    look: Look,
}

impl Map {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let output = self
            .out
            .as_deref()
            .map(Output::of)
            .transpose()
            .map_err(usage)?;
        let access = Access::to_existing(&global).await?;
        let window = self.window.bounds(&access).await?;
        let metric = match self.metric {
            MetricArg::Rate => Metric::Rate,
            MetricArg::Count => Metric::Count,
            MetricArg::Change => Metric::Change,
        };
        let place = self.place.as_deref().map(str::to_ascii_uppercase);
        let kind = if place.is_some() { "region" } else { "country" };
        let rows = self.rows(&global, &access, kind, &place, window).await?;
        let cells: Vec<Cell> = rows.iter().map(|row| Cell::of_row(row, kind)).collect();
        let Some((path, output)) = self.out.as_ref().zip(output) else {
            let (columns, rows) = terminal_size();
            let is_colour =
                std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let drawn =
                chart::terminal_map(place.as_deref(), &cells, metric, columns, rows, is_colour);
            println!("{}", drawn.map_err(usage)?);
            return Ok(DONE);
        };
        // On the world the cities of Europe would cover each other.
        let cities = match place {
            Some(_) => self.rows(&global, &access, "city", &place, window).await?,
            None => Vec::new(),
        };
        let bubbles: Vec<Bubble> = cities.iter().filter_map(Bubble::of_row).collect();
        let mut credit = access.attributions().await?;
        credit.push("Outlines: Natural Earth".into());
        let picture = MapPicture {
            title: match metric {
                Metric::Rate => "Share of requests that fail",
                Metric::Count => "Requests that fail",
                Metric::Change => "Change of the share that fails",
            },
            subtitle: &window_text(window),
            place: place.as_deref(),
            metric,
            cells: &cells,
            bubbles: &bubbles,
            attribution: &credit.join(CREDIT_GAP),
            theme: self.look.theme(),
            size: self.look.size()?,
        };
        write(path, &chart::draw_map(&picture, output).map_err(usage)?)
    }

    /// Rows of `errors_by_*`, or of `change_by_*` for changes.
    async fn rows(
        &self,
        global: &Global,
        access: &Access,
        kind: &str,
        place: &Option<String>,
        (from, to): (i64, i64),
    ) -> anyhow::Result<Vec<Value>> {
        let mut params: Vec<String> = Vec::new();
        if let Some(country) = place
            && kind != "country"
        {
            params.push(format!("country={country}"));
        }
        let change = matches!(self.metric, MetricArg::Change);
        if change {
            params.push(format!("base_from={}", from - BASE_WINDOWS * (to - from)));
            params.push(format!("base_to={from}"));
        }
        let name = format!("{}_by_{kind}", if change { "change" } else { "errors" });
        let sql = bind(&saved_queries(global), &name, &self.window, &params, access).await?;
        access.rows(&sql).await
    }
}

fn usage(error: chart::ChartError) -> anyhow::Error {
    match error {
        chart::ChartError::Draw(_) => error.into(),
        _ => UsageError(error.to_string()).into(),
    }
}

/// Columns and rows of the terminal.
fn terminal_size() -> (u16, u16) {
    let (rows, columns) = console::Term::stdout().size_checked().unwrap_or((40, 100));
    (columns, rows)
}

fn write(path: &std::path::Path, bytes: &[u8]) -> anyhow::Result<u8> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(DONE)
}

/// Draws a saved query: over time when it has a column `t`, as a week when it has `weekday` and `hour`, as
/// bars otherwise.
///
/// Examples:
///   logatlas chart errors_over_time --from 24h --out errors.svg
///   logatlas chart host_load --from 2h --column cpu_pct --out cpu.png
///   logatlas chart top_paths --out paths.png
///   logatlas chart hour_by_weekday --column k --out week.svg
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Chart {
    /// Name of the saved query
    query: String,
    /// Where the picture goes, .svg or .png
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    window: Window,
    /// Another parameter of the query
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Column to draw [default: rate, else n, else the first number]
    #[arg(long)]
    column: Option<String>,
    #[command(flatten)]
    look: Look,
}

impl Chart {
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let output = Output::of(&self.out).map_err(usage)?;
        let queries = saved_queries(&global);
        let title = queries.get(&self.query)?.title;
        let access = Access::to_existing(&global).await?;
        let window = self.window.bounds(&access).await?;
        let sql = bind(&queries, &self.query, &self.window, &self.params, &access).await?;
        let rows = access.rows(&sql).await?;
        let column = self.value_column(&rows)?;
        let (series, bars, week);
        let first = rows.first().cloned().unwrap_or_default();
        let plot = if first.get("t").is_some() {
            series = series_of(&rows, &column);
            Plot::Line(&series)
        } else if first.get("weekday").is_some() {
            week = week_of(&rows, &column);
            Plot::Heat(&week)
        } else {
            bars = bars_of(&rows, &column);
            Plot::Bar(&bars)
        };
        let picture = ChartPicture {
            title: &title,
            subtitle: &format!("{}, {}", column, window_text(window)),
            unit: if is_share(&column) {
                Unit::Percent
            } else {
                Unit::Number
            },
            plot,
            attribution: &access.attributions().await?.join(CREDIT_GAP),
            theme: self.look.theme(),
            size: self.look.size()?,
        };
        write(
            &self.out,
            &chart::draw_chart(&picture, output).map_err(usage)?,
        )
    }

    fn value_column(&self, rows: &[Value]) -> Result<String, UsageError> {
        let Some(Value::Object(first)) = rows.first() else {
            return Ok(self.column.clone().unwrap_or_else(|| "rate".into()));
        };
        let is_value =
            |name: &str| !["t", "weekday", "hour", "status", "lat", "lon"].contains(&name);
        let numbers: Vec<&String> = first
            .iter()
            .filter(|(name, value)| value.is_number() && is_value(name))
            .map(|(name, _)| name)
            .collect();
        match &self.column {
            Some(name) if numbers.contains(&name) => Ok(name.clone()),
            Some(name) => {
                let known = numbers
                    .iter()
                    .map(|name| name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                Err(UsageError(format!(
                    "--column {name}: {} has {known}",
                    self.query
                )))
            }
            None if numbers.iter().any(|name| *name == "rate") => Ok("rate".into()),
            None if numbers.iter().any(|name| *name == "n") => Ok("n".into()),
            None => numbers
                .first()
                .map(|name| (*name).clone())
                .ok_or_else(|| UsageError(format!("{} has no number to draw", self.query))),
        }
    }
}

fn is_share(column: &str) -> bool {
    ["rate", "lo", "hi", "shrunk", "parent_rate", "change"].contains(&column)
}

/// A line for each value of the text columns, in order of time.
fn series_of(rows: &[Value], column: &str) -> Vec<Series> {
    let mut lines: BTreeMap<String, Series> = BTreeMap::new();
    for row in rows {
        let time = row["t"].as_str().and_then(read_time);
        let (Some(us), Some(value)) = (time, row[column].as_f64()) else {
            continue;
        };
        let name = label(row).unwrap_or_else(|| column.to_owned());
        let line = lines.entry(name.clone()).or_insert_with(|| Series {
            name,
            points: Vec::new(),
        });
        line.points.push((us, value));
    }
    lines.into_values().collect()
}

/// A timestamp as the JSON writer spells it, with or without a zone.
fn read_time(text: &str) -> Option<i64> {
    crate::time::parse_rfc3339(text).or_else(|| crate::time::parse_rfc3339(&format!("{text}Z")))
}

fn bars_of(rows: &[Value], column: &str) -> Vec<Bar> {
    let bar = |row: &Value| {
        let status = row["status"].as_i64().map(|status| status.to_string());
        Some(Bar {
            label: label(row).or(status).unwrap_or_else(|| "unknown".into()),
            value: row[column].as_f64()?,
        })
    };
    rows.iter().filter_map(bar).collect()
}

fn week_of(rows: &[Value], column: &str) -> Week {
    let mut week: Week = [[None; 24]; 7];
    for row in rows {
        let at = |name: &str| row[name].as_u64().and_then(|n| usize::try_from(n).ok());
        if let (Some(weekday @ 1..=7), Some(hour @ 0..24)) = (at("weekday"), at("hour")) {
            week[weekday - 1][hour] = row[column].as_f64();
        }
    }
    week
}

/// The texts of a row, its time aside.
fn label(row: &Value) -> Option<String> {
    let texts = row
        .as_object()?
        .iter()
        .filter(|(name, _)| *name != "t")
        .filter_map(|(_, value)| value.as_str());
    let text = texts.collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}
