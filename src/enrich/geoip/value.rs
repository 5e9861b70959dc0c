//! A record of a MaxMind DB file as a value of any shape.
//!
//! The files in use disagree on shapes: `country` is a map in MaxMind's schema and a text in flat
//! ones, coordinates are 64-bit in one and 32-bit in the other. Decoding into a struct of one schema
//! fails on another, or worse, succeeds with nothing in it. Each record is decoded once, so a value
//! tree costs nothing that counts.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Any value that a record may hold.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
    List(Vec<Value<'a>>),
    Other,
}

impl<'a> Value<'a> {
    /// Follows keys through maps; in a list the first element counts.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value<'a>> {
        let Some((key, rest)) = path.split_first() else {
            return Some(self);
        };
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .and_then(|(_, value)| value.at(rest)),
            Self::List(values) => values.first().and_then(|value| value.at(path)),
            _ => None,
        }
    }

    /// Returns the first of several paths that leads to a text which is not empty.
    pub(crate) fn text(&self, paths: &[&[&str]]) -> Option<&str> {
        paths.iter().find_map(|path| match self.at(path) {
            Some(Self::Text(text)) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        })
    }

    /// Returns the first of several paths that leads to a number.
    pub(crate) fn number(&self, paths: &[&[&str]]) -> Option<f64> {
        paths.iter().find_map(|path| match self.at(path) {
            Some(Self::Number(number)) if number.is_finite() => Some(*number),
            _ => None,
        })
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value of a MaxMind DB record")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Value::Text(key), value)) = map.next_entry::<Value<'de>, Value<'de>>()? {
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }
}
