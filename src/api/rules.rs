//! Rules: what there is, how each did, and their files.

pub(super) mod draft;
pub(super) mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{Body, ErrorBody, Params};
use super::own_files::{Note, VersionRead, changed_meanwhile};
use super::{ApiError, App, Caller};
use crate::alerting::backtest::{self, Report, Share};
use crate::alerting::review;
use crate::alerts::question::lint_question;
use crate::rule::lint::{Finding, Surroundings, lint};
use crate::rule::{self, AlertRule, Op, Severity, Unit};

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

/// What lint says of a rule's question, by planning it.
async fn question_findings(app: &App, rule: &AlertRule) -> Vec<Finding> {
    let (planner, queries, rule) = (Arc::clone(&app.planner), app.queries.clone(), rule.clone());
    let look = move || lint_question(&planner, &queries, &rule);
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
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
    let writing = app.writing().await;
    let files = crate::rule::read_files(&app.queries_dir).map_err(anyhow::Error::from)?;
    let mut good = files
        .iter()
        .filter_map(|(name, file)| Some((name, file.as_ref().ok()?)));
    let known = good.find(|(_, known)| known.id == id);
    let version = known.map(|(_, known)| known.version());
    let own_name = format!("{id}.toml");
    let is_taken = known.is_none() && files.contains_key(&own_name);
    if version != body.version || is_taken {
        return Err(changed_meanwhile(&format!("rule {id}")));
    }
    let name = known.map_or(own_name, |(name, _)| name.clone());
    let note = Note {
        by: caller.acts_for(body.by),
        act: "write rule",
        subject: id.clone(),
        version: rule.version(),
    };
    writing
        .write(own_path(&app, &name), body.text, note)
        .await?;
    let (rule, known) = find(&app, &id)?;
    let shown = describe(&app, &rule, &known)?;
    Ok(Json(shown.with_question(&app, &rule).await))
}

/// Deletes one's own rule
///
/// A shipped one of the same name counts again; without one the rule is gone, and what it had open ends.
#[utoipa::path(
    delete,
    path = "/api/v1/rules/{id}",
    operation_id = "delete_rule",
    tag = "rules",
    params(("id" = String, Path, description = "Its id"), VersionRead),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "There is no such rule, or it is a shipped one", body = ErrorBody),
        (status = 409, description = "Somebody else has changed it", body = ErrorBody),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(read): Params<VersionRead>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let writing = app.writing().await;
    let (rule, known) = find(&app, &id)?;
    let path = own_path(&app, &known.file_of(&id));
    if !path.is_file() {
        let shipped = ApiError::not_found(format!("rule {id} is shipped"));
        return Err(shipped.hint("write it with `enabled = false` to switch it off"));
    }
    let version = rule.version();
    if read.version.is_some_and(|read| read != version) {
        return Err(changed_meanwhile(&format!("rule {id}")));
    }
    let note = Note {
        by: caller.name,
        act: "delete rule",
        subject: id,
        version,
    };
    writing.delete(path, note).await?;
    Ok(StatusCode::NO_CONTENT)
}
