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
use std::sync::Arc;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::QueryError;
use super::bind::{Value, bind};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/queries"]
#[include = "*.sql"]
struct Shipped;

/// What a parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
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

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = QueryOrigin)]
pub enum Origin {
    Shipped,
    Yours,
}

/// A named question.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SavedQuery {
    pub name: String,
    /// The first comment line.
    pub title: String,
    pub params: Vec<Param>,
    /// The text without its head; `$name` stands for a parameter.
    pub sql: String,
    pub origin: Origin,
    /// Whether the program carries one of this name, which shows again when yours is deleted.
    pub shipped: bool,
    /// A hash of the whole file.
    pub version: String,
}

/// A file as it stands, readable as a query or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryFile {
    pub text: String,
    pub origin: Origin,
}

impl QueryFile {
    /// A hash of the whole file.
    pub fn version(&self) -> String {
        let mut hash = crate::text::hex(&Sha256::digest(self.text.as_bytes()));
        hash.truncate(12);
        hash
    }
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
    #[error("saved query {name} cannot be written: {what}")]
    Unwritable { name: String, what: String },
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Longest name: with its ending it is a file's name everywhere.
const NAME_BYTES_MAX: usize = 100;

/// Whether a saved query may be named so.
pub fn is_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(known)
}

/// The shipped queries with the user's laid over them.
#[derive(Clone, Debug, Default)]
pub struct SavedQueries {
    user_dir: Option<PathBuf>,
    /// A query as it would be, over all files.
    draft: Option<Arc<SavedQuery>>,
}

impl SavedQueries {
    /// Takes the user's files from `user_dir`, when it exists.
    pub fn new(user_dir: Option<PathBuf>) -> Self {
        Self {
            user_dir,
            draft: None,
        }
    }

    /// The same with one query as it would be.
    pub fn with(&self, draft: SavedQuery) -> Self {
        Self {
            draft: Some(Arc::new(draft)),
            ..self.clone()
        }
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
        match &self.draft {
            Some(draft) if draft.name == name => Ok(draft.as_ref().clone()),
            _ => parse(name, self.file(name)?),
        }
    }

    /// Reads one file, the user's before the shipped one.
    pub fn file(&self, name: &str) -> Result<QueryFile, SavedError> {
        if !is_name(name) {
            return Err(SavedError::Unknown(name.to_owned()));
        }
        if let Some(path) = self.user_file(name) {
            let text = std::fs::read_to_string(&path);
            return Ok(QueryFile {
                text: text.map_err(|source| SavedError::Read { path, source })?,
                origin: Origin::Yours,
            });
        }
        let file = Shipped::get(&file_name(name));
        let file = file.ok_or_else(|| SavedError::Unknown(name.to_owned()))?;
        Ok(QueryFile {
            text: String::from_utf8_lossy(&file.data).into_owned(),
            origin: Origin::Shipped,
        })
    }

    fn user_file(&self, name: &str) -> Option<PathBuf> {
        let path = self
            .user_dir
            .as_deref()
            .map(Path::to_owned)?
            .join(file_name(name));
        path.is_file().then_some(path)
    }
}

/// The name of a query's file.
pub fn file_name(name: &str) -> String {
    format!("{name}.sql")
}

/// Whether the program carries a query of this name.
pub fn is_shipped(name: &str) -> bool {
    Shipped::get(&file_name(name)).is_some()
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

    /// Values to plan the query with when nobody has given any: the defaults, and a minute of time.
    pub fn samples(&self) -> BTreeMap<String, Value> {
        const MINUTE_US: i64 = 60_000_000;
        let sample = |param: &Param| match (&param.default, param.param_type) {
            (Some(default), _) => default.clone(),
            (None, ParamType::Timestamp) if param.name == "from" => Value::Timestamp(0),
            (None, ParamType::Timestamp) => Value::Timestamp(MINUTE_US),
            (None, ParamType::Int) => Value::Int(1),
            (None, ParamType::Float) => Value::Float(1.0),
            (None, ParamType::Text) => Value::Text(String::new()),
        };
        let params = self.params.iter();
        params
            .map(|param| (param.name.clone(), sample(param)))
            .collect()
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

/// A value as the head of a file spells it; [`read_value`] reads it back.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Timestamp(us) => crate::time::rfc3339(*us),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => format!("{x:?}"),
        Value::Text(text) => text.clone(),
    }
}

