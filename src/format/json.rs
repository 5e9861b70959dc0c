//! One JSON object a line: ECS, OpenTelemetry, bunyan, pino, zap, nginx with `escape=json`, Caddy, Traefik.
//!
//! `{"@timestamp":"2026-03-01T10:00:00Z","log.level":"error","message":"no route","service":{"name":"shop"}}`
//!
//! Quirks: objects inside are flattened to dotted names; lists stay JSON text; of a name that comes twice the
//! last value wins, as in most readers (RFC 8259, section 4, leaves it open).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Format, ParseError, fields};
use crate::record::{Flags, Record};

/// Objects inside objects that are looked into; what lies deeper stays JSON text.
const DEPTH_MAX: usize = 32;
/// Values kept of one line.
const VALUES_MAX: usize = 1_000;

/// JSON lines.
pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "JSON object a line: ECS, OpenTelemetry, bunyan, pino, zap, nginx, Caddy, Traefik"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let fail = |at, expected| ParseError {
            format: self.name(),
            at,
            expected,
        };
        let text = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        if !text.starts_with('{') {
            return Err(fail(0, "an object"));
        }
        let skipped = line.len() - text.len();
        let object: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| fail(skipped + error.column(), "well-formed JSON"))?;
        let mut n_values = 0;
        flatten(object, "", 1, &mut n_values, record);
        record.format = self.name();
        Ok(())
    }
}

fn flatten(
    object: Map<String, Value>,
    prefix: &str,
    depth: usize,
    n_values: &mut usize,
    record: &mut Record<'_>,
) {
    for (name, value) in object {
        let name = match prefix {
            "" => name,
            prefix => format!("{prefix}.{name}"),
        };
        let text = match value {
            Value::Null => continue,
            Value::Object(inner) if depth < DEPTH_MAX => {
                flatten(inner, &name, depth + 1, n_values, record);
                continue;
            }
            Value::String(text) => text,
            other => other.to_string(),
        };
        *n_values += 1;
        if *n_values > VALUES_MAX {
            record.flags |= Flags::FIELDS_DROPPED;
            return;
        }
        fields::set(record, Cow::Owned(name), Cow::Owned(text));
    }
}
