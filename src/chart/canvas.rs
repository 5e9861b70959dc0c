//! A picture as a list of marks, in units that make one layout fit all sizes.

use std::borrow::Cow;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};

use super::palette::{Colour, Palette};
use super::{ChartError, SIDE_PX, Theme};
use crate::shapes::{Point, Rect};
use crate::text::escape_controls;

/// What an SVG asks for; the embedded font draws PNG pictures.
pub(super) const FAMILY: &str = "Inter, system-ui, sans-serif";

static REGULAR: &[u8] = include_bytes!("../../data/fonts/Inter-Regular.ttf");
static SEMI_BOLD: &[u8] = include_bytes!("../../data/fonts/Inter-SemiBold.ttf");

static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMI_BOLD].map(|bytes| {
        FontRef::try_from_slice(bytes).expect("the embedded font is whole, a test reads it")
    })
});

pub(super) fn font(is_bold: bool) -> &'static FontRef<'static> {
    &FONTS[usize::from(is_bold)]
}

/// The embedded font's ascent and descent, and what plotters calls size in an SVG, are 1.24 em.
pub(super) const SIZE_PER_EM: f64 = 1.24;

/// No text of a picture is longer, whatever a log says.
const CHARS_MAX: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) em: f64,
    pub(super) is_bold: bool,
    pub(super) colour: Colour,
    pub(super) align: Align,
}

impl Ink {
    pub(super) fn new(em: f64, colour: Colour) -> Ink {
        Ink {
            em,
            is_bold: false,
            colour,
            align: Align::Left,
        }
    }

    pub(super) fn bold(self) -> Ink {
        Ink {
            is_bold: true,
            ..self
        }
    }

    pub(super) fn align(self, align: Align) -> Ink {
        Ink { align, ..self }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// The first ring is the outline, the others are holes.
    Area {
        rings: Vec<Vec<Point>>,
        fill: Colour,
    },
    Line {
        points: Vec<Point>,
        colour: Colour,
        width: f64,
    },
    /// `at` is on the baseline.
    Text { text: String, at: Point, ink: Ink },
}

#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// In units.
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) size_px: (u32, u32),
    pub(super) px_per_unit: f64,
    pub(super) palette: &'static Palette,
    pub(super) marks: Vec<Mark>,
}

impl Canvas {
    pub(super) fn new(size_px: (u32, u32), theme: Theme) -> Result<Canvas, ChartError> {
        let (width, height) = size_px;
        if !SIDE_PX.contains(&width) || !SIDE_PX.contains(&height) {
            return Err(ChartError::Size { width, height });
        }
        // Layouts are made for 960 by 540, or 600 wide when upright; small pictures keep their text legible instead
        // of everything visible.
        let (width, height) = (f64::from(width), f64::from(height));
        let design_width = if height > width { 600.0 } else { 960.0 };
        let px_per_unit = (width / design_width).min(height / 540.0).max(0.75);
        Ok(Canvas {
            width: width / px_per_unit,
            height: height / px_per_unit,
            size_px,
            px_per_unit,
            palette: Palette::of(theme),
            marks: Vec::new(),
        })
    }

    pub(super) fn area(&mut self, rings: Vec<Vec<Point>>, fill: Colour) {
        self.marks.push(Mark::Area { rings, fill });
    }

    pub(super) fn rect(&mut self, rect: Rect, fill: Colour) {
        let (right, bottom) = (rect.right(), rect.bottom());
        let corners = vec![
            (rect.x, rect.y),
            (right, rect.y),
            (right, bottom),
            (rect.x, bottom),
        ];
        self.area(vec![corners], fill);
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, fill: Colour) {
        self.area(vec![circle(centre, radius)], fill);
    }

    pub(super) fn circle(&mut self, centre: Point, radius: f64, colour: Colour, width: f64) {
        let inner = circle(centre, (radius - width).max(0.0));
        self.area(
            vec![circle(centre, radius), inner.into_iter().rev().collect()],
            colour,
        );
    }

    pub(super) fn line(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        if points.len() > 1 {
            self.marks.push(Mark::Line {
                points,
                colour,
                width,
            });
        }
    }

    pub(super) fn outline(&mut self, rect: Rect, colour: Colour, width: f64) {
        let (right, bottom) = (rect.right(), rect.bottom());
        let corners = vec![
            (rect.x, rect.y),
            (right, rect.y),
            (right, bottom),
            (rect.x, bottom),
            (rect.x, rect.y),
        ];
        self.line(corners, colour, width);
    }

    /// Writes text, cut with an ellipsis where it is wider than allowed.
    pub(super) fn text(&mut self, text: &str, at: Point, width_max: f64, ink: Ink) {
        let text = fitted(&clean(text), width_max, ink);
        if !text.is_empty() {
            self.marks.push(Mark::Text { text, at, ink });
        }
    }

