//! ntfy (docs.ntfy.sh, "Publish as JSON"): push messages to phones.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    MessageId, Notification, Notifier, NotifyError, Secret, deliver, headline, one_line, private,
};
use crate::http_client::{HttpClient, Outgoing, check_url};
use crate::rule::Severity;

/// Longer messages become attachments.
const MESSAGE_BYTES_MAX: usize = 4096;

/// `[targets.NAME]` with `kind = "ntfy"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ntfy {
    #[serde(default = "public")]
    url: String,
    topic: String,
    /// Access token, where the topic asks for one.
    token: Option<Secret>,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

fn public() -> String {
    "https://ntfy.sh".into()
}

fn body(topic: &str, message: &Notification) -> Value {
    let priority = match (headline(message), message.severity) {
        ("firing" | "still firing", Severity::Critical) => 5,
        ("firing" | "still firing", Severity::Error) => 4,
        _ => 3,
    };
    let mut text = one_line(&message.summary, MESSAGE_BYTES_MAX / 4);
    if let Some(sentence) = message.explanation_text() {
        text.push('\n');
        text.push_str(&one_line(sentence, 500));
    }
    let mut body = json!({
        "topic": topic,
        "title": one_line(&format!("{}: {}", headline(message), message.title), 200),
        "message": text,
        "priority": priority,
        "tags": [message.severity.as_str(), headline(message).replace(' ', "-")],
    });
    if message.client_url.starts_with("http") {
        body["click"] = message.client_url.as_str().into();
    }
    if message.runbook_url.starts_with("http") {
        body["actions"] =
            json!([{"action": "view", "label": "Runbook", "url": message.runbook_url}]);
    }
    body
}

#[async_trait::async_trait]
impl Notifier for Ntfy {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        _: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let body = body(&self.topic, message);
        let mut request = Outgoing::json(&self.url, private(self.allow_private), &body);
        if let Some(token) = &self.token {
            request = request.with("authorization", format!("Bearer {}", token.read()?));
        }
        deliver(client, request).await
    }

    fn rate_key(&self) -> String {
        format!("{} {}", self.url, self.topic)
    }

    fn check(&self) -> Result<(), String> {
        if self.topic.is_empty() {
            return Err("topic is empty".into());
        }
        check_url(&self.url)
    }
}
