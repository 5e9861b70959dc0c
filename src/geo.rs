//! The geo data that ships with the program: made by [`build`], embedded, unpacked at first start.
//!
//! `data/geo` holds two packs: cities of DB-IP Lite and networks of RouteViews, NRO
//! and DB-IP. [`unpack`] writes them once as MaxMind DB files, which any reader of that format
//! understands, into the user's cache folder; later starts only open them.

mod build;
mod fetch;
pub mod mmdb;
pub mod names;
mod pack;
mod region;
pub mod runs;
mod vendor;

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use build::{BuildOptions, build};
pub use pack::Header;

/// Names of the packs in `data/geo`.
const CITY_PACK: &str = "city.pack.zst";
const ASN_PACK: &str = "asn.pack.zst";

/// The packs that this program carries.
const EMBEDDED: [(&str, &[u8]); 2] = [
    ("city", include_bytes!("../data/geo/city.pack.zst")),
    ("asn", include_bytes!("../data/geo/asn.pack.zst")),
];

/// Goes up when the same pack must be unpacked to different bytes.
const UNPACKER: u32 = 1;

/// The files that the packs were unpacked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Places.
    pub city: PathBuf,
    /// Networks.
    pub asn: PathBuf,
}

/// Why geo data could not be built or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// A file or a program cannot be used.
    #[error("{path}: cannot be read or written")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// `npm` did not deliver.
    #[error("npm could not fetch {package}: {said}")]
    Npm {
        /// The package.
        package: &'static str,
        /// Its last words.
        said: String,
    },
    /// An archive is not the one that was pinned.
    #[error("{path}: checksum differs from the pinned one")]
    Integrity {
        /// The archive.
        path: String,
    },
    /// The makers' MaxMind DB file is damaged.
    #[error("not a sound MaxMind DB file")]
    Mmdb(#[from] maxminddb::MaxMindDbError),
    /// A file whose licence does not allow to ship it.
    #[error("{name}: GeoLite2 may not be shipped; use it through the setting `geo.paths`")]
    NotRedistributable {
        /// The file.
        name: String,
    },
    /// A row of the CSV file is not `first,last,number,holder`.
    #[error("CSV line {line}: expected first,last,number,holder")]
    Row {
        /// Counted from 1.
        line: usize,
    },
    /// A file of shapes is not understood.
    #[error("{path}: not a TopoJSON file of regions")]
    Shape {
        /// The file.
        path: String,
        /// What the decoder said.
        #[source]
        source: serde_json::Error,
    },
    /// A pack is damaged at the part that is named.
    #[error("geo pack: damaged {0}")]
    Pack(&'static str),
    /// A pack cannot be compressed or decompressed.
    #[error("geo pack: compression failed")]
    PackIo(#[source] io::Error),
    /// The file just built cannot be opened.
    #[error("the file just built cannot be used")]
    Unreadable(#[source] Box<crate::enrich::geoip::DatabaseError>),
}

impl GeoError {
    fn pack_io(source: io::Error) -> Self {
        Self::PackIo(source)
    }
}

/// Returns the embedded data as MaxMind DB files in a cache folder, writing what is not there.
///
/// The name of a file carries a hash of the pack it comes from, so a new version of the program
/// does not use old data; a file appears whole or not at all.
pub fn unpack(cache_dir: &Path) -> Result<Paths, GeoError> {
    let [city, asn] = EMBEDDED.map(|(name, pack)| unpack_one(cache_dir, name, pack));
    Ok(Paths {
        city: city?,
        asn: asn?,
    })
}

fn unpack_one(cache_dir: &Path, name: &str, pack: &[u8]) -> Result<PathBuf, GeoError> {
    let mut hash = Sha256::new();
    hash.update(UNPACKER.to_le_bytes());
    hash.update(pack);
    let hash: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    let path = cache_dir.join(format!("{name}-{hash}.mmdb"));
    if is_whole(&path) {
        return Ok(path);
    }
    let io = |source| GeoError::Io {
        path: path.display().to_string(),
        source,
    };
    crate::disk::create_private_dir(cache_dir).map_err(io)?;
    // Two first starts at once write two files of the same content; the last rename wins.
    let staged = cache_dir.join(format!("{name}-{hash}.{}.tmp", std::process::id()));
    let written =
        write_mmdb(pack, &staged).and_then(|()| crate::disk::rename(&staged, &path).map_err(io));
    if written.is_err() && staged.exists() {
        std::fs::remove_file(&staged).map_err(io)?;
    }
    written.map(|()| path)
}

/// Writes a pack as a MaxMind DB file and syncs it.
fn write_mmdb(pack: &[u8], path: &Path) -> Result<(), GeoError> {
    let io = |source| GeoError::Io {
        path: path.display().to_string(),
        source,
    };
    let file = File::create(path).map_err(io)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    pack::unpack(pack, &mut out)?;
    out.flush().map_err(io)?;
    crate::disk::sync_content(out.get_ref()).map_err(io)
}

/// Tells whether a file ends as MaxMind DB files do, as a copy that was cut off does not.
fn is_whole(path: &Path) -> bool {
    /// The metadata stand at the end and are smaller.
    const TAIL_BYTES: u64 = 4096;
    let tail = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut tail = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut tail)?;
        Ok(tail)
    };
    let marker = mmdb::METADATA_MARKER;
    tail().is_ok_and(|tail| tail.windows(marker.len()).any(|window| window == marker))
}

#[cfg(test)]
mod tests;
