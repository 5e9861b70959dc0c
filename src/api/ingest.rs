//! Lines by HTTP. A 2xx means that they are on disk.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use utoipa::IntoParams;

use super::error::{Body, ErrorBody, Params};
use super::{ApiError, App};
use crate::batch::{Origin, Tally};
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
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LineOptions {
    /// Name of the source, `http` when absent.
    source: Option<String>,
    /// Host of lines that name none.
    host: Option<String>,
    /// Format of every line; recognised line by line when absent.
    format: Option<String>,
    /// IANA name of the zone of times that name none; the machine's when absent.
    #[param(value_type = Option<String>)]
    zone: Option<Zone>,
}

/// Stores raw lines
///
/// An answer means that they are on disk.
#[utoipa::path(
    post,
    path = "/api/v1/ingest/lines",
    operation_id = "ingest_lines",
    tag = "lines",
    params(
        LineOptions,
        ("idempotency-key" = Option<String>, Header, description = "1 to 256 plain characters; a request repeated under the same key stores nothing twice and has the same answer"),
    ),
    request_body(content = String, description = "Lines, each ended by a newline; at most 10 MiB as sent", content_type = "text/plain"),
    responses(
        (status = 200, description = "How many lines became what", body = Tally),
        (status = 400, description = "No such format, zone or parameter", body = ErrorBody),
        (status = 422, description = "The Idempotency-Key came with another body before", body = ErrorBody),
        (status = 503, description = "Not stored in time; send them again under the same key", body = ErrorBody),
        (status = 507, description = "Not stored, the disk is full or failing", body = ErrorBody),
    )
)]
pub(super) async fn lines(
    State(app): State<App>,
    Params(options): Params<LineOptions>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Tally>, ApiError> {
    let format = match options.format.as_deref() {
        None => None,
        Some(name) => Some(
            crate::format::by_name(name)
                .ok_or_else(|| ApiError::bad_request(crate::format::unknown(name)))?,
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
    // Of a server that stops nothing is taken any more.
    let sender = app.sender.upgrade().ok_or_else(busy)?;
    let handed_over = tokio::time::timeout(STORED_WITHIN, sender.send(delivery)).await;
    handed_over.map_err(|_| busy())?.map_err(|_| busy())?;
    drop(sender);
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
    Ok(Json(tally))
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
fn remembered(app: &App, key: &str, hash: &str) -> Result<Option<Tally>, ApiError> {
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

/// Reads files of the server's machine
///
/// For an administrator and the command line.
#[utoipa::path(
    post,
    path = "/api/v1/import",
    operation_id = "import_files",
    tag = "lines",
    request_body = ImportRequest,
    responses(
        (status = 200, description = "What became of each file", body = import::Report),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn import(
    State(app): State<App>,
    Body(request): Body<ImportRequest>,
) -> Result<Json<import::Report>, ApiError> {
    let report = import::run(&app.store, &app.geo, request, &import::Watch::default()).await?;
    app.progress.note_import();
    Ok(Json(report))
}