    /// Diagonal stripes in the areas.
    pub(super) fn hatch(&mut self, rings: &[Vec<Point>], colour: Colour, gap: f64, width: f64) {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let turned: Vec<Vec<Point>> = rings
            .iter()
            .map(|ring| {
                ring.iter()
                    .map(|(x, y)| ((x + y) * half, (y - x) * half))
                    .collect()
            })
            .collect();
        let ys = turned.iter().flatten().map(|(_, y)| *y);
        let (top, bottom) = ys.fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), y| {
            (top.min(y), bottom.max(y))
        });
        let mut y = (top / gap).ceil() * gap;
        while y <= bottom {
            for (from, to) in spans(&turned, y) {
                let back = |x: f64| ((x - y) * half, (x + y) * half);
                self.line(vec![back(from), back(to)], colour, width);
            }
            y += gap;
        }
    }
}

fn circle((x, y): Point, radius: f64) -> Vec<Point> {
    const CORNERS: u32 = 36;
    let corner = |idx| {
        let angle = f64::from(idx) / f64::from(CORNERS) * std::f64::consts::TAU;
        (x + radius * angle.cos(), y + radius * angle.sin())
    };
    (0..CORNERS).map(corner).collect()
}

/// Where a horizontal line is inside of rings, by the even-odd rule.
pub(super) fn spans(rings: &[Vec<Point>], y: f64) -> Vec<(f64, f64)> {
    let mut crossings = Vec::new();
    for ring in rings {
        for ((x0, y0), (x1, y1)) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (*y0 <= y) != (*y1 <= y) {
                crossings.push(x0 + (y - y0) / (y1 - y0) * (x1 - x0));
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    let pairs = crossings.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    pairs.collect()
}

/// Makes log text fit for a picture: no control characters, nothing that XML forbids, of bounded length.
pub(super) fn clean(text: &str) -> String {
    let is_forbidden = |c: char| matches!(c, '\u{fffe}' | '\u{ffff}');
    let bounded = text.chars().take(CHARS_MAX);
    let text: String = bounded
        .map(|c| if is_forbidden(c) { '\u{fffd}' } else { c })
        .collect();
    escape_controls(&text)
}

/// In units; letters are not kerned.
pub(super) fn text_width(text: &str, ink: Ink) -> f64 {
    let font = font(ink.is_bold);
    let scaled = font.as_scaled(PxScale::from((ink.em * SIZE_PER_EM) as f32));
    let advances = text.chars().map(|c| scaled.h_advance(font.glyph_id(c)));
    f64::from(advances.sum::<f32>())
}

fn fitted(text: &str, width_max: f64, ink: Ink) -> String {
    if text_width(text, ink) <= width_max {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let cut = |n: usize| {
        chars
            .iter()
            .take(n)
            .collect::<String>()
            .trim_end()
            .to_owned()
            + "…"
    };
    let lengths: Vec<usize> = (0..chars.len()).collect();
    let n_fitting = lengths.partition_point(|n| text_width(&cut(*n), ink) <= width_max);
    match n_fitting {
        0 => String::new(),
        n => cut(n - 1),
    }
}

/// Breaks text at spaces into lines of a width.
pub(super) fn wrapped(text: &str, width_max: f64, ink: Ink) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        let longer = lines.last().map(|line| Cow::from(format!("{line} {word}")));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) if text_width(&longer, ink) <= width_max => {
                *line = longer.into_owned();
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_leave_holes_out() {
        let square = |a: f64, b: f64| vec![(a, a), (b, a), (b, b), (a, b)];
        let rings = [square(0.0, 10.0), square(4.0, 6.0)];
        assert_eq!(spans(&rings, 5.0), [(0.0, 4.0), (6.0, 10.0)]);
        assert_eq!(spans(&rings, 1.0), [(0.0, 10.0)]);
        assert!(spans(&rings, 11.0).is_empty());
    }

    #[test]
    fn long_text_is_cut_and_wrapped() {
        let ink = Ink::new(10.0, Colour::hex(0));
        assert_eq!(fitted("short", 100.0, ink), "short");
        let cut = fitted(&"long ".repeat(20), 100.0, ink);
        assert!(
            cut.ends_with('…') && text_width(&cut, ink) <= 100.0,
            "{cut}"
        );
        assert_eq!(fitted("anything", 1.0, ink), "");
        let lines = wrapped(&"some words ".repeat(20), 120.0, ink);
        assert!(lines.len() > 5 && lines.iter().all(|line| text_width(line, ink) <= 120.0));
    }

    #[test]
    fn digits_are_of_one_width() {
        let ink = Ink::new(10.0, Colour::hex(0));
        for digit in '0'..='9' {
            let width = text_width(&digit.to_string().repeat(10), ink);
            assert_eq!(width, text_width("1111111111", ink), "{digit}");
        }
    }

    #[test]
    fn hostile_text_is_harmless() {
        assert_eq!(clean("a\u{1b}[2Jb\u{ffff}\nc"), "a\\x1b[2Jb\u{fffd}\\nc");
        assert_eq!(clean(&"x".repeat(5_000)).len(), CHARS_MAX);
    }
}
