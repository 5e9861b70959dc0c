//! Lines on their way in: sockets, files, standard input, HTTP.

use std::io::Write;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use crate::program::{Client, Home, access_line, arg, now_us};

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the delay is the finding")]
async fn syslog_by_udp_and_tcp_is_seen_in_sql() {
    let home = Home::new();
    let server = home.serve(&["--syslog", "udp:127.0.0.1:0", "--syslog", "tcp:127.0.0.1:0"]);
    let client = Client::new(&home, &server, "read");
    let address = |kind: &str| {
        let found = server
            .syslog
            .iter()
            .find_map(|address| address.strip_prefix(kind));
        found
            .unwrap_or_else(|| panic!("no {kind} in {:?}", server.syslog))
            .to_owned()
    };
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket
        .send_to(
            b"<13>Oct 11 22:14:15 web-1 me: hello by udp",
            address("udp:"),
        )
        .await
        .unwrap();
    let waited = client
        .until(
            "SELECT count(*) FROM logs WHERE message = 'hello by udp' AND host = 'web-1'",
            1,
        )
        .await;
    println!("udp: visible after {waited:?}");
    let mut stream = TcpStream::connect(address("tcp:")).await.unwrap();
    stream
        .write_all(b"<13>Oct 11 22:14:15 web-1 me: hello by line\n")
        .await
        .unwrap();
    // RFC 6587, octet counting: the newline belongs to the message.
    let message = "<13>Oct 11 22:14:15 web-1 me: hello\nby count";
    stream
        .write_all(format!("{} {message}", message.len()).as_bytes())
        .await
        .unwrap();
    let waited = client.until("SELECT count(*) FROM logs WHERE message LIKE 'hello%by line' OR message LIKE 'hello%by count'", 2).await;
    println!("tcp: visible after {waited:?}");
    assert_eq!(client.number("SELECT count(*) FROM logs").await, 3);
}

#[tokio::test]
async fn files_are_read_from_the_start_and_followed_plain_and_gz() {
    let home = Home::new();
    let lines = |range: std::ops::Range<usize>| -> String {
        range
            .map(|n| access_line(n, "192.0.2.7", 200, now_us() - 1_000_000))
            .collect()
    };
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(lines(0..500).as_bytes()).unwrap();
    home.write("logs/access.log.1.gz", gz.finish().unwrap());
    let path = home.write("logs/access.log", lines(500..600));
    let pattern = home.path("logs/access.log*");
    let count = "SELECT count(*) FROM logs";
    let distinct = "SELECT count(DISTINCT path) FROM logs";
    let mut server = home.serve(&["--tail", arg(&pattern)]);
    let client = Client::new(&home, &server, "read");
    client.until(count, 600).await;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(lines(600..650).as_bytes()).unwrap();
    client.until(count, 650).await;
    // Half a line is no line yet.
    let (half, rest) = (
        "192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] \"GET /half",
        " HTTP/1.1\" 200 1 \"-\" \"-\"\n",
    );
    file.write_all(half.as_bytes()).unwrap();
    file.flush().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(client.number(count).await, 650);
    file.write_all(rest.as_bytes()).unwrap();
    client
        .until("SELECT count(*) FROM logs WHERE path = '/half'", 1)
        .await;
    // A restart goes on where it was.
    assert_eq!(server.interrupt(), 0);
    file.write_all(lines(650..700).as_bytes()).unwrap();
    let server = home.serve(&["--tail", arg(&pattern)]);
    let client = client.at(&server);
    client.until(count, 701).await;
    assert_eq!(client.number(distinct).await, 701);
}

#[tokio::test]
async fn lines_by_http_are_stored_once_for_one_key() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let body = access_line(1, "192.0.2.7", 200, now_us()) + "\nnot a log line at all\n";
    let send = |key: &'static str, body: String| {
        client
            .post("/api/v1/ingest/lines?source=web&host=web-9")
            .header("idempotency-key", key)
            .body(body)
            .send()
    };
    for _ in 0..2 {
        let answer: serde_json::Value = send("one", body.clone())
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            (answer["received"].as_i64(), answer["stored"].as_i64()),
            (Some(3), Some(2)),
            "{answer}"
        );
    }
    assert_eq!(
        client
            .number("SELECT count(*) FROM logs WHERE source = 'web' AND host = 'web-9'")
            .await,
        2
    );
    let changed = send("one", "other".into()).await.unwrap();
    assert_eq!(changed.status().as_u16(), 422);
    assert_eq!(client.number("SELECT count(*) FROM logs WHERE format = 'unparsed' AND raw = 'not a log line at all'").await, 1);
}

#[tokio::test]
async fn standard_input_is_read_to_its_end_and_the_server_goes_on() {
    let home = Home::new();
    let lines: String = (0..1000)
        .map(|n| access_line(n, "192.0.2.7", 200, now_us()))
        .collect();
    let input = home.write("input.log", lines + "the last line has no end");
    let mut server = home.serve_stdin(&input);
    let client = Client::new(&home, &server, "read");
    client
        .until("SELECT count(*) FROM logs WHERE source = 'stdin'", 1001)
        .await;
    assert_eq!(server.interrupt(), 0);
    assert_eq!(
        home.number("SELECT count(*) FROM logs WHERE source = 'stdin'"),
        1001
    );
}
