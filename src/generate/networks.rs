//! Who visits: networks by country, and how busy each country is at an hour.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::US_PER_HOUR;

const CSV: &str = include_str!("../../data/demo/networks.csv");

/// Visitors by country in parts of the whole, and the country's distance from UTC in hours.
const COUNTRIES: &[(&str, u32, i64)] = &[
    ("DE", 250, 1),
    ("ES", 150, 1),
    ("US", 130, -6),
    ("GB", 70, 0),
    ("FR", 70, 1),
    ("IT", 55, 1),
    ("NL", 35, 1),
    ("PL", 35, 1),
    ("PT", 20, 0),
    ("AT", 25, 1),
    ("CH", 25, 1),
    ("SE", 20, 1),
    ("BE", 20, 1),
    ("CZ", 18, 1),
    ("IE", 12, 0),
    ("DK", 12, 1),
    ("NO", 12, 1),
    ("FI", 12, 2),
    ("RO", 14, 2),
    ("GR", 12, 2),
    ("HU", 12, 1),
    ("TR", 16, 3),
    ("BR", 30, -3),
    ("MX", 18, -6),
    ("AR", 14, -3),
    ("CL", 9, -4),
    ("CO", 9, -5),
    ("CA", 22, -5),
    ("AU", 16, 10),
    ("NZ", 7, 12),
    ("JP", 18, 9),
    ("KR", 12, 9),
    ("IN", 26, 5),
    ("ID", 10, 7),
    ("ZA", 10, 2),
    ("UA", 9, 2),
];

/// A network that lines come from.
#[derive(Clone, Debug)]
pub(super) struct Network {
    first: IpAddr,
    pub(super) country: &'static str,
    pub(super) asn: u32,
    weight: u32,
}

/// All networks, by what they are for.
#[derive(Debug)]
pub(super) struct Networks {
    visitors: BTreeMap<&'static str, Vec<(u32, Network)>>,
    pub(super) scanners: Vec<(u32, Network)>,
    pub(super) crawlers: Vec<(u32, Network)>,
}

impl Networks {
    /// The networks that the program carries.
    pub(super) fn embedded() -> Self {
        let mut networks = Self {
            visitors: BTreeMap::new(),
            scanners: Vec::new(),
            crawlers: Vec::new(),
        };
        for line in CSV.lines().skip(1) {
            let fields: Vec<&'static str> = line.split(',').collect();
            let [prefix, country, _region, _city, asn, weight, role] = fields[..] else {
                continue;
            };
            let first = prefix.split('/').next().and_then(|ip| ip.parse().ok());
            let (Some(first), Ok(asn), Ok(weight)) = (first, asn.parse(), weight.parse()) else {
                continue;
            };
            let network = Network {
                first,
                country,
                asn,
                weight,
            };
            let list = match role {
                "scanner" => &mut networks.scanners,
                "crawler" => &mut networks.crawlers,
                _ => networks.visitors.entry(country).or_default(),
            };
            list.push((network.weight, network));
        }
        networks
    }

    /// A visitor's network at this time.
    pub(super) fn visitor(&self, us: i64, random: &mut ChaCha8Rng) -> &Network {
        let weights = COUNTRIES
            .iter()
            .map(|(_, share, offset)| f64::from(*share) * activity(us, *offset));
        let total: f64 = weights.clone().sum();
        let mut at = random.random::<f64>() * total;
        let mut chosen = COUNTRIES[0].0;
        for ((country, _, _), weight) in COUNTRIES.iter().zip(weights) {
            chosen = country;
            if at < weight {
                break;
            }
            at -= weight;
        }
        super::pick(random, &self.visitors[chosen])
    }

    /// How busy the shop is, one on average over a day.
    pub(super) fn activity(&self, us: i64) -> f64 {
        let weighted = COUNTRIES
            .iter()
            .map(|(_, share, offset)| f64::from(*share) * activity(us, *offset));
        let total: f64 = COUNTRIES
            .iter()
            .map(|(_, share, _)| f64::from(*share))
            .sum();
        weighted.sum::<f64>() / total
    }

    /// The country of an address that was made from one of the networks.
    #[cfg(test)]
    pub(super) fn country_of(&self, ip: IpAddr) -> Option<&'static str> {
        let visitors = self.visitors.values().flatten();
        let mut all = visitors.chain(&self.scanners).chain(&self.crawlers);
        all.find(|(_, network)| network.contains(ip))
            .map(|(_, network)| network.country)
    }
}

/// Quiet at four in the morning, busy in the afternoon, one on average.
fn activity(us: i64, offset_hours: i64) -> f64 {
    let hour =
        (us + offset_hours * US_PER_HOUR).rem_euclid(24 * US_PER_HOUR) as f64 / US_PER_HOUR as f64;
    1.0 + 0.25 * ((hour - 10.0) / 24.0 * std::f64::consts::TAU).sin()
}

impl Network {
    /// An address of the network; a few hosts are there again and again.
    pub(super) fn address(&self, random: &mut ChaCha8Rng) -> IpAddr {
        let host: u8 = match random.random_bool(0.6) {
            true => random.random_range(10..30),
            false => random.random_range(1..255),
        };
        match self.first {
            IpAddr::V4(first) => {
                let [a, b, c, _] = first.octets();
                Ipv4Addr::new(a, b, c, host).into()
            }
            IpAddr::V6(first) => {
                let mut segments = first.segments();
                segments[3] = u16::from(host);
                segments[7] = 0x100 + u16::from(host);
                Ipv6Addr::from(segments).into()
            }
        }
    }

    #[cfg(test)]
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => first.octets()[..3] == ip.octets()[..3],
            (IpAddr::V6(first), IpAddr::V6(ip)) => first.octets()[..6] == ip.octets()[..6],
            _ => false,
        }
    }
}
