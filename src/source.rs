//! Where lines come from. A source knows transport only: it cuts frames, says where it stands and waits
//! until what it handed over is durable.

pub mod file;
pub mod stdin;
pub mod syslog;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::batch::{Origin, Tally};
use crate::framing::Span;
use crate::store::Position;

/// A run of frames from one source, cut and still unparsed.
pub struct Chunk {
    pub bytes: Bytes,
    /// Where the frames lie in `bytes`.
    pub spans: Vec<Span>,
    /// Offset of `bytes` in its file, for `source_offset`.
    pub offset: Option<i64>,
    /// When the bytes arrived, microseconds since the epoch.
    pub observed_us: i64,
}

/// Why a source's lines were not kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not stored: {0}")]
pub struct NotStored(pub Arc<str>);

/// The answer to a delivery: what became of its lines, once they are durable.
pub type Ack = oneshot::Sender<Result<Tally, NotStored>>;

/// What a source hands to the pipeline.
pub struct Delivery {
    pub chunk: Chunk,
    pub origin: Arc<Origin>,
    /// How far the source has read, to be made durable with the rows.
    pub position: Option<Position>,
    /// A key under which the caller may repeat the request: key, hash of the body.
    pub idempotency: Option<(String, String)>,
    /// Told when the rows are durable. A source that reads from something it can read again may do without.
    pub ack: Option<Ack>,
}

/// Where sources put what they read; full when the store is behind.
pub type DeliverySender = mpsc::Sender<Delivery>;

/// Asks every source to stop after what it is doing.
pub type Shutdown = CancellationToken;

/// Why a source ended.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot listen on {address}")]
    Listen {
        address: String,
        source: std::io::Error,
    },
    #[error("cannot read {path}")]
    Read {
        path: String,
        source: std::io::Error,
    },
    #[error("{0} matches no file")]
    NoMatch(String),
    #[error("{0}")]
    NotStored(#[from] NotStored),
    #[error("the pipeline has stopped")]
    PipelineStopped,
}
