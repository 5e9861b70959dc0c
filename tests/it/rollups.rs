//! Rollups answer what the rows answer, to the row: every shipped query, any window, while files come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::generate::{Generator, STREAMS};
use logatlas::query::bind::Value;
use logatlas::query::output::{self, OutputFormat};
use logatlas::query::saved::{ParamType, SavedQueries};
use logatlas::query::{Engine, Limits};
use logatlas::schema::Table;
use logatlas::store::Store;
use rand::{Rng, SeedableRng};

use crate::program::{Home, access_line, arg};

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
const N_LINES: u64 = 250_000;

struct Bench {
    store: Store,
    engine: Engine,
}

impl Bench {
    async fn open(home: &Home) -> Self {
        let store = Store::open(&home.data, CrashPoint::default())
            .await
            .unwrap();
        let (geo, _) = GeoIp::open(&[], None);
        let engine = Engine::new(store.clone(), &Arc::new(geo), 512).unwrap();
        Self { store, engine }
    }

    async fn ask(&self, sql: &str) -> Vec<String> {
        let answer = self.engine.run(sql, Limits::CONSOLE).await;
        let answer = answer.unwrap_or_else(|error| panic!("{error}\n{sql}"));

        let bytes = output::to_bytes(&answer, OutputFormat::Csv).unwrap();
        let mut rows: Vec<String> = String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        rows.sort();
        rows
    }

    async fn uses_rollups(&self, sql: &str) -> bool {
        self.ask(&format!("EXPLAIN {sql}"))
            .await
            .concat()
            .contains("rollups")
    }

    /// Files of a table that have so many rows.
    fn paths(&self, table: Table, n_rows_min: u64) -> Vec<String> {
        let files = self.store.view(table).files;
        let files = files.iter().filter(|file| file.n_rows >= n_rows_min);
        let mut paths: Vec<String> = files.map(|file| file.path.clone()).collect();
        paths.sort();
        paths
    }

    /// How many rollups of four weeks, and how many files of rows, a plan names. It names five of a list.
    async fn reads(&self, sql: &str) -> (usize, usize) {
        let plan = self.ask(&format!("EXPLAIN {sql}")).await.concat();
        let logs = self.paths(Table::Logs, 0);
        let rollups = self.paths(Table::Rollups, 0);
        let weeks = rollups.iter().filter(|path| !logs.contains(path));
        let named = |path: &&String| plan.contains(&format!("/logs/{path}"));
        (
            weeks.filter(|path| plan.contains(*path)).count(),
            logs.iter().filter(named).count(),
        )
    }

    /// Checks windows about ten weeks that begin at this time.
    async fn check_windows(&self, start_us: i64, seed: u64) {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut windows = vec![window(start_us, start_us + 70 * DAY_US, 28 * 86_400)];
        for bucket_s in [60, 3600, 86_400, 2 * 86_400, 28 * 86_400, 56 * 86_400] {
            let mut times = [0; 2].map(|_| start_us + random.random_range(-DAY_US..71 * DAY_US));
            times.sort_unstable();
            windows.push(window(times[0], times[1], bucket_s));
        }
        for window in windows {
            for query in ["errors_by_country", "errors_by_city", "errors_over_time"] {
                self.check(&bound(query, &window)).await;
            }
        }
    }

    /// The same answer from the rows alone: a column that no rollup has keeps them out.
    #[track_caller]
    fn check<'a>(&'a self, sql: &'a str) -> impl Future<Output = usize> + 'a {
        let of_rows = match sql.contains("FROM logs l ") {
            true => sql.replace("FROM logs l ", "FROM (SELECT * FROM logs) AS l "),
            false => sql.replace("FROM logs", "FROM (SELECT * FROM logs) AS logs"),
        };
        assert_ne!(of_rows, sql, "{sql}");
        async move {
            let (rolled, rows) = (self.ask(sql).await, self.ask(&of_rows).await);
            assert!(!self.uses_rollups(&of_rows).await, "{of_rows}");
            assert_eq!(rolled, rows, "{sql}");
            rows.len() - 1
        }
    }
}

