//! Answers of saved queries and of SQL.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use clap::ValueEnum;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::error::{Body, ErrorBody, Params};
use super::{ApiError, App, tag};
use crate::query::output::{self, Columns, OutputFormat, TABLE_ROWS_MAX};
use crate::query::{Answer, Limits, bind};

/// A saved query's answer, with the SQL that was run.
#[derive(Serialize, ToSchema)]
pub(super) struct QueryAnswer {
    #[serde(flatten)]
    columns: Columns,
    query: String,
    sql: String,
    /// The values given, as read; timestamps are epoch microseconds.
    #[schema(value_type = Object)]
    params: BTreeMap<String, bind::Value>,
}

/// Runs a saved query
#[utoipa::path(
    get,
    path = "/api/v1/queries/{name}",
    operation_id = "run_query",
    tag = "questions",
    params(
        ("name" = String, Path, description = "Name of the query"),
        ("params" = Option<BTreeMap<String, String>>, Query, style = Form, explode, description = "The query's own parameters by name, most often `from` and `to`. Timestamps are epoch milliseconds or RFC 3339; `null` is null"),
        ("accept" = Option<String>, Header, description = "`text/csv` for CSV"),
    ),
    responses(
        (status = 200, description = "The rows", content((QueryAnswer = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A parameter is missing, unknown or no value of its type", body = ErrorBody),
        (status = 404, description = "There is no query of this name", body = ErrorBody),
        (status = 422, description = "The query failed or ran into its limits", body = ErrorBody),
    )
)]
pub(super) async fn run(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(params): Params<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = app.queries.get(&name)?;
    let given = params
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let values = query.read_values(given)?;
    let sql = query.bind(&values)?;
    let answer = app.engine.run(&sql, Limits::PANEL).await?;
    if accepts_csv(&headers) {
        return file_response(&answer, OutputFormat::Csv);
    }
    let mut body = QueryAnswer {
        columns: output::to_columns(&answer)?,
        query: name,
        sql,
        params: values,
    };
    // The same rows are the same answer, however long they took.
    let elapsed_ms = std::mem::take(&mut body.columns.elapsed_ms);
    let tag = tag::of(&body)?;
    body.columns.elapsed_ms = elapsed_ms;
    Ok(([(header::ETAG, tag)], Json(body)).into_response())
}

fn accepts_csv(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/csv"))
}

/// A question in SQL.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    sql: String,
    /// Values for `$name` in the SQL: texts, numbers or null.
    #[serde(default)]
    params: BTreeMap<String, Value>,
    /// `table`, `csv`, `json`, `ndjson`, `parquet` or `arrow`; columns, for the browser, when absent.
    format: Option<String>,
    /// All rows, without the console's limits, as they come; in a format. An answer that breaks off had an error.
    #[serde(default)]
    export: bool,
}

/// An answer in SQL, with the SQL that was run.
#[derive(Serialize, ToSchema)]
pub(super) struct SqlAnswer {
    #[serde(flatten)]
    columns: Columns,
    sql: String,
}

/// Answers a question in SQL
#[utoipa::path(
    post,
    path = "/api/v1/sql",
    operation_id = "run_sql",
    tag = "questions",
    request_body = Ask,
    responses(
        (
            status = 200,
            description = "The rows, in the format asked for",
            content(
                (SqlAnswer = "application/json"),
                (String = "text/plain"),
                (String = "text/csv"),
                (String = "application/x-ndjson"),
                ("application/vnd.apache.parquet"),
                ("application/vnd.apache.arrow.file"),
            ),
            headers(("x-truncated" = String, description = "`true` when rows were left out because of the limits; not with columns, which say so themselves")),
        ),
        (status = 400, description = "No SQL that can be run, or a parameter is missing", body = ErrorBody),
        (status = 403, description = "Something else than a SELECT, or the scope is another one", body = ErrorBody),
        (status = 422, description = "The query failed or ran into its limits, or the body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn sql(
    State(app): State<App>,
    Body(ask): Body<Ask>,
) -> Result<Response, ApiError> {
    let format = ask
        .format
        .as_deref()
        .map(|name| OutputFormat::from_str(name, true))
        .transpose()
        .map_err(|_| {
            ApiError::bad_request("format is one of table, csv, json, ndjson, parquet, arrow")
        })?;
    let values = ask
        .params
        .into_iter()
        .map(|(name, value)| Ok((name, literal(value)?)));
    let values = values.collect::<Result<BTreeMap<_, _>, ApiError>>()?;
    let sql = bind::bind(&ask.sql, &values)?;
    if ask.export {
        let format = format.ok_or_else(|| {
            ApiError::bad_request("an export has a format").hint("`format` says which: csv")
        })?;
        return export(&app, &sql, format).await;
    }
    let answer = app.engine.run(&sql, Limits::CONSOLE).await?;
    match format {
        Some(format) => file_response(&answer, format),
        None => {
            let columns = output::to_columns(&answer)?;
            Ok(Json(SqlAnswer { columns, sql }).into_response())
        }
    }
}

/// All rows, as they come; of a table as many as are looked at.
async fn export(app: &App, sql: &str, format: OutputFormat) -> Result<Response, ApiError> {
    if format == OutputFormat::Table {
        let limits = Limits {
            rows_max: Some(TABLE_ROWS_MAX),
            ..Limits::EXPORT
        };
        return file_response(&app.engine.run(sql, limits).await?, format);
    }
    let rows = app.engine.stream(sql, Limits::EXPORT).await?;
    let pieces = output::pieces(rows, format).await?;
    // What is wrong may quote a line: only its kind goes into our own log.
    let pieces =
        pieces.inspect_err(|error| tracing::warn!(kind = error.kind(), "an export broke off"));
    let body = axum::body::Body::from_stream(pieces);
    Ok((file_headers(format, false), body).into_response())
}

fn literal(value: Value) -> Result<bind::Value, ApiError> {
    Ok(match value {
        Value::Null => bind::Value::Null,
        Value::String(text) => bind::Value::Text(text),
        Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => bind::Value::Int(n),
            (None, Some(x)) => bind::Value::Float(x),
            _ => {
                return Err(ApiError::bad_request(
                    "a parameter is no number that SQL knows",
                ));
            }
        },
        _ => {
            return Err(ApiError::bad_request(
                "parameters are texts, numbers or null",
            ));
        }
    })
}

fn file_response(answer: &Answer, format: OutputFormat) -> Result<Response, ApiError> {
    let bytes = output::to_bytes(answer, format)?;
    Ok((file_headers(format, answer.truncated), bytes).into_response())
}

fn file_headers(format: OutputFormat, is_truncated: bool) -> [(&'static str, &'static str); 2] {
    [
        (header::CONTENT_TYPE.as_str(), format.content_type()),
        ("x-truncated", if is_truncated { "true" } else { "false" }),
    ]
}
