//! BSD syslog as it is really sent (RFC 3164 only describes it) and as `/var/log/syslog` holds it.
//!
//! `<38>Mar 27 13:06:56 web-1 sshd[1291]: Server listening on 0.0.0.0 port 22.`
//!
//! Quirks: the priority is missing in files; the day may be `7`, ` 7` or `07`; some senders write the year
//! after the month and day or after the time; rsyslog's file format has an RFC 3339 stamp instead; the host
//! name may be missing.

use super::access::Cursor;
use super::{Format, ParseError, syslog};
use crate::record::{EventTime, Record};
use crate::time::{civil_us, month_number, parse_clock, parse_iso};

/// BSD syslog.
pub(super) struct SyslogRfc3164;

impl Format for SyslogRfc3164 {
    fn name(&self) -> &'static str {
        "syslog_rfc3164"
    }

    fn about(&self) -> &'static str {
        "BSD syslog (RFC 3164), rsyslog's files: its message is parsed by the other formats"
    }

    fn is_envelope(&self) -> bool {
        true
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(self.name(), line);
        let has_priority = syslog::priority(&mut cursor, record);
        cursor.rest = cursor.rest.trim_start_matches(' ');
        let Some((time, rest)) = stamp(cursor.rest) else {
            // A priority alone makes it syslog; the rest is the message (RFC 3164, section 4.3.3).
            return match has_priority {
                true => {
                    let message = syslog::tag(cursor.rest, record);
                    syslog::finish(self.name(), message, record)
                }
                false => Err(cursor.expected("a priority or a time stamp")),
            };
        };
        record.time = time;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        if !rest.starts_with(' ') && !rest.is_empty() {
            cursor.rest = rest;
            return Err(cursor.expected("a space after the time stamp"));
        }
        let rest = rest.trim_start_matches(' ');
        let rest = host(rest, record);
        let message = syslog::tag(rest, record);
        syslog::finish(self.name(), message, record)
    }
}

/// The host name, unless the word is already the tag.
fn host<'a>(text: &'a str, record: &mut Record<'a>) -> &'a str {
    let Some((word, rest)) = text.split_once(' ') else {
        return text;
    };
    let is_tag = word.ends_with(':') || (word.contains('[') && word.ends_with("]:"));
    let is_host = !word.is_empty() && !word.contains(['=', '"', '{', '[', '(', '<']);
    if is_tag || !is_host {
        return text;
    }
    record.host = Some(word.into());
    rest.trim_start_matches(' ')
}

/// `Mar 27 13:06:56`, with or without a year, or an RFC 3339 stamp.
fn stamp(text: &str) -> Option<(EventTime, &str)> {
    let bytes = text.as_bytes();
    if bytes.first()?.is_ascii_digit() {
        let (time, n) = parse_iso(bytes)?;
        return Some((time, text.get(n..)?));
    }
    let month = month_number(bytes.get(0..3)?)?;
    let rest = text.get(3..)?.strip_prefix(' ')?.trim_start_matches(' ');
    let (day, rest) = rest.split_once(' ')?;
    let day: u8 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let rest = rest.trim_start_matches(' ');
    // `Mar 27 2026 13:06:56`, as Cisco devices write it.
    let (year, rest) = match rest.split_once(' ') {
        Some((word, after)) if is_year(word) => (word.parse::<i64>().ok(), after),
        _ => (None, rest),
    };
    let (us_of_day, n) = parse_clock(rest.as_bytes())?;
    let rest = rest.get(n..)?;
    // `Mar 27 13:06:56 2026`, as ctime writes it.
    let (year, rest) = match (year, rest.strip_prefix(' ').map(|r| r.split_at_checked(4))) {
        (None, Some(Some((word, after)))) if is_year(word) && after.starts_with([' ', ':']) => {
            (word.parse().ok(), after)
        }
        _ => (year, rest),
    };
    let time = match year {
        None => EventTime::Yearless {
            month,
            day,
            us_of_day,
        },
        Some(year) => civil_us(year, i64::from(month), i64::from(day), 0, 0, 0, 0)
            .map_or(EventTime::Invalid, |midnight| {
                EventTime::Zoneless(midnight + us_of_day)
            }),
    };
    Some((time, rest))
}

fn is_year(word: &str) -> bool {
    word.len() == 4
        && (word.starts_with("19") || word.starts_with("20"))
        && word.bytes().all(|b| b.is_ascii_digit())
}
