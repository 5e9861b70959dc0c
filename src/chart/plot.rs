//! Lines over time, bars, and the hours of a week.

use super::canvas::{Align, Canvas, Ink, clean, text_width};
use super::palette::{Colour, step_of, thresholds};
use super::{
    Bar, ChartError, ChartPicture, Metric, Plot, Series, Unit, Week, axis, layout, number,
};
use crate::shapes::{Point, Rect};

/// More lines than this cannot be told apart.
const LINES_MAX: usize = 12;
const LABEL_ROW: f64 = 14.0;
/// A gap of more than so many usual steps breaks a line: nothing was logged, which is not zero.
const GAP_STEPS: i64 = 3;

pub(super) fn draw(picture: &ChartPicture<'_>, mut canvas: Canvas) -> Result<Canvas, ChartError> {
    let room = layout::frame(
        &mut canvas,
        picture.title,
        picture.subtitle,
        picture.attribution,
    );
    let is_drawn = match picture.plot {
        Plot::Line(series) => lines(&mut canvas, series, picture.unit, room),
        Plot::Bar(all) => bars(&mut canvas, all, picture.unit, room),
        Plot::Heat(week) => heat(&mut canvas, week, picture.unit, room),
    };
    if !is_drawn {
        layout::empty(&mut canvas, room);
    }
    Ok(canvas)
}

fn value_text(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => number::percent(value),
        Unit::Number => number::number(value),
    }
}

fn tick_text(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => number::short_percent(value) + "\u{202f}%",
        Unit::Number => number::number(value),
    }
}

fn lines(canvas: &mut Canvas, series: &[Series], unit: Unit, room: Rect) -> bool {
    let palette = canvas.palette;
    let is_real = |(_, value): &&(i64, f64)| value.is_finite();
    let points = || {
        series
            .iter()
            .flat_map(|line| line.points.iter().filter(is_real))
    };
    let (Some(from), Some(to)) = (points().map(|it| it.0).min(), points().map(|it| it.0).max())
    else {
        return false;
    };
    let n_fitting = ((room.height - 40.0) / LABEL_ROW).max(1.0) as usize;
    let n_shown = series.len().min(LINES_MAX).min(n_fitting);
    let n_left_out = series.len() - n_shown;
    let soft = Ink::new(10.5, palette.soft);
    let label = Ink::new(11.0, palette.ink);

    let values = || points().map(|it| it.1);
    let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let ticks = axis::values(low, high, (room.height / 55.0).clamp(2.0, 6.0) as usize);
    let (low, high) = match (ticks.first(), ticks.last()) {
        (Some(low), Some(high)) if high > low => (*low, *high),
        _ => (0.0, 1.0),
    };
    let labels: Vec<String> = ticks.iter().map(|tick| tick_text(unit, *tick)).collect();
    let left = labels
        .iter()
        .map(|text| text_width(text, soft))
        .fold(0.0, f64::max)
        + 10.0;
    let names = || series.iter().take(n_shown).map(|line| clean(&line.name));
    let right = names()
        .map(|name| text_width(&name, label))
        .fold(0.0, f64::max)
        + 18.0;
    let right = right.clamp(18.0, (room.width * 0.25).max(18.0));
    let plot = Rect {
        x: room.x + left,
        y: room.y + 6.0,
        width: (room.width - left - right).max(1.0),
        height: (room.height - 36.0).max(1.0),
    };

    let across = (to.saturating_sub(from).max(1)) as f64;
    let x_of = |us: i64| plot.x + us.saturating_sub(from) as f64 / across * plot.width;
    let y_of = |value: f64| plot.bottom() - (value - low) / (high - low) * plot.height;
    for (tick, text) in ticks.iter().zip(&labels) {
        let y = y_of(*tick);
        let colour = if *tick == 0.0 {
            palette.coast
        } else {
            palette.line
        };
        canvas.line(vec![(plot.x, y), (plot.right(), y)], colour, 0.8);
        canvas.text(
            text,
            (plot.x - 8.0, y + 3.8),
            left,
            soft.align(Align::Right),
        );
    }
    let mut free_from = room.x;
    for (us, text) in axis::times(from, to, (plot.width / 75.0).clamp(2.0, 12.0) as usize) {
        let x = x_of(us);
        let width = text_width(&text, soft);
        canvas.line(
            vec![(x, plot.bottom()), (x, plot.bottom() + 4.0)],
            palette.coast,
            0.8,
        );
        if x - width / 2.0 >= free_from && x + width / 2.0 <= canvas.width - 4.0 {
            canvas.text(
                &text,
                (x, plot.bottom() + 17.0),
                width + 1.0,
                soft.align(Align::Middle),
            );
            free_from = x + width / 2.0 + 8.0;
        }
    }
    let zone = soft.bold().align(Align::Right);
    if free_from + text_width("UTC", zone) < room.right() {
        canvas.text("UTC", (room.right(), plot.bottom() + 17.0), 60.0, zone);
    }

    let mut ends: Vec<(f64, String, Colour)> = Vec::new();
    for (idx, line) in series.iter().take(n_shown).enumerate() {
        let colour = palette
            .series
            .get(idx % palette.series.len())
            .copied()
            .unwrap_or(palette.ink);
        let pieces = pieces(&line.points, plot.width);
        for piece in &pieces {
            let path: Vec<Point> = piece
                .iter()
                .map(|(us, value)| (x_of(*us), y_of(*value)))
                .collect();
            match path.as_slice() {
                [alone] => canvas.disc(*alone, 1.8, colour),
                _ => {
                    if series.len() == 1 {
                        canvas.area(
                            vec![below(&path, y_of(0.0_f64.max(low)))],
                            colour.faded(0.13),
                        );
                    }
                    canvas.line(path, colour, 1.6);
                }
            }
        }
        if let Some((_, value)) = pieces.last().and_then(|piece| piece.last()) {
            ends.push((y_of(*value), clean(&line.name), colour));
        }
    }
    name_ends(canvas, ends, plot, room);
    if n_left_out > 0 {
        let text = format!("{n_left_out} more not shown");
        canvas.text(&text, (room.x, plot.bottom() + 30.0), room.width, soft);
    }
    true
}

