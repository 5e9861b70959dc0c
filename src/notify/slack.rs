//! Slack incoming webhooks: a header, facts, links as Block Kit blocks (docs.slack.dev, Block Kit reference).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Action, MessageId, Notification, Notifier, NotifyError, Secret, deliver, headline, one_line,
    private,
};
use crate::http_client::{HttpClient, Outgoing, check_url};

const HEADER_CHARS_MAX: usize = 150;
const SECTION_CHARS_MAX: usize = 3000;

/// `[targets.NAME]` with `kind = "slack"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The webhook's address, which is its secret.
    url: Secret,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

/// Log text is an attacker's: without this `<!channel>` in a user agent would wake everybody.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Text of a section, shortened before it is escaped, so that no entity is cut.
fn section(text: &str) -> Value {
    let mut chars_max = SECTION_CHARS_MAX;
    let mut escaped = escape(&one_line(text, chars_max));
    while escaped.chars().count() > SECTION_CHARS_MAX {
        chars_max /= 2;
        escaped = escape(&one_line(text, chars_max));
    }
    json!({"type": "section", "text": {"type": "mrkdwn", "text": escaped}})
}

fn body(message: &Notification) -> Value {
    let summary = one_line(&message.summary, 1024);
    let head = format!("{}: {summary}", headline(message));
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": one_line(&head, HEADER_CHARS_MAX).replace('<', "‹").replace('>', "›"), "emoji": false},
    })];
    blocks.push(section(&message.summary));
    if let Some(sentence) = message.explanation_text() {
        blocks.push(section(sentence));
    }
    if !message.past.is_empty() && message.action == Action::Trigger {
        blocks.push(section(&format!("before: {}", message.past.join("; "))));
    }
    let facts = format!(
        "{} · {} · {} · episode {}",
        message.severity.as_str(),
        message.service,
        message.team,
        message.episode
    );
    blocks.push(json!({
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": escape(&one_line(&facts, 1000))}],
    }));
    let links = [
        ("Map", &message.client_url),
        ("Runbook", &message.runbook_url),
    ];
    let buttons: Vec<Value> = links
        .iter()
        .filter(|(_, url)| url.starts_with("http") && url.len() <= 3000)
        .map(|(text, url)| json!({"type": "button", "text": {"type": "plain_text", "text": text}, "url": url}))
        .collect();
    if !buttons.is_empty() {
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    json!({"text": escape(&head), "blocks": blocks})
}

#[async_trait::async_trait]
impl Notifier for Slack {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        _: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let url = self.url.read()?;
        let body = body(message);
        deliver(
            client,
            Outgoing::json(&url, private(self.allow_private), &body),
        )
        .await
    }

    fn rate_key(&self) -> String {
        self.url.name()
    }

    fn check(&self) -> Result<(), String> {
        self.url.literal().map_or(Ok(()), check_url)
    }
}
