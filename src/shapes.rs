//! Outlines of countries and regions, and the projections that lay them flat.
//!
//! Everything here is equal-area: a large patch of colour is a large patch of land. The world is drawn in
//! [Equal Earth](https://doi.org/10.1080/13658816.2018.1504949) (Šavrič, Patterson, Jenny 2018), turned so that
//! the cut runs through the Bering Strait; a country in Lambert's azimuthal projection around its own middle,
//! which no meridian cuts.

use std::f64::consts::FRAC_PI_2;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::places;

/// Longitudes and latitudes in degrees. A ring ends where it began.
pub type Ring = Vec<[f64; 2]>;

/// A position in a picture: right and down.
pub type Point = (f64, f64);

/// An area with a name.
#[derive(Clone, Debug)]
pub struct Shape {
    /// ISO 3166-1 alpha-2 of a country, ISO 3166-2 of a region; none where no code is agreed on.
    pub id: Option<String>,
    pub name: String,
    /// The first ring of each is its outline, the others are holes.
    pub polygons: Vec<Vec<Ring>>,
}

/// The areas of one file and the lines around and between them.
#[derive(Clone, Debug)]
pub struct Atlas {
    pub shapes: Vec<Shape>,
    /// Lines with an area on one side only.
    pub coasts: Vec<Ring>,
    /// Lines between two areas.
    pub borders: Vec<Ring>,
}

/// The countries of the world.
pub fn world() -> &'static Atlas {
    static WORLD: LazyLock<Atlas> = LazyLock::new(|| {
        read::<Countries>("world.json")
            .map(|Topology { frame, objects }| frame.atlas(&objects.countries))
            .expect("world.json is embedded and well-formed, a test reads it")
    });
    &WORLD
}

/// The first-level regions of a country by its ISO 3166-1 alpha-2 code, where it has some.
pub fn admin1(country: &str) -> Option<Atlas> {
    // The code becomes part of a file name.
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let Topology { frame, objects } = read::<Regions>(&format!("admin1/{country}.json"))?;
    Some(frame.atlas(&objects.regions))
}

fn read<Objects: DeserializeOwned>(path: &str) -> Option<Topology<Objects>> {
    let file = places::Shapes::get(path)?;
    serde_json::from_slice(&file.data).ok()
}

/// TopoJSON, as far as the shapes use it.
#[derive(Deserialize)]
struct Topology<Objects> {
    #[serde(flatten)]
    frame: Frame,
    objects: Objects,
}

#[derive(Deserialize)]
struct Frame {
    transform: Option<Transform>,
    arcs: Vec<Vec<[f64; 2]>>,
}

#[derive(Deserialize)]
struct Transform {
    scale: [f64; 2],
    translate: [f64; 2],
}

#[derive(Deserialize)]
struct Countries {
    countries: Collection,
}

#[derive(Deserialize)]
struct Regions {
    regions: Collection,
}

#[derive(Deserialize)]
struct Collection {
    geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    id: Option<String>,
    #[serde(default)]
    properties: Properties,
    /// Nothing for areas that were simplified away.
    #[serde(flatten)]
    outline: Option<Outline>,
}

#[derive(Default, Deserialize)]
struct Properties {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "arcs")]
enum Outline {
    Polygon(Vec<Vec<i64>>),
    MultiPolygon(Vec<Vec<Vec<i64>>>),
}

impl Geometry {
    fn polygons(&self) -> &[Vec<Vec<i64>>] {
        match &self.outline {
            Some(Outline::MultiPolygon(polygons)) => polygons,
            Some(Outline::Polygon(rings)) => std::slice::from_ref(rings),
            None => &[],
        }
    }
}

impl Frame {
    fn atlas(&self, collection: &Collection) -> Atlas {
        let arcs: Vec<Ring> = self.arcs.iter().map(|arc| self.positions(arc)).collect();
        let mut uses = vec![0_u32; arcs.len()];
        for number in collection
            .geometries
            .iter()
            .flat_map(Geometry::polygons)
            .flatten()
            .flatten()
        {
            if let Some(n) = uses.get_mut(arc_idx(*number)) {
                *n += 1;
            }
        }
        let lines = |is_wanted: fn(u32) -> bool| {
            let wanted = arcs.iter().zip(&uses).filter(|(_, n)| is_wanted(**n));
            wanted.flat_map(|(arc, _)| without_seam(arc)).collect()
        };
        let shape = |geometry: &Geometry| {
            let rings =
                |rings: &Vec<Vec<i64>>| rings.iter().map(|ring| join(&arcs, ring)).collect();
            Shape {
                id: geometry.id.clone(),
                name: geometry.properties.name.clone().unwrap_or_default(),
                polygons: geometry.polygons().iter().map(rings).collect(),
            }
        };
        Atlas {
            shapes: collection.geometries.iter().map(shape).collect(),
            coasts: lines(|n| n == 1),
            borders: lines(|n| n > 1),
        }
    }

