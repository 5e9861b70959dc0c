//! Rollups: the requests of `logs`, counted by place, class of status and bucket of time.
//!
//! A large file of `logs` has a rollup of its own, under the same path in a table beside it; so have four weeks
//! that are over, under a path that is made of all their files. So a reader that holds a view knows which of its
//! files have one, needs no version to compare, and files that compaction or retention takes away take their
//! rollups with them. A file's rollup holds its rows counted in days, hours and minutes; that of four weeks counts
//! them as one bucket, and its small files, which have no rollup, in days too. So a row is at most once in each
//! grain. All is counted by country, region and city, every grain and level in a row group of its own: a map of a
//! year reads a few kilobytes of some thirteen files, beside those of the weeks that are not over.

mod cells;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use self::cells::{Counting, PLACE};
use super::compaction::read_file;
use super::delta::{DataFile, day_text};
use super::parquet_file::DayFile;
use super::{Store, StoreError};
use crate::batch::day_of;
use crate::schema::{self, DAY, Table};

/// Lengths of the buckets, seconds, the longest first; each divides the one before it.
pub const GRAINS_S: [i32; 4] = [FOUR_WEEKS_S, DAY_S, 3_600, 60];
pub const DAY_S: i32 = 86_400;
pub const FOUR_WEEKS_S: i32 = FOUR_WEEKS_DAYS * DAY_S;
const FOUR_WEEKS_DAYS: i32 = 28;
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

/// Four weeks, counted from the epoch on, as a reader sees them.
pub struct FourWeeks<'a> {
    /// Where the rollup is that counts exactly these files, apart those that have a rollup and those that have none.
    pub path: String,
    pub first_day: i32,
    pub files: Vec<&'a DataFile>,
}

/// The files of `logs` by four weeks; `rolled` are the paths of all rollups.
pub fn four_weeks<'a>(logs: &'a [DataFile], rolled: &HashSet<&str>) -> Vec<FourWeeks<'a>> {
    let mut weeks: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
    for file in logs {
        let first_day = file.day.div_euclid(FOUR_WEEKS_DAYS) * FOUR_WEEKS_DAYS;
        weeks.entry(first_day).or_default().push(file);
    }
    let weeks = weeks.into_iter().map(|(first_day, files)| {
        let paths = files.iter().map(|file| file.path.as_str());
        let mut paths: Vec<_> = paths.map(|path| (path, rolled.contains(path))).collect();
        paths.sort_unstable();
        let mut hasher = Sha256::new();
        for (path, is_rolled) in paths {
            hasher.update(format!("{path} {is_rolled}\n"));
        }
        let hash = crate::text::hex(&hasher.finalize());
        FourWeeks {
            path: format!("{DAY}={}/{hash}.zstd.parquet", day_text(first_day)),
            first_day,
            files,
        }
    });
    weeks.collect()
}

/// A rollup that is to be made.
#[derive(Debug, PartialEq)]
struct Due {
    path: String,
    /// First day that it counts.
    day: i32,
    files: Vec<DataFile>,
    /// The finest first.
    grains_s: &'static [i32],
}

/// Grains of a file's rollup and of that of four weeks.
const OF_A_FILE_S: &[i32] = &[60, 3_600, DAY_S];
const OF_FOUR_WEEKS_S: &[i32] = &[DAY_S, FOUR_WEEKS_S];

/// What has been begun in one go: each file and each four weeks once, however often lines come late.
#[derive(Debug, Default)]
struct Tried {
    files: HashSet<String>,
    first_days: HashSet<i32>,
}

