//! Syslog over a stream (RFC 6587): `LENGTH SP MESSAGE` (section 3.4.1) or lines (section 3.4.2), told apart
//! for each frame, because senders mix them.

use memchr::memchr;

use super::{Framer, FramingError, LINE_BYTES_MAX, Span, span};

/// Longest number of digits that can be a length under the limit, with leading zeros refused.
const DIGITS_MAX: usize = 12;

/// Cuts by length where a frame starts with one, at newlines elsewhere.
#[derive(Debug, Default)]
pub struct OctetCounting {
    skipping: bool,
}

enum Start {
    /// The frame's first byte and its length.
    Counted(usize, usize),
    Line,
    /// Too little to tell.
    Unknown,
}

fn start(buf: &[u8], eof: bool) -> Result<Start, FramingError> {
    // A length never starts with zero, so `007 ` is text.
    if !matches!(buf.first(), Some(b'1'..=b'9')) {
        return Ok(Start::Line);
    }
    let n_digits = buf
        .iter()
        .take(DIGITS_MAX + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match buf.get(n_digits) {
        Some(b' ') => {
            let value = |sum: u64, byte: &u8| sum * 10 + u64::from(byte - b'0');
            let length = buf[..n_digits].iter().fold(0, value);
            match usize::try_from(length) {
                Ok(length) if length <= LINE_BYTES_MAX => Ok(Start::Counted(n_digits + 1, length)),
                _ => Err(FramingError::TooLong(length)),
            }
        }
        None if !eof && n_digits <= DIGITS_MAX => Ok(Start::Unknown),
        _ => Ok(Start::Line),
    }
}

impl Framer for OctetCounting {
    fn cut(&mut self, buf: &[u8], eof: bool, spans: &mut Vec<Span>) -> Result<usize, FramingError> {
        let mut at = 0;
        while at < buf.len() {
            let rest = &buf[at..];
            if self.skipping {
                match memchr(b'\n', rest) {
                    Some(newline) => at += newline + 1,
                    None => return Ok(buf.len()),
                }
                self.skipping = false;
                continue;
            }
            match start(rest, eof)? {
                Start::Unknown => return Ok(at),
                Start::Counted(first, length) => {
                    let end = first + length;
                    if end > rest.len() && !eof {
                        return Ok(at);
                    }
                    let end = end.min(rest.len());
                    spans.push(trimmed(buf, at + first, at + end)?);
                    at += end;
                }
                Start::Line => match memchr(b'\n', rest) {
                    Some(newline) => {
                        // Between counted frames some senders add a newline; it is no frame.
                        if newline > 0 {
                            spans.push(trimmed(buf, at, at + newline)?);
                        }
                        at += newline + 1;
                    }
                    None if rest.len() > LINE_BYTES_MAX + 1 => {
                        spans.push(span(at, buf.len())?);
                        self.skipping = true;
                        return Ok(buf.len());
                    }
                    None if eof => {
                        spans.push(trimmed(buf, at, buf.len())?);
                        return Ok(buf.len());
                    }
                    None => return Ok(at),
                },
            }
        }
        Ok(at)
    }
}

/// Without the newline, CR or NUL that senders put inside or after a message.
fn trimmed(buf: &[u8], start: usize, end: usize) -> Result<Span, FramingError> {
    let kept = buf[start..end]
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0))
        .map_or(0, |last| last + 1);
    span(start, start + kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::law::frames;

    #[track_caller]
    fn check(input: &[u8], expected: &[&str]) {
        let got: Vec<_> = frames(OctetCounting::default(), input, &[])
            .into_iter()
            .map(|(frame, _)| String::from_utf8(frame).unwrap())
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn counted_and_lines_may_be_mixed() {
        check(b"5 hello3 abc", &["hello", "abc"]);
        check(b"<13>one\n<13>two\n", &["<13>one", "<13>two"]);
        check(b"5 hello\n<13>line\n3 abc", &["hello", "<13>line", "abc"]);
        check(b"6 hello\n5 after", &["hello", "after"]);
        check(b"007 text\n", &["007 text"]);
        check(b"10 cut off", &["cut off"]);
        check(b"12\n", &["12"]);
        check(b"999999999999 x", &["<error>"]);
        check(b"5 a\nb\nc", &["a\nb\nc"]);
    }

    proptest::proptest! {
        #[test]
        fn frames_do_not_depend_on_how_bytes_arrive(input in "[1-3 a<\n]{0,40}", cuts: Vec<usize>) {
            let whole = frames(OctetCounting::default(), input.as_bytes(), &[]);
            proptest::prop_assert_eq!(frames(OctetCounting::default(), input.as_bytes(), &cuts), whole);
        }

        #[test]
        fn no_bytes_break_it(input: Vec<u8>) {
            frames(OctetCounting::default(), &input, &[]);
        }
    }
}
