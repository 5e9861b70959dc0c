//! Rules: what there is, how each did, its chart, its past, a test event.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::error::{Body, ErrorBody, Params};
use super::{ApiError, App, Caller};
use crate::alerting::backtest::{
    self, Report, Share, Span, instance_name, phase_spans, read_outages,
};
use crate::alerting::message;
use crate::alerting::{people, review};
use crate::alerts::backtest::{Outcome, TICKS_MAX, Trial, history, replay};
use crate::alerts::evaluate;
use crate::http_client::{HttpClient, Sent};
use crate::notify::{Action, MessageId, Notification, Reason};
use crate::query::Limits;
use crate::rule::lint::{Finding, Level, Surroundings, lint, lint_columns};
use crate::rule::{self, AlertRule, Labels, Op, Severity, Unit};
use crate::state::Transaction;
use crate::time::now_us;

/// Points of a chart: a day of a rule that looks every 30 s.
const SERIES_TICKS_MAX: i64 = 3000;

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

/// What lint says of a rule's question, once the engine has planned it: nothing is read.
async fn question_findings(app: &App, rule: &AlertRule) -> Vec<Finding> {
    let finding = |field, what| Finding {
        rule: rule.id.clone(),
        level: Level::Error,
        field,
        what,
    };
    let name = &rule.query.name;
    let Ok(query) = app.queries.get(name) else {
        // Lint has said so.
        return Vec::new();
    };
    let given = match app.columns_of(&query).await {
        Ok(given) => given,
        Err(error) => {
            let what = format!("query {name} cannot be run: {error}");
            return vec![finding(Some("query.name"), what)];
        }
    };
    let missing = lint_columns(rule, &given);
    if !missing.is_empty() {
        return missing;
    }
    let tick_us = rule.eval.window.0;
    let planned = match evaluate::tick_sql(&app.queries, rule, tick_us) {
        Ok(sql) => app.engine.stream(&sql, Limits::PANEL).await,
        // A parameter that is missing, which lint has said too.
        Err(_) => return Vec::new(),
    };
    let error = planned.err().map(|error| error.to_string());
    let what = error.map(|error| format!("the question of the rule cannot be run: {error}"));
    what.map(|what| finding(None, what)).into_iter().collect()
}

/// A rule as it stands in its file, and how it does.
#[derive(Serialize, ToSchema)]
pub(super) struct Rule {
    id: String,
    title: String,
    enabled: bool,
    /// A hash of what it decides by.
    version: String,
    /// The saved query that it asks.
    query: String,
    /// Columns that tell its instances apart.
    labels: Vec<String>,
    unit: Unit,
    every_s: i64,
    window_s: i64,
    raise: Limit,
    recover: Limit,
    severity: Severity,
    service: String,
    team: String,
    /// Names of the targets that are told.
    targets: Vec<String>,
    runbook: String,
    /// The file's text (TOML).
    text: String,
    /// Whether the program carries a file of its name, which counts again when one's own is deleted.
    shipped: bool,
    /// Whether the user's folder holds its file.
    own: bool,
    /// End of the window evaluated last, epoch milliseconds.
    last_tick: Option<i64>,
    open_incidents: i64,
    /// What lint says.
    findings: Vec<Finding>,
    /// How far its pages could be trusted; unknown until somebody has classed incidents.
    observed_ppv: Share,
    /// The last back-test of this version, without its episodes.
    backtest: Option<Report>,
}

impl Rule {
    /// Adds what the engine says of the rule's question; the worst first.
    async fn with_question(mut self, app: &App, rule: &AlertRule) -> Self {
        self.findings.extend(question_findings(app, rule).await);
        let findings = &mut self.findings;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        self
    }
}

/// Where a rule starts or ends to hold.
#[derive(Serialize, ToSchema)]
struct Limit {
    op: Op,
    at: f64,
}

/// The rules that can be read, and where each stands.
#[derive(Default)]
struct Known {
    rules: Vec<AlertRule>,
    /// Names of their files, by id.
    files: BTreeMap<String, String>,
    /// What is wrong with the other files.
    problems: Vec<String>,
}

impl Known {
    fn read(app: &App) -> Self {
        let mut known = Self::default();
        match rule::read_files(&app.queries_dir) {
            Err(problem) => known.problems.push(problem.to_string()),
            Ok(files) => {
                for (name, file) in files {
                    match file {
                        Err(problem) => known.problems.push(problem.to_string()),
                        Ok(rule) => {
                            known.files.insert(rule.id.clone(), name);
                            known.rules.push(rule);
                        }
                    }
                }
            }
        }
        known
    }

