//! A made-up day of a web shop: the same lines for the same end and seed, whatever pieces it is asked in.
//!
//! The story, seen from the end `T`: Spain fails from `T-14h` to `T-8h`; Germany fails from `T-55m` to
//! `T+3m`, while a backup job eats the CPU of `web-2`; all day long the firewall turns scanners away, somebody
//! guesses passwords, and everywhere a few requests in a thousand fail. After `T` it goes on at about twenty
//! lines a second.

mod app;
mod bastion;
mod firewall;
mod hosts;
mod networks;
mod shop;
mod story;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::host_metrics::HostSample;
use networks::Networks;

pub(crate) const US_PER_SECOND: i64 = 1_000_000;
pub(crate) const US_PER_MINUTE: i64 = 60 * US_PER_SECOND;
pub(crate) const US_PER_HOUR: i64 = 60 * US_PER_MINUTE;
const US_PER_DAY: i64 = 24 * US_PER_HOUR;
/// Lines a second after the end of the day.
const LIVE_PER_SECOND: f64 = 20.0;

/// One log of one host.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Where the lines go, relative to the folder of the day.
    pub file: &'static str,
    pub host: &'static str,
    kind: Kind,
    /// Its part of all lines.
    share: f64,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Shop,
    Firewall,
    Bastion,
    App,
}

/// All logs of the day.
pub static STREAMS: &[Stream] = &[
    Stream {
        file: "web-1/access.log",
        host: "web-1",
        kind: Kind::Shop,
        share: 0.43,
    },
    Stream {
        file: "web-2/access.log",
        host: "web-2",
        kind: Kind::Shop,
        share: 0.43,
    },
    Stream {
        file: "fw-1/kern.log",
        host: "fw-1",
        kind: Kind::Firewall,
        share: 0.09,
    },
    Stream {
        file: "bastion/auth.log",
        host: "bastion",
        kind: Kind::Bastion,
        share: 0.02,
    },
    Stream {
        file: "web-2/shop.json",
        host: "web-2",
        kind: Kind::App,
        share: 0.03,
    },
];

/// What a line is made from.
struct Moment<'a> {
    /// Microseconds since the epoch.
    us: i64,
    /// The end of the day.
    end_us: i64,
    host: &'a str,
    networks: &'a Networks,
}

/// Makes the day.
#[derive(Clone, Debug)]
pub struct Generator {
    end_us: i64,
    seed: u64,
    /// Lines a minute at average activity, before the end.
    per_minute: f64,
    networks: std::sync::Arc<Networks>,
}

impl Generator {
    /// The day that ends at `end_us` (microseconds since the epoch) with about `n_lines` lines in its 24 hours.
    pub fn new(end_us: i64, seed: u64, n_lines: u64) -> Self {
        Self {
            end_us,
            seed,
            per_minute: n_lines as f64 / (US_PER_DAY / US_PER_MINUTE) as f64,
            networks: std::sync::Arc::new(Networks::embedded()),
        }
    }

    /// The first instant of the day.
    pub fn start_us(&self) -> i64 {
        self.end_us - US_PER_DAY
    }

    /// Hands every line of `[from_us, to_us)` to the sink, in order of time: the index of its stream, its time
    /// and its text without a newline.
    pub fn lines(&self, from_us: i64, to_us: i64, sink: &mut dyn FnMut(usize, i64, &str)) {
        let mut minute = from_us.div_euclid(US_PER_MINUTE) * US_PER_MINUTE;
        while minute < to_us {
            for (us, stream, line) in self.minute(minute) {
                if (from_us..to_us).contains(&us) {
                    sink(stream, us, &line);
                }
            }
            minute += US_PER_MINUTE;
        }
    }

    /// What the hosts' CPU, memory and network are in `[from_us, to_us)`, every 15 seconds.
    pub fn host_samples(&self, from_us: i64, to_us: i64) -> Vec<HostSample> {
        hosts::samples(self.end_us, self.seed, from_us, to_us)
    }

