//! Which first-level region a point lies in, by the shapes that the map draws.
//!
//! DB-IP names regions in English without a code, so the region is resolved once, when the data is
//! built. The map and the data then agree by construction.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::GeoError;
use super::names::RegionNames;
use super::vendor::Point;

/// A point outside of all shapes of its country takes the nearest within so many degrees: coasts
/// are simplified, and small islands left out.
const NEAREST_DEGREES_MAX: f64 = 3.0;
/// A shape's edge is this far from the true border at worst; within it the maker's own name of the
/// region decides.
const EDGE_DEGREES: f64 = 0.15;

type Ring = Vec<[f64; 2]>;

/// The shapes of all countries that have some.
pub(super) struct Regions {
    by_country: HashMap<String, Vec<Region>>,
    names: RegionNames,
}

struct Region {
    code: String,
    /// West, south, east, north.
    bounds: [f64; 4],
    /// Outer and inner rings alike: a point is inside when it is inside an odd number of them.
    rings: Vec<Ring>,
}

/// How a region was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Found {
    /// The point lies in its shape.
    Inside,
    /// The point lies at the edge of the shape that its maker names.
    Edge,
    /// The maker's name says so.
    Name,
    /// It is the nearest shape.
    Nearest,
}

impl Regions {
    /// Reads `admin1/*.json` and, if there, `index.json` of a folder of shapes.
    pub(super) fn read(dir: &Path) -> Result<Self, GeoError> {
        let io = |path: &Path| {
            let path = path.display().to_string();
            move |source| GeoError::Io { path, source }
        };
        let mut by_country: HashMap<String, Vec<Region>> = HashMap::new();
        let mut labels: Vec<(String, String)> = Vec::new();
        let admin1 = dir.join("admin1");
        let mut files: Vec<_> = std::fs::read_dir(&admin1)
            .map_err(io(&admin1))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect();
        files.sort();
        for path in &files {
            let bytes = std::fs::read(path).map_err(io(path))?;
            let topology: Topology =
                serde_json::from_slice(&bytes).map_err(|source| GeoError::Shape {
                    path: path.display().to_string(),
                    source,
                })?;
            for (region, name) in topology.regions() {
                // A region belongs to the country of its code: shapes follow de-facto borders.
                let Some((country, _)) = region.code.split_once('-') else {
                    continue;
                };
                labels.extend(name.map(|name| (region.code.clone(), name)));
                by_country
                    .entry(country.to_owned())
                    .or_default()
                    .push(region);
            }
        }
        let index = dir.join("index.json");
        if index.exists() {
            let bytes = std::fs::read(&index).map_err(io(&index))?;
            labels.extend(
                RegionNames::read_index(&bytes).map_err(|source| GeoError::Shape {
                    path: index.display().to_string(),
                    source,
                })?,
            );
        }
        let names = RegionNames::new(labels.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        Ok(Self { by_country, names })
    }

    /// Returns the code of the region of a point and how it was found.
    pub(super) fn find(&self, country: &str, name: &str, point: Point) -> Option<(&str, Found)> {
        let regions = self.by_country.get(country).map_or(&[][..], Vec::as_slice);
        let named = self.names.find(country, name);
        if let Some(inside) = regions.iter().find(|region| region.contains(point)) {
            let at_edge = |code: &&str| {
                *code != inside.code
                    && regions.iter().any(|region| {
                        region.code == **code && region.distance(point) < EDGE_DEGREES
                    })
            };
            return Some(match named.filter(at_edge) {
                Some(code) => (code, Found::Edge),
                None => (&inside.code, Found::Inside),
            });
        }
        if let Some(code) = named {
            return Some((code, Found::Name));
        }
        let distances = regions
            .iter()
            .map(|region| (region.distance(point), region));
        let (distance, nearest) = distances.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
        (distance <= NEAREST_DEGREES_MAX).then_some((nearest.code.as_str(), Found::Nearest))
    }

    /// Returns the code of the shape that holds a point, and nothing else.
    pub(super) fn inside(&self, country: &str, point: Point) -> Option<&str> {
        let regions = self.by_country.get(country)?;
        let region = regions.iter().find(|region| region.contains(point))?;
        Some(&region.code)
    }

    /// Returns how many regions and countries there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let n_regions = self.by_country.values().map(Vec::len).sum();
        (n_regions, self.by_country.len())
    }
}

impl Region {
    fn new(code: String, rings: Vec<Ring>) -> Self {
        let everywhere = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        let bounds = rings
            .iter()
            .flatten()
            .fold(everywhere, |[w, s, e, n], [lon, lat]| {
                [w.min(*lon), s.min(*lat), e.max(*lon), n.max(*lat)]
            });
        Self {
            code,
            bounds,
            rings,
        }
    }

    fn contains(&self, point: Point) -> bool {
        let Point { lat, lon } = point;
        let [west, south, east, north] = self.bounds;
        if !(west..=east).contains(&lon) || !(south..=north).contains(&lat) {
            return false;
        }
        let crossings = |ring: &Ring| {
            let crosses = |[[lon_a, lat_a], [lon_b, lat_b]]: [[f64; 2]; 2]| {
                (lat_a > lat) != (lat_b > lat)
                    && lon < (lon_b - lon_a) * (lat - lat_a) / (lat_b - lat_a) + lon_a
            };
            edges(ring).filter(|edge| crosses(*edge)).count()
        };
        self.rings.iter().map(crossings).sum::<usize>() % 2 == 1
    }

