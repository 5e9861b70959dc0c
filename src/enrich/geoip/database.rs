//! One MaxMind DB file: what it holds, for which family, and its records as answers.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use maxminddb::{MaxMindDbError, Metadata, Reader, WithinOptions};

use super::tree::{Bytes, Leaf, Tree};
use super::value::Value;
use crate::geo::names::{RegionNames, region_code, strip_district};

/// Records read at open to see whether the file says anything we understand. Files of the other
/// schema decode without error and with nothing in them, so silence is the sign.
const PROBE_RECORDS_MAX: usize = 2_000;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be read.
    #[error("{path}: cannot be read")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The bytes are no MaxMind DB file, or a damaged one.
    #[error("{path}: not a sound MaxMind DB file")]
    Damaged {
        /// The file.
        path: String,
        /// What the decoder said.
        #[source]
        source: MaxMindDbError,
    },
    /// The file is sound and has neither places nor networks.
    #[error("{path}: type `{database_type}` has no country, city or network number")]
    Useless {
        /// The file.
        path: String,
        /// What the file calls itself.
        database_type: String,
    },
}

/// What a file answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Places,
    Networks,
}

/// Where an address is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: Option<Arc<str>>,
    /// ISO 3166-2, first level.
    pub region: Option<Arc<str>>,
    /// English name without district.
    pub city: Option<Arc<str>>,
    /// Degrees north.
    pub lat: Option<f32>,
    /// Degrees east.
    pub lon: Option<f32>,
}

/// Whose network an address is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Its holder.
    pub org: Option<Arc<str>>,
}

/// An open file.
pub(super) struct Database {
    pub(super) kind: Kind,
    reader: Reader<Bytes>,
    tree: Tree,
}

impl Database {
    /// Reads a whole file into memory and looks at some of its records.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let name = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| DatabaseError::Io {
            path: name(),
            source,
        })?;
        let damaged = |source| DatabaseError::Damaged {
            path: name(),
            source,
        };
        let bytes = Bytes(Arc::new(bytes));
        let reader = Reader::from_source(bytes.clone()).map_err(damaged)?;
        let Some(kind) = probe(&reader).map_err(damaged)? else {
            return Err(DatabaseError::Useless {
                path: name(),
                database_type: reader.metadata().database_type.clone(),
            });
        };
        let metadata = reader.metadata();
        let (node_count, record_bits, ip_version) = (
            metadata.node_count,
            metadata.record_size,
            metadata.ip_version,
        );
        let tree = Tree::new(bytes, node_count, record_bits, ip_version);
        Ok(Self { kind, reader, tree })
    }

    pub(super) fn metadata(&self) -> &Metadata {
        self.reader.metadata()
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.tree.n_bytes()
    }

    pub(super) fn covers(&self, ip: IpAddr) -> bool {
        self.tree.covers(ip)
    }

    pub(super) fn find(&self, ip: IpAddr) -> Leaf {
        self.tree.find(ip)
    }

    pub(super) fn is_data(&self, record: u32) -> bool {
        self.tree.is_data(record)
    }

    /// Decodes the record of an address. A record that cannot be decoded says nothing: the row it
    /// belongs to is worth more than the reason.
    pub(super) fn decode<T>(&self, ip: IpAddr, read: impl FnOnce(&Value<'_>) -> T) -> Option<T> {
        let value = self.reader.lookup(ip).ok()?.decode::<Value<'_>>().ok()??;
        Some(read(&value))
    }
}

/// Decides from the name of the file's type, and proves it by its records.
fn probe(reader: &Reader<Bytes>) -> Result<Option<Kind>, MaxMindDbError> {
    let database_type = reader.metadata().database_type.to_ascii_lowercase();
    let named = |words: &[&str]| words.iter().any(|word| database_type.contains(word));
    let kinds: &[Kind] = match () {
        () if named(&["city", "country", "location", "enterprise"]) => &[Kind::Places],
        () if named(&["asn", "isp"]) => &[Kind::Networks],
        () => &[Kind::Places, Kind::Networks],
    };
    for network in reader
        .networks(WithinOptions::default())?
        .take(PROBE_RECORDS_MAX)
    {
        let Some(value) = network?.decode::<Value<'_>>()? else {
            continue;
        };
        let says = |kind: &Kind| match kind {
            Kind::Places => place(&value).country.is_some(),
            Kind::Networks => network_of(&value).asn.is_some(),
        };
        if let Some(kind) = kinds.iter().copied().find(says) {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// Reads a place of any known schema; the empty texts of flat files are nothing.
pub(super) fn place(value: &Value<'_>) -> Place {
    let country = value.text(&[
        &["country", "iso_code"],
        &["country_code"],
        &["country"],
        &["registered_country", "iso_code"],
    ]);
    let country = country
        .filter(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic()))
        .map(str::to_ascii_uppercase);
    let region = country.as_deref().and_then(|country| {
        let code = value.text(&[&["subdivisions", "iso_code"], &["region_code"]]);
        let name = value.text(&[&["state1"], &["region"], &["subdivisions", "names", "en"]]);
        code.and_then(|code| region_code(country, code))
            .or_else(|| Some(RegionNames::shipped().find(country, name?)?.to_owned()))
    });
    let city = value.text(&[&["city", "names", "en"], &["city"]]);
    let lat = value.number(&[&["location", "latitude"], &["latitude"], &["lat"]]);
    let lon = value.number(&[
        &["location", "longitude"],
        &["longitude"],
        &["lng"],
        &["lon"],
    ]);
    let (lat, lon) = match (lat, lon) {
        (Some(lat), Some(lon)) if lat.abs() <= 90.0 && lon.abs() <= 180.0 => {
            (Some(lat as f32), Some(lon as f32))
        }
        _ => (None, None),
    };
    Place {
        country: country.map(Arc::from),
        region: region.map(Arc::from),
        city: city
            .map(strip_district)
            .filter(|city| !city.is_empty())
            .map(Arc::from),
        lat,
        lon,
    }
}

/// Reads a network of any known schema; `asn` may be a number or a text such as `AS64496`.
pub(super) fn network_of(value: &Value<'_>) -> Network {
    let number = value.number(&[&["autonomous_system_number"], &["asn"]]);
    let text = value.text(&[&["autonomous_system_number"], &["asn"]]);
    let asn = match number {
        Some(number) => Some(number as u32).filter(|asn| f64::from(*asn) == number),
        None => text.and_then(|text| text.trim_start_matches("AS").parse().ok()),
    };
    let org = value.text(&[
        &["autonomous_system_organization"],
        &["as_organization"],
        &["as_name"],
        &["name"],
    ]);
    Network {
        asn: asn.filter(|asn| *asn != 0),
        org: org.map(Arc::from),
    }
}
