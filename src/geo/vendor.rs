//! Reads what the makers of geo data give out: MaxMind DB files of cities, CSV files of networks.

use std::collections::HashMap;
use std::net::IpAddr;

use maxminddb::{Reader, WithinOptions};

use super::GeoError;
use super::names::strip_district;
use super::runs::{Cutter, Space, V4_BITS, V6_BITS};
use crate::enrich::geoip::value::Value;

/// A place as a maker names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PlaceName {
    /// ISO 3166-1 alpha-2.
    pub(super) country: String,
    /// English name of the region, or its code where the maker gives one.
    pub(super) region: String,
    /// English name without district.
    pub(super) city: String,
}

/// A point on the globe in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) lat: f64,
    pub(super) lon: f64,
}

/// Every place that is named, in order of appearance, and the spaces that refer to it.
pub(super) struct Cities {
    /// Answer `n + 1` is the n-th place: its name, and the points its addresses are said to be at
    /// with the space they take, the largest first.
    pub(super) places: Vec<(PlaceName, Vec<(Point, f64)>)>,
    pub(super) v4: Space,
    pub(super) v6: Space,
    pub(super) build_epoch: u64,
}

/// What a /48 counts against a /24 when points compete: IPv6 speaks where IPv4 is silent.
const V6_WEIGHT: f64 = 1e-12;

/// Coordinates as the bits of 32-bit floats, so that they can be counted.
type PointBits = (u32, u32);
/// The number of a record's place, and its point.
type Known = (u32, PointBits);

/// Gathers cities from one file for both families or from one for each.
pub(super) struct CityReader {
    numbers: HashMap<PlaceName, u32>,
    places: Vec<PlaceName>,
    /// Addresses, in units of the family, by coordinates.
    points: Vec<HashMap<PointBits, f64>>,
    v4: Cutter,
    v6: Cutter,
    build_epoch: u64,
}