    /// Undoes quantization: with a transform, positions are steps from one to the next.
    fn positions(&self, arc: &[[f64; 2]]) -> Ring {
        let Some(Transform { scale, translate }) = &self.transform else {
            return arc.to_vec();
        };
        let mut at = [0.0, 0.0];
        let step = |[dx, dy]: &[f64; 2]| {
            at = [at[0] + dx, at[1] + dy];
            [
                at[0] * scale[0] + translate[0],
                at[1] * scale[1] + translate[1],
            ]
        };
        arc.iter().map(step).collect()
    }
}

/// `!n` is arc n backwards.
fn arc_idx(number: i64) -> usize {
    let number = if number < 0 { !number } else { number };
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Joins arcs to a ring; each begins where the last ended.
fn join(arcs: &[Ring], numbers: &[i64]) -> Ring {
    let mut ring = Ring::new();
    for number in numbers {
        let arc = arcs.get(arc_idx(*number)).map_or(&[][..], Vec::as_slice);
        ring.pop();
        match *number < 0 {
            true => ring.extend(arc.iter().rev()),
            false => ring.extend(arc),
        }
    }
    ring
}

/// Drops the cuts along the 180th meridian and around the pole: they are no coast.
fn without_seam(line: &[[f64; 2]]) -> Vec<Ring> {
    let is_seam = |[lon, lat]: [f64; 2]| lon.abs() > 179.98 || lat < -89.9;
    let pieces = line.chunk_by(|a, b| !(is_seam(*a) && is_seam(*b)));
    pieces
        .filter(|piece| piece.len() > 1)
        .map(<[_]>::to_vec)
        .collect()
}

/// A rectangle of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    /// What is left inside of a margin.
    pub fn inset(self, margin: f64) -> Rect {
        Rect {
            x: self.x + margin,
            y: self.y + margin,
            width: (self.width - 2.0 * margin).max(1.0),
            height: (self.height - 2.0 * margin).max(1.0),
        }
    }

    pub fn right(self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub fn contains(self, (x, y): Point) -> bool {
        x >= self.x && x <= self.right() && y >= self.y && y <= self.bottom()
    }
}

/// A way to lay the globe flat, fitted to a rectangle.
#[derive(Clone, Copy, Debug)]
pub struct Projection {
    kind: Kind,
    /// Of the unit sphere's plane.
    scale: f64,
    shift: Point,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    EqualEarth { centre_lon: f64 },
    Azimuthal { lon: f64, lat: f64 },
}

/// With 11° E in the middle, the cut lies at 169° W: Russia stays whole, Alaska loses some islands.
const WORLD_CENTRE_LON: f64 = 11.0;

/// Outlines have straight edges of at most this many degrees, as the projection bends longer ones.
const EDGE_DEGREES_MAX: f64 = 2.0;

/// The inhabited world decides the scale, so that the Antarctic does not.
const WORLD_CORNERS: [[f64; 2]; 9] = [
    [-160.0, 0.0],
    [-170.5, -11.0],
    [-168.0, 66.0],
    [-60.0, 83.0],
    [60.0, 81.0],
    [-174.0, 66.0],
    [179.0, -38.0],
    [178.0, -47.0],
    [-68.0, -56.0],
];

impl Projection {
    /// The world in Equal Earth; with the Antarctic only if asked for.
    pub fn world(rect: Rect, with_antarctic: bool) -> Projection {
        let kind = Kind::EqualEarth {
            centre_lon: WORLD_CENTRE_LON,
        };
        let antarctic = with_antarctic.then_some([0.0, -86.0]);
        let corners = WORLD_CORNERS.into_iter().chain(antarctic);
        Projection::fitted(kind, corners, rect)
    }

    /// Lambert's azimuthal equal-area projection around a centre, fitted to points.
    pub fn around(
        centre: [f64; 2],
        points: impl Iterator<Item = [f64; 2]>,
        rect: Rect,
    ) -> Projection {
        let [lon, lat] = centre;
        Projection::fitted(Kind::Azimuthal { lon, lat }, points, rect)
    }

    fn fitted(kind: Kind, points: impl Iterator<Item = [f64; 2]>, rect: Rect) -> Projection {
        let (mut left, mut right) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut top, mut bottom) = (f64::INFINITY, f64::NEG_INFINITY);
        for [lon, lat] in points {
            let (x, y) = kind.plane(lon, lat);
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(-y), bottom.max(-y));
        }
        if !(left.is_finite() && top.is_finite()) {
            (left, right, top, bottom) = (-0.01, 0.01, -0.01, 0.01);
        }
        // A country of one point is shown with some land around it.
        let (across, down) = ((right - left).max(1e-4), (bottom - top).max(1e-4));
        let scale = (rect.width / across).min(rect.height / down);
        let shift = (
            rect.x + rect.width / 2.0 - scale * (left + right) / 2.0,
            rect.y + rect.height / 2.0 - scale * (top + bottom) / 2.0,
        );
        Projection { kind, scale, shift }
    }

    /// Where a place of the globe lies in the picture; always finite for finite degrees.
    pub fn project(&self, lon: f64, lat: f64) -> Point {
        self.placed(self.kind.plane(lon, lat))
    }

    /// Picture units per radian of the globe, near its middle.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    fn placed(&self, (x, y): Point) -> Point {
        (self.shift.0 + self.scale * x, self.shift.1 - self.scale * y)
    }

    /// A polygon as one or, where the cut runs through it, two polygons of the picture.
    pub fn polygon(&self, rings: &[Ring]) -> Vec<Vec<Vec<Point>>> {
        let Kind::EqualEarth { centre_lon } = self.kind else {
            return vec![rings.iter().map(|ring| self.bent(ring, false)).collect()];
        };
        let turned: Vec<Ring> = rings
            .iter()
            .map(|ring| turn_ring(ring, centre_lon))
            .collect();
        // Rings are whole but may reach past either edge of the map; what does comes in again on the other side.
        let sides = [-1.0, 0.0, 1.0].map(|side| {
            let clipped = turned.iter().map(|ring| clip(ring, side * 360.0));
            let visible = clipped.filter(|ring| ring.len() > 2);
            visible
                .map(|ring| self.bent(&ring, true))
                .collect::<Vec<_>>()
        });
        sides
            .into_iter()
            .filter(|rings| !rings.is_empty())
            .collect()
    }

    /// A line as the pieces of it that the cut leaves.
    pub fn line(&self, line: &[[f64; 2]]) -> Vec<Vec<Point>> {
        let Kind::EqualEarth { centre_lon } = self.kind else {
            return vec![self.bent(line, false)];
        };
        let turned: Vec<_> = turn(line, centre_lon)
            .into_iter()
            .map(|[lon, lat]| [wrap(lon), lat])
            .collect();
        let pieces = turned.chunk_by(|a, b| (a[0] - b[0]).abs() < 180.0);
        let visible = pieces.filter(|piece| piece.len() > 1);
        visible.map(|piece| self.bent(piece, true)).collect()
    }

    /// Projects points with others between those far apart. `is_turned` says that longitudes count from the
    /// middle of the map already.
    fn bent(&self, line: &[[f64; 2]], is_turned: bool) -> Vec<Point> {
        let project = |[lon, lat]: [f64; 2]| match is_turned {
            true => self.placed(equal_earth(lon.to_radians(), lat.to_radians())),
            false => self.project(lon, lat),
        };
        let mut bent = Vec::with_capacity(line.len());
        let Some(first) = line.first() else {
            return bent;
        };
        bent.push(project(*first));
        for ([lon0, lat0], [lon1, lat1]) in
            line.iter().zip(line.iter().skip(1)).map(|(a, b)| (*a, *b))
        {
            let steps = ((lon1 - lon0).abs().max((lat1 - lat0).abs()) / EDGE_DEGREES_MAX)
                .ceil()
                .max(1.0);
            let mut step = 1.0;
            while step <= steps {
                let t = step / steps;
                bent.push(project([
                    lon0 + t * (lon1 - lon0),
                    lat0 + t * (lat1 - lat0),
                ]));
                step += 1.0;
            }
        }
        bent
    }
}

