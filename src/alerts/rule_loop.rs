//! The live loop: every second, what is due.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{OptionalExtension, Transaction};

use super::explaining::Explaining;
use super::{backtest, evaluate};
use crate::alerting::backtest::Span;
use crate::alerting::clock::{Clock, Step};
use crate::alerting::{self, Change, Context, Policy, Tick};
use crate::api::App;
use crate::config::Config;
use crate::crash;
use crate::incident::Effect;
use crate::outbox;
use crate::query::{Answer, Limits};
use crate::rule::{self, AlertRule};
use crate::source::Shutdown;
use crate::time::now_us;

/// How often the loop looks for due ticks, ended silences and changed rule files.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// With more ticks due than this they are asked for at once and told as one.
const ONE_BY_ONE_MAX: usize = 2;
/// The clock is written down this often, so that a start behind it is noticed.
const NOTE_CLOCK_EVERY_US: i64 = 60_000_000;
/// A page waits this long for the sentence that says what stands out.
const EXPLAIN_WITHIN_US: i64 = 2_000_000;
pub(super) struct RuleLoop {
    app: App,
    config: Config,
    /// A leap of the clock that has not been noted yet.
    step: Option<Step>,
    /// The time of this round.
    now_us: i64,
    clock_noted_us: i64,
    /// Ticks before this are not made up for: they lie within a leap of the clock.
    floor_us: i64,
    /// Event times that arrived since the last round.
    arrived: Vec<(i64, i64)>,
    /// Rules whose closed windows gained rows.
    late: BTreeSet<String>,
    /// What was asked in this round: rules that ask the same are answered once.
    answers: HashMap<String, (Answer, bool)>,
    /// Problems that were logged already.
    told: Vec<String>,
    explaining: Explaining,
}

impl RuleLoop {
    pub(super) fn new(app: &App, config: &Config) -> Self {
        Self {
            app: app.clone(),
            config: config.clone(),
            step: None,
            now_us: now_us(),
            clock_noted_us: 0,
            floor_us: i64::MIN,
            arrived: Vec::new(),
            late: BTreeSet::new(),
            answers: HashMap::new(),
            told: Vec::new(),
            explaining: Explaining::new(app),
        }
    }

    /// Looks every second until shutdown.
    pub(super) async fn run(mut self, shutdown: Shutdown) {
        let started = elapsed_us();
        let last = self.app.store.state().read(last_clock).unwrap_or_default();
        let mut clock = Clock::new(last, now_us(), 0);
        let (mut versions, mut is_first) = (Vec::new(), true);
        loop {
            let (now, step) = clock.read(now_us(), elapsed_us() - started);
            self.now_us = now;
            let offset_us = now - now_us();
            self.app.clock_offset_us.store(offset_us, Ordering::Relaxed);
            self.step = step.or(self.step);
            let (rules, all, problems) = {
                let (in_use, problems) = self.app.look_at_rules();
                (in_use.rules(), in_use.all(), problems)
            };
            let policy = Policy::new(&self.config.targets, &self.config.teams, &rules);
            let seen: Vec<String> = rules.iter().map(AlertRule::version).collect();
            if versions != seen {
                self.note_versions(&rules, &policy).await;
                versions = seen;
            }
            self.note_clock(is_first, &policy).await;
            self.settle(all, &policy).await;
            let mut problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            self.answers.clear();
            self.arrived = self.app.progress.take_arrived();
            let looked_at = rules.iter().filter(|_| !clock.is_in_doubt());
            for rule in looked_at {
                if shutdown.is_cancelled() {
                    return;
                }
                problems.extend(self.evaluate(rule, &policy, &shutdown).await);
            }
            problems.iter().for_each(|problem| self.tell_once(problem));
            self.told.retain(|told| problems.contains(told));
            is_first = false;
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

    async fn note_versions(&self, rules: &[AlertRule], policy: &Policy) {
        let (rules, policy, context) = (rules.to_vec(), policy.clone(), self.context(self.now_us));
        let note =
            move |tx: &Transaction<'_>| alerting::note_versions(tx, &rules, &policy, &context);
        if let Err(error) = self.app.store.state().write(note).await {
            tracing::error!(%error, "cannot note the versions of the rules");
        }
    }

    /// Writes the time down now and then, and tells of leaps and of pauses that are too long to make up for.
    async fn note_clock(&mut self, is_first: bool, policy: &Policy) {
        let step = self.step;
        let is_due = self.now_us - self.clock_noted_us >= NOTE_CLOCK_EVERY_US;
        if step.is_none() && !is_first && !is_due {
            return;
        }
        if let Some(step) = step {
            tracing::warn!(
                from_us = step.from_us,
                to_us = step.to_us,
                "the clock leapt"
            );
            self.floor_us = step.to_us;
        }
        let (now, policy, context) = (self.now_us, policy.clone(), self.context(self.now_us));
        let note = move |tx: &Transaction<'_>| {
            tx.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('alert_clock_us', ?1)",
                [now.to_string()],
            )?;
            if let Some(step) = step {
                alerting::note_step(tx, step, &policy, &context)?;
            } else if is_first && alerting::note_gap(tx, &policy, &context)? {
                tracing::warn!("the pause was longer than the rules make up for");
            }
            Ok(())
        };
        match self.app.store.state().write(note).await {
            Ok(()) => {
                self.clock_noted_us = self.now_us;
                self.step = None;
            }
            Err(error) => tracing::error!(%error, "the time cannot be noted"),
        }
    }

