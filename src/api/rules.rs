//! Rules: what there is, how each did, its chart, its past, a test event.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Body, Params};
use super::{ApiError, App, Caller};
use crate::alerting::backtest::{self, Span, read_outages};
use crate::alerting::{people, review};
use crate::alerts::backtest::{Trial, history, replay};
use crate::alerts::{self, evaluate};
use crate::http_client::HttpClient;
use crate::notify::{Action, MessageId, Notification, Reason};
use crate::rule::AlertRule;
use crate::rule::lint::{Finding, Surroundings, lint};
use crate::state::Transaction;
use crate::time::now_us;

/// Points of a chart.
const SERIES_TICKS_MAX: i64 = 2000;

/// What lint says of a rule among all rules and the settings.
fn findings(app: &App, rule: &AlertRule, rules: &[AlertRule]) -> Vec<Finding> {
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    let targets = names(app.config.targets.keys().collect());
    let teams = names(app.config.teams.keys().collect());
    let around = Surroundings {
        queries: &app.queries,
        targets: &targets,
        teams: &teams,
        rules,
        has_runbook: super::assets::has_runbook,
    };
    lint(rule, &around)
}

fn describe(app: &App, rule: &AlertRule, rules: &[AlertRule]) -> Result<Value, ApiError> {
    let state = app.store.state();
    let last = state.read(|c| crate::alerting::last_tick(c, &rule.id))?;
    let ppv = state.read(|c| review::observed_ppv(c, &rule.id))?;
    let backtest = state.read(|c| backtest::stored(c, rule))?;
    let open = state.read(|c| crate::alerting::n_open(c, &rule.id))?;
    Ok(json!({
        "id": rule.id,
        "title": rule.title,
        "enabled": rule.enabled,
        "version": rule.version(),
        "query": rule.query.name,
        "labels": rule.query.labels,
        "unit": rule.query.unit(),
        "every_s": rule.eval.every.0 / 1_000_000,
        "window_s": rule.eval.window.0 / 1_000_000,
        "raise": {"op": rule.raise.op.as_str(), "at": rule.raise.at},
        "recover": {"op": rule.recover.op.as_str(), "at": rule.recover.at},
        "severity": rule.route.severity,
        "service": rule.route.service,
        "team": rule.route.team,
        "targets": app.policy().targets_of(rule),
        "runbook": rule.runbook,
        "text": rule.text,
        "last_tick": last.map(|us| us / 1000),
        "open_incidents": open,
        "findings": findings(app, rule, rules),
        // How far its pages could be trusted; unknown until somebody has classed incidents.
        "observed_ppv": ppv,
        "backtest": backtest,
    }))
}

/// `GET /api/v1/rules`
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let (rules, problems) = alerts::read_rules(&app.queries_dir);
    let list = rules.iter().map(|rule| describe(&app, rule, &rules));
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Ok(Json(
        json!({"rules": list.collect::<Result<Vec<_>, _>>()?, "problems": problems}),
    ))
}

fn find(app: &App, id: &str) -> Result<(AlertRule, Vec<AlertRule>), ApiError> {
    let (rules, _) = alerts::read_rules(&app.queries_dir);
    let found = rules.iter().find(|rule| rule.id == id).cloned();
    let found = found.ok_or_else(|| {
        ApiError::not_found(format!("there is no rule {id}")).hint("GET /api/v1/rules lists them")
    })?;
    Ok((found, rules))
}

/// `GET /api/v1/rules/{id}`
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (rule, rules) = find(&app, &id)?;
    Ok(Json(describe(&app, &rule, &rules)?))
}

/// Which time: epoch milliseconds or RFC 3339.
#[derive(Deserialize)]
pub(super) struct Window {
    from: String,
    to: String,
}

fn time(text: &str) -> Result<i64, ApiError> {
    let ms = text.parse::<i64>().ok().and_then(|ms| ms.checked_mul(1000));
    ms.or_else(|| crate::time::parse_rfc3339(text))
        .ok_or_else(|| ApiError::bad_request(format!("{text} is no time")))
}

