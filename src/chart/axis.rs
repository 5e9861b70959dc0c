//! Where axes have ticks, and what stands beside them.

use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Steps that people count in.
const STEPS: [i64; 19] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];

/// Values from zero to at least `max`, in steps of 1, 2 or 5.
pub(super) fn values(min: f64, max: f64, n_max: usize) -> Vec<f64> {
    let span = max - min;
    let rough = span / n_max.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![0.0, 1.0];
    }
    let magnitude = 10_f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let factor = factors
        .into_iter()
        .find(|factor| factor * magnitude >= rough * 0.999);
    let step = factor.unwrap_or(10.0) * magnitude;
    let first = (min / step).floor();
    let n_steps = ((max / step).ceil() - first).clamp(1.0, 100.0) as usize;
    // Multiples, not sums: 0.1 added ten times is not 1.
    (0..=n_steps)
        .map(|idx| (first + idx as f64) * step)
        .collect()
}

/// Times in `from..=to` with their labels, at most about `n_max`, all UTC.
pub(super) fn times(from: i64, to: i64, n_max: usize) -> Vec<(i64, String)> {
    let span = to.saturating_sub(from);
    if span <= 0 {
        return label(from, 0)
            .map(|text| (from, text))
            .into_iter()
            .collect();
    }
    let rough = span / i64::try_from(n_max.max(1)).unwrap_or(1);
    let Some(step) = STEPS.into_iter().find(|step| *step >= rough) else {
        return months(from, to, n_max);
    };
    let first = from
        .saturating_add(step - 1)
        .div_euclid(step)
        .saturating_mul(step);
    let ticks = (0..=span / step).map(|idx| first.saturating_add(idx * step));
    ticks
        .take_while(|us| *us <= to)
        .filter_map(|us| Some((us, label(us, step)?)))
        .collect()
}

/// The clock's time; the date at midnight.
fn label(us: i64, step: i64) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp_micros(us)?;
    let is_midnight = time.time() == NaiveTime::MIN;
    let form = match step {
        DAY.. => "%m-%d",
        _ if is_midnight => "%m-%d",
        MINUTE.. => "%H:%M",
        _ => "%H:%M:%S",
    };
    Some(time.format(form).to_string())
}

fn months(from: i64, to: i64, n_max: usize) -> Vec<(i64, String)> {
    let start = DateTime::<Utc>::from_timestamp_micros(from);
    let end = DateTime::<Utc>::from_timestamp_micros(to);
    let (Some(start), Some(end)) = (start, end) else {
        return Vec::new();
    };
    let years = end.year().abs_diff(start.year());
    let n_months = (years * 12 + 12) / u32::try_from(n_max.max(1)).unwrap_or(1);
    let step = [1, 3, 6, 12, 24, 60, 120, 1200]
        .into_iter()
        .find(|step| *step >= n_months)
        .unwrap_or(12_000);
    let mut ticks = Vec::new();
    let mut month = start.date_naive().with_day(1).and_then(|day| {
        let day = if step >= 12 { day.with_month(1)? } else { day };
        Some(day.and_time(NaiveTime::MIN).and_utc())
    });
    while let Some(time) = month.filter(|time| *time <= end) {
        if time >= start {
            let form = if step >= 12 { "%Y" } else { "%Y-%m" };
            ticks.push((time.timestamp_micros(), time.format(form).to_string()));
        }
        month = time.checked_add_months(Months::new(step));
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_values(min: f64, max: f64, expected: &[f64]) {
        let found = values(min, max, 5);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn values_are_round_and_cover_the_data() {
        check_values(0.0, 10.0, &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        check_values(0.0, 0.043, &[0.0, 0.01, 0.02, 0.03, 0.04, 0.05]);
        check_values(0.0, 151.0, &[0.0, 50.0, 100.0, 150.0, 200.0]);
        check_values(-3.0, 3.0, &[-4.0, -2.0, 0.0, 2.0, 4.0]);
        check_values(0.0, 0.0, &[0.0, 1.0]);
        check_values(f64::NAN, 2.0, &[0.0, 1.0]);
    }

    #[track_caller]
    fn check_times(from: &str, to: &str, expected: &[&str]) {
        let us = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_micros();
        let found = times(us(from), us(to), 8);
        let labels: Vec<_> = found.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn times_are_those_of_a_clock() {
        check_times(
            "2026-11-23T10:07:00Z",
            "2026-11-24T10:07:00Z",
            &[
                "12:00", "15:00", "18:00", "21:00", "11-24", "03:00", "06:00", "09:00",
            ],
        );
        check_times(
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:30Z",
            &[
                "10:00:00", "10:00:05", "10:00:10", "10:00:15", "10:00:20", "10:00:25", "10:00:30",
            ],
        );
        check_times(
            "2026-11-01T00:00:00Z",
            "2026-11-15T00:00:00Z",
            &[
                "11-01", "11-03", "11-05", "11-07", "11-09", "11-11", "11-13", "11-15",
            ],
        );
        check_times(
            "2025-11-23T00:00:00Z",
            "2026-11-23T00:00:00Z",
            &["2026-02", "2026-05", "2026-08", "2026-11"],
        );
        check_times(
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:00Z",
            &["10:00:00"],
        );
    }

    #[test]
    fn no_window_is_too_odd() {
        for (from, to) in [
            (i64::MIN, i64::MAX),
            (i64::MAX, i64::MIN),
            (0, i64::MAX),
            (i64::MAX, i64::MAX),
        ] {
            assert!(times(from, to, 8).len() < 100);
        }
    }
}
