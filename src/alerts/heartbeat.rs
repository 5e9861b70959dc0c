//! The dead man's switch: a sign of life to a service that alarms when the signs stop.
//!
//! Whoever watches everything has to be watched from elsewhere. The sign is sent past the outbox, because one
//! that waited in a queue would say nothing, and only while the lamp is not blue: rules are looked at and
//! messages get through.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::alerting;
use crate::config::parse_duration;
use crate::http_client::{HttpClient, Outgoing, check_url};
use crate::notify::{Secret, private};
use crate::source::Shutdown;
use crate::state::State;
use crate::time::{now_us, rfc3339};

/// Signs more often than this tell nobody more.
const EVERY_MIN: Duration = Duration::from_secs(5);

/// `[heartbeat]` of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Where the sign goes, by `POST`: the address that the watching service gave.
    url: Secret,
    /// How often, such as `1m`.
    #[serde(default = "every")]
    every: String,
    #[serde(default)]
    allow_private: bool,
}

fn every() -> String {
    "1m".into()
}

impl Heartbeat {
    /// Checks the settings without asking anyone.
    pub fn check(&self) -> Result<(), String> {
        self.url.literal().map_or(Ok(()), check_url)?;
        match parse_duration(&self.every) {
            Some(every) if every >= EVERY_MIN => Ok(()),
            _ => Err(format!("every = {:?}: write 1m, 5s at least", self.every)),
        }
    }

    /// Sends signs until shutdown.
    pub async fn run(self, state: State, client: HttpClient, shutdown: Shutdown) {
        let every = parse_duration(&self.every).unwrap_or(EVERY_MIN);
        loop {
            if let Err(error) = self.sign(&state, &client).await {
                tracing::warn!(error, "no sign of life was sent");
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Sends one sign, when all is well with logatlas itself.
    async fn sign(&self, state: &State, client: &HttpClient) -> Result<(), String> {
        let lamp = state.read(|c| alerting::lamp(c, now_us()));
        let lamp = lamp.map_err(|error| error.to_string())?;
        if lamp.state == "blue" {
            return Err("rules are not looked at, or messages do not get through".into());
        }
        let url = self.url.read().map_err(|error| error.to_string())?;
        let body = json!({"source": "logatlas", "state": lamp.state, "at": rfc3339(now_us())});
        let request = Outgoing::json(&url, private(self.allow_private), &body);
        let answer = client
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        match answer.status.is_success() {
            true => Ok(()),
            false => Err(format!("{}: {}", answer.status, answer.body_start())),
        }
    }
}
