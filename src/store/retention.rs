//! Retention: whole files go once their youngest row has been here long enough. Off unless asked for.

use std::sync::Arc;

use super::{Store, StoreError};
use crate::schema::Table;

impl Store {
    /// Removes the files whose rows all arrived before `observed_before_us`; returns the rows removed.
    ///
    /// Rows are kept until all of their file is old, so none goes too early.
    pub async fn retain(&self, table: Table, observed_before_us: i64) -> Result<u64, StoreError> {
        let _changing = self.inner.changing.lock().await;
        let slot = self.slot(table);
        let view = slot.view();
        let old = view
            .files
            .iter()
            .filter(|file| file.observed_ts.1 < observed_before_us);
        let old: Vec<_> = old.cloned().collect();
        if old.is_empty() {
            return Ok(0);
        }
        let n_rows = old.iter().map(|file| file.n_rows).sum();
        let mut log = slot.log.lock().await;
        log.commit(Vec::new(), old, None).await?;
        let files = Arc::new(log.files()?);
        slot.change_view(|view| view.files = files);
        Ok(n_rows)
    }
}
