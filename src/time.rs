//! Times: reading them, and finding the instant of those that name no zone or no year.

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone};
use chrono_tz::Tz;

use crate::record::{EventTime, Flags};

const US_PER_SECOND: i64 = 1_000_000;
const US_PER_HOUR: i64 = 3_600 * US_PER_SECOND;
const US_PER_DAY: i64 = 24 * US_PER_HOUR;

/// Now, in microseconds since the epoch.
pub fn now_us() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// The instant as RFC 3339 with milliseconds.
pub fn rfc3339(us: i64) -> String {
    let time = DateTime::from_timestamp_micros(us).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads RFC 3339, in microseconds since the epoch.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.timestamp_micros())
}

/// Days since the epoch of a date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Days in a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// A wall-clock time that exists in the calendar, in microseconds as if it were UTC. A leap second counts as
/// the second before it.
pub fn civil_us(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
) -> Option<i64> {
    let fits = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && (0..US_PER_SECOND).contains(&micros);
    let seconds = hour * 3600 + minute * 60 + second.min(59);
    fits.then(|| days_from_civil(year, month, day) * US_PER_DAY + seconds * US_PER_SECOND + micros)
}

/// The number of an English month name of three letters.
pub fn month_number(name: &[u8]) -> Option<u8> {
    let names: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let index = names
        .iter()
        .position(|month| name.eq_ignore_ascii_case(*month))?;
    u8::try_from(index + 1).ok()
}

/// Finds the instant of what a line says.
///
/// `zone` is for times that name none, `not_after_us` for those that name no year: they take the latest year
/// that puts them no later than it.
pub fn resolve(time: EventTime, zone: Tz, not_after_us: i64) -> (Option<i64>, Flags) {
    match time {
        EventTime::Missing | EventTime::Invalid => (None, Flags::TIME_GUESSED),
        EventTime::Utc(us) => (Some(us), Flags::default()),
        EventTime::Zoneless(wall_us) => (in_zone(wall_us, zone), Flags::ZONE_GUESSED),
        EventTime::Yearless {
            month,
            day,
            us_of_day,
        } => {
            let flags = Flags::YEAR_GUESSED | Flags::ZONE_GUESSED;
            (
                latest_year(month, day, us_of_day, zone, not_after_us),
                flags,
            )
        }
    }
}

/// The instant of a wall-clock time. The hour that comes twice in autumn is taken as the first one; a time in
/// the hour that spring leaves out is moved forward by an hour.
fn in_zone(wall_us: i64, zone: Tz) -> Option<i64> {
    if zone == Tz::UTC {
        return Some(wall_us);
    }
    let wall: NaiveDateTime = DateTime::from_timestamp_micros(wall_us)?.naive_utc();
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => {
            Some(time.timestamp_micros())
        }
        LocalResult::None => {
            let later = wall.checked_add_signed(chrono::TimeDelta::hours(1))?;
            zone.from_local_datetime(&later)
                .earliest()
                .map(|time| time.timestamp_micros())
        }
    }
}

fn latest_year(month: u8, day: u8, us_of_day: i64, zone: Tz, not_after_us: i64) -> Option<i64> {
    let last_year = DateTime::from_timestamp_micros(not_after_us)
        .map_or_else(|| chrono::Utc::now().year(), |time| time.year() + 1);
    // Nine years reach over the missing leap day of a century.
    (last_year - 9..=last_year).rev().find_map(|year| {
        let date = NaiveDate::from_ymd_opt(year, month.into(), day.into())?;
        let wall_us = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros() + us_of_day;
        in_zone(wall_us, zone).filter(|us| *us <= not_after_us)
    })
}

/// Two ASCII digits.
fn two(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    let value = |sum: i64, byte: &u8| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    };
    match bytes.len() {
        1..=9 => bytes.iter().try_fold(0, value),
        _ => None,
    }
}

