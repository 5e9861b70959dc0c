//! Notifiers: how a message reaches people. One file and one row of [`Target`] each.

pub mod pagerduty;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http_client::HttpClient;
use crate::rule::{Labels, Severity};

/// `[targets.NAME]` of the settings.
pub type Targets = BTreeMap<String, Target>;

/// Where messages go.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Target {
    Pagerduty(pagerduty::PagerDuty),
}

impl Target {
    /// The notifier behind the settings.
    pub fn notifier(&self) -> &dyn Notifier {
        match self {
            Self::Pagerduty(pagerduty) => pagerduty,
        }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Trigger,
    Resolve,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Resolve => "resolve",
        }
    }
}

/// A message about an incident, before a target's own shape. It is what the outbox keeps.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Notification {
    pub action: Action,
    /// The same for every message of the incident's key.
    pub dedup_key: String,
    pub episode: i64,
    /// Rises with every message of a key.
    pub seq: i64,
    pub rule: String,
    pub summary: String,
    pub severity: Severity,
    pub service: String,
    pub team: String,
    pub labels: Labels,
    pub value: Option<f64>,
    pub threshold: f64,
    pub n: Option<i64>,
    /// End of the window it is about, microseconds since the epoch.
    pub tick_us: i64,
    /// The map at that window and place.
    pub client_url: String,
    pub runbook_url: String,
}

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// It may work later; the target may have named how long to wait.
    #[error("{reason}")]
    Retry {
        reason: String,
        after: Option<Duration>,
    },
    /// It will never be taken: dead letter.
    #[error("refused: {0}")]
    Reject(String),
}

/// Delivers messages of one kind of target.
#[async_trait::async_trait]
pub trait Notifier: Send + Sync {
    /// Sends one message. Called again with the same message after [`NotifyError::Retry`] and after a crash in
    /// between, so a target that can tell repeats apart must be given what it needs for that.
    async fn send(&self, client: &HttpClient, message: &Notification) -> Result<(), NotifyError>;

    /// Which limit of messages a minute it shares with others: those with the same key share one.
    fn rate_key(&self) -> String;

    /// Checks the settings without asking anyone.
    fn check(&self) -> Result<(), String>;
}
