//! What tells incidents apart, and the ids made from it.

use rusqlite::Connection;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::rule::Labels;

/// What an instance is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A label set of the rule's query.
    #[default]
    Value,
    /// The rule's query returns nothing at all.
    NoData,
    /// The rule's query fails.
    Error,
    /// More breaches than the rule may have instances.
    Overflow,
    /// Several incidents of a team, told as one.
    Bundle,
    /// A message that cannot be delivered.
    Delivery,
}

impl KeyKind {
    const ALL: [Self; 6] = [
        Self::Value,
        Self::NoData,
        Self::Error,
        Self::Overflow,
        Self::Bundle,
        Self::Delivery,
    ];

    /// The word for it in tables and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::NoData => "no_data",
            Self::Error => "error",
            Self::Overflow => "overflow",
            Self::Bundle => "bundle",
            Self::Delivery => "delivery",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One instance or incident of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: KeyKind,
    pub labels: Labels,
}

impl Key {
    /// The rule itself, in one respect.
    pub(super) fn of_rule(kind: KeyKind) -> Self {
        Self {
            kind,
            labels: Labels::new(),
        }
    }

    /// Messages about logatlas itself, of one kind.
    pub(super) fn of_notice(kind: &str) -> Self {
        Self {
            kind: KeyKind::Delivery,
            labels: [("notice".to_owned(), Some(kind.to_owned()))].into(),
        }
    }

    /// As the tables hold it.
    pub(super) fn labels_json(&self) -> String {
        json!(self.labels).to_string()
    }

    /// As the tables hold it.
    pub(super) fn from_parts(kind: &str, labels: &str) -> Self {
        Self {
            kind: KeyKind::parse(kind).unwrap_or_default(),
            labels: serde_json::from_str(labels).unwrap_or_default(),
        }
    }
}

/// Hash of installation, rule and labels, each with its length in front, so that no two sets can read alike.
/// A label that is null differs from one that is empty. What is not about a label set has its kind besides.
pub fn dedup_key(installation_id: &str, rule_id: &str, key: &Key) -> String {
    let mut hash = Sha256::new();
    let mut put = |tag: u8, text: &str| {
        hash.update([tag]);
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    put(0, installation_id);
    put(0, rule_id);
    for (name, value) in &key.labels {
        put(1, name);
        match value {
            Some(value) => put(2, value),
            None => put(3, ""),
        }
    }
    if key.kind != KeyKind::Value {
        put(4, key.kind.as_str());
    }
    crate::text::hex(&hash.finalize())
}

/// The same episode has the same id wherever it is computed.
pub(super) fn incident_id(dedup_key: &str, episode: i64) -> String {
    let name = format!("{dedup_key}/{episode}");
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// What tells this data folder's keys from any other's.
pub fn installation_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row(
        "SELECT value FROM meta WHERE key = 'installation_id'",
        [],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_where_labels_differ() {
        let key = |kind: KeyKind, pairs: &[(&str, Option<&str>)]| Key {
            kind,
            labels: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
                .collect(),
        };
        let value = KeyKind::Value;
        let sets = [
            key(value, &[]),
            key(value, &[("country", None)]),
            key(value, &[("country", Some(""))]),
            key(value, &[("country", Some("DE"))]),
            key(value, &[("country", Some("DE")), ("city", Some(""))]),
            key(value, &[("countryD", Some("E"))]),
            key(KeyKind::NoData, &[]),
            key(KeyKind::Error, &[]),
            key(KeyKind::Overflow, &[]),
        ];
        let mut keys: Vec<String> = sets.iter().map(|set| dedup_key("i", "r", set)).collect();
        keys.push(dedup_key("ir", "", &sets[0]));
        keys.push(dedup_key("j", "r", &sets[3]));
        let n = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), n);
        assert!(keys.iter().all(|key| key.len() == 64));
    }
}
