//! What is promised of alerts, shown with the real program: kills between any two steps, secrets that stay
//! secret, rules that break, a lamp by shell.

use std::time::Duration;

use logatlas::crash::POINTS;
use logatlas::mock_pagerduty::{API_TOKEN, Fault, MockIncident, MockPagerDuty, settings};
use serde_json::{Value, json};

use crate::alerts::{RULE, traffic};
use crate::program::{Client, Home, access_line, arg, now_us};

struct Bench {
    home: Home,
    mock: MockPagerDuty,
    config: String,
}

impl Bench {
    /// A home whose pages go to a stand-in; `{mock}` in the settings is its address.
    async fn new(more: &str) -> Self {
        let home = Home::new();
        let mock = MockPagerDuty::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = mock.serve(listener).unwrap();
        let more = more.replace("{mock}", &address.to_string());
        let config = home.write("logatlas.toml", format!("{}{more}", settings(address)));
        let config = arg(&config).to_owned();
        home.write("data/queries/alerts/quick.toml", RULE);
        Self { home, mock, config }
    }

    async fn until(&self, what: &str, is_so: impl Fn(&MockIncident) -> bool) -> MockIncident {
        for _ in 0..900 {
            if let Some(found) = self.mock.incidents().into_iter().find(&is_so) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{what}: {:#?}", self.mock.incidents());
    }
}

/// Promise: a due message is never lost, and comes at most once more, under the same key.
#[tokio::test(flavor = "multi_thread")]
async fn s15_a_kill_between_any_two_steps_of_a_page_loses_nothing() {
    let one = |point: &'static str| async move {
        let bench = Bench::new("").await;
        let args = ["--config", bench.config.as_str()];
        let mut server = bench
            .home
            .serve_with(&args, &[("LOGATLAS_CRASH_AT", point)]);
        let client = Client::new(&bench.home, &server, "admin");
        let bad = traffic(&client, true);
        tokio::task::block_in_place(|| server.wait());
        bad.abort();
        // The lines before the kill are enough: nobody sends more.
        let server = bench.home.serve(&args);
        let page = bench.until(point, |one| one.status == "triggered").await;
        let well = traffic(&client.at(&server), false);
        bench.until(point, |one| one.status == "resolved").await;
        well.abort();
        assert_eq!(bench.mock.incidents().len(), 1, "{point}");
        let opens = bench.mock.events().into_iter().filter(|event| {
            event["dedup_key"] == page.dedup_key.as_str()
                && event["payload"]["custom_details"]["reason"] == "open"
        });
        let opens = opens.count();
        assert!((1..=2).contains(&opens), "{point}: {opens}");
        assert!(
            opens == 1 || point == "sent",
            "{point}: only an answer that was lost is asked for again"
        );
    };
    let mut all = tokio::task::JoinSet::new();
    for point in POINTS {
        all.spawn(one(point));
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

/// Promise: what a page said is the value of the chart at that instant, and the chart has both thresholds and
/// the spans in which the rule was pending, firing and recovering.
#[tokio::test(flavor = "multi_thread")]
async fn s26_the_chart_has_both_thresholds_and_the_spans_of_the_rule() {
    let bench = Bench::new("").await;
    let server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let start = now_us();
    let bad = traffic(&client, true);
    bench
        .until("triggered", |one| one.status == "triggered")
        .await;
    bad.abort();
    let well = traffic(&client, false);
    bench
        .until("resolved", |one| one.status == "resolved")
        .await;
    well.abort();
    let path = format!(
        "/api/v1/rules/quick/series?from={}&to={}",
        start / 1000 - 5_000,
        now_us() / 1000
    );
    let answer = client.json(&path).await;
    assert_eq!(
        (&answer["raise"], &answer["recover"]),
        (&json!(0.05), &json!(0.03))
    );
    let spans = answer["spans"].as_array().unwrap();
    let phases: Vec<&str> = spans
        .iter()
        .filter(|span| span["name"] == "DE")
        .map(|span| span["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["pending", "firing", "recovering"], "{spans:#?}");
    assert!(
        spans
            .windows(2)
            .all(|pair| pair[0]["to"] == pair[1]["from"]),
        "{spans:#?}"
    );

    // The same value, bit for bit, in the page, in the incident's account and in the chart.
    let points = answer["series"]["DE"].as_array().unwrap();
    let events = bench.mock.events();
    let pages = events
        .iter()
        .filter(|event| event["event_action"] == "trigger");
    let mut n_seen = 0;
    for page in pages {
        let at =
            chrono::DateTime::parse_from_rfc3339(page["payload"]["timestamp"].as_str().unwrap());
        let at = at.unwrap().timestamp_millis();
        let point = points.iter().find(|point| point["t"] == at).unwrap();
        let fired = page["payload"]["custom_details"]["value"].as_f64().unwrap();
        assert_eq!(fired.to_bits(), point["value"].as_f64().unwrap().to_bits());
        n_seen += 1;
    }
    assert!(n_seen > 0);

    // The incident has its map, drawn without a browser.
    let list = client.json("/api/v1/incidents").await;
    let id = list[0]["id"].as_str().unwrap();
    for (name, start) in [("svg", &b"<svg"[..]), ("png", b"\x89PNG")] {
        let picture = client.get(&format!("/api/v1/incidents/{id}/map.{name}"));
        let picture = picture.send().await.unwrap().error_for_status().unwrap();
        let content_type = picture.headers()["content-type"].to_str().unwrap();
        assert!(content_type.contains(name), "{content_type}");
        assert!(picture.bytes().await.unwrap().starts_with(start), "{name}");
    }
}

/// Promise: one way needs no way in; the other way says who has it, also when a webhook is lost.
#[tokio::test(flavor = "multi_thread")]
async fn s35_one_way_needs_no_way_in_and_two_ways_say_who_has_it() {
    let bench = Bench::new("").await;
    let server = bench.home.serve(&["--config", &bench.config]);
    let http = reqwest::Client::new();
    let knock = || {
        http.post(format!("{}/webhooks/pagerduty/pager", server.url))
            .body("{}")
    };
    // Without a secret nothing is taken, whoever signs.
    let answer = knock()
        .header("x-pagerduty-signature", "v1=00")
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_client_error(), "{}", answer.status());
    drop(server);

    let more =
        format!("api_token = \"{API_TOKEN}\"\napi_url = \"http://{{mock}}/rest\"\npoll = \"1s\"\n");
    let bench = Bench::new(&more).await;
    let server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    let page = bench
        .until("triggered", |one| one.status == "triggered")
        .await;
    assert!(bench.mock.by_hand(&page.dedup_key, "acknowledged", "Ada"));
    let mut who = Value::Null;
    for _ in 0..300 {
        who = client.json("/api/v1/incidents").await[0]["acked_by"].clone();
        if who == "Ada" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(who, "Ada");
    // Resolved over there while still true: it is open again, and says so.
    assert!(bench.mock.by_hand(&page.dedup_key, "resolved", "Ben"));
    let again = bench
        .until("open again", |one| {
            one.status == "triggered" && one.summary.starts_with("still true")
        })
        .await;
    assert_eq!(again.dedup_key, page.dedup_key);
    bad.abort();
}

/// Promise: a rule that is denied, too large or wrong is an incident of its own and harms no other rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_be_asked_is_an_incident_and_the_others_go_on() {
    let bench = Bench::new("").await;
    let rows = [
        ("denied", "DELETE FROM logs WHERE ts >= $from AND ts < $to"),
        (
            "huge",
            "SELECT CAST(value AS VARCHAR) AS country, 1.0 AS rate, 1000 AS n, 1 AS k FROM generate_series(1, 20000) WHERE $from < $to",
        ),
        (
            "wrong",
            "SELECT country, no_such_column AS rate, 1 AS n, 1 AS k FROM logs WHERE ts >= $from AND ts < $to",
        ),
    ];
    for (name, sql) in rows {
        let sql = format!("-- {name}\n-- $from timestamp\n-- $to timestamp\n{sql}\n");
        bench.home.write(&format!("data/queries/q_{name}.sql"), sql);
        let rule = RULE
            .replace("id = \"quick\"", &format!("id = \"{name}\""))
            .replace(
                "errors_by_country\", labels",
                &format!("q_{name}\", labels"),
            )
            .replace("title = \"5xx rate\"", &format!("title = \"{name}\""));
        bench
            .home
            .write(&format!("data/queries/alerts/{name}.toml"), rule);
    }
    let server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    bench
        // Alone, or told together with the errors, which a new rule has at once.
        .until("5xx rate", |one| one.summary.contains("5xx rate DE"))
        .await;
    for _ in 0..300 {
        let list = client.json("/api/v1/incidents").await;
        let of = |name: &str| {
            let mut list = list.as_array().unwrap().iter();
            list.any(|one| one["rule"] == name && one["kind"] == "error")
        };
        if rows.iter().all(|(name, _)| of(name)) {
            bad.abort();
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:#}", client.json("/api/v1/incidents").await);
}

/// Promise: lines that come late are judged in the windows they belong to; what was wrong and is over is noted
/// and wakes nobody.
#[tokio::test(flavor = "multi_thread")]
async fn late_lines_of_what_is_over_are_noted_and_wake_nobody() {
    let bench = Bench::new("").await;
    let late = "lateness = \"1s\", late_horizon = \"5m\"";
    // Without this a place that has no rows any more would stay as it was: wrong.
    let gone = "keep_firing_for = \"1s\", missing_after = 2";
    let rule = RULE.replace("lateness = \"1s\"", late);
    let rule = rule.replace("keep_firing_for = \"1s\"", gone);
    assert!(rule.contains(late) && rule.contains(gone));
    bench.home.write("data/queries/alerts/quick.toml", rule);
    let server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let ticks =
        "SELECT CAST(count(*) > 100 AS BIGINT) AS n FROM rule_ticks WHERE rule_id = 'quick'";
    client.until(ticks, 1).await;
    // Twenty seconds, one minute ago, of which every tenth request failed.
    let start = now_us() - 60_000_000;
    let lines = (0..2000).map(|n: usize| {
        let status = if n.is_multiple_of(10) { 503 } else { 200 };
        access_line(n, "217.0.0.1", status, start + n as i64 * 10_000)
    });
    assert!(client.lines(lines.collect()).await);
    let noted = "SELECT CAST(count(*) > 0 AS BIGINT) AS n FROM rule_events WHERE rule_id = 'quick' AND kind = 'late_breach' AND labels LIKE '%DE%'";
    client.until(noted, 1).await;
    assert_eq!(bench.mock.incidents(), []);
    assert_eq!(
        client.number("SELECT count(*) AS n FROM incidents").await,
        0
    );
}

/// Promise: secrets are in no log, no answer, no export, no error. Each secret is a word that is looked for
/// everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn s30_no_secret_is_ever_shown() {
    const CANARY: &str = "canary0";
    let key = |name: &str| {
        format!(
            "{CANARY}{name}{}",
            "0".repeat(32 - CANARY.len() - name.len())
        )
    };
    let more = format!(
        r#"webhook_secret = "{}"
api_token = "{}"
poll = "1s"
[targets.broken]
kind = "pagerduty"
routing_key = "{}"
url = "http://127.0.0.1:9/v2/enqueue"
allow_private = true
[targets.hook]
kind = "webhook"
url = "http://127.0.0.1:9/{CANARY}hookurl"
secret = "whsec_Y2FuYXJ5MGNhbmFyeTBjYW5hcnkwY2FuYXJ5MA=="
allow_private = true
[targets.chat]
kind = "slack"
url = "http://127.0.0.1:9/services/{CANARY}slack"
allow_private = true
[targets.talk]
kind = "matrix"
url = "http://127.0.0.1:9"
room = "!room:example.org"
token = "{CANARY}matrix"
allow_private = true
[targets.ntfy]
kind = "ntfy"
topic = "{CANARY}topic"
url = "http://127.0.0.1:9"
token = "{CANARY}ntfy"
allow_private = true
[teams.web]
targets = ["pager", "broken", "hook", "chat", "talk", "ntfy"]
[heartbeat]
url = "http://127.0.0.1:9/{CANARY}beat"
every = "5s"
allow_private = true
"#,
        key("webhook"),
        key("api"),
        key("broken"),
    );
    let bench = Bench::new(&more).await;
    bench.home.write(
        "data/queries/alerts/quick.toml",
        RULE.replace(", targets = [\"pager\"]", ""),
    );
    let server = bench.home.serve_with(
        &["--config", &bench.config],
        &[("RUST_LOG", "trace"), ("LOGATLAS_LOG", "trace")],
    );
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    bench
        .until("triggered", |one| one.status == "triggered")
        .await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    bad.abort();
    let mut shown = Vec::new();
    for path in [
        "/api/v1/status",
        "/api/v1/incidents",
        "/api/v1/outbox",
        "/api/v1/rules",
        "/api/v1/rules/quick",
        "/api/v1/review",
        "/api/v1/queries",
        "/metrics",
    ] {
        let text = client.get(path).send().await.unwrap().text().await.unwrap();
        shown.push((path.to_owned(), text));
    }
    let outbox = shown
        .iter()
        .find(|(path, _)| path == "/api/v1/outbox")
        .unwrap();
    assert!(
        outbox.1.contains("\"attempts\":1") || outbox.1.contains("\"attempts\":2"),
        "messages were tried: {}",
        outbox.1
    );
    let fired = client
        .post("/api/v1/rules/quick/fire")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    shown.push(("fire".into(), fired.text().await.unwrap()));
    for table in [
        "incidents",
        "incident_events",
        "deliveries",
        "rule_versions",
        "audit",
        "rule_ticks",
    ] {
        let sql = json!({"sql": format!("SELECT * FROM {table}"), "format": "csv"});
        let answer = client.post("/api/v1/sql").json(&sql).send().await.unwrap();
        shown.push((table.to_owned(), answer.text().await.unwrap()));
    }
    let config = bench.config.as_str();
    for args in [
        &["rule", "list"][..],
        &["outbox", "list"],
        &["check"],
        &["incident", "list"],
        &["status"],
    ] {
        let output = bench.home.run(&[&["--config", config], args].concat());
        let text = [output.stdout, output.stderr].concat();
        shown.push((args.join(" "), String::from_utf8_lossy(&text).into_owned()));
    }
    let said = server.said_so_far();
    assert!(
        said.iter()
            .any(|line| line.contains("message not delivered")),
        "{said:#?}"
    );
    shown.push(("log".into(), said.join("\n")));
    for (place, text) in shown {
        let mut lines = text.lines();
        let line = lines.find(|line| line.contains(CANARY) || line.contains("Y2FuYXJ5"));
        let line = line.map(|line| line.chars().take(2000).collect::<String>());
        assert_eq!(line, None, "{place} shows a secret");
    }
}

/// Promise: five lines of shell drive a lamp, which is blue when nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn s24_a_shell_script_turns_the_answer_into_a_colour() {
    let document = include_str!("../../docs/alerts.md");
    let script = document
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let once = script.replace("while sleep 15; do", "for once in 1; do");
    assert_ne!(once, script);
    let bench = Bench::new("").await;
    let mut server = bench.home.serve(&["--config", &bench.config]);
    let token = bench.home.ok(&["token", "new", "--scope", "lamp"]);
    let url = server.url.clone();
    let look = || {
        let output = std::process::Command::new("sh")
            .args(["-c", &once])
            .env("TOKEN", token.trim())
            .env("URL", &url)
            .output();
        String::from_utf8(output.unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    };
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    bench
        .until("triggered", |one| one.status == "triggered")
        .await;
    assert_eq!(look(), "red");
    bad.abort();
    let list = client.json("/api/v1/incidents").await;
    for one in list.as_array().unwrap() {
        bench.home.ok(&[
            "--config",
            &bench.config,
            "incident",
            "ack",
            one["id"].as_str().unwrap(),
            "--by",
            "mia",
        ]);
    }
    assert_eq!(look(), "orange");
    server.kill();
    assert_eq!(look(), "blue");
}

/// Promise: times to acknowledge and to resolve, escalations and counts are SQL, by team, rule and week.
#[tokio::test(flavor = "multi_thread")]
async fn s27_the_four_metrics_are_sql() {
    let bench = Bench::new("").await;
    let server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    bench
        .until("triggered", |one| one.status == "triggered")
        .await;
    let list = client.json("/api/v1/incidents").await;
    let id = list[0]["id"].as_str().unwrap().to_owned();
    bench.home.ok(&[
        "--config",
        &bench.config,
        "incident",
        "ack",
        &id,
        "--by",
        "mia",
    ]);
    bad.abort();
    let well = traffic(&client, false);
    bench
        .until("resolved", |one| one.status == "resolved")
        .await;
    well.abort();
    let (from, to) = (now_us() / 1000 - 3_600_000, now_us() / 1000 + 1000);
    let answer = client
        .json(&format!(
            "/api/v1/queries/incident_metrics?from={from}&to={to}"
        ))
        .await;
    let value = |name: &str| {
        let mut columns = answer["columns"].as_array().unwrap().iter();
        let at = columns.position(|column| column["name"] == name).unwrap();
        answer["data"][at][0].clone()
    };
    assert_eq!(
        (value("team"), value("rule_id"), value("n")),
        (json!("web"), json!("quick"), json!(1))
    );
    assert_eq!(
        (value("mtta_n"), value("mttr_n"), value("escalations")),
        (json!(1), json!(1), json!(0))
    );
    for name in ["mtta_median_s", "mtta_p90_s", "mttr_median_s", "mttr_p90_s"] {
        assert!(value(name).as_f64().unwrap() >= 0.0, "{name}");
    }
}

/// Promise: a changed key moves nothing that is open.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_does_not_leave_the_old_pager_open() {
    let bench = Bench::new("").await;
    let mut server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    let page = bench
        .until("triggered", |one| one.status == "triggered")
        .await;
    bad.abort();
    server.kill();
    // The settings name another pager from now on, with another key.
    let other = MockPagerDuty::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let text = settings(other.serve(listener).unwrap()).replace("mock0000", "mock1111");
    std::fs::write(&bench.config, text).unwrap();
    bench.mock.fail_next([Fault::Status(503, None)]);
    let server = bench.home.serve(&["--config", &bench.config]);
    let well = traffic(&client.at(&server), false);
    bench
        .until("resolved", |one| {
            one.dedup_key == page.dedup_key && one.status == "resolved"
        })
        .await;
    well.abort();
    assert!(other.incidents().is_empty(), "{:#?}", other.incidents());
}