impl Kind {
    /// On the plane of the unit sphere, y up.
    fn plane(self, lon: f64, lat: f64) -> Point {
        match self {
            Kind::EqualEarth { centre_lon } => {
                equal_earth(wrap(lon - centre_lon).to_radians(), lat.to_radians())
            }
            Kind::Azimuthal {
                lon: lon0,
                lat: lat0,
            } => azimuthal(
                (lon - lon0).to_radians(),
                lat.to_radians(),
                lat0.to_radians(),
            ),
        }
    }
}

/// Equation 11 of the paper.
fn equal_earth(lon: f64, lat: f64) -> Point {
    const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];
    let root3 = 3.0_f64.sqrt();
    let theta = (root3 / 2.0 * lat.clamp(-FRAC_PI_2, FRAC_PI_2).sin()).asin();
    let square = theta * theta;
    let sixth = square * square * square;
    let x = 2.0 * root3 * lon * theta.cos()
        / (3.0 * (A[0] + 3.0 * A[1] * square + sixth * (7.0 * A[2] + 9.0 * A[3] * square)));
    let y = theta * (A[0] + A[1] * square + sixth * (A[2] + A[3] * square));
    (x, y)
}

/// Lambert's azimuthal equal-area projection, Snyder 1987, equations 22-4, 24-2, 24-13 and 24-14.
fn azimuthal(lon: f64, lat: f64, centre_lat: f64) -> Point {
    let cos_distance = centre_lat.sin() * lat.sin() + centre_lat.cos() * lat.cos() * lon.cos();
    // The antipode would lie all around the edge.
    let k = (2.0 / (1.0 + cos_distance).max(1e-9)).sqrt();
    (
        k * lat.cos() * lon.sin(),
        k * (centre_lat.cos() * lat.sin() - centre_lat.sin() * lat.cos() * lon.cos()),
    )
}

