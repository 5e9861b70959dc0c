//! Asks the rows what stands out in an incident. What is found is judged in `alerting::explain`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::alerting::explain::{Cell, Finding, best_lag, findings, sentence};
use crate::query::bind::Value as Literal;
use crate::query::output::{self, OutputFormat};
use crate::query::{Engine, Limits, QueryError};
use crate::rule::{AlertRule, Labels};

/// Columns that may hold the reason, with their names for people.
const DIMENSIONS: [(&str, &str); 9] = [
    ("country", "country"),
    ("region", "region"),
    ("city", "city"),
    ("as_org", "network"),
    ("path", "path"),
    ("host", "host"),
    ("server_name", "server"),
    ("method", "method"),
    ("browser", "browser"),
];
/// Conditions that a sentence joins.
const CONDITIONS_MAX: usize = 4;
/// A condition is worth its place when it holds this much of the excess.
const SHARE_MIN: f64 = 0.5;
/// What is normal is what was so in this time before the window.
const BEFORE_US: i64 = 24 * 3_600_000_000;
/// Hosts' load is looked at over this time, by the minute.
const LOAD_US: i64 = 2 * 3_600_000_000;
const LAG_MAX_MINUTES: usize = 15;
/// Weaker correlations say nothing.
const CORRELATION_MIN: f64 = 0.5;
const SAMPLES_MAX: usize = 5;

/// One question about one incident.
struct Inquiry<'a> {
    engine: &'a Engine,
    rule: &'a AlertRule,
    from_us: i64,
    to_us: i64,
}

/// What stands out among the incident's failing rows in a span of time: the findings, a sentence, sample lines
/// without addresses and queries, the hosts' load. None when the rule says not how rows fail.
pub async fn explain(
    engine: &Engine,
    rule: &AlertRule,
    labels: &Labels,
    (from_us, to_us): (i64, i64),
) -> Result<Option<Value>, QueryError> {
    let Some(explain) = rule.explain() else {
        return Ok(None);
    };
    let inquiry = Inquiry {
        engine,
        rule,
        from_us,
        to_us,
    };
    let mut conditions: Vec<(String, String)> = Vec::new();
    for (name, value) in labels {
        if let (true, Some(value)) = (DIMENSIONS.iter().any(|(column, _)| column == name), value) {
            conditions.push((name.clone(), value.clone()));
        }
    }
    let given = conditions.len();
    let (total_n, total_k) = inquiry
        .total(&conditions, inquiry.from_us, inquiry.to_us)
        .await?;
    let (normal_n, normal_k) = inquiry
        .total(&conditions, inquiry.from_us - BEFORE_US, inquiry.from_us)
        .await?;
    let normal = if normal_n > 0.0 {
        normal_k / normal_n
    } else {
        0.0
    };
    let excess = total_k - total_n * normal;
    if excess <= 0.0 {
        return Ok(None);
    }
    let (mut n, mut k) = (total_n, total_k);
    let mut all: Vec<Finding> = Vec::new();
    while conditions.len() < given + CONDITIONS_MAX {
        let cells = inquiry.cells(&conditions).await?;
        let found = findings(&cells, (n, k), normal);
        if all.is_empty() {
            all.clone_from(&found);
        }
        let next = found.into_iter().find(|finding| {
            let share = (finding.k - finding.n * normal) / excess;
            share >= SHARE_MIN && finding.value.is_some() && finding.lift >= 1.5
        });
        let Some(next) = next else { break };
        (n, k) = (next.n, next.k);
        conditions.push((next.dimension.to_owned(), next.value.unwrap_or_default()));
    }
    let share = (k - n * normal) / excess;
    let sentence = match conditions.is_empty() {
        true => None,
        false => Some(sentence(&conditions, share.min(1.0), k / n / normal)),
    };
    Ok(Some(json!({
        "sentence": sentence,
        "from": from_us / 1000,
        "to": to_us / 1000,
        "conditions": conditions.iter().map(|(name, value)| json!({"column": name, "value": value})).collect::<Vec<_>>(),
        "share": share,
        "normal_rate": normal,
        "rate": total_k / total_n.max(1.0),
        "findings": all,
        "load": inquiry.load(labels).await?,
        "samples": inquiry.samples(&conditions).await?,
        "failing": explain.failing,
    })))
}