impl CityReader {
    pub(super) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            places: Vec::new(),
            points: Vec::new(),
            v4: Cutter::new(V4_BITS, 32),
            v6: Cutter::new(V6_BITS, 128),
            build_epoch: 0,
        }
    }

    /// Reads a file to its end. Files of one family must come one each.
    pub(super) fn read(&mut self, mmdb: &[u8]) -> Result<(), GeoError> {
        let reader = Reader::from_source(mmdb)?;
        self.build_epoch = self.build_epoch.max(reader.metadata().build_epoch);
        let mut by_offset: HashMap<usize, Option<Known>> = HashMap::new();
        for found in reader.networks(WithinOptions::default())? {
            let found = found?;
            let Some(offset) = found.offset() else {
                continue;
            };
            let known = match by_offset.get(&offset) {
                Some(known) => *known,
                None => {
                    let value = found.decode::<Value<'_>>()?;
                    let known = value.and_then(|value| self.place(&value));
                    by_offset.insert(offset, known);
                    known
                }
            };
            let Some((number, point)) = known else {
                continue;
            };
            let network = found.network()?;
            let weight = match network.ip() {
                IpAddr::V4(ip) => {
                    let host_bits = 32 - u32::from(network.prefix());
                    let first = u128::from(ip.to_bits());
                    self.v4.push(first, first + (1 << host_bits) - 1, number);
                    f64::from(host_bits.saturating_sub(32 - V4_BITS)).exp2()
                }
                IpAddr::V6(ip) => {
                    let host_bits = 128 - u32::from(network.prefix());
                    let first = ip.to_bits();
                    let last = first | ((1_u128 << host_bits.min(127)) - 1);
                    self.v6.push(first, last, number);
                    f64::from(host_bits.saturating_sub(128 - V6_BITS)).exp2() * V6_WEIGHT
                }
            };
            if let Some(points) = self.points.get_mut(number as usize - 1) {
                *points.entry(point).or_default() += weight;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Cities {
        let points = |points: HashMap<PointBits, f64>| {
            let mut points: Vec<_> = points.into_iter().collect();
            points.sort_by(|(a, n), (b, m)| m.total_cmp(n).then(a.cmp(b)));
            let degrees = |bits| f64::from(f32::from_bits(bits));
            let point = |((lat, lon), weight)| {
                let point = Point {
                    lat: degrees(lat),
                    lon: degrees(lon),
                };
                (point, weight)
            };
            points.into_iter().map(point).collect()
        };
        let points = self.points.into_iter().map(points);
        Cities {
            places: self.places.into_iter().zip(points).collect(),
            v4: self.v4.finish(),
            v6: self.v6.finish(),
            build_epoch: self.build_epoch,
        }
    }

    /// Returns what a record says; places are numbered from 1.
    fn place(&mut self, value: &Value<'_>) -> Option<Known> {
        let text = |paths: &[&[&str]]| value.text(paths).unwrap_or_default().to_owned();
        let name = PlaceName {
            country: text(&[&["country", "iso_code"], &["country_code"]]).to_ascii_uppercase(),
            region: text(&[
                &["subdivisions", "iso_code"],
                &["state1"],
                &["subdivisions", "names", "en"],
            ]),
            city: strip_district(&text(&[&["city", "names", "en"], &["city"]])).to_owned(),
        };
        if name.country.len() != 2 || name.country == "ZZ" {
            return None;
        }
        let coordinate = |paths: &[&[&str]]| value.number(paths).unwrap_or_default() as f32;
        let point = (
            coordinate(&[&["location", "latitude"], &["latitude"]]).to_bits(),
            coordinate(&[&["location", "longitude"], &["longitude"]]).to_bits(),
        );
        let next = self.places.len() as u32 + 1;
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.places.push(name);
            self.points.push(HashMap::new());
        }
        Some((number, point))
    }
}

/// Autonomous systems, and the spaces that refer to them.
pub(super) struct Systems {
    /// Answer `n + 1` is the n-th system: number and holder.
    pub(super) systems: Vec<(u32, String)>,
    pub(super) v4: Space,
    pub(super) v6: Space,
}

/// Gathers networks from CSV files of `first,last,number,holder`.
pub(super) struct SystemReader {
    numbers: HashMap<u32, u32>,
    systems: Vec<(u32, String)>,
    v4: Cutter,
    v6: Cutter,
}

impl SystemReader {
    pub(super) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            systems: Vec::new(),
            v4: Cutter::new(V4_BITS, 32),
            v6: Cutter::new(V6_BITS, 128),
        }
    }

    /// Reads a file to its end; ranges must ascend. One file a family.
    pub(super) fn read(&mut self, csv: &str) -> Result<(), GeoError> {
        for (line, row) in csv.lines().enumerate().filter(|(_, row)| !row.is_empty()) {
            let bad = || GeoError::Row { line: line + 1 };
            let mut cells = row.splitn(4, ',');
            let mut cell = || cells.next().ok_or_else(bad);
            let first: IpAddr = cell()?.parse().map_err(|_| bad())?;
            let last: IpAddr = cell()?.parse().map_err(|_| bad())?;
            let asn: u32 = cell()?.parse().map_err(|_| bad())?;
            let holder = cell()?.trim();
            let holder = match holder.strip_prefix('"').and_then(|h| h.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => holder.to_owned(),
            };
            let next = self.systems.len() as u32 + 1;
            let number = *self.numbers.entry(asn).or_insert(next);
            if number == next {
                self.systems.push((asn, holder));
            }
            match (first, last) {
                (IpAddr::V4(a), IpAddr::V4(b)) if a <= b => {
                    self.v4.push(a.to_bits().into(), b.to_bits().into(), number);
                }
                (IpAddr::V6(a), IpAddr::V6(b)) if a <= b => {
                    self.v6.push(a.to_bits(), b.to_bits(), number);
                }
                _ => return Err(bad()),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Systems {
        Systems {
            systems: self.systems,
            v4: self.v4.finish(),
            v6: self.v6.finish(),
        }
    }
}
