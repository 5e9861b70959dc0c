//! The body of `logatlas geo build`: from the makers' files to the packs in `data/geo`.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maxminddb::Reader;

use super::names::strip_district;
use super::pack::{self, Answers, City, Header};
use super::region::{Found, Regions};
use super::runs::{Space, V6_BITS};
use super::vendor::{Cities, CityReader, PlaceName, Point, SystemReader, Systems};
use super::{CITY_PACK, GeoError, Paths, fetch, write_mmdb};
use crate::enrich::Enricher;
use crate::enrich::geoip::value::Value;
use crate::enrich::geoip::{GeoIp, Place, Places, routable};

/// IPv6 answers keep their country to the /48 and take city and region of the /44 around: the
/// maker spreads neighbouring /48s over cities at random, and they would be half of the tree.
const V6_LEVELED_BITS: u32 = 4;
/// Addresses compared with the maker's file at the end.
const N_COMPARED: usize = 100_000;

const CITY_TYPE: &str = "DBIP-City-Lite-logatlas";
const CITY_DESCRIPTION: &str = "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0; modified by logatlas: cities without districts, regions by Natural Earth shapes, networks to /24 and /48";
const ASN_TYPE: &str = "RouteViews-NRO-DBIP-ASN-logatlas";
const ASN_DESCRIPTION: &str = "IP to AS number by RouteViews (https://www.routeviews.org), RIRs and NRO (https://www.nro.net) and DB-IP (https://db-ip.com), CC BY 4.0; modified by logatlas: networks to /24 and /48";

/// What to build from and where to.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// Archives, MaxMind DB files or CSV files to read in place of the pinned packages.
    pub from: Vec<PathBuf>,
    /// Folder of the shapes, with `admin1/*.json` and `index.json`.
    pub shapes: PathBuf,
    /// Folder that the packs are written to.
    pub out: PathBuf,
    /// Folder for archives and the files that are compared.
    pub work: PathBuf,
}

/// The makers' files, by what they hold.
#[derive(Default)]
struct Vendor {
    city: Vec<Vec<u8>>,
    asn: Vec<Vec<u8>>,
}

/// Builds both packs and tells on `report` how well they agree with the makers' files.
pub fn build(options: &BuildOptions, report: &mut impl Write) -> Result<(), GeoError> {
    std::fs::create_dir_all(&options.work).map_err(|source| GeoError::Io {
        path: options.work.display().to_string(),
        source,
    })?;
    let vendor = Vendor::get(options)?;
    let regions = Regions::read(&options.shapes)?;
    let (n_regions, n_countries) = regions.counts();
    say(
        report,
        format_args!("shapes: {n_regions} regions of {n_countries} countries"),
    )?;

    let mut reader = CityReader::new();
    for file in &vendor.city {
        reader.read(file)?;
    }
    let built = reader.finish();
    let build_epoch = built.build_epoch;
    let (cities, v4, v6) = resolve(built, &regions, report)?;
    let n_cities = cities.len();
    let header = Header {
        database_type: CITY_TYPE.to_owned(),
        description: CITY_DESCRIPTION.to_owned(),
        build_epoch,
    };
    let bytes = pack::pack(&header, &Answers::Cities(cities), &v4, &v6)?;
    say(
        report,
        format_args!(
            "city: {n_cities} places, {} IPv4 and {} IPv6 runs, {} bytes packed",
            v4.runs.len(),
            v6.runs.len(),
            bytes.len(),
        ),
    )?;
    let path = options.out.join(CITY_PACK);
    write(&path, &bytes)?;
    let city = options.work.join("city.mmdb");
    write_mmdb(&bytes, &city)?;

    let mut reader = SystemReader::new();
    for file in &vendor.asn {
        let csv = std::str::from_utf8(file).map_err(|_| GeoError::Pack("CSV text"))?;
        reader.read(csv)?;
    }
    let Systems { systems, v4, v6 } = reader.finish();
    let header = Header {
        database_type: ASN_TYPE.to_owned(),
        description: ASN_DESCRIPTION.to_owned(),
        build_epoch: fetch::ASN.built,
    };
    let n_systems = systems.len();
    let bytes = pack::pack(&header, &Answers::Systems(systems), &v4, &v6)?;
    say(
        report,
        format_args!(
            "asn: {n_systems} systems, {} IPv4 and {} IPv6 runs, {} bytes packed",
            v4.runs.len(),
            v6.runs.len(),
            bytes.len(),
        ),
    )?;
    write(&options.out.join(super::ASN_PACK), &bytes)?;
    let asn = options.work.join("asn.mmdb");
    write_mmdb(&bytes, &asn)?;
    compare(&Paths { city, asn }, &vendor.city, &v6, &regions, report)
}

