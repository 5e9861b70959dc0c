//! SQL and saved queries: answers, output formats, and what is refused.

use serde_json::{Value, json};

use crate::program::{Client, Home, access_line, arg};

/// 2026-03-01T12:00:00Z
const NOON_US: i64 = 1_772_366_400_000_000;

/// Two countries over a day: the one fails ten times as often.
fn shop() -> Home {
    let home = Home::new();
    let mut text = String::new();
    for n in 0..3000 {
        let (ip, share) = if n % 3 == 0 {
            ("88.0.0.1", 100)
        } else {
            ("217.0.0.1", 10)
        };
        let status = if n % 1000 < share { 503 } else { 200 };
        text.push_str(&access_line(
            n % 7,
            ip,
            status,
            NOON_US + n as i64 * 20_000_000,
        ));
    }
    let path = home.write("access.log", text);
    home.ok(&["import", arg(&path)]);
    home
}

#[test]
fn every_saved_query_answers_over_the_samples() {
    let home = shop();
    for format in logatlas::format::FORMATS {
        let sample = format!(
            "{}/sample-logs/{}.log",
            env!("CARGO_MANIFEST_DIR"),
            format.name()
        );
        home.ok(&["import", "--zone", "UTC", &sample]);
    }
    let list = home.ok(&["query"]);
    let names: Vec<&str> = list
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert!(names.len() >= 16, "{names:?}");
    for name in names {
        let base = [
            "-p",
            "base_from=2026-02-01T00:00:00Z",
            "-p",
            "base_to=2026-03-01T00:00:00Z",
        ];
        let mut args = vec!["query", name, "-f", "json"];
        if name.starts_with("change_by") {
            args.extend(base);
        }
        if name.ends_with("by_region") {
            args.extend(["-p", "country=DE"]);
        }
        let rows: Vec<Value> = serde_json::from_str(&home.ok(&args)).unwrap();
        // No metrics of hosts, no incidents and no requests with a port in the samples.
        let may_be_empty = name.starts_with("incident")
            || ["host_load", "disk_use", "encrypted_share"].contains(&name);
        assert!(may_be_empty || !rows.is_empty(), "{name} has no rows");
    }
}

#[test]
fn the_error_rate_is_shrunk_towards_its_parent_and_excess_sums_to_nothing() {
    let home = shop();
    let rows: Vec<Value> =
        serde_json::from_str(&home.ok(&["query", "errors_by_country", "-f", "json"])).unwrap();
    assert_eq!(rows[0]["country"], "ES");
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let (n, k): (f64, f64) = rows.iter().fold((0.0, 0.0), |(n, k), row| {
        (n + number(row, "n"), k + number(row, "k"))
    });
    for row in &rows {
        let (row_n, row_k) = (number(row, "n"), number(row, "k"));
        let shrunk = (row_k + 200.0 * k / n) / (row_n + 200.0);
        assert!((number(row, "shrunk") - shrunk).abs() < 1e-12, "{row}");
        assert!(
            (number(row, "excess") - (row_k - row_n * k / n)).abs() < 1e-9,
            "{row}"
        );
        assert!(
            number(row, "lo") < number(row, "rate") && number(row, "rate") < number(row, "hi"),
            "{row}"
        );
    }
    let excess: f64 = rows.iter().map(|row| number(row, "excess")).sum();
    assert!(excess.abs() < 1e-6, "{excess}");
}

#[test]
fn a_question_comes_out_in_every_format() {
    let home = shop();
    let sql = "SELECT country, count(*) AS n FROM logs GROUP BY country ORDER BY n";
    assert_eq!(
        home.ok(&["sql", "-f", "csv", sql]),
        "country,n\nES,1000\nDE,2000\n"
    );
    assert_eq!(
        home.ok(&["sql", "-f", "ndjson", sql]),
        "{\"country\":\"ES\",\"n\":1000}\n{\"country\":\"DE\",\"n\":2000}\n"
    );
    assert_eq!(
        home.ok(&["sql", "-f", "table", sql])
            .lines()
            .nth(3)
            .unwrap(),
        "| ES      | 1000 |"
    );
    for (format, magic) in [("parquet", &b"PAR1"[..]), ("arrow", &b"ARROW1"[..])] {
        let out = home.path(format);
        home.ok(&["sql", "-f", format, "-o", arg(&out), sql]);
        assert!(std::fs::read(out).unwrap().starts_with(magic), "{format}");
    }
    // A server hands out the same bytes.
    let formats = ["table", "csv", "json", "ndjson", "parquet", "arrow"];
    let asked = || {
        formats.map(|format| {
            let out = home.path("asked");
            home.ok(&["sql", "-f", format, "-o", arg(&out), sql]);
            std::fs::read(out).unwrap()
        })
    };
    let alone = asked();
    let _server = home.serve(&[]);
    assert_eq!(asked(), alone);
}