/// `HH:MM:SS` with an optional fraction after `.` or `,`: microseconds of the day, and the bytes it took.
pub fn parse_clock(bytes: &[u8]) -> Option<(i64, usize)> {
    let (hour, minute, second) = (
        two(bytes.get(0..2)?)?,
        two(bytes.get(3..5)?)?,
        two(bytes.get(6..8)?)?,
    );
    if bytes[2] != b':' || bytes[5] != b':' || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let whole = (hour * 3600 + minute * 60 + second.min(59)) * US_PER_SECOND;
    let (micros, n) = parse_fraction(&bytes[8..]);
    Some((whole + micros, 8 + n))
}

/// A fraction of a second after `.` or `,`: microseconds and the bytes it took, zero when there is none.
fn parse_fraction(bytes: &[u8]) -> (i64, usize) {
    if !matches!(bytes.first(), Some(b'.' | b',')) {
        return (0, 0);
    }
    let n = bytes[1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if n == 0 {
        return (0, 0);
    }
    let kept = &bytes[1..=n.min(6)];
    let micros = digits(kept).unwrap_or(0) * 10_i64.pow(6 - kept.len() as u32);
    (micros, n + 1)
}

/// `+HH:MM`, `+HHMM`, `+HH`, `Z`: offset from UTC in microseconds, and the bytes it took.
pub fn parse_offset(bytes: &[u8]) -> Option<(i64, usize)> {
    let sign = match bytes.first()? {
        b'Z' | b'z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = two(bytes.get(1..3)?)?;
    let (minutes, n) = match bytes.get(3) {
        Some(b':') => (two(bytes.get(4..6)?)?, 6),
        Some(b'0'..=b'9') => (two(bytes.get(3..5)?)?, 5),
        _ => (0, 3),
    };
    (hours < 24 && minutes < 60).then_some((sign * (hours * 60 + minutes) * 60 * US_PER_SECOND, n))
}

/// A date and time as RFC 3339 and ISO 8601 write it, with or without a zone: what it says, and the bytes it
/// took. `T` may be a space.
pub fn parse_iso(bytes: &[u8]) -> Option<(EventTime, usize)> {
    let year = digits(bytes.get(0..4)?)?;
    let separator = *bytes.get(4)?;
    let (month, day) = (two(bytes.get(5..7)?)?, two(bytes.get(8..10)?)?);
    if !matches!(separator, b'-' | b'/')
        || bytes[7] != separator
        || !matches!(bytes.get(10)?, b'T' | b't' | b' ')
    {
        return None;
    }
    let (us_of_day, n) = parse_clock(bytes.get(11..)?)?;
    let end = 11 + n;
    let Some(wall) = civil_us(year, month, day, 0, 0, 0, 0) else {
        return Some((EventTime::Invalid, end));
    };
    let wall = wall + us_of_day;
    Some(match parse_offset(bytes.get(end..).unwrap_or_default()) {
        Some((offset, n)) => (EventTime::Utc(wall - offset), end + n),
        None => (EventTime::Zoneless(wall), end),
    })
}

/// A number of seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by size.
pub fn parse_epoch(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok()?;
    let seconds_fraction = || {
        let (micros, _) = parse_fraction(format!(".{fraction}").as_bytes());
        micros
    };
    match number.unsigned_abs() {
        0..100_000_000_000 => number
            .checked_mul(US_PER_SECOND)?
            .checked_add(seconds_fraction()),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        _ => Some(number / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time: EventTime, zone: Tz, not_after: &str, expected: Option<&str>) {
        let (us, _) = resolve(time, zone, parse_rfc3339(not_after).unwrap());
        assert_eq!(us.map(rfc3339).as_deref(), expected);
    }

    fn yearless(month: u8, day: u8, hour: i64) -> EventTime {
        EventTime::Yearless {
            month,
            day,
            us_of_day: hour * US_PER_HOUR,
        }
    }

    #[test]
    fn a_yearless_time_takes_the_latest_year_that_fits() {
        let utc = Tz::UTC;
        check(
            yearless(3, 27, 13),
            utc,
            "2026-11-23T00:00:00Z",
            Some("2026-03-27T13:00:00.000Z"),
        );
        check(
            yearless(12, 31, 23),
            utc,
            "2026-01-02T00:00:00Z",
            Some("2025-12-31T23:00:00.000Z"),
        );
        check(
            yearless(1, 1, 5),
            utc,
            "2026-01-01T23:00:00Z",
            Some("2026-01-01T05:00:00.000Z"),
        );
        check(
            yearless(2, 29, 0),
            utc,
            "2026-11-23T00:00:00Z",
            Some("2024-02-29T00:00:00.000Z"),
        );
        check(yearless(2, 30, 0), utc, "2026-11-23T00:00:00Z", None);
    }

    #[test]
    fn clock_changes_do_not_lose_a_line() {
        let madrid = Tz::Europe__Madrid;
        let wall = |h, m| EventTime::Zoneless(civil_us(2026, 3, 29, h, m, 0, 0).unwrap());
        check(
            wall(1, 30),
            madrid,
            "2026-11-23T00:00:00Z",
            Some("2026-03-29T00:30:00.000Z"),
        );
        // 02:30 does not exist that night.
        check(
            wall(2, 30),
            madrid,
            "2026-11-23T00:00:00Z",
            Some("2026-03-29T01:30:00.000Z"),
        );
        // 02:30 comes twice on 25 October.
        let twice = EventTime::Zoneless(civil_us(2026, 10, 25, 2, 30, 0, 0).unwrap());
        check(
            twice,
            madrid,
            "2026-11-23T00:00:00Z",
            Some("2026-10-25T00:30:00.000Z"),
        );
    }

    #[test]
    fn iso_times() {
        let rows: [(&str, Option<(&str, usize)>); 8] = [
            (
                "2026-11-23T10:00:00Z",
                Some(("2026-11-23T10:00:00.000Z", 20)),
            ),
            (
                "2026-11-23T10:00:00.123456789+02:00 x",
                Some(("2026-11-23T08:00:00.123Z", 35)),
            ),
            (
                "2026-11-23 10:00:00,5 x",
                Some(("2026-11-23T10:00:00.500Z", 21)),
            ),
            (
                "2026/11/23 10:00:60",
                Some(("2026-11-23T10:00:59.000Z", 19)),
            ),
            (
                "2026-11-23T10:00:00-0330",
                Some(("2026-11-23T13:30:00.000Z", 24)),
            ),
            ("2026-11-23T25:00:00Z", None),
            ("2026-11-23", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let parsed = parse_iso(text.as_bytes()).map(|(time, n)| {
                let (us, _) = resolve(time, Tz::UTC, i64::MAX / 2);
                (rfc3339(us.unwrap()), n)
            });
            let expected = expected.map(|(time, n)| (time.to_owned(), n));
            assert_eq!(parsed, expected, "{text}");
        }
        assert_eq!(
            parse_iso(b"2026-02-30T10:00:00Z").unwrap().0,
            EventTime::Invalid
        );
    }

    #[test]
    fn epochs_are_told_apart_by_size() {
        for text in [
            "1763892000",
            "1763892000.0",
            "1763892000000",
            "1763892000000000",
            "1763892000000000000",
        ] {
            assert_eq!(parse_epoch(text), Some(1_763_892_000_000_000), "{text}");
        }
        assert_eq!(parse_epoch("1763892000.25"), Some(1_763_892_000_250_000));
        assert_eq!(parse_epoch("soon"), None);
    }

    proptest::proptest! {
        #[test]
        fn civil_dates_agree_with_chrono(days in -700_000_i64..700_000) {
            let date = chrono::DateTime::from_timestamp(days * 86_400, 0).unwrap().date_naive();
            let (y, m, d) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            proptest::prop_assert_eq!(days_from_civil(y, m, d), days);
        }

        #[test]
        fn no_text_breaks_a_parser(bytes: Vec<u8>) {
            parse_iso(&bytes);
            parse_clock(&bytes);
            parse_offset(&bytes);
            parse_epoch(&String::from_utf8_lossy(&bytes));
        }
    }
}
