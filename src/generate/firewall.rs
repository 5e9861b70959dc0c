//! The firewall's kernel log: what ufw turns away, and a little that it lets through.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Moment, pick, stamp};

/// Ports that scanners try.
const PORTS: &[(u32, u16)] = &[
    (20, 23),
    (16, 22),
    (12, 3389),
    (10, 445),
    (9, 8080),
    (8, 5900),
    (7, 6379),
    (6, 1433),
    (6, 2375),
    (5, 5432),
];

pub(super) fn line(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let is_allowed = random.random_bool(0.04);
    let network = match is_allowed {
        true => moment.networks.visitor(moment.us, random),
        false => pick(random, &moment.networks.scanners),
    };
    let (rule, port) = match is_allowed {
        true => ("UFW ALLOW", 443),
        false => ("UFW BLOCK", *pick(random, PORTS)),
    };
    let ip = network.address(random);
    let (tail, to) = match ip.is_ipv4() {
        true => ("TOS=0x00 PREC=0x00", "192.0.2.10"),
        false => ("TC=0 HOPLIMIT=244 FLOWLBL=0", "2001:db8::10"),
    };
    format!(
        "{} {} kernel: [{rule}] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC={ip} DST={to} LEN={} {tail} \
         TTL={} ID={} PROTO=TCP SPT={} DPT={port} WINDOW=1024 RES=0x00 SYN URGP=0",
        stamp(moment.us),
        moment.host,
        random.random_range(40..61),
        random.random_range(40..250),
        random.random_range(1..65_535),
        random.random_range(1024..65_535),
    )
}
