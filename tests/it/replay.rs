//! Live and back-test are the same: the made-up day, asked tick by tick and all at once, stored in one piece
//! and in shuffled pieces, gives the same transitions and messages to the byte.

use std::sync::Arc;

use logatlas::alerting::backtest::{Replay, Span};
use logatlas::alerting::{Change, Policy};
use logatlas::alerts::{backtest, evaluate, read_rules};
use logatlas::disk::CrashPoint;
use logatlas::enrich::geoip::GeoIp;
use logatlas::generate::{Generator, STREAMS};
use logatlas::query::Engine;
use logatlas::query::saved::SavedQueries;
use logatlas::rule::AlertRule;
use logatlas::store::Store;
use rand::SeedableRng;
use rand::seq::SliceRandom;

use crate::program::{Home, access_line, arg};

/// 2026-03-01T12:00:00Z
const END_US: i64 = 1_772_366_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
const N_LINES: u64 = 400_000;

/// The day's lines by stream, with their time.
fn day() -> Vec<(usize, i64, String)> {
    let generator = Generator::new(END_US, 42, N_LINES);
    let mut lines = Vec::new();
    generator.lines(generator.start_us(), END_US, &mut |stream, at_us, line| {
        lines.push((stream, at_us, line.to_owned()));
    });
    lines
}

