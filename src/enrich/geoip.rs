//! Places and networks of client addresses, from MaxMind DB files of any known schema.
//!
//! The user's files come first, the embedded default answers for what they do not cover: a city
//! file of IPv4 alone leaves IPv6 to the default. A file that changes on disk is opened aside and
//! swapped in whole; a damaged one leaves the last good one in use. Nothing here stops a pipeline:
//! without any file every place is unknown.

mod answers;
mod attribution;
mod database;
mod tree;
pub(crate) mod value;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

pub use answers::{Networks, Places};
pub use attribution::GeoSource;
pub use database::{DatabaseError, Network, Place};

use database::{Database, Kind};

/// What tells one version of a file from the next.
type Stamp = Option<(SystemTime, u64)>;

/// The files in use, shared by all workers.
pub struct GeoIp {
    /// The user's files in their order, then the default ones with what each of those is for.
    paths: Vec<(PathBuf, Option<Kind>)>,
    loaded: RwLock<Arc<Loaded>>,
    /// Held while files are looked at, so that two reloads do not cross; what was last seen of each file.
    seen: Mutex<HashMap<PathBuf, Stamp>>,
    n_failures: AtomicU64,
}

/// An address of each family.
const FAMILIES: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// Returns the first file that answers for a kind and family.
fn first(open: &[(PathBuf, Arc<Database>)], kind: Kind, ip: IpAddr) -> Option<Arc<Database>> {
    let fits = |database: &Database| database.kind == kind && database.covers(ip);
    let mut files = open.iter().map(|(_, database)| database);
    files.find(|database| fits(database)).map(Arc::clone)
}

/// An unchanging choice of open files.
pub(crate) struct Loaded {
    open: Vec<(PathBuf, Arc<Database>)>,
    /// By kind and family: places of IPv4 and IPv6, networks of IPv4 and IPv6.
    routes: [Option<Arc<Database>>; 4],
}

impl Loaded {
    fn new(open: Vec<(PathBuf, Arc<Database>)>) -> Self {
        let [v4, v6] = FAMILIES;
        let routes = [
            first(&open, Kind::Places, v4),
            first(&open, Kind::Places, v6),
            first(&open, Kind::Networks, v4),
            first(&open, Kind::Networks, v6),
        ];
        Self { open, routes }
    }

    fn route(&self, kind: Kind, ip: IpAddr) -> Option<&Database> {
        let kind = match kind {
            Kind::Places => 0,
            Kind::Networks => 2,
        };
        self.routes[kind + usize::from(ip.is_ipv6())].as_deref()
    }

    /// Files that answer for something, in order.
    fn used(&self) -> impl Iterator<Item = &(PathBuf, Arc<Database>)> {
        self.open.iter().filter(|(_, database)| {
            let mut routes = self.routes.iter().flatten();
            routes.any(|route| Arc::ptr_eq(route, database))
        })
    }
}

impl GeoIp {
    /// Opens the user's files and, for what they do not cover, the default ones.
    ///
    /// Returns what is wrong with files that could not be used; they are tried again by
    /// [`reload_if_changed`](Self::reload_if_changed) when they change.
    pub fn open(
        user: &[PathBuf],
        fallback: Option<&crate::geo::Paths>,
    ) -> (Self, Vec<DatabaseError>) {
        let defaults = fallback.into_iter().flat_map(|paths| {
            [
                (paths.city.clone(), Some(Kind::Places)),
                (paths.asn.clone(), Some(Kind::Networks)),
            ]
        });
        let user = user.iter().map(|path| (path.clone(), None));
        let paths = user.chain(defaults).collect();
        let geo = Self {
            paths,
            loaded: RwLock::new(Arc::new(Loaded::new(Vec::new()))),
            seen: Mutex::new(HashMap::new()),
            n_failures: AtomicU64::new(0),
        };
        let (_, problems) = geo.reload_if_changed();
        (geo, problems)
    }

    /// Opens the files that changed since the last call and swaps them in.
    ///
    /// Returns whether anything was swapped, and what is wrong with the files that stay as they
    /// were. A file that is gone or damaged keeps its last good content; the same damage is
    /// reported once.
    pub fn reload_if_changed(&self) -> (bool, Vec<DatabaseError>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.loaded();
        let mut open: Vec<(PathBuf, Arc<Database>)> = Vec::new();
        let mut problems = Vec::new();
        let mut changed = false;
        for (path, default_for) in &self.paths {
            // A default file that the user's files leave nothing to do takes no memory.
            if default_for
                .is_some_and(|kind| FAMILIES.iter().all(|ip| first(&open, kind, *ip).is_some()))
            {
                continue;
            }
            let old = before.open.iter().find(|(name, _)| name == path);
            let now = stamp(path);
            if seen.get(path) != Some(&now) {
                seen.insert(path.clone(), now);
                match Database::open(path) {
                    Ok(database) => {
                        changed = true;
                        open.push((path.clone(), Arc::new(database)));
                        continue;
                    }
                    Err(error) => problems.push(error),
                }
            }
            open.extend(old.cloned());
        }
        let n_problems = u64::try_from(problems.len()).unwrap_or(u64::MAX);
        self.n_failures.fetch_add(n_problems, Ordering::Relaxed);
        if changed {
            let loaded = Arc::new(Loaded::new(open));
            *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        }
        (changed, problems)
    }

    /// Returns how many times a file could not be taken up.
    pub fn n_failures(&self) -> u64 {
        self.n_failures.load(Ordering::Relaxed)
    }

    /// Returns the bytes that the open files take in memory.
    pub fn memory_bytes(&self) -> usize {
        let loaded = self.loaded();
        loaded
            .open
            .iter()
            .map(|(_, database)| database.n_bytes())
            .sum()
    }

    /// The credits that the licences of the files in use ask for, each once.
    pub fn attributions(&self) -> Vec<String> {
        let mut texts: Vec<String> = self
            .sources()
            .into_iter()
            .map(|source| source.attribution_text)
            .collect();
        texts.sort();
        texts.dedup();
        texts
    }

    /// Returns who is to be credited for the answers, as licences ask.
    pub fn sources(&self) -> Vec<GeoSource> {
        let loaded = self.loaded();
        let mut sources: Vec<GeoSource> = Vec::new();
        for (path, database) in loaded.used() {
            for source in attribution::sources(database.metadata(), path) {
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
        }
        sources
    }

    fn loaded(&self) -> Arc<Loaded> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&loaded)
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Tells whether an address can be a place on the internet: global unicast, not set aside for
/// private networks, documentation or tests (IANA special-purpose address registries).
pub(crate) fn routable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !matches!(
                (a, b, c),
                (0 | 10 | 127 | 224..=255, _, _)
                    | (100, 64..=127, _)
                    | (169, 254, _)
                    | (172, 16..=31, _)
                    | (192, 0, 0 | 2)
                    | (192, 168, _)
                    | (198, 18..=19, _)
                    | (198, 51, 100)
                    | (203, 0, 113)
            )
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            // 2001::/23 holds protocol assignments, 2001:db8::/32 and 3fff::/20 documentation.
            a & 0xE000 == 0x2000
                && !(a == 0x2001 && (b < 0x200 || b == 0xDB8))
                && !(a == 0x3FFF && b < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests;
