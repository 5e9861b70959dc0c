//! Alertmanager's API v2, `POST /api/v2/alerts`: logatlas in the place of Prometheus. Every replica is told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Action, MessageId, Notification, Notifier, NotifyError, Reason, deliver, private};
use crate::http_client::{HttpClient, Outgoing, check_url};

/// An alert ends by itself this long after it was last told; refreshes come each minute.
const LIVES_US: i64 = 5 * 60_000_000;

/// `[targets.NAME]` with `kind = "alertmanager"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alertmanager {
    /// Base addresses of all replicas, such as `https://am-1.example.org`.
    urls: Vec<String>,
    /// Allow addresses in private networks and on this machine.
    #[serde(default)]
    allow_private: bool,
}

/// The labels are the identity, so they hold nothing that moves.
pub(super) fn labels(message: &Notification) -> Map<String, Value> {
    let mut labels = Map::new();
    for (name, value) in &message.labels {
        labels.insert(name.clone(), value.as_deref().unwrap_or("").into());
    }
    labels.insert("alertname".into(), message.rule.as_str().into());
    labels.insert("service".into(), message.service.as_str().into());
    labels.insert("team".into(), message.team.as_str().into());
    labels.insert("dedup_key".into(), message.dedup_key.as_str().into());
    labels
}

pub(super) fn annotations(message: &Notification) -> Value {
    json!({
        "summary": message.summary,
        "severity": message.severity,
        "runbook_url": message.runbook_url,
        "value": message.value.map(|value| value.to_string()).unwrap_or_default(),
    })
}

fn body(message: &Notification) -> Value {
    let mut alert = json!({
        "labels": labels(message),
        "annotations": annotations(message),
        "startsAt": crate::time::rfc3339(message.opened_us),
        "generatorURL": message.client_url,
    });
    let ends_us = match message.action {
        Action::Resolve => message.tick_us.max(message.opened_us),
        _ => crate::time::now_us() + LIVES_US,
    };
    alert["endsAt"] = crate::time::rfc3339(ends_us).into();
    json!([alert])
}

#[async_trait::async_trait]
impl Notifier for Alertmanager {
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
        // One replica that has it is enough for them to tell each other; all that can be reached are told.
        let mut outcome = Err(NotifyError::Reject("urls is empty".into()));
        for url in &self.urls {
            let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
            let request = Outgoing::json(&url, private(self.allow_private), &body);
            let told = deliver(client, request).await;
            if outcome.is_err() {
                outcome = told;
            }
        }
        outcome
    }

    fn rate_key(&self) -> String {
        self.urls.join(" ")
    }

    fn takes_refresh(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), String> {
        if self.urls.is_empty() {
            return Err("urls names every replica".into());
        }
        self.urls.iter().try_for_each(|url| check_url(url))
    }
}
