//! Saved queries and SQL over HTTP.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use clap::ValueEnum;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Body, Params};
use super::{ApiError, App};
use crate::query::output::{self, OutputFormat};
use crate::query::{Answer, Limits, bind};

/// `GET /api/v1/queries`
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let mut queries = Vec::new();
    for name in app.queries.names() {
        // A broken file of the user's must not hide the others.
        match app.queries.get(&name) {
            Ok(query) => queries.push(json!(query)),
            Err(error) => queries.push(json!({"name": name, "error": error.to_string()})),
        }
    }
    Ok(Json(Value::from(queries)))
}

/// `GET /api/v1/queries/{name}?from=&to=&...`
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
    let mut body = output::to_columns(&answer)?;
    body["query"] = Value::from(name);
    body["sql"] = Value::from(sql);
    body["params"] = json!(values);
    Ok(Json(body).into_response())
}

fn accepts_csv(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/csv"))
}

/// A question in SQL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    sql: String,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    /// `columns` (for the browser) when absent.
    format: Option<String>,
    /// All rows, without the console's limits; for exports.
    #[serde(default)]
    export: bool,
}

/// `POST /api/v1/sql`
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
    let limits = if ask.export {
        Limits::EXPORT
    } else {
        Limits::CONSOLE
    };
    let answer = app.engine.run(&sql, limits).await?;
    match format {
        Some(format) => file_response(&answer, format),
        None => {
            let mut body = output::to_columns(&answer)?;
            body["sql"] = Value::from(sql);
            Ok(Json(body).into_response())
        }
    }
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
    let truncated = if answer.truncated { "true" } else { "false" };
    let headers = [
        (header::CONTENT_TYPE.as_str(), format.content_type()),
        ("x-truncated", truncated),
    ];
    Ok((headers, bytes).into_response())
}
