//! A stand-in for PagerDuty Events v2: checks events as the real one does, keeps incidents by dedup key, and
//! can be told to fail. The command `logatlas mock-pagerduty` and the tests use it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// PagerDuty's own limit of a request.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Events kept to look at.
const EVENTS_MAX: usize = 10_000;

/// How the next request is answered instead of properly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A status, with a Retry-After header when there is one; the event is not taken.
    Status(u16, Option<String>),
    /// A status with this text; the event is not taken.
    Text(u16, String),
    /// The event is taken, and the answer says it failed.
    TakenThenLost,
    /// The event is taken, and the answer comes after this long.
    Late(std::time::Duration),
    /// Sent elsewhere; the event is not taken.
    Redirect(String),
    /// An answer without an end; the event is taken.
    Endless,
}

/// What happened under one dedup key.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct MockIncident {
    pub dedup_key: String,
    /// `triggered`, `acknowledged` or `resolved`.
    pub status: &'static str,
    /// Who acknowledged or resolved it by hand.
    pub by: Option<String>,
    /// When it opened, RFC 3339.
    pub created_at: String,
    pub summary: String,
    pub client_url: String,
    pub n_events: usize,
}

type Printer = Box<dyn Fn(&str) + Send>;

#[derive(Default)]
struct Inner {
    events: Vec<Value>,
    /// Change events.
    changes: Vec<Value>,
    /// In order of opening; a trigger after a resolve opens a new one.
    incidents: Vec<MockIncident>,
    faults: VecDeque<Fault>,
    print: Option<Printer>,
}

/// A mock that listens. Clones share it.
#[derive(Clone, Default)]
pub struct MockPagerDuty {
    inner: Arc<Mutex<Inner>>,
}

impl MockPagerDuty {
    /// The change events that came in.
    pub fn changes(&self) -> Vec<Value> {
        self.lock().changes.clone()
    }

    /// A mock that says what happens.
    pub fn printing(print: impl Fn(&str) + Send + 'static) -> Self {
        let mock = Self::default();
        mock.lock().print = Some(Box::new(print));
        mock
    }

    /// Starts answering on the listener.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<SocketAddr> {
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/v2/enqueue", post(enqueue))
            .route("/v2/change/enqueue", post(change))
            .route("/incidents", get(incidents))
            .route("/rest/incidents", get(rest_incidents))
            .route("/events", get(events))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the mock ended");
            }
        });
        Ok(address)
    }

    /// Answers the next requests so.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// Events taken so far.
    pub fn events(&self) -> Vec<Value> {
        self.lock().events.clone()
    }

    /// Incidents, the oldest first.
    pub fn incidents(&self) -> Vec<MockIncident> {
        self.lock().incidents.clone()
    }

    /// Somebody acknowledges or resolves what is open under the key, by hand; false when nothing is.
    pub fn by_hand(&self, dedup_key: &str, status: &'static str, who: &str) -> bool {
        let mut inner = self.lock();
        let mut open = inner
            .incidents
            .iter_mut()
            .filter(|one| one.status != "resolved");
        let Some(incident) = open.find(|one| one.dedup_key == dedup_key) else {
            return false;
        };
        incident.status = status;
        incident.by = Some(who.to_owned());
        true
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

async fn incidents(State(mock): State<MockPagerDuty>) -> Json<Value> {
    Json(json!(mock.incidents()))
}

/// The part of the REST API that logatlas asks: incidents by key.
async fn rest_incidents(
    State(mock): State<MockPagerDuty>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    if token != Some(&format!("Token token={API_TOKEN}")) {
        return (StatusCode::UNAUTHORIZED, "no such token\n").into_response();
    }
    let key = asked.get("incident_key").cloned().unwrap_or_default();
    let own = mock
        .incidents()
        .into_iter()
        .rev()
        .filter(|one| one.dedup_key == key);
    let shown = own.map(|one| {
        json!({
            "incident_key": one.dedup_key,
            "status": one.status,
            "created_at": one.created_at,
            "acknowledgements": [{"acknowledger": {"summary": one.by}}],
            "last_status_change_by": {"summary": one.by},
        })
    });
    Json(json!({"incidents": shown.collect::<Vec<_>>()})).into_response()
}

async fn events(State(mock): State<MockPagerDuty>) -> Json<Value> {
    Json(json!(mock.events()))
}

/// Change events open nothing.
async fn change(State(mock): State<MockPagerDuty>, body: String) -> Response {
    let Ok(event) = serde_json::from_str::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "no JSON\n").into_response();
    };
    let mut inner = mock.lock();
    let summary = event["payload"]["summary"].as_str().unwrap_or_default();
    if let Some(print) = &inner.print {
        print(&format!(
            "change       {}",
            crate::text::escape_controls(summary)
        ));
    }
    inner.changes.push(event);
    let body = json!({"status": "success", "message": "Change event processed"});
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

