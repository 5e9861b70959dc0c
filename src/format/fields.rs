//! The field names that structured logs use, and the columns they go to; shared by `json` and `logfmt`.
//!
//! Sources: Elastic Common Schema 8, OpenTelemetry log data model and semantic conventions, bunyan and pino,
//! zap, logrus, nginx's variables as people name them in `log_format escape=json`, Caddy, Traefik.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::access::{set_request, set_target};
use crate::record::{EventTime, Flags, Level, Record, parse_ip};
use crate::time::{parse_epoch, parse_iso};

/// Where a named value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Time,
    Level,
    /// 1 to 24, of OpenTelemetry.
    SeverityNumber,
    Message,
    Host,
    Service,
    Method,
    /// `/path?query`
    Target,
    Path,
    Query,
    /// `GET /path?query HTTP/1.1`
    Request,
    Status,
    Bytes,
    /// A number in units of so many nanoseconds, unless the text names its unit.
    Duration(u32),
    Referer,
    UserAgent,
    ServerName,
    HttpVersion,
    Tls,
    ClientIp,
    ClientPort,
    ServerIp,
    ServerPort,
    Transport,
    Action,
    RuleName,
    InterfaceIn,
    InterfaceOut,
    UserName,
}

const NS: u32 = 1;
const US: u32 = 1_000;
const MS: u32 = 1_000_000;
const S: u32 = 1_000_000_000;

#[rustfmt::skip]
const NAMES: &[(Field, &[&str])] = &[
    (Field::Time, &["@timestamp", "timestamp", "time", "ts", "t", "datetime", "date",
        "eventTime", "time_iso8601", "time_local", "msec", "Timestamp", "timeUnixNano",
        "time_unix_nano", "StartUTC"]),
    (Field::Level, &["level", "log.level", "severity", "lvl", "loglevel", "levelname",
        "SeverityText", "severityText", "severity_text", "priority"]),
    (Field::SeverityNumber, &["SeverityNumber", "severityNumber", "severity_number"]),
    (Field::Message, &["message", "msg", "log", "event", "body", "Body", "textPayload",
        "short_message"]),
    (Field::Host, &["host", "hostname", "host.name", "host.hostname", "HOSTNAME", "_HOSTNAME"]),
    (Field::Service, &["service", "service.name", "name", "app", "application", "logger_name",
        "serviceName", "ServiceName"]),
    (Field::Method, &["method", "request_method", "http.request.method", "http.method",
        "request.method", "RequestMethod", "verb"]),
    (Field::Target, &["request_uri", "url.original", "http.target", "request.uri", "RequestPath",
        "uri"]),
    (Field::Path, &["path", "url.path", "http.path", "http.route"]),
    (Field::Query, &["query", "args", "query_string", "url.query"]),
    (Field::Request, &["request"]),
    (Field::Status, &["status", "status_code", "statusCode", "http.response.status_code",
        "http.status_code", "http_status", "response.status", "DownstreamStatus"]),
    (Field::Bytes, &["bytes", "bytes_sent", "body_bytes_sent", "size",
        "http.response.body.bytes", "http.response.bytes", "http.response.body.size",
        "DownstreamContentSize", "response_size"]),
    (Field::Duration(S), &["request_time", "duration", "elapsed", "latency"]),
    (Field::Duration(MS), &["duration_ms", "latency_ms", "elapsed_ms", "response_time_ms",
        "responseTime"]),
    (Field::Duration(US), &["duration_us", "latency_us"]),
    (Field::Duration(NS), &["duration_ns", "event.duration", "Duration"]),
    (Field::Referer, &["referer", "referrer", "http_referer", "http.request.referrer"]),
    (Field::UserAgent, &["user_agent", "userAgent", "http_user_agent", "user_agent.original",
        "http.user_agent", "agent", "request_User-Agent"]),
    (Field::ServerName, &["server_name", "http_host", "vhost", "url.domain", "server.address",
        "http.host", "request.host", "RequestHost"]),
    (Field::HttpVersion, &["http_version", "http.version", "network.protocol.version",
        "server_protocol", "protocol", "request.proto", "RequestProtocol"]),
    (Field::Tls, &["tls", "ssl_protocol", "tls.version", "tls.protocol.version", "TLSVersion"]),
    (Field::ClientIp, &["client_ip", "clientIp", "remote_addr", "remote_ip", "client.ip",
        "client.address", "source.ip", "source.address", "src_ip", "ip", "request.remote_ip",
        "request.client_ip", "ClientHost", "req.remoteAddress"]),
    (Field::ClientPort, &["client_port", "remote_port", "client.port", "source.port", "src_port",
        "request.remote_port", "ClientPort"]),
    (Field::ServerIp, &["server_ip", "server_addr", "server.ip", "destination.ip", "dest_ip",
        "dst_ip"]),
    (Field::ServerPort, &["server_port", "server.port", "destination.port", "dest_port",
        "dst_port"]),
    (Field::Transport, &["transport", "network.transport", "proto"]),
    (Field::Action, &["action", "event.action"]),
    (Field::RuleName, &["rule_name", "rule.name"]),
    (Field::InterfaceIn, &["interface_in", "in_iface", "observer.ingress.interface.name"]),
    (Field::InterfaceOut, &["interface_out", "observer.egress.interface.name"]),
    (Field::UserName, &["user_name", "user", "username", "remote_user", "user.name", "user.id"]),
];

