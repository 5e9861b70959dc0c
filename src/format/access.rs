//! The grammar that `common`, `combined` and `vhost_combined` share (Apache httpd, "Log Files", Access Log;
//! nginx writes the same as its `combined`).
//!
//! ```text
//! host ident user [day/month/year:hour:minute:second zone] "request" status bytes "referer" "user-agent" ...
//! ```
//! Quirks: both servers escape quotes and bytes inside quotes with a backslash; a TLS hello on a plain port
//! stands as `"\x16\x03..."` where the request should be; `-` is an absent value.

use memchr::memchr2;
use nom::bytes::complete::{tag, take_till1, take_until, take_while};
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::ParseError;
use crate::record::{EventTime, Flags, Record, Text, parse_ip};
use crate::time::{civil_us, month_number, parse_clock, parse_offset};

/// Reports where in the line a parser stopped.
pub(super) struct Cursor<'a> {
    format: &'static str,
    line: &'a str,
    pub(super) rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(format: &'static str, line: &'a str) -> Self {
        Self {
            format,
            line,
            rest: line,
        }
    }

    /// Runs a parser on what is left.
    pub(super) fn take<T>(
        &mut self,
        expected: &'static str,
        mut parser: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
    ) -> Result<T, ParseError> {
        match parser.parse(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(nom::Err::Error(error) | nom::Err::Failure(error)) => {
                let at = self.line.len() - error.input.len();
                Err(self.error(at, expected))
            }
            Err(nom::Err::Incomplete(_)) => Err(self.error(self.line.len(), expected)),
        }
    }

    fn error(&self, at: usize, expected: &'static str) -> ParseError {
        ParseError {
            format: self.format,
            at,
            expected,
        }
    }

    /// Where the cursor stands, as an error.
    pub(super) fn expected(&self, expected: &'static str) -> ParseError {
        self.error(self.line.len() - self.rest.len(), expected)
    }
}

/// `-` is no value.
pub(super) fn dashed<'a>(text: &'a str) -> Text<'a> {
    (!matches!(text, "-" | "")).then(|| text.into())
}

fn word(input: &str) -> IResult<&str, &str> {
    take_till1(|c| c == ' ').parse(input)
}

/// A quoted text, as it stands between its quotes; a backslash keeps the quote after it.
fn quoted(input: &str) -> IResult<&str, &str> {
    let (body, _) = char('"').parse(input)?;
    let bytes = body.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            let (text, rest) = body.split_at(at);
            return Ok((rest.get(1..).unwrap_or_default(), text));
        }
        at = (at + 2).min(bytes.len());
    }
    Err(nom::Err::Error(nom::error::Error::new(
        input,
        nom::error::ErrorKind::Char,
    )))
}

/// `[10/Oct/2000:13:55:36 -0700]`
fn time(input: &str) -> IResult<&str, EventTime> {
    let (rest, text) = delimited(char('['), take_until("]"), char(']')).parse(input)?;
    Ok((rest, clf_time(text.as_bytes())))
}

pub(super) fn clf_time(bytes: &[u8]) -> EventTime {
    let read = || {
        let number = |range: std::ops::Range<usize>| {
            let digits = bytes.get(range)?;
            let value = |sum: i64, byte: &u8| {
                byte.is_ascii_digit()
                    .then(|| sum * 10 + i64::from(byte - b'0'))
            };
            digits.iter().try_fold(0, value)
        };
        let (day, year) = (number(0..2)?, number(7..11)?);
        let month = month_number(bytes.get(3..6)?)?;
        let separators = bytes[2] == b'/' && bytes[6] == b'/' && *bytes.get(11)? == b':';
        let (us_of_day, n) = parse_clock(bytes.get(12..)?)?;
        let wall = civil_us(year, i64::from(month), day, 0, 0, 0, 0)? + us_of_day;
        let zone = bytes.get(12 + n..)?;
        let time = match zone.first() {
            Some(b' ') => EventTime::Utc(wall - parse_offset(&zone[1..])?.0),
            _ => EventTime::Zoneless(wall),
        };
        separators.then_some(time)
    };
    read().unwrap_or(EventTime::Invalid)
}

