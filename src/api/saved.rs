//! Saved queries as files: what there is, writing one's own, taking it back.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::error::{Body, ErrorBody, Params};
use super::own_files::{Note, VersionRead, changed_meanwhile};
use super::{ApiError, App, Caller};
use crate::alerts::question::why_not;
use crate::alerts::read_rules;
use crate::query::saved::{self, Origin, Param, ParamType, SavedError, SavedQueries, SavedQuery};
use crate::query::{QueryError, bind};

/// A saved query, or the file that is none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum QueryEntry {
    Query(SavedQuery),
    /// What is wrong with the user's file of this name.
    Broken {
        name: String,
        error: String,
        /// The whole file and its hash, to mend it; null when it cannot be read at all.
        text: Option<String>,
        version: Option<String>,
    },
}

/// Lists the saved queries with their parameters
#[utoipa::path(
    get,
    path = "/api/v1/queries",
    operation_id = "list_queries",
    tag = "questions",
    responses((status = 200, description = "By name", body = Vec<QueryEntry>))
)]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<QueryEntry>> {
    let entry = |name: String| match app.queries.get(&name) {
        Ok(query) => QueryEntry::Query(query),
        // A broken file of the user's must not hide the others.
        Err(error) => {
            let file = app.queries.file(&name).ok();
            QueryEntry::Broken {
                error: error.to_string(),
                version: file.as_ref().map(|file| file.version()),
                text: file.map(|file| file.text),
                name,
            }
        }
    };
    Json(app.queries.names().into_iter().map(entry).collect())
}

/// A saved query as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQuery {
    /// What it answers, in a line.
    title: String,
    /// One `SELECT`; `$name` stands for a parameter.
    sql: String,
    /// In the order in which they are asked for.
    #[serde(default)]
    params: Vec<NewParam>,
    /// The version that was read before it was changed, of a shipped one too; when it is another by now, nothing
    /// is written. Absent: there is no query of this name yet.
    version: Option<String>,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// A parameter as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewParam {
    name: String,
    #[serde(rename = "type")]
    param_type: ParamType,
    /// As the list of queries shows it; a timestamp may be RFC 3339 too. Absent: the parameter must be given.
    #[serde(default, deserialize_with = "given")]
    default: Option<Value>,
}

/// Null is a value here, other than none.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl NewParam {
    fn read(self) -> Result<Param, ApiError> {
        let default = self.default.map(|value| {
            default_of(self.param_type, &value).ok_or_else(|| {
                let what = format!("${}: {value} is no {:?}", self.name, self.param_type);
                unusable("query_invalid", what)
            })
        });
        Ok(Param {
            default: default.transpose()?,
            name: self.name,
            param_type: self.param_type,
        })
    }
}

fn default_of(param_type: ParamType, value: &Value) -> Option<bind::Value> {
    Some(match param_type {
        _ if value.is_null() => bind::Value::Null,
        ParamType::Timestamp => {
            let text = value.as_str().and_then(crate::time::parse_rfc3339);
            bind::Value::Timestamp(value.as_i64().or(text)?)
        }
        ParamType::Int => bind::Value::Int(value.as_i64()?),
        ParamType::Float => bind::Value::Float(value.as_f64()?),
        ParamType::Text => bind::Value::Text(value.as_str()?.to_owned()),
    })
}

fn unusable(code: &'static str, what: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, what)
}

/// Why nothing was written.
fn refused(error: QueryError) -> ApiError {
    let what = error.to_string();
    match &error {
        QueryError::Refused(_) => unusable("query_refused", what).hint("write one SELECT"),
        QueryError::Invalid(_) if what.starts_with("no value for parameter") => {
            unusable("query_invalid", what).hint("declare it in `params`")
        }
        QueryError::Invalid(_) | QueryError::Failed(_) => unusable("query_invalid", what)
            .hint("POST /api/v1/sql tries it; `DESCRIBE logs` shows the columns"),
        _ => error.into(),
    }
}

