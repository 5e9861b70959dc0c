//! The compact form in which geo data is kept in the repository and in the program.
//!
//! A search tree compresses badly (the vendor's 134 MB to 64), sorted runs compress well. A pack is
//! one zstd frame of a magic line, a JSON header and *streams*, each with its length in front:
//! the answers, then for each family the lengths of its runs and the answers of its runs, as
//! LEB128 numbers. Answers are sorted by country, region and city, so that neighbours have near
//! numbers.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::mmdb::{self, About, Data, Value};
use super::runs::{Run, Space};
use super::{GeoError, vendor::Point};

const MAGIC: &[u8] = b"logatlas geo pack 1\n";
/// Unpacked packs are some 20 MB; more than this is no pack of ours.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
/// Higher levels than 19 need more memory to unpack and save a hundredth.
const ZSTD_LEVEL: i32 = 19;
/// 32 MiB: as far as one run can repeat another.
const ZSTD_WINDOW_LOG: u32 = 25;
/// Coordinates are kept to a thousandth of a degree, about 100 m.
const STEPS_PER_DEGREE: f64 = 1000.0;
/// Stands for an unknown latitude.
const NO_LATITUDE: i64 = 200_000;

/// What a pack says of itself; goes into the metadata of the file made from it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Header {
    /// As in MaxMind DB metadata.
    pub database_type: String,
    /// English description with attribution.
    pub description: String,
    /// Unix time of the data.
    pub build_epoch: u64,
}

/// A place that addresses are at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct City {
    pub(super) country: String,
    /// ISO 3166-2 code with the country in front, or nothing.
    pub(super) region: String,
    pub(super) name: String,
    pub(super) point: Option<Point>,
}

/// What runs refer to; answer `n + 1` is the n-th.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answers {
    /// Sorted by country and region.
    Cities(Vec<City>),
    /// Number and holder.
    Systems(Vec<(u32, String)>),
}

/// Packs a header, answers and the spaces that refer to them.
pub(super) fn pack(
    header: &Header,
    answers: &Answers,
    v4: &Space,
    v6: &Space,
) -> Result<Vec<u8>, GeoError> {
    let mut streams = vec![serde_json::to_vec(header).map_err(|_| GeoError::Pack("header"))?];
    match answers {
        Answers::Cities(cities) => streams.extend(city_streams(cities)),
        Answers::Systems(systems) => {
            let lines = systems
                .iter()
                .map(|(asn, holder)| format!("{asn}\t{holder}\n"));
            streams.push(lines.collect::<String>().into_bytes());
        }
    }
    for space in [v4, v6] {
        let (mut lengths, mut numbers) = (Vec::new(), Vec::new());
        let ends = space.runs.iter().skip(1).map(|run| run.start);
        for (run, end) in space.runs.iter().zip(ends.chain([1 << space.bits])) {
            put(&mut lengths, end - run.start);
            put(&mut numbers, u64::from(run.answer));
        }
        streams.extend([lengths, numbers]);
    }
    let io = GeoError::pack_io;
    let mut encoder = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(io)?;
    encoder.window_log(ZSTD_WINDOW_LOG).map_err(io)?;
    encoder.include_checksum(true).map_err(io)?;
    encoder.write_all(MAGIC).map_err(io)?;
    for stream in streams {
        encoder
            .write_all(&(stream.len() as u64).to_le_bytes())
            .map_err(io)?;
        encoder.write_all(&stream).map_err(io)?;
    }
    encoder.finish().map_err(io)
}