    /// The name of the file that a rule has, or would have.
    fn file_of(&self, id: &str) -> String {
        let file = self.files.get(id).cloned();
        file.unwrap_or_else(|| format!("{id}.toml"))
    }
}

/// Where the user's file of this name would be.
fn own_path(app: &App, file: &str) -> PathBuf {
    app.queries_dir.join("alerts").join(file)
}

fn describe(app: &App, rule: &AlertRule, known: &Known) -> Result<Rule, ApiError> {
    let state = app.store.state();
    let file = known.file_of(&rule.id);
    let last = state.read(|c| crate::alerting::last_tick(c, &rule.id))?;
    let ppv = state.read(|c| review::observed_ppv(c, &rule.id))?;
    let backtest = state.read(|c| backtest::stored(c, rule))?;
    let open = state.read(|c| crate::alerting::n_open(c, &rule.id))?;
    Ok(Rule {
        id: rule.id.clone(),
        title: rule.title.clone(),
        enabled: rule.enabled,
        version: rule.version(),
        query: rule.query.name.clone(),
        labels: rule.query.labels.clone(),
        unit: rule.query.unit(),
        every_s: rule.eval.every.0 / 1_000_000,
        window_s: rule.eval.window.0 / 1_000_000,
        raise: Limit {
            op: rule.raise.op,
            at: rule.raise.at,
        },
        recover: Limit {
            op: rule.recover.op,
            at: rule.recover.at,
        },
        severity: rule.route.severity,
        service: rule.route.service.clone(),
        team: rule.route.team.clone(),
        targets: app.policy().targets_of(rule),
        runbook: rule.runbook.clone(),
        text: rule.text.clone(),
        shipped: rule::is_shipped(&file),
        own: own_path(app, &file).is_file(),
        last_tick: last.map(|us| us / 1000),
        open_incidents: open,
        findings: findings(app, rule, &known.rules),
        observed_ppv: ppv,
        backtest,
    })
}

/// The rules that can be read, and why others cannot.
#[derive(Serialize, ToSchema)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// What is wrong with the other files.
    problems: Vec<String>,
}

/// Lists the rules and how they do
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    operation_id = "list_rules",
    tag = "rules",
    responses((status = 200, description = "By name", body = Rules))
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Rules>, ApiError> {
    let known = Known::read(&app);
    let list = known.rules.iter();
    let list = list.map(|rule| describe(&app, rule, &known));
    Ok(Json(Rules {
        rules: list.collect::<Result<_, _>>()?,
        problems: known.problems,
    }))
}

fn find(app: &App, id: &str) -> Result<(AlertRule, Known), ApiError> {
    let known = Known::read(app);
    let found = known.rules.iter().find(|rule| rule.id == id).cloned();
    let found = found.ok_or_else(|| {
        ApiError::not_found(format!("there is no rule {id}")).hint("GET /api/v1/rules lists them")
    })?;
    Ok((found, known))
}

/// Shows a rule and how it does
#[utoipa::path(
    get,
    path = "/api/v1/rules/{id}",
    operation_id = "get_rule",
    tag = "rules",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The rule", body = Rule),
        (status = 404, description = "There is no such rule", body = ErrorBody),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Rule>, ApiError> {
    let (rule, known) = find(&app, &id)?;
    let shown = describe(&app, &rule, &known)?;
    Ok(Json(shown.with_question(&app, &rule).await))
}

/// A rule's text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRule {
    /// The file (TOML). Its `id` is the one of the path.
    text: String,
    /// The version that was read before it was changed; when it is another by now, nothing is written. Absent:
    /// there is no such rule yet.
    version: Option<String>,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// Writes a rule into the user's folder
