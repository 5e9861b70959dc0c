//! Runs the rules: when a tick is due, asks the saved query, applies the tick, and lets the outbox send.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::alerting::{self, Context, Tick};
use crate::api::App;
use crate::config::Config;
use crate::http_client::HttpClient;
use crate::incident::Effect;
use crate::outbox::Dispatcher;
use crate::query::bind::Value;
use crate::query::{Answer, Limits};
use crate::rule::{self, AlertRule, Labels, Reading, RuleError};
use crate::source::Shutdown;
use crate::time::now_us;

/// How often the loop looks for due ticks and changed rule files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a tick could not be evaluated.
#[derive(Debug, thiserror::Error)]
enum TickError {
    #[error(transparent)]
    Saved(#[from] crate::query::saved::SavedError),
    #[error(transparent)]
    Query(#[from] crate::query::QueryError),
    #[error(transparent)]
    State(#[from] crate::state::StateError),
    #[error("query {query} returns no column {column}")]
    Column { query: String, column: String },
    #[error("column {column} cannot be read as a number")]
    NoNumber {
        column: String,
        source: arrow::error::ArrowError,
    },
}

/// Reads the shipped rules and those of the user's folder.
pub fn read_rules(queries_dir: &Path) -> (Vec<AlertRule>, Vec<RuleError>) {
    rule::read_all(queries_dir)
}

/// Starts the rule loop and the outbox.
pub fn start(
    tasks: &mut JoinSet<()>,
    app: &App,
    config: &Config,
    public_url: &str,
    queries_dir: &Path,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let bell = Arc::new(Notify::new());
    let dispatcher = Dispatcher {
        state: app.store.state().clone(),
        targets: config.targets.clone(),
        client: HttpClient::new()?,
        bell: Arc::clone(&bell),
    };
    let rules = RuleLoop {
        app: app.clone(),
        public_url: public_url.trim_end_matches('/').to_owned(),
        queries_dir: queries_dir.to_owned(),
        targets: config.targets.keys().cloned().collect(),
        bell,
        told: Vec::new(),
    };
    tasks.spawn(dispatcher.run(shutdown.clone()));
    tasks.spawn(rules.run(shutdown.clone()));
    Ok(())
}

struct RuleLoop {
    app: App,
    public_url: String,
    queries_dir: PathBuf,
    targets: Vec<String>,
    bell: Arc<Notify>,
    /// Problems that were logged already.
    told: Vec<String>,
}

impl RuleLoop {
    async fn run(mut self, shutdown: Shutdown) {
        loop {
            let (mut rules, problems) = read_rules(&self.queries_dir);
            rules.retain(|rule| rule.enabled);
            // A rule that cannot be read is not a rule that was removed: its incidents are not resolved for a
            // typing error.
            if problems.is_empty() {
                self.close_orphans(&rules).await;
            }
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            problems.iter().for_each(|problem| self.tell_once(problem));
            let mut failed = Vec::new();
            for rule in &rules {
                if shutdown.is_cancelled() {
                    return;
                }
                failed.extend(self.evaluate(rule, &shutdown).await);
            }
            self.told
                .retain(|told| problems.contains(told) || failed.contains(told));
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    fn tell_once(&mut self, problem: &str) {
        if !self.told.iter().any(|told| told == problem) {
            tracing::warn!(error = problem, "an alert rule does not work");
            self.told.push(problem.to_owned());
        }
    }

    async fn close_orphans(&self, rules: &[AlertRule]) {
        let rules = rules.to_vec();
        let closed = self
            .app
            .store
            .state()
            .write(move |tx| alerting::close_orphans(tx, &rules, now_us()))
            .await;
        match closed {
            Ok(0) => {}
            Ok(n) => {
                tracing::info!(
                    incidents = n,
                    "resolved the incidents of rules that are gone"
                );
                self.bell.notify_one();
            }
            Err(error) => {
                tracing::error!(%error, "cannot resolve the incidents of rules that are gone")
            }
        }
    }

    /// Evaluates what is due; returns the problem when that fails.
    async fn evaluate(&mut self, rule: &AlertRule, shutdown: &Shutdown) -> Option<String> {
        let watermark = now_us() - rule.eval.lateness.0;
        let last = self
            .app
            .store
            .state()
            .read(|c| alerting::last_tick(c, &rule.id));
        let outcome = match last {
            Ok(last) => {
                self.ticks(
                    rule,
                    alerting::due_ticks(last, watermark, rule.eval.every.0),
                    shutdown,
                )
                .await
            }
            Err(error) => Err(error.into()),
        };
        // The tick stays due and open incidents hold.
        let problem = format!("rule {}: {}", rule.id, outcome.err()?);
        self.tell_once(&problem);
        Some(problem)
    }

    async fn ticks(
        &self,
        rule: &AlertRule,
        due: Vec<i64>,
        shutdown: &Shutdown,
    ) -> Result<(), TickError> {
        for tick_us in due {
            if shutdown.is_cancelled() {
                return Ok(());
            }
            self.tick(rule, tick_us).await?;
        }
        Ok(())
    }

    async fn tick(&self, rule: &AlertRule, tick_us: i64) -> Result<(), TickError> {
        let is_complete = self.app.progress.in_flight.load(Ordering::Relaxed) == 0;
        let readings = self.readings(rule, tick_us).await?;
        let tick = Tick {
            tick_us,
            is_complete,
            readings,
        };
        let mut rule = rule.clone();
        // A target that the settings do not have takes no messages; the incident opens all the same.
        rule.route
            .targets
            .retain(|target| self.targets.contains(target));
        let context = Context {
            public_url: self.public_url.clone(),
            now_us: now_us(),
        };
        let id = rule.id.clone();
        let apply =
            move |tx: &rusqlite::Transaction<'_>| alerting::apply_tick(tx, &rule, &tick, &context);
        let changes = self.app.store.state().write(apply).await?;
        for change in &changes {
            let word = if change.effect == Effect::Open {
                "fires"
            } else {
                "resolved"
            };
            tracing::info!(
                rule.id = id,
                "{word}: {}",
                crate::text::escape_controls(&change.summary)
            );
        }
        self.bell.notify_one();
        Ok(())
    }

    async fn readings(&self, rule: &AlertRule, tick_us: i64) -> Result<Vec<Reading>, TickError> {
        let query = self.app.queries.get(&rule.query.name)?;
        let window = BTreeMap::from([
            (
                "from".to_owned(),
                Value::Timestamp(tick_us - rule.eval.window.0),
            ),
            ("to".to_owned(), Value::Timestamp(tick_us)),
        ]);
        let sql = query.bind(&window)?;
        let answer = self.app.engine.run(&sql, Limits::PANEL).await?;
        let mut readings = Vec::with_capacity(answer.n_rows());
        for batch in &answer.batches {
            readings.extend(read_batch(rule, &answer, batch)?);
        }
        Ok(readings)
    }
}

fn read_batch(
    rule: &AlertRule,
    answer: &Answer,
    batch: &RecordBatch,
) -> Result<Vec<Reading>, TickError> {
    let column = |name: &str, data_type: DataType| -> Result<ArrayRef, TickError> {
        let missing = |_| TickError::Column {
            query: rule.query.name.clone(),
            column: name.to_owned(),
        };
        let index = answer.schema.index_of(name).map_err(missing)?;
        cast(batch.column(index), &data_type).map_err(|source| TickError::NoNumber {
            column: name.to_owned(),
            source,
        })
    };
    let int = |name: &Option<String>| {
        name.as_deref()
            .map(|name| column(name, DataType::Int64))
            .transpose()
    };
    let values = column(&rule.query.value, DataType::Float64)?;
    let (n, k) = (int(&rule.query.sample)?, int(&rule.query.count)?);
    let labels = rule
        .query
        .labels
        .iter()
        .map(|name| Ok((name, column(name, DataType::Utf8)?)))
        .collect::<Result<Vec<_>, TickError>>()?;
    let at = |column: &Option<ArrayRef>, row: usize| -> Option<i64> {
        let column = column.as_ref()?.as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let values = values.as_primitive::<Float64Type>();
    let reading = |row: usize| Reading {
        labels: labels
            .iter()
            .map(|(name, column)| {
                let column = column.as_string::<i32>();
                let value = column.is_valid(row).then(|| column.value(row).to_owned());
                ((*name).clone(), value)
            })
            .collect::<Labels>(),
        value: values.is_valid(row).then(|| values.value(row)),
        n: at(&n, row),
        k: at(&k, row),
    };
    Ok((0..batch.num_rows()).map(reading).collect())
}