/// The fields up to and including the bytes, for all three formats.
pub(super) fn common<'a>(
    cursor: &mut Cursor<'a>,
    record: &mut Record<'a>,
) -> Result<(), ParseError> {
    let client = cursor.take("a client address or host name", terminated(word, char(' ')))?;
    let ident = cursor.take("an identity or -", terminated(word, char(' ')))?;
    let user = cursor.take(
        "a user or - before [time]",
        terminated(take_until(" ["), char(' ')),
    )?;
    record.time = cursor.take("a time in [brackets]", time)?;
    let request = cursor.take("a quoted request", preceded(char(' '), quoted))?;
    let status = cursor.take("a status or -", preceded(char(' '), word))?;
    let is_status = status == "-" || status.bytes().all(|byte| byte.is_ascii_digit());
    if !is_status {
        return Err(cursor.expected("a status or -"));
    }
    let bytes = cursor.take("a number of bytes or -", preceded(char(' '), word))?;
    set_client(record, client);
    record.user_name = dashed(user);
    if let Some(ident) = dashed(ident) {
        record.attr("ident", ident);
    }
    set_request(record, request);
    record.status = number(record, "status", status, |n: i16| (100..=999).contains(&n));
    record.bytes = number(record, "bytes", bytes, |n: i64| n >= 0);
    Ok(())
}

fn set_client<'a>(record: &mut Record<'a>, client: &'a str) {
    match parse_ip(client) {
        Some(ip) => record.client_ip = Some(ip),
        None if client == "-" => {}
        None => record.attr("client_host", client),
    }
}

/// A number that fits; otherwise none, with the text kept and a flag set.
fn number<'a, N: std::str::FromStr + Copy>(
    record: &mut Record<'a>,
    name: &'static str,
    text: &'a str,
    fits: impl Fn(N) -> bool,
) -> Option<N> {
    if text == "-" {
        return None;
    }
    let number = text.parse().ok().filter(|n| fits(*n));
    if number.is_none() {
        record.flags |= Flags::FIELD_OUT_OF_RANGE;
        record.attr(name, text);
    }
    number
}

/// `GET /path?query HTTP/1.1`; whatever else stands there is kept as text.
pub(super) fn set_request<'a>(record: &mut Record<'a>, request: &'a str) {
    if matches!(request, "-" | "") {
        return;
    }
    let (method, rest) = request.split_once(' ').unwrap_or((request, ""));
    let is_method = (1..=24).contains(&method.len())
        && method
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-');
    let (target, version) = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => {
            (target, version.strip_prefix("HTTP/"))
        }
        _ => (rest, None),
    };
    if !is_method || target.is_empty() {
        record.attr("request", request);
        return;
    }
    record.method = Some(method.into());
    record.http_version = version.map(Into::into);
    set_target(record, target);
}

/// Splits a request target at its first `?`.
pub(super) fn set_target<'a>(record: &mut Record<'a>, target: &'a str) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    record.path = Some(path.into());
    record.query_string = query.filter(|query| !query.is_empty()).map(Into::into);
}

/// `"referer" "user-agent"`, and what a longer format has after them.
pub(super) fn combined<'a>(
    cursor: &mut Cursor<'a>,
    record: &mut Record<'a>,
) -> Result<(), ParseError> {
    let referer = cursor.take("a quoted referer", preceded(char(' '), quoted))?;
    let agent = cursor.take("a quoted user agent", preceded(char(' '), quoted))?;
    record.referer = dashed(referer);
    record.user_agent = dashed(agent);
    let extra = cursor.rest.trim_start();
    if !extra.is_empty() {
        if !cursor.rest.starts_with(' ') {
            return Err(cursor.expected("the end of the line or a space"));
        }
        set_extra(record, extra);
    }
    Ok(())
}

/// What site formats append: forwarded addresses are recognised, the rest is kept as it stands.
fn set_extra<'a>(record: &mut Record<'a>, extra: &'a str) {
    if let Ok((_, first)) = quoted(extra)
        && first.split(',').all(|part| parse_ip(part.trim()).is_some())
    {
        record.attr("x_forwarded_for", first);
    }
    record.attr("extra", extra);
}

/// `www.example.org:443 ` in front of the client.
pub(super) fn vhost<'a>(
    cursor: &mut Cursor<'a>,
    record: &mut Record<'a>,
) -> Result<(), ParseError> {
    let name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '*');
    let port = preceded(char(':'), take_while(|c: char| c.is_ascii_digit()));
    let (host, port) = cursor.take(
        "a server name",
        terminated((take_while(name), opt(port)), tag(" ")),
    )?;
    let is_name = host.contains(|c: char| c.is_alphabetic()) && parse_ip(host).is_none();
    if !is_name {
        return Err(cursor.expected("a server name"));
    }
    record.server_name = Some(host.into());
    record.server_port = port.and_then(|port| port.parse().ok());
    // Without this a common line with an identity would do: the client of a vhost line is an address.
    let client = cursor.rest.split(' ').next().unwrap_or_default();
    match parse_ip(client) {
        Some(_) => Ok(()),
        None => Err(cursor.expected("a client address after the server name")),
    }
}