static FIELDS: LazyLock<HashMap<&'static str, Field>> = LazyLock::new(|| {
    let pairs = NAMES
        .iter()
        .flat_map(|(field, names)| names.iter().map(|name| (*name, *field)));
    pairs.collect()
});

/// OpenTelemetry puts its names one level down.
const PREFIXES: [&str; 6] = [
    "attributes.",
    "Attributes.",
    "resource.attributes.",
    "Resource.",
    "resource.",
    "fields.",
];

/// Puts a named value where it belongs: into its column when that is free and the value fits, else into
/// `attrs`.
pub(super) fn set<'a>(record: &mut Record<'a>, name: Cow<'a, str>, value: Cow<'a, str>) {
    if value.is_empty() || value == "-" {
        return;
    }
    let short = PREFIXES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(&name);
    let left = match FIELDS.get(short) {
        Some(field) => set_field(record, *field, value),
        None => Some(value),
    };
    if let Some(value) = left {
        record.attrs.push((name, value));
    }
}

/// Gives the value back when its column is taken already or it does not fit.
fn set_field<'a>(
    record: &mut Record<'a>,
    field: Field,
    value: Cow<'a, str>,
) -> Option<Cow<'a, str>> {
    let taken = match field {
        Field::Time => set_time(record, &value),
        Field::Level => once(&mut record.level, level(&value)),
        Field::SeverityNumber => {
            let number = value.parse().ok();
            once(&mut record.level, number.and_then(severity_number))
        }
        Field::Status => number(
            record,
            &value,
            |r| &mut r.status,
            |n| (100..=999).contains(n),
        ),
        Field::Bytes => number(record, &value, |r| &mut r.bytes, |n| *n >= 0),
        Field::ClientPort => number(record, &value, |r| &mut r.client_port, |_| true),
        Field::ServerPort => number(record, &value, |r| &mut r.server_port, |_| true),
        Field::Duration(unit) => once(&mut record.duration_us, duration_us(&value, unit)),
        Field::ServerIp => once(&mut record.server_ip, parse_ip(&value)),
        Field::ClientIp if record.client_ip.is_none() => return set_client_address(record, value),
        Field::Request => return set_in_parts(record, value, set_request),
        Field::Target if record.path.is_none() => return set_in_parts(record, value, set_target),
        _ => return set_text(record, field, value),
    };
    (!taken).then_some(value)
}

fn set_text<'a>(
    record: &mut Record<'a>,
    field: Field,
    value: Cow<'a, str>,
) -> Option<Cow<'a, str>> {
    let text = match field {
        Field::Message => &mut record.message,
        Field::Host => &mut record.host,
        Field::Service => &mut record.service,
        Field::Method => &mut record.method,
        Field::Path => &mut record.path,
        Field::Query => &mut record.query_string,
        Field::Referer => &mut record.referer,
        Field::UserAgent => &mut record.user_agent,
        Field::ServerName => &mut record.server_name,
        Field::HttpVersion => &mut record.http_version,
        Field::Tls => &mut record.tls,
        Field::Transport => &mut record.transport,
        Field::Action => &mut record.action,
        Field::RuleName => &mut record.rule_name,
        Field::InterfaceIn => &mut record.interface_in,
        Field::InterfaceOut => &mut record.interface_out,
        Field::UserName => &mut record.user_name,
        _ => return Some(value),
    };
    if text.is_some() {
        return Some(value);
    }
    *text = Some(match field {
        Field::HttpVersion => strip_prefix(value, "HTTP/"),
        Field::Message => trim_end(value),
        _ => value,
    });
    None
}

fn once<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let fits = slot.is_none() && value.is_some();
    if fits {
        *slot = value;
    }
    fits
}

fn strip_prefix<'a>(text: Cow<'a, str>, prefix: &str) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix(prefix).unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(
            text.strip_prefix(prefix)
                .map_or_else(|| text.clone(), str::to_owned),
        ),
    }
}

/// Container runtimes keep the newline of each line they wrap.
fn trim_end(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\n', '\r'])),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(text)
        }
    }
}

fn number<'a, N: std::str::FromStr>(
    record: &mut Record<'a>,
    value: &str,
    slot: for<'r> fn(&'r mut Record<'a>) -> &'r mut Option<N>,
    fits: impl Fn(&N) -> bool,
) -> bool {
    if slot(record).is_some() {
        return false;
    }
    // Some loggers write every number as a float.
    let whole = value.strip_suffix(".0").unwrap_or(value);
    let number: Option<N> = whole.parse().ok().filter(fits);
    if number.is_none() && value.parse::<f64>().is_ok() {
        record.flags |= Flags::FIELD_OUT_OF_RANGE;
    }
    let taken = number.is_some();
    *slot(record) = number;
    taken
}