///
/// It is in use within a second. A shipped rule is laid over, not changed.
#[utoipa::path(
    put,
    path = "/api/v1/rules/{id}",
    operation_id = "put_rule",
    tag = "rules",
    params(("id" = String, Path, description = "Its id")),
    request_body = NewRule,
    responses(
        (status = 200, description = "The rule as it is now, with what lint says", body = Rule),
        (status = 400, description = "The text is no rule; the message names the line", body = ErrorBody),
        (status = 409, description = "Somebody else has changed it, or it is there already", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn write(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<NewRule>,
) -> Result<Json<Rule>, ApiError> {
    let rule = AlertRule::parse(&id, &body.text)
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    if rule.id != id {
        let message = format!("the text is of the rule {}, the path names {id}", rule.id);
        return Err(ApiError::bad_request(message));
    }
    let _writing = WRITING.lock().await;
    let files = crate::rule::read_files(&app.queries_dir).map_err(anyhow::Error::from)?;
    let mut good = files
        .iter()
        .filter_map(|(name, file)| Some((name, file.as_ref().ok()?)));
    let known = good.find(|(_, known)| known.id == id);
    let version = known.map(|(_, known)| known.version());
    let own_name = format!("{id}.toml");
    let is_taken = known.is_none() && files.contains_key(&own_name);
    if version != body.version || is_taken {
        return Err(changed_meanwhile(&id));
    }
    let name = known.map_or(own_name, |(name, _)| name.clone());
    let dir = app.queries_dir.join("alerts");
    let path = dir.join(name);
    let text = body.text.clone();
    super::on_disk(move || {
        std::fs::create_dir_all(&dir)?;
        crate::disk::write_atomically(&path, text.as_bytes())
    })
    .await?;
    let (by, subject) = (caller.acts_for(body.by), id.clone());
    let note = move |tx: &Transaction<'_>| {
        let version = rule.version();
        people::audit(tx, now_us(), &by, "write rule", &subject, &version)
    };
    app.store.state().write(note).await?;
    let (rule, known) = find(&app, &id)?;
    let shown = describe(&app, &rule, &known)?;
    Ok(Json(shown.with_question(&app, &rule).await))
}

/// One at a time: two changes of one version may not both pass.
static WRITING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn changed_meanwhile(id: &str) -> ApiError {
    let message = format!("the file of rule {id} is not the one that was read");
    ApiError::new(StatusCode::CONFLICT, "changed_meanwhile", message)
        .hint("read it again, and send its `version`")
}

/// Which file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Version {
    /// The version that was read; when it is another by now, nothing is deleted.
    version: Option<String>,
}

/// Deletes one's own rule
///
/// A shipped one of the same name counts again; without one the rule is gone, and what it had open ends.
#[utoipa::path(
    delete,
    path = "/api/v1/rules/{id}",
    operation_id = "delete_rule",
    tag = "rules",
    params(("id" = String, Path, description = "Its id"), Version),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "There is no such rule, or it is a shipped one", body = ErrorBody),
        (status = 409, description = "Somebody else has changed it", body = ErrorBody),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(read): Params<Version>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let _writing = WRITING.lock().await;
    let (rule, known) = find(&app, &id)?;
    let path = own_path(&app, &known.file_of(&id));
    if !path.is_file() {
        let shipped = ApiError::not_found(format!("rule {id} is shipped"));
        return Err(shipped.hint("write it with `enabled = false` to switch it off"));
    }
    let version = rule.version();
    if read.version.is_some_and(|read| read != version) {
        return Err(changed_meanwhile(&id));
    }
    super::on_disk(move || crate::disk::remove(&path)).await?;
    let by = caller.name;
    let note =
        move |tx: &Transaction<'_>| people::audit(tx, now_us(), &by, "delete rule", &id, &version);
    app.store.state().write(note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A rule's text that is not saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    /// The file (TOML).
    rule: String,
}

/// What there is to say about a rule's text.
#[derive(Serialize, ToSchema)]
pub(super) struct Linted {
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
pub(super) async fn lint_draft(
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
pub(super) struct Window {
    /// Epoch milliseconds or RFC 3339.
    from: String,
    /// Epoch milliseconds or RFC 3339.
    to: String,
}

fn time(text: &str) -> Result<i64, ApiError> {
    let ms = text.parse::<i64>().ok().and_then(|ms| ms.checked_mul(1000));
    ms.or_else(|| crate::time::parse_rfc3339(text))
        .ok_or_else(|| ApiError::bad_request(format!("{text} is no time")))
}

/// A rule's values over time.
#[derive(Serialize, ToSchema)]
pub(super) struct Series {
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
pub(super) async fn series(
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
pub(super) struct DraftSeries {
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
pub(super) async fn draft_series(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body<DraftSeries>,
) -> Result<Json<Series>, ApiError> {
    let rule = draft_or_saved(&app, &id, body.rule.as_deref())?;
    let (from, to) = (body.from, body.to);
    values(&app, rule, Window { from, to }).await
}

/// The rule that a text says, or the saved one.
fn draft_or_saved(app: &App, id: &str, draft: Option<&str>) -> Result<AlertRule, ApiError> {
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

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBacktest {
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
pub(super) async fn try_out(
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
pub(super) struct Fire {
    /// One of the settings' targets; all of the rule's when absent.
    target: Option<String>,
    /// Who acts, when the command line acts for somebody.
    by: Option<String>,
}

/// What became of a test message.
#[derive(Serialize, ToSchema)]
pub(super) struct Fired {
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
pub(super) async fn fire(
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