/// `GET /api/v1/rules/{id}/series?from=&to=`: the rule's value at each tick, as it decides on.
pub(super) async fn series(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(window): Params<Window>,
) -> Result<Json<Value>, ApiError> {
    let (rule, _) = find(&app, &id)?;
    let (from, to) = (time(&window.from)?, time(&window.to)?);
    let every = rule.eval.every.0;
    let (first, last) = ((from + every - 1).div_euclid(every), to.div_euclid(every));
    if last - first >= SERIES_TICKS_MAX {
        return Err(ApiError::bad_request(format!(
            "that are {} ticks; ask for at most {SERIES_TICKS_MAX}",
            last - first + 1
        )));
    }
    let mut series: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let span = Span {
        from_us: from,
        to_us: to,
    };
    for tick in history(&app.engine, &app.queries, &rule, span, |_| {}).await {
        for reading in tick.outcome.unwrap_or_default() {
            let name = crate::alerting::backtest::instance_name("value", &reading.labels);
            let point = json!({"t": tick.tick_us / 1000, "value": reading.value, "n": reading.n});
            series.entry(name).or_default().push(point);
        }
    }
    let sql = evaluate::tick_sql(&app.queries, &rule, last * every);
    Ok(Json(json!({
        "rule": rule.id,
        "raise": rule.raise.at,
        "recover": rule.recover.at,
        "sql": sql.ok(),
        "series": series,
    })))
}

/// What to try.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBacktest {
    from: String,
    to: String,
    /// Known outages as CSV.
    labels: Option<String>,
    #[serde(default)]
    sweep: Vec<f64>,
    /// The text of a rule that is not saved yet.
    rule: Option<String>,
}

/// `POST /api/v1/rules/{id}/backtest`
pub(super) async fn try_out(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body<NewBacktest>,
) -> Result<Json<Value>, ApiError> {
    let rule = match &body.rule {
        Some(text) => {
            AlertRule::parse(&id, text).map_err(|error| ApiError::bad_request(error.to_string()))?
        }
        None => find(&app, &id)?.0,
    };
    let is_saved = body.rule.is_none();
    let outages = body.labels.as_deref().map(read_outages).transpose();
    let span = Span {
        from_us: time(&body.from)?,
        to_us: time(&body.to)?,
    };
    if span.to_us <= span.from_us {
        return Err(ApiError::bad_request("from has to lie before to"));
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
    Ok(Json(json!(outcome)))
}

/// Where to.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fire {
    /// One of the settings' targets; all of the rule's when absent.
    target: Option<String>,
    by: Option<String>,
}

/// `POST /api/v1/rules/{id}/fire`: sends a test event and its resolve, and says what became of them.
pub(super) async fn fire(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Fire>,
) -> Result<Json<Value>, ApiError> {
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
    let client = HttpClient::new().map_err(anyhow::Error::from)?;
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
            outcomes.push(json!({
                "target": name,
                "action": action,
                "taken": sent.is_ok(),
                "error": sent.err().map(|error| error.to_string()),
                "message": message,
            }));
        }
    }
    let name = caller.acts_for(body.by);
    let note =
        move |tx: &Transaction<'_>| people::audit(tx, now_us(), &name, "fire", &id, "test event");
    app.store.state().write(note).await?;
    Ok(Json(json!(outcomes)))
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
            rule.id, rule.title, rule.raise.at
        ),
        severity: rule.route.severity,
        service: rule.route.service.clone(),
        team: rule.route.team.clone(),
        threshold: rule.raise.at,
        tick_us: now,
        opened_us: now,
        client_url: app.public_url.to_string(),
        runbook_url: match rule.runbook.starts_with("http") {
            true => rule.runbook.clone(),
            false => format!("{}/runbooks/{}", app.public_url, rule.runbook),
        },
        ..Notification::default()
    }
}