impl Inquiry<'_> {
    fn window(from_us: i64, to_us: i64) -> String {
        let literal = |us| Literal::Timestamp(us).literal();
        format!("ts >= {} AND ts < {}", literal(from_us), literal(to_us))
    }

    fn filter(&self, conditions: &[(String, String)]) -> String {
        let among = self.rule.explain().map_or("true", |explain| &explain.among);
        let mut filter = format!("({among})");
        for (column, value) in conditions {
            filter.push_str(&format!(
                " AND \"{column}\" = {}",
                Literal::Text(value.clone()).literal()
            ));
        }
        filter
    }

    fn failing(&self) -> &str {
        self.rule
            .explain()
            .map_or("false", |explain| &explain.failing)
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Value>, QueryError> {
        let answer = self.engine.run(sql, Limits::PANEL).await?;
        let failed = |error: String| QueryError::Failed(error);
        let bytes = output::to_bytes(&answer, OutputFormat::Json);
        let bytes = bytes.map_err(|error| failed(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
    }

    async fn total(
        &self,
        conditions: &[(String, String)],
        from_us: i64,
        to_us: i64,
    ) -> Result<(f64, f64), QueryError> {
        let sql = format!(
            "SELECT count(*) AS n, count(*) FILTER (WHERE {}) AS k FROM logs WHERE {} AND {}",
            self.failing(),
            Self::window(from_us, to_us),
            self.filter(conditions)
        );
        let rows = self.rows(&sql).await?;
        let number = |name: &str| {
            rows.first()
                .and_then(|row| row[name].as_f64())
                .unwrap_or(0.0)
        };
        Ok((number("n"), number("k")))
    }

    /// Requests and failures by each dimension that is not fixed yet.
    async fn cells(&self, conditions: &[(String, String)]) -> Result<Vec<Cell>, QueryError> {
        let free = DIMENSIONS
            .iter()
            .filter(|(column, _)| conditions.iter().all(|(name, _)| name != column));
        let parts: Vec<String> = free
            .map(|(column, _)| {
                format!(
                    "(SELECT '{column}' AS d, CAST(\"{column}\" AS VARCHAR) AS v, count(*) AS n, count(*) FILTER (WHERE {}) AS k
                      FROM logs WHERE {} AND {} GROUP BY \"{column}\" ORDER BY k DESC, v LIMIT 100)",
                    self.failing(),
                    Self::window(self.from_us, self.to_us),
                    self.filter(conditions)
                )
            })
            .collect();
        let rows = self.rows(&parts.join(" UNION ALL ")).await?;
        let cell = |row: &Value| {
            let name = row["d"].as_str()?;
            Some(Cell {
                dimension: DIMENSIONS.iter().find(|(column, _)| *column == name)?.0,
                value: row["v"].as_str().map(str::to_owned),
                n: row["n"].as_f64()?,
                k: row["k"].as_f64()?,
            })
        };
        Ok(rows.iter().filter_map(cell).collect())
    }

    /// Lines that failed, by columns that say nothing about who asked.
    async fn samples(&self, conditions: &[(String, String)]) -> Result<Vec<Value>, QueryError> {
        let sql = format!(
            "SELECT ts, host, method, path, status, message FROM logs WHERE {} AND {} AND ({}) ORDER BY ts DESC LIMIT {SAMPLES_MAX}",
            Self::window(self.from_us, self.to_us),
            self.filter(conditions),
            self.failing()
        );
        self.rows(&sql).await
    }

    /// The hosts whose CPU moves with the failures, and by how many minutes it comes before or after.
    async fn load(&self, labels: &Labels) -> Result<Vec<Value>, QueryError> {
        let conditions: Vec<(String, String)> = labels
            .iter()
            .filter(|(name, _)| DIMENSIONS.iter().any(|(column, _)| column == name))
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect();
        let window = Self::window(self.to_us - LOAD_US, self.to_us);
        let failures = self
            .rows(&format!(
                "SELECT host, CAST(ts AS BIGINT) / 60000000 AS minute, CAST(count(*) AS DOUBLE) AS v FROM logs
                 WHERE {window} AND {} AND ({}) GROUP BY 1, 2",
                self.filter(&conditions),
                self.failing()
            ))
            .await?;
        let load = self
            .rows(&format!(
                "SELECT host, CAST(ts AS BIGINT) / 60000000 AS minute, avg(cpu_pct) AS v FROM host_metrics WHERE {window} GROUP BY 1, 2"
            ))
            .await?;
        let (failures, load) = (self.series(&failures), self.series(&load));
        let mut found = Vec::new();
        for (host, cpu) in &load {
            let Some(failures) = failures.get(host) else {
                continue;
            };
            let Some((lag, correlation)) = best_lag(failures, cpu, LAG_MAX_MINUTES) else {
                continue;
            };
            if correlation >= CORRELATION_MIN {
                let last = cpu.iter().rev().find(|value| **value > 0.0).copied();
                found.push(json!({"host": host, "metric": "cpu_pct", "lag_minutes": lag, "correlation": correlation, "now": last}));
            }
        }
        found.sort_by(|a, b| {
            b["correlation"]
                .as_f64()
                .unwrap_or(0.0)
                .total_cmp(&a["correlation"].as_f64().unwrap_or(0.0))
        });
        Ok(found)
    }

    /// A value for each minute of the span, zero where there is none.
    fn series(&self, rows: &[Value]) -> BTreeMap<String, Vec<f64>> {
        let first = (self.to_us - LOAD_US).div_euclid(60_000_000);
        let n_minutes = (LOAD_US / 60_000_000) as usize;
        let mut series: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for row in rows {
            let (Some(host), Some(minute), Some(value)) = (
                row["host"].as_str(),
                row["minute"].as_i64(),
                row["v"].as_f64(),
            ) else {
                continue;
            };
            let line = series
                .entry(host.to_owned())
                .or_insert_with(|| vec![0.0; n_minutes]);
            let at = usize::try_from(minute - first).ok();
            if let Some(slot) = at.and_then(|at| line.get_mut(at)) {
                *slot = value;
            }
        }
        series
    }
}
