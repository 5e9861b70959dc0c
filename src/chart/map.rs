//! The map of errors: areas by colour, cities as bubbles, the worst places by name.

use std::collections::{HashMap, HashSet};

use super::canvas::{Align, Canvas, Ink, clean, text_width};
use super::palette::{Colour, Shade, shade_of, thresholds};
use super::scene::{Area, Scene};
use super::{Bubble, Cell, ChartError, ENOUGH, MapPicture, Metric, layout, number};
use crate::places;
use crate::shapes::{Point, Rect};

const PANEL_WIDTH: f64 = 216.0;
const PANEL_GAP: f64 = 18.0;
/// Narrower pictures have no list beside the map.
const WIDTH_WITH_PANEL: f64 = 760.0;
const PANEL_ROW: f64 = 35.0;
const PANEL_ROWS_MAX: usize = 10;
const BUBBLE_RADIUS_MAX: f64 = 15.0;
const BUBBLES_MAX: usize = 400;
const LABELS_MAX: usize = 8;
/// Points of an outline that are closer cannot be told apart.
const POINT_GAP: f64 = 0.5;

pub(super) fn draw(picture: &MapPicture<'_>, mut canvas: Canvas) -> Result<Canvas, ChartError> {
    let cells: HashMap<&str, &Cell> = picture
        .cells
        .iter()
        .filter(|cell| cell.n > 0)
        .filter_map(|cell| Some((cell.id.as_deref()?, cell)))
        .collect();
    let is_empty = !picture.cells.iter().any(|cell| cell.n > 0);
    let mut room = layout::frame(
        &mut canvas,
        picture.title,
        picture.subtitle,
        picture.attribution,
    );
    let is_upright = room.height > room.width;
    if canvas.width >= WIDTH_WITH_PANEL && !is_upright && !is_empty {
        room.width -= PANEL_WIDTH + PANEL_GAP;
        let panel = Rect {
            x: room.right() + PANEL_GAP,
            width: PANEL_WIDTH,
            ..room
        };
        draw_panel(&mut canvas, picture, panel);
    }
    let legend = Legend::of(picture, room);
    let mut sea = Rect {
        height: (room.height - legend.height - 12.0).max(1.0),
        ..room
    };
    if is_upright && !is_empty {
        // The world is broad; below it is room for the list.
        let share = if picture.place.is_some() { 0.9 } else { 0.56 };
        sea.height = sea.height.min(room.width * share);
        let y = sea.bottom() + legend.height + 30.0;
        let panel = Rect {
            y,
            height: (room.bottom() - y).max(1.0),
            ..room
        };
        if panel.height > 2.0 * PANEL_ROW {
            draw_panel(&mut canvas, picture, panel);
        }
    }
    legend.draw(&mut canvas, picture, sea.bottom() + 12.0);

    let seen: HashSet<&str> = cells.keys().copied().collect();
    let scene = Scene::of(picture.place, &seen, sea.inset(8.0))?;
    canvas.rect(sea, canvas.palette.sea);
    draw_areas(&mut canvas, &scene, &cells, picture.metric);
    let bubbles = placed_bubbles(picture.bubbles, &scene, sea);
    draw_bubbles(&mut canvas, &bubbles);
    if picture.place.is_some() {
        label_bubbles(&mut canvas, &bubbles, sea);
    }
    if is_empty {
        layout::empty(&mut canvas, sea);
    }
    Ok(canvas)
}

fn draw_areas(canvas: &mut Canvas, scene: &Scene, cells: &HashMap<&str, &Cell>, metric: Metric) {
    let palette = canvas.palette;
    let (_, border) = palette.ground(metric);
    let shade = |id: Option<&str>| {
        let cell = id.and_then(|id| cells.get(id));
        cell.map_or(Shade::Blank, |cell| shade_of(metric, cell))
    };
    for Area { id, polygons } in &scene.areas {
        for polygon in polygons {
            let rings: Vec<Vec<Point>> = polygon.iter().map(|ring| thinned(ring)).collect();
            if rings.first().is_some_and(|ring| ring.len() > 2) {
                fill(canvas, rings, shade(id.as_deref()), metric);
            }
        }
    }
    for line in &scene.borders {
        canvas.line(thinned(line), border, 0.6);
    }
    for line in &scene.coasts {
        canvas.line(thinned(line), palette.coast, 0.6);
    }
    for frame in &scene.frames {
        canvas.outline(*frame, palette.line, 1.0);
    }
    for (id, at) in &scene.dots {
        let colour = flat(canvas, shade(Some(id)), metric);
        canvas.disc(*at, 3.4, palette.coast);
        canvas.disc(*at, 2.6, colour);
    }
}

