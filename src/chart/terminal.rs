//! The map of errors in a terminal, with colours or without.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::canvas::spans;
use super::map::{Worst, evidence, order, value, worst};
use super::palette::{Shade, shade_of, thresholds};
use super::scene::Scene;
use super::{Cell, ChartError, EMPTY, ENOUGH, Metric, number};
use crate::shapes::Rect;

const N_WORST: usize = 5;
/// Legend, unknown place, heading and the worst places.
const LINES_BELOW: u16 = 4 + N_WORST as u16;
const COLUMNS: std::ops::RangeInclusive<u16> = 40..=400;
const MAP_ROWS: std::ops::RangeInclusive<u16> = 8..=120;

/// Signs of steps where there is no colour, from sparse to dense.
const RATE_SIGNS: [char; 6] = [':', '-', '=', '+', '#', '@'];
/// Better is low, worse is high.
const CHANGE_SIGNS: [char; 7] = ['L', 'l', '-', '=', '+', 'h', 'H'];
const BLANK_SIGN: char = '.';
const FEW_SIGN: char = '?';
const PALE_SIGN: char = '~';

/// Returns a map of the world, or of a country by its regions, for a terminal of this size: the map, its legend
/// and the five worst places. Every line says with signs or words what it says with colour.
pub fn terminal_map(
    place: Option<&str>,
    cells: &[Cell],
    metric: Metric,
    columns: u16,
    rows: u16,
    colour: bool,
) -> Result<String, ChartError> {
    let columns = columns.clamp(*COLUMNS.start(), *COLUMNS.end());
    let rows = rows.saturating_sub(LINES_BELOW);
    // The world is about twice as wide as high, and so are two of a terminal's cells.
    let rows = rows
        .min(columns / 4 + 1)
        .clamp(*MAP_ROWS.start(), *MAP_ROWS.end());
    let grid = Grid::of(place, cells, metric, columns, rows)?;
    let mut text = String::new();
    for row in grid.rows_with_land() {
        let line = match colour {
            true => grid.coloured(row, metric),
            false => grid.signs(row, metric),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    legend(&mut text, metric, colour, usize::from(columns));
    below(&mut text, place, cells, metric);
    Ok(text)
}

/// Half a terminal cell is a pixel; none is sea.
struct Grid {
    width: usize,
    pixels: Vec<Option<Shade>>,
}

impl Grid {
    fn of(
        place: Option<&str>,
        cells: &[Cell],
        metric: Metric,
        columns: u16,
        rows: u16,
    ) -> Result<Grid, ChartError> {
        let shades: HashMap<&str, Shade> = cells
            .iter()
            .filter(|cell| cell.n > 0)
            .filter_map(|cell| Some((cell.id.as_deref()?, shade_of(metric, cell))))
            .collect();
        let seen: HashSet<&str> = shades.keys().copied().collect();
        let (width, height) = (usize::from(columns), 2 * usize::from(rows));
        let rect = Rect {
            x: 0.0,
            y: 0.0,
            width: width as f64,
            height: height as f64,
        };
        let scene = Scene::of(place, &seen, rect.inset(0.5))?;
        let mut grid = Grid {
            width,
            pixels: vec![None; width * height],
        };
        let shade = |id: Option<&str>| {
            id.and_then(|id| shades.get(id))
                .copied()
                .unwrap_or(Shade::Blank)
        };
        for area in &scene.areas {
            let shade = shade(area.id.as_deref());
            for polygon in &area.polygons {
                for y in 0..height {
                    for (from, to) in spans(polygon, y as f64 + 0.5) {
                        let from = (from - 0.5).ceil().max(0.0) as usize;
                        let to = (to - 0.5).ceil().clamp(0.0, rect.width) as usize;
                        for x in from..to {
                            grid.set(x, y, shade);
                        }
                    }
                }
            }
        }
        // Places without a pixel of their own.
        for (id, (x, y)) in &scene.dots {
            if rect.contains((*x, *y)) {
                grid.set(*x as usize, *y as usize, shade(Some(id)));
            }
        }
        Ok(grid)
    }

    fn set(&mut self, x: usize, y: usize, shade: Shade) {
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut(y * self.width + x)
        {
            *pixel = Some(shade);
        }
    }

    fn at(&self, x: usize, y: usize) -> Option<Shade> {
        self.pixels.get(y * self.width + x).copied().flatten()
    }

    /// Terminal rows, without those of open sea above and below.
    fn rows_with_land(&self) -> std::ops::Range<usize> {
        let n_rows = self.pixels.len() / (2 * self.width);
        let has_land = |row: &usize| {
            let pixels = self.pixels.chunks_exact(2 * self.width).nth(*row);
            pixels.is_some_and(|pixels| pixels.iter().any(Option::is_some))
        };
        let first = (0..n_rows).find(has_land).unwrap_or(0);
        let last = (0..n_rows).rev().find(has_land).unwrap_or(0);
        first..last + 1
    }

    fn signs(&self, row: usize, metric: Metric) -> String {
        let sign = |x| {
            let (upper, lower) = (self.at(x, 2 * row), self.at(x, 2 * row + 1));
            // The half that says more.
            let shade = [upper, lower]
                .into_iter()
                .flatten()
                .max_by_key(|shade| weight(*shade));
            shade.map_or(' ', |shade| sign_of(shade, metric))
        };
        (0..self.width).map(sign).collect()
    }

    fn coloured(&self, row: usize, metric: Metric) -> String {
        let mut line = String::new();
        let mut last = (None, None);
        let mut is_plain = true;
        let n_used = (0..self.width)
            .rev()
            .find(|x| self.at(*x, 2 * row).or(self.at(*x, 2 * row + 1)).is_some())
            .map_or(0, |x| x + 1);
        for x in 0..n_used {
            let colour = |y| self.at(x, y).map(|shade| colour_code(shade, metric, x + y));
            let halves = (colour(2 * row), colour(2 * row + 1));
            if halves != last {
                if !is_plain {
                    line.push_str("\x1b[0m");
                }
                is_plain = halves == (None, None);
                let codes = match halves {
                    (Some(upper), Some(lower)) => format!("\x1b[38;5;{upper};48;5;{lower}m"),
                    (Some(half), None) | (None, Some(half)) => format!("\x1b[38;5;{half}m"),
                    (None, None) => String::new(),
                };
                line.push_str(&codes);
                last = halves;
            }
            line.push(match halves {
                (None, None) => ' ',
                (None, Some(_)) => '▄',
                _ => '▀',
            });
        }
        if !is_plain {
            line.push_str("\x1b[0m");
        }
        line
    }
}

/// What wins where two areas share a sign.
fn weight(shade: Shade) -> usize {
    match shade {
        Shade::Blank => 0,
        Shade::Few(_) => 1,
        Shade::Pale(_) => 2,
        Shade::Step(step) => 3 + step,
    }
}

fn sign_of(shade: Shade, metric: Metric) -> char {
    match shade {
        Shade::Blank => BLANK_SIGN,
        Shade::Few(_) => FEW_SIGN,
        Shade::Pale(_) => PALE_SIGN,
        Shade::Step(step) => {
            let signs = match metric {
                Metric::Change => &CHANGE_SIGNS[..],
                Metric::Rate | Metric::Count => &RATE_SIGNS[..],
            };
            signs.get(step).copied().unwrap_or(BLANK_SIGN)
        }
    }
}

/// The code of one of xterm's 256 colours. They are too few to take the pictures' colours over: the lowest step
/// would look like land.
fn colour_code(shade: Shade, metric: Metric, parity: usize) -> u8 {
    const LAND: u8 = 236;
    const RATE: [u8; 6] = [60, 97, 132, 167, 209, 221];
    const CHANGE: [u8; 7] = [117, 74, 31, 240, 130, 172, 221];
    const PALE: [u8; 7] = [24, 24, 24, 238, 94, 94, 94];
    let of = |codes: &[u8], step: usize| codes.get(step).copied().unwrap_or(LAND);
    let full = |step| match metric {
        Metric::Rate | Metric::Count => of(&RATE, step),
        Metric::Change => of(&CHANGE, step),
    };
    match shade {
        Shade::Blank => LAND,
        Shade::Step(step) => full(step),
        Shade::Pale(step) => of(&PALE, step),
        // A chequered area stands for the hatched one.
        Shade::Few(step) if parity.is_multiple_of(2) => full(step),
        Shade::Few(_) => LAND,
    }
}

fn legend(text: &mut String, metric: Metric, colour: bool, columns: usize) {
    let swatch = |shade: Shade| {
        if colour {
            let half = |parity| colour_code(shade, metric, parity);
            format!("\x1b[38;5;{};48;5;{}m▀▀\x1b[0m", half(0), half(1))
        } else {
            sign_of(shade, metric).to_string()
        }
    };
    let thresholds = thresholds(metric);
    let mut items: Vec<String> = Vec::new();
    for step in 0..=thresholds.len() {
        let bound = match (
            step.checked_sub(1).and_then(|idx| thresholds.get(idx)),
            thresholds.get(step),
        ) {
            (_, Some(upper)) => format!("<{}", bound(metric, *upper)),
            (Some(lower), None) => format!("≥{}", bound(metric, *lower)),
            (None, None) => String::new(),
        };
        items.push(format!("{} {bound}", swatch(Shade::Step(step))));
    }
    let unit = match metric {
        Metric::Rate => "% of requests failed",
        Metric::Count => "errors",
        Metric::Change => "points of change",
    };
    let mut more = Vec::new();
    if metric != Metric::Count {
        more.push(format!(
            "{} under {ENOUGH} requests: too few to say",
            swatch(Shade::Few(3))
        ));
    }
    if metric == Metric::Change {
        more.push(format!("{} within chance", swatch(Shade::Pale(5))));
    }
    more.push(format!("{} no requests", swatch(Shade::Blank)));
    items.push(unit.to_owned());
    push_items(text, &items, columns);
    push_items(text, &more, columns);
}

/// Items side by side, in as many lines as they need.
fn push_items(text: &mut String, items: &[String], columns: usize) {
    let mut line = String::new();
    for item in items {
        if !line.is_empty() && visible_width(&line) + 2 + visible_width(item) > columns {
            push_line(text, &line);
            line.clear();
        }
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(item);
    }
    push_line(text, &line);
}

/// Characters that are not part of a colour's code.
fn visible_width(text: &str) -> usize {
    let mut pieces = text.split('\x1b');
    let plain = pieces.next().map_or(0, |piece| piece.chars().count());
    let after_codes = pieces.filter_map(|piece| piece.split_once('m'));
    plain
        + after_codes
            .map(|(_, rest)| rest.chars().count())
            .sum::<usize>()
}

fn bound(metric: Metric, threshold: f64) -> String {
    match metric {
        Metric::Count => number::count(threshold),
        Metric::Rate | Metric::Change => number::short_percent(threshold),
    }
}

fn below(text: &mut String, place: Option<&str>, cells: &[Cell], metric: Metric) {
    if !cells.iter().any(|cell| cell.n > 0) {
        push_line(text, EMPTY);
        return;
    }
    let unknown: Vec<&Cell> = cells.iter().filter(|cell| cell.id.is_none()).collect();
    let n: i64 = unknown.iter().map(|cell| cell.n).sum();
    let k: i64 = unknown.iter().map(|cell| cell.k).sum();
    let what = if place.is_some() {
        "unknown region"
    } else {
        "unknown place"
    };
    let rest = match n > 0 {
        true => format!(
            "{} of {} failed ({})",
            number::count(k as f64),
            number::count(n as f64),
            number::percent(k as f64 / n as f64)
        ),
        false => "none".to_owned(),
    };
    push_line(text, &format!("{what}: {rest}"));
    let places = worst(cells, metric, N_WORST);
    if places.is_empty() {
        return;
    }
    push_line(text, &format!("{}:", order(metric)));
    for Worst { cell, name, shade } in places {
        let few = if matches!(shade, Shade::Few(_)) {
            " (too few to say)"
        } else {
            ""
        };
        let (value, evidence) = (value(cell, metric), evidence(cell));
        push_line(text, &format!("{value:>9}  {evidence:<34} {name}{few}"));
    }
}

/// Terminals have no thin spaces.
fn push_line(text: &mut String, line: &str) {
    writeln!(text, "{}", line.replace('\u{202f}', " ").trim_end())
        .expect("writing into a String cannot fail");
}