/// Names stand at the ends of their lines, moved apart where those meet.
fn name_ends(canvas: &mut Canvas, mut ends: Vec<(f64, String, Colour)>, plot: Rect, room: Rect) {
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free_from = plot.y;
    for (y, _, _) in &mut ends {
        *y = y.max(free_from);
        free_from = *y + LABEL_ROW;
    }
    let mut free_to = plot.bottom();
    for (y, _, _) in ends.iter_mut().rev() {
        *y = y.min(free_to);
        free_to = *y - LABEL_ROW;
    }
    let x = plot.right() + 8.0;
    for (y, name, colour) in ends {
        canvas.text(
            &name,
            (x, y + 3.8),
            room.right() - x,
            Ink::new(11.0, colour).bold(),
        );
    }
}

fn below(path: &[Point], floor: f64) -> Vec<Point> {
    let mut area = path.to_vec();
    area.extend(path.last().map(|(x, _)| (*x, floor)));
    area.extend(path.first().map(|(x, _)| (*x, floor)));
    area
}

/// The unbroken parts of a line, thinned to what its width can show.
fn pieces(points: &[(i64, f64)], width: f64) -> Vec<Vec<(i64, f64)>> {
    let mut steps: Vec<i64> = points
        .iter()
        .zip(points.iter().skip(1))
        .map(|(a, b)| b.0.saturating_sub(a.0))
        .collect();
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(i64::MAX);
    let gap = usual.saturating_mul(GAP_STEPS).max(1);
    points
        .chunk_by(|a, b| a.1.is_finite() && b.1.is_finite() && b.0.saturating_sub(a.0) < gap)
        .map(|piece| thinned(piece, width))
        .filter(|piece| piece.first().is_some_and(|(_, value)| value.is_finite()))
        .collect()
}

/// Keeps the lowest and the highest of each group, so that no peak is lost.
fn thinned(points: &[(i64, f64)], width: f64) -> Vec<(i64, f64)> {
    let per_group = (points.len() as f64 / width.max(1.0)).floor() as usize;
    if per_group < 2 {
        return points.to_vec();
    }
    let extremes = |group: &[(i64, f64)]| {
        let low = group.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = group.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut pair: Vec<(i64, f64)> = low.into_iter().chain(high).collect();
        pair.sort_by_key(|(us, _)| *us);
        pair
    };
    points.chunks(2 * per_group).flat_map(extremes).collect()
}

