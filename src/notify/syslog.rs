//! Syslog out: RFC 5424 with structured data, a datagram (RFC 5426) or octet-counted over TCP (RFC 6587).

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use super::{MessageId, Notification, Notifier, NotifyError, headline, one_line};
use crate::http_client::{HttpClient, is_public};
use crate::rule::Severity;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Facility local0 (RFC 5424, table 1).
const FACILITY: u8 = 16;

/// `[targets.NAME]` with `kind = "syslog"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    address: SocketAddr,
    #[serde(default)]
    transport: Transport,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Udp,
    Tcp,
}

/// A value of structured data (RFC 5424, section 6.3.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text, 512).chars() {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A name without what a header field may not hold.
fn token(text: &str, chars_max: usize) -> String {
    let name: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(chars_max)
        .collect();
    if name.is_empty() { "-".into() } else { name }
}

fn line(message: &Notification, id: &str) -> String {
    let level = match message.severity {
        Severity::Critical => 2,
        Severity::Error => 3,
        Severity::Warning => 4,
        Severity::Info => 6,
    };
    format!(
        "<{}>1 {} {} logatlas - {} [incident@32473 key=\"{}\" rule=\"{}\" action=\"{}\" severity=\"{}\" episode=\"{}\" url=\"{}\"] {}: {}",
        FACILITY * 8 + level,
        crate::time::rfc3339(message.tick_us),
        token(sysinfo::System::host_name().as_deref().unwrap_or("-"), 255),
        token(id, 32),
        escape(&message.dedup_key),
        escape(&message.rule),
        message.action.as_str(),
        message.severity.as_str(),
        message.episode,
        escape(&message.client_url),
        headline(message),
        one_line(&message.summary, 1024)
    )
}

impl Syslog {
    async fn write(&self, line: &str) -> std::io::Result<()> {
        match self.transport {
            Transport::Udp => {
                let any: SocketAddr = match self.address {
                    SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
                    SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
                };
                let socket = UdpSocket::bind(any).await?;
                socket
                    .send_to(line.as_bytes(), self.address)
                    .await
                    .map(drop)
            }
            Transport::Tcp => {
                let mut stream = TcpStream::connect(self.address).await?;
                let frame = format!("{} {line}", line.len());
                stream.write_all(frame.as_bytes()).await?;
                stream.shutdown().await
            }
        }
    }
}

#[async_trait::async_trait]
impl Notifier for Syslog {
    async fn send(
        &self,
        _: &HttpClient,
        message: &Notification,
        id: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        if !self.allow_private && !is_public(self.address.ip()) {
            return Err(NotifyError::Reject(format!(
                "{} is in a private network; `allow_private = true` in the target's settings permits that",
                self.address
            )));
        }
        let line = line(message, id.0);
        let sent = tokio::time::timeout(TIMEOUT, self.write(&line)).await;
        let outcome = sent.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        outcome.map_err(|error| NotifyError::Retry {
            reason: error.to_string(),
            after: None,
        })
    }

    fn rate_key(&self) -> String {
        self.address.to_string()
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
