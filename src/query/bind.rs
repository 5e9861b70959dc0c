//! Puts values in the place of `$name`, so that the SQL shown is the SQL run.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::QueryError;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    Null,
    /// Microseconds since the epoch.
    Timestamp(i64),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Value {
    /// The value as a SQL literal.
    pub fn literal(&self) -> String {
        match self {
            Value::Null => "NULL".into(),
            Value::Timestamp(us) => {
                let text = chrono::DateTime::from_timestamp_micros(*us)
                    .unwrap_or_default()
                    .format("%Y-%m-%dT%H:%M:%S%.6f");
                format!("TIMESTAMP '{text}'")
            }
            Value::Int(n) => n.to_string(),
            Value::Float(x) => format!("{x:?}"),
            Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// Returns the text with each `$name` replaced by its value's literal.
///
/// Works on tokens, so a `$` inside a string or a comment stays what it is.
pub fn bind(sql: &str, values: &BTreeMap<String, Value>) -> Result<String, QueryError> {
    // Without unescaping, a token shows itself as it was written: `'it''s'` keeps its quotes.
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .with_unescape(false)
        .tokenize()
        .map_err(|error| QueryError::Invalid(error.to_string()))?;
    let mut bound = String::with_capacity(sql.len());
    for token in tokens {
        match &token {
            Token::Placeholder(name) => {
                let name = name.trim_start_matches('$');
                let value = values.get(name).ok_or_else(|| {
                    QueryError::Invalid(format!("no value for parameter ${name}"))
                })?;
                bound.push_str(&value.literal());
            }
            token => bound.push_str(&token.to_string()),
        }
    }
    Ok(bound)
}

/// Checks that a text is one condition and nothing beside it, before it is put into a query.
pub fn check_condition(text: &str) -> Result<(), QueryError> {
    let bad = |error: ParserError| QueryError::Invalid(error.to_string());
    let mut parser = Parser::new(&GenericDialect {})
        .try_with_sql(text)
        .map_err(bad)?;
    parser.parse_expr().map_err(bad)?;
    parser.expect_token(&Token::EOF).map(drop).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, value: Value, expected: &str) {
        let values = BTreeMap::from([("p".to_owned(), value)]);
        assert_eq!(bind(sql, &values).unwrap(), expected);
    }

    #[test]
    fn values_become_literals() {
        let text = |s: &str| Value::Text(s.into());
        check("SELECT $p", Value::Null, "SELECT NULL");
        check("SELECT $p", Value::Int(-3), "SELECT -3");
        check("SELECT $p", Value::Float(0.5), "SELECT 0.5");
        check("SELECT $p", text("O'Higgins"), "SELECT 'O''Higgins'");
        check("SELECT '$p', $p -- $p", text("a"), "SELECT '$p', 'a' -- $p");
        check(
            "WHERE x='it''s' AND y=$p",
            Value::Int(1),
            "WHERE x='it''s' AND y=1",
        );
        check(
            "ts >= $p",
            Value::Timestamp(1_500_000),
            "ts >= TIMESTAMP '1970-01-01T00:00:01.500000'",
        );
    }

    #[test]
    fn a_missing_value_is_named() {
        let error = bind("SELECT $from", &BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "no value for parameter $from");
    }

    #[test]
    fn a_condition_is_one_expression() {
        for text in [
            "true",
            "status >= 500 AND path LIKE '/a%'",
            "a IN (1, 2) -- note",
        ] {
            check_condition(text).unwrap();
        }
        for text in [
            "",
            "true) OR (true",
            "true; SELECT 1",
            "true UNION SELECT 1",
            "1 = 1 LIMIT 1",
        ] {
            assert!(check_condition(text).is_err(), "{text}");
        }
    }
}
