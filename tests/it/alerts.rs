//! One alert from the log line to the pager and back, with a kill in between.

use std::time::Duration;

use logatlas::mock_pagerduty::{MockPagerDuty, actions, settings};
use serde_json::Value;

use crate::program::{Client, Home, Server, access_line, arg, now_us};

/// A rule that needs seconds instead of minutes.
pub(crate) const RULE: &str = r#"
id = "quick"
title = "5xx rate"
runbook = "server-error-rate-by-country"
query = { name = "errors_by_country", labels = ["country"], value = "rate", sample = "n", count = "k", min_n = 50, unit = "ratio" }
eval = { every = "1s", window = "10s", lateness = "1s" }
raise = { op = ">", at = 0.05 }
recover = { op = "<", at = 0.03 }
hold = { for = "2s", keep_firing_for = "1s" }
route = { severity = "error", service = "shop", team = "web", targets = ["pager"] }
"#;

struct Bench {
    home: Home,
    mock: MockPagerDuty,
    config: std::path::PathBuf,
}

impl Bench {
    async fn new() -> Self {
        let home = Home::new();
        let mock = MockPagerDuty::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = mock.serve(listener).unwrap();
        let config = home.write("logatlas.toml", settings(address));
        home.write("data/queries/alerts/quick.toml", RULE);
        Self { home, mock, config }
    }

    fn serve(&self) -> Server {
        self.home.serve(&["--config", arg(&self.config)])
    }

    async fn incident(&self, status: &str) -> logatlas::mock_pagerduty::MockIncident {
        for _ in 0..600 {
            if let Some(found) = self
                .mock
                .incidents()
                .into_iter()
                .find(|incident| incident.status == status)
            {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no incident is {status}: {:#?}", self.mock.incidents());
    }
}

/// Sends lines of now until told to stop; every tenth fails when `is_bad`.
pub(crate) fn traffic(client: &Client, is_bad: bool) -> tokio::task::JoinHandle<()> {
    let client = client.clone();
    tokio::spawn(async move {
        loop {
            let line = |n: usize| {
                access_line(
                    n,
                    "217.0.0.1",
                    if is_bad && n.is_multiple_of(10) {
                        503
                    } else {
                        200
                    },
                    now_us(),
                )
            };
            client.lines((0..20).map(line).collect()).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_a_page_has_the_value_of_its_panel_and_is_resolved_after_a_kill() {
    let bench = Bench::new().await;
    let mut server = bench.serve();
    let client = Client::new(&bench.home, &server, "admin");
    let bad = traffic(&client, true);
    let page = bench.incident("triggered").await;
    assert!(
        page.summary.starts_with("5xx rate DE 10 % ("),
        "{}",
        page.summary
    );
    assert!(page.summary.ends_with("limit 5 %"), "{}", page.summary);

    // The link opens the map at the window and place, and the number on the page is the number there.
    let url = reqwest::Url::parse(&page.client_url).unwrap();
    let query: std::collections::HashMap<_, _> = url.query_pairs().collect();
    assert_eq!((url.path(), query["place"].as_ref()), ("/map", "DE"));
    assert!(page.client_url.starts_with(&server.url));
    let events = bench.mock.events();
    let event = events
        .iter()
        .rev()
        .find(|event| event["client_url"] == page.client_url.as_str())
        .unwrap();
    let answer = client
        .json(&format!(
            "/api/v1/queries/errors_by_country?from={}&to={}",
            query["from"], query["to"]
        ))
        .await;
    let column = |name: &str| {
        let at = answer["columns"]
            .as_array()
            .unwrap()
            .iter()
            .position(|column| column["name"] == name)
            .unwrap();
        answer["data"][at][0].clone()
    };
    assert_eq!(column("country"), "DE");
    let fired = event["payload"]["custom_details"]["value"]
        .as_f64()
        .unwrap();
    assert_eq!(fired.to_bits(), column("rate").as_f64().unwrap().to_bits());
    let list = client.json("/api/v1/incidents").await;
    assert_eq!(
        (&list[0]["state"], &list[0]["rule"]),
        (&Value::from("firing"), &Value::from("quick"))
    );

    server.kill();
    bad.abort();
    let server = bench.serve();
    let well = traffic(&client.at(&server), false);
    let resolved = bench.incident("resolved").await;
    well.abort();
    assert_eq!(resolved.dedup_key, page.dedup_key);
    assert_eq!(bench.mock.incidents().len(), 1, "one episode, one incident");
    let sent = actions(&bench.mock.events());
    let actions = &sent[&page.dedup_key];
    assert_eq!(actions.last().unwrap(), "resolve");
    assert_eq!(
        actions.iter().filter(|action| *action == "resolve").count(),
        1
    );
}