async fn enqueue(State(mock): State<MockPagerDuty>, body: String) -> Response {
    let fault = mock.lock().faults.pop_front();
    if let Some(Fault::Status(status, retry_after)) = fault {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = retry_after.map(|text| [("retry-after", text)]);
        return (status, retry_after, "told to fail\n").into_response();
    }
    if let Some(Fault::Text(status, text)) = fault {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (status, text).into_response();
    }
    if let Some(Fault::Redirect(to)) = fault {
        return (StatusCode::TEMPORARY_REDIRECT, [("location", to)], "").into_response();
    }
    let event: Value = match serde_json::from_str(&body) {
        Ok(event) => event,
        Err(error) => return refuse(vec![format!("body is no JSON: {error}")]),
    };
    let errors = check(&event);
    if !errors.is_empty() {
        return refuse(errors);
    }
    let dedup_key = mock.lock().take(event);
    match fault {
        Some(Fault::TakenThenLost) => {
            return (StatusCode::BAD_GATEWAY, "taken, and the answer lost\n").into_response();
        }
        Some(Fault::Late(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::Endless) => {
            let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(8192)));
            let body = axum::body::Body::from_stream(chunks);
            return (StatusCode::ACCEPTED, body).into_response();
        }
        _ => {}
    }
    let answer = json!({"status": "success", "message": "Event processed", "dedup_key": dedup_key});
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

fn refuse(errors: Vec<String>) -> Response {
    let answer =
        json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors});
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}

/// What the real API would complain about.
fn check(event: &Value) -> Vec<String> {
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut errors = Vec::new();
    if text("/routing_key").len() != 32 {
        errors.push("'routing_key' has to have 32 characters".into());
    }
    if text("/dedup_key").chars().count() > 255 {
        errors.push("'dedup_key' is longer than 255 characters".into());
    }
    match text("/event_action") {
        "trigger" => {
            for name in ["summary", "source", "severity"] {
                if text(&format!("/payload/{name}")).is_empty() {
                    errors.push(format!("'payload.{name}' is missing or blank"));
                }
            }
            if text("/payload/summary").chars().count() > 1024 {
                errors.push("'payload.summary' is longer than 1024 characters".into());
            }
            if !["critical", "error", "warning", "info"].contains(&text("/payload/severity")) {
                errors.push("'payload.severity' is none of critical, error, warning, info".into());
            }
        }
        "acknowledge" | "resolve" if text("/dedup_key").is_empty() => {
            errors.push("'dedup_key' is missing".into())
        }
        "acknowledge" | "resolve" => {}
        _ => errors.push("'event_action' is none of trigger, acknowledge, resolve".into()),
    }
    errors
}

impl Inner {
    /// Applies an event and returns its dedup key.
    fn take(&mut self, event: Value) -> String {
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut dedup_key = text("/dedup_key");
        if dedup_key.is_empty() {
            dedup_key = uuid::Uuid::new_v4().simple().to_string();
        }
        let open = self
            .incidents
            .iter_mut()
            .find(|incident| incident.dedup_key == dedup_key && incident.status != "resolved");
        let summary = text("/payload/summary");
        let line = match (text("/event_action").as_str(), open) {
            ("trigger", Some(incident)) => {
                incident.n_events += 1;
                incident.summary = summary;
                incident.client_url = text("/client_url");
                None
            }
            ("trigger", None) => {
                let client_url = text("/client_url");
                let line = format!("triggered  {summary}\n           {client_url}");
                self.incidents.push(MockIncident {
                    dedup_key: dedup_key.clone(),
                    status: "triggered",
                    by: None,
                    created_at: crate::time::rfc3339(crate::time::now_us()),
                    summary,
                    client_url,
                    n_events: 1,
                });
                Some(line)
            }
            ("acknowledge", Some(incident)) => {
                incident.n_events += 1;
                incident.status = "acknowledged";
                Some(format!("acknowledged  {}", incident.summary))
            }
            ("resolve", Some(incident)) => {
                incident.n_events += 1;
                incident.status = "resolved";
                Some(format!("resolved   {}", incident.summary))
            }
            // The real one drops what has nothing open.
            _ => None,
        };
        if let (Some(print), Some(line)) = (&self.print, line) {
            print(&line);
        }
        if self.events.len() < EVENTS_MAX {
            self.events.push(event);
        }
        dedup_key
    }
}

/// The settings that send alerts to a mock at this address.
pub fn settings(address: SocketAddr) -> String {
    format!(
        "[targets.pager]\nkind = \"pagerduty\"\nrouting_key = \"{ROUTING_KEY}\"\nurl = \"http://{address}/v2/enqueue\"\nallow_private = true\n"
    )
}

/// A key that has the right shape and means nothing.
pub const ROUTING_KEY: &str = "mock0000mock0000mock0000mock0000";

/// The key of the stand-in's REST API.
pub const API_TOKEN: &str = "mock-api-token";

/// Events of each dedup key, in order, for tests: `{"<key>": ["trigger", "resolve"]}`.
pub fn actions(events: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in events {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        actions
            .entry(text("dedup_key"))
            .or_default()
            .push(text("event_action"));
    }
    actions
}
