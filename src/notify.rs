//! Notifiers: how a message reaches people. One file and one row of [`Target`] each.

pub mod alertmanager;
pub mod alertmanager_webhook;
pub mod email;
pub mod exec;
pub mod matrix;
pub mod ntfy;
pub mod pagerduty;
pub mod pagerduty_v1;
pub mod slack;
pub mod syslog;
pub mod teams;
pub mod webhook;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::http_client::{Answer, HttpClient, Outgoing, Private};
use crate::rule::{Labels, Severity};
use crate::text::escape_controls;

/// `[targets.NAME]` of the settings.
pub type Targets = BTreeMap<String, Target>;

/// Makes [`Target`] from the table of notifiers.
macro_rules! targets {
    ($($variant:ident => $module:ident::$settings:ident,)*) => {
        /// Where messages go; `kind` in the settings is the name in snake case.
        #[derive(Clone, Debug, Deserialize, Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Target {
            $($variant($module::$settings),)*
        }

        impl Target {
            /// The notifier behind the settings.
            pub fn notifier(&self) -> &dyn Notifier {
                match self {
                    $(Self::$variant(notifier) => notifier,)*
                }
            }
        }
    };
}

targets! {
    Pagerduty => pagerduty::PagerDuty,
    PagerdutyV1 => pagerduty_v1::PagerDutyV1,
    Webhook => webhook::Webhook,
    Alertmanager => alertmanager::Alertmanager,
    AlertmanagerWebhook => alertmanager_webhook::AlertmanagerWebhook,
    Slack => slack::Slack,
    Teams => teams::Teams,
    Email => email::Email,
    Ntfy => ntfy::Ntfy,
    Matrix => matrix::Matrix,
    Syslog => syslog::Syslog,
    Exec => exec::Exec,
}

/// A secret of the settings: itself, `env:NAME`, or `file:PATH`. It is never shown.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Secret {
    /// The secret itself. Read anew each time, so that a changed file counts at once.
    pub fn read(&self) -> Result<String, NotifyError> {
        let missing = |what: &str| NotifyError::Retry {
            reason: format!("the secret in {what} cannot be read"),
            after: None,
        };
        if let Some(name) = self.0.strip_prefix("env:") {
            return std::env::var(name).map_err(|_| missing(name));
        }
        let Some(path) = self.0.strip_prefix("file:") else {
            return Ok(self.0.clone());
        };
        let text = std::fs::read_to_string(path).map_err(|_| missing(path))?;
        Ok(text.trim_end().to_owned())
    }

    /// The secret when it stands in the settings themselves.
    pub fn literal(&self) -> Option<&str> {
        let is_reference = self.0.starts_with("env:") || self.0.starts_with("file:");
        (!is_reference).then_some(&self.0)
    }

    /// Tells one secret from another without being one.
    pub fn name(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = crate::text::hex(&Sha256::digest(&self.0));
        hash.truncate(16);
        hash
    }
}

/// Writes the secret itself. Only [`Target::sealed`] does so, for the state file, which is as private as the
/// settings.
impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let secret = self.read().map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&secret)
    }
}

impl Target {
    /// The settings with their secrets as they are now, for messages that have to go the way that earlier ones
    /// went. None while a secret cannot be read.
    pub fn sealed(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads what [`Target::sealed`] wrote.
    pub fn unsealed(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// What is told, in PagerDuty's words.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    #[default]
    Trigger,
    Acknowledge,
    Resolve,
    /// News about nothing that is open.
    Digest,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
            Self::Digest => "digest",
        }
    }
}

/// Why it is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    #[default]
    Open,
    /// It still holds; for targets where a repeat wakes nobody.
    Refresh,
    Renotify,
    Change,
    Escalate,
    Acknowledge,
    Resolve,
    Digest,
    /// Something about logatlas itself.
    Notice,
    /// Somebody changed a rule or a silence.
    Deploy,
    /// Somebody tries the way.
    Test,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refresh => "refresh",
            Self::Renotify => "renotify",
            Self::Change => "change",
            Self::Escalate => "escalate",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
            Self::Digest => "digest",
            Self::Notice => "notice",
            Self::Deploy => "deploy",
            Self::Test => "test",
        }
    }
}