    /// A whole minute, in order of time. Each stream has its own random numbers in each minute, so a minute
    /// is the same in whatever range it is asked for.
    fn minute(&self, minute_us: i64) -> Vec<(i64, usize, String)> {
        let mut lines = Vec::new();
        for (index, stream) in STREAMS.iter().enumerate() {
            let mut random = stream_random(self.seed, index as u64, minute_us);
            let rate = self.rate(stream, minute_us);
            // A Poisson number is nearly normal at these rates.
            let spread: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
            let n = (rate + spread * rate.sqrt()).round().max(0.0) as usize;
            let mut times: Vec<i64> = (0..n)
                .map(|_| minute_us + random.random_range(0..US_PER_MINUTE))
                .collect();
            times.sort_unstable();
            for us in times {
                let moment = Moment {
                    us,
                    end_us: self.end_us,
                    host: stream.host,
                    networks: &self.networks,
                };
                let line = match stream.kind {
                    Kind::Shop => shop::line(&moment, &mut random),
                    Kind::Firewall => firewall::line(&moment, &mut random),
                    Kind::Bastion => bastion::line(&moment, &mut random),
                    Kind::App => app::line(&moment, &mut random),
                };
                lines.push((us, index, line));
            }
        }
        lines.sort_by_key(|(us, index, _)| (*us, *index));
        lines
    }

    fn rate(&self, stream: &Stream, minute_us: i64) -> f64 {
        let live = LIVE_PER_SECOND * 60.0;
        let base = if minute_us < self.end_us {
            self.per_minute
        } else {
            live
        };
        let activity = match stream.kind {
            Kind::Shop => self.networks.activity(minute_us),
            _ => 1.0,
        };
        base * stream.share * activity
    }
}

/// Random numbers of one stream in one minute.
fn stream_random(seed: u64, stream: u64, minute_us: i64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&stream.to_le_bytes());
    key[16..24].copy_from_slice(&minute_us.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// One of the values by weight.
fn pick<'a, T>(random: &mut ChaCha8Rng, values: &'a [(u32, T)]) -> &'a T {
    let total: u32 = values.iter().map(|(weight, _)| weight).sum();
    let mut at = random.random_range(0..total);
    for (weight, value) in values {
        if at < *weight {
            return value;
        }
        at -= weight;
    }
    &values[0].1
}