fn set_time(record: &mut Record<'_>, value: &str) -> bool {
    if !matches!(record.time, EventTime::Missing | EventTime::Invalid) {
        return false;
    }
    record.time = match (parse_iso(value.as_bytes()), value.as_bytes().first()) {
        (Some((time, n)), _) if n == value.len() => time,
        (_, Some(b'0'..=b'9')) => parse_epoch(value).map_or(EventTime::Invalid, EventTime::Utc),
        _ => super::access::clf_time(value.trim_matches(['[', ']']).as_bytes()),
    };
    record.time != EventTime::Invalid
}

fn level(value: &str) -> Option<Level> {
    Level::from_word(value).or_else(|| {
        match value.strip_suffix(".0").unwrap_or(value).parse().ok()? {
            number @ 0..=7 => u8::try_from(number).ok().map(Level::from_syslog),
            number => Level::from_bunyan(number),
        }
    })
}

/// OpenTelemetry log data model, field SeverityNumber.
fn severity_number(number: u8) -> Option<Level> {
    Some(match number {
        1..=4 => Level::Trace,
        5..=8 => Level::Debug,
        9..=12 => Level::Info,
        13..=16 => Level::Warn,
        17..=20 => Level::Error,
        21..=24 => Level::Fatal,
        _ => return None,
    })
}

/// A duration such as `0.25`, `13ms`, `1.5s`, in microseconds.
fn duration_us(value: &str, unit_ns: u32) -> Option<i64> {
    let end = value
        .find(|c: char| c.is_alphabetic() || c == 'µ')
        .unwrap_or(value.len());
    let (digits, suffix) = value.split_at(end);
    let unit_ns = match suffix {
        "" => unit_ns,
        "ns" => NS,
        "us" | "µs" => US,
        "ms" => MS,
        "s" => S,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    let us = number * f64::from(unit_ns) / 1_000.0;
    (us.is_finite() && (0.0..1e15).contains(&us)).then(|| us.round() as i64)
}

/// Runs a function that takes a borrowed text apart on one that may be owned.
fn set_in_parts<'a>(
    record: &mut Record<'a>,
    value: Cow<'a, str>,
    set: impl for<'b> Fn(&mut Record<'b>, &'b str),
) -> Option<Cow<'a, str>> {
    let text = match value {
        Cow::Borrowed(text) => {
            set(record, text);
            return None;
        }
        Cow::Owned(text) => text,
    };
    let mut parts = Record::default();
    set(&mut parts, &text);
    let owned = |text: Cow<'_, str>| -> Cow<'a, str> { Cow::Owned(text.into_owned()) };
    record.method = record.method.take().or(parts.method.map(owned));
    record.path = record.path.take().or(parts.path.map(owned));
    record.query_string = record.query_string.take().or(parts.query_string.map(owned));
    record.http_version = record.http_version.take().or(parts.http_version.map(owned));
    let is_understood = parts.attrs.is_empty();
    (!is_understood).then_some(Cow::Owned(text))
}

/// An address, perhaps with a port behind it; anything else is a host's name.
fn set_client_address<'a>(record: &mut Record<'a>, value: Cow<'a, str>) -> Option<Cow<'a, str>> {
    if let Some(ip) = parse_ip(&value) {
        record.client_ip = Some(ip);
    } else if let Ok(address) = value.parse::<std::net::SocketAddr>() {
        record.client_ip = Some(address.ip().to_canonical());
        record.client_port = record.client_port.or(Some(address.port()));
    } else {
        record.attr("client_host", value);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_two_columns() {
        let n_names: usize = NAMES.iter().map(|(_, names)| names.len()).sum();
        assert_eq!(FIELDS.len(), n_names);
    }

    #[test]
    fn durations_with_and_without_units() {
        let rows = [
            ("0.25", S, Some(250_000)),
            ("12", MS, Some(12_000)),
            ("1500", NS, Some(2)),
            ("13ms", S, Some(13_000)),
            ("1.5s", NS, Some(1_500_000)),
            ("2µs", S, Some(2)),
            ("-1", S, None),
            ("soon", S, None),
            ("NaN", S, None),
        ];
        for (text, unit, expected) in rows {
            assert_eq!(duration_us(text, unit), expected, "{text}");
        }
    }

    #[test]
    fn a_second_value_for_a_column_is_kept_aside() {
        let mut record = Record::default();
        set(&mut record, "msg".into(), "first".into());
        set(&mut record, "message".into(), "second".into());
        assert_eq!(record.message.as_deref(), Some("first"));
        assert_eq!(record.attrs, [("message".into(), "second".into())]);
    }
}
