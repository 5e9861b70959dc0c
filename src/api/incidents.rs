//! Incidents, what people do with them, silences, the outbox, the week, the lamp.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{Body, ErrorBody, Params};
use super::{ApiError, App, Caller};
use crate::alerting::mute::Silence;
use crate::alerting::people::{self, Actor, PeopleError};
use crate::alerting::review::Review;
use crate::alerting::{self, Incident, IncidentEvent, Lamp};
use crate::alerts;
use crate::outbox::{self, Listed};
use crate::state::Transaction;
use crate::time::now_us;

/// Lists incidents, the open ones first
#[utoipa::path(
    get,
    path = "/api/v1/incidents",
    operation_id = "list_incidents",
    tag = "incidents",
    responses((status = 200, description = "At most 200", body = Vec<Incident>))
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<Incident>>, ApiError> {
    let incidents = app.store.state().read(alerting::incidents)?;
    Ok(Json(with_op(&app, incidents)))
}

/// Says how the values are compared: by the rules, whose rows do not hold it.
fn with_op(app: &App, mut incidents: Vec<Incident>) -> Vec<Incident> {
    let (rules, _) = alerts::read_rules(&app.queries_dir);
    for incident in &mut incidents {
        let rule = rules.iter().find(|rule| rule.id == incident.rule);
        incident.op = rule.map(|rule| rule.raise.op);
    }
    incidents
}

/// The incident that an id, or its beginning, names.
fn find(app: &App, id: &str) -> Result<Incident, ApiError> {
    let found = app.store.state().read(|c| alerting::incident(c, id))?;
    let found = with_op(app, found.into_iter().collect()).pop();
    found.ok_or_else(|| PeopleError::Unknown(id.to_owned()).into())
}

/// An incident with what happened to it, in order.
#[derive(Serialize, ToSchema)]
pub(super) struct IncidentStory {
    #[serde(flatten)]
    incident: Incident,
    events: Vec<IncidentEvent>,
}

/// Shows an incident and what happened to it
#[utoipa::path(
    get,
    path = "/api/v1/incidents/{id}",
    operation_id = "get_incident",
    tag = "incidents",
    params(("id" = String, Path, description = "Its id, or the beginning of it when no other begins so")),
    responses(
        (status = 200, description = "The incident", body = IncidentStory),
        (status = 404, description = "There is no such incident", body = ErrorBody),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<IncidentStory>, ApiError> {
    let incident = find(&app, &id)?;
    let events = app
        .store
        .state()
        .read(|c| alerting::event_list(c, &incident.id))?;
    Ok(Json(IncidentStory { incident, events }))
}

/// What goes with an act; `class` and `note` belong to `class`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Act {
    /// `action`, `no_action` or `tune`.
    class: String,
    note: String,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// Acknowledges, unacknowledges, resolves or classes an incident
#[utoipa::path(
    post,
    path = "/api/v1/incidents/{id}/{act}",
    operation_id = "act_on_incident",
    tag = "incidents",
    params(
        ("id" = String, Path, description = "Its id, or the beginning of it when no other begins so"),
        ("act" = String, Path, description = "`acknowledge`, `unacknowledge`, `resolve` or `class`", pattern = "^(acknowledge|unacknowledge|resolve|class)$"),
    ),
    request_body = Act,
    responses(
        (status = 200, description = "The incident as it is now", body = Incident),
        (status = 400, description = "No such class", body = ErrorBody),
        (status = 404, description = "There is no such incident or act", body = ErrorBody),
        (status = 409, description = "The incident has ended", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn act(
    State(app): State<App>,
    Path((id, act)): Path<(String, String)>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Act>,
) -> Result<Json<Incident>, ApiError> {
    let id = find(&app, &id)?.id;
    let name = caller.acts_for(body.by);
    if !["acknowledge", "unacknowledge", "resolve", "class"].contains(&act.as_str()) {
        return Err(ApiError::not_found(format!(
            "{act} cannot be done to an incident; acknowledge, unacknowledge, resolve or class can"
        )));
    }
    let (subject, now) = (id.clone(), app.context().now_us);
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
    Ok(Json(find(&app, &id)?))
}

impl App {
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
}

/// Lists silences, the latest first
#[utoipa::path(
    get,
    path = "/api/v1/silences",
    operation_id = "list_silences",
    tag = "incidents",
    responses((status = 200, description = "All, ended ones too; their times are epoch microseconds", body = Vec<Silence>))
)]
pub(super) async fn silences(State(app): State<App>) -> Result<Json<Vec<Silence>>, ApiError> {
    Ok(Json(app.store.state().read(alerting::mute::silences)?))
}

/// A new silence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSilence {
    /// `rule`, `team`, `service`, `severity` or a label, and the value it has to have.
    matchers: BTreeMap<String, String>,
    reason: String,
    /// `2h`; at most 30 days.
    #[serde(rename = "for")]
    lasts: String,
    /// Ends it as soon as nothing that matches is open.
    #[serde(default)]
    until_clear: bool,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// Something that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct Made {
    id: String,
}

