//! CPU, load, memory and network of the hosts, every 15 seconds.

use rand::Rng;

use super::{US_PER_HOUR, US_PER_SECOND, story, stream_random};
use crate::host_metrics::HostSample;

const EVERY_US: i64 = 15 * US_PER_SECOND;
/// Hosts with their usual CPU and memory in percent.
const HOSTS: &[(&str, f64, f64)] = &[
    ("web-1", 28.0, 54.0),
    ("web-2", 27.0, 52.0),
    ("db-1", 22.0, 71.0),
    ("fw-1", 6.0, 18.0),
];

pub(super) fn samples(end_us: i64, seed: u64, from_us: i64, to_us: i64) -> Vec<HostSample> {
    let mut samples = Vec::new();
    let mut us = (from_us + EVERY_US - 1).div_euclid(EVERY_US) * EVERY_US;
    while us < to_us {
        for (index, (host, cpu, mem)) in HOSTS.iter().enumerate() {
            let mut random = stream_random(seed, 1000 + index as u64, us);
            let hour = us.rem_euclid(24 * US_PER_HOUR) as f64 / US_PER_HOUR as f64;
            let daily = 0.35 * ((hour - 9.0) / 24.0 * std::f64::consts::TAU).sin();
            let is_busy = *host == "web-2" && story::is_maintenance(us, end_us);
            let cpu_pct = match is_busy {
                true => random.random_range(86.0..98.0),
                false => cpu * (1.0 + daily) + random.random_range(-4.0..4.0),
            };
            let load1 = if is_busy {
                random.random_range(11.0..15.0)
            } else {
                cpu_pct / 25.0
            };
            samples.push(HostSample {
                ts_us: us,
                host: (*host).to_owned(),
                cpu_pct: cpu_pct.clamp(0.5, 100.0),
                load1,
                mem_used_pct: mem
                    + if is_busy { 21.0 } else { 0.0 }
                    + random.random_range(-1.0..1.0),
                swap_used_pct: if is_busy { 7.0 } else { 0.0 },
                disk_used_pct: 61.0,
                net_rx_bytes: random.random_range(200_000..900_000),
                net_tx_bytes: random.random_range(2_000_000..9_000_000),
            });
        }
        us += EVERY_US;
    }
    samples
}
