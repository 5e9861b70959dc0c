//! PagerDuty Events API v2 (developer.pagerduty.com, "Send an alert event" and "Send a change event").

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Action, MessageId, Notification, Notifier, NotifyError, Secret, answer, judge, private, shorten,
};
use crate::http_client::{HttpClient, Outgoing};
use crate::rule::nameless;
use crate::text::escape_controls;

const ENQUEUE: &str = "https://events.pagerduty.com/v2/enqueue";
/// Limit of `summary`, in characters.
const SUMMARY_CHARS_MAX: usize = 1024;
/// Limit of a request's body, in bytes.
const BODY_BYTES_MAX: usize = 512_000;

/// `[targets.NAME]` with `kind = "pagerduty"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// Integration key of the service, 32 characters.
    routing_key: Secret,
    /// Other than the public one: the EU region, or a test server.
    #[serde(default = "enqueue")]
    url: String,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
    /// What PagerDuty signs its webhooks with; lets acknowledgements and resolves come back.
    #[serde(skip_serializing)]
    pub webhook_secret: Option<Secret>,
    /// Key of the REST API with read access: every few minutes PagerDuty is asked how incidents stand there, for
    /// the webhooks that did not come.
    #[serde(skip_serializing)]
    pub api_token: Option<Secret>,
    /// Where the REST API is.
    #[serde(default = "api")]
    api_url: String,
    /// How often it is asked.
    #[serde(default = "poll")]
    poll: String,
}

fn poll() -> String {
    "3m".into()
}

fn api() -> String {
    "https://api.pagerduty.com".into()
}

fn enqueue() -> String {
    ENQUEUE.into()
}

impl PagerDuty {
    /// A target on this machine.
    pub fn local(url: String, routing_key: &str) -> Self {
        Self {
            routing_key: routing_key.into(),
            url,
            allow_private: true,
            webhook_secret: None,
            api_token: None,
            api_url: api(),
            poll: poll(),
        }
    }

    /// How often the REST API is asked.
    pub fn poll(&self) -> std::time::Duration {
        crate::config::parse_duration(&self.poll).unwrap_or(std::time::Duration::from_secs(180))
    }

    /// What the REST API knows of a key (developer.pagerduty.com, "List incidents").
    pub async fn look_up(&self, client: &HttpClient, key: &str) -> Result<Value, String> {
        let token = self.api_token.as_ref().ok_or("there is no api_token")?;
        let token = token.read().map_err(|error| error.to_string())?;
        let url = format!(
            "{}/incidents?date_range=all&sort_by=created_at:desc&limit=5&incident_key={key}",
            self.api_url
        );
        let request = Outgoing {
            method: reqwest::Method::GET,
            url: &url,
            private: private(self.allow_private),
            headers: vec![
                ("accept", "application/vnd.pagerduty+json;version=2".into()),
                ("authorization", format!("Token token={token}")),
            ],
            body: Vec::new(),
        };
        let answer = client
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        if !answer.status.is_success() {
            return Err(format!("{}: {}", answer.status, answer.body_start()));
        }
        serde_json::from_slice(answer.body()).map_err(|error| error.to_string())
    }

    fn body(&self, routing_key: &str, message: &Notification) -> Value {
        if message.action == Action::Digest {
            return change_event(routing_key, message);
        }
        let mut body = json!({
            "routing_key": routing_key,
            "event_action": message.action,
            "dedup_key": message.dedup_key,
        });
        if message.action != Action::Trigger {
            return body;
        }
        body["client"] = "logatlas".into();
        body["client_url"] = message.client_url.as_str().into();
        body["links"] = links(message);
        body["payload"] = json!({
            "summary": shorten(&escape_controls(&message.summary), SUMMARY_CHARS_MAX),
            "source": source(message),
            "severity": message.severity,
            "timestamp": crate::time::rfc3339(message.tick_us),
            "component": message.service,
            "group": message.team,
            "class": message.rule,
            "custom_details": details(message),
        });
        if body.to_string().len() > BODY_BYTES_MAX {
            body["payload"]["custom_details"] =
                json!({"left_out": "the details were larger than PagerDuty takes"});
        }
        body
    }
}

/// What is known besides the summary; the same in every target that takes an object.
pub(super) fn details(message: &Notification) -> Value {
    json!({
        "value": message.value,
        "threshold": message.threshold,
        "unit": message.unit,
        "n": message.n,
        "labels": message.labels,
        "members": message.members,
        "reason": message.reason,
        "episode": message.episode,
        "seq": message.seq,
        "stands_out": message.explanation_text(),
        "past": message.past,
    })
}

fn links(message: &Notification) -> Value {
    match message.runbook_url.is_empty() {
        true => json!([]),
        false => json!([{"href": message.runbook_url, "text": "Runbook"}]),
    }
}

/// News that wakes nobody.
fn change_event(routing_key: &str, message: &Notification) -> Value {
    json!({
        "routing_key": routing_key,
        "payload": {
            "summary": shorten(&escape_controls(&message.summary), SUMMARY_CHARS_MAX),
            "source": "logatlas",
            "timestamp": crate::time::rfc3339(message.tick_us),
            "custom_details": {"members": message.members, "team": message.team},
        },
        "links": [{"href": message.client_url, "text": "logatlas"}],
    })
}

/// What the event is about, in PagerDuty's list of alerts.
fn source(message: &Notification) -> String {
    let labels = message.labels.iter();
    let labels = labels.map(|(name, value)| value.as_deref().unwrap_or(nameless(name)));
    let text: Vec<_> = labels.map(escape_controls).collect();
    if text.is_empty() {
        message.service.clone()
    } else {
        shorten(&text.join(" "), SUMMARY_CHARS_MAX)
    }
}

#[async_trait::async_trait]
impl Notifier for PagerDuty {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        _: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let body = self.body(&self.routing_key.read()?, message);
        let url = match message.action {
            Action::Digest => self.url.replace("/v2/enqueue", "/v2/change/enqueue"),
            _ => self.url.clone(),
        };
        let request = Outgoing::json(&url, private(self.allow_private), &body);
        let answer = answer(client, request).await?;
        match answer.status {
            // An event that PagerDuty processes later counts; so does one that a proxy accepts plainly.
            StatusCode::ACCEPTED | StatusCode::OK => Ok(()),
            _ => judge(&answer),
        }
    }

    fn rate_key(&self) -> String {
        format!("{} {}", self.url, self.routing_key.name())
    }

    fn takes_refresh(&self) -> bool {
        true
    }

    fn takes_changes(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), String> {
        let is_key =
            |key: &str| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if self.routing_key.literal().is_some_and(|key| !is_key(key)) {
            return Err(
                "routing_key has 32 letters and digits; PagerDuty shows it as Integration Key"
                    .into(),
            );
        }
        if crate::config::parse_duration(&self.poll).is_none() {
            return Err(format!(
                "poll = {:?} is no span of time, write 3m",
                self.poll
            ));
        }
        crate::http_client::check_url(&self.url)?;
        crate::http_client::check_url(&self.api_url)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn message() -> Notification {
        Notification {
            action: Action::Trigger,
            incident_id: "0190f000-0000-7000-8000-000000000001".into(),
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
            title: "5xx rate".into(),
            kind: "value".into(),
            unit: "ratio".into(),
            opened_us: 1_763_891_880_000_000,
            ..Notification::default()
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
        let body = target().body("key", &message());
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
        let body = target().body("key", &resolve);
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
            let body = target().body("key", &message);
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
