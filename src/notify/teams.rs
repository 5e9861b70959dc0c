//! Microsoft Teams by a Workflows webhook: an adaptive card (adaptivecards.io).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    MessageId, Notification, Notifier, NotifyError, Secret, deliver, headline, one_line, private,
};
use crate::http_client::{HttpClient, Outgoing, check_url};

/// Teams takes 28 KB; texts are bounded so that a card stays far below.
const TEXT_CHARS_MAX: usize = 2000;

/// `[targets.NAME]` with `kind = "teams"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// The workflow's address, which is its secret.
    url: Secret,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

/// Cards read Markdown; log text is not to be any.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text, TEXT_CHARS_MAX).chars() {
        if matches!(
            c,
            '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '`' | '#' | '<' | '>'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn body(message: &Notification) -> Value {
    let text = |text: String, weight: &str| json!({"type": "TextBlock", "text": text, "wrap": true, "weight": weight});
    let mut blocks = vec![text(
        format!("{}: {}", headline(message), escape(&message.summary)),
        "Bolder",
    )];
    blocks.extend(
        message
            .explanation_text()
            .map(|sentence| text(escape(sentence), "Default")),
    );
    let facts = [
        ("Severity", message.severity.as_str().to_owned()),
        ("Service", escape(&message.service)),
        ("Team", escape(&message.team)),
        ("Episode", message.episode.to_string()),
    ];
    let facts = facts.map(|(title, value)| json!({"title": title, "value": value}));
    blocks.push(json!({"type": "FactSet", "facts": facts}));
    let links = [
        ("Map", &message.client_url),
        ("Runbook", &message.runbook_url),
    ];
    let actions: Vec<Value> = links
        .iter()
        .filter(|(_, url)| url.starts_with("http"))
        .map(|(title, url)| json!({"type": "Action.OpenUrl", "title": title, "url": url}))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": blocks,
                "actions": actions,
            },
        }],
    })
}

#[async_trait::async_trait]
impl Notifier for Teams {
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