/// A message about an incident, before a target's own shape. It is what the outbox keeps.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, ToSchema)]
#[serde(default)]
pub struct Notification {
    pub action: Action,
    pub reason: Reason,
    pub incident_id: String,
    /// The same for every message of the incident's key.
    pub dedup_key: String,
    pub episode: i64,
    /// Rises with every message of a key.
    pub seq: i64,
    pub rule: String,
    /// What it is about: `value`, or the rule itself, or several incidents at once.
    pub kind: String,
    pub title: String,
    pub summary: String,
    pub severity: Severity,
    pub service: String,
    pub team: String,
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub labels: Labels,
    /// The instances, or the incidents of a bundle.
    pub members: Value,
    pub value: Option<f64>,
    pub threshold: f64,
    pub unit: String,
    pub n: Option<i64>,
    /// End of the window it is about, microseconds since the epoch.
    pub tick_us: i64,
    pub opened_us: i64,
    /// The map at that window and place.
    pub client_url: String,
    pub runbook_url: String,
    /// What earlier incidents of the rule turned out to be.
    pub past: Vec<String>,
    /// What stands out among the failing rows.
    pub explanation: Option<Value>,
}

impl Notification {
    /// The sentence that says what stands out.
    pub fn explanation_text(&self) -> Option<&str> {
        self.explanation.as_ref()?["sentence"].as_str()
    }
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

/// The id of a message, the same at every attempt: what a target that takes one tells repeats apart by.
#[derive(Clone, Copy, Debug)]
pub struct MessageId<'a>(pub &'a str);

/// Delivers messages of one kind of target.
#[async_trait::async_trait]
pub trait Notifier: Send + Sync {
    /// Sends one message. Called again with the same message after [`NotifyError::Retry`] and after a crash in
    /// between, so a target that can tell repeats apart must be given what it needs for that.
    async fn send(
        &self,
        client: &HttpClient,
        message: &Notification,
        id: MessageId<'_>,
    ) -> Result<(), NotifyError>;

    /// Which limit of messages a minute it shares with others: those with the same key share one.
    fn rate_key(&self) -> String;

    /// Whether it may be told of what it knows already: true where a repeated trigger wakes nobody.
    fn takes_refresh(&self) -> bool {
        false
    }

    /// Whether it has a place for changes that wake nobody: a rule was written, a silence began.
    fn takes_changes(&self) -> bool {
        false
    }

    /// Checks the settings without asking anyone.
    fn check(&self) -> Result<(), String>;
}

/// What an HTTP answer means where nothing else is agreed: 2xx is taken; 408, 429 and 5xx may be taken later;
/// anything else, redirects included, never will be.
pub fn judge(answer: &Answer) -> Result<(), NotifyError> {
    let status = answer.status;
    if status.is_success() {
        return Ok(());
    }
    let reason = format!("{status}: {}", answer.body_start());
    let bounded = |least: u64| {
        let after = answer.retry_after.unwrap_or(Duration::from_secs(least));
        after.clamp(Duration::from_secs(least), RETRY_AFTER_MAX)
    };
    match status.as_u16() {
        429 => Err(NotifyError::Retry {
            reason,
            after: Some(bounded(30)),
        }),
        408 | 425 | 500..=599 => Err(NotifyError::Retry {
            reason,
            after: answer.retry_after.map(|_| bounded(1)),
        }),
        _ => Err(NotifyError::Reject(reason)),
    }
}

/// The longest wait that a target may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(900);

/// Sends a request and judges the answer.
pub async fn deliver(client: &HttpClient, request: Outgoing<'_>) -> Result<(), NotifyError> {
    judge(&answer(client, request).await?)
}

/// Sends a request; without an answer it may be tried again.
pub async fn answer(client: &HttpClient, request: Outgoing<'_>) -> Result<Answer, NotifyError> {
    let answer = client.send(request).await;
    answer.map_err(|error| NotifyError::Retry {
        reason: error.to_string(),
        after: None,
    })
}

/// `allow_private` of the settings.
pub fn private(allowed: bool) -> Private {
    match allowed {
        true => Private::Allowed,
        false => Private::Refused,
    }
}

/// At most so many characters, the last of them an ellipsis where some are left out.
pub fn shorten(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text
            .chars()
            .take(chars_max.saturating_sub(1))
            .chain(['…'])
            .collect(),
    }
}

/// One line without control characters: what may stand in a subject, a header, a log line.
pub fn one_line(text: &str, chars_max: usize) -> String {
    shorten(&escape_controls(text), chars_max)
}

/// The word that stands before a message in chats and mails.
pub fn headline(message: &Notification) -> &'static str {
    match message.action {
        Action::Trigger if message.reason == Reason::Renotify => "still firing",
        Action::Trigger if message.reason == Reason::Test => "test",
        Action::Trigger => "firing",
        Action::Acknowledge => "acknowledged",
        Action::Resolve => "resolved",
        Action::Digest if message.reason == Reason::Notice => "notice",
        Action::Digest if message.reason == Reason::Deploy => "change",
        Action::Digest => "overnight",
    }
}

#[cfg(test)]
mod tests;
