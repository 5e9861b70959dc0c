//! Colours and their thresholds, as in the web view's `app.css` and `scales.ts`.

use super::{Cell, ENOUGH, Metric, Theme};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    pub(super) rgb: [u8; 3],
    pub(super) alpha: f64,
}

impl Colour {
    pub(super) const fn hex(rgb: u32) -> Colour {
        let [_, r, g, b] = rgb.to_be_bytes();
        Colour {
            rgb: [r, g, b],
            alpha: 1.0,
        }
    }

    pub(super) fn faded(self, alpha: f64) -> Colour {
        Colour { alpha, ..self }
    }

    /// So much of this colour over another; opaque.
    pub(super) fn over(self, ground: Colour, share: f64) -> Colour {
        let mix = |i: usize| {
            let mixed = f64::from(self.rgb[i]) * share + f64::from(ground.rgb[i]) * (1.0 - share);
            mixed.round().clamp(0.0, 255.0) as u8
        };
        Colour {
            rgb: [mix(0), mix(1), mix(2)],
            alpha: 1.0,
        }
    }

    /// Ink that can be read on this colour.
    pub(super) fn ink(self) -> Colour {
        let [r, g, b] = self.rgb.map(f64::from);
        if 0.299 * r + 0.587 * g + 0.114 * b > 140.0 {
            Colour::hex(0x0b1320)
        } else {
            Colour::hex(0xffffff)
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    pub(super) background: Colour,
    pub(super) sea: Colour,
    pub(super) land: Colour,
    pub(super) coast: Colour,
    pub(super) border: Colour,
    /// Land without requests and borders where steps of change are near to the usual land.
    pub(super) land_of_change: Colour,
    pub(super) border_of_change: Colour,
    pub(super) line: Colour,
    pub(super) ink: Colour,
    pub(super) soft: Colour,
    pub(super) bubble: Colour,
    pub(super) rate: [Colour; 6],
    pub(super) change: [Colour; 7],
    /// Lines of a chart, told apart by lightness too.
    pub(super) series: [Colour; 8],
}

const DARK: Palette = Palette {
    background: Colour::hex(0x111a29),
    sea: Colour::hex(0x0d1522),
    land: Colour::hex(0x1c2738),
    coast: Colour::hex(0x66748b),
    border: Colour::hex(0x0a101b),
    land_of_change: Colour::hex(0x161f2e),
    border_of_change: Colour::hex(0x2c3a50),
    line: Colour::hex(0x223047),
    ink: Colour::hex(0xe8eef7),
    soft: Colour::hex(0x9fb0c8),
    bubble: Colour::hex(0x9fdcff),
    rate: hexes([0x3a3f6b, 0x643f88, 0x9c3b7c, 0xd2504f, 0xf4873b, 0xfcd85f]),
    change: hexes([
        0x9bd7ff, 0x4f97cf, 0x2f5c86, 0x343f53, 0x7d4a2b, 0xd07a2e, 0xffc65c,
    ]),
    series: hexes([
        0xff7a6b, 0x7cc7ff, 0xfcd85f, 0xb48cff, 0x4fd0bd, 0xf29bd0, 0xc8d3e2, 0xd39a5f,
    ]),
};

const LIGHT: Palette = Palette {
    background: Colour::hex(0xffffff),
    sea: Colour::hex(0xedf2f8),
    land: Colour::hex(0xe1e7ef),
    coast: Colour::hex(0x7f8da1),
    border: Colour::hex(0xffffff),
    land_of_change: Colour::hex(0xfcfdfe),
    border_of_change: Colour::hex(0xc9d3df),
    line: Colour::hex(0xdbe3ed),
    ink: Colour::hex(0x132036),
    soft: Colour::hex(0x52637c),
    bubble: Colour::hex(0x0c548e),
    rate: hexes([0xfdeec6, 0xfbcb82, 0xf3954a, 0xd75a3d, 0xa0274b, 0x591244]),
    change: hexes([
        0x0b4f8a, 0x3f87c4, 0xa9cdea, 0xdde3eb, 0xf6c99b, 0xdd7e2b, 0x8f3d00,
    ]),
    series: hexes([
        0xc2372b, 0x0b62a8, 0x8a6100, 0x6b3fa0, 0x0b7a75, 0xb03a84, 0x52637c, 0x7a4a1e,
    ]),
};

const fn hexes<const N: usize>(hexes: [u32; N]) -> [Colour; N] {
    let mut colours = [Colour::hex(0); N];
    let mut idx = 0;
    while idx < N {
        colours[idx] = Colour::hex(hexes[idx]);
        idx += 1;
    }
    colours
}

impl Palette {
    pub(super) fn of(theme: Theme) -> &'static Palette {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }

    /// Land of which nothing is known, and the lines on it.
    pub(super) fn ground(&self, metric: Metric) -> (Colour, Colour) {
        match metric {
            Metric::Rate | Metric::Count => (self.land, self.border),
            Metric::Change => (self.land_of_change, self.border_of_change),
        }
    }

    pub(super) fn steps(&self, metric: Metric) -> &[Colour] {
        match metric {
            Metric::Rate | Metric::Count => &self.rate,
            Metric::Change => &self.change,
        }
    }
}

/// Thresholds are fixed: step i holds what is at least `thresholds[i - 1]` and below `thresholds[i]`.
pub(super) fn thresholds(metric: Metric) -> &'static [f64] {
    match metric {
        Metric::Rate => &[0.001, 0.005, 0.01, 0.02, 0.05],
        Metric::Count => &[1.0, 10.0, 100.0, 1_000.0, 10_000.0],
        Metric::Change => &[-0.02, -0.005, -0.001, 0.001, 0.005, 0.02],
    }
}

pub(super) fn step_of(thresholds: &[f64], value: f64) -> usize {
    thresholds
        .iter()
        .filter(|threshold| value >= **threshold)
        .count()
}

/// How a cell is shown, whatever it is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    /// Nothing is known of the area.
    Blank,
    Step(usize),
    /// A change within chance.
    Pale(usize),
    /// Too few requests to say.
    Few(usize),
}

pub(super) fn shade_of(metric: Metric, cell: &Cell) -> Shade {
    let value = match metric {
        Metric::Rate => cell.shrunk.or(cell.rate),
        Metric::Count => Some(cell.k as f64),
        Metric::Change => cell.change,
    };
    let Some(value) = value.filter(|value| value.is_finite() && cell.n > 0) else {
        return Shade::Blank;
    };
    let step = step_of(thresholds(metric), value);
    match metric {
        Metric::Rate if cell.n < ENOUGH => Shade::Few(step),
        Metric::Change if !cell.significant => Shade::Pale(step),
        Metric::Change if cell.n < ENOUGH => Shade::Few(step),
        _ => Shade::Step(step),
    }
}
