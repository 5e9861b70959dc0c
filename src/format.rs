//! Formats: pure functions from a line to a record. One file, one row in [`FORMATS`], one sample each.
//!
//! Detection is per line and keeps no state: the first format that takes the line wins, so the answer never
//! depends on the lines around it. Every format fails within a few bytes on the lines of others.

mod access;
mod combined;
mod common;
mod fields;
mod json;
mod logfmt;
mod netfilter;
mod sshd;
mod syslog;
mod syslog_rfc3164;
mod syslog_rfc5424;
mod vhost_combined;

use crate::record::Record;

/// Why a line is not of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{format}: expected {expected} at byte {at}")]
pub struct ParseError {
    pub format: &'static str,
    /// How far the format got.
    pub at: usize,
    pub expected: &'static str,
}

/// One log format.
pub trait Format: Sync {
    /// Stands in the `format` column, in file names and in settings.
    fn name(&self) -> &'static str;

    /// One line for people: what writes it.
    fn about(&self) -> &'static str;

    /// Whether it wraps messages of other formats.
    fn is_envelope(&self) -> bool {
        false
    }

    /// Fills the record from the line. On an error the record's content is undefined and the caller clears it.
    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError>;
}

impl std::fmt::Debug for dyn Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// All formats, the first that fits wins.
pub static FORMATS: &[&dyn Format] = &[
    &json::Json,
    &syslog_rfc5424::SyslogRfc5424,
    &syslog_rfc3164::SyslogRfc3164,
    // A combined line may have a name for a client; with an address behind it, it is a virtual host.
    &vhost_combined::VhostCombined,
    &combined::Combined,
    // A combined line starts as a common one; common takes only lines that end there.
    &common::Common,
    &netfilter::Netfilter,
    &sshd::Sshd,
    // Last: any two `key=value` would do.
    &logfmt::Logfmt,
];

/// The format with this name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// What to say of a name that no format has.
pub fn unknown(name: &str) -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
    format!("there is no format {name}; there are {}", names.join(", "))
}

/// Parses the line by the first format that takes it; otherwise the error of the one that got furthest.
pub fn parse_line<'a>(
    line: &'a str,
    record: &mut Record<'a>,
) -> Result<&'static dyn Format, ParseError> {
    parse_with(FORMATS.iter().copied(), line, record)
}

/// Parses the message of an envelope, which `record` describes already. A message of no format is no error:
/// it stays text.
fn parse_message<'a>(message: &'a str, record: &mut Record<'a>) {
    // Only what looks like one of the inner formats is tried; most messages are prose.
    for format in FORMATS.iter().filter(|format| !format.is_envelope()) {
        let mut inner = Record {
            service: record.service.clone(),
            ..Record::default()
        };
        if format.parse(message, &mut inner).is_ok() {
            merge(record, inner);
            return;
        }
    }
    record.message = Some(message.into());
}

/// Lays an inner record over its envelope's: what the message says itself is closer to the truth.
fn merge<'a>(envelope: &mut Record<'a>, mut inner: Record<'a>) {
    use crate::record::EventTime;
    if matches!(inner.time, EventTime::Missing | EventTime::Invalid) {
        inner.time = envelope.time;
    }
    inner.host = inner.host.or(envelope.host.take());
    inner.service = inner.service.or(envelope.service.take());
    inner.level = inner.level.or(envelope.level);
    inner.flags |= envelope.flags;
    envelope.attrs.append(&mut inner.attrs);
    inner.attrs = std::mem::take(&mut envelope.attrs);
    *envelope = inner;
}

fn parse_with<'a>(
    formats: impl Iterator<Item = &'static dyn Format>,
    line: &'a str,
    record: &mut Record<'a>,
) -> Result<&'static dyn Format, ParseError> {
    let mut furthest = ParseError {
        format: "any format",
        at: 0,
        expected: "a known start",
    };
    for format in formats {
        match format.parse(line, record) {
            Ok(()) => return Ok(format),
            Err(error) => {
                record.clear();
                if error.at > furthest.at {
                    furthest = error;
                }
            }
        }
    }
    Err(furthest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::path::PathBuf;

    /// Lines of a sample after this one are broken on purpose.
    const BROKEN: &str = "# broken";

    fn sample(format: &dyn Format) -> (Vec<String>, Vec<String>) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("sample-logs/{}.log", format.name()));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut good: Vec<String> = text.lines().map(str::to_owned).collect();
        let broken = good
            .iter()
            .position(|line| line == BROKEN)
            .map_or(Vec::new(), |at| good.split_off(at));
        (good, broken.into_iter().skip(1).collect())
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = FORMATS.iter().map(|format| format.name()).collect();
        assert_eq!(names.len(), FORMATS.len());
    }

    #[test]
    fn every_sample_is_claimed_by_its_own_format() {
        for format in FORMATS {
            let (good, broken) = sample(*format);
            assert!(good.len() >= 5, "{format:?} has too few sample lines");
            assert!(broken.len() >= 2, "{format:?} has too few broken lines");
            for line in &good {
                let mut record = Record::default();
                let claimed = parse_line(line, &mut record);
                claimed.unwrap_or_else(|error| panic!("{format:?}: {error}\n{line}"));
                assert_eq!(record.format, format.name(), "{line}");
            }
            for line in &broken {
                let mut record = Record::default();
                parse_line(line, &mut record).ok();
                assert_ne!(record.format, format.name(), "{line}");
            }
        }
    }

    #[test]
    fn samples_parse_as_recorded() {
        for format in FORMATS {
            let (good, broken) = sample(*format);
            let mut text = String::new();
            for line in good.iter().chain(&broken) {
                let mut record = Record::default();
                let answer = match parse_line(line, &mut record) {
                    Ok(_) => show(&record),
                    Err(error) => format!("  unparsed: {error}\n"),
                };
                text.push_str(&format!("{line}\n{answer}\n"));
            }
            let mut settings = insta::Settings::clone_current();
            settings
                .set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/formats"));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(format.name(), text));
        }
    }

    /// The fields that are set, a line each.
    fn show(record: &Record<'_>) -> String {
        let debug = format!("{record:#?}");
        let mut lines: Vec<&str> = debug.lines().collect();
        lines.retain(|line| !line.trim_end().ends_with(": None,") && !line.contains("attrs: [],"));
        let text = lines[1..lines.len() - 1].join("\n");
        // One field a line.
        let text = text.replace("(\n        ", "(").replace(",\n    ),", "),");
        let text = text
            .replace("(\n            ", "(")
            .replace("\n            ", " ")
            .replace(",\n        ),", "),");
        text + "\n"
    }

    proptest::proptest! {
        #[test]
        fn no_line_breaks_a_format(line: String) {
            for format in FORMATS {
                let mut record = Record::default();
                format.parse(&line, &mut record).ok();
            }
        }

        #[test]
        fn no_damaged_sample_breaks_a_format(which: usize, line: usize, cut: usize, junk: char) {
            let (good, _) = sample(FORMATS[which % FORMATS.len()]);
            let mut text: Vec<char> = good[line % good.len()].chars().collect();
            let at = cut % (text.len() + 1);
            text.insert(at, junk);
            for line in [text.iter().collect::<String>(), text[..at].iter().collect()] {
                let mut record = Record::default();
                parse_line(&line, &mut record).ok();
            }
        }
    }
}