impl Vendor {
    fn get(options: &BuildOptions) -> Result<Self, GeoError> {
        let mut vendor = Self::default();
        for path in &options.from {
            vendor.add(path)?;
        }
        if vendor.city.is_empty() {
            vendor.add(&fetch::CITY.fetch(&options.work)?)?;
        }
        if vendor.asn.is_empty() {
            vendor.add(&fetch::ASN.fetch(&options.work)?)?;
        }
        Ok(vendor)
    }

    fn add(&mut self, path: &Path) -> Result<(), GeoError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let files = match extension.as_ref() {
            "tgz" | "gz" => {
                let wanted = [".mmdb", "asn-ipv4.csv", "asn-ipv6.csv"];
                fetch::members(path, &wanted)?
            }
            _ => vec![(path.display().to_string(), fetch::read(path)?)],
        };
        for (name, bytes) in files {
            if name.ends_with(".mmdb") {
                let reader = Reader::from_source(bytes.as_slice())?;
                let words = format!("{name} {}", reader.metadata().database_type);
                // GeoLite2's licence asks that old copies be destroyed; a program cannot.
                if words.to_ascii_lowercase().contains("geolite2") {
                    return Err(GeoError::NotRedistributable { name });
                }
                self.city.push(bytes);
            } else {
                self.asn.push(bytes);
            }
        }
        Ok(())
    }
}

/// Places that became equal; the one with most addresses says where they are.
#[derive(Default)]
struct Merged {
    most: f64,
    point: Option<Point>,
    numbers: Vec<usize>,
}

/// Gives every place its region, joins places that became equal and sorts them.
fn resolve(
    built: Cities,
    regions: &Regions,
    report: &mut impl Write,
) -> Result<(Vec<City>, Space, Space), GeoError> {
    let Cities {
        places,
        mut v4,
        mut v6,
        ..
    } = built;
    let weights = weights(&v4, places.len() + 1);
    let mut found: HashMap<Option<Found>, f64> = HashMap::new();
    let mut merged: BTreeMap<(String, String, String), Merged> = BTreeMap::new();
    for (number, (name, points)) in places.into_iter().enumerate() {
        let weight = weights[number + 1];
        let region = region_of(&name, &points, regions);
        *found.entry(region.map(|(_, how)| how)).or_default() += weight;
        let region = region.map_or(String::new(), |(code, _)| code.to_owned());
        let point = points.first().map(|(point, _)| *point);
        let place = merged.entry((name.country, region, name.city)).or_default();
        if place.numbers.is_empty() || weight > place.most {
            (place.most, place.point) = (weight, point);
        }
        place.numbers.push(number + 1);
    }
    let total: f64 = found.values().sum();
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(how, _)| *how);
    for (how, weight) in found {
        let how = how.map_or("none".to_owned(), |how| format!("{how:?}").to_lowercase());
        let percent = 100.0 * weight / total;
        say(
            report,
            format_args!("region found by {how}: {percent:.2} % of IPv4"),
        )?;
    }
    let mut renumbered = vec![0_u32; weights.len()];
    let mut cities = Vec::new();
    for ((country, region, name), place) in merged {
        cities.push(City {
            country,
            region,
            name,
            point: place.point,
        });
        for number in place.numbers {
            renumbered[number] = cities.len() as u32;
        }
    }
    v4.renumber(|answer| renumbered[answer as usize]);
    v6.renumber(|answer| renumbered[answer as usize]);
    let country = |answer: u32| {
        cities
            .get((answer as usize).wrapping_sub(1))
            .map(|city| &city.country)
    };
    v6.level(V6_LEVELED_BITS, |a, b| country(a) == country(b));
    Ok((cities, v4, v6))
}

/// Returns the region that most of a city's addresses lie in: a city is whole on the map, even
/// where a simplified border runs through it.
fn region_of<'a>(
    name: &PlaceName,
    points: &[(Point, f64)],
    regions: &'a Regions,
) -> Option<(&'a str, Found)> {
    let mut votes: BTreeMap<&str, (f64, Found)> = BTreeMap::new();
    for (point, weight) in points {
        if let Some((code, how)) = regions.find(&name.country, &name.region, *point) {
            votes.entry(code).or_insert((0.0, how)).0 += weight;
        }
    }
    let most = votes
        .into_iter()
        .max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0));
    most.map(|(code, (_, how))| (code, how))
}

