//! A worker's table of answers: every record decoded once, the last addresses remembered.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use ahash::AHashMap;

use super::database::{Database, Kind, Network, Place, network_of, place};
use super::{GeoIp, Loaded, routable};
use crate::enrich::{AnswerId, Enricher};

/// Slots of the address cache: 2^16 of 8 bytes stay in a core's second-level cache.
const V4_SLOTS: usize = 1 << 16;
/// IPv6 clients come in fewer networks.
const V6_SLOTS: usize = 1 << 12;
/// Decoded records kept before a refresh starts over; a city file has some 150,000.
const RECORDS_MAX: usize = 400_000;

/// A kind of answer that records decode to.
pub(super) trait Row: Default + Clone {
    const KIND: Kind;
    fn read(database: &Database, ip: IpAddr) -> Option<Self>;
    fn share(&mut self, texts: &mut HashSet<Arc<str>>);
}

impl Row for Place {
    const KIND: Kind = Kind::Places;

    fn read(database: &Database, ip: IpAddr) -> Option<Self> {
        database.decode(ip, place)
    }

    fn share(&mut self, texts: &mut HashSet<Arc<str>>) {
        // A city's name is nearly always its own.
        share(&mut self.country, texts);
        share(&mut self.region, texts);
    }
}

impl Row for Network {
    const KIND: Kind = Kind::Networks;

    fn read(database: &Database, ip: IpAddr) -> Option<Self> {
        database.decode(ip, network_of)
    }

    fn share(&mut self, texts: &mut HashSet<Arc<str>>) {
        share(&mut self.org, texts);
    }
}

/// Replaces a text by the copy that another record brought.
fn share(text: &mut Option<Arc<str>>, texts: &mut HashSet<Arc<str>>) {
    let Some(own) = text else { return };
    match texts.get(own) {
        Some(other) => *own = Arc::clone(other),
        None => drop(texts.insert(Arc::clone(own))),
    }
}

/// The places of addresses: `country`, `region`, `city`, `lat`, `lon`.
pub struct Places(Answers<Place>);

/// The networks of addresses: `asn`, `as_org`.
pub struct Networks(Answers<Network>);

impl Places {
    /// Makes an empty table over the files in use.
    pub fn new(geo: &Arc<GeoIp>) -> Self {
        Self(Answers::new(geo))
    }
}

impl Networks {
    /// Makes an empty table over the files in use.
    pub fn new(geo: &Arc<GeoIp>) -> Self {
        Self(Answers::new(geo))
    }
}

impl Enricher for Places {
    type Key<'a> = IpAddr;
    type Answer = Place;

    fn columns(&self) -> &'static [&'static str] {
        &["country", "region", "city", "lat", "lon"]
    }

    fn find(&mut self, ip: IpAddr) -> AnswerId {
        self.0.find(ip)
    }

    fn answer(&self, id: AnswerId) -> &Place {
        self.0.answer(id)
    }

    fn refresh(&mut self) -> bool {
        self.0.refresh()
    }
}

impl Enricher for Networks {
    type Key<'a> = IpAddr;
    type Answer = Network;

    fn columns(&self) -> &'static [&'static str] {
        &["asn", "as_org"]
    }

    fn find(&mut self, ip: IpAddr) -> AnswerId {
        self.0.find(ip)
    }

    fn answer(&self, id: AnswerId) -> &Network {
        self.0.answer(id)
    }

    fn refresh(&mut self) -> bool {
        self.0.refresh()
    }
}

struct Answers<R> {
    geo: Arc<GeoIp>,
    loaded: Arc<Loaded>,
    /// The upper 24 bits plus one, so that an empty slot matches no address.
    v4_cache: Box<[(u32, AnswerId)]>,
    /// The upper 64 bits; zero is no routable network.
    v6_cache: Box<[(u64, AnswerId)]>,
    /// Answers by family and record of the tree.
    by_record: AHashMap<(bool, u32), AnswerId>,
    rows: Vec<R>,
    texts: HashSet<Arc<str>>,
}

impl<R: Row> Answers<R> {
    fn new(geo: &Arc<GeoIp>) -> Self {
        Self {
            geo: Arc::clone(geo),
            loaded: geo.loaded(),
            v4_cache: vec![(0, AnswerId::UNKNOWN); V4_SLOTS].into(),
            v6_cache: vec![(0, AnswerId::UNKNOWN); V6_SLOTS].into(),
            by_record: AHashMap::new(),
            rows: vec![R::default()],
            texts: HashSet::new(),
        }
    }

    fn answer(&self, id: AnswerId) -> &R {
        // The first row is always there; a stale number reads as unknown.
        self.rows.get(id.index()).unwrap_or(&self.rows[0])
    }

    fn refresh(&mut self) -> bool {
        let loaded = self.geo.loaded();
        if Arc::ptr_eq(&loaded, &self.loaded) && self.rows.len() < RECORDS_MAX {
            return false;
        }
        self.loaded = loaded;
        self.v4_cache.fill((0, AnswerId::UNKNOWN));
        self.v6_cache.fill((0, AnswerId::UNKNOWN));
        self.by_record = AHashMap::new();
        self.rows.truncate(1);
        self.rows.shrink_to_fit();
        self.texts = HashSet::new();
        true
    }

    fn find(&mut self, ip: IpAddr) -> AnswerId {
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let key = (v4.to_bits() >> 8) + 1;
                let slot = slot(u64::from(key), V4_SLOTS);
                if self.v4_cache[slot].0 == key {
                    return self.v4_cache[slot].1;
                }
                let (id, prefix) = self.look_up(v4.into());
                if prefix <= 24 {
                    self.v4_cache[slot] = (key, id);
                }
                id
            }
            IpAddr::V6(v6) => {
                let key = (v6.to_bits() >> 64) as u64;
                let slot = slot(key, V6_SLOTS);
                if key != 0 && self.v6_cache[slot].0 == key {
                    return self.v6_cache[slot].1;
                }
                let (id, prefix) = self.look_up(v6.into());
                if prefix <= 64 {
                    self.v6_cache[slot] = (key, id);
                }
                id
            }
        }
    }

    /// Returns the answer and how many bits of the address it depends on.
    fn look_up(&mut self, ip: IpAddr) -> (AnswerId, u32) {
        // What is set aside for special use is so in blocks of /24 and /64 or larger.
        if !routable(ip) {
            return (AnswerId::UNKNOWN, 0);
        }
        let Some(database) = self.loaded.route(R::KIND, ip) else {
            return (AnswerId::UNKNOWN, 0);
        };
        let leaf = database.find(ip);
        if !database.is_data(leaf.record) {
            return (AnswerId::UNKNOWN, leaf.prefix);
        }
        let record = (ip.is_ipv6(), leaf.record);
        if let Some(id) = self.by_record.get(&record) {
            return (*id, leaf.prefix);
        }
        let mut row = R::read(database, ip).unwrap_or_default();
        row.share(&mut self.texts);
        let id = AnswerId::new(self.rows.len());
        if self.rows.len() == self.rows.capacity() {
            // Doubling would leave megabytes unused.
            self.rows.reserve_exact(self.rows.len() / 4 + 64);
        }
        self.rows.push(row);
        self.by_record.insert(record, id);
        (id, leaf.prefix)
    }
}

/// Spreads neighbouring networks over the slots (Fibonacci hashing: 2^64 over the golden ratio).
fn slot(key: u64, slots: usize) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - slots.trailing_zeros())) as usize
}