/// The colour of a shade where there is no room for a texture.
fn flat(canvas: &Canvas, shade: Shade, metric: Metric) -> Colour {
    let palette = canvas.palette;
    let (land, _) = palette.ground(metric);
    let steps = palette.steps(metric);
    let colour = |step: usize| steps.get(step).copied().unwrap_or(land);
    match shade {
        Shade::Blank => land,
        Shade::Step(step) => colour(step),
        Shade::Few(step) => colour(step).over(land, 0.6),
        Shade::Pale(step) => colour(step).over(palette.land, 0.35),
    }
}

fn fill(canvas: &mut Canvas, rings: Vec<Vec<Point>>, shade: Shade, metric: Metric) {
    if let Shade::Few(step) = shade {
        let (land, _) = canvas.palette.ground(metric);
        canvas.area(rings.clone(), land);
        let stripes = flat(canvas, Shade::Step(step), metric);
        canvas.hatch(&rings, stripes, 4.5, 1.7);
    } else {
        let colour = flat(canvas, shade, metric);
        canvas.area(rings, colour);
    }
}

fn thinned(line: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for (idx, point) in line.iter().enumerate() {
        let is_far = kept
            .last()
            .is_none_or(|last| (last.0 - point.0).hypot(last.1 - point.1) > POINT_GAP);
        if is_far || idx + 1 == line.len() {
            kept.push(*point);
        }
    }
    kept
}

/// A bubble in the picture: centre, radius.
type Placed<'a> = (&'a Bubble, Point, f64);

/// The largest first; its area is its errors.
fn placed_bubbles<'a>(bubbles: &'a [Bubble], scene: &Scene, sea: Rect) -> Vec<Placed<'a>> {
    let mut failed: Vec<&Bubble> = bubbles.iter().filter(|bubble| bubble.k > 0).collect();
    failed.sort_by(|a, b| b.k.cmp(&a.k).then_with(|| a.name.cmp(&b.name)));
    failed.truncate(BUBBLES_MAX);
    let largest = failed.first().map_or(1, |bubble| bubble.k) as f64;
    let unit = BUBBLE_RADIUS_MAX.min(sea.height / 18.0);
    let place = |bubble: &'a Bubble| {
        let at = scene.project(bubble.lon, bubble.lat)?;
        let radius = (bubble.k as f64 / largest).sqrt() * unit;
        sea.contains(at).then_some((bubble, at, radius.max(1.2)))
    };
    failed.into_iter().filter_map(place).collect()
}

