//! Marks to the bytes of a file, by plotters' backends.
//!
//! Both backends count in whole pixels. An SVG is therefore drawn in quarters of a pixel, and a PNG several times
//! as large and then averaged, which also smooths its edges. plotters fills polygons without holes only: in a PNG
//! they are filled by rows here, in an SVG a hole is joined to its outline by a cut.

use std::io::Write;

use ab_glyph::{Font, PxScale, ScaleFont, point};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};

use super::canvas::{Align, Canvas, FAMILY, Ink, Mark, SIZE_PER_EM, clean, font, text_width};
use super::palette::Colour;
use super::{ChartError, Output};
use crate::shapes::Point;

/// Of an SVG: drawn units a pixel.
const SVG_FINENESS: u32 = 4;
/// From the top of a text, as plotters sees it in an SVG, down to the baseline.
const TOP_TO_BASELINE_EM: f64 = 0.76;
/// Of a PNG: so many pixels may be drawn before they are averaged, three bytes each.
const DRAWN_PX_MAX: u64 = 40_000_000;

pub(super) fn render(canvas: &Canvas, title: &str, output: Output) -> Result<Vec<u8>, ChartError> {
    match output {
        Output::Svg => svg(canvas, title),
        Output::Png => png(canvas),
    }
}

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError::Draw(error.to_string())
}

fn svg(canvas: &Canvas, title: &str) -> Result<Vec<u8>, ChartError> {
    let (width, height) = canvas.size_px;
    let size = (width * SVG_FINENESS, height * SVG_FINENESS);
    let mut document = String::new();
    {
        let mut pen = Pen {
            backend: SVGBackend::with_string(&mut document, size),
            scale: canvas.px_per_unit * f64::from(SVG_FINENESS),
        };
        let whole = [(0, 0), (size.0 as i32, size.1 as i32)];
        let ground = ShapeStyle::from(rgba(canvas.palette.background)).filled();
        pen.backend
            .draw_rect(whole[0], whole[1], &ground, true)
            .map_err(failed)?;
        for mark in &canvas.marks {
            match mark {
                Mark::Area { rings, fill } => pen.polygon(rings, *fill)?,
                Mark::Line {
                    points,
                    colour,
                    width,
                } => pen.polyline(points, *colour, *width)?,
                Mark::Text { text, at, ink } => pen.words(text, *at, *ink)?,
            }
        }
        pen.backend.present().map_err(failed)?;
    }
    // The head that plotters writes has neither a size in pixels nor words for those who cannot see.
    let (_, body) = document
        .split_once('>')
        .ok_or_else(|| failed("plotters wrote no SVG"))?;
    let title = xml_text(&clean(title));
    let (drawn_width, drawn_height) = size;
    let document = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {drawn_width} {drawn_height}\" role=\"img\">\n<title>{title}</title>{body}"
    );
    Ok(document.into_bytes())
}

fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn png(canvas: &Canvas) -> Result<Vec<u8>, ChartError> {
    let (width, height) = canvas.size_px;
    let n_px = u64::from(width) * u64::from(height);
    let fineness = if n_px * 9 <= DRAWN_PX_MAX {
        3
    } else if n_px * 4 <= DRAWN_PX_MAX {
        2
    } else {
        1
    };
    let size = (width * fineness, height * fineness);
    let ground = canvas.palette.background.rgb;
    let mut pixels = ground.repeat(size.0 as usize * size.1 as usize);
    {
        let mut pen = Pen {
            backend: BitMapBackend::with_buffer(&mut pixels, size),
            scale: canvas.px_per_unit * f64::from(fineness),
        };
        for mark in &canvas.marks {
            match mark {
                Mark::Area { rings, fill } => pen.rows(rings, *fill)?,
                Mark::Line {
                    points,
                    colour,
                    width,
                } => pen.stroke(points, *colour, *width)?,
                Mark::Text { text, at, ink } => pen.letters(text, *at, *ink)?,
            }
        }
        pen.backend.present().map_err(failed)?;
    }
    encode(&averaged(&pixels, size.0, fineness), canvas.size_px)
}

struct Pen<Backend> {
    backend: Backend,
    /// Backend pixels a unit.
    scale: f64,
}

fn rgba(colour: Colour) -> RGBAColor {
    let [r, g, b] = colour.rgb;
    RGBAColor(r, g, b, colour.alpha)
}

