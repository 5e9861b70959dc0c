//! PagerDuty Events API v2 (developer.pagerduty.com, "Send an alert event").

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Action, Notification, Notifier, NotifyError};
use crate::http_client::{HttpClient, Private};
use crate::text::escape_controls;

const ENQUEUE: &str = "https://events.pagerduty.com/v2/enqueue";
/// Limit of `summary`, in characters.
const SUMMARY_CHARS_MAX: usize = 1024;
/// Limit of a request's body, in bytes.
const BODY_BYTES_MAX: usize = 512_000;

/// `[targets.NAME]` with `kind = "pagerduty"`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// Integration key of the service, 32 characters.
    routing_key: String,
    /// Other than the public one: the EU region, or a test server.
    #[serde(default = "enqueue")]
    url: String,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

fn enqueue() -> String {
    ENQUEUE.into()
}

impl std::fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The routing key is a secret.
        f.debug_struct("PagerDuty")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl PagerDuty {
    /// A target on this machine.
    pub fn local(url: String, routing_key: &str) -> Self {
        Self {
            routing_key: routing_key.to_owned(),
            url,
            allow_private: true,
        }
    }

    fn body(&self, message: &Notification) -> Value {
        let mut body = json!({
            "routing_key": self.routing_key,
            "event_action": message.action,
            "dedup_key": message.dedup_key,
        });
        if message.action == Action::Resolve {
            return body;
        }
        body["client"] = "logatlas".into();
        body["client_url"] = message.client_url.as_str().into();
        body["links"] = json!([{"href": message.runbook_url, "text": "Runbook"}]);
        body["payload"] = json!({
            "summary": shorten(&escape_controls(&message.summary)),
            "source": source(message),
            "severity": message.severity,
            "timestamp": crate::time::rfc3339(message.tick_us),
            "component": message.service,
            "group": message.team,
            "class": message.rule,
            "custom_details": {
                "value": message.value,
                "threshold": message.threshold,
                "n": message.n,
                "labels": message.labels,
                "episode": message.episode,
                "seq": message.seq,
            },
        });
        if body.to_string().len() > BODY_BYTES_MAX {
            body["payload"]["custom_details"] =
                json!({"left_out": "the details were larger than PagerDuty takes"});
        }
        body
    }
}

/// What the event is about, in PagerDuty's list of alerts.
fn source(message: &Notification) -> String {
    let labels = message
        .labels
        .values()
        .map(|value| value.as_deref().unwrap_or("unknown place"));
    let text: Vec<_> = labels.map(escape_controls).collect();
    if text.is_empty() {
        message.service.clone()
    } else {
        shorten(&text.join(" "))
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SUMMARY_CHARS_MAX) {
        None => text.to_owned(),
        Some(_) => text
            .chars()
            .take(SUMMARY_CHARS_MAX - 1)
            .chain(['…'])
            .collect(),
    }
}

#[async_trait::async_trait]
impl Notifier for PagerDuty {
    async fn send(&self, client: &HttpClient, message: &Notification) -> Result<(), NotifyError> {
        let private = if self.allow_private {
            Private::Allowed
        } else {
            Private::Refused
        };
        let answer = client
            .post_json(&self.url, private, &self.body(message))
            .await;
        let answer = answer.map_err(|error| NotifyError::Retry {
            reason: error.to_string(),
            after: None,
        })?;
        let status = answer.status;
        match status {
            StatusCode::ACCEPTED | StatusCode::OK => Ok(()),
            // What is wrong with the event stays wrong.
            StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::PAYLOAD_TOO_LARGE => Err(NotifyError::Reject(format!(
                "{status}: {}",
                answer.body_start()
            ))),
            _ => Err(NotifyError::Retry {
                reason: format!("{status}: {}", answer.body_start()),
                after: answer
                    .retry_after
                    .map(|after| after.clamp(Duration::from_secs(1), Duration::from_secs(900))),
            }),
        }
    }

    fn rate_key(&self) -> String {
        format!("{} {}", self.url, self.routing_key)
    }

    fn check(&self) -> Result<(), String> {
        if self.routing_key.len() != 32
            || !self
                .routing_key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(
                "routing_key has 32 letters and digits; PagerDuty shows it as Integration Key"
                    .into(),
            );
        }
        crate::http_client::check_url(&self.url)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn message() -> Notification {
        Notification {
            action: Action::Trigger,
            dedup_key: "a".repeat(64),
            episode: 1,
            seq: 1,
            rule: "rate".into(),
            summary: "5xx rate DE 7.4 % (412 of 5570), limit 5 %".into(),
            severity: crate::rule::Severity::Error,
            service: "shop".into(),
            team: "web".into(),
            labels: [("country".to_owned(), Some("DE".to_owned()))].into(),
            value: Some(0.074),
            threshold: 0.05,
            n: Some(5570),
            tick_us: 1_763_892_000_000_000,
            client_url: "http://127.0.0.1:7171/map?place=DE".into(),
            runbook_url: "http://127.0.0.1:7171/runbooks/rate".into(),
        }
    }

    fn target() -> PagerDuty {
        PagerDuty::local(
            "http://127.0.0.1:1/v2/enqueue".into(),
            &"0123456789abcdef".repeat(2),
        )
    }

    #[test]
    fn a_trigger_has_what_the_api_asks_for_and_a_resolve_only_the_key() {
        let body = target().body(&message());
        assert_eq!(
            body["payload"]["summary"],
            "5xx rate DE 7.4 % (412 of 5570), limit 5 %"
        );
        assert_eq!(body["payload"]["source"], "DE");
        assert_eq!(body["payload"]["severity"], "error");
        assert_eq!(body["event_action"], "trigger");
        let resolve = Notification {
            action: Action::Resolve,
            ..message()
        };
        let body = target().body(&resolve);
        let keys: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["dedup_key", "event_action", "routing_key"]);
    }

    proptest::proptest! {
        #[test]
        fn no_label_breaks_a_limit(text in "\\PC{0,2000}", zeros in 0usize..3) {
            let label = format!("{text}{}", "\0\u{202e}🦀".repeat(zeros * 500));
            let message = Notification {
                summary: label.clone(),
                labels: [("city".to_owned(), Some(label.repeat(200)))].into(),
                ..message()
            };
            let body = target().body(&message);
            proptest::prop_assert!(body.to_string().len() <= BODY_BYTES_MAX);
            let summary = body["payload"]["summary"].as_str().unwrap();
            proptest::prop_assert!(summary.chars().count() <= SUMMARY_CHARS_MAX);
            proptest::prop_assert!(!summary.chars().any(char::is_control));
        }
    }

    #[test]
    fn the_routing_key_is_never_shown() {
        assert!(!format!("{:?}", target()).contains("0123456789abcdef"));
    }
}
