//! Files of the user in the folder of queries: written and deleted one at a time, over nobody's change, and noted.

use std::path::PathBuf;

use axum::http::StatusCode;
use serde::Deserialize;
use tokio::sync::{Mutex, MutexGuard};
use utoipa::IntoParams;

use super::{ApiError, App};
use crate::alerting::people;
use crate::state::Transaction;
use crate::time::now_us;

/// One for all: two changes of one version may not both pass, nor a rule that asks a query and its deletion.
static WRITING: Mutex<()> = Mutex::const_new(());

/// Which file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionRead {
    /// The version that was read; when it is another by now, nothing is deleted.
    pub(super) version: Option<String>,
}

/// What is noted of a change.
pub(super) struct Note {
    pub(super) by: String,
    /// `write rule`
    pub(super) act: &'static str,
    pub(super) subject: String,
    pub(super) version: String,
}

/// Nobody else writes while this is held.
pub(super) struct Writing<'a> {
    app: &'a App,
    _only: MutexGuard<'static, ()>,
}

impl App {
    /// Waits until nobody else writes.
    pub(super) async fn writing(&self) -> Writing<'_> {
        Writing {
            app: self,
            _only: WRITING.lock().await,
        }
    }
}

impl Writing<'_> {
    /// Writes a file and notes it.
    pub(super) async fn write(
        &self,
        path: PathBuf,
        text: String,
        note: Note,
    ) -> Result<(), ApiError> {
        let write = move || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            crate::disk::write_atomically(&path, text.as_bytes())
        };
        super::on_disk(write).await?;
        self.note(note).await
    }

    /// Deletes a file and notes it.
    pub(super) async fn delete(&self, path: PathBuf, note: Note) -> Result<(), ApiError> {
        super::on_disk(move || crate::disk::remove(&path)).await?;
        self.note(note).await
    }

    async fn note(&self, note: Note) -> Result<(), ApiError> {
        let write = move |tx: &Transaction<'_>| {
            people::audit(
                tx,
                now_us(),
                &note.by,
                note.act,
                &note.subject,
                &note.version,
            )
        };
        Ok(self.app.store.state().write(write).await?)
    }
}

/// Somebody was faster. `what` is `rule ID` or `query NAME`.
pub(super) fn changed_meanwhile(what: &str) -> ApiError {
    let message = format!("the file of {what} is not the one that was read");
    ApiError::new(StatusCode::CONFLICT, "changed_meanwhile", message)
        .hint("read it again, and send its `version`")
}