    /// Returns the distance to the nearest edge in degrees of latitude.
    fn distance(&self, point: Point) -> f64 {
        let Point { lat, lon } = point;
        let scale = lat.to_radians().cos().max(0.01);
        let to_edge = |[a, b]: [[f64; 2]; 2]| {
            let flat = |[x, y]: [f64; 2]| [(x - lon) * scale, y - lat];
            let ([ax, ay], [bx, by]) = (flat(a), flat(b));
            let (dx, dy) = (bx - ax, by - ay);
            let length = dx * dx + dy * dy;
            let along = match length > 0.0 {
                true => (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0),
                false => 0.0,
            };
            (ax + along * dx).hypot(ay + along * dy)
        };
        let edges = self.rings.iter().flat_map(edges);
        edges.map(to_edge).fold(f64::MAX, f64::min)
    }
}

fn edges(ring: &Ring) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
    ring.iter().zip(ring.iter().skip(1)).map(|(a, b)| [*a, *b])
}

/// TopoJSON, as far as the shapes use it.
#[derive(Deserialize)]
struct Topology {
    transform: Option<Transform>,
    arcs: Vec<Vec<[f64; 2]>>,
    objects: Objects,
}

#[derive(Deserialize)]
struct Transform {
    scale: [f64; 2],
    translate: [f64; 2],
}

#[derive(Deserialize)]
struct Objects {
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
    /// Nothing for the null geometries of regions that were simplified away.
    #[serde(flatten)]
    shape: Option<Shape>,
}

#[derive(Default, Deserialize)]
struct Properties {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "arcs")]
enum Shape {
    Polygon(Vec<Vec<i64>>),
    MultiPolygon(Vec<Vec<Vec<i64>>>),
}

impl Topology {
    fn regions(&self) -> Vec<(Region, Option<String>)> {
        let arcs: Vec<Ring> = self.arcs.iter().map(|arc| self.positions(arc)).collect();
        let region = |geometry: &Geometry| {
            let rings = match &geometry.shape {
                Some(Shape::Polygon(rings)) => rings.iter().map(|ring| join(&arcs, ring)).collect(),
                Some(Shape::MultiPolygon(polygons)) => polygons
                    .iter()
                    .flatten()
                    .map(|ring| join(&arcs, ring))
                    .collect(),
                None => Vec::new(),
            };
            let region = Region::new(geometry.id.clone()?, rings);
            Some((region, geometry.properties.name.clone()))
        };
        self.objects
            .regions
            .geometries
            .iter()
            .filter_map(region)
            .collect()
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

/// Joins arcs to a ring; `!n` is arc n backwards, and each begins where the last ended.
fn join(arcs: &[Ring], ring: &[i64]) -> Ring {
    let mut joined = Ring::new();
    for number in ring {
        let backwards = *number < 0;
        let number = if backwards { !number } else { *number };
        let arc = usize::try_from(number)
            .ok()
            .and_then(|number| arcs.get(number));
        let arc = arc.map_or(&[][..], Vec::as_slice);
        joined.pop();
        match backwards {
            true => joined.extend(arc.iter().rev()),
            false => joined.extend(arc),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two squares side by side that share an edge, with a hole in the right one.
    const SQUARES: &str = r#"{"type":"Topology",
        "transform":{"scale":[0.5,0.5],"translate":[10,40]},
        "arcs":[[[4,0],[0,4]],[[4,4],[-4,0],[0,-4],[4,0]],[[4,4],[4,0],[0,-4],[-4,0]],
                [[5,1],[0,2],[2,0],[0,-2],[-2,0]]],
        "objects":{"regions":{"type":"GeometryCollection","geometries":[
          {"type":"Polygon","id":"XX-W","properties":{"name":"West"},"arcs":[[0,1]]},
          {"type":"MultiPolygon","id":"XX-E","properties":{"name":"Éast Province"},"arcs":[[[0,2],[3]]]},
          {"type":null}]}}}"#;

    #[track_caller]
    fn check(lat: f64, lon: f64, name: &str, expected: Option<(&str, Found)>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("admin1")).unwrap();
        std::fs::write(dir.path().join("admin1/XX.json"), SQUARES).unwrap();
        let index = r#"{"regions":{"XX-N":"North Dot"}}"#;
        std::fs::write(dir.path().join("index.json"), index).unwrap();
        let regions = Regions::read(dir.path()).unwrap();
        assert_eq!(regions.find("XX", name, Point { lat, lon }), expected);
        assert_eq!(regions.find("YY", name, Point { lat, lon }), None);
    }

    #[test]
    fn regions_are_found_by_point_then_name_then_nearness() {
        check(41.0, 11.0, "", Some(("XX-W", Found::Inside)));
        check(40.2, 12.2, "", Some(("XX-E", Found::Inside)));
        check(41.0, 11.0, "East", Some(("XX-W", Found::Inside)));
        check(41.0, 11.9, "east", Some(("XX-E", Found::Edge)));
        check(41.0, 13.0, "", Some(("XX-E", Found::Nearest)));
        check(41.0, 9.0, "", Some(("XX-W", Found::Nearest)));
        check(41.0, 9.0, "East", Some(("XX-E", Found::Name)));
        check(60.0, 9.0, "north dot", Some(("XX-N", Found::Name)));
        check(60.0, 9.0, "", None);
    }
}
