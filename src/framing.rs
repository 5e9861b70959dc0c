//! Bytes to frames. A framer knows nothing of sockets and files: it cuts what it is given and remembers as
//! little as it can.

pub mod newline;
pub mod octet_counting;

/// A longer line is cut here and flagged; what follows it up to the newline is skipped.
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Where a frame lies in the bytes that were cut, without its delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
    /// Whether the frame was longer than [`LINE_BYTES_MAX`].
    pub truncated: bool,
}

/// Why bytes cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("a length of {0} bytes is over the limit of {LINE_BYTES_MAX}")]
    TooLong(u64),
    #[error("more bytes at once than can be counted")]
    BufferTooLarge,
}

impl FramingError {
    /// Whether the connection can go on; otherwise nobody knows where the next frame starts.
    pub fn can_continue(self) -> bool {
        false
    }
}

/// Cuts a stream of bytes into frames.
pub trait Framer: Send {
    /// Appends the frames completed by `buf` and returns how many bytes were used up; the rest must be given
    /// again, with more behind it. Empty frames are kept, the caller counts them. With `eof` a last frame
    /// without its delimiter is taken too.
    ///
    /// Spans count from the start of `buf`.
    fn cut(&mut self, buf: &[u8], eof: bool, spans: &mut Vec<Span>) -> Result<usize, FramingError>;
}

/// A span over `start..end`, cut to the limit.
fn span(start: usize, end: usize) -> Result<Span, FramingError> {
    let truncated = end - start > LINE_BYTES_MAX;
    let end = end.min(start + LINE_BYTES_MAX);
    let fit = |n| u32::try_from(n).map_err(|_| FramingError::BufferTooLarge);
    Ok(Span {
        start: fit(start)?,
        end: fit(end)?,
        truncated,
    })
}

#[cfg(test)]
pub(crate) mod law {
    use super::*;

    /// Feeds the input in pieces and returns the frames.
    pub(crate) fn frames(
        mut framer: impl Framer,
        input: &[u8],
        cuts: &[usize],
    ) -> Vec<(Vec<u8>, bool)> {
        let mut frames = Vec::new();
        let mut buf = Vec::new();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(input.len());
        let mut fed = 0;
        for (i, end) in ends.iter().enumerate() {
            buf.extend_from_slice(&input[fed..*end]);
            fed = *end;
            let mut spans = Vec::new();
            let last = i + 1 == ends.len();
            let Ok(consumed) = framer.cut(&buf, last, &mut spans) else {
                frames.push((b"<error>".to_vec(), false));
                return frames;
            };
            for span in spans {
                frames.push((
                    buf[span.start as usize..span.end as usize].to_vec(),
                    span.truncated,
                ));
            }
            buf.drain(..consumed);
        }
        frames
    }
}
