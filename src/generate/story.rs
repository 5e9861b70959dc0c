//! What goes wrong, for whom and when.

use super::networks::Network;
use super::{US_PER_HOUR, US_PER_MINUTE};

/// A part of the world for which the shop fails for a while.
struct Outage {
    country: &'static str,
    /// Hit harder than the rest of the country.
    carrier: u32,
    /// Microseconds from the end of the day.
    from: i64,
    to: i64,
    /// How many times as bad as a usual one. By night three minutes of Germany are some 130 requests: what fails
    /// there has to be far above the limit of the shipped rule, or chance would end its incident.
    times: f64,
}

const OUTAGES: &[Outage] = &[
    Outage {
        country: "ES",
        carrier: 3352,
        from: -14 * US_PER_HOUR,
        to: -8 * US_PER_HOUR,
        times: 1.0,
    },
    Outage {
        country: "DE",
        carrier: 3320,
        from: -55 * US_PER_MINUTE,
        to: 3 * US_PER_MINUTE,
        times: 1.7,
    },
];

/// Share of requests that fail anywhere, any time.
const NOISE: f64 = 0.004;

/// Share of a network's requests for a path that fail at a time.
pub(super) fn failing(network: &Network, path: &str, us: i64, end_us: i64) -> f64 {
    let since_end = us - end_us;
    let outage = OUTAGES.iter().find(|outage| {
        outage.country == network.country && (outage.from..outage.to).contains(&since_end)
    });
    let Some(outage) = outage else { return NOISE };
    let base = if network.asn == outage.carrier {
        0.13
    } else {
        0.035
    };
    let is_sale = path.starts_with("/checkout") || path.starts_with("/api/pay");
    outage.times * base * if is_sale { 2.2 } else { 0.85 }
}

/// Whether the backup job runs that eats the CPU of `web-2`.
pub(super) fn is_maintenance(us: i64, end_us: i64) -> bool {
    (OUTAGES[1].from..OUTAGES[1].to).contains(&(us - end_us))
}

/// When it started, and when it ends.
pub(super) fn maintenance(end_us: i64) -> (i64, i64) {
    (end_us + OUTAGES[1].from, end_us + OUTAGES[1].to)
}
