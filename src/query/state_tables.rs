//! SQL tables over the state file: ledger, sources, incidents and their messages.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::MemTable;
use rusqlite::types::ValueRef;

use crate::store::Store;

/// A table: its name, the SQLite query behind it and its columns. `_us` columns are microseconds.
struct StateTable {
    name: &'static str,
    sql: &'static str,
    columns: &'static [(&'static str, DataType)],
}

const TEXT: DataType = DataType::Utf8View;
const INT: DataType = DataType::Int64;
const FLOAT: DataType = DataType::Float64;

static TABLES: &[StateTable] = &[
    StateTable {
        name: "ledger",
        sql: "SELECT source, kind, reason, n FROM ledger",
        columns: &[
            ("source", TEXT),
            ("kind", TEXT),
            ("reason", TEXT),
            ("n", INT),
        ],
    },
    StateTable {
        name: "sources",
        sql: "SELECT source, path, offset, line, done, updated_us FROM positions",
        columns: &[
            ("source", TEXT),
            ("path", TEXT),
            ("position", INT),
            ("line", INT),
            ("done", INT),
            ("updated_us", INT),
        ],
    },
    StateTable {
        name: "incidents",
        sql: "SELECT incident_id, dedup_key, episode, rule_id, rule_version, kind, title, labels, members, severity, service, team, state, opened_us, closed_us, close_reason, value, peak_value, threshold, n, summary, client_url, is_flapping, mute, bundle_id, n_escalations, coalesce((SELECT min(done_us) FROM outbox WHERE outbox.incident_id = incidents.incident_id AND action = 'trigger' AND status = 'delivered'), (SELECT min(at_us) FROM incident_events AS event WHERE event.incident_id = incidents.incident_id AND event.kind = 'sent')), first_acked_us, acked_us, acked_by, class, class_note, class_by, class_us FROM incidents",
        columns: &[
            ("incident_id", TEXT),
            ("dedup_key", TEXT),
            ("episode", INT),
            ("rule_id", TEXT),
            ("rule_version", TEXT),
            ("kind", TEXT),
            ("title", TEXT),
            ("labels", TEXT),
            ("members", TEXT),
            ("severity", TEXT),
            ("service", TEXT),
            ("team", TEXT),
            ("state", TEXT),
            ("opened_us", INT),
            ("closed_us", INT),
            ("close_reason", TEXT),
            ("value", FLOAT),
            ("peak_value", FLOAT),
            ("threshold", FLOAT),
            ("n", INT),
            ("summary", TEXT),
            ("client_url", TEXT),
            ("is_flapping", INT),
            ("mute", TEXT),
            ("bundle_id", TEXT),
            ("n_escalations", INT),
            ("first_sent_us", INT),
            ("first_acked_us", INT),
            ("acked_us", INT),
            ("acked_by", TEXT),
            ("class", TEXT),
            ("class_note", TEXT),
            ("class_by", TEXT),
            ("class_us", INT),
        ],
    },
    StateTable {
        name: "incident_events",
        sql: "SELECT event_id, incident_id, at_us, tick_us, kind, value, n, actor, detail FROM incident_events",
        columns: &[
            ("event_id", INT),
            ("incident_id", TEXT),
            ("at_us", INT),
            ("tick_us", INT),
            ("kind", TEXT),
            ("value", FLOAT),
            ("n", INT),
            ("actor", TEXT),
            ("detail", TEXT),
        ],
    },
    StateTable {
        name: "deliveries",
        sql: "SELECT message_id, incident_id, target, action, seq, created_us, n_attempts, status, done_us, last_error FROM outbox",
        columns: &[
            ("message_id", TEXT),
            ("incident_id", TEXT),
            ("target", TEXT),
            ("action", TEXT),
            ("seq", INT),
            ("created_us", INT),
            ("n_attempts", INT),
            ("status", TEXT),
            ("done_us", INT),
            ("last_error", TEXT),
        ],
    },
    StateTable {
        name: "rule_events",
        sql: "SELECT rule_id, kind, labels, tick_us, at_us FROM rule_events",
        columns: &[
            ("rule_id", TEXT),
            ("kind", TEXT),
            ("labels", TEXT),
            ("tick_us", INT),
            ("at_us", INT),
        ],
    },
    StateTable {
        name: "rule_ticks",
        sql: "SELECT rule_id, tick_us, n_rows, n_breaches, n_near_misses, is_complete, error, at_us, eval_us FROM rule_ticks",
        columns: &[
            ("rule_id", TEXT),
            ("tick_us", INT),
            ("n_rows", INT),
            ("n_breaches", INT),
            ("n_near_misses", INT),
            ("is_complete", INT),
            ("error", TEXT),
            ("at_us", INT),
            ("eval_us", INT),
        ],
    },
    StateTable {
        name: "instances",
        sql: "SELECT rule_id, kind, labels, phase, ticks, since_us, severity FROM instances",
        columns: &[
            ("rule_id", TEXT),
            ("kind", TEXT),
            ("labels", TEXT),
            ("phase", TEXT),
            ("ticks", INT),
            ("since_us", INT),
            ("severity", TEXT),
        ],
    },
    StateTable {
        name: "reviews",
        sql: "SELECT incident_id, rule_id, team, class, class_note, class_by, class_us FROM incidents WHERE class IS NOT NULL",
        columns: &[
            ("incident_id", TEXT),
            ("rule_id", TEXT),
            ("team", TEXT),
            ("class", TEXT),
            ("class_note", TEXT),
            ("class_by", TEXT),
            ("class_us", INT),
        ],
    },
    StateTable {
        name: "silences",
        sql: "SELECT silence_id, matchers, author, reason, created_us, expires_us, ended_us FROM silences",
        columns: &[
            ("silence_id", TEXT),
            ("matchers", TEXT),
            ("author", TEXT),
            ("reason", TEXT),
            ("created_us", INT),
            ("expires_us", INT),
            ("ended_us", INT),
        ],
    },
    StateTable {
        name: "rule_versions",
        sql: "SELECT rule_id, version, text, first_us FROM rule_versions",
        columns: &[
            ("rule_id", TEXT),
            ("version", TEXT),
            ("text", TEXT),
            ("first_us", INT),
        ],
    },
    StateTable {
        name: "audit",
        sql: "SELECT audit_id, at_us, actor, action, subject, detail FROM audit",
        columns: &[
            ("audit_id", INT),
            ("at_us", INT),
            ("actor", TEXT),
            ("action", TEXT),
            ("subject", TEXT),
            ("detail", TEXT),
        ],
    },
];

