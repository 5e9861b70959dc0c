//! One parsed line before it becomes columns: borrowed slices of the line.

use std::borrow::Cow;
use std::net::IpAddr;

/// A text that may be absent; owned only where the line holds it escaped.
pub type Text<'a> = Option<Cow<'a, str>>;

/// What a line says of its time, before zone and year are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventTime {
    /// The line names no time.
    #[default]
    Missing,
    /// An instant, microseconds since the epoch.
    Utc(i64),
    /// A time of day and date without a zone, in microseconds as if it were UTC.
    Zoneless(i64),
    /// A date without a year, as in RFC 3164.
    Yearless { month: u8, day: u8, us_of_day: i64 },
    /// Something stands where the time should be, and it is none.
    Invalid,
}

/// What kind of failure a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// HTTP status 500 and above.
    Server,
    /// HTTP status 400 to 499.
    Client,
    /// No HTTP status, level error or above.
    App,
    /// Turned away by a firewall.
    Deny,
    /// A sign-in that failed.
    Auth,
}

impl ErrorClass {
    /// The value of the `error_class` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::App => "app",
            Self::Deny => "deny",
            Self::Auth => "auth",
        }
    }
}

/// Severity, as OpenTelemetry groups it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// The value of the `level` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Reads the words that loggers use.
    pub fn from_word(word: &str) -> Option<Self> {
        let levels: [(Self, &[&str]); 6] = [
            (
                Self::Trace,
                &["trace", "finest", "finer", "verbose", "silly"],
            ),
            (Self::Debug, &["debug", "dbug", "fine", "config", "dbg"]),
            (
                Self::Info,
                &[
                    "info",
                    "information",
                    "informational",
                    "notice",
                    "inf",
                    "default",
                ],
            ),
            (Self::Warn, &["warn", "warning", "wrn"]),
            (Self::Error, &["error", "err", "severe", "eror"]),
            (
                Self::Fatal,
                &[
                    "fatal",
                    "critical",
                    "crit",
                    "alert",
                    "emerg",
                    "emergency",
                    "panic",
                    "dpanic",
                ],
            ),
        ];
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        levels
            .into_iter()
            .find(|(_, names)| is(names))
            .map(|(level, _)| level)
    }

    /// Reads a syslog severity (RFC 5424, table 2).
    pub fn from_syslog(severity: u8) -> Self {
        match severity {
            0..=2 => Self::Fatal,
            3 => Self::Error,
            4 => Self::Warn,
            5 | 6 => Self::Info,
            _ => Self::Debug,
        }
    }

    /// Reads the numbers of bunyan and pino: 10 trace, 20 debug, ... 60 fatal.
    pub fn from_bunyan(number: i64) -> Option<Self> {
        Some(match number {
            10..=19 => Self::Trace,
            20..=29 => Self::Debug,
            30..=39 => Self::Info,
            40..=49 => Self::Warn,
            50..=59 => Self::Error,
            60..=69 => Self::Fatal,
            _ => return None,
        })
    }
}

/// What was odd about a line; the `flags` column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// The line was longer than the limit and was cut.
    pub const TRUNCATED: Self = Self(1);
    /// Bytes that are no UTF-8 are shown as `\xNN`.
    pub const INVALID_UTF8: Self = Self(1 << 1);
    /// No usable time in the line: the arrival time stands in.
    pub const TIME_GUESSED: Self = Self(1 << 2);
    /// The line names no year.
    pub const YEAR_GUESSED: Self = Self(1 << 3);
    /// The line names no zone; the source's was taken.
    pub const ZONE_GUESSED: Self = Self(1 << 4);
    /// A time before 1990 or more than a day ahead: the arrival time stands in.
    pub const TIME_OUT_OF_RANGE: Self = Self(1 << 5);
    /// A number does not fit its column; its text is in `attrs`.
    pub const FIELD_OUT_OF_RANGE: Self = Self(1 << 6);
    /// A syslog priority that is none.
    pub const BAD_PRI: Self = Self(1 << 7);
    /// Structured data that does not end.
    pub const BAD_STRUCTURED_DATA: Self = Self(1 << 8);
    /// More fields than are kept.
    pub const FIELDS_DROPPED: Self = Self(1 << 9);

    const NAMES: [(Self, &'static str); 10] = [
        (Self::TRUNCATED, "truncated"),
        (Self::INVALID_UTF8, "invalid_utf8"),
        (Self::TIME_GUESSED, "time_guessed"),
        (Self::YEAR_GUESSED, "year_guessed"),
        (Self::ZONE_GUESSED, "zone_guessed"),
        (Self::TIME_OUT_OF_RANGE, "time_out_of_range"),
        (Self::FIELD_OUT_OF_RANGE, "field_out_of_range"),
        (Self::BAD_PRI, "bad_pri"),
        (Self::BAD_STRUCTURED_DATA, "bad_structured_data"),
        (Self::FIELDS_DROPPED, "fields_dropped"),
    ];

    /// Whether all of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether none is set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Names of those that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(flag, _)| self.contains(*flag))
            .map(|(_, name)| name)
    }
}

impl std::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// One line's fields, named as the columns they go to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record<'a> {
    /// Name of the innermost format that understood the line.
    pub format: &'static str,
    pub time: EventTime,
    pub host: Text<'a>,
    pub service: Text<'a>,
    pub level: Option<Level>,
    /// Set by a format only for `Deny` and `Auth`; the others follow from status and level.
    pub error_class: Option<ErrorClass>,
    /// None for access rows.
    pub message: Text<'a>,
    pub method: Text<'a>,
    pub path: Text<'a>,
    pub query_string: Text<'a>,
    pub status: Option<i16>,
    pub bytes: Option<i64>,
    pub duration_us: Option<i64>,
    pub referer: Text<'a>,
    pub user_agent: Text<'a>,
    pub server_name: Text<'a>,
    pub http_version: Text<'a>,
    pub tls: Text<'a>,
    pub client_ip: Option<IpAddr>,
    pub client_port: Option<u16>,
    pub server_ip: Option<IpAddr>,
    pub server_port: Option<u16>,
    pub transport: Text<'a>,
    pub action: Text<'a>,
    pub rule_name: Text<'a>,
    pub interface_in: Text<'a>,
    pub interface_out: Text<'a>,
    pub user_name: Text<'a>,
    /// What no column holds.
    pub attrs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub flags: Flags,
}

impl<'a> Record<'a> {
    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps what no column holds.
    pub fn attr(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.attrs.push((name.into(), value.into()));
    }
}

/// Reads an address as logs write it: IPv4, IPv6, bracketed, with a zone; an IPv4 address inside IPv6 becomes
/// IPv4.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    let text = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let text = text
        .split_once('%')
        .map_or(text, |(address, _zone)| address);
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_logs_write_them() {
        let rows = [
            ("10.0.0.1", Some("10.0.0.1")),
            ("::ffff:1.2.3.4", Some("1.2.3.4")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("999.1.1.1", None),
            ("host.example", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let ip = parse_ip(text).map(|ip| ip.to_string());
            assert_eq!(ip.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn every_flag_has_its_own_bit_and_name() {
        let mut all = Flags::default();
        for (flag, name) in Flags::NAMES {
            assert_eq!(flag.names().collect::<Vec<_>>(), [name]);
            assert!(!all.contains(flag));
            all |= flag;
        }
    }
}
