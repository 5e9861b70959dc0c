//! Counting: rows to cells, cells to the rows of a rollup.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Int8Array, Int16Array, Int32Array, Int64Array,
    RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    Float32Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};

use super::DAY_S;
use crate::schema::{self, Table};
use crate::store::StoreError;
use crate::store::parquet_file::{DayFile, DayWriter};

/// Columns of a place, from the coarsest on; with its position a column's level.
pub(super) const PLACE: [&str; 3] = [schema::COUNTRY, schema::REGION, schema::CITY];

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

/// Start of the bucket in seconds, place, class.
type Key = (i64, usize, i16);
type Cells = BTreeMap<Key, Cell>;

/// Requests as they are counted.
pub(super) struct Counting {
    /// The finest first.
    grains_s: &'static [i32],
    places: Places,
    /// By buckets of the finest grain.
    cells: HashMap<Key, Cell, ahash::RandomState>,
    /// By buckets of the longest: what has been counted more finely elsewhere.
    coarse: HashMap<Key, Cell, ahash::RandomState>,
}

impl Counting {
    pub(super) fn new(grains_s: &'static [i32]) -> Self {
        Self {
            grains_s,
            places: Places::default(),
            cells: HashMap::default(),
            coarse: HashMap::default(),
        }
    }

    /// Adds rows of `logs`.
    pub(super) fn add_rows(&mut self, batch: &RecordBatch) {
        let rows = Rows::of(batch);
        let bucket_s = self.grains_s.first().copied().unwrap_or(DAY_S);
        let n_of = |_| Some(1);
        add(&rows, n_of, bucket_s, &mut self.places, &mut self.cells);
    }

    /// Adds what a rollup says of days and cities, to the longest buckets.
    pub(super) fn add_days(&mut self, batch: &RecordBatch) {
        let rows = Rows::of(batch);
        let column = |name: &str| batch.column_by_name(name).expect("rollups have it");
        let grains_s = column(schema::GRAIN_S).as_primitive::<Int32Type>();
        let levels = column(schema::LEVEL_OF_PLACE).as_primitive::<Int8Type>();
        let n = column(schema::N).as_primitive::<Int64Type>();
        let bucket_s = self.grains_s.last().copied().unwrap_or(DAY_S);
        let n_of = |row: usize| {
            let is_city_day = grains_s.value(row) == DAY_S && levels.value(row) == 2;
            is_city_day.then(|| n.value(row))
        };
        add(&rows, n_of, bucket_s, &mut self.places, &mut self.coarse);
    }

    /// Encodes the counts, each grain and level in a row group.
    pub(super) fn into_file(mut self, day: i32) -> Result<DayFile, StoreError> {
        let mut writer = DayWriter::new(Table::Rollups, day)?;
        let mut finer: Cells = self.cells.into_iter().collect();
        for grain_s in self.grains_s {
            let length_s = i64::from(*grain_s);
            finer = folded(finer, |(start, place, class)| {
                (start.div_euclid(length_s) * length_s, place, class)
            });
            if Some(grain_s) == self.grains_s.last() {
                for (key, cell) in std::mem::take(&mut self.coarse) {
                    finer.entry(key).or_default().add(cell);
                }
            }
            let mut by_place = finer.clone();
            for level in (0..PLACE.len()).rev() {
                by_place = folded(by_place, |(start, place, class)| {
                    (start, self.places.coarser(place, level), class)
                });
                writer.write(&columns(*grain_s, level, &by_place, &self.places)?)?;
                writer.end_group()?;
            }
        }
        writer.finish()
    }
}

/// Adds rows to the buckets of a length; `n_of` says how many requests a row is, if it counts.
fn add(
    rows: &Rows<'_>,
    n_of: impl Fn(usize) -> Option<i64>,
    bucket_s: i32,
    places: &mut Places,
    cells: &mut HashMap<Key, Cell, ahash::RandomState>,
) {
    let bucket_s = i64::from(bucket_s);
    // Rows come in runs of one place.
    let mut last: Option<(Place, usize)> = None;
    for row in 0..rows.ts.len() {
        let (Some((ts, status)), Some(n)) = (rows.request(row), n_of(row)) else {
            continue;
        };
        let number = match &last {
            Some((place, number)) if rows.is_at(row, place) => *number,
            _ => {
                let place = rows.place(row);
                let number = places.number(&place);
                last = Some((place, number));
                number
            }
        };
        let start = ts.div_euclid(bucket_s * 1_000_000) * bucket_s;
        let class = status.div_euclid(100) * 100;
        let (lat, lon) = rows.coordinates(row);
        let cell = Cell { n, lat, lon };
        cells.entry((start, number, class)).or_default().add(cell);
    }
}

/// The columns that are counted by.
struct Rows<'a> {
    ts: &'a TimestampMicrosecondArray,
    status: &'a Int16Array,
    texts: [&'a StringViewArray; 3],
    lat: &'a Float32Array,
    lon: &'a Float32Array,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let column = |name: &str| batch.column_by_name(name).expect("both tables have it");
        Self {
            ts: column(schema::TS).as_primitive::<TimestampMicrosecondType>(),
            status: column(schema::STATUS).as_primitive::<Int16Type>(),
            texts: PLACE.map(|name| column(name).as_string_view()),
            lat: column(schema::LAT).as_primitive::<Float32Type>(),
            lon: column(schema::LON).as_primitive::<Float32Type>(),
        }
    }

    /// Time and status of a row that is a request.
    fn request(&self, row: usize) -> Option<(i64, i16)> {
        let is_request = self.status.is_valid(row) && self.ts.is_valid(row);
        is_request.then(|| (self.ts.value(row), self.status.value(row)))
    }

    fn text(&self, part: usize, row: usize) -> Option<&'a str> {
        let texts = self.texts[part];
        texts.is_valid(row).then(|| texts.value(row))
    }

    fn is_at(&self, row: usize, place: &Place) -> bool {
        (0..PLACE.len()).all(|part| place[part].as_deref() == self.text(part, row))
    }

    fn place(&self, row: usize) -> Place {
        [0, 1, 2].map(|part| self.text(part, row).map(str::to_owned))
    }

    fn coordinates(&self, row: usize) -> (Option<f32>, Option<f32>) {
        let float = |values: &Float32Array| values.is_valid(row).then(|| values.value(row));
        (float(self.lat), float(self.lon))
    }
}

fn folded(cells: Cells, mut key: impl FnMut(Key) -> Key) -> Cells {
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