/// Units of IPv4 by answer.
fn weights(space: &Space, n_answers: usize) -> Vec<f64> {
    let mut weights = vec![0.0; n_answers];
    let ends = space.runs.iter().skip(1).map(|run| run.start);
    for (run, end) in space.runs.iter().zip(ends.chain([1 << space.bits])) {
        weights[run.answer as usize] += (end - run.start) as f64;
    }
    weights
}

/// Looks random addresses up in our file and in the makers'.
fn compare(
    paths: &Paths,
    vendor: &[Vec<u8>],
    announced: &Space,
    regions: &Regions,
    report: &mut impl Write,
) -> Result<(), GeoError> {
    let (geo, problems) = GeoIp::open(&[], Some(paths));
    if let Some(problem) = problems.into_iter().next() {
        return Err(GeoError::Unreadable(Box::new(problem)));
    }
    let readers = vendor
        .iter()
        .map(|bytes| Reader::from_source(bytes.as_slice()));
    let mut comparison = Comparison {
        places: Places::new(&Arc::new(geo)),
        readers: readers.collect::<Result<_, _>>()?,
        regions,
    };
    let mut random = Random(2026);
    let v4 = std::iter::repeat_with(|| Ipv4Addr::from_bits(random.next() as u32).into());
    comparison.run("random IPv4 addresses", v4, report)?;

    let mut random = Random(2026);
    let known: Vec<(u64, u64)> = announced
        .runs
        .windows(2)
        .filter(|pair| pair[0].answer != 0)
        .map(|pair| (pair[0].start, pair[1].start))
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let v6 = std::iter::repeat_with(|| {
        let (start, end) = known[random.below(known.len() as u64) as usize];
        let unit = start + random.below(end - start);
        let address = u128::from(unit) << (128 - V6_BITS) | u128::from(random.next());
        Ipv6Addr::from_bits(address).into()
    });
    comparison.run("random addresses of announced IPv6 networks", v6, report)
}

struct Comparison<'a> {
    places: Places,
    readers: Vec<Reader<&'a [u8]>>,
    regions: &'a Regions,
}

impl Comparison<'_> {
    fn run(
        &mut self,
        family: &str,
        ips: impl Iterator<Item = IpAddr>,
        report: &mut impl Write,
    ) -> Result<(), GeoError> {
        let (mut n_country, mut n_region, mut n_in_shape, mut n_city) = (0, 0, 0, 0);
        for ip in ips.filter(|ip| routable(*ip)).take(N_COMPARED) {
            let theirs = self.readers.iter().find_map(|reader| look_up(reader, ip));
            let (country, city, point) = theirs.unwrap_or_default();
            let ours = self.places.find(ip);
            let ours: &Place = self.places.answer(ours);
            let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
            let same_country = country == text(&ours.country);
            n_country += usize::from(same_country);
            n_city += usize::from(same_country && city == text(&ours.city));
            if let Some(region) = self.regions.inside(&country, point) {
                n_in_shape += 1;
                n_region += usize::from(region == text(&ours.region));
            }
        }
        let percent = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
        let (country, city) = (percent(n_country, N_COMPARED), percent(n_city, N_COMPARED));
        let region = percent(n_region, n_in_shape);
        say(
            report,
            format_args!(
                "{N_COMPARED} {family}: same country {country:.2} %, city {city:.2} %; region {region:.2} % of the {n_in_shape} whose point lies in a shape",
            ),
        )
    }
}

/// Returns the maker's country, city and point.
fn look_up(reader: &Reader<&[u8]>, ip: IpAddr) -> Option<(String, String, Point)> {
    let value = reader.lookup(ip).ok()?.decode::<Value<'_>>().ok()??;
    let text = |paths: &[&[&str]]| value.text(paths).unwrap_or_default().to_owned();
    let number = |paths: &[&[&str]]| value.number(paths).unwrap_or_default();
    let city = text(&[&["city", "names", "en"], &["city"]]);
    let point = Point {
        lat: number(&[&["location", "latitude"], &["latitude"]]),
        lon: number(&[&["location", "longitude"], &["longitude"]]),
    };
    let country = text(&[&["country", "iso_code"], &["country_code"]]);
    let known = country != "ZZ" && !country.is_empty();
    known.then(|| (country, strip_district(&city).to_owned(), point))
}

/// SplitMix64: the same addresses in every build.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), GeoError> {
    std::fs::write(path, bytes).map_err(|source| GeoError::Io {
        path: path.display().to_string(),
        source,
    })
}

fn say(report: &mut impl Write, line: std::fmt::Arguments<'_>) -> Result<(), GeoError> {
    writeln!(report, "{line}").map_err(|source| GeoError::Io {
        path: "report".to_owned(),
        source,
    })
}
