//! Lines by HTTP. A 2xx means that they are on disk.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::error::{Body, Params};
use super::{ApiError, App};
use crate::batch::Origin;
use crate::config::{self, Zone};
use crate::framing::Framer;
use crate::framing::newline::Newline;
use crate::import::{self, ImportRequest};
use crate::source::{Chunk, Delivery};

/// How long a request waits for its rows to be durable.
const STORED_WITHIN: Duration = Duration::from_secs(30);
/// Longest `Idempotency-Key`.
const KEY_BYTES_MAX: usize = 256;

/// What the lines of a request are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineOptions {
    /// Name of the source, `http` when absent.
    source: Option<String>,
    host: Option<String>,
    format: Option<String>,
    zone: Option<Zone>,
}

/// `POST /api/v1/ingest/lines`: raw lines, newline separated.
pub(super) async fn lines(
    State(app): State<App>,
    Params(options): Params<LineOptions>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let format = match options.format.as_deref() {
        None => None,
        Some(name) => Some(
            crate::format::by_name(name)
                .ok_or_else(|| ApiError::bad_request(format!("there is no format {name}")))?,
        ),
    };
    let idempotency = idempotency_key(&headers, &body)?;
    if let Some((key, hash)) = &idempotency
        && let Some(answer) = remembered(&app, key, hash)?
    {
        return Ok(Json(answer));
    }
    let mut spans = Vec::new();
    Newline::default()
        .cut(&body, true, &mut spans)
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let observed_us = crate::time::now_us();
    let (ack, stored) = oneshot::channel();
    let delivery = Delivery {
        chunk: Chunk {
            bytes: body,
            spans,
            offset: None,
            observed_us,
        },
        origin: Arc::new(Origin {
            source: options.source.as_deref().unwrap_or("http").into(),
            path: None,
            host: options.host.map(Into::into),
            zone: options
                .zone
                .map_or_else(config::machine_zone, |zone| zone.0),
            not_after_us: observed_us + 86_400_000_000,
            format,
            keep_raw: false,
        }),
        position: None,
        idempotency,
        ack: Some(ack),
    };
    let busy = || {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "the rows could not be stored in time",
        )
    };
    let handed_over = tokio::time::timeout(STORED_WITHIN, app.sender.send(delivery)).await;
    handed_over.map_err(|_| busy())?.map_err(|_| busy())?;
    let stored = tokio::time::timeout(STORED_WITHIN, stored).await;
    let tally = stored
        .map_err(|_| {
            busy().hint(
                "send them again with the same Idempotency-Key; they will not be stored twice",
            )
        })?
        .map_err(|_| busy())?
        .map_err(|error| {
            ApiError::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "not_stored",
                error.to_string(),
            )
        })?;
    Ok(Json(serde_json::json!(tally)))
}

fn idempotency_key(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Option<(String, String)>, ApiError> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let key = key
        .ok_or_else(|| ApiError::bad_request("an Idempotency-Key is 1 to 256 plain characters"))?;
    Ok(Some((
        key.to_owned(),
        crate::text::hex(&Sha256::digest(body)),
    )))
}

/// The answer given before under the same key; an error when the body was another one.
fn remembered(app: &App, key: &str, hash: &str) -> Result<Option<Value>, ApiError> {
    let Some((known, answer)) = app.store.remembered_answer(key)? else {
        return Ok(None);
    };
    if known != hash {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_reused",
            "this Idempotency-Key came with another body before",
        ));
    }
    Ok(serde_json::from_str(&answer).ok())
}

/// `POST /api/v1/import`: files of this machine, read by the server. For the command line, over the socket.
pub(super) async fn import(
    State(app): State<App>,
    Body(request): Body<ImportRequest>,
) -> Result<Json<import::Report>, ApiError> {
    let report = import::run(&app.store, &app.geo, request, &import::Watch::default()).await?;
    Ok(Json(report))
}
