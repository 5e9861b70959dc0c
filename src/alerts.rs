//! Runs the rules: when a tick is due, asks the saved query, applies the tick, and lets the outbox send.

pub mod backtest;
pub mod evaluate;
pub mod explain;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::alerting::{self, Context, Policy, Tick};
use crate::api::App;
use crate::config::Config;
use crate::http_client::HttpClient;
use crate::incident::Effect;
use crate::outbox::Dispatcher;
use crate::rule::{self, AlertRule, Labels, RuleError};
use crate::source::Shutdown;
use crate::time::now_us;

/// How often the loop looks for due ticks, ended silences and changed rule files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reads the shipped rules and those of the user's folder.
pub fn read_rules(queries_dir: &Path) -> (Vec<AlertRule>, Vec<RuleError>) {
    rule::read_all(queries_dir)
}

/// Starts the rule loop and the outbox.
pub fn start(
    tasks: &mut JoinSet<()>,
    app: &App,
    config: &Config,
    queries_dir: &Path,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let dispatcher = Dispatcher {
        state: app.store.state().clone(),
        targets: config.targets.clone(),
        fallback: config.fallback_target.clone(),
        client: HttpClient::new()?,
        bell: Arc::clone(&app.bell),
    };
    let rules = RuleLoop {
        app: app.clone(),
        config: config.clone(),
        queries_dir: queries_dir.to_owned(),
        bell: Arc::clone(&app.bell),
        told: Vec::new(),
    };
    tasks.spawn(dispatcher.run(shutdown.clone()));
    tasks.spawn(rules.run(shutdown.clone()));
    Ok(())
}

/// Puts what stands out into an incident and into its messages that have not left yet.
fn store_explanation(
    tx: &rusqlite::Transaction<'_>,
    id: &str,
    explanation: &serde_json::Value,
) -> rusqlite::Result<()> {
    let text = explanation.to_string();
    tx.execute(
        "UPDATE incidents SET explanation = ?2 WHERE incident_id = ?1",
        [id, &text],
    )?;
    tx.execute(
        "UPDATE outbox SET body = json_set(body, '$.explanation', json(?2)) WHERE incident_id = ?1 AND n_attempts = 0 AND action = 'trigger'",
        [id, &text],
    )
    .map(drop)
}

struct RuleLoop {
    app: App,
    config: Config,
    queries_dir: PathBuf,
    bell: Arc<Notify>,
    /// Problems that were logged already.
    told: Vec<String>,
}

