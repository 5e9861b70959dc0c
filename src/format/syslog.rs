//! What the two syslog formats share: priority, header words, tag, and the message inside.

use super::access::Cursor;
use super::{ParseError, parse_message};
use crate::record::{Flags, Level, Record};

/// Facilities by code (RFC 5424, table 1).
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// Takes `<PRI>`; true when there was one. A bad one is flagged and skipped over, as receivers do (RFC 3164,
/// section 4.3.3).
pub(super) fn priority<'a>(cursor: &mut Cursor<'a>, record: &mut Record<'a>) -> bool {
    let Some((digits, rest)) = cursor
        .rest
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
    else {
        return false;
    };
    let known = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u8>().ok().filter(|pri| known && *pri <= 191) {
        Some(pri) => {
            record.level = Some(Level::from_syslog(pri % 8));
            record.attr("facility", FACILITIES[usize::from(pri / 8)]);
        }
        None if digits.len() > 5 => return false,
        None => record.flags |= Flags::BAD_PRI,
    }
    cursor.rest = rest;
    true
}

/// Takes the tag `name[pid]: ` in front of a message, when there is one.
pub(super) fn tag<'a>(text: &'a str, record: &mut Record<'a>) -> &'a str {
    let is_name = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '_' | '.' | '/' | '@' | '(' | ')' | '+' | '\\')
    };
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || end > 128 {
        return text;
    }
    let (pid, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((pid, rest)) if pid.len() <= 32 => (Some(pid), rest),
        _ => (None, rest),
    };
    let Some(message) = rest.strip_prefix(':') else {
        return text;
    };
    record.service = Some(name.into());
    if let Some(pid) = pid {
        record.attr("pid", pid);
    }
    message.strip_prefix(' ').unwrap_or(message)
}

/// Gives the message to the formats inside and closes the record.
pub(super) fn finish<'a>(
    name: &'static str,
    message: &'a str,
    record: &mut Record<'a>,
) -> Result<(), ParseError> {
    record.format = name;
    parse_message(message, record);
    Ok(())
}
