//! Incidents, what people do with them, silences, the outbox, the week, the lamp.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Body, Params};
use super::{ApiError, App, Caller};
use crate::alerting::mute::{Policy, Silence};
use crate::alerting::people::{self, Actor, PeopleError};
use crate::alerting::{self, Incident};
use crate::state::Transaction;
use crate::time::now_us;
use crate::{alerts, outbox};

/// `GET /api/v1/incidents`
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let incidents = app.store.state().read(alerting::incidents)?;
    Ok(Json(json!(incidents)))
}

/// The incident that an id, or its beginning, names.
fn find(app: &App, id: &str) -> Result<Incident, ApiError> {
    let found = app.store.state().read(|c| alerting::incident(c, id))?;
    found.ok_or_else(|| PeopleError::Unknown(id.to_owned()).into())
}

/// `GET /api/v1/incidents/{id}`: with what happened to it, in order.
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let incident = find(&app, &id)?;
    let events = app
        .store
        .state()
        .read(|c| alerting::event_list(c, &incident.id))?;
    let mut body = json!(incident);
    body["events"] = json!(events);
    Ok(Json(body))
}

/// What goes with an act; `class` and `note` belong to `class`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Act {
    class: String,
    note: String,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// `POST /api/v1/incidents/{id}/{acknowledge,unacknowledge,resolve,class}`
pub(super) async fn act(
    State(app): State<App>,
    Path((id, act)): Path<(String, String)>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Act>,
) -> Result<Json<Value>, ApiError> {
    let id = find(&app, &id)?.id;
    let name = caller.acts_for(body.by);
    if !["acknowledge", "unacknowledge", "resolve", "class"].contains(&act.as_str()) {
        return Err(ApiError::not_found(format!(
            "{act} cannot be done to an incident; acknowledge, unacknowledge, resolve or class can"
        )));
    }
    let (subject, now) = (id.clone(), now_us());
    let outcome = app.store.state().write(move |tx| {
        let actor = Actor {
            name: &name,
            through: None,
        };
        let done = match act.as_str() {
            "acknowledge" => people::acknowledge(tx, &subject, actor, now),
            "unacknowledge" => people::unacknowledge(tx, &subject, actor, now),
            "resolve" => people::resolve(tx, &subject, actor, now),
            _ => people::classify(tx, &subject, &body.class, &body.note, &name, now),
        };
        match done {
            Err(PeopleError::Sql(error)) => Err(error),
            other => Ok(other),
        }
    });
    outcome.await??;
    app.settle().await?;
    Ok(Json(json!(find(&app, &id)?)))
}

impl App {
    /// Who is told, by the settings and the rules as they are now.
    pub(super) fn policy(&self) -> Policy {
        let (rules, _) = alerts::read_rules(&self.queries_dir);
        Policy::new(&self.config.targets, &self.config.teams, &rules)
    }

    /// Lets an act have its messages at once.
    async fn settle(&self) -> Result<(), ApiError> {
        let (policy, context) = (self.policy(), self.context());
        let state = self.store.state();
        state
            .write(move |tx| alerting::settle(tx, &policy, &context))
            .await?;
        self.bell.notify_one();
        Ok(())
    }

    pub(super) fn context(&self) -> alerting::Context {
        alerting::Context {
            public_url: self.public_url.to_string(),
            now_us: now_us(),
        }
    }
}

/// `GET /api/v1/silences`
pub(super) async fn silences(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!(
        app.store.state().read(alerting::mute::silences)?
    )))
}

/// A new silence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSilence {
    matchers: BTreeMap<String, String>,
    reason: String,
    /// `2h`; at most 30 days.
    #[serde(rename = "for")]
    lasts: String,
    #[serde(default)]
    until_clear: bool,
    by: Option<String>,
}

/// `POST /api/v1/silences`
pub(super) async fn silence(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<NewSilence>,
) -> Result<Json<Value>, ApiError> {
    let span = crate::config::parse_duration(&body.lasts);
    let span = span.and_then(|span| i64::try_from(span.as_micros()).ok());
    let span = span.ok_or_else(|| {
        ApiError::bad_request(format!(
            "{} is no span of time, write 30m or 2h",
            body.lasts
        ))
    })?;
    let now = now_us();
    let silence = Silence {
        id: String::new(),
        matchers: body.matchers,
        author: caller.acts_for(body.by),
        reason: body.reason,
        created_us: now,
        expires_us: now.saturating_add(span),
        until_clear: body.until_clear,
        ended_us: None,
    };
    let made = app
        .store
        .state()
        .write(move |tx| silence.create(tx, now))
        .await?;
    let id = made.map_err(ApiError::bad_request)?;
    app.settle().await?;
    Ok(Json(json!({"id": id})))
}

