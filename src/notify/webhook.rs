//! A generic webhook: a CloudEvent (cloudevents.io, 1.0, structured mode) signed by Standard Webhooks 1.0.0
//! (standardwebhooks.com).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    Action, MessageId, Notification, Notifier, NotifyError, Secret, deliver, one_line, private,
};
use crate::http_client::{HttpClient, Outgoing, check_url};

/// A CloudEvent should stay within 64 KiB.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// `[targets.NAME]` with `kind = "webhook"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    url: String,
    /// `whsec_` and 24 to 64 random bytes in base64.
    secret: Secret,
    /// Allow an address in a private network or on this machine.
    #[serde(default)]
    allow_private: bool,
}

/// The event of a message: the same bytes at every attempt.
fn event(message: &Notification, id: MessageId<'_>) -> Value {
    let word = match message.action {
        Action::Trigger if message.seq <= 1 => "triggered",
        Action::Trigger => "updated",
        Action::Acknowledge => "acknowledged",
        Action::Resolve => "resolved",
        Action::Digest => "digest",
    };
    let mut event = json!({
        "specversion": "1.0",
        "id": id.0,
        "source": "logatlas",
        "type": format!("dev.logatlas.incident.{word}.v1"),
        "subject": message.dedup_key,
        "time": crate::time::rfc3339(message.tick_us),
        "datacontenttype": "application/json",
        "severity": message.severity,
        "ruleid": message.rule,
        "episode": message.episode,
        "seq": message.seq,
        "data": message,
    });
    if event.to_string().len() > BODY_BYTES_MAX {
        event["data"]["members"] = json!([]);
        event["data"]["explanation"] = Value::Null;
        event["data"]["left_out"] = "members: the event was larger than 64 KiB".into();
    }
    if event.to_string().len() > BODY_BYTES_MAX {
        event["data"] =
            json!({"summary": one_line(&message.summary, 1024), "left_out": "all else"});
    }
    event
}

/// `v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`.
fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String, NotifyError> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD
        .decode(encoded)
        .map_err(|_| NotifyError::Reject("the secret is no base64".into()))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

#[async_trait::async_trait]
impl Notifier for Webhook {
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        id: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let event = event(message, id);
        let mut request = Outgoing::json(&self.url, private(self.allow_private), &event);
        let timestamp = crate::time::now_us() / 1_000_000;
        let signature = sign(&self.secret.read()?, id.0, timestamp, &request.body)?;
        request.headers = vec![
            (
                "content-type",
                "application/cloudevents+json; charset=UTF-8".into(),
            ),
            ("webhook-id", id.0.into()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        deliver(client, request).await
    }

    fn rate_key(&self) -> String {
        self.url.clone()
    }

    fn check(&self) -> Result<(), String> {
        if let Some(secret) = self.secret.literal() {
            let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
            if !key.is_ok_and(|key| (24..=64).contains(&key.len())) {
                return Err("secret is `whsec_` and 24 to 64 random bytes in base64".into());
            }
        }
        check_url(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_standards_own_example() {
        // The example of the Standard Webhooks reference libraries' tests.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
