//! Rules as people meet them: written, checked, replayed, fired, answered, reviewed.

use std::time::Duration;

use logatlas::mock_pagerduty::{MockPagerDuty, settings};
use serde_json::{Value, json};

use crate::program::{Client, Home, access_line, arg, now_us};

struct Bench {
    home: Home,
    mock: MockPagerDuty,
    config: String,
}

impl Bench {
    async fn new(more: &str) -> Self {
        let home = Home::new();
        let mock = MockPagerDuty::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = mock.serve(listener).unwrap();
        let text = format!("{}webhook_secret = \"hush\"\n{more}", settings(address));
        let config = arg(&home.write("logatlas.toml", text)).to_owned();
        Self { home, mock, config }
    }

    fn ok(&self, args: &[&str]) -> String {
        self.home.ok(&[&["--config", &self.config], args].concat())
    }

    fn fails(&self, args: &[&str]) -> (i32, String) {
        self.home
            .fails(&[&["--config", &self.config], args].concat())
    }
}

/// An hour of requests from Germany, a minute of each ten of which fails, and from France, which is well.
fn hour(end_us: i64) -> String {
    let mut text = String::new();
    for second in 0..3600 {
        let at = end_us - (3600 - second) * 1_000_000;
        let is_bad = (600..1500).contains(&second);
        let status = if is_bad && second % 4 == 0 { 503 } else { 200 };
        text.push_str(&access_line(second as usize, "217.0.0.1", status, at));
        text.push('\n');
        text.push_str(&access_line(second as usize, "90.0.0.1", 200, at));
        text.push('\n');
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_from_nothing_to_the_weekly_review() {
    let bench = Bench::new("[teams.web]\nzone = \"UTC\"\ntargets = [\"pager\"]\n").await;
    let end = now_us() / 60_000_000 * 60_000_000;
    let log = bench.home.write("access.log", hour(end));
    bench.ok(&["import", arg(&log)]);

    let made = bench.ok(&[
        "rule",
        "new",
        "de-errors",
        "--raise",
        "10%",
        "--recover",
        "5%",
        "--for",
        "2m",
        "--min-n",
        "50",
        "--team",
        "web",
        "--severity",
        "error",
        "--runbook",
        "https://example.org/runbook",
    ]);
    assert!(made.contains("de-errors.toml"), "{made}");
    let linted = bench.ok(&["rule", "lint", "de-errors"]);
    assert_eq!(linted, "1 rules looked at\n");
    assert!(
        bench
            .ok(&["rule", "list"])
            .contains("something to do when it paged: unknown")
    );

    // The replay finds the outage of fifteen minutes, and knows how true that is.
    let outage = |from: i64, to: i64| {
        format!(
            "{},{},DE",
            logatlas::time::rfc3339(end + from * 60_000_000),
            logatlas::time::rfc3339(end + to * 60_000_000)
        )
    };
    let csv = format!(
        "from,to,country\n{}\n{}\n",
        outage(-50, -35),
        outage(-20, -15)
    );
    let csv = bench.home.write("outages.csv", csv);
    let args = [
        "rule",
        "backtest",
        "de-errors",
        "--since",
        "1h",
        "--labels",
        arg(&csv),
    ];
    let report = bench.ok(&args);
    assert!(report.contains(" 1 opened, 1 pages"), "{report}");
    assert!(report.contains("outages found    50 % of 2"), "{report}");
    assert!(report.contains("pages true       100 % of 1"), "{report}");
    let swept = bench.ok(&[&args[..], &["--sweep", "raise=5%..50%", "--json"]].concat());
    let swept: Value = serde_json::from_str(&swept).unwrap();
    let opens: Vec<i64> = swept["sweep"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["opens"].as_i64().unwrap())
        .collect();
    assert_eq!((opens[0], opens[9]), (1, 0), "{opens:?}");
    let (code, _) = bench.fails(&[&args[..], &["--max-pages-week", "1"]].concat());
    assert_eq!(code, 1);
    assert!(bench.ok(&["rule", "list"]).contains("last back-test"));

    // The way to the pager is tried before it is needed.
    let fired = bench.ok(&["rule", "fire", "de-errors"]);
    assert!(
        fired.contains("pager trigger: taken") && fired.contains("pager resolve: taken"),
        "{fired}"
    );
    assert_eq!(bench.mock.incidents()[0].status, "resolved");

    // A server catches up, pages, and takes an answer.
    let log = bench.home.write(
        "more.log",
        hour(now_us())
            .replace(" 503 ", " 200 ")
            .replace(" 200 ", " 503 "),
    );
    bench.ok(&["import", arg(&log)]);
    let server = bench.home.serve(&["--config", &bench.config]);
    let page = wait_for(&bench, "triggered").await;
    let client = Client::new(&bench.home, &server, "admin");
    let list = client.json("/api/v1/incidents").await;
    let incident = list
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["rule"] == "de-errors")
        .unwrap()
        .clone();
    let id = incident["id"].as_str().unwrap();
    let short: String = id.chars().take(8).collect();
    assert!(
        page.client_url.contains("/map?from="),
        "{}",
        page.client_url
    );
    bench.ok(&["incident", "ack", &short, "--by", "mia"]);
    bench.ok(&[
        "incident",
        "class",
        &short,
        "--class",
        "action",
        "--note",
        "rolled back",
    ]);
    let shown = bench.ok(&["incident", "show", &short]);
    assert!(
        shown.contains("acked_by       mia") && shown.contains("acknowledge"),
        "{shown}"
    );
    let review = bench.ok(&["review"]);
    assert!(
        review.contains("| web | de-errors | 1 | 1 |") || review.contains("de-errors"),
        "{review}"
    );
    assert!(review.contains("100 % of 1"), "{review}");

    // PagerDuty's answer comes back, once, and only with its signature.
    let event = json!({"event": {"id": "e1", "event_type": "incident.resolved", "agent": {"summary": "Ada"}, "data": {"incident_key": incident["dedup_key"]}}});
    let send = |signature: String| {
        let request =
            reqwest::Client::new().post(format!("{}/webhooks/pagerduty/pager", server.url));
        let request = request
            .header("x-pagerduty-signature", signature)
            .body(event.to_string());
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(send("v1=00".into()).await, 401);
    assert_eq!(send(signature("hush", &event.to_string())).await, 202);
    assert_eq!(send(signature("hush", &event.to_string())).await, 202);
    let shown = bench.ok(&["incident", "show", id]);
    assert!(shown.contains("resolved by Ada"), "{shown}");

    // The lamp, with a token that can do nothing else.
    let token = bench.ok(&["token", "new", "--scope", "lamp"]);
    let get = |path: &str| {
        let request = reqwest::Client::new()
            .get(format!("{}{path}", server.url))
            .bearer_auth(token.trim());
        async { request.send().await.unwrap() }
    };
    let lamp = get("/lamp?format=word").await;
    assert!(
        ["red\n", "orange\n", "green\n", "blue\n"].contains(&lamp.text().await.unwrap().as_str())
    );
    assert_eq!(get("/api/v1/incidents").await.status().as_u16(), 403);
}

/// Promise: before a rule is needed its way is tried, and the exact body is printed.
#[tokio::test(flavor = "multi_thread")]
async fn s14_a_test_event_reaches_the_pager_and_its_body_is_printed() {
    let bench = Bench::new("").await;
    let printed = bench.ok(&[
        "rule",
        "fire",
        "server-error-rate-by-country",
        "--target",
        "pager",
    ]);
    let events = bench.mock.events();
    let actions: Vec<&str> = events
        .iter()
        .map(|event| event["event_action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    assert_eq!(events[0]["dedup_key"], events[1]["dedup_key"]);
    for event in &events {
        for name in ["dedup_key", "event_action"] {
            let line = format!("\"{name}\": {}", event[name]);
            assert!(printed.contains(&line), "{line}: {printed}");
        }
    }
    let body = &events[0]["payload"];
    for name in [
        "summary",
        "severity",
        "source",
        "component",
        "group",
        "class",
    ] {
        let line = format!("\"{name}\": {}", body[name]);
        assert!(printed.contains(&line), "{line}: {printed}");
    }
    assert!(
        !printed.contains("mock0000"),
        "the key is not printed: {printed}"
    );
}

/// A rule written by the interface: checked, never over somebody else's change, in the record.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_written_by_the_interface_and_nobodys_change_is_lost() {
    let bench = Bench::new("").await;
    let server = bench.home.serve(&["--config", &bench.config]);
    let client = Client::new(&bench.home, &server, "admin");
    let put = |id: &str, body: Value| {
        let request = reqwest::Client::new()
            .put(format!("{}/api/v1/rules/{id}", server.url))
            .bearer_auth(client.token())
            .json(&body);
        async {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        }
    };
    let text = crate::alerts::RULE;
    let (status, answer) = put("quick", json!({"text": text.replace("title", "tittle")})).await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("unknown field `tittle`")
    );
    let (status, _) = put("other", json!({"text": text})).await;
    assert_eq!(status, 400, "another id");
    let (status, rule) = put("quick", json!({"text": text})).await;
    assert_eq!((status, &rule["text"]), (200, &json!(text)));
    assert!(rule["findings"].is_array());
    // Read twice, changed twice: the second change does not undo the first.
    let version = &rule["version"];
    let (status, _) = put(
        "quick",
        json!({"text": text.replace("0.05", "0.06"), "version": version}),
    )
    .await;
    assert_eq!(status, 200);
    let (status, answer) = put(
        "quick",
        json!({"text": text.replace("0.05", "0.07"), "version": version}),
    )
    .await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (409, &json!("changed_meanwhile"))
    );
    let (status, _) = put("quick", json!({"text": text})).await;
    assert_eq!(status, 409, "it is there already");
    // A shipped rule is laid over.
    let shipped = client.json("/api/v1/rules/no-lines").await;
    let text = shipped["text"]
        .as_str()
        .unwrap()
        .replace("title = \"", "title = \"my ");
    let (status, rule) = put(
        "no-lines",
        json!({"text": text, "version": shipped["version"]}),
    )
    .await;
    assert_eq!(status, 200);
    assert!(rule["title"].as_str().unwrap().starts_with("my "));
    assert!(
        bench
            .home
            .path("data/queries/alerts/no-lines.toml")
            .exists()
    );
    let written = bench
        .home
        .number("SELECT count(*) AS n FROM audit WHERE action = 'write rule'");
    assert_eq!(written, 3);
}

async fn wait_for(bench: &Bench, status: &str) -> logatlas::mock_pagerduty::MockIncident {
    for _ in 0..600 {
        let found = bench
            .mock
            .incidents()
            .into_iter()
            .find(|one| one.status == status && !one.summary.starts_with("test"));
        if let Some(found) = found {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no incident is {status}: {:#?}", bench.mock.incidents());
}

fn signature(secret: &str, body: &str) -> String {
    use hmac::Mac;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("v1={}", logatlas::text::hex(&mac.finalize().into_bytes()))
}

/// What cannot be run is said before anything runs, and without any data.
#[test]
fn check_and_lint_name_columns_and_queries_that_there_are_not() {
    let home = crate::program::Home::new();
    let dir = "data/queries";
    let header = "-- Odd: is it named?\n-- $from timestamp\n-- $to timestamp\n";
    for (name, sql) in [
        ("spelt", "SELEC country FROM logs"),
        (
            "column",
            "SELECT contry FROM logs WHERE ts >= $from AND ts < $to",
        ),
        ("writes", "DELETE FROM logs WHERE ts >= $from AND ts < $to"),
    ] {
        home.write(&format!("{dir}/{name}.sql"), format!("{header}{sql}\n"));
    }
    let wrong = crate::alerts::RULE.replace("value = \"rate\"", "value = \"raet\"");
    home.write(&format!("{dir}/alerts/quick.toml"), wrong);
    let said = |args: &[&str]| {
        let output = home.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let checked = said(&["check"]);
    for expected in ["query spelt", "contry", "only SELECT", "no column raet"] {
        assert!(checked.contains(expected), "{expected}: {checked}");
    }
    assert!(said(&["rule", "lint", "quick"]).contains("no column raet"));
    assert!(
        !home.path("data/state.sqlite").exists(),
        "nothing was opened"
    );
}