/// From, to and length of a bucket.
fn window(from_us: i64, to_us: i64, bucket_s: i64) -> [(&'static str, Value); 3] {
    [
        ("from", Value::Timestamp(from_us)),
        ("to", Value::Timestamp(to_us)),
        ("bucket_s", Value::Int(bucket_s)),
    ]
}

fn day() -> Home {
    let home = Home::new();
    let mut files: BTreeMap<usize, String> = BTreeMap::new();
    let generator = Generator::new(END_US, 7, N_LINES);
    generator.lines(generator.start_us(), END_US, &mut |stream, _, line| {
        let text = files.entry(stream).or_default();
        text.push_str(line);
        text.push('\n');
    });
    let paths: Vec<_> = files
        .iter()
        .map(|(stream, text)| home.write(STREAMS[*stream].file, text))
        .collect();
    let mut args = vec!["import"];
    args.extend(paths.iter().map(|path| arg(path)));
    home.ok(&args);
    home
}

fn bound(name: &str, given: &[(&str, Value)]) -> String {
    let query = SavedQueries::default().get(name).unwrap();
    let given: BTreeMap<String, Value> = given
        .iter()
        .filter(|(name, _)| query.params.iter().any(|param| param.name == *name))
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    query.bind(&given).unwrap()
}

/// Shipped queries that rollups can answer.
const ROLLED: [&str; 10] = [
    "change_by_city",
    "change_by_country",
    "change_by_region",
    "errors_by_city",
    "errors_by_country",
    "errors_by_region",
    "errors_over_time",
    "hour_by_weekday",
    "requests_by_country",
    "requests_by_hour",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_that_of_the_rows() {
    let home = day();
    let bench = Bench::open(&home).await;
    let total = "SELECT count(*) AS n FROM logs WHERE status IS NOT NULL";
    assert!(!bench.uses_rollups(total).await, "nothing is rolled up yet");
    let n_made = bench.store.roll_up().await.unwrap();
    assert!(n_made >= 2, "{n_made}");
    assert_eq!(bench.store.roll_up().await.unwrap(), 0, "once is enough");

    let whole_day = window(END_US - DAY_US, END_US, 300);
    let odd = window(
        END_US - 19 * HOUR_US - 123_456_789,
        END_US - 60_000_001,
        300,
    );
    let base = [
        ("base_from", Value::Timestamp(END_US - 23 * HOUR_US)),
        ("base_to", Value::Timestamp(END_US - HOUR_US + 1)),
    ];
    let places: [&[(&str, Value)]; 3] = [
        &[],
        &[("country", Value::Text("ES".into()))],
        &[
            ("country", Value::Text("ES".into())),
            ("region", Value::Text("ES-MD".into())),
        ],
    ];
    let queries = SavedQueries::default();
    for name in queries.names() {
        let query = queries.get(&name).unwrap();
        let reads_logs = query.sql.contains("FROM logs");
        let has_window = query
            .params
            .iter()
            .any(|param| param.param_type == ParamType::Timestamp);
        // An approximate percentile depends on the order of the rows, which is not the same twice.
        let is_exact = !query.sql.contains("approx_");
        if !reads_logs || !has_window || !is_exact {
            continue;
        }
        let mut n_rows = 0;
        for window in [&whole_day, &odd] {
            for place in places {
                let needs_place = query
                    .params
                    .iter()
                    .any(|param| param.name == "country" && param.default.is_none());
                if needs_place && place.is_empty() {
                    continue;
                }
                let given = [window.as_slice(), &base, place].concat();
                let sql = bound(&name, &given);
                n_rows += bench.check(&sql).await;
                assert_eq!(
                    bench.uses_rollups(&sql).await,
                    ROLLED.contains(&name.as_str()),
                    "{name}: {sql}"
                );
            }
        }
        assert!(n_rows > 0 || !ROLLED.contains(&name.as_str()), "{name}");
    }

    // Any window, to the microsecond, by any bucket.
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for _ in 0..25 {
        let mut times = [0; 2].map(|_| END_US - random.random_range(0..26 * HOUR_US));
        times.sort_unstable();
        let bucket = *[60, 300, 3600, 7200, 86_400]
            .get(random.random_range(0..5))
            .unwrap();
        let given = window(times[0], times[1], bucket);
        bench.check(&bound("errors_over_time", &given)).await;
        bench
            .check(&bound(
                "errors_by_region",
                &[given.as_slice(), places[1]].concat(),
            ))
            .await;
    }
    // A bucket that no grain divides is read from the rows.
    let given = window(END_US - DAY_US, END_US, 90);
    assert!(!bench.uses_rollups(&bound("errors_over_time", &given)).await);

    let rows = [
        (
            "SELECT count(*) AS n FROM logs WHERE status IS NOT NULL",
            true,
        ),
        (
            "SELECT count(status) AS n, count(*) AS m FROM logs WHERE status < 400",
            true,
        ),
        (
            "SELECT country, date_trunc('hour', ts) AS h, count(*) AS n FROM logs WHERE status >= 500 GROUP BY country, h",
            true,
        ),
        (
            "SELECT l.country, count(l.region) AS n FROM logs l WHERE l.status >= 400 AND l.ts > TIMESTAMP '2026-03-01T01:02:03' GROUP BY l.country",
            true,
        ),
        (
            "SELECT count(DISTINCT city) AS n FROM logs WHERE status >= 200 AND ts BETWEEN TIMESTAMP '2026-03-01T01:02:03' AND TIMESTAMP '2026-03-01T03:02:03'",
            true,
        ),
        (
            "SELECT max(lat) AS a, max(lon) AS b, count(*) AS n FROM logs WHERE status IS NOT NULL AND country IN ('DE', 'ES')",
            true,
        ),
        (
            "SELECT count(*) AS n FROM logs WHERE status IS NOT NULL AND country = 'nowhere'",
            true,
        ),
        (
            "SELECT count(NULL) AS n FROM logs WHERE status IS NOT NULL",
            false,
        ),
        // What a class does not tell, what no rollup holds, and rows without a status.
        ("SELECT count(*) AS n FROM logs WHERE status >= 503", false),
        ("SELECT count(*) AS n FROM logs WHERE status = 500", false),
        ("SELECT count(*) AS n FROM logs", false),
        (
            "SELECT min(lat) AS a FROM logs WHERE status IS NOT NULL",
            false,
        ),
        (
            "SELECT max(ts) AS t FROM logs WHERE status IS NOT NULL",
            false,
        ),
        (
            "SELECT sum(bytes) AS n FROM logs WHERE status IS NOT NULL",
            false,
        ),
        (
            "SELECT count(*) AS n FROM logs WHERE status IS NOT NULL AND path = '/'",
            false,
        ),
        (
            "SELECT count(*) AS n FROM logs WHERE status IS NOT NULL AND ts <> TIMESTAMP '2026-03-01T01:02:03'",
            false,
        ),
        (
            "SELECT date_trunc('second', ts) AS s, count(*) AS n FROM logs WHERE status IS NOT NULL GROUP BY s",
            false,
        ),
        (
            "SELECT count(*) AS n FROM logs WHERE status IS NOT NULL OR country = 'DE'",
            false,
        ),
    ];
    for (sql, expected) in rows {
        assert_eq!(bench.uses_rollups(sql).await, expected, "{sql}");
        bench.check(sql).await;
    }
    let n: Vec<String> = bench
        .ask("SELECT sum(n) AS n FROM rollups WHERE grain_s = 86400 AND level_of_place = 0")
        .await;
    assert_eq!(n, bench.ask(total).await, "the table itself can be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_follow_their_files() {
    let home = day();
    let bench = Bench::open(&home).await;
    bench.store.roll_up().await.unwrap();
    let sql = bound(
        "errors_by_country",
        &[
            ("from", Value::Timestamp(END_US - 30 * HOUR_US)),
            ("to", Value::Timestamp(END_US + 30 * HOUR_US)),
        ],
    );
    let before = bench.check(&sql).await;
    drop(bench);
    // More files, small ones, then one large one of them: read as rows, then rolled up.
    for number in 0..9 {
        let text: String = (0..6000)
            .map(|n| {
                access_line(
                    n,
                    "217.0.0.1",
                    if n % 7 == 0 { 503 } else { 200 },
                    END_US + HOUR_US + n as i64,
                )
            })
            .collect();
        let path = home.write(&format!("more-{number}.log"), text);
        home.ok(&["import", arg(&path)]);
    }
    let bench = Bench::open(&home).await;
    assert_eq!(bench.check(&sql).await, before);
    assert!(bench.store.compact().await.unwrap() > 0);
    bench.check(&sql).await;
    bench.store.roll_up().await.unwrap();
    let live = bench.paths(Table::Logs, 0);
    let mut rolled = bench.paths(Table::Rollups, 0);
    rolled.retain(|path| live.contains(path));
    assert_eq!(rolled, bench.paths(Table::Logs, 50_000));
    assert!(!rolled.is_empty());
    bench.check(&sql).await;
    // What retention takes is gone from the counts at once.
    bench
        .store
        .retain(Table::Logs, logatlas::time::now_us() + HOUR_US)
        .await
        .unwrap();
    assert_eq!(bench.check(&sql).await, 0);
    bench.store.roll_up().await.unwrap();
    assert!(bench.paths(Table::Rollups, 0).is_empty());
}

/// Requests of several places, spread over a day.
fn requests(n_rows: usize, day_us: i64) -> String {
    let addresses = ["217.0.0.1", "80.58.61.250", "8.8.8.8", "10.0.0.1"];
    let line = |n: usize| {
        let status = if n.is_multiple_of(7) { 503 } else { 200 };
        let at_us = day_us + DAY_US / n_rows as i64 * n as i64;
        access_line(n, addresses[n % addresses.len()], status, at_us)
    };
    (0..n_rows).map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_weeks_that_are_over_are_counted_as_one() {
    let home = Home::new();
    // Ten weeks of days, small ones and a large one.
    let first_day_us = 20_412 * DAY_US;
    let days: String = (0..70)
        .map(|day| {
            requests(
                if day == 3 { 51_000 } else { 900 },
                first_day_us + day * DAY_US,
            )
        })
        .collect();
    let path = home.write("weeks.log", days);
    home.ok(&["import", arg(&path)]);
    let bench = Bench::open(&home).await;
    let n_made = bench.store.roll_up().await.unwrap();
    assert_eq!(n_made, 4, "the large day, and three times four weeks");
    assert_eq!(bench.store.roll_up().await.unwrap(), 0, "once is enough");
    let end_us = first_day_us + 70 * DAY_US;
    let all = window(first_day_us, end_us, 60);
    assert_eq!(bench.reads(&bound("errors_by_city", &all)).await, (3, 0));
    // By the hour four weeks tell nothing.
    let by_hour = window(first_day_us, end_us, 3600);
    let (n_weeks, n_files) = bench.reads(&bound("errors_over_time", &by_hour)).await;
    assert!(n_weeks == 0 && n_files > 0);
    bench.check_windows(first_day_us, 1).await;
    // Rows that come late are read with all others of their weeks, until these are counted anew.
    drop(bench);
    let before_late_us = logatlas::time::now_us();
    let path = home.write("late.log", requests(10, first_day_us + 30 * DAY_US));
    home.ok(&["import", arg(&path)]);
    let bench = Bench::open(&home).await;
    let (n_weeks, n_files) = bench.reads(&bound("errors_by_city", &all)).await;
    assert!(n_weeks == 2 && n_files > 0);
    bench.check_windows(first_day_us, 2).await;
    assert_eq!(bench.store.roll_up().await.unwrap(), 1);
    assert_eq!(
        bench.paths(Table::Rollups, 0).len(),
        4,
        "the old one is gone"
    );
    assert_eq!(bench.reads(&bound("errors_by_city", &all)).await, (3, 0));
    bench.check_windows(first_day_us, 3).await;
    // So with files that retention takes away: only the late ones are left.
    let n_gone = bench.store.retain(Table::Logs, before_late_us).await;
    assert!(n_gone.unwrap() > 100_000);
    assert_eq!(bench.reads(&bound("errors_by_city", &all)).await, (0, 1));
    bench.check_windows(first_day_us, 4).await;
    assert_eq!(
        bench.store.roll_up().await.unwrap(),
        0,
        "one file is no more than itself"
    );
    assert!(bench.paths(Table::Rollups, 0).is_empty());
    bench.check_windows(first_day_us, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_whole_whichever_operation_was_the_last() {
    let home = Home::new();
    let first_day_us = 20_412 * DAY_US;
    let rows = [51_000, 900]
        .map(|n_rows| requests(n_rows, first_day_us + n_rows as i64 * DAY_US / 900 * 3));
    let path = home.write("two.log", rows.concat());
    home.ok(&["import", arg(&path)]);
    let sql = "SELECT country, count(*) AS n FROM logs WHERE status >= 500 GROUP BY country";
    for point in 0..200 {
        let copy = Home::new();
        let copied = std::process::Command::new("cp")
            .args(["-r", arg(&home.data), arg(&copy.data)])
            .status();
        assert!(copied.unwrap().success());
        let stopped = match Store::open(&copy.data, CrashPoint::after(point)).await {
            Ok(store) => store.roll_up().await.is_err(),
            Err(_) => true,
        };
        let bench = Bench::open(&copy).await;
        bench.check(sql).await;
        bench.store.roll_up().await.unwrap();
        bench.check(sql).await;
        assert!(bench.uses_rollups(sql).await);
        if !stopped {
            assert!(point > 3, "the work has operations");
            return;
        }
    }
    panic!("the work has more operations");
}
