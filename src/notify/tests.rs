//! Conformance of every target: what is sent for each action, what each answer means, what an attacker's text
//! becomes. A new target gets one row in [`rows`].

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::pagerduty::tests::message;
use super::*;

/// Text as somebody would send it who wants to be heard by everybody.
const ATTACK: &str = "GET /<!channel> @room \"];DROP \r\nBcc: all@example.org\n.\r\n\u{202e}<b>x</b>[a](http://evil)";

#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Inbox>>);

#[derive(Default)]
struct Inbox {
    requests: Vec<Request>,
    answer: Option<(u16, Option<String>)>,
}

struct Request {
    line: String,
    headers: HeaderMap,
    body: Value,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let router = Router::new().fallback(take).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, format!("http://{address}"))
    }

    fn answer_next(&self, status: u16, retry_after: Option<&str>) {
        self.0.lock().unwrap().answer = Some((status, retry_after.map(str::to_owned)));
    }

    fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }
}

async fn take(
    State(receiver): State<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut inbox = receiver.0.lock().unwrap();
    inbox.requests.push(Request {
        line: format!("{method} {uri}"),
        headers,
        body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
    });
    let (status, retry_after) = inbox.answer.take().unwrap_or((202, None));
    let status = StatusCode::from_u16(status).unwrap();
    (
        status,
        retry_after.map(|text| [("retry-after", text)]),
        "ok",
    )
        .into_response()
}

/// Each target that speaks HTTP, in the words of the settings.
fn rows(url: &str) -> Vec<(&'static str, Target)> {
    let key = "0123456789abcdef".repeat(2);
    let rows = [
        (
            "pagerduty",
            format!("routing_key = '{key}'\nurl = '{url}/v2/enqueue'"),
        ),
        (
            "pagerduty_v1",
            format!("service_key = '{key}'\nurl = '{url}/create_event.json'"),
        ),
        (
            "webhook",
            format!("secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\nurl = '{url}/hook'"),
        ),
        ("alertmanager", format!("urls = ['{url}', '{url}/second']")),
        ("alertmanager_webhook", format!("url = '{url}/bridge'")),
        ("slack", format!("url = '{url}/services/T/B/X'")),
        ("teams", format!("url = '{url}/workflows/x'")),
        (
            "ntfy",
            format!("url = '{url}'\ntopic = 'pages'\ntoken = 'tk_secret'"),
        ),
        (
            "matrix",
            format!("url = '{url}'\nroom = '!room:example.org'\ntoken = 'syt_secret'"),
        ),
    ];
    rows.into_iter()
        .map(|(kind, text)| {
            let text = format!("kind = '{kind}'\n{text}\nallow_private = true");
            let target: Target =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{kind}: {error}"));
            target
                .notifier()
                .check()
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
            (kind, target)
        })
        .collect()
}

fn of(action: Action, reason: Reason) -> Notification {
    Notification {
        action,
        reason,
        seq: 2,
        past: vec!["2026-11-20 no action: a crawler".into()],
        explanation: Some(
            serde_json::json!({"sentence": "DE x /checkout = 81 % of excess errors, 6.2 times normal"}),
        ),
        ..message()
    }
}

const ID: MessageId<'static> = MessageId("0190f000-0000-7000-8000-00000000000a");

#[tokio::test]
async fn what_each_target_is_sent() {
    let (receiver, url) = Receiver::start().await;
    let client = HttpClient::new().unwrap();
    for (kind, target) in rows(&url) {
        let mut text = String::new();
        let actions = [
            (Action::Trigger, Reason::Open),
            (Action::Acknowledge, Reason::Acknowledge),
            (Action::Resolve, Reason::Resolve),
            (Action::Digest, Reason::Digest),
        ];
        for (action, reason) in actions {
            target
                .notifier()
                .send(&client, &of(action, reason), ID)
                .await
                .unwrap();
            text.push_str(&format!("# {}\n", action.as_str()));
            for mut request in receiver.requests() {
                // An alert's end lies some minutes after now.
                if kind == "alertmanager" && action != Action::Resolve {
                    request.body[0]["endsAt"] = "soon".into();
                }
                let body = format!("{:#}", request.body).replace(&url, "http://receiver");
                text.push_str(&format!("{}\n{body}\n", request.line));
            }
        }
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/targets"),
            omit_expression => true,
        }, { insta::assert_snapshot!(kind, text) });
    }
}