    /// Ends the incidents of rules that are gone, and tells what time has made due: silences and quiet hours
    /// that ended, bundles that are full.
    async fn settle(&self, rules: Option<Vec<AlertRule>>, policy: &Policy) {
        let (policy, context) = (policy.clone(), self.context(self.now_us));
        let write = move |tx: &Transaction<'_>| {
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
                self.app.bell.notify_one();
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
        let last = self
            .app
            .store
            .state()
            .read(|c| alerting::last_tick(c, &rule.id));
        let last = match last {
            Ok(last) => last,
            Err(error) => return Some(format!("rule {}: {error}", rule.id)),
        };
        if last.is_some_and(|last| self.gained_rows(rule, last)) {
            self.late.insert(rule.id.clone());
        }
        let watermark = self.now_us - rule.eval.lateness.0;
        let mut due = alerting::due_ticks(last, watermark, &rule.eval);
        due.retain(|tick_us| *tick_us >= self.floor_us);
        let waits = due
            .iter()
            .position(|tick_us| self.has_to_wait(rule, *tick_us));
        due.truncate(waits.unwrap_or(due.len()));
        let (Some(first_us), Some(last_us)) = (due.first().copied(), due.last().copied()) else {
            return None;
        };
        let mut done = Ok(());
        if due.len() > ONE_BY_ONE_MAX {
            done = self.catch_up(rule, (first_us, last_us), policy).await;
        } else {
            for tick_us in due {
                if shutdown.is_cancelled() {
                    return None;
                }
                done = self.tick(rule, tick_us, policy).await;
                if done.is_err() {
                    break;
                }
            }
        }
        if self.late.remove(&rule.id) {
            done = done.and(self.look_again(rule, last_us, policy).await);
        }
        done.err()
    }

    /// Whether rows arrived whose windows had been judged, and not too long ago.
    fn gained_rows(&self, rule: &AlertRule, last_us: i64) -> bool {
        let Some(horizon) = rule.eval.late_horizon() else {
            return false;
        };
        let reach_us = last_us - horizon.0 - rule.eval.window.0;
        let mut arrived = self.arrived.iter();
        arrived.any(|(oldest, newest)| *oldest < last_us && *newest >= reach_us)
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
        !self.is_complete(rule, tick_us) && self.now_us < latest
    }

    /// Asks the rule's query, or takes what another rule was answered in this round; and whether all lines of
    /// the window were there when it was asked.
    async fn ask(
        &mut self,
        rule: &AlertRule,
        tick_us: i64,
    ) -> (Result<Vec<rule::Reading>, evaluate::TickError>, bool) {
        let is_complete = self.is_complete(rule, tick_us);
        let sql = match evaluate::tick_sql(&self.app.queries, rule, tick_us) {
            Ok(sql) => sql,
            Err(error) => return (Err(error), is_complete),
        };
        if let Some((answer, was_complete)) = self.answers.get(&sql) {
            let is_complete = *was_complete && is_complete;
            return (evaluate::readings_of(rule, answer), is_complete);
        }
        let answer = match self.app.engine.run(&sql, Limits::PANEL).await {
            Ok(answer) => answer,
            Err(error) => return (Err(error.into()), is_complete),
        };
        let readings = evaluate::readings_of(rule, &answer);
        self.answers.insert(sql, (answer, is_complete));
        (readings, is_complete)
    }