/// Holds back the messages of incidents that match
#[utoipa::path(
    post,
    path = "/api/v1/silences",
    operation_id = "make_silence",
    tag = "incidents",
    request_body = NewSilence,
    responses(
        (status = 200, description = "Its id", body = Made),
        (status = 400, description = "No span of time, none of the matchers, or too long", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn silence(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<NewSilence>,
) -> Result<Json<Made>, ApiError> {
    let span = crate::config::parse_duration(&body.lasts);
    let span = span.and_then(|span| i64::try_from(span.as_micros()).ok());
    let span = span.ok_or_else(|| {
        ApiError::bad_request(format!(
            "{} is no span of time, write 30m or 2h",
            body.lasts
        ))
    })?;
    let now = app.context().now_us;
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
    let (policy, context) = (app.policy(), app.context());
    let create = move |tx: &Transaction<'_>| silence.create(tx, &policy, &context);
    let made = app.store.state().write(create).await?;
    let id = made.map_err(ApiError::bad_request)?;
    app.settle().await?;
    Ok(Json(Made { id }))
}

/// Ends a silence
#[utoipa::path(
    delete,
    path = "/api/v1/silences/{id}",
    operation_id = "end_silence",
    tag = "incidents",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "There is no such silence at work", body = ErrorBody),
    )
)]
pub(super) async fn end_silence(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let (subject, name) = (id.clone(), caller.name);
    let (policy, context) = (app.policy(), app.context());
    let end = move |tx: &Transaction<'_>| {
        alerting::mute::end_silence(tx, &subject, &name, &policy, &context)
    };
    if !app.store.state().write(end).await? {
        return Err(ApiError::not_found(format!(
            "there is no silence {id} at work"
        )));
    }
    app.settle().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OutboxFilter {
    /// `queued`, `delivered`, `dead` or `dropped`; all when absent.
    status: Option<String>,
    /// Only messages of the incident whose id is this or begins so.
    incident: Option<String>,
}

/// Lists messages, the latest first
#[utoipa::path(
    get,
    path = "/api/v1/outbox",
    operation_id = "list_messages",
    tag = "incidents",
    params(OutboxFilter),
    responses((status = 200, description = "At most 500", body = Vec<Listed>))
)]
pub(super) async fn outbox(
    State(app): State<App>,
    Params(filter): Params<OutboxFilter>,
) -> Result<Json<Vec<Listed>>, ApiError> {
    let list = app
        .store
        .state()
        .read(|c| outbox::list(c, filter.status.as_deref(), filter.incident.as_deref()))?;
    Ok(Json(list))
}

/// Sends a waiting message at once, or gives it up
#[utoipa::path(
    post,
    path = "/api/v1/outbox/{id}/{act}",
    operation_id = "act_on_message",
    tag = "incidents",
    params(
        ("id" = String, Path, description = "The message's id"),
        ("act" = String, Path, description = "`retry` or `drop`", pattern = "^(retry|drop)$"),
    ),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "There is no such waiting message or act", body = ErrorBody),
    )
)]
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
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Week {
    /// A time in it, epoch milliseconds or RFC 3339; now when absent.
    at: Option<String>,
}

/// Shows an ISO week: pages, times, who was woken by what
#[utoipa::path(
    get,
    path = "/api/v1/review",
    operation_id = "get_review",
    tag = "incidents",
    params(Week),
    responses(
        (status = 200, description = "The week", body = Review),
        (status = 400, description = "`at` is no time", body = ErrorBody),
    )
)]
pub(super) async fn review(
    State(app): State<App>,
    Params(week): Params<Week>,
) -> Result<Json<Review>, ApiError> {
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
    Ok(Json(review))
}

/// How the lamp wants to be told.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LampShape {
    /// `json` (when absent), `word` or `colour`.
    format: Option<String>,
}

/// Shows one colour
///
/// Under 1 KB, for a device with a lamp: red is something that nobody has taken, orange that somebody has, green
/// nothing, blue that nobody looks or that messages do not get out.
#[utoipa::path(
    get,
    path = "/lamp",
    operation_id = "get_lamp",
    tag = "incidents",
    params(LampShape),
    responses(
        (status = 200, description = "The state, its word or its colour as `#rrggbb`", content((Lamp = "application/json"), (String = "text/plain"))),
        (status = 400, description = "No such format", body = ErrorBody),
    )
)]
pub(super) async fn lamp(
    State(app): State<App>,
    Params(shape): Params<LampShape>,
) -> Result<Response, ApiError> {
    let lamp = app
        .store
        .state()
        .read(|c| alerting::lamp(c, app.context().now_us))?;
    let word = lamp.state;
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
