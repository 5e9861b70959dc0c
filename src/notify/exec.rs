//! A program of one's own, with the message as JSON on its standard input. Off unless the settings name one.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{MessageId, Notification, Notifier, NotifyError, one_line};
use crate::http_client::HttpClient;

const TIMEOUT: Duration = Duration::from_secs(30);
/// The exit code by which a program says that it will never take this (EX_DATAERR of sysexits).
const NEVER: i32 = 65;

/// `[targets.NAME]` with `kind = "exec"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    /// An absolute path; no shell comes between.
    program: PathBuf,
    #[serde(default)]
    args: Vec<String>,
}

#[async_trait::async_trait]
impl Notifier for Exec {
    async fn send(
        &self,
        _: &HttpClient,
        message: &Notification,
        id: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let again = |reason: String| NotifyError::Retry {
            reason,
            after: None,
        };
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .env("LOGATLAS_MESSAGE_ID", id.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| again(format!("{}: {error}", self.program.display())))?;
        let body =
            serde_json::to_vec(message).map_err(|error| NotifyError::Reject(error.to_string()))?;
        let run = async {
            if let Some(mut stdin) = child.stdin.take() {
                // A program that does not read may close its input; its exit code is what counts.
                drop(stdin.write_all(&body).await);
            }
            child.wait_with_output().await
        };
        let output = match tokio::time::timeout(TIMEOUT, run).await {
            Ok(output) => output.map_err(|error| again(error.to_string()))?,
            Err(_) => {
                return Err(again(format!(
                    "it ran for more than {} s",
                    TIMEOUT.as_secs()
                )));
            }
        };
        let words = one_line(&String::from_utf8_lossy(&output.stderr), 200);
        match output.status.code() {
            Some(0) => Ok(()),
            Some(NEVER) => Err(NotifyError::Reject(words)),
            _ => Err(again(format!("{}: {words}", output.status))),
        }
    }

    fn rate_key(&self) -> String {
        self.program.display().to_string()
    }

    fn check(&self) -> Result<(), String> {
        match self.program.is_absolute() {
            true => Ok(()),
            false => Err("program is an absolute path".into()),
        }
    }
}
