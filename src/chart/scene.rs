//! A place laid out in a rectangle: the world, or a country with its far parts in frames of their own.

use std::collections::HashSet;

use super::ChartError;
use crate::places;
use crate::shapes::{self, Atlas, Point, Projection, Rect, Ring};

pub(super) struct Area {
    pub(super) id: Option<String>,
    pub(super) polygons: Vec<Vec<Vec<Point>>>,
}

impl Area {
    /// How large it looks across or down, whichever is more.
    pub(super) fn extent(&self) -> f64 {
        let points = || self.polygons.iter().flatten().flatten();
        let span = |axis: fn(&Point) -> f64| {
            let (low, high) = points()
                .map(axis)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
                    (low.min(at), high.max(at))
                });
            (high - low).max(0.0)
        };
        span(|point| point.0).max(span(|point| point.1))
    }
}

pub(super) struct Scene {
    pub(super) areas: Vec<Area>,
    pub(super) coasts: Vec<Vec<Point>>,
    pub(super) borders: Vec<Vec<Point>>,
    /// Around far parts of a country.
    pub(super) frames: Vec<Rect>,
    /// Marks areas that are too small to be seen: code, place.
    pub(super) dots: Vec<(String, Point)>,
    panes: Vec<Pane>,
}

/// A rectangle with a projection of its own.
struct Pane {
    projection: Projection,
    /// Of the outlines in it; none for the world.
    samples: Vec<[f64; 3]>,
}

/// Areas smaller than this get a dot.
const VISIBLE: f64 = 5.0;
/// Parts at most 700 km apart lie together: more than Corsica or Svalbard, less than Alaska or Madeira.
const NEAR: f64 = 700.0 / 6371.0;
/// Far parts smaller than this share of the main one are too small to see even in a frame.
const SHARE_MIN: f64 = 0.0005;
const CLUSTERS_MAX: usize = 4;
const SAMPLES_MAX: usize = 16;

impl Scene {
    /// The world, or a country; `seen` are the codes that have something to show.
    pub(super) fn of(
        place: Option<&str>,
        seen: &HashSet<&str>,
        rect: Rect,
    ) -> Result<Scene, ChartError> {
        let mut scene = match place {
            None => Scene::world(seen, rect),
            Some(code) => match shapes::admin1(code) {
                Some(atlas) => Scene::country(&atlas, rect),
                None => Scene::outline(code, rect)?,
            },
        };
        let mut codes: Vec<&str> = seen.iter().copied().collect();
        codes.sort_unstable();
        for code in codes {
            let area = scene
                .areas
                .iter()
                .find(|area| area.id.as_deref() == Some(code));
            if area.is_some_and(|area| area.extent() >= VISIBLE) {
                continue;
            }
            let middle = area.and_then(|area| area.polygons.first()?.first()?.first().copied());
            let known = places::country(code).filter(|_| place.is_none());
            let at = known.and_then(|country| scene.project(country.lon, country.lat));
            if let Some(at) = at.or(middle) {
                scene.dots.push((code.to_owned(), at));
            }
        }
        Ok(scene)
    }

    fn world(seen: &HashSet<&str>, rect: Rect) -> Scene {
        let with_antarctic = seen.contains("AQ");
        let projection = Projection::world(rect, with_antarctic);
        let atlas = shapes::world();
        let shown = atlas
            .shapes
            .iter()
            .filter(|shape| with_antarctic || shape.id.as_deref() != Some("AQ"));
        let area = |shape: &shapes::Shape| Area {
            id: shape.id.clone(),
            polygons: shape
                .polygons
                .iter()
                .flat_map(|rings| projection.polygon(rings))
                .collect(),
        };
        let lines = |lines: &[Ring]| {
            let northern =
                |line: &&Ring| with_antarctic || line.iter().any(|[_, lat]| *lat > -60.0);
            let lines = lines.iter().filter(northern);
            lines.flat_map(|line| projection.line(line)).collect()
        };
        Scene {
            areas: shown.map(area).collect(),
            coasts: lines(&atlas.coasts),
            borders: lines(&atlas.borders),
            frames: Vec::new(),
            dots: Vec::new(),
            panes: vec![Pane {
                projection,
                samples: Vec::new(),
            }],
        }
    }