/// Names of the tables.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// The columns of a table; none when there is no such table.
pub(super) fn schema(name: &str) -> Option<SchemaRef> {
    let table = TABLES.iter().find(|table| table.name == name)?;
    let fields = table
        .columns
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Some(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// Reads a table as it is now; none when there is no such table.
pub(super) fn read(store: &Store, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    let table = TABLES.iter().find(|table| table.name == name);
    let (Some(table), Some(schema)) = (table, schema(name)) else {
        return Ok(None);
    };
    let columns = store
        .state()
        .read(|connection| read_columns(connection, table))
        .map_err(|error| DataFusionError::External(error.into()))?;
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    Ok(Some(Arc::new(MemTable::try_new(
        schema,
        vec![vec![batch]],
    )?)))
}

enum Column {
    Text(StringViewBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
}

impl Column {
    fn new(data_type: &DataType) -> Self {
        match *data_type {
            INT => Self::Int(Int64Builder::new()),
            FLOAT => Self::Float(Float64Builder::new()),
            _ => Self::Text(StringViewBuilder::new()),
        }
    }

    fn push(&mut self, value: ValueRef<'_>) {
        match (self, value) {
            (Self::Text(column), ValueRef::Text(text)) => {
                column.append_value(String::from_utf8_lossy(text));
            }
            (Self::Text(column), ValueRef::Integer(n)) => column.append_value(n.to_string()),
            (Self::Text(column), _) => column.append_null(),
            (Self::Int(column), ValueRef::Integer(n)) => column.append_value(n),
            (Self::Int(column), _) => column.append_null(),
            (Self::Float(column), ValueRef::Real(x)) => column.append_value(x),
            (Self::Float(column), ValueRef::Integer(n)) => column.append_value(n as f64),
            (Self::Float(column), _) => column.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Int(mut column) => Arc::new(column.finish()),
            Self::Float(mut column) => Arc::new(column.finish()),
        }
    }
}

fn read_columns(
    connection: &rusqlite::Connection,
    table: &StateTable,
) -> rusqlite::Result<Vec<ArrayRef>> {
    let mut columns: Vec<_> = table.columns.iter().map(|(_, t)| Column::new(t)).collect();
    let mut statement = connection.prepare_cached(table.sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (index, column) in columns.iter_mut().enumerate() {
            column.push(row.get_ref(index)?);
        }
    }
    Ok(columns.into_iter().map(Column::finish).collect())
}
