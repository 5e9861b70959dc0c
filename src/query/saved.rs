//! Saved queries: plain `.sql` files that start with a comment saying what they answer.
//!
//! ```sql
//! -- Error rate by country: where do requests fail more than elsewhere?
//! -- $from timestamp
//! -- $to timestamp
//! -- $country text = null
//! SELECT ...
//! ```
//! The shipped set is embedded; a file of the same name in the user's folder takes its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use serde::Serialize;
use utoipa::ToSchema;

use super::QueryError;
use super::bind::{Value, bind};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/queries"]
#[include = "*.sql"]
struct Shipped;

/// What a parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParamType {
    Timestamp,
    Int,
    Float,
    Text,
}

/// A `$name` of a saved query.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Param {
    pub name: String,
    #[serde(rename = "type")]
    pub param_type: ParamType,
    /// What to take when the caller gives nothing; without it the parameter must be given. A timestamp is epoch
    /// microseconds here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// A named question.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SavedQuery {
    pub name: String,
    /// The first comment line.
    pub title: String,
    pub params: Vec<Param>,
    #[serde(skip)]
    pub sql: String,
}

/// Why a saved query cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("there is no saved query named {0}")]
    Unknown(String),
    #[error("saved query {name}, line {line}: {what}")]
    Header {
        name: String,
        line: usize,
        what: String,
    },
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// The shipped queries with the user's laid over them.
#[derive(Clone, Debug, Default)]
pub struct SavedQueries {
    user_dir: Option<PathBuf>,
}

impl SavedQueries {
    /// Takes the user's files from `user_dir`, when it exists.
    pub fn new(user_dir: Option<PathBuf>) -> Self {
        Self { user_dir }
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Shipped::iter()
            .filter_map(|file| file.strip_suffix(".sql").map(str::to_owned))
            .collect();
        let user = self
            .user_dir
            .as_deref()
            .and_then(|dir| std::fs::read_dir(dir).ok());
        for entry in user.into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ext| ext == "sql")
                && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            {
                names.push(stem.to_owned());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Reads one query; the user's file is read anew each time, so edits count at once.
    pub fn get(&self, name: &str) -> Result<SavedQuery, SavedError> {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(known) {
            return Err(SavedError::Unknown(name.to_owned()));
        }
        if let Some(path) = self.user_file(name) {
            let text = std::fs::read_to_string(&path);
            return parse(
                name,
                text.map_err(|source| SavedError::Read { path, source })?,
            );
        }
        let file = Shipped::get(&format!("{name}.sql"));
        let file = file.ok_or_else(|| SavedError::Unknown(name.to_owned()))?;
        parse(name, String::from_utf8_lossy(&file.data).into_owned())
    }

    fn user_file(&self, name: &str) -> Option<PathBuf> {
        let path = self
            .user_dir
            .as_deref()
            .map(Path::to_owned)?
            .join(format!("{name}.sql"));
        path.is_file().then_some(path)
    }
}

impl SavedQuery {
    /// Returns the SQL with every parameter's value in its place.
    pub fn bind(&self, given: &BTreeMap<String, Value>) -> Result<String, QueryError> {
        for name in given.keys() {
            if !self.params.iter().any(|param| param.name == *name) {
                let known: Vec<_> = self.params.iter().map(|p| p.name.as_str()).collect();
                let known = known.join(", ");
                return Err(QueryError::Invalid(format!(
                    "{} has no parameter {name}; it has {known}",
                    self.name
                )));
            }
        }
        let mut values = given.clone();
        for param in &self.params {
            if let (None, Some(default)) = (values.get(&param.name), &param.default) {
                values.insert(param.name.clone(), default.clone());
            }
        }
        bind(&self.sql, &values)
    }