/// Writes the text of a query's file, and returns it with the query that it is read back as.
///
/// What would be read back as something else is refused: the head is one comment a line, which not every title
/// and default fits into.
pub fn compose(
    name: &str,
    title: &str,
    params: &[Param],
    sql: &str,
) -> Result<(String, SavedQuery), SavedError> {
    let refused = |what: String| SavedError::Unwritable {
        name: name.to_owned(),
        what,
    };
    let (title, sql) = (title.trim(), sql.trim());
    let mut text = format!("-- {title}\n");
    for param in params {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if param.name.is_empty() || !param.name.chars().all(known) {
            let what = format!("${} is no name of a parameter", param.name);
            return Err(refused(what));
        }
        let default = param.default.as_ref().map(written);
        let default = default.map_or(String::new(), |value| format!(" = {value}"));
        let kind = serde_json::json!(param.param_type);
        let kind = kind.as_str().unwrap_or_default();
        text.push_str(&format!("-- ${} {kind}{default}\n", param.name));
    }
    // An empty line ends the head: a comment that the SQL begins with is no part of it.
    text.push_str(&format!("\n{sql}\n"));
    let file = QueryFile {
        text: text.clone(),
        origin: Origin::Yours,
    };
    let query = parse(name, file)?;
    let names: std::collections::BTreeSet<_> = params.iter().map(|param| &param.name).collect();
    let what = match () {
        () if sql.is_empty() => "there is no SQL",
        () if names.len() < params.len() => "two parameters have one name",
        () if query.title != title => "the title is more than a line",
        () if query.params != params => "a default is more than a line, or of another type",
        () if query.sql != sql => "the text would be read back as another one",
        () => return Ok((text, query)),
    };
    Err(refused(what.into()))
}

/// Reads a file as the query of a name.
pub fn parse(name: &str, file: QueryFile) -> Result<SavedQuery, SavedError> {
    let (version, text) = (file.version(), file.text);
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
        origin: file.origin,
        shipped: is_shipped(name),
        version,
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
            query.bind(&query.samples()).unwrap();
            assert_eq!((query.origin, query.shipped), (Origin::Shipped, true));
            assert!(
                !query.sql.to_lowercase().contains("now()"),
                "{name} calls now()"
            );
        }
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let file = QueryFile {
            text: text.to_owned(),
            origin: Origin::Yours,
        };
        let error = parse("q", file).unwrap_err();
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

    fn param(name: &str, param_type: ParamType, default: Option<Value>) -> Param {
        Param {
            name: name.into(),
            param_type,
            default,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        use ParamType::{Float, Int, Text, Timestamp};
        let params = [
            param("from", Timestamp, None),
            param("since", Timestamp, Some(Value::Timestamp(1_500_000))),
            param("country", Text, Some(Value::Null)),
            param("city", Text, Some(Value::Text("a = b".into()))),
            param("n", Int, Some(Value::Int(-3))),
            param("x", Float, Some(Value::Float(1e300))),
        ];
        let sql = "-- $first of all\nSELECT $n\n  -- at the end";
        let (text, query) = compose("q", " Errors? ", &params, sql).unwrap();
        assert!(
            text.starts_with("-- Errors?\n-- $from timestamp\n"),
            "{text}"
        );
        assert_eq!(query.params, params);
        assert_eq!((query.title.as_str(), query.sql.as_str()), ("Errors?", sql));
        assert_eq!((query.origin, query.shipped), (Origin::Yours, false));
        assert_eq!(query.version.len(), 12);
    }

    #[test]
    fn what_would_be_read_back_otherwise_is_refused() {
        use ParamType::{Int, Text};
        let text = |text: &str| Some(Value::Text(text.into()));
        let rows: [(&str, &[Param], &str, &str); 8] = [
            ("T", &[], "  ", "there is no SQL"),
            ("", &[], "SELECT 1", "first line must be a comment"),
            ("T\n-- $x int", &[], "SELECT 1", "more than a line"),
            (
                "T",
                &[param("a b", Int, None)],
                "SELECT 1",
                "$a b is no name",
            ),
            (
                "T",
                &[param("a", Text, text("null"))],
                "SELECT 1",
                "a default is",
            ),
            (
                "T",
                &[param("a", Text, text("x\n-- $b int"))],
                "SELECT 1",
                "a default is",
            ),
            (
                "T",
                &[param("a", Int, text("x"))],
                "SELECT 1",
                "line 2: expected",
            ),
            (
                "T",
                &[param("a", Int, None), param("a", Text, None)],
                "SELECT 1",
                "one name",
            ),
        ];
        for (title, params, sql, expected) in rows {
            let error = compose("q", title, params, sql).unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
