//! A rule on trial: its past over the rows there are, and a test event to its targets.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::error::{Body, ErrorBody};
use super::super::{ApiError, App, Caller};
use super::draft::{draft_or_saved, time};
use super::find;
use crate::alerting::backtest::{self, Span, read_outages};
use crate::alerting::message;
use crate::alerting::people;
use crate::alerts::backtest::{Outcome, TICKS_MAX, Trial, history, replay};
use crate::http_client::{HttpClient, Sent};
use crate::notify::{Action, MessageId, Notification, Reason};
use crate::rule::AlertRule;
use crate::state::Transaction;
use crate::time::now_us;

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewBacktest {
    /// Epoch milliseconds or RFC 3339, as a text.
    from: String,
    /// Epoch milliseconds or RFC 3339, as a text.
    to: String,
    /// Known outages as CSV with the columns `from`, `to` and labels.
    labels: Option<String>,
    /// Other thresholds to try.
    #[serde(default)]
    sweep: Vec<f64>,
    /// The text of a rule that is not saved yet.
    rule: Option<String>,
}

/// Replays the past under a rule
#[utoipa::path(
    post,
    path = "/api/v1/rules/{id}/backtest",
    operation_id = "backtest_rule",
    tag = "rules",
    params(("id" = String, Path, description = "The rule's id")),
    request_body = NewBacktest,
    responses(
        (status = 200, description = "What the rule would have done", body = Outcome),
        (status = 400, description = "No time, no rule's text, no outages", body = ErrorBody),
        (status = 404, description = "There is no such rule", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(in crate::api) async fn try_out(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body<NewBacktest>,
) -> Result<Json<Outcome>, ApiError> {
    let rule = draft_or_saved(&app, &id, body.rule.as_deref())?;
    let is_saved = body.rule.is_none();
    let outages = body
        .labels
        .as_deref()
        .map(|text| read_outages(text, &rule.query.labels));
    let outages = outages.transpose();
    let span = Span {
        from_us: time(&body.from)?,
        to_us: time(&body.to)?,
    };
    if span.to_us <= span.from_us {
        return Err(ApiError::bad_request("from has to lie before to"));
    }
    let n_ticks = (span.to_us - span.from_us).div_euclid(rule.eval.every.0);
    if n_ticks > TICKS_MAX {
        let message = format!("that are {n_ticks} ticks; ask for at most {TICKS_MAX}");
        let days = TICKS_MAX * rule.eval.every.0 / 86_400_000_000;
        let hint = format!("take at most {days}d, or give the rule a longer `every`");
        return Err(ApiError::bad_request(message).hint(hint));
    }
    let installation_id = app.store.state().read(crate::alerting::installation_id)?;
    let trial = Trial {
        span,
        outages: outages.map_err(ApiError::bad_request)?,
        sweep: body.sweep,
        installation_id,
        public_url: app.public_url.to_string(),
    };
    let ticks = history(&app.engine, &app.queries, &rule, span, |_| {}).await;
    let policy = app.policy();
    let (own, report) = (
        rule.clone(),
        tokio::task::spawn_blocking(move || replay(&rule, &policy, &ticks, &trial)),
    );
    let outcome = report
        .await
        .map_err(anyhow::Error::from)?
        .map_err(crate::state::StateError::from)?;
    if is_saved {
        let report = outcome.report.clone();
        let write = move |tx: &Transaction<'_>| backtest::store(tx, &own, &report, now_us());
        app.store.state().write(write).await?;
    }
    Ok(Json(outcome))
}

/// Where to.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::api) struct Fire {
    /// One of the settings' targets; all of the rule's when absent.
    target: Option<String>,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// What became of a test message.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Fired {
    target: String,
    action: Action,
    /// Whether the target took it.
    taken: bool,
    error: Option<String>,
    message: Notification,
    /// The body that was sent, keys starred out; null where it is no JSON, as in a mail.
    #[schema(value_type = Object)]
    body: Value,
}

/// Fields of bodies that hold a secret.
const SECRET_FIELDS: [&str; 3] = ["routing_key", "service_key", "topic"];

/// The body that was sent last, as far as it may be shown.
fn shown_body(sent: &Sent) -> Value {
    let last = sent
        .lock()
        .unwrap_or_else(|poison| poison.into_inner())
        .pop();
    let mut body: Value = last
        .and_then(|body| serde_json::from_slice(&body).ok())
        .unwrap_or_default();
    for name in SECRET_FIELDS {
        if let Some(field) = body.get_mut(name) {
            *field = "***".into();
        }
    }
    body
}

/// Sends a test event and its resolve, and says what became of them
#[utoipa::path(
    post,
    path = "/api/v1/rules/{id}/fire",
    operation_id = "fire_rule",
    tag = "rules",
    params(("id" = String, Path, description = "The rule's id")),
    request_body = Fire,
    responses(
        (status = 200, description = "Two for each target", body = Vec<Fired>),
        (status = 400, description = "The rule has no target", body = ErrorBody),
        (status = 404, description = "There is no such rule or target", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(in crate::api) async fn fire(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Fire>,
) -> Result<Json<Vec<Fired>>, ApiError> {
    let (rule, _) = find(&app, &id)?;
    let names = match body.target {
        Some(name) => vec![name],
        None => app.policy().targets_of(&rule),
    };
    if names.is_empty() {
        return Err(ApiError::bad_request(format!(
            "rule {id} has no target that the settings know"
        ))
        .hint("write [targets.NAME] into logatlas.toml, or name one with --target"));
    }
    let (client, bodies) = HttpClient::watched().map_err(anyhow::Error::from)?;
    let mut outcomes = Vec::new();
    for name in names {
        let target = app.config.targets.get(&name);
        let target = target
            .ok_or_else(|| ApiError::not_found(format!("the settings have no target {name}")))?;
        for action in [Action::Trigger, Action::Resolve] {
            let message = test_event(&app, &rule, action);
            let id = uuid::Uuid::now_v7().to_string();
            let sent = target
                .notifier()
                .send(&client, &message, MessageId(&id))
                .await;
            outcomes.push(Fired {
                target: name.clone(),
                action,
                taken: sent.is_ok(),
                error: sent.err().map(|error| error.to_string()),
                message,
                body: shown_body(&bodies),
            });
        }
    }
    let name = caller.acts_for(body.by);
    let note =
        move |tx: &Transaction<'_>| people::audit(tx, now_us(), &name, "fire", &id, "test event");
    app.store.state().write(note).await?;
    Ok(Json(outcomes))
}

fn test_event(app: &App, rule: &AlertRule, action: Action) -> Notification {
    let now = now_us();
    Notification {
        action,
        reason: Reason::Test,
        incident_id: format!("test-{}", rule.id),
        dedup_key: format!("test-{}", rule.id),
        episode: 1,
        seq: if action == Action::Trigger { 1 } else { 2 },
        rule: rule.id.clone(),
        kind: "value".into(),
        title: rule.title.clone(),
        summary: format!(
            "test of rule {}: {} would be here, limit {}",
            rule.id,
            rule.title,
            message::show(rule.query.unit(), rule.raise.at)
        ),
        severity: rule.route.severity,
        service: rule.route.service.clone(),
        team: rule.route.team.clone(),
        threshold: rule.raise.at,
        tick_us: now,
        opened_us: now,
        client_url: app.public_url.to_string(),
        runbook_url: message::runbook_url(&app.public_url, &rule.runbook),
        ..Notification::default()
    }
}
