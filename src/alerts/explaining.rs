//! Open incidents are explained beside the loop, when they open and again as they go on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::Transaction;

use super::explain;
use crate::api::App;
use crate::rule::{AlertRule, Labels};

/// An incident that goes on is explained again at these ages: its first minutes are a small sample.
const EXPLAINED_AGAIN_US: [i64; 3] = [5 * MINUTE_US, 20 * MINUTE_US, 60 * MINUTE_US];
const MINUTE_US: i64 = 60_000_000;
/// Incidents of one tick that are explained.
const EXPLAINED_MAX: usize = 10;

/// Explains incidents, each once at a time.
pub(super) struct Explaining {
    app: App,
    at_work: Arc<Mutex<BTreeSet<String>>>,
}

impl Explaining {
    pub(super) fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            at_work: Arc::default(),
        }
    }

    /// Looks for what stands out in the rule's open incidents: a slow question about one rule holds up no other.
    pub(super) fn look(&self, rule: &AlertRule) {
        let due = self.app.store.state().read(|c| unexplained(c, rule));
        for incident in due.unwrap_or_default() {
            let mut at_work = self.at_work.lock().unwrap_or_else(|p| p.into_inner());
            if !at_work.insert(incident.id.clone()) {
                continue;
            }
            let (app, rule) = (self.app.clone(), rule.clone());
            let at_work = Arc::clone(&self.at_work);
            tokio::spawn(async move {
                explain_one(&app, &rule, &incident).await;
                let mut at_work = at_work.lock().unwrap_or_else(|p| p.into_inner());
                at_work.remove(&incident.id);
            });
        }
    }
}

/// An open incident that is to be explained.
struct Unexplained {
    id: String,
    labels: Labels,
    opened_us: i64,
    tick_us: i64,
}

/// Looks for what stands out in an incident, from the window that opened it on.
async fn explain_one(app: &App, rule: &AlertRule, incident: &Unexplained) {
    let span = (incident.opened_us - rule.eval.window.0, incident.tick_us);
    let found = explain::explain(&app.engine, rule, &incident.labels, span).await;
    if let Err(error) = &found {
        let error = error.to_string();
        tracing::warn!(
            rule.id = rule.id,
            error,
            "an incident could not be explained"
        );
    }
    let (id, found) = (
        incident.id.clone(),
        found.ok().flatten().unwrap_or_default(),
    );
    let store = move |tx: &Transaction<'_>| store_explanation(tx, &id, &found);
    if let Err(error) = app.store.state().write(store).await {
        tracing::error!(%error, "an explanation cannot be stored");
    }
    app.bell.notify_one();
}

/// Whether an incident that was explained up to a time has come to the next age.
fn is_due_again(opened_us: i64, explained_to_us: i64, tick_us: i64) -> bool {
    let n_ages = |at_us: i64| {
        let ages = EXPLAINED_AGAIN_US.iter();
        ages.filter(|age| at_us - opened_us >= **age).count()
    };
    n_ages(tick_us) > n_ages(explained_to_us)
}

/// Open incidents that have no explanation yet, or one of their first minutes alone.
fn unexplained(
    connection: &rusqlite::Connection,
    rule: &AlertRule,
) -> rusqlite::Result<Vec<Unexplained>> {
    let mut statement = connection.prepare_cached(
        "SELECT incident_id, labels, opened_us, tick_us, explanation IS NULL, json_extract(explanation, '$.to') FROM incidents
         WHERE rule_id = ?1 AND kind = 'value' AND state <> 'closed' ORDER BY opened_us",
    )?;
    let rows = statement.query_map([&rule.id], |row| {
        let labels: String = row.get(1)?;
        let incident = Unexplained {
            id: row.get(0)?,
            labels: serde_json::from_str(&labels).unwrap_or_default(),
            opened_us: row.get(2)?,
            tick_us: row.get(3)?,
        };
        let to_us = row.get::<_, Option<i64>>(5)?.map(|ms| ms * 1000);
        let is_due = |to_us| is_due_again(incident.opened_us, to_us, incident.tick_us);
        let is_due = row.get(4)? || to_us.is_some_and(is_due);
        Ok(is_due.then_some(incident))
    })?;
    let due = rows.filter_map(Result::transpose).take(EXPLAINED_MAX);
    due.collect()
}

/// Puts what stands out into an incident and into its messages that have not left yet, and lets them go. Null
/// says that it was looked for in vain.
fn store_explanation(
    tx: &Transaction<'_>,
    id: &str,
    explanation: &serde_json::Value,
) -> rusqlite::Result<()> {
    let text = explanation.to_string();
    // What was found before is more than nothing.
    tx.execute(
        "UPDATE incidents SET explanation = CASE WHEN ?2 = 'null' AND explanation <> 'null'
           THEN json_set(explanation, '$.to', tick_us / 1000) ELSE ?2 END WHERE incident_id = ?1",
        [id, &text],
    )?;
    tx.execute(
        "UPDATE outbox SET body = json_set(body, '$.explanation', json((SELECT explanation FROM incidents WHERE incident_id = ?1))), not_before_us = created_us
         WHERE incident_id = ?1 AND n_attempts = 0 AND action = 'trigger'",
        [id],
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_explained_again_at_each_age_once() {
        let rows = [
            (0, 4, false),
            (0, 5, true),
            (4, 5, true),
            (5, 6, false),
            (5, 19, false),
            (5, 20, true),
            (5, 61, true),
            (20, 60, true),
            (60, 600, false),
        ];
        for (explained_to, tick, expected) in rows {
            let [explained_to_us, tick_us] = [explained_to, tick].map(|minute| minute * MINUTE_US);
            let is_due = is_due_again(0, explained_to_us, tick_us);
            assert_eq!(is_due, expected, "{explained_to} {tick}");
        }
    }
}
