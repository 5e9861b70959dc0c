//! Rollups: the requests of each large file of `logs`, counted by place, class of status and bucket of time.
//!
//! A rollup is a file of its own table under the path of the file that it was made from. So a reader that
//! holds a view knows which of its files have one, needs no version to compare, and a file that compaction or
//! retention takes away takes its rollup with it. Each holds the same rows counted in days, hours and minutes,
//! by country, region and city, every one of these in a row group of its own: a map of a year reads a few
//! kilobytes a day.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Int8Array, Int16Array, Int32Array, Int64Array,
    RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float32Type, Int16Type, TimestampMicrosecondType};

use super::compaction::read_file;
use super::delta::DataFile;
use super::parquet_file::{DayFile, DayWriter};
use super::{Store, StoreError};
use crate::schema::{self, Table};

/// Lengths of the buckets, seconds, the longest first; each divides the one before it.
pub const GRAINS_S: [i32; 3] = [86_400, 3_600, 60];
/// Columns of a place, from the coarsest on; with its position a column's level.
const PLACE: [&str; 3] = [schema::COUNTRY, schema::REGION, schema::CITY];
/// Files with fewer rows are read as they are; compaction makes large ones of them.
const ROLLED_ROWS_MIN: u64 = 10_000;
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

impl Store {
    /// Counts the large files that have no rollup yet, and drops the rollups of files that are gone. Returns
    /// how many it made.
    pub async fn roll_up(&self) -> Result<usize, StoreError> {
        let mut n_made = 0;
        let mut failed = HashSet::new();
        loop {
            let logs = self.view(Table::Logs).files;
            let rollups = self.view(Table::Rollups).files;
            let known: HashSet<&str> = rollups.iter().map(|file| file.path.as_str()).collect();
            let live: HashSet<&str> = logs.iter().map(|file| file.path.as_str()).collect();
            let gone = rollups
                .iter()
                .filter(|file| !live.contains(file.path.as_str()));
            let gone: Vec<DataFile> = gone.cloned().collect();
            // The latest are asked for most.
            let due = logs.iter().rev().filter(|file| {
                let is_known = known.contains(file.path.as_str()) || failed.contains(&file.path);
                file.n_rows >= ROLLED_ROWS_MIN && !is_known
            });
            let due: Vec<DataFile> = due.take(COMMITTED_FILES_MAX).cloned().collect();
            if due.is_empty() && gone.is_empty() {
                return Ok(n_made);
            }
            let source = self.slot(Table::Logs).log.lock().await.object_store();
            let mut made = Vec::new();
            for file in &due {
                match count_file(Arc::clone(&source), file).await {
                    Ok(counted) => made.push((file.path.clone(), counted)),
                    Err(error) => {
                        tracing::warn!(%error, path = file.path, "a file cannot be counted, its rows are read");
                        failed.insert(file.path.clone());
                    }
                }
            }
            n_made += made.len();
            self.commit_rollups(made, gone).await?;
        }
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

async fn count_file(
    source: Arc<dyn object_store::ObjectStore>,
    file: &DataFile,
) -> Result<DayFile, StoreError> {
    let batches = read_file(Table::Logs, source, file).await?;
    let day = file.day;
    tokio::task::spawn_blocking(move || count(day, &batches))
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// A place, as finely as the level says; the finer parts are null.
type Place = [Option<String>; 3];

/// What a bucket of a place and a class holds.
#[derive(Clone, Copy, Default)]
struct Cell {
    n: i64,
    lat: Option<f32>,
    lon: Option<f32>,
}

impl Cell {
    fn add(&mut self, other: Cell) {
        // As SQL's max: null only where all are.
        let larger = |a: Option<f32>, b: Option<f32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self.n += other.n;
        self.lat = larger(self.lat, other.lat);
        self.lon = larger(self.lon, other.lon);
    }
}

/// By start of the bucket in seconds, place and class.
type Cells = BTreeMap<(i64, usize, i16), Cell>;

/// Counts the requests of one day's rows.
fn count(day: i32, batches: &[RecordBatch]) -> Result<DayFile, StoreError> {
    let mut places = Places::default();
    let mut minutes: HashMap<(i64, usize, i16), Cell, ahash::RandomState> = HashMap::default();
    for batch in batches {
        count_batch(batch, &mut places, &mut minutes);
    }
    let mut writer = DayWriter::new(Table::Rollups, day)?;
    let mut finer: Cells = minutes.into_iter().collect();
    for grain_s in GRAINS_S.into_iter().rev() {
        finer = folded(finer, |(start, place, class)| {
            (
                start.div_euclid(grain_s.into()) * i64::from(grain_s),
                place,
                class,
            )
        });
        let mut by_place = finer.clone();
        for level in (0..PLACE.len()).rev() {
            by_place = folded(by_place, |(start, place, class)| {
                (start, places.coarser(place, level), class)
            });
            writer.write(&columns(grain_s, level, &by_place, &places)?)?;
            writer.end_group()?;
        }
    }
    writer.finish()
}

fn folded(cells: Cells, mut key: impl FnMut((i64, usize, i16)) -> (i64, usize, i16)) -> Cells {
    let mut sums = Cells::new();
    for (old, cell) in cells {
        sums.entry(key(old)).or_default().add(cell);
    }
    sums
}

/// The places that were seen, each with a number.
#[derive(Default)]
struct Places {
    numbers: HashMap<Place, usize, ahash::RandomState>,
    list: Vec<Place>,
}

impl Places {
    fn number(&mut self, place: &Place) -> usize {
        if let Some(number) = self.numbers.get(place) {
            return *number;
        }
        self.list.push(place.clone());
        self.numbers.insert(place.clone(), self.list.len() - 1);
        self.list.len() - 1
    }

    /// The place without what is finer than the level.
    fn coarser(&mut self, number: usize, level: usize) -> usize {
        let mut place = self.list[number].clone();
        place[level + 1..].fill(None);
        self.number(&place)
    }
}

fn count_batch(
    batch: &RecordBatch,
    places: &mut Places,
    cells: &mut HashMap<(i64, usize, i16), Cell, ahash::RandomState>,
) {
    let column = |name: &str| batch.column_by_name(name).expect("logs have this column");
    let ts = column(schema::TS).as_primitive::<TimestampMicrosecondType>();
    let status = column(schema::STATUS).as_primitive::<Int16Type>();
    let texts = PLACE.map(|name| column(name).as_string_view());
    let lat = column(schema::LAT).as_primitive::<Float32Type>();
    let lon = column(schema::LON).as_primitive::<Float32Type>();
    let float = |values: &Float32Array, row: usize| values.is_valid(row).then(|| values.value(row));
    // Rows come in runs of one place.
    let mut last: Option<(Place, usize)> = None;
    for row in 0..batch.num_rows() {
        if status.is_null(row) || ts.is_null(row) {
            continue;
        }
        let text = |part: usize| {
            let texts: &StringViewArray = texts[part];
            texts.is_valid(row).then(|| texts.value(row))
        };
        let is_same =
            |place: &Place| (0..PLACE.len()).all(|part| place[part].as_deref() == text(part));
        let number = match &last {
            Some((place, number)) if is_same(place) => *number,
            _ => {
                let place: Place = [0, 1, 2].map(|part| text(part).map(str::to_owned));
                let number = places.number(&place);
                last = Some((place, number));
                number
            }
        };
        let minute = ts.value(row).div_euclid(60_000_000) * 60;
        let class = status.value(row).div_euclid(100) * 100;
        let cell = Cell {
            n: 1,
            lat: float(lat, row),
            lon: float(lon, row),
        };
        cells.entry((minute, number, class)).or_default().add(cell);
    }
}

fn columns(
    grain_s: i32,
    level: usize,
    cells: &Cells,
    places: &Places,
) -> Result<RecordBatch, StoreError> {
    let level = i8::try_from(level).unwrap_or(i8::MAX);
    let n = cells.len();
    let part = |part: usize| {
        let names = cells
            .keys()
            .map(|(_, place, _)| places.list[*place][part].as_deref());
        Arc::new(StringViewArray::from_iter(names)) as ArrayRef
    };
    let starts = cells.keys().map(|(start, ..)| start * 1_000_000);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampMicrosecondArray::from_iter_values(starts)),
        Arc::new(Int32Array::from_value(grain_s, n)),
        Arc::new(Int8Array::from_value(level, n)),
        part(0),
        part(1),
        part(2),
        Arc::new(Int16Array::from_iter_values(
            cells.keys().map(|(.., class)| *class),
        )),
        Arc::new(Float32Array::from_iter(cells.values().map(|cell| cell.lat))),
        Arc::new(Float32Array::from_iter(cells.values().map(|cell| cell.lon))),
        Arc::new(Int64Array::from_iter_values(
            cells.values().map(|cell| cell.n),
        )),
    ];
    Ok(RecordBatch::try_new(schema::rollups(), columns)?)
}
