//! Matrix rooms (spec.matrix.org, client-server API: `PUT .../send/m.room.message/{txnId}`). The transaction
//! id is the message's, so a repeat is none.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    MessageId, Notification, Notifier, NotifyError, Secret, deliver, headline, one_line, private,
};
use crate::http_client::{HttpClient, Outgoing, check_url};

/// `[targets.NAME]` with `kind = "matrix"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// The homeserver, such as `https://matrix.example.org`.
    url: String,
    /// `!room:server`.
    room: String,
    token: Secret,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

fn body(message: &Notification) -> Value {
    let mut lines = vec![format!(
        "{}: {}",
        headline(message),
        one_line(&message.summary, 2000)
    )];
    lines.extend(
        message
            .explanation_text()
            .map(|sentence| one_line(sentence, 1000)),
    );
    lines.extend(
        [&message.client_url, &message.runbook_url]
            .into_iter()
            .filter(|url| !url.is_empty())
            .cloned(),
    );
    // Plain text: nothing in it is markup, and `@room` mentions need the field that says so.
    json!({"msgtype": "m.text", "body": lines.join("\n"), "m.mentions": {}})
}

#[async_trait::async_trait]
impl Notifier for Matrix {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        id: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let encode = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let url = format!(
            "{}/_matrix/client/v3/rooms/{}/send/m.room.message/{}",
            self.url.trim_end_matches('/'),
            encode(&self.room),
            encode(id.0)
        );
        let body = body(message);
        let mut request = Outgoing::json(&url, private(self.allow_private), &body);
        request.method = Method::PUT;
        let request = request.with("authorization", format!("Bearer {}", self.token.read()?));
        deliver(client, request).await
    }

    fn rate_key(&self) -> String {
        format!("{} {}", self.url, self.token.name())
    }

    fn check(&self) -> Result<(), String> {
        if !self.room.starts_with('!') {
            return Err("room is the room's id, `!room:server`".into());
        }
        check_url(&self.url)
    }
}