    /// A country without regions: its outline from the world's map, or half a degree around its point.
    fn outline(code: &str, rect: Rect) -> Result<Scene, ChartError> {
        let world = shapes::world();
        let shape = world
            .shapes
            .iter()
            .find(|shape| shape.id.as_deref() == Some(code));
        if let Some(shape) = shape.filter(|shape| !shape.polygons.is_empty()) {
            let atlas = Atlas {
                shapes: vec![shape.clone()],
                coasts: shape.polygons.iter().flatten().cloned().collect(),
                borders: Vec::new(),
            };
            return Ok(Scene::country(&atlas, rect));
        }
        let country = places::country(code).ok_or_else(|| ChartError::Place(code.to_owned()))?;
        let centre = [country.lon, country.lat];
        let corners = [-0.5, 0.5].map(|d| [country.lon + d, country.lat + d]);
        let projection = Projection::around(centre, corners.into_iter(), rect);
        Ok(Scene {
            areas: Vec::new(),
            coasts: Vec::new(),
            borders: Vec::new(),
            frames: Vec::new(),
            dots: Vec::new(),
            panes: vec![Pane {
                projection,
                samples: vec![unit(centre)],
            }],
        })
    }

    fn country(atlas: &Atlas, rect: Rect) -> Scene {
        let clusters = clusters(atlas);
        let n_far = clusters.len().saturating_sub(1);
        let frames: Vec<Rect> = (0..n_far).map(|idx| frame_at(idx, n_far, rect)).collect();
        let mut panes: Vec<Pane> = Vec::new();
        for (idx, cluster) in clusters.iter().enumerate() {
            let projection = match idx.checked_sub(1).and_then(|idx| frames.get(idx)) {
                Some(frame) => cluster.fitted(frame.inset(8.0)),
                None => cluster.main_pane(&frames, rect),
            };
            let samples = cluster
                .parts
                .iter()
                .flat_map(|part| part.samples.iter().copied());
            panes.push(Pane {
                projection,
                samples: samples.collect(),
            });
        }
        let mut areas: Vec<Area> = atlas
            .shapes
            .iter()
            .map(|shape| Area {
                id: shape.id.clone(),
                polygons: Vec::new(),
            })
            .collect();
        let (mut coasts, mut borders) = (Vec::new(), Vec::new());
        for (idx, (cluster, Pane { projection, .. })) in clusters.iter().zip(&panes).enumerate() {
            for part in &cluster.parts {
                let polygons = projection.polygon(part.rings);
                if idx > 0 {
                    coasts.extend(polygons.iter().flatten().cloned());
                }
                if let Some(area) = areas.get_mut(part.shape_idx) {
                    area.polygons.extend(polygons);
                }
            }
        }
        // Frames have the outlines of their own parts; shared lines are drawn where the mainland is.
        if let Some(Pane { projection, .. }) = panes.first() {
            let main = |line: &Vec<Point>| line.iter().all(|point| rect.contains(*point));
            let project = |lines: &[Ring]| {
                let projected = lines.iter().flat_map(|line| projection.line(line));
                projected.filter(main).collect::<Vec<_>>()
            };
            coasts.extend(project(&atlas.coasts));
            borders.extend(project(&atlas.borders));
        }
        Scene {
            areas,
            coasts,
            borders,
            frames,
            dots: Vec::new(),
            panes,
        }
    }

    /// Where a place lies, in the frame that is nearest to it.
    pub(super) fn project(&self, lon: f64, lat: f64) -> Option<Point> {
        if !(lon.is_finite() && lat.is_finite() && lat.abs() <= 90.0) {
            return None;
        }
        let at = unit([lon, lat]);
        let far = |pane: &Pane| {
            let apart = pane.samples.iter().map(|sample| chord(*sample, at));
            apart.fold(f64::INFINITY, f64::min)
        };
        let nearest = self.panes.iter().min_by(|a, b| far(a).total_cmp(&far(b)))?;
        Some(nearest.projection.project(lon, lat))
    }
}

/// Frames stand side by side in the lower left corner.
fn frame_at(idx: usize, n: usize, rect: Rect) -> Rect {
    let width = (rect.width * 0.22).min(rect.width * 0.5 / n as f64);
    let height = (width * 0.62).min(rect.height * 0.28);
    Rect {
        x: rect.x + idx as f64 * (width + 8.0),
        y: rect.bottom() - height,
        width,
        height,
    }
}

/// A polygon, and whose it is.
struct Part<'a> {
    shape_idx: usize,
    rings: &'a [Ring],
    samples: Vec<[f64; 3]>,
    area: f64,
}

/// Parts that lie together.
struct Cluster<'a> {
    parts: Vec<Part<'a>>,
    area: f64,
}

