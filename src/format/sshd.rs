//! Sign-ins at the OpenSSH server, and those that PAM turns away for sudo, su and others.
//!
//! `Failed password for invalid user admin from 203.0.113.9 port 51022 ssh2`
//!
//! The messages are those of OpenSSH's `auth.c` and of `pam_unix`; they come inside a syslog envelope that
//! names the service. Quirks: the user name is what the other side typed, spaces and ` from ` included, so the
//! address is looked for from the end. A failed sign-in is a line `Failed METHOD for` or `Invalid user`; what
//! PAM and sshd say besides of the same attempt is no second failure.

use super::{Format, ParseError};
use crate::record::{ErrorClass, Record, parse_ip};

/// sshd and PAM.
pub(super) struct Sshd;

/// What a message says of the sign-in.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Allowed,
    Failed,
    /// It belongs to a connection and decides nothing.
    Other,
}

/// How a message begins, and what that means.
const OPENINGS: &[(&str, Outcome)] = &[
    ("Accepted ", Outcome::Allowed),
    ("Failed ", Outcome::Failed),
    ("Invalid user ", Outcome::Failed),
    ("Illegal user ", Outcome::Failed),
    ("User ", Outcome::Failed),
    ("Connection closed by ", Outcome::Other),
    ("Connection reset by ", Outcome::Other),
    ("Connection from ", Outcome::Other),
    ("Disconnected from ", Outcome::Other),
    ("Received disconnect from ", Outcome::Other),
    (
        "Did not receive identification string from ",
        Outcome::Other,
    ),
    ("Unable to negotiate with ", Outcome::Other),
    ("Bad protocol version identification ", Outcome::Other),
    (
        "error: maximum authentication attempts exceeded for ",
        Outcome::Other,
    ),
    ("fatal: Timeout before authentication for ", Outcome::Other),
];

impl Format for Sshd {
    fn name(&self) -> &'static str {
        "sshd"
    }

    fn about(&self) -> &'static str {
        "OpenSSH server and PAM: who signed in, who failed, from where (inside syslog)"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let fail = |expected| ParseError {
            format: self.name(),
            at: 0,
            expected,
        };
        let service = record.service.as_deref().unwrap_or_default();
        let is_sshd = service.starts_with("sshd");
        let (text, repeated) = unrepeat(line);
        let understood = match is_sshd {
            true => sentence(text, record) || pam(text, is_sshd, record),
            false => !service.is_empty() && pam(text, is_sshd, record),
        };
        if !understood {
            return Err(fail("a sign-in message of sshd or PAM"));
        }
        if let Some(times) = repeated {
            record.attr("repeated", times);
        }
        record.message = Some(line.into());
        record.format = self.name();
        Ok(())
    }
}

/// rsyslog's `message repeated 2 times: [ ... ]`.
fn unrepeat(line: &str) -> (&str, Option<&str>) {
    let inner = || {
        let (times, rest) = line
            .strip_prefix("message repeated ")?
            .split_once(" times: [")?;
        Some((rest.strip_suffix(']')?.trim(), Some(times)))
    };
    inner().unwrap_or((line, None))
}

fn sentence<'a>(text: &'a str, record: &mut Record<'a>) -> bool {
    let Some((opening, outcome)) = OPENINGS
        .iter()
        .find(|(opening, _)| text.starts_with(opening))
    else {
        return false;
    };
    let rest = text.get(opening.len()..).unwrap_or_default();
    let Some((before, ip, port)) = address(rest, opening.ends_with("from ")) else {
        return false;
    };
    // `User X from A not allowed because ...` is a refusal; other sentences that begin so are not sign-ins.
    if *opening == "User " && !rest.contains(" not allowed because ") {
        return false;
    }
    let (method, who) = match before.split_once(" for ") {
        Some((method, who)) if *outcome != Outcome::Other => (Some(method), who),
        _ => (None, before),
    };
    let openings = [
        "invalid user ",
        "authenticating user ",
        "illegal user ",
        "user ",
    ];
    let named = openings
        .iter()
        .find_map(|opening| who.strip_prefix(opening));
    let is_name = *outcome != Outcome::Other || named.is_some() || opening.ends_with("for ");
    let user = named.unwrap_or(who).trim();
    record.client_ip = Some(ip);
    record.client_port = port;
    if is_name && !user.is_empty() {
        record.user_name = Some(user.into());
    }
    if let Some(method) = method {
        record.attr("auth_method", method);
    }
    set_outcome(record, *outcome);
    true
}

fn set_outcome(record: &mut Record<'_>, outcome: Outcome) {
    match outcome {
        Outcome::Allowed => record.action = Some("allow".into()),
        Outcome::Failed => {
            record.action = Some("deny".into());
            record.error_class = Some(ErrorClass::Auth);
        }
        Outcome::Other => {}
    }
}

/// The words before the last address, the address, its port.
fn address(text: &str, is_first: bool) -> Option<(&str, std::net::IpAddr, Option<u16>)> {
    let (before, rest) = match text.rfind(" from ").filter(|_| !is_first) {
        Some(at) => (text.get(..at)?, text.get(at + " from ".len()..)?),
        None => before_address(text)?,
    };
    let mut words = rest.split([' ', ':']).filter(|word| !word.is_empty());
    let first = rest.split(' ').next()?.trim_end_matches(':');
    let ip = parse_ip(first).or_else(|| parse_ip(words.clone().next()?))?;
    let port = words
        .find(|word| *word == "port")
        .and_then(|_| words.next());
    Some((before, ip, port.and_then(|port| port.parse().ok())))
}

/// Splits at the first word that is an address.
fn before_address(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    for word in text.split(' ') {
        if parse_ip(word.trim_end_matches(':')).is_some() {
            return Some((text.get(..at)?, text.get(at..)?));
        }
        at += word.len() + 1;
    }
    None
}

/// `pam_unix(sudo:auth): authentication failure; logname= uid=0 ... rhost=203.0.113.9  user=root`
fn pam<'a>(text: &'a str, is_sshd: bool, record: &mut Record<'a>) -> bool {
    let is_failure = text.starts_with("pam_") && text.contains("authentication failure;")
        || text.starts_with("PAM ") && text.contains("more authentication failure");
    if !is_failure {
        return false;
    }
    let value = |key: &str| {
        let (_, rest) = text.rsplit_once(key)?;
        rest.split_ascii_whitespace()
            .next()
            .filter(|_| !rest.starts_with(' '))
    };
    record.client_ip = value("rhost=").and_then(parse_ip);
    record.user_name = value(" user=").map(Into::into);
    // sshd tells of the same attempt itself.
    set_outcome(
        record,
        if is_sshd {
            Outcome::Other
        } else {
            Outcome::Failed
        },
    );
    true
}
