//! Lines ended by LF or CRLF. A lone CR or U+2028 ends nothing.

use memchr::memchr_iter;

use super::{Framer, FramingError, LINE_BYTES_MAX, Span, span};

/// Cuts at newlines.
#[derive(Debug, Default)]
pub struct Newline {
    /// The rest of an over-long line is being thrown away.
    skipping: bool,
}

impl Framer for Newline {
    fn cut(&mut self, buf: &[u8], eof: bool, spans: &mut Vec<Span>) -> Result<usize, FramingError> {
        let mut start = 0;
        for newline in memchr_iter(b'\n', buf) {
            if self.skipping {
                self.skipping = false;
            } else {
                spans.push(line(buf, start, newline)?);
            }
            start = newline + 1;
        }
        let rest = buf.len() - start;
        if self.skipping {
            return Ok(buf.len());
        }
        // One byte more than the limit may be the CR of a line that just fits.
        if rest > LINE_BYTES_MAX + 1 {
            spans.push(span(start, buf.len())?);
            self.skipping = true;
            return Ok(buf.len());
        }
        if eof && rest > 0 {
            spans.push(line(buf, start, buf.len())?);
            return Ok(buf.len());
        }
        Ok(start)
    }
}

fn line(buf: &[u8], start: usize, end: usize) -> Result<Span, FramingError> {
    let has_cr = end > start && buf[end - 1] == b'\r';
    span(start, end - usize::from(has_cr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::law::frames;

    #[track_caller]
    fn check(input: &[u8], expected: &[&[u8]]) {
        let got: Vec<_> = frames(Newline::default(), input, &[])
            .into_iter()
            .map(|(f, _)| f)
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn lines() {
        check(b"", &[]);
        check(b"a\nb\n", &[b"a", b"b"]);
        check(b"a\r\n\r\nb", &[b"a", b"", b"b"]);
        check(b"a\rb\n\0\n", &[b"a\rb", b"\0"]);
        check(b"\n\n", &[b"", b""]);
    }

    #[test]
    fn an_endless_line_is_cut_once_and_the_next_one_starts_clean() {
        let mut input = vec![b'x'; 5 * LINE_BYTES_MAX];
        input.extend_from_slice(b"\nnext\n");
        for cuts in [
            vec![],
            vec![1, LINE_BYTES_MAX, LINE_BYTES_MAX + 1, 3 * LINE_BYTES_MAX],
        ] {
            let got = frames(Newline::default(), &input, &cuts);
            assert_eq!(got.len(), 2);
            assert_eq!((got[0].0.len(), got[0].1), (LINE_BYTES_MAX, true));
            assert_eq!(got[1], (b"next".to_vec(), false));
        }
    }

    proptest::proptest! {
        #[test]
        fn frames_do_not_depend_on_how_bytes_arrive(input in "[a\r\n]{0,60}", cuts: Vec<usize>) {
            let whole = frames(Newline::default(), input.as_bytes(), &[]);
            proptest::prop_assert_eq!(frames(Newline::default(), input.as_bytes(), &cuts), whole);
        }
    }
}