/// `DELETE /api/v1/silences/{id}`
pub(super) async fn end_silence(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let (subject, name) = (id.clone(), caller.name);
    let end =
        move |tx: &Transaction<'_>| alerting::mute::end_silence(tx, &subject, &name, now_us());
    if !app.store.state().write(end).await? {
        return Err(ApiError::not_found(format!(
            "there is no silence {id} at work"
        )));
    }
    app.settle().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which messages.
#[derive(Deserialize)]
pub(super) struct OutboxFilter {
    status: Option<String>,
}

/// `GET /api/v1/outbox?status=queued|delivered|dead|dropped`
pub(super) async fn outbox(
    State(app): State<App>,
    Params(filter): Params<OutboxFilter>,
) -> Result<Json<Value>, ApiError> {
    let list = app
        .store
        .state()
        .read(|c| outbox::list(c, filter.status.as_deref()))?;
    Ok(Json(json!(list)))
}

/// `POST /api/v1/outbox/{id}/{retry,drop}`
pub(super) async fn outbox_act(
    State(app): State<App>,
    Path((id, act)): Path<(String, String)>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let (subject, word) = (id.clone(), act.clone());
    let write = move |tx: &Transaction<'_>| {
        let now = now_us();
        let done = match word.as_str() {
            "retry" => outbox::retry(tx, &subject, now)?,
            "drop" => outbox::give_up(tx, &subject, now)?,
            _ => false,
        };
        if done {
            people::audit(tx, now, &caller.name, &word, &subject, "outbox")?;
        }
        Ok(done)
    };
    if !app.store.state().write(write).await? {
        return Err(ApiError::not_found(format!(
            "there is no waiting message {id} to {act}"
        )));
    }
    app.bell.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Which week.
#[derive(Deserialize)]
pub(super) struct Week {
    /// A time in it, milliseconds or RFC 3339; now when absent.
    at: Option<String>,
}

/// `GET /api/v1/review?at=`
pub(super) async fn review(
    State(app): State<App>,
    Params(week): Params<Week>,
) -> Result<Json<Value>, ApiError> {
    let at = match week.at.as_deref() {
        None => now_us(),
        Some(text) => text
            .parse::<i64>()
            .ok()
            .and_then(|ms| ms.checked_mul(1000))
            .or_else(|| crate::time::parse_rfc3339(text))
            .ok_or_else(|| ApiError::bad_request(format!("{text} is no time")))?,
    };
    let (rules, _) = alerts::read_rules(&app.queries_dir);
    let ids: Vec<String> = rules
        .into_iter()
        .filter(|rule| rule.enabled)
        .map(|rule| rule.id)
        .collect();
    let policy = app.policy();
    let review = app
        .store
        .state()
        .read(|c| alerting::review::review(c, &policy, &ids, at))?;
    Ok(Json(json!(review)))
}

/// How the lamp wants to be told.
#[derive(Deserialize)]
pub(super) struct LampShape {
    /// `json`, `word` or `colour`.
    format: Option<String>,
}

/// `GET /lamp`: under 1 KB, for a device that shows one colour.
pub(super) async fn lamp(
    State(app): State<App>,
    Params(shape): Params<LampShape>,
) -> Result<Response, ApiError> {
    let lamp = app.store.state().read(|c| alerting::lamp(c, now_us()))?;
    let word = lamp["state"].as_str().unwrap_or("blue");
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok(match shape.format.as_deref() {
        None | Some("json") => Json(lamp).into_response(),
        Some("word") => (text, format!("{word}\n")).into_response(),
        Some("colour" | "color") => (text, format!("{}\n", colour(word))).into_response(),
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "format {other} is none of json, word, colour"
            )));
        }
    })
}

fn colour(word: &str) -> &'static str {
    match word {
        "red" => "#e5484d",
        "orange" => "#f76b15",
        "green" => "#30a46c",
        _ => "#0090ff",
    }
}
