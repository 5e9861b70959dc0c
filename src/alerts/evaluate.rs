//! A rule's query at one tick: SQL to readings. Live ticks, back-tests and the rule's chart all ask here, so
//! the value that fires is the value that is plotted.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use crate::alerting::backtest::instance_name;
use crate::query::bind::Value;
use crate::query::saved::{SavedQueries, SavedQuery};
use crate::query::windows::{self, Windows};
use crate::query::{Answer, Engine, Limits, QueryError};
use crate::rule::{AlertRule, Labels, Reading, kind};

/// Why a tick could not be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    #[error(transparent)]
    Saved(#[from] crate::query::saved::SavedError),
    #[error(transparent)]
    Query(#[from] crate::query::QueryError),
    #[error("query {query} returns no column {column}")]
    Column { query: String, column: String },
    #[error("column {column} cannot be read as a number")]
    NoNumber {
        column: String,
        source: arrow::error::ArrowError,
    },
    #[error("the rule's query returns more rows than {0}, of which nothing is judged")]
    TooMany(usize),
    #[error("the rule's query returns two rows for {0}: its labels have to tell them apart")]
    Twice(String),
}

/// The SQL of a rule's tick.
pub fn tick_sql(
    queries: &SavedQueries,
    rule: &AlertRule,
    tick_us: i64,
) -> Result<String, TickError> {
    let query = queries.get(&rule.query.name)?;
    kind::sql(rule, tick_us, |from, to| window_sql(&query, rule, from, to))
}

/// The saved query bound to a window `[from, to)` and the rule's parameters.
fn window_sql(
    query: &SavedQuery,
    rule: &AlertRule,
    from: i64,
    to: i64,
) -> Result<String, TickError> {
    let mut values = BTreeMap::from([
        ("from".to_owned(), Value::Timestamp(from)),
        ("to".to_owned(), Value::Timestamp(to)),
    ]);
    for (name, value) in &rule.query.params {
        let value = match value {
            toml::Value::Integer(n) => Value::Int(*n),
            toml::Value::Float(x) => Value::Float(*x),
            toml::Value::String(text) => Value::Text(text.clone()),
            other => Value::Text(other.to_string()),
        };
        values.insert(name.clone(), value);
    }
    Ok(query.bind(&values)?)
}

/// Rows that a rule's query may give at one tick.
const READINGS_MAX: usize = 10_000;

/// The rule's readings at a tick.
pub async fn readings(
    engine: &Engine,
    queries: &SavedQueries,
    rule: &AlertRule,
    tick_us: i64,
) -> Result<Vec<Reading>, TickError> {
    let sql = tick_sql(queries, rule, tick_us)?;
    let answer = engine.run(&sql, Limits::PANEL).await?;
    readings_of(rule, &answer)
}

/// What the answer to [`tick_sql`] says.
pub fn readings_of(rule: &AlertRule, answer: &Answer) -> Result<Vec<Reading>, TickError> {
    if answer.truncated {
        return Err(TickError::TooMany(READINGS_MAX));
    }
    let mut readings = Vec::with_capacity(answer.n_rows());
    for batch in &answer.batches {
        readings.extend(read_batch(rule, batch)?);
    }
    checked(readings)
}

/// At most so many rows, one for a label set.
fn checked(readings: Vec<Reading>) -> Result<Vec<Reading>, TickError> {
    if readings.len() > READINGS_MAX {
        return Err(TickError::TooMany(READINGS_MAX));
    }
    let mut seen = BTreeSet::new();
    match readings
        .iter()
        .find(|reading| !seen.insert(&reading.labels))
    {
        Some(twice) => Err(TickError::Twice(instance_name("value", &twice.labels))),
        None => Ok(readings),
    }
}

/// The rule's readings at many ticks, from one question; what [`readings`] would give at each of them.
///
/// An error is about the question as a whole: the ticks may still be asked one by one.
pub async fn readings_of_ticks(
    engine: &Engine,
    queries: &SavedQueries,
    rule: &AlertRule,
    windows: Windows,
) -> Result<BTreeMap<i64, Result<Vec<Reading>, TickError>>, TickError> {
    if rule.kind.reach_us(rule.eval.window.0) > windows::REACH_US {
        return Err(QueryError::OneByOne("it reaches further than a year".into()).into());
    }
    let sql = tick_sql(queries, rule, windows::SENTINEL_US)?;
    let limits = Limits {
        rows_max: None,
        ..Limits::CONSOLE
    };
    let answer = engine.run_windows(&sql, windows, limits).await?;
    if answer.truncated {
        return Err(TickError::TooMany(answer.n_rows()));
    }
    let n_ticks = (windows.last_us - windows.first_us).div_euclid(windows.every_us);
    let mut ticks: BTreeMap<i64, Vec<Reading>> = (0..=n_ticks)
        .map(|i| (windows.first_us + i * windows.every_us, Vec::new()))
        .collect();
    for batch in &answer.batches {
        let of_row = number_column::<Int64Type>(rule, batch, windows::TICK)?;
        for (row, reading) in read_batch(rule, batch)?.into_iter().enumerate() {
            if let Some(readings) = ticks.get_mut(&of_row.value(row)) {
                readings.push(reading);
            }
        }
    }
    let ticks = ticks
        .into_iter()
        .map(|(tick_us, readings)| (tick_us, checked(readings)));
    Ok(ticks.collect())
}

fn number_column<T: ArrowPrimitiveType>(
    rule: &AlertRule,
    batch: &RecordBatch,
    name: &str,
) -> Result<PrimitiveArray<T>, TickError> {
    Ok(column_of(rule, batch, name, &T::DATA_TYPE)?
        .as_primitive::<T>()
        .clone())
}

fn column_of(
    rule: &AlertRule,
    batch: &RecordBatch,
    name: &str,
    data_type: &DataType,
) -> Result<ArrayRef, TickError> {
    let missing = |_| TickError::Column {
        query: rule.query.name.clone(),
        column: name.to_owned(),
    };
    let index = batch.schema().index_of(name).map_err(missing)?;
    cast(batch.column(index), data_type).map_err(|source| TickError::NoNumber {
        column: name.to_owned(),
        source,
    })
}

fn read_batch(rule: &AlertRule, batch: &RecordBatch) -> Result<Vec<Reading>, TickError> {
    let column = |name: &str, data_type: DataType| -> Result<ArrayRef, TickError> {
        column_of(rule, batch, name, &data_type)
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
