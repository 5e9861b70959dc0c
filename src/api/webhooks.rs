//! What targets send back: PagerDuty's webhooks, version 3 (developer.pagerduty.com, "Webhooks overview" and
//! "Verifying signatures").

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::error::ErrorBody;
use super::{ApiError, App};
use crate::alerting::people::{self, PeopleError};
use crate::notify::Target;
use crate::time::now_us;

/// PagerDuty repeats for 48 hours; what is older is a replay.
const AGE_MAX_US: i64 = 49 * 3_600_000_000;

/// Takes PagerDuty's webhooks, version 3
///
/// Whatever is authentic is taken with 202, whether we know what it means or not: any other answer makes PagerDuty
/// drop it and, soon, the subscription.
#[utoipa::path(
    post,
    path = "/webhooks/pagerduty/{target}",
    operation_id = "take_pagerduty_webhook",
    tag = "incidents",
    params(
        ("target" = String, Path, description = "Name of the target in the settings"),
        ("x-pagerduty-signature" = String, Header, description = "`v1=<hex>`, one or several: HMAC-SHA256 of the body under the target's `webhook_secret`"),
    ),
    request_body(content = Object, description = "PagerDuty's event", content_type = "application/json"),
    responses(
        (status = 202, description = "Taken"),
        (status = 401, description = "The signature is not of this target's secret", body = ErrorBody),
    )
)]
pub(super) async fn pagerduty(
    State(app): State<App>,
    Path(target): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let refused = || {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "bad_signature",
            "the signature is not of this target's secret",
        )
    };
    let Some(Target::Pagerduty(settings)) = app.config.targets.get(&target) else {
        return Err(refused());
    };
    let secret = settings.webhook_secret.as_ref().ok_or_else(refused)?;
    let secret = secret.read().map_err(|_| refused())?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !is_signed(
        &secret,
        header("x-pagerduty-signature").unwrap_or_default(),
        &body,
    ) {
        return Err(refused());
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        tracing::warn!(target.name = target, "an authentic webhook is no JSON");
        return Ok(StatusCode::ACCEPTED);
    };
    let occurred = event["event"]["occurred_at"]
        .as_str()
        .and_then(crate::time::parse_rfc3339);
    if occurred.is_some_and(|at| now_us() - at > AGE_MAX_US) {
        tracing::warn!(target.name = target, "an authentic webhook is too old");
        return Ok(StatusCode::ACCEPTED);
    }
    // The id is the same for each repetition; it is not signed, so the event's own id stands in for it first.
    let id = event["event"]["id"]
        .as_str()
        .or(header("x-webhook-id"))
        .unwrap_or_default()
        .to_owned();
    let (name, now) = (target.clone(), app.context().now_us);
    let outcome = app.store.state().write(move |tx| {
        match people::webhook(tx, &id, &name, &event, now) {
            Err(PeopleError::Sql(error)) => Err(error),
            // What cannot be done any more is no fault of the sender's.
            Err(_) => Ok("too late"),
            Ok(outcome) => Ok(outcome),
        }
    });
    let outcome = outcome.await?;
    tracing::info!(target.name = target, outcome, "webhook taken");
    app.bell.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Whether one of `v1=<hex>,v1=<hex>` is the HMAC-SHA256 of the body. Compared in constant time.
fn is_signed(secret: &str, signatures: &str, body: &[u8]) -> bool {
    signatures
        .split(',')
        .filter_map(|signature| signature.trim().strip_prefix("v1="))
        .filter_map(crate::text::unhex)
        .any(|signature| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                .expect("HMAC takes a key of any length");
            mac.update(body);
            mac.verify_slice(&signature).is_ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures() {
        // HMAC-SHA256 of "The quick brown fox jumps over the lazy dog" under "key" (a widely printed value).
        let good = "v1=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        let body = b"The quick brown fox jumps over the lazy dog";
        assert!(is_signed("key", good, body));
        assert!(is_signed("key", &format!("v1=00,{good}"), body));
        assert!(!is_signed("kex", good, body));
        assert!(!is_signed(
            "key",
            good,
            b"The quick brown fox jumps over the lazy cat"
        ));
        assert!(!is_signed("key", "", body));
        assert!(!is_signed("key", "v1=zz", body));
    }
}