    /// Reads texts, as they come from a URL or a command line, by the parameters' types.
    pub fn read_values<'a>(
        &self,
        given: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<BTreeMap<String, Value>, QueryError> {
        let mut values = BTreeMap::new();
        for (name, text) in given {
            let value = match self.params.iter().find(|param| param.name == name) {
                Some(param) => read_value(param.param_type, text).ok_or_else(|| {
                    QueryError::Invalid(format!("{name}: {text} is no {:?}", param.param_type))
                })?,
                None => Value::Text(text.to_owned()),
            };
            values.insert(name.to_owned(), value);
        }
        Ok(values)
    }
}

/// Timestamps are epoch milliseconds or RFC 3339.
fn read_value(param_type: ParamType, text: &str) -> Option<Value> {
    if text == "null" {
        return Some(Value::Null);
    }
    match param_type {
        ParamType::Timestamp => text
            .parse::<i64>()
            .ok()
            .and_then(|ms| ms.checked_mul(1000))
            .or_else(|| crate::time::parse_rfc3339(text))
            .map(Value::Timestamp),
        ParamType::Int => text.parse().ok().map(Value::Int),
        ParamType::Float => text
            .parse()
            .ok()
            .filter(|x: &f64| x.is_finite())
            .map(Value::Float),
        ParamType::Text => Some(Value::Text(text.to_owned())),
    }
}

fn parse(name: &str, text: String) -> Result<SavedQuery, SavedError> {
    let header = |line: usize, what: &str| SavedError::Header {
        name: name.to_owned(),
        line: line + 1,
        what: what.to_owned(),
    };
    let mut lines = text.lines().enumerate();
    let title = lines
        .next()
        .and_then(|(_, first)| first.strip_prefix("--"))
        .map(|title| title.trim().to_owned())
        .filter(|title| !title.is_empty())
        .ok_or_else(|| {
            header(
                0,
                "the first line must be a comment that says what the query answers",
            )
        })?;
    let mut params = Vec::new();
    let mut end = 1;
    for (number, line) in lines {
        let Some(comment) = line.strip_prefix("--") else {
            break;
        };
        end = number + 1;
        let Some(declaration) = comment.trim().strip_prefix('$') else {
            continue;
        };
        params.push(parse_param(declaration).ok_or_else(|| {
            header(
                number,
                "expected `-- $name timestamp|int|float|text [= default]`",
            )
        })?);
    }
    let sql: Vec<&str> = text.lines().skip(end).collect();
    Ok(SavedQuery {
        name: name.to_owned(),
        title,
        params,
        sql: sql.join("\n").trim().to_owned(),
    })
}

fn parse_param(declaration: &str) -> Option<Param> {
    let (left, default) = match declaration.split_once('=') {
        Some((left, right)) => (left, Some(right.trim())),
        None => (declaration, None),
    };
    let mut words = left.split_whitespace();
    let name = words.next()?.to_owned();
    let param_type = match words.next()? {
        "timestamp" => ParamType::Timestamp,
        "int" => ParamType::Int,
        "float" => ParamType::Float,
        "text" => ParamType::Text,
        _ => return None,
    };
    let default = match default {
        Some(text) => Some(read_value(param_type, text)?),
        None => None,
    };
    Some(Param {
        name,
        param_type,
        default,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_query_has_a_title_and_known_parameters() {
        let queries = SavedQueries::default();
        let names = queries.names();
        assert!(names.len() >= 12, "{names:?}");
        for name in names {
            let query = queries.get(&name).unwrap();
            assert!(query.title.len() > 10, "{name}");
            let given = query
                .params
                .iter()
                .map(|param| (param.name.clone(), Value::Null));
            query.bind(&given.collect()).unwrap();
            assert!(
                !query.sql.to_lowercase().contains("now()"),
                "{name} calls now()"
            );
        }
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let error = parse("q", text.to_owned()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_header_says_where_it_is_wrong() {
        let first = "saved query q, line 1: the first line must be a comment that says what the query answers";
        check_error("SELECT 1", first);
        check_error("--\nSELECT 1", first);
        check_error(
            "-- T\n-- $a number\nSELECT 1",
            "saved query q, line 2: expected `-- $name timestamp|int|float|text [= default]`",
        );
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let queries = SavedQueries::default();
        for name in ["../Cargo", "", "a/b", "a.sql"] {
            assert!(
                matches!(queries.get(name), Err(SavedError::Unknown(_))),
                "{name}"
            );
        }
    }
}