fn draw_bubbles(canvas: &mut Canvas, bubbles: &[Placed<'_>]) {
    let colour = canvas.palette.bubble;
    for (_, at, radius) in bubbles {
        canvas.disc(*at, *radius, colour.faded(0.22));
        canvas.circle(*at, *radius, colour, 0.9);
    }
}

/// Names the largest bubbles where the name covers neither another name nor the edge.
fn label_bubbles(canvas: &mut Canvas, bubbles: &[Placed<'_>], sea: Rect) {
    let ink = Ink::new(10.5, canvas.palette.ink);
    let mut taken: Vec<Rect> = Vec::new();
    for (bubble, (x, y), radius) in bubbles.iter().take(2 * LABELS_MAX) {
        let width = text_width(&clean(&bubble.name), ink).min(120.0) + 8.0;
        let plate = |left: f64, top: f64| Rect {
            x: left,
            y: top,
            width,
            height: 15.0,
        };
        let sides = [
            plate(x + radius + 3.0, y - 7.5),
            plate(x - radius - 3.0 - width, y - 7.5),
            plate(x - width / 2.0, y + radius + 2.0),
            plate(x - width / 2.0, y - radius - 17.0),
        ];
        let is_free = |plate: &&Rect| {
            sea.contains((plate.x, plate.y))
                && sea.contains((plate.right(), plate.bottom()))
                && !taken.iter().any(|other| overlap(other, plate))
        };
        if let Some(plate) = sides.iter().find(is_free).copied() {
            canvas.rect(plate, canvas.palette.background.faded(0.78));
            canvas.text(&bubble.name, (plate.x + 4.0, plate.y + 11.3), width, ink);
            taken.push(plate);
        }
        if taken.len() == LABELS_MAX {
            break;
        }
    }
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

/// Scale and keys below the map.
struct Legend {
    keys: Vec<(Key, String)>,
    /// Where keys stand, from the top left of the legend.
    places: Vec<Point>,
    step_width: f64,
    height: f64,
}

enum Key {
    Few,
    Pale,
    NoRequests,
    Bubble,
    Unknown,
}

const KEY_INK: f64 = 10.5;
const KEY_ROW: f64 = 17.0;
const SWATCH: f64 = 18.0;

impl Legend {
    fn of(picture: &MapPicture<'_>, room: Rect) -> Legend {
        let few = (Key::Few, format!("under {ENOUGH} requests: too few to say"));
        let pale = (Key::Pale, "pale: within chance".to_owned());
        let mut keys = match picture.metric {
            Metric::Rate => vec![few],
            Metric::Change => vec![pale, few],
            Metric::Count => Vec::new(),
        };
        keys.push((Key::NoRequests, "no requests".to_owned()));
        if picture.bubbles.iter().any(|bubble| bubble.k > 0) {
            keys.push((Key::Bubble, "city, area by errors".to_owned()));
        }
        keys.push((Key::Unknown, unknown(picture)));

        let n_steps = thresholds(picture.metric).len() + 1;
        let step_width = (room.width / n_steps as f64).min(36.0);
        let ramp_width = step_width * n_steps as f64;
        let ink = Ink::new(KEY_INK, Colour::hex(0));
        let widths: Vec<f64> = keys
            .iter()
            .map(|(_, text)| SWATCH + 6.0 + text_width(text, ink))
            .collect();
        // Beside the scale if there is room, else below it.
        let beside = room.width - ramp_width - 26.0;
        let widest = widths.iter().copied().fold(240.0, f64::max);
        let (left, top, width) = if beside >= widest {
            (ramp_width + 26.0, 0.0, beside)
        } else {
            (0.0, 44.0, room.width)
        };
        let flowed = layout::flow(&widths, 16.0, width);
        let n_rows = flowed.last().map_or(0, |(_, row)| row + 1);
        let height = (top + n_rows as f64 * KEY_ROW).max(40.0);
        // In a thumbnail the map comes first.
        if height > room.height * 0.6 {
            return Legend {
                keys: Vec::new(),
                places: Vec::new(),
                step_width,
                height: 40.0,
            };
        }
        let place = |(x, row): (f64, usize)| (left + x, top + row as f64 * KEY_ROW);
        Legend {
            keys,
            places: flowed.into_iter().map(place).collect(),
            step_width,
            height,
        }
    }

    fn draw(&self, canvas: &mut Canvas, picture: &MapPicture<'_>, top: f64) {
        let palette = canvas.palette;
        let left = layout::MARGIN;
        let soft = Ink::new(KEY_INK, palette.soft);
        let metric = picture.metric;
        let title = match metric {
            Metric::Rate => "Errors / requests",
            Metric::Count => "Errors",
            Metric::Change => "Change of the error rate, in points",
        };
        let steps = palette.steps(metric);
        let ramp = Rect {
            x: left,
            y: top + 14.0,
            width: self.step_width * steps.len() as f64,
            height: 10.0,
        };
        canvas.text(title, (left, top + 9.0), ramp.width + 20.0, soft);
        for (idx, colour) in steps.iter().enumerate() {
            let x = left + idx as f64 * self.step_width;
            let width = self.step_width;
            canvas.rect(Rect { x, width, ..ramp }, *colour);
        }
        canvas.outline(ramp, palette.coast, 0.6);
        for (idx, threshold) in thresholds(metric).iter().enumerate() {
            let at = (left + (idx + 1) as f64 * self.step_width, top + 35.0);
            let ink = Ink::new(9.5, palette.soft).align(Align::Middle);
            canvas.text(&threshold_label(metric, *threshold), at, 60.0, ink);
        }
        for ((key, text), (x, y)) in self.keys.iter().zip(&self.places) {
            let (x, y) = (left + x, top + y);
            draw_key(
                canvas,
                key,
                Rect {
                    x,
                    y,
                    width: SWATCH,
                    height: 11.0,
                },
                metric,
            );
            canvas.text(
                text,
                (x + SWATCH + 6.0, y + 9.3),
                canvas.width - x - SWATCH - 26.0,
                soft,
            );
        }
    }
}

fn draw_key(canvas: &mut Canvas, key: &Key, swatch: Rect, metric: Metric) {
    let palette = canvas.palette;
    let (right, bottom) = (swatch.right(), swatch.bottom());
    let corners = vec![vec![
        (swatch.x, swatch.y),
        (right, swatch.y),
        (right, bottom),
        (swatch.x, bottom),
    ]];
    let (x, y) = (
        swatch.x + swatch.width / 2.0,
        swatch.y + swatch.height / 2.0,
    );
    let step = palette.steps(metric).len() - 2;
    match key {
        Key::Few => fill(canvas, corners, Shade::Few(step - 1), metric),
        Key::Pale => fill(canvas, corners, Shade::Pale(step), metric),
        Key::NoRequests => fill(canvas, corners, Shade::Blank, metric),
        Key::Bubble => {
            canvas.disc((x, y), 5.5, palette.bubble.faded(0.22));
            canvas.circle((x, y), 5.5, palette.bubble, 0.9);
            return;
        }
        Key::Unknown => {
            let ink = Ink::new(12.0, palette.soft).bold().align(Align::Middle);
            canvas.text("?", (x, y + 4.3), SWATCH, ink);
            return;
        }
    }
    canvas.outline(swatch, palette.coast, 0.6);
}

fn threshold_label(metric: Metric, threshold: f64) -> String {
    match metric {
        Metric::Rate => number::short_percent(threshold) + "\u{202f}%",
        Metric::Count => number::count(threshold),
        Metric::Change if threshold > 0.0 => format!("+{}", number::short_percent(threshold)),
        Metric::Change => number::short_percent(threshold),
    }
}

fn unknown(picture: &MapPicture<'_>) -> String {
    let what = if picture.place.is_some() {
        "unknown region"
    } else {
        "unknown place"
    };
    let unknown = picture.cells.iter().filter(|cell| cell.id.is_none());
    let (n, k) = unknown.fold((0, 0), |(n, k), cell| (n + cell.n, k + cell.k));
    if n <= 0 {
        return format!("{what}: none");
    }
    let rate = number::percent(k as f64 / n as f64);
    format!(
        "{what}: {} requests, {rate} failed",
        number::count(n as f64)
    )
}

/// A place in the list beside or below a map.
pub(super) struct Worst<'a> {
    pub(super) cell: &'a Cell,
    pub(super) name: String,
    pub(super) shade: Shade,
}

/// The places that a metric puts first.
pub(super) fn worst(cells: &[Cell], metric: Metric, n_max: usize) -> Vec<Worst<'_>> {
    let (n, k) = cells
        .iter()
        .fold((0, 0), |(n, k), cell| (n + cell.n, k + cell.k));
    let parent = if n > 0 { k as f64 / n as f64 } else { 0.0 };
    // First by errors beyond those that the common rate explains; below average, by what the rate is at least.
    let weight = |cell: &Cell| match metric {
        Metric::Rate => {
            let excess = cell.k as f64 - cell.n as f64 * parent;
            (excess.max(0.0), cell.lo.unwrap_or(0.0))
        }
        Metric::Count => (cell.k as f64, 0.0),
        Metric::Change if !cell.significant => (0.0, 0.0),
        Metric::Change => (cell.change.unwrap_or(0.0) * cell.n as f64, 0.0),
    };
    let known = cells
        .iter()
        .filter_map(|cell| Some((cell, cell.id.as_deref()?)));
    let mut ranked: Vec<_> = known.map(|(cell, id)| (weight(cell), cell, id)).collect();
    ranked.retain(|((first, second), _, _)| *first > 0.0 || *second > 0.0);
    ranked.sort_by(|(a, _, a_id), (b, _, b_id)| {
        b.0.total_cmp(&a.0)
            .then_with(|| b.1.total_cmp(&a.1))
            .then_with(|| a_id.cmp(b_id))
    });
    let ranked = ranked.into_iter().take(n_max);
    ranked
        .map(|(_, cell, id)| Worst {
            cell,
            name: name_of(id),
            shade: shade_of(metric, cell),
        })
        .collect()
}

fn name_of(id: &str) -> String {
    let country = places::country(id).map(|country| country.name.as_str());
    clean(country.or_else(|| places::region_name(id)).unwrap_or(id))
}

/// Rank by what: a heading in words.
pub(super) fn order(metric: Metric) -> &'static str {
    match metric {
        Metric::Rate => "Worst first",
        Metric::Count => "Most errors",
        Metric::Change => "Worse than chance explains",
    }
}

