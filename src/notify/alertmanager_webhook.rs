//! Alertmanager's webhook body, version 4 (prometheus.io, "webhook_config"): every bridge that takes it works.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::alertmanager::{annotations, labels};
use super::{Action, MessageId, Notification, Notifier, NotifyError, Reason, deliver, private};
use crate::http_client::{HttpClient, Outgoing, check_url};

/// `[targets.NAME]` with `kind = "alertmanager_webhook"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerWebhook {
    url: String,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

fn body(message: &Notification) -> Value {
    let is_over = message.action == Action::Resolve;
    let status = if is_over { "resolved" } else { "firing" };
    let ends = match is_over {
        true => crate::time::rfc3339(message.tick_us.max(message.opened_us)),
        false => "0001-01-01T00:00:00Z".into(),
    };
    let (labels, annotations) = (labels(message), annotations(message));
    json!({
        "version": "4",
        "groupKey": message.dedup_key,
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "logatlas",
        "groupLabels": {"alertname": message.rule},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": message.client_url,
        "alerts": [{
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": crate::time::rfc3339(message.opened_us),
            "endsAt": ends,
            "generatorURL": message.client_url,
            "fingerprint": message.dedup_key.get(..16).unwrap_or(&message.dedup_key),
        }],
    })
}

#[async_trait::async_trait]
impl Notifier for AlertmanagerWebhook {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        _: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        if matches!(message.reason, Reason::Acknowledge | Reason::Digest) {
            return Ok(());
        }
        let body = body(message);
        deliver(
            client,
            Outgoing::json(&self.url, private(self.allow_private), &body),
        )
        .await
    }

    fn rate_key(&self) -> String {
        self.url.clone()
    }

    fn check(&self) -> Result<(), String> {
        check_url(&self.url)
    }
}