/// Rollups that are to be made, and those of what is gone. Four weeks are due when they are over and each of their
/// large files has a rollup: they are counted from these.
fn due(
    logs: &[DataFile],
    rollups: &[DataFile],
    today: i32,
    tried: &Tried,
) -> (Vec<Due>, Vec<DataFile>) {
    let rolled: HashSet<&str> = rollups.iter().map(|file| file.path.as_str()).collect();
    let is_uncounted =
        |file: &DataFile| file.n_rows >= ROLLED_ROWS_MIN && !rolled.contains(file.path.as_str());
    // The latest are asked for most.
    let files = logs.iter().rev();
    let files = files.filter(|file| is_uncounted(file) && !tried.files.contains(&file.path));
    let files = files.map(|file| Due {
        path: file.path.clone(),
        day: file.day,
        files: vec![file.clone()],
        grains_s: OF_A_FILE_S,
    });
    let weeks = four_weeks(logs, &rolled);
    let due_weeks = weeks.iter().rev().filter(|weeks| {
        weeks.files.len() > 1
            && weeks.first_day + FOUR_WEEKS_DAYS <= today
            && !rolled.contains(weeks.path.as_str())
            && !tried.first_days.contains(&weeks.first_day)
            && !weeks.files.iter().any(|file| is_uncounted(file))
    });
    let due_weeks = due_weeks.map(|weeks| Due {
        path: weeks.path.clone(),
        day: weeks.first_day,
        files: weeks.files.iter().copied().cloned().collect(),
        grains_s: OF_FOUR_WEEKS_S,
    });
    let due = files.chain(due_weeks).take(COMMITTED_FILES_MAX).collect();
    let logs = logs.iter().map(|file| file.path.as_str());
    let weeks = weeks.iter().map(|weeks| weeks.path.as_str());
    let live: HashSet<&str> = logs.chain(weeks).collect();
    let gone = rollups.iter();
    let gone = gone.filter(|file| !live.contains(file.path.as_str()));
    (due, gone.cloned().collect())
}

impl Store {
    /// Counts the large files and the past four weeks that have no rollup yet, and drops the rollups of what is
    /// gone. Returns how many it made.
    pub async fn roll_up(&self) -> Result<usize, StoreError> {
        let mut n_made = 0;
        let mut tried = Tried::default();
        loop {
            let logs = self.view(Table::Logs).files;
            let rollups = self.view(Table::Rollups).files;
            let today = day_of(crate::time::now_us());
            let (due, gone) = due(&logs, &rollups, today, &tried);
            if due.is_empty() && gone.is_empty() {
                return Ok(n_made);
            }
            let mut made = Vec::new();
            for due in due {
                match self.count(&due, &rollups).await {
                    Ok(counted) => made.push((due.path.clone(), counted)),
                    Err(error) => {
                        tracing::warn!(%error, path = due.path, "files cannot be counted, their rows are read");
                    }
                }
                match due.grains_s {
                    OF_FOUR_WEEKS_S => drop(tried.first_days.insert(due.day)),
                    _ => drop(tried.files.insert(due.path)),
                }
            }
            n_made += made.len();
            self.commit_rollups(made, gone).await?;
        }
    }

    /// Counts the rows of files, and for four weeks what the rollups of large files say of days.
    async fn count(&self, due: &Due, rollups: &[DataFile]) -> Result<DayFile, StoreError> {
        let rollups = rollups.iter().map(|file| (file.path.as_str(), file));
        let rollups: HashMap<&str, &DataFile> = match due.grains_s {
            OF_FOUR_WEEKS_S => rollups.collect(),
            _ => HashMap::new(),
        };
        let mut counting = Counting::new(due.grains_s);
        for file in &due.files {
            let (table, file) = match rollups.get(file.path.as_str()) {
                Some(rollup) => (Table::Rollups, *rollup),
                None => (Table::Logs, file),
            };
            let source = self.slot(table).log.lock().await.object_store();
            let batches = read_file(table, source, file).await?;
            counting = in_background(move || {
                for batch in &batches {
                    match table {
                        Table::Rollups => counting.add_days(batch),
                        _ => counting.add_rows(batch),
                    }
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

#[cfg(test)]
mod tests;