/// A time as rsyslog writes it.
fn stamp(us: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(us).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::parse_line;
    use crate::record::Record;
    use std::collections::HashMap;

    /// 2026-03-01T12:00:00Z
    const END: i64 = 1_772_366_400_000_000;

    fn lines(generator: &Generator, from: i64, to: i64) -> Vec<(usize, i64, String)> {
        let mut lines = Vec::new();
        generator.lines(from, to, &mut |stream, us, line| {
            lines.push((stream, us, line.to_owned()))
        });
        lines
    }

    #[test]
    fn the_same_lines_come_in_whatever_pieces() {
        let generator = Generator::new(END, 7, 500_000);
        let (from, to) = (END - 3 * US_PER_MINUTE, END + 2 * US_PER_MINUTE);
        let whole = lines(&generator, from, to);
        assert!(whole.is_sorted_by_key(|(_, us, _)| *us));
        let mut pieces = Vec::new();
        let mut at = from;
        while at < to {
            let next = (at + 7_654_321).min(to);
            pieces.extend(lines(&generator, at, next));
            at = next;
        }
        assert_eq!(whole, pieces);
        assert_eq!(whole, lines(&Generator::new(END, 7, 500_000), from, to));
        assert_ne!(whole, lines(&Generator::new(END, 8, 500_000), from, to));
    }

    #[test]
    fn every_line_is_of_the_format_its_log_has() {
        let generator = Generator::new(END, 1, 200_000);
        let expected = ["combined", "combined", "netfilter", "sshd", "json"];
        let mut n_prose = 0;
        for (stream, us, line) in lines(&generator, END - US_PER_HOUR, END + US_PER_MINUTE) {
            let mut record = Record::default();
            parse_line(&line, &mut record).unwrap_or_else(|error| panic!("{error}: {line}"));
            // What the ssh server says besides of its sign-ins stays prose.
            let is_prose = stream == 3 && record.format == "syslog_rfc3164";
            n_prose += usize::from(is_prose);
            assert!(is_prose || record.format == expected[stream], "{line}");
            let crate::record::EventTime::Utc(parsed) = record.time else {
                panic!("{line}")
            };
            assert!((us - parsed).abs() < US_PER_SECOND, "{line}");
        }
        assert!(n_prose < 50);
    }

    #[test]
    fn the_day_has_about_the_lines_asked_for_and_then_twenty_a_second() {
        let generator = Generator::new(END, 3, 50_000);
        let day = lines(&generator, END - US_PER_DAY, END).len() as f64;
        assert!((day / 50_000.0 - 1.0).abs() < 0.1, "{day}");
        let live = lines(
            &generator,
            END + 5 * US_PER_MINUTE,
            END + 15 * US_PER_MINUTE,
        )
        .len() as f64
            / 600.0;
        assert!((15.0..25.0).contains(&live), "{live}");
    }

    /// Requests and server errors by country, the country by the network the address was taken from.
    fn errors(generator: &Generator, from: i64, to: i64) -> HashMap<String, (f64, f64)> {
        let mut counts = HashMap::new();
        generator.lines(from, to, &mut |stream, _, line| {
            if stream > 1 {
                return;
            }
            let mut record = Record::default();
            parse_line(line, &mut record).unwrap();
            let country = generator
                .networks
                .country_of(record.client_ip.unwrap())
                .unwrap_or("nowhere");
            let cell: &mut (f64, f64) = counts.entry(country.to_owned()).or_default();
            cell.0 += 1.0;
            cell.1 += f64::from(u8::from(record.status.unwrap() >= 500));
        });
        counts
    }

    fn worst(counts: &HashMap<String, (f64, f64)>) -> (String, f64) {
        let (n, k) = counts
            .values()
            .fold((0.0, 0.0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
        let excess = |cell: &(f64, f64)| cell.1 - cell.0 * k / n;
        let (country, cell) = counts
            .iter()
            .max_by(|a, b| excess(a.1).total_cmp(&excess(b.1)))
            .unwrap();
        (country.clone(), cell.1 / cell.0)
    }

    #[test]
    fn spain_leads_the_day_and_germany_the_last_hour_at_any_time_of_day() {
        for hour in [0, 6, 12, 18] {
            let end = END + hour * US_PER_HOUR;
            let generator = Generator::new(end, 42, 120_000);
            let (country, _) = worst(&errors(&generator, end - US_PER_DAY, end));
            assert_eq!(country, "ES", "day that ends at {hour}");
            let last = errors(&generator, end - US_PER_HOUR, end);
            let (country, rate) = worst(&last);
            assert!(country == "DE" && rate > 0.05, "{country} {rate}");
            let after = errors(
                &generator,
                end + 3 * US_PER_MINUTE,
                end + 13 * US_PER_MINUTE,
            );
            let (n, k) = after["DE"];
            assert!(n > 500.0 && k / n < 0.02, "{k} of {n}");
            // The shipped rule looks at three minutes and wants a hundred requests.
            let full_size = Generator::new(end, 42, 500_000);
            let (n, k) = errors(&full_size, end - 3 * US_PER_MINUTE, end)["DE"];
            assert!(n >= 100.0 && k / n > 0.05, "{k} of {n}");
        }
    }

    #[test]
    fn the_maintenance_job_shows_in_the_host_metrics() {
        let generator = Generator::new(END, 42, 1000);
        let samples = generator.host_samples(END - 2 * US_PER_HOUR, END);
        let mean = |from: i64, to: i64| {
            let cpu: Vec<f64> = samples
                .iter()
                .filter(|sample| sample.host == "web-2" && (from..to).contains(&sample.ts_us))
                .map(|sample| sample.cpu_pct)
                .collect();
            cpu.iter().sum::<f64>() / cpu.len() as f64
        };
        assert!(mean(END - 2 * US_PER_HOUR, END - US_PER_HOUR) < 50.0);
        assert!(mean(END - 50 * US_PER_MINUTE, END) > 80.0);
    }
}