impl App {
    /// The version of the file that counts under this name; none when there is no such query.
    fn query_version(&self, name: &str) -> Result<Option<(String, Origin)>, ApiError> {
        match self.queries.file(name) {
            Ok(file) => Ok(Some((file.version(), file.origin))),
            Err(SavedError::Unknown(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Says no where a rule that asks the query can be asked now and could not with these.
    async fn keeps_rules(&self, name: &str, changed: SavedQueries) -> Result<(), ApiError> {
        let (app, name) = (self.clone(), name.to_owned());
        let look = move || {
            let (rules, _) = read_rules(&app.queries_dir);
            let mut asking = rules.into_iter().filter(|rule| rule.query.name == name);
            asking.find_map(|rule| {
                let why = why_not(&app.planner, &changed, &rule)?;
                let is_new = why_not(&app.planner, &app.queries, &rule).is_none();
                is_new.then(|| format!("rule {} asks query {name}: {why}", rule.id))
            })
        };
        let broken = tokio::task::spawn_blocking(look).await;
        match broken.map_err(anyhow::Error::from)? {
            None => Ok(()),
            Some(message) => Err(ApiError::new(StatusCode::CONFLICT, "in_use", message)
                .hint("change the rule first, or take another name")),
        }
    }
}

/// Writes a saved query into the user's folder
///
/// It is planned first, with its defaults, and counts at once. A shipped query is laid over, not changed.
#[utoipa::path(
    put,
    path = "/api/v1/queries/{name}",
    operation_id = "put_query",
    tag = "questions",
    params(("name" = String, Path, description = "Its name: letters, digits, `_` and `-`")),
    request_body = NewQuery,
    responses(
        (status = 200, description = "The query as it is now", body = SavedQuery),
        (status = 400, description = "No name of a query", body = ErrorBody),
        (status = 409, description = "Somebody else has changed it, it is there already, or a rule could not be asked any more", body = ErrorBody),
        (status = 422, description = "The SQL cannot be run, or the body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn write(
    State(app): State<App>,
    Path(name): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<NewQuery>,
) -> Result<Json<SavedQuery>, ApiError> {
    if !saved::is_name(&name) {
        let message = format!("{name} is no name of a query");
        return Err(ApiError::bad_request(message).hint("letters, digits, _ and - make one"));
    }
    let params = body.params.into_iter().map(NewParam::read);
    let params = params.collect::<Result<Vec<_>, _>>()?;
    let (text, query) = saved::compose(&name, &body.title, &params, &body.sql)?;
    let sql = query.bind(&query.samples()).map_err(refused)?;
    app.columns(sql).await.map_err(refused)?;
    let writing = app.writing().await;
    app.keeps_rules(&name, app.queries.with(query.clone()))
        .await?;
    let known = app.query_version(&name)?.map(|(version, _)| version);
    if known != body.version {
        return Err(changed_meanwhile(&format!("query {name}")));
    }
    let note = Note {
        by: caller.acts_for(body.by),
        act: "write query",
        subject: name.clone(),
        version: query.version,
    };
    let file = app.queries_dir.join(saved::file_name(&name));
    writing.write(file, text, note).await?;
    Ok(Json(app.queries.get(&name)?))
}

/// Deletes one's own saved query
///
/// A shipped one of the same name shows again.
#[utoipa::path(
    delete,
    path = "/api/v1/queries/{name}",
    operation_id = "delete_query",
    tag = "questions",
    params(("name" = String, Path, description = "Its name"), VersionRead),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "There is no such query, or it is a shipped one", body = ErrorBody),
        (status = 409, description = "Somebody else has changed it, or a rule could not be asked any more", body = ErrorBody),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(known): Params<VersionRead>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let writing = app.writing().await;
    let version = match app.query_version(&name)? {
        Some((version, Origin::Yours)) => version,
        Some((_, Origin::Shipped)) => {
            return Err(ApiError::not_found(format!("query {name} is shipped"))
                .hint("only your own can be deleted"));
        }
        None => return Err(SavedError::Unknown(name).into()),
    };
    if known.version.is_some_and(|known| known != version) {
        return Err(changed_meanwhile(&format!("query {name}")));
    }
    app.keeps_rules(&name, SavedQueries::default()).await?;
    let file = app.queries_dir.join(saved::file_name(&name));
    let note = Note {
        by: caller.name,
        act: "delete query",
        subject: name,
        version,
    };
    writing.delete(file, note).await?;
    Ok(StatusCode::NO_CONTENT)
}
