//! Pictures without a browser: maps and charts as SVG or PNG, and a map for the terminal.
//!
//! Rows go in, a picture comes out; nothing here reads a clock or a file. A picture is laid out once, as a list of
//! marks (`canvas`), and written by plotters (`render`). Colours, thresholds and words are those of the web view:
//! the same colour means the same everywhere. Text comes from logs and is hostile; `canvas` is the one place where
//! it enters a picture.

mod axis;
mod canvas;
mod layout;
mod map;
mod number;
mod palette;
mod plot;
mod render;
mod scene;
mod terminal;

use std::path::Path;

pub use terminal::terminal_map;

/// Fewer requests than this are hatched: too few to say. The shrinkage in the queries has the same weight.
pub const ENOUGH: i64 = 200;

/// Below, no legend fits; above, a picture takes more memory than a poster is worth.
pub const SIDE_PX: std::ops::RangeInclusive<u32> = 200..=8000;

/// Said in pictures of nothing.
const EMPTY: &str = "no requests in this window";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    #[error("`{0}` is not the name of an .svg or .png file")]
    Extension(String),
    #[error("a picture of {width}x{height} pixels: each side must have {} to {}", SIDE_PX.start(), SIDE_PX.end())]
    Size { width: u32, height: u32 },
    #[error("no outlines for the place `{0}`")]
    Place(String),
    #[error("cannot draw: {0}")]
    Draw(String),
}

/// The file type of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Svg,
    Png,
}

impl Output {
    /// Returns the type that the file's extension asks for.
    pub fn of(path: &Path) -> Result<Output, ChartError> {
        let extension = path.extension().map(|it| it.to_ascii_lowercase());
        match extension.as_ref().and_then(|it| it.to_str()) {
            Some("svg") => Ok(Output::Svg),
            Some("png") => Ok(Output::Png),
            _ => Err(ChartError::Extension(path.display().to_string())),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Dark,
    Light,
}

/// What the colour of a map says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// The error rate, shrunk towards the parent's.
    #[default]
    Rate,
    /// Failed requests.
    Count,
    /// The shrunk rate less that of an earlier window.
    Change,
}

/// One area of a map: a row of the `errors_by_*` and `change_by_*` queries.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// Code of the country or region; none for requests of unknown place.
    pub id: Option<String>,
    /// Requests.
    pub n: i64,
    /// Those that failed on the server's side.
    pub k: i64,
    pub rate: Option<f64>,
    pub shrunk: Option<f64>,
    /// Wilson 95 % interval of the rate.
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    /// Of the shrunk rate, against an earlier window.
    pub change: Option<f64>,
    /// Whether the change is more than chance.
    pub significant: bool,
}

/// A city on a map; its area is its failed requests.
#[derive(Clone, Debug, Default)]
pub struct Bubble {
    pub lat: f64,
    pub lon: f64,
    pub name: String,
    pub n: i64,
    pub k: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct MapPicture<'a> {
    pub title: &'a str,
    /// The window in words, with its zone.
    pub subtitle: &'a str,
    /// ISO 3166-1 alpha-2 of a country to show by regions; the world by countries if none.
    pub place: Option<&'a str>,
    pub metric: Metric,
    pub cells: &'a [Cell],
    pub bubbles: &'a [Bubble],
    /// Credit that the data's licences ask for.
    pub attribution: &'a str,
    pub theme: Theme,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Values over time. A gap of several steps, or a value that is no number, breaks the line.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub name: String,
    /// Microseconds since 1970 UTC, ascending.
    pub points: Vec<(i64, f64)>,
}

/// A value with a name.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    pub label: String,
    pub value: f64,
}

/// Values of each hour of a week, Monday first, UTC; none where nothing was logged.
pub type Week = [[Option<f64>; 24]; 7];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Values are shares: 0.05 is shown as 5 %.
    Percent,
    Number,
}

#[derive(Clone, Copy, Debug)]
pub enum Plot<'a> {
    Line(&'a [Series]),
    Bar(&'a [Bar]),
    Heat(&'a Week),
}

#[derive(Clone, Copy, Debug)]
pub struct ChartPicture<'a> {
    pub title: &'a str,
    pub subtitle: &'a str,
    pub unit: Unit,
    pub plot: Plot<'a>,
    /// Credit or note; may be empty.
    pub attribution: &'a str,
    pub theme: Theme,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Returns the bytes of a file with the map.
pub fn draw_map(picture: &MapPicture<'_>, output: Output) -> Result<Vec<u8>, ChartError> {
    let canvas = canvas::Canvas::new(picture.size, picture.theme)?;
    render::render(&map::draw(picture, canvas)?, picture.title, output)
}

/// Returns the bytes of a file with the chart.
pub fn draw_chart(picture: &ChartPicture<'_>, output: Output) -> Result<Vec<u8>, ChartError> {
    let canvas = canvas::Canvas::new(picture.size, picture.theme)?;
    render::render(&plot::draw(picture, canvas)?, picture.title, output)
}

impl Cell {
    /// Reads a row of `errors_by_*` or `change_by_*`; `kind` is the column that names the place.
    pub fn of_row(row: &serde_json::Value, kind: &str) -> Self {
        Self {
            id: row[kind].as_str().map(str::to_owned),
            n: row["n"].as_i64().unwrap_or(0),
            k: row["k"].as_i64().unwrap_or(0),
            rate: row["rate"].as_f64(),
            shrunk: row["shrunk"].as_f64(),
            lo: row["lo"].as_f64(),
            hi: row["hi"].as_f64(),
            change: row["change"].as_f64(),
            significant: row["significant"].as_bool().unwrap_or(false),
        }
    }
}

impl Bubble {
    /// Reads a row of `errors_by_city`; none for a city that has no place.
    pub fn of_row(row: &serde_json::Value) -> Option<Self> {
        Some(Self {
            lat: row["lat"].as_f64()?,
            lon: row["lon"].as_f64()?,
            name: row["city"].as_str()?.to_owned(),
            n: row["n"].as_i64()?,
            k: row["k"].as_i64()?,
        })
    }
}

/// A window in milliseconds as people read it: `2026-11-22 21:39 - 2026-11-23 21:39 UTC`
pub fn window_text((from, to): (i64, i64)) -> String {
    let time = |ms: i64| {
        let time = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
        time.format("%Y-%m-%d %H:%M").to_string()
    };
    format!("{} – {} UTC", time(from), time(to))
}

#[cfg(test)]
mod tests;