impl<Backend: DrawingBackend> Pen<Backend> {
    fn at(&self, (x, y): Point) -> (i32, i32) {
        // The cast saturates; nothing of a picture is that far out.
        (
            (x * self.scale).round() as i32,
            (y * self.scale).round() as i32,
        )
    }

    /// Leaves the letters to whoever shows the SVG.
    fn words(&mut self, text: &str, (x, y): Point, ink: Ink) -> Result<(), ChartError> {
        let style = if ink.is_bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let size = ink.em * SIZE_PER_EM * self.scale;
        let align = match ink.align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        let colour = rgba(ink.colour);
        let style = TextStyle::from(FontDesc::new(FontFamily::Name(FAMILY), size, style))
            .color(&colour)
            .pos(Pos::new(align, VPos::Top));
        let at = self.at((x, y - TOP_TO_BASELINE_EM * ink.em));
        self.backend.draw_text(text, &style, at).map_err(failed)
    }

    /// Draws letters from the embedded font. plotters' own text loses the room before each letter.
    fn letters(&mut self, text: &str, (x, y): Point, ink: Ink) -> Result<(), ChartError> {
        let (width, height) = self.backend.get_size();
        let (width, height) = (width as f32, height as f32);
        let colour = rgba(ink.colour);
        let font = font(ink.is_bold);
        let x = match ink.align {
            Align::Left => x,
            Align::Middle => x - text_width(text, ink) / 2.0,
            Align::Right => x - text_width(text, ink),
        };
        let scale = PxScale::from((ink.em * SIZE_PER_EM * self.scale) as f32);
        let scaled = font.as_scaled(scale);
        let mut at = point((x * self.scale) as f32, (y * self.scale) as f32);
        for id in text.chars().map(|c| font.glyph_id(c)) {
            let glyph = id.with_scale_and_position(scale, at);
            at.x += scaled.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            let mut result = Ok(());
            outline.draw(|dx, dy, coverage| {
                let (x, y) = (corner.x + dx as f32, corner.y + dy as f32);
                let is_inside = x >= 0.0 && y >= 0.0 && x < width && y < height;
                if is_inside && coverage > 0.0 && result.is_ok() {
                    let colour = colour.mix(f64::from(coverage.min(1.0))).to_backend_color();
                    result = self.backend.draw_pixel((x as i32, y as i32), colour);
                }
            });
            result.map_err(failed)?;
        }
        Ok(())
    }

    /// One polygon: holes are reached and left along the same cut.
    fn polygon(&mut self, rings: &[Vec<Point>], fill: Colour) -> Result<(), ChartError> {
        let mut path = Vec::new();
        for ring in rings {
            path.extend(ring.iter().map(|point| self.at(*point)));
            path.extend(ring.first().map(|point| self.at(*point)));
            if let Some(hub) = rings.first().and_then(|ring| ring.first()) {
                path.push(self.at(*hub));
            }
        }
        path.dedup();
        let style = ShapeStyle::from(rgba(fill)).filled();
        self.backend.fill_polygon(path, &style).map_err(failed)
    }

    fn polyline(&mut self, points: &[Point], colour: Colour, width: f64) -> Result<(), ChartError> {
        let mut path: Vec<_> = points.iter().map(|point| self.at(*point)).collect();
        path.dedup();
        let width = (width * self.scale).round().max(1.0) as u32;
        let style = ShapeStyle::from(rgba(colour)).stroke_width(width);
        self.backend.draw_path(path, &style).map_err(failed)
    }