/// The largest first; the others are far from it.
fn clusters(atlas: &Atlas) -> Vec<Cluster<'_>> {
    let parts = atlas
        .shapes
        .iter()
        .enumerate()
        .flat_map(|(shape_idx, shape)| {
            shape
                .polygons
                .iter()
                .map(move |rings| Part::new(shape_idx, rings))
        });
    let mut parts: Vec<Part<'_>> = parts.collect();
    parts.sort_by(|a, b| b.area.total_cmp(&a.area));
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    for part in parts {
        // A part may join what was apart until now.
        let (near, mut apart): (Vec<_>, Vec<_>) = clusters
            .into_iter()
            .partition(|cluster| cluster.is_near(&part));
        let mut joined = Cluster {
            area: part.area,
            parts: vec![part],
        };
        for cluster in near {
            joined.area += cluster.area;
            joined.parts.extend(cluster.parts);
        }
        apart.push(joined);
        clusters = apart;
    }
    clusters.sort_by(|a, b| b.area.total_cmp(&a.area));
    let largest = clusters.first().map_or(0.0, |cluster| cluster.area);
    clusters.retain(|cluster| cluster.area >= largest * SHARE_MIN);
    clusters.truncate(CLUSTERS_MAX);
    clusters
}

impl<'a> Part<'a> {
    fn new(shape_idx: usize, rings: &'a [Ring]) -> Part<'a> {
        let outline = rings.first().map_or(&[][..], Vec::as_slice);
        let every = outline.len().div_ceil(SAMPLES_MAX).max(1);
        Part {
            shape_idx,
            rings,
            samples: outline
                .iter()
                .step_by(every)
                .map(|point| unit(*point))
                .collect(),
            area: sphere_area(outline),
        }
    }
}

impl Cluster<'_> {
    fn is_near(&self, part: &Part<'_>) -> bool {
        let own = || self.parts.iter().flat_map(|part| &part.samples);
        part.samples
            .iter()
            .any(|a| own().any(|b| chord(*a, *b) <= NEAR))
    }

    fn points(&self) -> impl Iterator<Item = [f64; 2]> {
        self.parts
            .iter()
            .flat_map(|part| part.rings.iter().take(1).flatten().copied())
    }

    /// Of its parts by their size, so that a ragged coast does not pull.
    fn centre(&self) -> [f64; 2] {
        let mut sum = [0.0; 3];
        for part in &self.parts {
            for sample in &part.samples {
                let weight = part.area / part.samples.len() as f64;
                for (sum, at) in sum.iter_mut().zip(sample) {
                    *sum += at * weight;
                }
            }
        }
        let [x, y, z] = sum;
        [y.atan2(x).to_degrees(), z.atan2(x.hypot(y)).to_degrees()]
    }

    fn fitted(&self, rect: Rect) -> Projection {
        Projection::around(self.centre(), self.points(), rect)
    }

    /// The mainland where no frame covers it: as it is, right of the frames or above them, whichever is largest.
    fn main_pane(&self, frames: &[Rect], rect: Rect) -> Projection {
        const GAP: f64 = 14.0;
        let whole = self.fitted(rect);
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else {
            return whole;
        };
        let is_covered = self.points().any(|[lon, lat]| {
            let (x, y) = whole.project(lon, lat);
            x < last.right() + GAP && y > first.y - GAP
        });
        if !is_covered {
            return whole;
        }
        let x = last.right() + GAP;
        let beside = self.fitted(Rect {
            x,
            width: (rect.right() - x).max(1.0),
            ..rect
        });
        let above = self.fitted(Rect {
            height: (first.y - GAP - rect.y).max(1.0),
            ..rect
        });
        if beside.scale() > above.scale() {
            beside
        } else {
            above
        }
    }
}

/// On the unit sphere.
fn unit([lon, lat]: [f64; 2]) -> [f64; 3] {
    let (lon, lat) = (lon.to_radians(), lat.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

/// Close to the distance in radians for what is near.
fn chord(a: [f64; 3], b: [f64; 3]) -> f64 {
    let squares = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

/// Of a ring on the unit sphere, by the area under each edge.
fn sphere_area(ring: &[[f64; 2]]) -> f64 {
    let edges = ring.iter().zip(ring.iter().skip(1));
    let under = |([lon0, lat0], [lon1, lat1]): (&[f64; 2], &[f64; 2])| {
        let across = (lon1 - lon0 + 540.0).rem_euclid(360.0) - 180.0;
        across.to_radians() * (lat0.to_radians().sin() + lat1.to_radians().sin()) / 2.0
    };
    edges.map(under).sum::<f64>().abs()
}
