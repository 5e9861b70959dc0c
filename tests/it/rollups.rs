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
const N_LINES: u64 = 150_000;

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

    let window = |from: i64, to: i64| {
        [
            ("from", Value::Timestamp(from)),
            ("to", Value::Timestamp(to)),
        ]
    };
    let whole_day = window(END_US - 24 * HOUR_US, END_US);
    let odd = window(END_US - 19 * HOUR_US - 123_456_789, END_US - 60_000_001);
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
        let mut given = window(times[0], times[1]).to_vec();
        given.push(("bucket_s", Value::Int(bucket)));
        bench.check(&bound("errors_over_time", &given)).await;
        bench
            .check(&bound(
                "errors_by_region",
                &[given.as_slice(), places[1]].concat(),
            ))
            .await;
    }
    // A bucket that no grain divides is read from the rows.
    let mut given = whole_day.to_vec();
    given.push(("bucket_s", Value::Int(90)));
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
        let text: String = (0..2000)
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
    let paths = |bench: &Bench, table, n_rows_min| {
        let files = bench.store.view(table).files;
        let files = files.iter().filter(|file| file.n_rows >= n_rows_min);
        let mut paths: Vec<String> = files.map(|file| file.path.clone()).collect();
        paths.sort();
        paths
    };
    assert_eq!(bench.check(&sql).await, before);
    assert!(bench.store.compact().await.unwrap() > 0);
    bench.check(&sql).await;
    bench.store.roll_up().await.unwrap();
    let rolled = paths(&bench, Table::Rollups, 0);
    assert_eq!(rolled, paths(&bench, Table::Logs, 10_000));
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
    assert!(paths(&bench, Table::Rollups, 0).is_empty());
}