    /// Fills by rows of backend pixels.
    fn rows(&mut self, rings: &[Vec<Point>], fill: Colour) -> Result<(), ChartError> {
        let scaled: Vec<Vec<Point>> = rings
            .iter()
            .map(|ring| {
                ring.iter()
                    .map(|(x, y)| (x * self.scale, y * self.scale))
                    .collect()
            })
            .collect();
        let (width, height) = self.backend.get_size();
        let (right, bottom) = (f64::from(width), f64::from(height));
        let ys = scaled.iter().flatten().map(|(_, y)| *y);
        let (low, high) = ys.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
            (low.min(y), high.max(y))
        });
        if !(low.is_finite() && high.is_finite()) {
            return Ok(());
        }
        let style = ShapeStyle::from(rgba(fill)).filled();
        let last = high.min(bottom).ceil() as i32;
        // The edges that may cross a row, by their lower end.
        let mut edges: Vec<(Point, Point)> = scaled
            .iter()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
            .map(|(a, b)| if a.1 <= b.1 { (*a, *b) } else { (*b, *a) })
            .filter(|(a, b)| a.1 < b.1)
            .collect();
        edges.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let mut next = 0;
        let mut active: Vec<(Point, Point)> = Vec::new();
        for row in (low.max(0.0).floor() as i32)..last {
            let y = f64::from(row) + 0.5;
            while let Some(edge) = edges.get(next).filter(|edge| edge.0.1 <= y) {
                active.push(*edge);
                next += 1;
            }
            active.retain(|(_, end)| end.1 > y);
            let crossing =
                |((x0, y0), (x1, y1)): &(Point, Point)| x0 + (y - y0) / (y1 - y0) * (x1 - x0);
            let mut crossings: Vec<f64> = active.iter().map(crossing).collect();
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                // A pixel belongs to the area that holds its middle.
                let from = (pair[0].max(0.0) - 0.5).ceil() as i32;
                let to = (pair[1].min(right) - 0.5).ceil() as i32;
                if from < to {
                    self.backend
                        .draw_rect((from, row), (to, row + 1), &style, true)
                        .map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Draws a line as areas, one a step, with round joints.
    fn stroke(&mut self, points: &[Point], colour: Colour, width: f64) -> Result<(), ChartError> {
        // Never thinner than a drawn pixel.
        let half = (width / 2.0).max(0.5 / self.scale);
        let has_joints = half * self.scale > 1.2;
        for ((x0, y0), (x1, y1)) in points.iter().zip(points.iter().skip(1)) {
            let length = (x1 - x0).hypot(y1 - y0);
            if length.is_nan() || length <= 0.0 {
                continue;
            }
            let (dx, dy) = (-(y1 - y0) / length * half, (x1 - x0) / length * half);
            let side = vec![
                (x0 + dx, y0 + dy),
                (x1 + dx, y1 + dy),
                (x1 - dx, y1 - dy),
                (x0 - dx, y0 - dy),
            ];
            self.rows(&[side], colour)?;
            if has_joints {
                let corner = |idx: u32| {
                    let angle = f64::from(idx) * std::f64::consts::TAU / 12.0;
                    (x1 + half * angle.cos(), y1 + half * angle.sin())
                };
                self.rows(&[(0..12).map(corner).collect()], colour)?;
            }
        }
        Ok(())
    }
}

/// Each pixel as the mean of those drawn for it.
fn averaged(drawn: &[u8], drawn_width: u32, fineness: u32) -> Vec<u8> {
    if fineness == 1 {
        return drawn.to_vec();
    }
    let fineness = fineness as usize;
    let row_bytes = drawn_width as usize * 3;
    let n = u32::try_from(fineness * fineness).unwrap_or(1);
    let mut pixels = Vec::with_capacity(drawn.len() / (fineness * fineness));
    let mut sums = vec![0_u32; row_bytes / fineness];
    for rows in drawn.chunks_exact(row_bytes * fineness) {
        sums.fill(0);
        for row in rows.chunks_exact(row_bytes) {
            for (sum, group) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * fineness)) {
                for pixel in group.chunks_exact(3) {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*value);
                    }
                }
            }
        }
        pixels.extend(sums.iter().map(|sum| ((sum + n / 2) / n) as u8));
    }
    pixels
}

/// Eight-bit RGB as [PNG](https://www.w3.org/TR/png-3/).
fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, ChartError> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let row_bytes = width as usize * 3;
    let mut above = vec![0_u8; row_bytes];
    for row in pixels.chunks_exact(row_bytes) {
        // Filter type 2: the difference to the row above.
        let differences = row
            .iter()
            .zip(&above)
            .map(|(value, above)| value.wrapping_sub(*above));
        let filtered: Vec<u8> = std::iter::once(2).chain(differences).collect();
        packed.write_all(&filtered).map_err(failed)?;
        above.copy_from_slice(row);
    }
    let packed = packed.finish().map_err(failed)?;
    let mut head = Vec::with_capacity(13);
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &head)?;
    chunk(&mut file, b"IDAT", &packed)?;
    chunk(&mut file, b"IEND", &[])?;
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> Result<(), ChartError> {
    let n_bytes = u32::try_from(data.len()).map_err(failed)?;
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    file.extend(n_bytes.to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(crc.sum().to_be_bytes());
    Ok(())
}