/// Into -180 up to 180.
fn wrap(lon: f64) -> f64 {
    (lon + 180.0).rem_euclid(360.0) - 180.0
}

/// Longitudes from the centre, without the jumps of a line that crosses the 180th meridian.
fn turn(line: &[[f64; 2]], centre_lon: f64) -> Ring {
    let mut last = None;
    let step = |[lon, lat]: &[f64; 2]| {
        let from_centre = lon - centre_lon;
        let lon = last.map_or(from_centre, |last| last + wrap(from_centre - last));
        last = Some(lon);
        [lon, *lat]
    };
    line.iter().map(step).collect()
}

/// As `turn`, and a ring around a pole is closed along it: on the map the pole is a line.
fn turn_ring(ring: &[[f64; 2]], centre_lon: f64) -> Ring {
    // Files mark the pole itself by a ring without any area.
    if ring.iter().all(|[_, lat]| lat.abs() > 89.9) {
        return Ring::new();
    }
    let mut turned = turn(ring, centre_lon);
    if let (Some(first), Some(last)) = (turned.first().copied(), turned.last().copied())
        && (last[0] - first[0]).abs() > 180.0
    {
        let pole = f64::copysign(90.0, first[1]);
        turned.extend([[last[0], pole], [first[0], pole], first]);
    }
    turned
}

/// The part of a ring between -180 and 180 after a shift (Sutherland and Hodgman's clipping at two lines).
fn clip(ring: &[[f64; 2]], shift: f64) -> Ring {
    let shifted: Ring = ring.iter().map(|[lon, lat]| [lon + shift, *lat]).collect();
    let east = clip_at(&shifted, -180.0, |lon| lon >= -180.0);
    clip_at(&east, 180.0, |lon| lon <= 180.0)
}

