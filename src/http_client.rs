//! The one way out: every request that logatlas sends to others goes through here.
//!
//! No redirects, no proxies from the environment, bounded time and answers, and no address inside a private
//! network unless the settings of the target allow it: a webhook must not be a door to the machine's own
//! services. Names are checked after they are resolved, at the moment of connecting.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, StatusCode, Url};

/// Time for a whole request.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Whether addresses in private networks and on this machine may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Private {
    Allowed,
    Refused,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("{0}")]
    Url(String),
    #[error(
        "{host} is in a private network; `allow_private = true` in the target's settings permits that"
    )]
    PrivateAddress { host: String },
    #[error("cannot set up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// The text has no URL in it, which may hold a secret.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Answer {
    /// The body, as far as it was read.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The first words of the body, for error messages.
    pub fn body_start(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        crate::text::escape_controls(&text.chars().take(512).collect::<String>())
    }
}

/// Sends requests. Clones share connections.
#[derive(Clone)]
pub struct HttpClient {
    guarded: Client,
    open: Client,
    /// Bodies that were sent, where somebody wants to see them.
    sent: Option<Sent>,
}

/// Bodies that were sent, in order.
pub type Sent = Arc<Mutex<Vec<Vec<u8>>>>;

impl HttpClient {
    /// Makes the client; asks nobody.
    pub fn new() -> Result<Self, RequestError> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("logatlas/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .timeout(TIMEOUT)
        };
        Ok(Self {
            guarded: builder()
                .dns_resolver(Arc::new(PublicOnly))
                .build()
                .map_err(RequestError::Setup)?,
            open: builder().build().map_err(RequestError::Setup)?,
            sent: None,
        })
    }

    /// A client that keeps the bodies it sends.
    pub fn watched() -> Result<(Self, Sent), RequestError> {
        let sent = Sent::default();
        let client = Self {
            sent: Some(Arc::clone(&sent)),
            ..Self::new()?
        };
        Ok((client, sent))
    }

    /// Sends a request with a body.
    pub async fn send(&self, request: Outgoing<'_>) -> Result<Answer, RequestError> {
        let url = parse_url(request.url)?;
        let client = match request.private {
            Private::Allowed => &self.open,
            Private::Refused => {
                // An address needs no resolver, so it is checked here.
                let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
                if host.parse().is_ok_and(|ip| !is_public(ip)) {
                    return Err(RequestError::PrivateAddress {
                        host: host.to_owned(),
                    });
                }
                &self.guarded
            }
        };
        if let Some(sent) = &self.sent {
            let mut sent = sent.lock().unwrap_or_else(|poison| poison.into_inner());
            sent.push(request.body.clone());
        }
        let no_answer = |error: reqwest::Error| RequestError::NoAnswer(reason(error));
        let mut builder = client.request(request.method, url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(no_answer)?;
        let status = response.status();
        let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| read_retry_after(value.to_str().ok()?));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            let room = ANSWER_BYTES_MAX - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }
}

/// A request to somebody else.
#[derive(Debug)]
pub struct Outgoing<'a> {
    pub method: Method,
    pub url: &'a str,
    pub private: Private,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl<'a> Outgoing<'a> {
    /// A `POST` of JSON.
    pub fn json(url: &'a str, private: Private, body: &serde_json::Value) -> Self {
        Self {
            method: Method::POST,
            url,
            private,
            headers: vec![("content-type", "application/json".into())],
            body: body.to_string().into_bytes(),
        }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What can be done about a certificate that is refused.
const UNTRUSTED: &str = "; a certificate has to be valid, for this name, and signed by an authority that this machine trusts \
     (the system's, or SSL_CERT_FILE)";

/// The causes of an error without its URL.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    if text.contains("invalid peer certificate") {
        text.push_str(UNTRUSTED);
    }
    text
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn read_retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
    (until.to_utc() - chrono::Utc::now()).to_std().ok()
}

/// Checks that a text is a URL that can be asked.
pub fn check_url(url: &str) -> Result<(), String> {
    parse_url(url).map(drop).map_err(|error| error.to_string())
}

fn parse_url(url: &str) -> Result<Url, RequestError> {
    let bad = |what: &str| RequestError::Url(format!("the target's url {what}"));
    let url = Url::parse(url).map_err(|error| bad(&format!("is no URL: {error}")))?;
    match url.scheme() {
        "https" | "http" => Ok(url),
        _ => Err(bad("has to begin with https:// or http://")),
    }
}

/// Resolves names to public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(RequestError::PrivateAddress { host }.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address can be reached over the internet (IANA special-purpose address registries).
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            let special = ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_documentation()
                || ip.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b));
            !special
        }
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    // NAT64 and 6to4 hold an IPv4 address.
    let embedded = match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = embedded {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        return is_public(IpAddr::from([a, b, c, d]));
    }
    let is_global_unicast = segments[0] & 0xe000 == 0x2000;
    let is_documentation = segments[0] == 0x2001 && segments[1] == 0xdb8;
    is_global_unicast && !is_documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_addresses_are_public() {
        let rows = [
            ("8.8.8.8", true),
            ("2606:4700::1111", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", true),
            ("2002:7f00:1::", false),
        ];
        for (ip, expected) in rows {
            assert_eq!(is_public(ip.parse().unwrap()), expected, "{ip}");
        }
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_number_and_by_name() {
        let client = HttpClient::new().unwrap();
        for url in [
            "http://127.0.0.1:9/",
            "http://[::1]:9/",
            "http://2130706433:9/",
            "http://localhost:9/",
        ] {
            let error = client
                .send(Outgoing::json(
                    url,
                    Private::Refused,
                    &serde_json::json!({}),
                ))
                .await
                .unwrap_err();
            assert!(
                error.to_string().contains("private network"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn waiting_times() {
        assert_eq!(read_retry_after("30"), Some(Duration::from_secs(30)));
        assert_eq!(read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert_eq!(read_retry_after("later"), None);
        let soon = (chrono::Utc::now() + chrono::TimeDelta::seconds(60)).to_rfc2822();
        assert!(read_retry_after(&soon).is_some_and(|wait| wait.as_secs() <= 60));
    }
}