fn bars(canvas: &mut Canvas, bars: &[Bar], unit: Unit, room: Rect) -> bool {
    let palette = canvas.palette;
    let real: Vec<&Bar> = bars.iter().filter(|bar| bar.value.is_finite()).collect();
    let low = real.iter().map(|bar| bar.value).fold(0.0, f64::min);
    let high = real.iter().map(|bar| bar.value).fold(0.0, f64::max);
    if real.is_empty() {
        return false;
    }
    let span = if high > low { high - low } else { 1.0 };
    let n_fitting = (room.height / 20.0).max(1.0) as usize;
    let (n_shown, note) = match real.len() > n_fitting {
        true => (n_fitting.saturating_sub(1).max(1), 18.0),
        false => (real.len(), 0.0),
    };
    let pitch = ((room.height - note) / n_shown as f64).min(44.0);
    let name = Ink::new(11.5, palette.ink);
    let number = Ink::new(11.5, palette.soft);
    let shown = || real.iter().take(n_shown);
    let names: Vec<String> = shown().map(|bar| clean(&bar.label)).collect();
    let name_width = names
        .iter()
        .map(|text| text_width(text, name))
        .fold(0.0, f64::max);
    let name_width = name_width.min(room.width * 0.36) + 1.0;
    let texts: Vec<String> = shown().map(|bar| value_text(unit, bar.value)).collect();
    let value_width = texts
        .iter()
        .map(|text| text_width(text, number))
        .fold(0.0, f64::max)
        + 8.0;
    let left_values = if low < 0.0 { value_width } else { 0.0 };
    let x = room.x + name_width + 12.0 + left_values;
    let width = (room.right() - x - value_width).max(1.0);
    let x_of = |value: f64| x + (value - low) / span * width;
    for (idx, ((bar, label), text)) in shown().zip(&names).zip(&texts).enumerate() {
        let middle = room.y + (idx as f64 + 0.5) * pitch;
        let thickness = (pitch * 0.62).min(24.0);
        let (from, to) = (x_of(bar.value.min(0.0)), x_of(bar.value.max(0.0)));
        let body = Rect {
            x: from,
            y: middle - thickness / 2.0,
            width: (to - from).max(1.0),
            height: thickness,
        };
        let colour = if bar.value < 0.0 {
            palette.series[1]
        } else {
            palette.series[0]
        };
        canvas.rect(body, colour);
        canvas.text(label, (room.x, middle + 4.0), name_width, name);
        let (at, align) = match bar.value < 0.0 {
            true => (from - 6.0, Align::Right),
            false => (to + 6.0, Align::Left),
        };
        canvas.text(text, (at, middle + 4.0), value_width, number.align(align));
    }
    let zero = x_of(0.0);
    let bottom = room.y + n_shown as f64 * pitch;
    canvas.line(vec![(zero, room.y), (zero, bottom)], palette.coast, 0.9);
    if n_shown < real.len() {
        let text = format!("{} more not shown", real.len() - n_shown);
        canvas.text(
            &text,
            (room.x, room.bottom() - 4.0),
            room.width,
            Ink::new(10.5, palette.soft),
        );
    }
    true
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn heat(canvas: &mut Canvas, week: &Week, unit: Unit, room: Rect) -> bool {
    let palette = canvas.palette;
    let values = || {
        week.iter()
            .flatten()
            .copied()
            .flatten()
            .filter(|value| value.is_finite())
    };
    if values().next().is_none() {
        return false;
    }
    let limits: Vec<f64> = match unit {
        Unit::Percent => thresholds(Metric::Rate).to_vec(),
        // Counts have no fixed scale: the steps divide what there is.
        Unit::Number => {
            let max = values().fold(0.0, f64::max);
            let ticks = (6..=15).map(|n| axis::values(0.0, max, n));
            let enough = ticks
                .max_by_key(|ticks| ticks.len().min(7))
                .unwrap_or_default();
            enough.into_iter().skip(1).take(5).collect()
        }
    };
    let soft = Ink::new(10.5, palette.soft);
    let grid = Rect {
        x: room.x + 38.0,
        y: room.y + 4.0,
        width: (room.width - 38.0).max(1.0),
        height: (room.height - 76.0).max(1.0),
    };
    let (width, height) = (grid.width / 24.0, (grid.height / 7.0).min(56.0));
    for (row, (day, hours)) in DAYS.iter().zip(week).enumerate() {
        let y = grid.y + row as f64 * height;
        if height >= 10.0 {
            canvas.text(day, (room.x, y + height / 2.0 + 3.8), 36.0, soft);
        }
        for (hour, value) in hours.iter().enumerate() {
            let cell = Rect {
                x: grid.x + hour as f64 * width + 1.0,
                y: y + 1.0,
                width: (width - 2.0).max(1.0),
                height: (height - 2.0).max(1.0),
            };
            match value.filter(|value| value.is_finite()) {
                Some(value) => {
                    let step = step_of(&limits, value);
                    let colour = palette.rate.get(step).copied().unwrap_or(palette.land);
                    canvas.rect(cell, colour);
                    draw_value(canvas, cell, value, unit, colour);
                }
                None => blank(canvas, cell),
            }
        }
    }
    let bottom = grid.y + 7.0 * height;
    for hour in (0..24).step_by(3) {
        let x = grid.x + (f64::from(hour) + 0.5) * width;
        canvas.text(
            &format!("{hour:02}"),
            (x, bottom + 15.0),
            40.0,
            soft.align(Align::Middle),
        );
    }
    canvas.text("UTC", (room.x, bottom + 15.0), 36.0, soft.bold());
    heat_legend(
        canvas,
        &limits,
        unit,
        Rect {
            y: bottom + 32.0,
            ..room
        },
    );
    true
}

/// The number itself where the cell has room for it.
fn draw_value(canvas: &mut Canvas, cell: Rect, value: f64, unit: Unit, ground: Colour) {
    let text = match unit {
        Unit::Percent => number::percent(value).replace("\u{202f}%", ""),
        Unit::Number => number::number(value),
    };
    let ink = Ink::new(9.5, ground.ink()).align(Align::Middle);
    if cell.height >= 16.0 && text_width(&text, ink) <= cell.width - 4.0 {
        let at = (cell.x + cell.width / 2.0, cell.y + cell.height / 2.0 + 3.4);
        canvas.text(&text, at, cell.width, ink);
    }
}

fn blank(canvas: &mut Canvas, cell: Rect) {
    let palette = canvas.palette;
    canvas.rect(cell, palette.land);
    let corners = vec![
        (cell.x, cell.y),
        (cell.right(), cell.y),
        (cell.right(), cell.bottom()),
        (cell.x, cell.bottom()),
    ];
    let stripes = palette.coast.over(palette.land, 0.35);
    canvas.hatch(&[corners], stripes, 5.0, 0.9);
}

fn heat_legend(canvas: &mut Canvas, limits: &[f64], unit: Unit, place: Rect) {
    let palette = canvas.palette;
    let ink = Ink::new(9.5, palette.soft);
    let step_width = (place.width / 10.0).min(44.0);
    let ramp = Rect {
        width: step_width * (limits.len() + 1) as f64,
        height: 10.0,
        ..place
    };
    for (idx, colour) in palette.rate.iter().take(limits.len() + 1).enumerate() {
        let x = ramp.x + idx as f64 * step_width;
        canvas.rect(
            Rect {
                x,
                width: step_width,
                ..ramp
            },
            *colour,
        );
    }
    canvas.outline(ramp, palette.coast, 0.6);
    let mut free_from = 0.0;
    for (idx, limit) in limits.iter().enumerate() {
        let text = tick_text(unit, *limit);
        let half = text_width(&text, ink) / 2.0;
        let x = ramp.x + (idx + 1) as f64 * step_width;
        if x - half >= free_from {
            canvas.text(
                &text,
                (x, ramp.bottom() + 12.0),
                60.0,
                ink.align(Align::Middle),
            );
            free_from = x + half + 3.0;
        }
    }
    let swatch = Rect {
        x: ramp.right() + 24.0,
        width: 18.0,
        ..ramp
    };
    blank(canvas, swatch);
    let at = (swatch.right() + 6.0, ramp.y + 9.0);
    canvas.text(
        "nothing logged",
        at,
        place.right() - at.0,
        Ink::new(10.5, palette.soft),
    );
}