#[tokio::test]
async fn what_each_answer_means() {
    let (receiver, url) = Receiver::start().await;
    let client = HttpClient::new().unwrap();
    for (kind, target) in rows(&url) {
        let cases: [(u16, Option<&str>, &str, Option<u64>); 8] = [
            (200, None, "taken", None),
            (429, Some("120"), "later", Some(120)),
            (429, Some("0"), "later", Some(30)),
            (429, Some("a week"), "later", Some(30)),
            (503, Some("999999"), "later", Some(900)),
            (500, None, "later", None),
            (400, None, "never", None),
            (307, None, "never", None),
        ];
        for (status, retry_after, expected, wait) in cases {
            receiver.answer_next(status, retry_after);
            let mut outcome = target
                .notifier()
                .send(&client, &of(Action::Trigger, Reason::Open), ID)
                .await;
            if kind == "alertmanager" && status >= 300 {
                // The second replica took it, which is enough.
                assert!(outcome.is_ok(), "{status}: {outcome:?}");
                outcome = match status {
                    400 | 307 => Err(NotifyError::Reject(String::new())),
                    _ => Err(NotifyError::Retry {
                        reason: String::new(),
                        after: wait.map(Duration::from_secs),
                    }),
                };
            }
            let (word, after) = match outcome {
                Ok(()) => ("taken", None),
                Err(NotifyError::Retry { after, .. }) => ("later", after),
                Err(NotifyError::Reject(_)) => ("never", None),
            };
            assert_eq!(
                (word, after.map(|after| after.as_secs())),
                (expected, wait),
                "{kind} {status}"
            );
        }
        if kind == "pagerduty_v1" {
            receiver.answer_next(403, None);
            let outcome = target
                .notifier()
                .send(&client, &of(Action::Trigger, Reason::Open), ID)
                .await;
            assert!(
                matches!(outcome, Err(NotifyError::Retry { .. })),
                "403 is its word for too many"
            );
        }
    }
}

#[tokio::test]
async fn a_receiver_that_cannot_be_reached_is_tried_again() {
    let client = HttpClient::new().unwrap();
    for (kind, target) in rows("http://127.0.0.1:9") {
        let outcome = target
            .notifier()
            .send(&client, &of(Action::Trigger, Reason::Open), ID)
            .await;
        let Err(NotifyError::Retry { reason, .. }) = outcome else {
            panic!("{kind}: {outcome:?}");
        };
        assert!(
            !reason.contains("services/T") && !reason.contains("secret"),
            "{kind}: {reason}"
        );
    }
}

#[tokio::test]
async fn an_attackers_text_stays_text() {
    let (receiver, url) = Receiver::start().await;
    let client = HttpClient::new().unwrap();
    let message = Notification {
        summary: ATTACK.into(),
        labels: [("path".to_owned(), Some(ATTACK.to_owned()))].into(),
        ..of(Action::Trigger, Reason::Open)
    };
    for (kind, target) in rows(&url) {
        target.notifier().send(&client, &message, ID).await.unwrap();
        let body = receiver.requests().remove(0).body;
        let texts = match kind {
            "slack" => vec![body["text"].to_string(), body["blocks"].to_string()],
            _ => Vec::new(),
        };
        for text in texts {
            assert!(!text.contains("<!channel>"), "{kind}: {text}");
        }
        if kind == "teams" {
            let text = body["attachments"][0]["content"]["body"].to_string();
            assert!(!text.contains("[a](http"), "{text}");
        }
    }
}

#[tokio::test]
async fn no_target_is_beaten_by_size() {
    let (receiver, url) = Receiver::start().await;
    let client = HttpClient::new().unwrap();
    let long = "🦀\0".repeat(500_000);
    let members: Vec<Value> = (0..2000)
        .map(|i| serde_json::json!({"labels": {"path": format!("/{i}/{}", "x".repeat(200))}}))
        .collect();
    let message = Notification {
        summary: long.clone(),
        labels: [("path".to_owned(), Some(long))].into(),
        members: Value::from(members),
        ..of(Action::Trigger, Reason::Open)
    };
    let limits = [
        ("pagerduty", 512_000),
        ("webhook", 65_536),
        ("slack", 30_000),
        ("teams", 28_000),
        ("ntfy", 8_192),
    ];
    for (kind, target) in rows(&url) {
        let Some((_, limit)) = limits.iter().find(|(name, _)| *name == kind) else {
            continue;
        };
        target.notifier().send(&client, &message, ID).await.unwrap();
        let body = receiver.requests().remove(0).body.to_string();
        assert!(body.len() <= *limit, "{kind}: {} bytes", body.len());
    }
}