    async fn tick(
        &mut self,
        rule: &AlertRule,
        tick_us: i64,
        policy: &Policy,
    ) -> Result<(), String> {
        let start = Instant::now();
        let (outcome, is_complete) = self.ask(rule, tick_us).await;
        let tick = Tick {
            tick_us,
            is_complete,
            outcome: outcome.map_err(|error| error.to_string()),
            eval_us: i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX),
        };
        self.apply(rule, vec![tick], policy).await
    }

    /// Makes up for a pause. All of it is one change, so that people hear of what is so now and not of what
    /// came and went meanwhile.
    async fn catch_up(
        &mut self,
        rule: &AlertRule,
        (from_us, to_us): (i64, i64),
        policy: &Policy,
    ) -> Result<(), String> {
        let span = Span { from_us, to_us };
        let (engine, queries) = (&self.app.engine, &self.app.queries);
        // Asked first: what arrives meanwhile is in no answer.
        let due = rule.eval.ticks(from_us, to_us);
        let complete: BTreeSet<i64> = due
            .filter(|tick_us| self.is_complete(rule, *tick_us))
            .collect();
        let mut ticks = backtest::history(engine, queries, rule, span, |_| {}).await;
        for tick in &mut ticks {
            tick.is_complete = complete.contains(&tick.tick_us);
        }
        self.apply(rule, ticks, policy).await
    }

    /// Applies ticks in one transaction; the problem of the last one is the rule's.
    async fn apply(
        &self,
        rule: &AlertRule,
        ticks: Vec<Tick>,
        policy: &Policy,
    ) -> Result<(), String> {
        let problem = ticks.last().and_then(|tick| tick.outcome.clone().err());
        let (own, own_policy, waits) = (rule.clone(), policy.clone(), rule.explain().is_some());
        // The time that a tick is about, not the moment it happens to be taken: catching up gives the same.
        let context = |tick: &Tick| self.context(tick.tick_us + rule.eval.lateness.0);
        let ticks = ticks.into_iter().map(|tick| (tick.clone(), context(&tick)));
        let (ticks, now) = (ticks.collect::<Vec<_>>(), self.now_us);
        let hold_until_us = now_us() + EXPLAIN_WITHIN_US;
        let write = move |tx: &Transaction<'_>| {
            let changes = alerting::apply_all(tx, &own, &ticks, now, &own_policy)?;
            if changes.iter().any(|change| change.effect == Effect::Open) {
                crash::point("applying");
                if waits {
                    outbox::hold_back(tx, &own.id, hold_until_us)?;
                }
            }
            Ok(changes)
        };
        self.write(rule, write).await?;
        problem.map_or(Ok(()), |error| Err(format!("rule {}: {error}", rule.id)))
    }

    /// Judges closed windows again that gained rows.
    async fn look_again(
        &self,
        rule: &AlertRule,
        last_us: i64,
        policy: &Policy,
    ) -> Result<(), String> {
        let horizon = rule.eval.late_horizon().unwrap_or_default();
        let span = Span {
            from_us: (last_us - horizon.0).max(self.floor_us),
            to_us: last_us,
        };
        let (engine, queries) = (&self.app.engine, &self.app.queries);
        let ticks = backtest::history(engine, queries, rule, span, |_| {}).await;
        let context = self.context(last_us + rule.eval.lateness.0);
        let (own, policy, now) = (rule.clone(), policy.clone(), self.now_us);
        let hold_until_us = now_us() + EXPLAIN_WITHIN_US;
        self.write(rule, move |tx: &Transaction<'_>| {
            let changes = alerting::revise(tx, &own, &ticks, &context, now, &policy)?;
            if own.explain().is_some() && !changes.is_empty() {
                outbox::hold_back(tx, &own.id, hold_until_us)?;
            }
            Ok(changes)
        })
        .await
    }

    /// Runs a change, logs it, and looks for what stands out in what opened.
    async fn write(
        &self,
        rule: &AlertRule,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Vec<Change>> + Send + 'static,
    ) -> Result<(), String> {
        let changes = self.app.store.state().write(change).await;
        let changes = changes.map_err(|error| format!("rule {}: {error}", rule.id))?;
        for change in &changes {
            let word = match change.effect {
                Effect::Open => "fires",
                _ => "resolved",
            };
            let summary = crate::text::escape_controls(&change.summary);
            tracing::info!(rule.id = rule.id, "{word}: {summary}");
        }
        if changes.iter().any(|change| change.effect == Effect::Open) {
            crash::point("applied");
        }
        if rule.explain().is_some() {
            self.explaining.look(rule);
        }
        self.app.bell.notify_one();
        Ok(())
    }
}

/// Microseconds since the machine started, its sleep included, where the system tells (proc(5), `uptime`); a
/// clock that stops in sleep would make every night look like a leap.
fn elapsed_us() -> i64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let uptime = std::fs::read_to_string("/proc/uptime").ok();
    let seconds = uptime.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    match seconds {
        Some(seconds) => (seconds * 1e6) as i64,
        None => i64::try_from(START.elapsed().as_micros()).unwrap_or(i64::MAX),
    }
}

fn last_clock(connection: &rusqlite::Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT value FROM meta WHERE key = 'alert_clock_us'";
    let text: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}