fn clip_at(ring: &[[f64; 2]], edge: f64, is_inside: fn(f64) -> bool) -> Ring {
    if ring.iter().all(|[lon, _]| is_inside(*lon)) {
        return ring.to_vec();
    }
    let mut clipped = Ring::new();
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        if is_inside(a[0]) {
            clipped.push(*a);
        }
        if is_inside(a[0]) != is_inside(b[0]) {
            let t = (edge - a[0]) / (b[0] - a[0]);
            clipped.push([edge, a[1] + t * (b[1] - a[1])]);
        }
    }
    if let Some(first) = clipped.first() {
        clipped.push(*first);
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect {
        x: 0.0,
        y: 0.0,
        width: 1000.0,
        height: 500.0,
    };

    #[track_caller]
    fn check_plane(lon: f64, lat: f64, x: f64, y: f64) {
        let found = equal_earth(f64::to_radians(lon), f64::to_radians(lat));
        let off = (found.0 - x).abs().max((found.1 - y).abs());
        assert!(off < 1e-5, "{lon} {lat}: {found:?}, not {x} {y}");
    }

    #[test]
    fn equal_earth_has_the_published_proportions() {
        check_plane(0.0, 0.0, 0.0, 0.0);
        check_plane(180.0, 0.0, 2.706_630, 0.0);
        check_plane(0.0, 90.0, 0.0, 1.317_363);
        // The pole is a line 0.59 times as long as the equator.
        let (pole, _) = equal_earth(180_f64.to_radians(), 90_f64.to_radians());
        assert!((pole / 2.706_630 - 0.5917).abs() < 1e-3, "{pole}");
    }

    #[test]
    fn equal_areas_stay_equal() {
        let area = |plane: &dyn Fn(f64, f64) -> Point, lon: f64, lat: f64| {
            let d = 1e-4;
            let (x0, y0) = plane(lon, lat);
            let (x1, y1) = plane(lon + d, lat);
            let (x2, y2) = plane(lon, lat + d);
            ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)).abs() / (d * d * lat.cos())
        };
        let lambert = |lon, lat| azimuthal(lon, lat, 0.7);
        for lat in [-1.4, -0.9, -0.2, 0.0, 0.3, 1.0, 1.3] {
            for lon in [-2.0, -0.5, 0.0, 1.1] {
                assert!(
                    (area(&equal_earth, lon, lat) - 1.0).abs() < 2e-3,
                    "{lon} {lat}"
                );
                assert!((area(&lambert, lon, lat) - 1.0).abs() < 2e-3, "{lon} {lat}");
            }
        }
    }

    #[test]
    fn every_outline_stays_on_the_map_and_crosses_nothing() {
        let projection = Projection::world(RECT, true);
        let width = 2.0 * 2.706_64 * projection.scale();
        for Shape { name, polygons, .. } in &world().shapes {
            for ring in polygons
                .iter()
                .flat_map(|rings| projection.polygon(rings))
                .flatten()
            {
                for ((x0, y0), (x1, y1)) in ring.iter().zip(ring.iter().skip(1)) {
                    assert!(x0.is_finite() && y0.is_finite(), "{name}");
                    assert!(x1.is_finite() && y1.is_finite(), "{name}");
                    assert!((x1 - x0).abs() < width / 20.0, "{name}: streak");
                    let middle = projection.project(WORLD_CENTRE_LON, 0.0).0;
                    assert!(
                        (x0 - middle).abs() < width / 2.0 + 1.0,
                        "{name}: off the map"
                    );
                }
            }
        }
        for line in world().coasts.iter().chain(&world().borders) {
            for piece in projection.line(line) {
                let mut steps = piece.iter().zip(piece.iter().skip(1));
                assert!(steps.all(|(a, b)| (a.0 - b.0).abs() < width / 20.0));
            }
        }
    }

    #[test]
    fn clipping_keeps_the_area_of_what_it_cuts() {
        let area = |ring: &Ring| {
            let edges = ring.iter().zip(ring.iter().skip(1));
            edges
                .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
                .sum::<f64>()
                .abs()
                / 2.0
        };
        let square = vec![
            [-190.0, 0.0],
            [-170.0, 0.0],
            [-170.0, 10.0],
            [-190.0, 10.0],
            [-190.0, 0.0],
        ];
        assert_eq!(area(&clip(&square, 0.0)), 100.0);
        assert_eq!(area(&clip(&square, 360.0)), 100.0);
        assert!(clip(&square, -360.0).is_empty());
        let russia = world()
            .shapes
            .iter()
            .find(|shape| shape.id.as_deref() == Some("RU"))
            .unwrap();
        let rings = russia.polygons.iter().map(|rings| &rings[0]);
        let turned: Vec<_> = rings
            .map(|ring| turn_ring(ring, WORLD_CENTRE_LON))
            .collect();
        let whole: f64 = turned.iter().map(area).sum();
        assert!(whole > 2_500.0, "{whole}");
        let parts: f64 = turned
            .iter()
            .flat_map(|ring| [-360.0, 0.0, 360.0].map(|shift| area(&clip(ring, shift))))
            .sum();
        assert!((whole - parts).abs() < 1e-6 * whole, "{whole} {parts}");
    }

    #[test]
    fn every_file_of_regions_is_read() {
        let mut n_files = 0;
        for path in places::Shapes::iter() {
            let Some(code) = path
                .strip_prefix("admin1/")
                .and_then(|name| name.strip_suffix(".json"))
            else {
                continue;
            };
            n_files += 1;
            let atlas = admin1(code).unwrap_or_else(|| panic!("{path} is not read"));
            assert!(
                atlas.shapes.iter().any(|shape| !shape.polygons.is_empty()),
                "{path}"
            );
            for ring in atlas
                .shapes
                .iter()
                .flat_map(|shape| shape.polygons.iter().flatten())
            {
                assert_eq!(ring.first(), ring.last(), "{path}");
            }
        }
        assert!(n_files > 150, "{n_files}");
        assert!(world().shapes.len() > 200);
    }

    #[test]
    fn only_codes_name_files() {
        for code in ["", "de", "DEU", "../index", "Ä", "XX"] {
            assert!(admin1(code).is_none(), "{code}");
        }
    }
}