#[tokio::test]
async fn webhooks_are_signed_and_ids_stay_the_same() {
    let (receiver, url) = Receiver::start().await;
    let client = HttpClient::new().unwrap();
    for (kind, target) in rows(&url) {
        for _ in 0..2 {
            target
                .notifier()
                .send(&client, &of(Action::Trigger, Reason::Open), ID)
                .await
                .unwrap();
        }
        let requests = receiver.requests();
        match kind {
            "webhook" => {
                assert!(
                    requests
                        .iter()
                        .all(|request| request.headers["webhook-id"] == ID.0)
                );
                assert!(
                    requests[0].headers["webhook-signature"]
                        .to_str()
                        .unwrap()
                        .starts_with("v1,")
                );
                assert_eq!(requests[0].body, requests[1].body);
                assert_eq!(requests[0].body["id"], ID.0);
            }
            "matrix" => {
                assert!(
                    requests.iter().all(|request| request.line.ends_with(ID.0)),
                    "{}",
                    requests[0].line
                );
                assert_eq!(requests[0].headers["authorization"], "Bearer syt_secret");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn syslog_goes_out_as_rfc_5424() {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let text = format!("kind = 'syslog'\naddress = '{address}'\nallow_private = true");
    let target: Target = toml::from_str(&text).unwrap();
    let client = HttpClient::new().unwrap();
    let message = Notification {
        summary: ATTACK.into(),
        rule: "a\"]".into(),
        ..of(Action::Trigger, Reason::Open)
    };
    target.notifier().send(&client, &message, ID).await.unwrap();
    let mut datagram = vec![0; 8192];
    let n = socket.recv(&mut datagram).await.unwrap();
    let line = String::from_utf8(datagram[..n].to_vec()).unwrap();
    assert!(
        line.starts_with("<131>1 2025-11-23T10:00:00.000Z "),
        "{line}"
    );
    assert!(
        line.contains(r#"rule="a\"\]""#) && !line.contains('\n'),
        "{line}"
    );
    // What we write, our own parser reads.
    let mut record = crate::record::Record::default();
    crate::format::by_name("syslog_rfc5424")
        .unwrap()
        .parse(&line, &mut record)
        .unwrap();
}

#[tokio::test]
async fn exec_gets_the_message_on_its_input() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let row = |code: i32| -> Target {
        let script = format!("cat > {}; exit {code}", out.display());
        let text = format!("kind = 'exec'\nprogram = '/bin/sh'\nargs = ['-c', '{script}']");
        toml::from_str(&text).unwrap()
    };
    let client = HttpClient::new().unwrap();
    let message = of(Action::Trigger, Reason::Open);
    row(0).notifier().send(&client, &message, ID).await.unwrap();
    let written: Notification = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(written, message);
    let again = row(1).notifier().send(&client, &message, ID).await;
    assert!(matches!(again, Err(NotifyError::Retry { .. })));
    let never = row(65).notifier().send(&client, &message, ID).await;
    assert!(matches!(never, Err(NotifyError::Reject(_))));
}

/// A mail server that takes one mail and returns it.
async fn smtp(listener: tokio::net::TcpListener) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mock\r\n").await.unwrap();
    let (mut mail, mut is_data) = (String::new(), false);
    while let Some(line) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match (is_data, line.as_str()) {
            (true, ".") => {
                is_data = false;
                b"250 taken\r\n"
            }
            (true, _) => {
                mail.push_str(&line);
                mail.push('\n');
                continue;
            }
            (_, "DATA") => {
                is_data = true;
                b"354 go on\r\n"
            }
            (_, "QUIT") => break,
            _ => b"250 fine\r\n",
        };
        write.write_all(answer).await.unwrap();
    }
    mail
}

#[tokio::test]
async fn mails_make_a_thread_and_take_no_foreign_header() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let text = format!(
        "kind = 'email'\nurl = 'smtp://{address}'\nfrom = 'logatlas@example.org'\nto = ['team@example.org']"
    );
    let target: Target = toml::from_str(&text).unwrap();
    target.notifier().check().unwrap();
    let server = tokio::spawn(smtp(listener));
    let client = HttpClient::new().unwrap();
    let message = Notification {
        summary: ATTACK.into(),
        ..of(Action::Trigger, Reason::Open)
    };
    target.notifier().send(&client, &message, ID).await.unwrap();
    drop(target);
    let mail = tokio::time::timeout(Duration::from_secs(20), server)
        .await
        .unwrap()
        .unwrap();
    let headers = mail.split("\n\n").next().unwrap();
    assert!(
        headers.contains(&format!("Message-ID: <{}@logatlas>", ID.0)),
        "{headers}"
    );
    assert!(
        headers.contains("Auto-Submitted: auto-generated"),
        "{headers}"
    );
    assert!(headers.contains("In-Reply-To: <aaaa"), "{headers}");
    assert!(
        !headers.lines().any(|line| line.starts_with("Bcc")),
        "{headers}"
    );
}

#[test]
fn a_secret_is_read_from_where_it_is_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, "from-a-file\n").unwrap();
    let secret = Secret::from(format!("file:{}", path.display()).as_str());
    assert_eq!(secret.read().unwrap(), "from-a-file");
    assert_eq!(Secret::from("plain").read().unwrap(), "plain");
    assert!(
        Secret::from("env:LOGATLAS_NO_SUCH_VARIABLE")
            .read()
            .is_err()
    );
    assert_eq!(format!("{:?}", Secret::from("plain")), "***");
    for (kind, target) in rows("http://receiver") {
        let shown = format!("{target:?}");
        assert!(
            !shown.contains("0123456789abcdef")
                && !shown.contains("secret\"")
                && !shown.contains("services/T"),
            "{kind}: {shown}"
        );
    }
}