/// The number that stands for a place.
pub(super) fn value(cell: &Cell, metric: Metric) -> String {
    match metric {
        Metric::Rate => number::percent(cell.rate.unwrap_or(cell.k as f64 / cell.n.max(1) as f64)),
        Metric::Count => number::count(cell.k as f64),
        Metric::Change => number::points(cell.change.unwrap_or(f64::NAN)),
    }
}

/// What the number rests on.
pub(super) fn evidence(cell: &Cell) -> String {
    let of = format!(
        "{} of {}",
        number::count(cell.k as f64),
        number::count(cell.n as f64)
    );
    match (cell.lo, cell.hi) {
        (Some(lo), Some(hi)) => format!("{of} · {}", interval(lo, hi)),
        _ => of,
    }
}

/// `19–25 %`: the sign once.
fn interval(lo: f64, hi: f64) -> String {
    let (lo, hi) = (number::percent(lo), number::percent(hi));
    format!("{}–{hi}", lo.trim_end_matches(['%', '\u{202f}']))
}

fn draw_panel(canvas: &mut Canvas, picture: &MapPicture<'_>, panel: Rect) {
    let palette = canvas.palette;
    let heading = Ink::new(11.5, palette.soft).bold();
    canvas.text(
        order(picture.metric),
        (panel.x, panel.y + 10.0),
        panel.width,
        heading,
    );
    let n_max = ((panel.height - 20.0) / PANEL_ROW).max(0.0) as usize;
    let places = worst(picture.cells, picture.metric, n_max.min(PANEL_ROWS_MAX));
    if places.is_empty() {
        let none = Ink::new(11.0, palette.soft);
        canvas.text("none", (panel.x, panel.y + 32.0), panel.width, none);
    }
    let mut y = panel.y + 20.0;
    for Worst { cell, name, shade } in places {
        canvas.line(vec![(panel.x, y), (panel.right(), y)], palette.line, 0.8);
        let swatch = Rect {
            x: panel.x,
            y: y + 8.0,
            width: 9.0,
            height: PANEL_ROW - 15.0,
        };
        let corners = [
            (swatch.x, swatch.y),
            (swatch.right(), swatch.y),
            (swatch.right(), swatch.bottom()),
            (swatch.x, swatch.bottom()),
        ];
        fill(canvas, vec![corners.to_vec()], shade, picture.metric);
        canvas.outline(swatch, palette.coast, 0.5);
        let value = value(cell, picture.metric);
        let strong = Ink::new(12.0, palette.ink).bold().align(Align::Right);
        let value_width = text_width(&value, strong);
        let x = panel.x + 17.0;
        let name_width = panel.right() - x - value_width - 8.0;
        canvas.text(
            &name,
            (x, y + 15.5),
            name_width,
            Ink::new(12.0, palette.ink),
        );
        canvas.text(&value, (panel.right(), y + 15.5), value_width + 1.0, strong);
        let soft = Ink::new(10.0, palette.soft);
        canvas.text(&evidence(cell), (x, y + 29.0), panel.right() - x, soft);
        y += PANEL_ROW;
    }
}
