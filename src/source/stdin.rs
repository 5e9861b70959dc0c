//! Lines from standard input.

use std::io::Read;
use std::sync::Arc;

use bytes::BytesMut;

use tokio::sync::mpsc::WeakSender;

use super::{Chunk, Delivery, SourceError};
use crate::batch::Origin;
use crate::framing::Framer;
use crate::framing::newline::Newline;

/// Read at once.
const BLOCK_BYTES: usize = 64 << 10;

/// Reads standard input to its end. Blocking: give it a thread of its own.
///
/// The sender is weak because a read of standard input cannot be called back: the pipeline may end while
/// this waits.
pub fn run(origin: Origin, out: &WeakSender<Delivery>) -> Result<(), SourceError> {
    read(std::io::stdin().lock(), Arc::new(origin), out)
}

fn read(
    mut input: impl Read,
    origin: Arc<Origin>,
    out: &WeakSender<Delivery>,
) -> Result<(), SourceError> {
    let mut framer = Newline::default();
    let mut buf = BytesMut::new();
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let n = input.read(&mut block).map_err(|source| SourceError::Read {
            path: "standard input".into(),
            source,
        })?;
        buf.extend_from_slice(&block[..n]);
        let mut spans = Vec::new();
        let consumed = framer
            .cut(&buf, n == 0, &mut spans)
            .map_err(|error| SourceError::Read {
                path: "standard input".into(),
                source: std::io::Error::other(error),
            })?;
        if consumed > 0 {
            let delivery = Delivery {
                chunk: Chunk {
                    bytes: buf.split_to(consumed).freeze(),
                    spans,
                    offset: None,
                    observed_us: crate::time::now_us(),
                },
                origin: Arc::clone(&origin),
                position: None,
                idempotency: None,
                ack: None,
            };
            let out = out.upgrade().ok_or(SourceError::PipelineStopped)?;
            out.blocking_send(delivery)
                .map_err(|_| SourceError::PipelineStopped)?;
        }
        if n == 0 {
            return Ok(());
        }
    }
}