impl RuleLoop {
    async fn run(mut self, shutdown: Shutdown) {
        let mut versions = Vec::new();
        loop {
            let (mut rules, problems) = read_rules(&self.queries_dir);
            rules.retain(|rule| rule.enabled);
            let policy = Policy::new(&self.config.targets, &self.config.teams, &rules);
            let seen: Vec<String> = rules.iter().map(AlertRule::version).collect();
            if versions != seen {
                self.note_versions(&rules).await;
                versions = seen;
            }
            // A rule that cannot be read is not a rule that was removed: its incidents are not resolved for a
            // typing error.
            self.settle(problems.is_empty().then(|| rules.clone()), &policy)
                .await;
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            problems.iter().for_each(|problem| self.tell_once(problem));
            let mut failed = Vec::new();
            for rule in &rules {
                if shutdown.is_cancelled() {
                    return;
                }
                failed.extend(self.evaluate(rule, &policy, &shutdown).await);
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

    async fn note_versions(&self, rules: &[AlertRule]) {
        let rules = rules.to_vec();
        let note =
            move |tx: &rusqlite::Transaction<'_>| alerting::note_versions(tx, &rules, now_us());
        if let Err(error) = self.app.store.state().write(note).await {
            tracing::error!(%error, "cannot note the versions of the rules");
        }
    }

    /// Ends the incidents of rules that are gone, and tells what time has made due: silences and quiet hours
    /// that ended, bundles that are full.
    async fn settle(&self, rules: Option<Vec<AlertRule>>, policy: &Policy) {
        let (policy, context) = (policy.clone(), self.context(now_us()));
        let write = move |tx: &rusqlite::Transaction<'_>| {
            let n_closed = match rules {
                Some(rules) => alerting::close_orphans(tx, &rules, &context, &policy)?,
                None => 0,
            };
            alerting::settle(tx, &policy, &context)?;
            Ok(n_closed)
        };
        match self.app.store.state().write(write).await {
            Ok(0) => {}
            Ok(n) => {
                tracing::info!(
                    incidents = n,
                    "resolved the incidents of rules that are gone"
                );
                self.bell.notify_one();
            }
            Err(error) => tracing::error!(%error, "incidents cannot be settled"),
        }
    }

    fn context(&self, now_us: i64) -> Context {
        Context {
            public_url: self.app.public_url.to_string(),
            now_us,
        }
    }

    /// Evaluates what is due; returns the problem when that fails.
    async fn evaluate(
        &mut self,
        rule: &AlertRule,
        policy: &Policy,
        shutdown: &Shutdown,
    ) -> Option<String> {
        let watermark = now_us() - rule.eval.lateness.0;
        let state = self.app.store.state();
        let last = match state.read(|c| alerting::last_tick(c, &rule.id)) {
            Ok(last) => last,
            Err(error) => {
                let problem = format!("rule {}: {error}", rule.id);
                self.tell_once(&problem);
                return Some(problem);
            }
        };
        let mut problem = None;
        for tick_us in alerting::due_ticks(last, watermark, rule.eval.every.0) {
            if shutdown.is_cancelled() || self.has_to_wait(rule, tick_us) {
                break;
            }
            problem = self.tick(rule, tick_us, policy).await.err();
            if let Some(problem) = &problem {
                self.tell_once(problem);
            }
        }
        problem
    }

    /// Whether lines that arrived in time may still be on their way to the store. Batches become durable in
    /// the order of their arrival, so one stored line that came later proves that none is.
    fn is_complete(&self, rule: &AlertRule, tick_us: i64) -> bool {
        let progress = &self.app.progress;
        let stored_us = progress.last_stored_us.load(Ordering::Relaxed);
        let arrived_us = stored_us - progress.last_delay_us.load(Ordering::Relaxed);
        progress.in_flight.load(Ordering::Relaxed) == 0
            || arrived_us >= tick_us + rule.eval.lateness.0
    }

    fn has_to_wait(&self, rule: &AlertRule, tick_us: i64) -> bool {
        let latest = tick_us + rule.eval.lateness.0 + rule.eval.max_wait.0;
        !self.is_complete(rule, tick_us) && now_us() < latest
    }

    async fn tick(&self, rule: &AlertRule, tick_us: i64, policy: &Policy) -> Result<(), String> {
        let is_complete = self.is_complete(rule, tick_us);
        let start = Instant::now();
        let outcome = evaluate::readings(&self.app.engine, &self.app.queries, rule, tick_us).await;
        let outcome = outcome.map_err(|error| error.to_string());
        let problem = outcome
            .as_ref()
            .err()
            .map(|error| format!("rule {}: {error}", rule.id));
        let tick = Tick {
            tick_us,
            is_complete,
            outcome,
            eval_us: i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX),
        };
        // The time that the tick is about, not the moment it happens to be taken: catching up gives the same.
        let context = self.context(tick_us + rule.eval.lateness.0);
        let (own, policy) = (rule.clone(), policy.clone());
        let apply = move |tx: &rusqlite::Transaction<'_>| {
            alerting::apply(tx, &own, &tick, &context, &policy)
        };
        let changes = self.app.store.state().write(apply).await;
        let changes = changes.map_err(|error| format!("rule {}: {error}", rule.id))?;
        for change in &changes {
            let word = match change.effect {
                Effect::Open => "fires",
                _ => "resolved",
            };
            tracing::info!(
                rule.id = rule.id,
                "{word}: {}",
                crate::text::escape_controls(&change.summary)
            );
        }
        if changes.iter().any(|change| change.effect == Effect::Open) {
            self.explain(rule, tick_us).await;
        }
        self.bell.notify_one();
        problem.map_or(Ok(()), Err)
    }

    /// Looks for what stands out in the incidents that opened at this tick.
    async fn explain(&self, rule: &AlertRule, tick_us: i64) {
        let state = self.app.store.state();
        let opened = state.read(|c| {
            c.prepare_cached(
                "SELECT incident_id, labels FROM incidents WHERE rule_id = ?1 AND opened_us = ?2 AND kind = 'value' LIMIT 10",
            )?
            .query_map(rusqlite::params![rule.id, tick_us], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
        });
        for (id, labels) in opened.unwrap_or_default() {
            let labels: Labels = serde_json::from_str(&labels).unwrap_or_default();
            let found = explain::explain(&self.app.engine, rule, &labels, tick_us).await;
            let written = match found {
                Ok(Some(found)) => {
                    let store =
                        move |tx: &rusqlite::Transaction<'_>| store_explanation(tx, &id, &found);
                    state.write(store).await.map_err(|error| error.to_string())
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = written {
                tracing::warn!(
                    rule.id = rule.id,
                    error,
                    "an incident could not be explained"
                );
            }
        }
    }
}
