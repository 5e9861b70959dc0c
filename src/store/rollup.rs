//! Rollups: the requests of `logs`, counted by place, class of status and bucket of time.
//!
//! A large file of `logs` has a rollup of its own, under the same path in a table beside it; so have four weeks
//! that are over, under a path that is made of the paths of all their files. So a reader that holds a view knows
//! which of its files have one, needs no version to compare, and files that compaction or retention takes away
//! take their rollups with them. A file's rollup holds its rows counted in days, hours and minutes; that of four
//! weeks counts them as one bucket, and its small files, which have no rollup, in days too. So each row is once in
//! each grain. All is counted by country, region and city, every grain and level in a row group of its own: a map
//! of a year reads a few kilobytes of each of some twenty files.

mod cells;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use self::cells::{Counting, PLACE};
use super::compaction::read_file;
use super::delta::{DataFile, day_text};
use super::parquet_file::DayFile;
use super::{Store, StoreError};
use crate::schema::{self, DAY, Table};

/// Lengths of the buckets, seconds, the longest first; each divides the one before it.
pub const GRAINS_S: [i32; 4] = [SPAN_S, DAY_S, 3_600, 60];
pub const DAY_S: i32 = 86_400;
/// Four weeks, from the epoch on.
pub const SPAN_S: i32 = SPAN_DAYS * DAY_S;
const SPAN_DAYS: i32 = 28;
/// Files with fewer rows are read as they are; compaction makes large ones of them. Less would be about as many
/// cells as rows.
const ROLLED_ROWS_MIN: u64 = 50_000;
/// Rollups of one commit.
const COMMITTED_FILES_MAX: usize = 16;

/// The level that tells a column's values apart; none for a column that is not part of a place.
pub fn level_of_place(column: &str) -> Option<i8> {
    match column {
        schema::LAT | schema::LON => Some(2),
        _ => (0..)
            .zip(PLACE)
            .find_map(|(level, name)| (name == column).then_some(level)),
    }
}

/// The files of `logs` by four weeks, each with the path of the rollup that counts exactly these. The last four
/// weeks are left out: they change from day to day.
pub fn spans(logs: &[DataFile]) -> Vec<(String, Vec<&DataFile>)> {
    let mut spans: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
    for file in logs {
        let span = spans.entry(file.day.div_euclid(SPAN_DAYS));
        span.or_default().push(file);
    }
    spans.pop_last();
    let with_path = spans.into_iter().map(|(span, files)| {
        let mut paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        let hash = crate::text::hex(&Sha256::digest(paths.join("\n")));
        let path = format!("{DAY}={}/{hash}.zstd.parquet", day_text(span * SPAN_DAYS));
        (path, files)
    });
    with_path.collect()
}

/// A rollup that is to be made.
struct Due {
    path: String,
    /// First day that it counts.
    day: i32,
    files: Vec<DataFile>,
    /// The finest first.
    grains_s: &'static [i32],
}

/// Rollups that are to be made, and files of rollups that count what is gone. Those of four weeks wait for those
/// of their files: they are counted from them.
fn due(
    logs: &[DataFile],
    rollups: &[DataFile],
    failed: &HashSet<String>,
) -> (Vec<Due>, Vec<DataFile>) {
    let known: HashSet<&str> = rollups.iter().map(|file| file.path.as_str()).collect();
    let is_new = |path: &str| !known.contains(path) && !failed.contains(path);
    // The latest are asked for most.
    let files = logs.iter().rev();
    let files = files.filter(|file| file.n_rows >= ROLLED_ROWS_MIN && is_new(&file.path));
    let mut due: Vec<Due> = files
        .map(|file| Due {
            path: file.path.clone(),
            day: file.day,
            files: vec![file.clone()],
            grains_s: &[60, 3_600, DAY_S],
        })
        .collect();
    let spans = spans(logs);
    if due.is_empty() {
        let spans = spans.iter().rev();
        let spans = spans.filter(|(path, files)| files.len() > 1 && is_new(path));
        due.extend(spans.map(|(path, files)| Due {
            path: path.clone(),
            day: files[0].day.div_euclid(SPAN_DAYS) * SPAN_DAYS,
            files: files.iter().copied().cloned().collect(),
            grains_s: &[DAY_S, SPAN_S],
        }));
    }
    let live = logs.iter().map(|file| file.path.as_str());
    let live: HashSet<&str> = live
        .chain(spans.iter().map(|(path, _)| path.as_str()))
        .collect();
    let gone = rollups
        .iter()
        .filter(|file| !live.contains(file.path.as_str()));
    (due, gone.cloned().collect())
}

impl Store {
    /// Counts the large files and the past four weeks that have no rollup yet, and drops the rollups of what is
    /// gone. Returns how many it made.
    pub async fn roll_up(&self) -> Result<usize, StoreError> {
        let mut n_made = 0;
        let mut failed = HashSet::new();
        loop {
            let logs = self.view(Table::Logs).files;
            let rollups = self.view(Table::Rollups).files;
            let (mut due, gone) = due(&logs, &rollups, &failed);
            due.truncate(COMMITTED_FILES_MAX);
            if due.is_empty() && gone.is_empty() {
                return Ok(n_made);
            }
            let mut made = Vec::new();
            for due in due {
                match self.count(&due, &rollups).await {
                    Ok(counted) => made.push((due.path, counted)),
                    Err(error) => {
                        tracing::warn!(%error, path = due.path, "files cannot be counted, their rows are read");
                        failed.insert(due.path);
                    }
                }
            }
            n_made += made.len();
            self.commit_rollups(made, gone).await?;
        }
    }

    /// Counts the rows of files, or for longer buckets what their rollups say of days.
    async fn count(&self, due: &Due, rollups: &[DataFile]) -> Result<DayFile, StoreError> {
        let of_days: HashMap<&str, &DataFile> = match due.grains_s {
            [.., SPAN_S] => rollups
                .iter()
                .map(|file| (file.path.as_str(), file))
                .collect(),
            _ => HashMap::new(),
        };
        let mut counting = Counting::new(due.grains_s);
        for file in &due.files {
            let (table, file) = match of_days.get(file.path.as_str()) {
                Some(rollup) => (Table::Rollups, *rollup),
                None => (Table::Logs, file),
            };
            let source = self.slot(table).log.lock().await.object_store();
            let batches = read_file(table, source, file).await?;
            counting = in_background(move || {
                for batch in &batches {
                    counting.add(batch);
                }
                counting
            })
            .await;
        }
        let day = due.day;
        in_background(move || counting.into_file(day)).await
    }

    async fn commit_rollups(
        &self,
        made: Vec<(String, DayFile)>,
        gone: Vec<DataFile>,
    ) -> Result<(), StoreError> {
        let slot = self.slot(Table::Rollups);
        let mut log = slot.log.lock().await;
        let mut added = Vec::new();
        for (path, file) in made {
            added.push(log.put_file(path, file).await?);
        }
        log.commit(added, gone, None).await?;
        let files = Arc::new(log.files()?);
        slot.change_view(|view| view.files = files);
        Ok(())
    }
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
