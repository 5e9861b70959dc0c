//! A rule's text before it is saved: what is doubtful about it, and its values, limits and phases on a time axis.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::error::{Body, ErrorBody, Params};
use super::super::{ApiError, App};
use super::{Known, Rule, describe, find};
use crate::alerting::backtest::{Span, instance_name, phase_spans};
use crate::alerts::backtest::history;
use crate::alerts::evaluate;
use crate::rule::lint::{Finding, Level};
use crate::rule::{self, AlertRule, Labels};

/// Points of a chart: a day of a rule that looks every 30 s.
const SERIES_TICKS_MAX: i64 = 3000;

/// A rule's text that is not saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Draft {
    /// The file (TOML).
    rule: String,
}

/// What there is to say about a rule's text.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Linted {
    /// Why it is no rule; null when it is one.
    problem: Option<Problem>,
    /// What lint says, the worst first.
    findings: Vec<Finding>,
    /// The rule as it would be shown; null when it is none.
    rule: Option<Rule>,
}

/// Why a text is no rule.
#[derive(Serialize, ToSchema)]
struct Problem {
    what: String,
    /// Where in the text, from 1; null when it is about more than a line.
    line: Option<usize>,
}

/// Says what is doubtful about a rule's text before it is saved
#[utoipa::path(
    post,
    path = "/api/v1/rules/{id}/lint",
    operation_id = "lint_rule",
    tag = "rules",
    params(("id" = String, Path, description = "The rule's id; it need not exist")),
    request_body = Draft,
    responses(
        (status = 200, description = "What there is to say, also when the text is no rule", body = Linted),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(in crate::api) async fn lint_draft(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(draft): Body<Draft>,
) -> Result<Json<Linted>, ApiError> {
    let rule = match AlertRule::parse(&id, &draft.rule) {
        Ok(rule) => rule,
        Err(problem) => {
            let problem = Problem {
                what: problem.to_string(),
                line: rule::line_of_fault(&draft.rule),
            };
            return Ok(Json(Linted {
                problem: Some(problem),
                findings: Vec::new(),
                rule: None,
            }));
        }
    };
    let mut known = Known::read(&app);
    known.rules.retain(|other| other.id != rule.id);
    known.rules.push(rule.clone());
    let mut shown = describe(&app, &rule, &known)?;
    if rule.id != id {
        shown.findings.push(Finding {
            rule: rule.id.clone(),
            level: Level::Error,
            field: Some("id"),
            what: format!("the text is of the rule {}, not of {id}", rule.id),
        });
    }
    let shown = shown.with_question(&app, &rule).await;
    Ok(Json(Linted {
        problem: None,
        findings: shown.findings.clone(),
        rule: Some(shown),
    }))
}

/// Which time.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Window {
    /// Epoch milliseconds or RFC 3339.
    from: String,
    /// Epoch milliseconds or RFC 3339.
    to: String,
}

pub(super) fn time(text: &str) -> Result<i64, ApiError> {
    let ms = text.parse::<i64>().ok().and_then(|ms| ms.checked_mul(1000));
    ms.or_else(|| crate::time::parse_rfc3339(text))
        .ok_or_else(|| ApiError::bad_request(format!("{text} is no time")))
}

/// A rule's values over time.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Series {
    rule: String,
    /// The threshold to open at.
    raise: f64,
    /// The threshold to end at.
    recover: f64,
    /// The SQL of the last tick; null when it cannot be written.
    sql: Option<String>,
    /// By instance, in the order of time.
    series: BTreeMap<String, Vec<Point>>,
    /// When instances were not well, in the order of time. A phase goes on where the next begins.
    spans: Vec<PhaseOf>,
}

/// The words of `PhaseOf::phase`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is there to be described")]
enum InstancePhase {
    Pending,
    Firing,
    Recovering,
}

/// How long an instance was in a phase.
#[derive(Serialize, ToSchema)]
struct PhaseOf {
    /// As in `series`.
    name: String,
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    labels: Labels,
    #[schema(value_type = InstancePhase)]
    phase: String,
    /// The tick that began it, epoch milliseconds.
    from: i64,
    /// The tick that ended it; of the last phase, one tick after the last one looked at.
    to: i64,
}

/// What a rule read at one tick.
#[derive(Serialize, ToSchema)]
struct Point {
    /// End of the window, epoch milliseconds.
    t: i64,
    value: Option<f64>,
    /// Size of the sample.
    n: Option<i64>,
}

