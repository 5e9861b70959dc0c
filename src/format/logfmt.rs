//! logfmt: `key=value` pairs, as Heroku, Grafana, logrus and many Go programs write them.
//!
//! `time=2026-03-01T10:00:00Z level=error msg="no route" path=/checkout status=502`
//!
//! Quirks: there is no specification. Values with spaces are quoted with backslash escapes; a key alone means
//! true. Prose with an equals sign in it is not logfmt: the line has to start with a pair, hold two of them,
//! and have no more bare words than pairs.

use std::borrow::Cow;

use super::{Format, ParseError, fields};
use crate::record::{Flags, Record};

/// Pairs kept of one line.
const PAIRS_MAX: usize = 1_000;

/// logfmt.
pub(super) struct Logfmt;

impl Format for Logfmt {
    fn name(&self) -> &'static str {
        "logfmt"
    }

    fn about(&self) -> &'static str {
        "key=value pairs: Heroku, Grafana, logrus and other Go programs"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let fail = |rest: &str, expected| ParseError {
            format: self.name(),
            at: line.len() - rest.len(),
            expected,
        };
        let (mut n_pairs, mut n_bare) = (0, 0);
        let mut rest = line.trim_start_matches(' ');
        while !rest.is_empty() {
            let (name, after) = key(rest).ok_or_else(|| fail(rest, "a key"))?;
            let value = match after.strip_prefix('=') {
                None if n_pairs == 0 => return Err(fail(after, "= after the first key")),
                None => {
                    n_bare += 1;
                    rest = after;
                    Cow::Borrowed("true")
                }
                Some(after) => {
                    n_pairs += 1;
                    let (value, after) =
                        value(after).ok_or_else(|| fail(after, "the closing quote of a value"))?;
                    rest = after;
                    value
                }
            };
            if !rest.is_empty() && !rest.starts_with(' ') {
                return Err(fail(rest, "a space between pairs"));
            }
            rest = rest.trim_start_matches(' ');
            match n_pairs + n_bare <= PAIRS_MAX {
                true => fields::set(record, name.into(), value),
                false => record.flags |= Flags::FIELDS_DROPPED,
            }
        }
        if n_pairs < 2 || n_bare > n_pairs {
            return Err(fail(rest, "two or more key=value pairs"));
        }
        record.format = self.name();
        Ok(())
    }
}

fn key(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| c <= ' ' || matches!(c, '=' | '"'))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A value and what follows it; none when its quote does not end.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(body) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.into(), rest));
    };
    let plain = body.find(['"', '\\'])?;
    if body.as_bytes()[plain] == b'"' {
        let (value, rest) = body.split_at(plain);
        return Some((value.into(), rest.strip_prefix('"')?));
    }
    let mut value = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value.into(), body.get(at + 1..)?)),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}
