//! Streams of the HTTP interface: what is told, once, to whom, and for how long.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Client, Home, access_line, now_us};

/// An event as it was told.
#[derive(Debug)]
struct Told {
    name: String,
    id: String,
    data: Value,
}

/// Reads server-sent events.
struct Stream {
    response: reqwest::Response,
    buffer: String,
    /// The last id, of events without data too.
    id: String,
}

impl Stream {
    async fn open(client: &Client, path: &str, came_back_with: Option<&str>) -> Self {
        let mut request = client.get(path).header("accept-encoding", "gzip");
        if let Some(id) = came_back_with {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert!(!headers.contains_key("content-encoding"), "{headers:?}");
        assert!(!headers.contains_key("etag"), "{headers:?}");
        Self {
            response,
            buffer: String::new(),
            id: String::new(),
        }
    }

    /// The next event, with data or without; none at the end.
    async fn event(&mut self) -> Option<Told> {
        loop {
            if let Some((text, rest)) = self.buffer.split_once("\n\n") {
                let (text, rest) = (text.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(self.read(&text));
            }
            let chunk = tokio::time::timeout(Duration::from_secs(60), self.response.chunk()).await;
            let chunk = chunk.expect("a stream says something every 10 s").ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    fn read(&mut self, text: &str) -> Told {
        let field = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        if let Some(id) = field("id") {
            self.id = id.to_owned();
        }
        let data = field("data").map(|data| serde_json::from_str(data).unwrap());
        Told {
            name: field("event").unwrap_or_default().to_owned(),
            id: self.id.clone(),
            data: data.unwrap_or_default(),
        }
    }

    /// The next event of this name.
    async fn next(&mut self, name: &str) -> Told {
        loop {
            let told = self.event().await.expect("the stream goes on");
            assert_ne!(told.name, "fault", "{told:?}");
            if told.name == name {
                return told;
            }
        }
    }

    /// Paths of lines, in the order in which they are told, until there are so many.
    async fn paths(&mut self, n: usize) -> Vec<String> {
        let mut paths = Vec::new();
        while paths.len() < n {
            let told = self.next("lines").await;
            paths.extend(column(&told.data, "path"));
        }
        paths
    }
}

fn column(table: &Value, name: &str) -> Vec<String> {
    let columns = table["columns"].as_array().unwrap();
    let index = columns.iter().position(|column| column["name"] == name);
    let values = table["data"][index.unwrap()].as_array().unwrap();
    let values = values.iter().map(|value| value.as_str().unwrap());
    values.map(str::to_owned).collect()
}

/// Lines of which every second one failed.
fn lines(numbers: std::ops::Range<usize>) -> String {
    let line = |n| access_line(n, "217.0.0.1", if n % 2 == 0 { 503 } else { 200 }, now_us());
    numbers.map(line).collect()
}

fn failed(numbers: std::ops::Range<usize>) -> Vec<String> {
    let numbers = numbers.filter(|n| n % 2 == 0);
    numbers.map(|n| format!("/item/{n}")).collect()
}

#[tokio::test]
async fn a_line_is_told_once_also_to_who_comes_back() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    assert!(client.lines(lines(0..4)).await);
    let path = "/api/v1/tail?where=status%20%3E%3D%20500";
    let mut stream = Stream::open(&client, path, None).await;
    // The first event names the place to go on from, before there is a line.
    let first = stream.event().await.unwrap();
    assert!(first.data.is_null() && !first.id.is_empty(), "{first:?}");
    assert!(client.lines(lines(4..10)).await);
    assert!(client.lines(lines(10..20)).await);
    assert_eq!(stream.paths(8).await, failed(4..20));
    let id = stream.id.clone();
    drop(stream);
    assert!(client.lines(lines(20..30)).await);
    assert!(client.lines(lines(30..40)).await);
    let mut stream = Stream::open(&client, path, Some(&id)).await;
    assert_eq!(stream.paths(10).await, failed(20..40));
    assert!(client.lines(lines(40..42)).await);
    assert_eq!(stream.paths(1).await, failed(40..42));
    // More than the limit are counted, the newest are told.
    let path = format!("{path}&limit=4&after={id}");
    let told = Stream::open(&client, &path, None).await.next("lines").await;
    assert_eq!(column(&told.data, "path"), failed(34..42));
    assert_eq!(
        (&told.data["skipped"], &told.data["n_rows"]),
        (&json!(7), &json!(4))
    );
}

#[tokio::test]
async fn a_condition_that_is_none_is_told_before_the_stream() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "read");
    let rows = [
        ("where=status%20%3E", 400),
        ("where=no_such_column%20%3D%201", 400),
        ("where=true);%20DROP%20TABLE%20logs%20--", 400),
        (
            "where=true)%20UNION%20ALL%20SELECT%201%20FROM%20logs%20WHERE%20(true",
            400,
        ),
        ("after=yesterday", 400),
        ("where=--%20anything%0Atrue", 200),
    ];
    for (query, expected) in rows {
        let response = client.get(&format!("/api/v1/tail?{query}")).send().await;
        let response = response.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{query}");
    }
}

#[tokio::test]
async fn the_state_is_told_as_it_changes() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let mut stream = Stream::open(&client, "/api/v1/live", None).await;
    let status = stream.next("status").await.data;
    let mut asked = client.json("/api/v1/status").await;
    for moving in ["now", "lamp"] {
        asked[moving] = status[moving].clone();
    }
    assert_eq!(status, asked);
    let incidents = stream.next("incidents").await.data;
    assert_eq!(
        (&incidents["changed"], &incidents["open"]),
        (&json!([]), &json!([]))
    );
    assert!(incidents["lamp"]["state"].is_string(), "{incidents}");
    assert!(client.lines(lines(0..10)).await);
    let start = Instant::now();
    while stream.next("status").await.data["account"]["stored"] != 10 {
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_server_stops() {
    let home = Home::new();
    let mut server = home.serve(&[]);
    let client = Client::new(&home, &server, "read");
    let mut live = Stream::open(&client, "/api/v1/live", None).await;
    let mut tail = Stream::open(&client, "/api/v1/tail", None).await;
    live.next("status").await;
    tail.event().await.unwrap();
    let start = Instant::now();
    let code = tokio::task::block_in_place(|| server.interrupt());
    assert_eq!(code, 0);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "it waits for streams"
    );
    while live.event().await.is_some() {}
    while tail.event().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_an_answer_does_not_hold_up_the_end() {
    let home = Home::new();
    let mut server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let sql = "SELECT repeat('x', 1000) AS x FROM generate_series(1, 50000)";
    let ask = client.post("/api/v1/sql");
    let ask = ask.json(&json!({"sql": sql, "format": "csv", "export": true}));
    let unread = ask.send().await.unwrap();
    assert_eq!(unread.status(), 200);
    assert!(
        client
            .lines(access_line(1, "217.0.0.1", 200, now_us()))
            .await
    );
    let code = tokio::task::block_in_place(|| server.interrupt());
    assert_eq!(code, 0);
    // All is written out: a reader of the table alone sees it.
    let files = std::fs::read_dir(home.path("data/logs")).unwrap();
    assert!(
        files
            .flatten()
            .any(|entry| entry.file_name() != "_delta_log")
    );
    drop(unread);
}

#[tokio::test]
async fn there_are_so_many_streams_and_who_leaves_makes_room() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "read");
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(Stream::open(&client, "/api/v1/live", None).await);
    }
    let ask = async || client.get("/api/v1/live").send().await.unwrap();
    let refused = ask().await;
    assert_eq!(refused.status(), 503);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "too_many_streams");
    drop(streams);
    let start = Instant::now();
    while ask().await.status() != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "no room comes");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