/// Makes a MaxMind DB file from a pack.
pub(super) fn unpack(pack: &[u8], out: &mut impl Write) -> Result<(), GeoError> {
    let mut bytes = Vec::new();
    let decoder = zstd::Decoder::new(pack).map_err(GeoError::pack_io)?;
    decoder
        .take(UNPACKED_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(GeoError::pack_io)?;
    let mut streams = Streams(bytes.strip_prefix(MAGIC).ok_or(GeoError::Pack("magic"))?);
    let header = streams.next()?;
    let header: Header = serde_json::from_slice(header).map_err(|_| GeoError::Pack("header"))?;
    let mut data = Data::default();
    let offsets = match header.database_type.contains("City") {
        true => put_cities(&mut data, &mut streams)?,
        false => put_systems(&mut data, &mut streams)?,
    };
    let v4 = Runs::new(&mut streams)?;
    let v6 = Runs::new(&mut streams)?;
    let about = About {
        database_type: &header.database_type,
        description: &header.description,
        build_epoch: header.build_epoch,
    };
    mmdb::write_file(out, v4, v6, &offsets, &data, &about).map_err(GeoError::pack_io)
}

/// Three streams: regions with the number of their cities, names, coordinates.
fn city_streams(cities: &[City]) -> [Vec<u8>; 3] {
    let (mut regions, mut names, mut points) = (String::new(), String::new(), Vec::new());
    let place = |city: &City| (city.country.clone(), city.region.clone());
    for group in cities.chunk_by(|a, b| place(a) == place(b)) {
        let (country, region) = place(&group[0]);
        regions.push_str(&format!("{country}\t{region}\t{}\n", group.len()));
        let (mut lat, mut lon) = (0, 0);
        for city in group {
            names.push_str(&city.name);
            names.push('\n');
            let steps = |degrees: f64| (degrees * STEPS_PER_DEGREE).round() as i64;
            let (to_lat, to_lon) = match city.point {
                Some(point) => (steps(point.lat), steps(point.lon)),
                None => (NO_LATITUDE, lon),
            };
            for step in [to_lat - lat, to_lon - lon] {
                put(&mut points, (step << 1 ^ step >> 63) as u64);
            }
            (lat, lon) = (to_lat, to_lon);
        }
    }
    [regions.into_bytes(), names.into_bytes(), points]
}

/// Writes a record for each city, in MaxMind's schema; returns the offsets, the first unused.
fn put_cities(data: &mut Data, streams: &mut Streams<'_>) -> Result<Vec<u32>, GeoError> {
    let regions = text(streams.next()?)?;
    let mut names = text(streams.next()?)?.lines();
    let mut points = streams.next()?;
    let mut step = || -> Result<i64, GeoError> {
        let number = take(&mut points).ok_or(GeoError::Pack("coordinates"))?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    };
    let mut offsets = vec![0];
    for line in regions.lines() {
        let bad = || GeoError::Pack("regions");
        let mut cells = line.split('\t');
        let mut cell = || cells.next().ok_or_else(bad);
        let (country, region, n_cities) = (cell()?, cell()?, cell()?);
        let n_cities: usize = n_cities.parse().map_err(|_| bad())?;
        let (mut lat, mut lon) = (0, 0);
        for _ in 0..n_cities {
            let name = names.next().ok_or(GeoError::Pack("names"))?;
            lat += step()?;
            lon += step()?;
            let code = Value::Map(vec![("iso_code", Value::Text(country))]);
            let mut record = vec![("country", Value::Shared(country, Box::new(code)))];
            if let Some((_, code)) = region.split_once('-') {
                let code = Value::Map(vec![("iso_code", Value::Text(code))]);
                let list = Value::List(vec![code]);
                record.push(("subdivisions", Value::Shared(region, Box::new(list))));
            }
            if !name.is_empty() {
                let names = Value::Map(vec![("en", Value::Text(name))]);
                record.push(("city", Value::Map(vec![("names", names)])));
            }
            if lat != NO_LATITUDE {
                let degrees = |steps: i64| Value::Double(steps as f64 / STEPS_PER_DEGREE);
                let point = vec![("latitude", degrees(lat)), ("longitude", degrees(lon))];
                record.push(("location", Value::Map(point)));
            }
            offsets.push(data.push(&Value::Map(record)) as u32);
        }
    }
    Ok(offsets)
}

fn put_systems(data: &mut Data, streams: &mut Streams<'_>) -> Result<Vec<u32>, GeoError> {
    let mut offsets = vec![0];
    for line in text(streams.next()?)?.lines() {
        let bad = || GeoError::Pack("systems");
        let (asn, holder) = line.split_once('\t').ok_or_else(bad)?;
        let asn = Value::U32(asn.parse().map_err(|_| bad())?);
        let mut record = vec![("autonomous_system_number", asn)];
        if !holder.is_empty() {
            record.push(("autonomous_system_organization", Value::Text(holder)));
        }
        offsets.push(data.push(&Value::Map(record)) as u32);
    }
    Ok(offsets)
}

fn text(stream: &[u8]) -> Result<&str, GeoError> {
    std::str::from_utf8(stream).map_err(|_| GeoError::Pack("text"))
}

/// The streams not yet read.
struct Streams<'a>(&'a [u8]);

impl<'a> Streams<'a> {
    fn next(&mut self) -> Result<&'a [u8], GeoError> {
        let cut = || GeoError::Pack("stream length");
        let (length, rest) = self.0.split_first_chunk().ok_or_else(cut)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
        let (stream, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(stream)
    }
}

/// The runs of one family, read as they are asked for.
struct Runs<'a> {
    at: u64,
    lengths: &'a [u8],
    answers: &'a [u8],
}

impl<'a> Runs<'a> {
    fn new(streams: &mut Streams<'a>) -> Result<Self, GeoError> {
        Ok(Self {
            at: 0,
            lengths: streams.next()?,
            answers: streams.next()?,
        })
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let start = self.at;
        self.at = start.checked_add(take(&mut self.lengths)?)?;
        let answer = take(&mut self.answers)?;
        Some(Run {
            start,
            answer: u32::try_from(answer).ok()?,
        })
    }
}

/// Appends a number in LEB128.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number in LEB128 off the front.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
