//! What all pictures have in common: title above, credit below, and a list of keys.

use super::EMPTY;
use super::canvas::{Align, Canvas, Ink, text_width, wrapped};
use crate::shapes::Rect;

pub(super) const MARGIN: f64 = 20.0;
const CREDIT_LINES_MAX: usize = 3;

/// Writes title, subtitle and credit, and returns the room between them.
pub(super) fn frame(canvas: &mut Canvas, title: &str, subtitle: &str, credit: &str) -> Rect {
    let palette = canvas.palette;
    let width = canvas.width - 2.0 * MARGIN;
    let mut top = 12.0;
    if !title.is_empty() {
        top = 32.0;
        canvas.text(
            title,
            (MARGIN, top),
            width,
            Ink::new(18.0, palette.ink).bold(),
        );
    }
    if !subtitle.is_empty() {
        top += 18.0;
        canvas.text(subtitle, (MARGIN, top), width, Ink::new(12.0, palette.soft));
    }
    // A licence's credit is wrapped, not cut.
    let ink = Ink::new(9.5, palette.soft);
    let mut lines = wrapped(credit, width, ink);
    lines.truncate(CREDIT_LINES_MAX);
    let mut baseline = canvas.height - 10.0;
    for line in lines.iter().rev() {
        canvas.text(line, (MARGIN, baseline), width, ink);
        baseline -= 13.0;
    }
    let (y, bottom) = (top + 14.0, baseline - 4.0);
    Rect {
        x: MARGIN,
        y,
        width,
        height: (bottom - y).max(1.0),
    }
}

/// Says that there is nothing to see.
pub(super) fn empty(canvas: &mut Canvas, room: Rect) {
    let ink = Ink::new(15.0, canvas.palette.ink)
        .bold()
        .align(Align::Middle);
    let (x, y) = (room.x + room.width / 2.0, room.y + room.height / 2.0);
    let width = text_width(EMPTY, ink) + 32.0;
    if width < room.width {
        let plate = Rect {
            x: x - width / 2.0,
            y: y - 22.0,
            width,
            height: 34.0,
        };
        canvas.rect(plate, canvas.palette.background);
        canvas.outline(plate, canvas.palette.line, 1.0);
    }
    canvas.text(EMPTY, (x, y), room.width, ink);
}

/// Where things of some widths stand, side by side in rows: x, row.
pub(super) fn flow(widths: &[f64], gap: f64, width: f64) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (0.0, 0);
    let place = |item: &f64| {
        if x > 0.0 && x + item > width {
            (x, row) = (0.0, row + 1);
        }
        let at = (x, row);
        x += item + gap;
        at
    };
    widths.iter().map(place).collect()
}
