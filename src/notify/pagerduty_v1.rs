//! PagerDuty Events API v1, the generic `create_event.json`, which many private pagers still speak.

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::pagerduty::details;
use super::{
    Action, MessageId, Notification, Notifier, NotifyError, Secret, answer, judge, one_line,
    private,
};
use crate::http_client::{HttpClient, Outgoing};

const CREATE_EVENT: &str = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
const DESCRIPTION_CHARS_MAX: usize = 1024;

/// `[targets.NAME]` with `kind = "pagerduty_v1"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDutyV1 {
    /// 32 hexadecimal digits.
    service_key: Secret,
    #[serde(default = "create_event")]
    url: String,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

fn create_event() -> String {
    CREATE_EVENT.into()
}

fn body(service_key: &str, message: &Notification) -> Value {
    let mut body = json!({
        "service_key": service_key,
        "event_type": message.action,
        "incident_key": message.dedup_key,
        "description": one_line(&message.summary, DESCRIPTION_CHARS_MAX),
    });
    if message.action == Action::Trigger {
        body["client"] = "logatlas".into();
        body["client_url"] = message.client_url.as_str().into();
        body["details"] = details(message);
        body["contexts"] = match message.runbook_url.is_empty() {
            true => json!([]),
            false => json!([{"type": "link", "href": message.runbook_url, "text": "Runbook"}]),
        };
    }
    body
}

#[async_trait::async_trait]
impl Notifier for PagerDutyV1 {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        _: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        if message.action == Action::Digest {
            // It knows nothing that does not page.
            return Ok(());
        }
        let body = body(&self.service_key.read()?, message);
        let request = Outgoing::json(&self.url, private(self.allow_private), &body);
        let mut answer = answer(client, request).await?;
        if answer.status == StatusCode::FORBIDDEN {
            // Its word for too many requests.
            answer.status = StatusCode::TOO_MANY_REQUESTS;
        }
        judge(&answer)
    }

    fn rate_key(&self) -> String {
        format!("{} {}", self.url, self.service_key.name())
    }

    fn takes_refresh(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), String> {
        crate::http_client::check_url(&self.url)
    }
}