/// Shows the rule's value at each tick, as it decides on
#[utoipa::path(
    get,
    path = "/api/v1/rules/{id}/series",
    operation_id = "get_rule_series",
    tag = "rules",
    params(("id" = String, Path, description = "The rule's id"), Window),
    responses(
        (status = 200, description = "The values", body = Series),
        (status = 400, description = "No time, or more than 3000 ticks", body = ErrorBody),
        (status = 404, description = "There is no such rule", body = ErrorBody),
    )
)]
pub(in crate::api) async fn series(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(window): Params<Window>,
) -> Result<Json<Series>, ApiError> {
    let (rule, _) = find(&app, &id)?;
    values(&app, rule, window).await
}

/// A window, and perhaps a rule that is not saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct DraftSeries {
    /// Epoch milliseconds or RFC 3339, as a text.
    from: String,
    /// Epoch milliseconds or RFC 3339, as a text.
    to: String,
    /// The text of a rule that is not saved yet; the saved one when absent.
    rule: Option<String>,
}

/// Shows the values of a rule that is not saved yet
#[utoipa::path(
    post,
    path = "/api/v1/rules/{id}/series",
    operation_id = "try_rule_series",
    tag = "rules",
    params(("id" = String, Path, description = "The rule's id; it need not exist when a text is sent")),
    request_body = DraftSeries,
    responses(
        (status = 200, description = "The values", body = Series),
        (status = 400, description = "No time, no rule's text, or more than 3000 ticks", body = ErrorBody),
        (status = 404, description = "There is no such rule", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(in crate::api) async fn draft_series(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body<DraftSeries>,
) -> Result<Json<Series>, ApiError> {
    let rule = draft_or_saved(&app, &id, body.rule.as_deref())?;
    let (from, to) = (body.from, body.to);
    values(&app, rule, Window { from, to }).await
}

/// The rule that a text says, or the saved one.
pub(super) fn draft_or_saved(
    app: &App,
    id: &str,
    draft: Option<&str>,
) -> Result<AlertRule, ApiError> {
    match draft {
        Some(text) => {
            AlertRule::parse(id, text).map_err(|error| ApiError::bad_request(error.to_string()))
        }
        None => Ok(find(app, id)?.0),
    }
}

/// A rule's values, as it decides on.
async fn values(app: &App, rule: AlertRule, window: Window) -> Result<Json<Series>, ApiError> {
    let (from, to) = (time(&window.from)?, time(&window.to)?);
    let every = rule.eval.every.0;
    let n_ticks = (to - from).div_euclid(every) + 1;
    if n_ticks > SERIES_TICKS_MAX {
        return Err(ApiError::bad_request(format!(
            "that are {n_ticks} ticks; ask for at most {SERIES_TICKS_MAX}"
        )));
    }
    // What an instance was in at the first tick shows only in the ticks before it.
    let before =
        i64::from(rule.ticks(rule.hold.pending) + rule.ticks(rule.hold.keep_firing_for)) + 1;
    let span = Span {
        from_us: from - before * every,
        to_us: to,
    };
    let ticks = history(&app.engine, &app.queries, &rule, span, |_| {}).await;
    let spans =
        phase_spans(&rule, &app.policy(), &ticks).map_err(crate::state::StateError::from)?;
    let spans = spans
        .into_iter()
        .filter(|span| span.to_us > from)
        .map(|span| PhaseOf {
            name: instance_name("value", &span.labels),
            labels: span.labels,
            phase: span.phase,
            from: span.from_us.max(from) / 1000,
            to: span.to_us / 1000,
        });
    let spans = spans.collect();
    let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for tick in ticks.into_iter().filter(|tick| tick.tick_us >= from) {
        for reading in tick.outcome.unwrap_or_default() {
            let name = instance_name("value", &reading.labels);
            let point = Point {
                t: tick.tick_us / 1000,
                value: reading.value,
                n: reading.n,
            };
            series.entry(name).or_default().push(point);
        }
    }
    let sql = evaluate::tick_sql(&app.queries, &rule, rule.eval.tick_until(to));
    Ok(Json(Series {
        raise: rule.raise.at,
        recover: rule.recover.at,
        sql: sql.ok(),
        series,
        spans,
        rule: rule.id,
    }))
}