/// Stores the lines from so many files a stream, each of them in the order given.
fn stored(lines: &[(usize, i64, String)], n_parts: usize) -> Home {
    let home = Home::new();
    let part_of = lines.len() / n_parts + 1;
    for (number, part) in lines.chunks(part_of).enumerate() {
        let mut args = vec!["import".to_owned()];
        for (stream, about) in STREAMS.iter().enumerate() {
            let text: String = part
                .iter()
                .filter(|line| line.0 == stream)
                .map(|line| format!("{}\n", line.2))
                .collect();
            let path = home.write(&format!("part-{number}/{}", about.file), text);
            args.push(arg(&path).to_owned());
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        home.ok(&args);
    }
    home
}

struct Asked {
    engine: Engine,
    queries: SavedQueries,
    _store: Store,
}

async fn open(home: &Home) -> Asked {
    let store = Store::open(&home.data, CrashPoint::default())
        .await
        .unwrap();
    let (geo, _) = GeoIp::open(&[], None);
    Asked {
        engine: Engine::new(store.clone(), &Arc::new(geo), 512).unwrap(),
        queries: SavedQueries::default(),
        _store: store,
    }
}

/// What a rule does over ticks: changes, and messages with their ids, as text.
fn story(rule: &AlertRule, ticks: &[logatlas::alerting::Tick]) -> String {
    let mut replay = Replay::new(rule, &Policy::default(), "fixed", "http://logs").unwrap();
    let mut changes: Vec<Change> = Vec::new();
    for tick in ticks {
        changes.extend(replay.tick(tick).unwrap());
    }
    let messages: Vec<String> = replay
        .messages()
        .unwrap()
        .into_iter()
        .map(|(id, message)| format!("{id} {}", serde_json::to_string(&message).unwrap()))
        .collect();
    format!("{changes:#?}\n{}", messages.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn live_and_back_test_tell_the_same_story_whatever_the_order_of_arrival() {
    let mut lines = day();
    let whole = stored(&lines, 1);
    // Each stretch of ten seconds arrives in any order, and the day in seven batches.
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    for stretch in lines.chunk_by_mut(|a, b| a.1 / 10_000_000 == b.1 / 10_000_000) {
        stretch.shuffle(&mut random);
    }
    let pieces = stored(&lines, 7);
    let (whole, pieces) = (open(&whole).await, open(&pieces).await);
    let (rules, _) = read_rules(std::path::Path::new("no such folder"));
    let day = Span {
        from_us: END_US - 24 * HOUR_US,
        to_us: END_US,
    };
    let evening = Span {
        from_us: END_US - HOUR_US,
        ..day
    };
    let mut n_opened = 0;
    for rule in &rules {
        let at_once = backtest::history(&whole.engine, &whole.queries, rule, day, |_| {}).await;
        let shuffled = backtest::history(&pieces.engine, &pieces.queries, rule, day, |_| {}).await;
        let windows = logatlas::query::windows::Windows {
            first_us: END_US - HOUR_US,
            last_us: END_US,
            every_us: rule.eval.every.0,
        };
        let asked = evaluate::readings_of_ticks(&whole.engine, &whole.queries, rule, windows).await;
        // The quantile of the lag is an approximation that depends on the order of the rows.
        assert_eq!(
            asked.is_ok(),
            rule.id != "ingest-lag",
            "{}: {asked:?}",
            rule.id
        );
        let told = story(rule, &at_once);
        n_opened += told.matches("effect: Open").count();
        if rule.id != "ingest-lag" && rule.id != "no-lines" {
            // Those two measure the arrival itself.
            assert_eq!(told, story(rule, &shuffled), "{}", rule.id);
        }
        let at_once = backtest::history(&whole.engine, &whole.queries, rule, evening, |_| {}).await;
        for tick in &at_once {
            let alone = evaluate::readings(&whole.engine, &whole.queries, rule, tick.tick_us).await;
            let alone = alone.map_err(|error| error.to_string());
            let sorted = |outcome: &Result<Vec<logatlas::rule::Reading>, String>| {
                let mut rows: Vec<String> = outcome
                    .as_ref()
                    .unwrap()
                    .iter()
                    .map(|row| {
                        format!(
                            "{:?} {:?} {:?} {:?}",
                            row.labels,
                            row.value.map(f64::to_bits),
                            row.n,
                            row.k
                        )
                    })
                    .collect();
                rows.sort();
                rows
            };
            assert_eq!(
                sorted(&tick.outcome),
                sorted(&alone),
                "{} at {}",
                rule.id,
                tick.tick_us
            );
        }
    }
    assert!(n_opened >= 2, "Spain and Germany at least: {n_opened}");
}

const MINUTE_US: i64 = 60_000_000;
const WEEK_US: i64 = 7 * 24 * HOUR_US;

/// Half an hour of requests before `END_US` less so many weeks: so many a minute from Germany, of which every
/// tenth fails, and ten from France.
fn week(weeks: i64, a_minute: usize) -> String {
    let mut text = String::new();
    for minute in 1..=30 {
        let at = END_US - weeks * WEEK_US - minute * MINUTE_US;
        for n in 0..a_minute {
            let status = if n % 10 == 0 { 503 } else { 200 };
            text.push_str(&access_line(n % 7, "217.0.0.1", status, at));
        }
        for n in 0..10 {
            text.push_str(&access_line(n, "90.0.0.1", 200, at));
        }
    }
    text
}

fn kind_rule(kind: &str, query: &str, value: &str, labels: &str) -> AlertRule {
    let text = format!(
        r#"
        id = "kind"
        title = "kind"
        kind = {kind}
        query = {{ name = "{query}", labels = [{labels}], value = "{value}", sample = "n", count = "k" }}
        eval = {{ every = "1m", window = "5m" }}
        raise = {{ op = ">", at = 1e9 }}
        recover = {{ op = "<", at = 1 }}
        route = {{ severity = "warning", service = "shop" }}
        "#
    );
    AlertRule::parse("kind.toml", &text).unwrap()
}

/// Promise: a rule may compare with past weeks, and says `cannot judge` where there are too few. Every kind
/// means the same for one tick as for many at once.
#[tokio::test(flavor = "multi_thread")]
async fn s22_without_enough_history_nothing_is_judged() {
    let home = Home::new();
    // Now ten times what it was in two past weeks, of the three that are looked at.
    let logs = [week(0, 1000), week(1, 100), week(2, 100), week(5, 100)];
    for (number, text) in logs.iter().enumerate() {
        let path = home.write(&format!("{number}.log"), text);
        home.ok(&["import", arg(&path)]);
    }
    home.write(
        "data/queries/all.sql",
        "-- All requests: how many?\n-- $from timestamp\n-- $to timestamp\nSELECT count(*) AS n, count(*) FILTER (WHERE status >= 500) AS k, CAST(count(*) AS DOUBLE) AS value FROM logs WHERE ts >= $from AND ts < $to",
    );
    home.write(
        "data/queries/lines.sql",
        "-- Requests one by one: which?\n-- $from timestamp\n-- $to timestamp\nSELECT country, path, 1 AS n, 0 AS k, 1.0 AS value FROM logs WHERE ts >= $from AND ts < $to",
    );
    let asked = open(&home).await;
    let queries = SavedQueries::new(Some(home.path("data/queries")));
    let de = r#""country""#;
    let rows = [
        ("\"threshold\"", "errors_by_country", "rate", de, Some(0.1)),
        (
            "\"frequency\"",
            "errors_by_country",
            "rate",
            de,
            Some(5000.0),
        ),
        ("\"percentage\"", "errors_by_country", "rate", de, Some(0.1)),
        (
            "{ cardinality = { column = \"path\" } }",
            "lines",
            "value",
            de,
            Some(7.0),
        ),
        (
            "{ spike = { weeks = 3, weeks_min = 2 } }",
            "requests_by_country",
            "n",
            de,
            Some(10.0),
        ),
        (
            "{ spike = { weeks = 3, weeks_min = 3 } }",
            "requests_by_country",
            "n",
            de,
            None,
        ),
        (
            "{ spike = { weeks = 3, weeks_min = 2 } }",
            "all",
            "value",
            "",
            Some(5050.0 / 550.0),
        ),
        (
            "{ flatline = { weeks = 3, weeks_min = 2 } }",
            "requests_by_country",
            "n",
            de,
            Some(10.0),
        ),
        (
            "{ new_term = { history = \"1h\" } }",
            "requests_by_country",
            "n",
            de,
            None,
        ),
        (
            "{ burn_rate = { budget = 0.01 } }",
            "errors_by_country",
            "rate",
            de,
            Some(10.0),
        ),
    ];
    for (number, (kind, query, value, labels, expected)) in rows.into_iter().enumerate() {
        let mut rule = kind_rule(kind, query, value, labels);
        if query == "requests_by_country" || query == "lines" {
            rule.query.count = None;
        }
        if kind.contains("burn_rate") {
            // Its short window is a twelfth, and the lines are a minute apart.
            rule.eval.window.0 = 12 * MINUTE_US;
        }
        let alone = evaluate::readings(&asked.engine, &queries, &rule, END_US)
            .await
            .unwrap();
        let of_de = |readings: &[logatlas::rule::Reading]| {
            let mut readings = readings.iter();
            let found = readings.find(|row| {
                row.labels
                    .values()
                    .all(|value| value.as_deref() == Some("DE"))
            });
            found.and_then(|row| row.value)
        };
        let found = of_de(&alone);
        assert_eq!(found, expected, "{kind} over {query}: {alone:?}");
        if expected.is_none() {
            assert!(
                kind.contains("new_term") == alone.is_empty(),
                "{kind}: {alone:?}"
            );
            let verdicts = alone.iter().map(|reading| rule.verdict(reading));
            assert!(
                verdicts
                    .into_iter()
                    .all(|verdict| verdict == logatlas::rule::Verdict::Band),
                "{kind}"
            );
        }
        // Forty minutes, ten of them before the first row: many at once and one by one, every other kind with
        // ticks beside the full minute.
        let offset_us = if number % 2 == 1 { 17_000_000 } else { 0 };
        let windows = logatlas::query::windows::Windows {
            first_us: END_US - 40 * MINUTE_US + offset_us,
            last_us: END_US + offset_us,
            every_us: MINUTE_US,
        };
        let at_once = evaluate::readings_of_ticks(&asked.engine, &queries, &rule, windows)
            .await
            .unwrap();
        assert_eq!(at_once.len(), 41);
        for (tick_us, readings) in at_once {
            let shown = |readings: &[logatlas::rule::Reading]| {
                let mut rows: Vec<String> = readings.iter().map(|row| format!("{row:?}")).collect();
                rows.sort();
                rows
            };
            let alone = evaluate::readings(&asked.engine, &queries, &rule, tick_us)
                .await
                .unwrap();
            assert_eq!(
                shown(&readings.unwrap()),
                shown(&alone),
                "{kind} over {query} at {tick_us}"
            );
        }
    }
    // Queries whose split would change the answer are refused, not split.
    let odd = [
        "SELECT country, count(*) AS n, 1.0 AS value FROM logs WHERE ts >= CAST($from AS DATE) AND ts < $to GROUP BY country",
        "SELECT country, count(*) AS n, 1.0 AS value FROM logs WHERE ts >= $from AND ts < $to AND status > ALL (SELECT status FROM logs WHERE ts >= $from AND ts < $to) GROUP BY country",
        "SELECT l.country, count(*) AS n, 1.0 AS value FROM (SELECT country, status FROM logs WHERE ts >= $from AND ts < $to) l JOIN generate_series($from, $to, INTERVAL '1 minute') g ON true GROUP BY l.country",
        "SELECT country, n, 1.0 AS value FROM (SELECT country, count(*) AS n FROM logs WHERE ts >= $from AND ts < $to GROUP BY country ORDER BY n DESC LIMIT 1) AS one",
        "SELECT country, count(*) AS n, avg(lat) AS value FROM logs WHERE ts >= $from AND ts < $to GROUP BY country",
        "SELECT country, count(*) AS n, 1.0 AS value FROM logs WHERE ts >= $from AND ts < $to AND (SELECT max(ts) FROM logs) > $from GROUP BY country",
        "SELECT country, count(*) AS n, 1.0 AS value FROM logs WHERE ts >= $from AND ts < $to OR status = 503 GROUP BY country",
        "SELECT country, n, 1.0 AS value FROM (SELECT country, row_number() OVER (ORDER BY ts) AS n FROM logs WHERE ts >= $from AND ts < $to) AS x WHERE n = 1",
    ];
    for (number, sql) in odd.iter().enumerate() {
        let name = format!("odd{number}");
        let text = format!("-- Odd: is it refused?\n-- $from timestamp\n-- $to timestamp\n{sql}\n");
        home.write(&format!("data/queries/{name}.sql"), text);
        let mut rule = kind_rule("\"threshold\"", &name, "value", de);
        rule.query.count = None;
        let windows = logatlas::query::windows::Windows {
            first_us: END_US - MINUTE_US,
            last_us: END_US,
            every_us: MINUTE_US,
        };
        let asked = evaluate::readings_of_ticks(&asked.engine, &queries, &rule, windows).await;
        let error = asked.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("window by window"), "{sql}: {error}");
    }
    // What cannot be asked at once says so, and the back-test asks one by one.
    let rule = kind_rule("\"threshold\"", "ingest_lag", "lag_s", "\"source\"");
    let mut rule = rule;
    rule.query.count = None;
    let windows = logatlas::query::windows::Windows {
        first_us: END_US - MINUTE_US,
        last_us: END_US,
        every_us: MINUTE_US,
    };
    let refused = evaluate::readings_of_ticks(&asked.engine, &queries, &rule, windows).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("window by window")
    );
    let span = Span {
        from_us: windows.first_us,
        to_us: windows.last_us,
    };
    let ticks = backtest::history(&asked.engine, &queries, &rule, span, |_| {}).await;
    assert!(
        ticks.len() == 2 && ticks.iter().all(|tick| tick.outcome.is_ok()),
        "{ticks:?}"
    );
}

/// What the state says that a rule did: its ticks, its changes, its messages with their ids.
fn told(db: &rusqlite::Connection, (from_us, to_us): (i64, i64)) -> String {
    let ask = |sql: &str| {
        let mut statement = db.prepare(sql).unwrap();
        let n_columns = statement.column_count();
        let mut rows = statement.query([from_us, to_us]).unwrap();
        let mut text = String::new();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..n_columns {
                use rusqlite::types::ValueRef;
                match row.get_ref(column).unwrap() {
                    ValueRef::Text(bytes) => text.push_str(std::str::from_utf8(bytes).unwrap()),
                    other => text.push_str(&format!("{other:?}")),
                }
                text.push(' ');
            }
            text.push('\n');
        }
        text
    };
    let ticks = ask(
        "SELECT tick_us, n_rows, n_breaches, n_near_misses, is_complete, error FROM rule_ticks
         WHERE rule_id = 'quick' AND tick_us BETWEEN ?1 AND ?2 ORDER BY tick_us",
    );
    let changes = ask("SELECT e.tick_us, e.kind, e.value, e.n, i.labels, i.episode FROM incident_events e JOIN incidents i USING (incident_id)
         WHERE i.rule_id = 'quick' AND i.kind = 'value' AND e.tick_us BETWEEN ?1 AND ?2 AND e.kind NOT IN ('told', 'sent') ORDER BY e.tick_us, i.labels, e.kind");
    let messages = ask(
        "SELECT message_id, target, action, CAST(body AS TEXT) FROM outbox
         WHERE json_extract(body, '$.rule') = 'quick' AND created_us > ?1 AND json_extract(body, '$.tick_us') <= ?2 ORDER BY rowid",
    );
    format!("{ticks}\n{changes}\n{messages}")
}

/// The loop itself, on the clock of this machine, beside a replay of the same rows: the lines of the story are
/// all stored before the first of its ticks is due, so nothing depends on how fast the machine is.
#[tokio::test(flavor = "multi_thread")]
async fn the_loop_by_the_clock_and_a_replay_tell_the_same_to_the_byte() {
    let home = Home::new();
    let mock = logatlas::mock_pagerduty::MockPagerDuty::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = logatlas::mock_pagerduty::settings(mock.serve(listener).unwrap());
    let config = home.write("logatlas.toml", settings);
    let text = crate::alerts::RULE.replace("window = \"10s\"", "window = \"4s\"");
    let rule = AlertRule::parse("quick.toml", &text).unwrap();
    home.write("data/queries/alerts/quick.toml", text);
    let mut server = home.serve(&["--config", arg(&config)]);
    let client = crate::program::Client::new(&home, &server, "admin");

    const SECOND_US: i64 = 1_000_000;
    let start_us = (crate::program::now_us() / SECOND_US + 8) * SECOND_US;
    let mut lines = String::new();
    for second in 0..18 {
        for n in 0..100 {
            let is_bad = (3..9).contains(&second) && n % 10 == 0;
            let at_us = start_us + second * SECOND_US;
            lines.push_str(&access_line(
                n,
                "217.0.0.1",
                if is_bad { 503 } else { 200 },
                at_us,
            ));
            lines.push_str(&access_line(n, "90.0.0.1", 200, at_us));
        }
    }
    assert!(client.lines(lines).await);
    let is_early = crate::program::now_us() < start_us;
    let end_us = start_us + 18 * SECOND_US;
    client
        .until(
            &format!(
                "SELECT count(*) FROM rule_ticks WHERE rule_id = 'quick' AND CAST(tick_us AS BIGINT) = {end_us}"
            ),
            1,
        )
        .await;
    let url = server.url.clone();
    assert_eq!(server.interrupt(), 0);

    let asked = open(&home).await;
    let state = asked._store.state();
    let installation_id = state.read(logatlas::alerting::installation_id).unwrap();
    let takes = logatlas::alerting::mute::Takes {
        refresh: true,
        changes: true,
    };
    let policy = Policy {
        targets: [("pager".to_owned(), takes)].into(),
        ..Policy::default()
    };
    let mut replay = Replay::new(&rule, &policy, &installation_id, &url).unwrap();
    let span = Span {
        from_us: start_us - 10 * SECOND_US,
        to_us: end_us,
    };
    for tick in backtest::history(&asked.engine, &asked.queries, &rule, span, |_| {}).await {
        replay.tick(&tick).unwrap();
    }
    // The server may take another tick before it ends.
    let story = (start_us, end_us);
    let live = state.read(|db| Ok(told(db, story))).unwrap();
    // A machine that took longer than the lead cannot show anything here.
    if is_early {
        assert_eq!(live, told(replay.connection(), story));
    }
    assert!(
        live.contains("trigger") && live.contains("resolve"),
        "{live}"
    );
}