/// It has the time at which it came; the day before that is empty.
#[test]
fn a_line_without_a_time_does_not_move_the_last_day() {
    let home = shop();
    let by_country = ["query", "errors_by_country", "--from", "24h"];
    let before = home.ok(&by_country);
    assert!(before.lines().count() == 3, "{before}");
    let path = home.write("torn.log", "no format has this\n");
    home.ok(&["import", arg(&path)]);
    assert_eq!(home.ok(&by_country), before);
    // Where hardly any line has a time, the time of arrival is all there is.
    let many = home.write("many.log", "no format has this\n".repeat(1000));
    home.ok(&["import", arg(&many)]);
    assert_ne!(home.ok(&by_country), before);
}

#[tokio::test]
async fn an_export_comes_as_its_rows_do() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "read");
    let ask = async |sql: &str, format: &str| {
        let body = json!({"sql": sql, "format": format, "export": true});
        client.post("/api/v1/sql").json(&body).send().await.unwrap()
    };
    // Exports that nobody reads on hold up no question.
    let mut unread = Vec::new();
    for _ in 0..4 {
        unread.push(
            ask(
                "SELECT repeat('x', 1000) AS x FROM generate_series(1, 1000000000)",
                "csv",
            )
            .await,
        );
    }
    assert_eq!(client.number("SELECT 1 AS n").await, 1);
    drop(unread);
    // Rows without an end: an answer that was gathered first would never come.
    let endless = "SELECT value FROM generate_series(1, 1000000000000)";
    for format in ["csv", "json", "ndjson", "parquet", "arrow"] {
        let mut answer = ask(endless, format).await;
        assert_eq!(answer.status(), 200, "{format}");
        assert!(
            !answer.chunk().await.unwrap().unwrap().is_empty(),
            "{format}"
        );
    }
    // What is wrong at once is an error, what is wrong later an answer that breaks off.
    let never = "SELECT 1 / (value % 1) AS x FROM generate_series(1, 1000000)";
    assert_eq!(ask(never, "csv").await.status(), 422);
    let not_for_long = "SELECT CASE WHEN value = 900000 THEN 1 / (value % 1) ELSE value END AS x FROM generate_series(1, 1000000)";
    let late = ask(not_for_long, "csv").await;
    assert_eq!(late.status(), 200);
    assert!(late.bytes().await.is_err(), "half an answer is none");
    let out = home.path("half.csv");
    let (code, said) = home.fails(&["sql", "-o", arg(&out), not_for_long]);
    assert_eq!(code, 1);
    assert!(said.contains("broke off"), "{said}");
    assert!(!out.exists(), "half a file is none");
    let body = json!({"sql": "SELECT 1", "export": true});
    let answer = client.post("/api/v1/sql").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 400, "an export has a format");
    let many = "SELECT value FROM generate_series(1, 20000)";
    let headers = ask(many, "table").await.headers().clone();
    assert_eq!(headers["x-truncated"], "true");
    assert_eq!(ask(many, "csv").await.headers()["x-truncated"], "false");
}

#[test]
fn what_does_more_than_read_is_refused_with_a_reason() {
    let home = shop();
    let rows = [
        ("DELETE FROM logs", "only SELECT is allowed"),
        (
            "INSERT INTO logs SELECT * FROM logs",
            "only SELECT is allowed",
        ),
        ("UPDATE logs SET path = ''", "only SELECT is allowed"),
        ("DROP TABLE logs", "only SELECT is allowed"),
        ("CREATE TABLE t AS SELECT 1", "only SELECT is allowed"),
        (
            "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
            "only SELECT is allowed",
        ),
        ("COPY logs TO '/tmp/out.csv'", "only SELECT is allowed"),
        (
            "SET datafusion.execution.batch_size = 1",
            "only SELECT is allowed",
        ),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT * FROM '/etc/passwd'", "not found"),
        ("SELECT * FROM read_csv('/etc/passwd')", ""),
        ("SELEC 1", "SELEC"),
        ("SELECT nothing FROM logs", "nothing"),
    ];
    for (sql, expected) in rows {
        let (code, error) = home.fails(&["sql", sql]);
        assert_eq!(code, 1, "{sql}");
        assert!(
            error.starts_with("error: ") && error.contains(expected),
            "{sql}: {error}"
        );
    }
    let deep = format!("SELECT {}1{}", "(".repeat(60), ")".repeat(60));
    assert!(home.fails(&["sql", &deep]).1.contains("nests deeper"));
    assert_eq!(home.number("SELECT count(*) FROM logs"), 3000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_never_ends_is_ended_and_one_that_is_too_large_is_refused() {
    use logatlas::query::{Engine, Limits, QueryError};
    let dir = tempfile::tempdir().unwrap();
    let store = logatlas::store::Store::open(dir.path(), logatlas::disk::CrashPoint::default())
        .await
        .unwrap();
    let (geo, _) = logatlas::enrich::geoip::GeoIp::open(&[], None);
    let engine = Engine::new(store, &std::sync::Arc::new(geo), 256).unwrap();
    let limits = Limits {
        time: std::time::Duration::from_millis(300),
        ..Limits::CONSOLE
    };
    let endless =
        "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t";
    let error = engine.run(endless, limits).await.unwrap_err();
    assert!(
        matches!(error, QueryError::TimedOut(_) | QueryError::OutOfMemory(_)),
        "{error}"
    );
    // The engine lives on.
    assert_eq!(engine.run("SELECT 1", limits).await.unwrap().n_rows(), 1);
}
