//! Syslog over UDP (RFC 5426) and TCP (RFC 6587).
//!
//! A TCP connection is read on only when what it sent is durable, so the sender's window is the
//! back-pressure. Syslog has no acknowledgement of its own: what lies in socket buffers when the machine
//! stops is lost, and this says so in the documentation.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::oneshot;

use super::{Chunk, Delivery, DeliverySender, Shutdown, SourceError};
use crate::batch::Origin;
use crate::framing::octet_counting::OctetCounting;
use crate::framing::{Framer, Span};

/// The largest UDP payload.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Datagrams handed over together.
const DATAGRAMS_PER_CHUNK_MAX: usize = 1024;
/// How long the first of them waits for the others.
const GATHER: Duration = Duration::from_millis(5);
/// Read from a connection before its rows must be durable.
const BLOCK_BYTES: usize = 256 << 10;
/// Connections at once.
const CONNECTIONS_MAX: usize = 1024;
/// A connection that says nothing this long is closed.
const IDLE: Duration = Duration::from_secs(600);

/// Listens for datagrams until shutdown.
pub async fn run_udp(
    socket: UdpSocket,
    origin: Origin,
    out: DeliverySender,
    shutdown: Shutdown,
) -> Result<(), SourceError> {
    let mut buf = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let first = tokio::select! {
            received = socket.recv_from(&mut buf) => received,
            () = shutdown.cancelled() => return Ok(()),
        };
        let mut peers = Peers::default();
        match first {
            Ok((n, peer)) => peers.add(peer.ip(), &buf[..n]),
            Err(error) => {
                tracing::debug!(%error, "a datagram could not be received");
                continue;
            }
        }
        let deadline = tokio::time::Instant::now() + GATHER;
        while peers.n_frames < DATAGRAMS_PER_CHUNK_MAX {
            match tokio::time::timeout_at(deadline, socket.recv_from(&mut buf)).await {
                Ok(Ok((n, peer))) => peers.add(peer.ip(), &buf[..n]),
                _ => break,
            }
        }
        for (peer, (bytes, spans)) in peers.frames {
            let delivery = delivery(&origin, peer, bytes, spans, None);
            out.send(delivery)
                .await
                .map_err(|_| SourceError::PipelineStopped)?;
        }
    }
}

#[derive(Default)]
struct Peers {
    frames: HashMap<IpAddr, (BytesMut, Vec<Span>)>,
    n_frames: usize,
}

impl Peers {
    /// A datagram is a frame; a trailing newline or NUL that some senders add is no part of it.
    fn add(&mut self, peer: IpAddr, datagram: &[u8]) {
        let kept = datagram
            .iter()
            .rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0))
            .map_or(0, |last| last + 1);
        let (bytes, spans) = self.frames.entry(peer).or_default();
        let start = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&datagram[..kept]);
        spans.push(Span {
            start,
            end: start + kept as u32,
            truncated: false,
        });
        self.n_frames += 1;
    }
}

fn delivery(
    origin: &Origin,
    peer: IpAddr,
    bytes: BytesMut,
    spans: Vec<Span>,
    ack: Option<super::Ack>,
) -> Delivery {
    let observed_us = crate::time::now_us();
    let peer: Arc<str> = peer.to_string().into();
    let origin = Origin {
        path: Some(Arc::clone(&peer)),
        host: Some(peer),
        not_after_us: observed_us + 86_400_000_000,
        ..origin.clone()
    };
    Delivery {
        chunk: Chunk {
            bytes: bytes.freeze(),
            spans,
            offset: None,
            observed_us,
        },
        origin: Arc::new(origin),
        position: None,
        idempotency: None,
        ack,
    }
}

/// Accepts connections until shutdown.
pub async fn run_tcp(
    listener: TcpListener,
    origin: Origin,
    out: DeliverySender,
    shutdown: Shutdown,
) -> Result<(), SourceError> {
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => return Ok(()),
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(GATHER).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(%peer, "too many syslog connections, one was closed");
            continue;
        };
        let (origin, out, shutdown) = (origin.clone(), out.clone(), shutdown.clone());
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection(stream, peer, &origin, &out, &shutdown).await {
                tracing::info!(%peer, %error, "syslog connection closed");
            }
        });
    }
}

async fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    origin: &Origin,
    out: &DeliverySender,
    shutdown: &Shutdown,
) -> Result<(), SourceError> {
    let mut framer = OctetCounting::default();
    let mut buf = BytesMut::with_capacity(BLOCK_BYTES);
    let broken = |source| SourceError::Read {
        path: peer.to_string(),
        source,
    };
    loop {
        let read = tokio::select! {
            read = tokio::time::timeout(IDLE, stream.read_buf(&mut buf)) => read,
            () = shutdown.cancelled() => return Ok(()),
        };
        let n = match read {
            Ok(read) => read.map_err(broken)?,
            Err(_) => 0,
        };
        let mut spans = Vec::new();
        let cut = framer.cut(&buf, n == 0, &mut spans);
        let (consumed, close) = match cut {
            Ok(consumed) => (consumed, n == 0),
            // What was cut before the fault is kept, and so is the rest, as one frame.
            Err(error) => {
                tracing::info!(%peer, %error, "bad syslog framing");
                let start = spans.last().map_or(0, |span| span.end);
                spans.push(Span {
                    start,
                    end: u32::try_from(buf.len()).unwrap_or(u32::MAX),
                    truncated: true,
                });
                (buf.len(), !error.can_continue())
            }
        };
        if !spans.is_empty() {
            let (ack, stored) = oneshot::channel();
            let bytes = buf.split_to(consumed);
            let delivery = delivery(origin, peer.ip(), bytes, spans, Some(ack));
            out.send(delivery)
                .await
                .map_err(|_| SourceError::PipelineStopped)?;
            stored.await.map_err(|_| SourceError::PipelineStopped)??;
        }
        if close {
            return Ok(());
        }
    }
}

/// Datagrams that the kernel dropped because the socket's buffer was full, summed over the port's sockets.
///
/// Linux lists them in the last column of `/proc/net/udp` and `/proc/net/udp6`; elsewhere the answer is none.
pub fn udp_drops(port: u16) -> Option<u64> {
    let tables: Vec<String> = ["/proc/net/udp", "/proc/net/udp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    (!tables.is_empty()).then(|| tables.iter().map(|table| drops_in(table, port)).sum())
}

fn drops_in(table: &str, port: u16) -> u64 {
    let wanted = format!(":{port:04X}");
    let of_port = |line: &&str| {
        let local = line.split_whitespace().nth(1);
        local.is_some_and(|address| address.ends_with(&wanted))
    };
    let drops = |line: &str| {
        line.split_whitespace()
            .last()
            .and_then(|n| n.parse::<u64>().ok())
    };
    table
        .lines()
        .skip(1)
        .filter(of_port)
        .filter_map(drops)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_drops_are_summed_for_the_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
             12: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 7\n\
             13: 00000000:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 5\n\
             14: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 9\n";
        assert_eq!(drops_in(table, 0x158A), 12);
        assert_eq!(drops_in(table, 1), 0);
    }
}
