//! The syslog protocol, RFC 5424.
//!
//! `<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 [exampleSDID@32473 iut="3"] BOM'su root' failed`
//!
//! Quirks: some senders leave the structured data out altogether, or do not close it.

use std::borrow::Cow;

use nom::Parser;
use nom::bytes::complete::take_till1;
use nom::character::complete::char;
use nom::sequence::terminated;

use super::access::{Cursor, dashed};
use super::{Format, ParseError, syslog};
use crate::record::{EventTime, Flags, Record};
use crate::time::parse_iso;

/// Parameters of structured data that are kept.
const PARAMS_MAX: usize = 200;

/// The syslog protocol.
pub(super) struct SyslogRfc5424;

impl Format for SyslogRfc5424 {
    fn name(&self) -> &'static str {
        "syslog_rfc5424"
    }

    fn about(&self) -> &'static str {
        "syslog protocol (RFC 5424): its message is parsed by the other formats"
    }

    fn is_envelope(&self) -> bool {
        true
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(self.name(), line);
        if !syslog::priority(&mut cursor, record) {
            return Err(cursor.expected("a priority"));
        }
        match cursor.rest.strip_prefix("1 ") {
            Some(rest) => cursor.rest = rest,
            None => return Err(cursor.expected("version 1")),
        }
        let stamp = header(&mut cursor, "a time stamp or -")?;
        record.time = match parse_iso(stamp.as_bytes()) {
            Some((time, n)) if n == stamp.len() => time,
            _ if stamp == "-" => EventTime::Missing,
            _ => EventTime::Invalid,
        };
        record.host = dashed(header(&mut cursor, "a host name or -")?);
        record.service = dashed(header(&mut cursor, "an application name or -")?);
        for name in ["pid", "msgid"] {
            if let Some(value) = dashed(header(&mut cursor, "a process id and a message id")?) {
                record.attr(name, value);
            }
        }
        let message = structured_data(cursor.rest, record);
        let message = message.strip_prefix(' ').unwrap_or(message);
        let message = message.strip_prefix('\u{feff}').unwrap_or(message);
        syslog::finish(self.name(), message, record)
    }
}

/// A header word and the space after it; the last may end the line.
fn header<'a>(cursor: &mut Cursor<'a>, expected: &'static str) -> Result<&'a str, ParseError> {
    if !cursor.rest.contains(' ') && !cursor.rest.is_empty() {
        return Ok(std::mem::take(&mut cursor.rest));
    }
    cursor.take(
        expected,
        terminated(take_till1(|c| c == ' '), char(' ')).map(|word: &str| word),
    )
}

/// Takes `-` or `[id name="value" ...]...` and returns what follows.
fn structured_data<'a>(text: &'a str, record: &mut Record<'a>) -> &'a str {
    if let Some(rest) = text.strip_prefix('-') {
        return rest;
    }
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        match sd_element(element, record) {
            Some(after) => rest = after,
            None => {
                record.flags |= Flags::BAD_STRUCTURED_DATA;
                return rest;
            }
        }
    }
    rest
}

fn sd_element<'a>(text: &'a str, record: &mut Record<'a>) -> Option<&'a str> {
    let end = text.find([' ', ']'])?;
    let (id, mut rest) = text.split_at(end);
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return Some(after);
        }
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return Some(after);
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = sd_value(after)?;
        match record.attrs.len() < PARAMS_MAX {
            true => record.attr(format!("{id}.{name}"), value),
            false => record.flags |= Flags::FIELDS_DROPPED,
        }
        rest = after;
    }
}

/// Up to the closing quote; `\"`, `\\` and `\]` are escapes (section 6.3.3).
fn sd_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let plain = text.find(['"', '\\'])?;
    if text.as_bytes()[plain] == b'"' {
        let (value, rest) = text.split_at(plain);
        return Some((value.into(), rest.get(1..)?));
    }
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value.into(), text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                escaped @ ('"' | '\\' | ']') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}
