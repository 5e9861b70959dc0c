//! Streams: what is new, told to who listens, as server-sent events.
//!
//! A stream holds a place of [`STREAMS_MAX`] and ends when nobody listens any more, when the server stops, and
//! after [`STREAM_SPAN`]: a browser comes back by itself, says which event it had last, and is asked anew who it
//! is. Nothing of it is compressed: a packer would hold events back.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use utoipa::{IntoParams, ToSchema};

use super::error::{ErrorBody, Params};
use super::status::{Status, status_of};
use super::{ApiError, App};
use crate::alerting::{self, Lamp};
use crate::query::bind::Value as Literal;
use crate::query::output::{self, Columns};
use crate::query::{Limits, QueryError};
use crate::source::Shutdown;
use crate::time::now_us;

/// Streams at once: what a team has open, far below what the process can hold.
const STREAMS_MAX: usize = 64;
/// How often a stream looks for what is new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A stream says something at least this often, so that both ends notice when the other is gone.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(10);
/// Longest stream: who has signed out since is not told for longer.
const STREAM_SPAN: Duration = Duration::from_secs(300);
/// When a browser comes back.
const COME_BACK_AFTER: Duration = Duration::from_secs(1);
/// Lines of one event when nothing is said, and at most.
const TAIL_ROWS: usize = 500;
const TAIL_ROWS_MAX: usize = 2000;
/// Lines become visible in batches whose numbers only rise; a line may have arrived this long before its batch.
const TAIL_SLACK_US: i64 = 120_000_000;

/// What streams share.
#[derive(Debug)]
pub struct Streams {
    places: Arc<Semaphore>,
    shutdown: Shutdown,
    /// The last look, for all streams that want one within the same second.
    seen: tokio::sync::Mutex<Option<(Instant, Arc<Seen>)>>,
}

impl Streams {
    /// They end with `shutdown`.
    pub fn new(shutdown: Shutdown) -> Self {
        Self {
            places: Arc::new(Semaphore::new(STREAMS_MAX)),
            shutdown,
            seen: tokio::sync::Mutex::default(),
        }
    }
}

/// One end of a stream.
trait Teller: Send + 'static {
    /// Waits for what is next to tell; none ends the stream.
    fn next(&mut self) -> impl Future<Output = Option<Event>> + Send;
}

impl App {
    fn stream(&self, teller: impl Teller) -> Result<Response, ApiError> {
        let place = Arc::clone(&self.streams.places).try_acquire_owned();
        let place = place.map_err(|_| {
            let message = format!("{STREAMS_MAX} streams are open already");
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", message)
                .hint("ask again later, or ask for the state now and then instead")
        })?;
        let shutdown = self.streams.shutdown.clone();
        let end = async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(STREAM_SPAN) => {}
            }
        };
        // The work is done where the next event is asked for: who leaves takes it along.
        let events = futures::stream::unfold((teller, place), |(mut teller, place)| async {
            let event = teller.next().await?;
            Some((Ok::<_, Infallible>(event), (teller, place)))
        });
        // A proxy that gathers answers (nginx) is asked not to.
        let headers = [("x-accel-buffering", "no")];
        Ok((headers, Sse::new(events.take_until(Box::pin(end)))).into_response())
    }
}

fn each_look() -> Interval {
    let mut clock = interval(LOOK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

fn event(name: &str, body: &impl Serialize) -> Option<Event> {
    let text = serde_json::to_string(body);
    text.ok()
        .map(|text| Event::default().event(name).data(text))
}

/// The state at one look.
#[derive(Debug)]
struct Seen {
    status: String,
    /// The same without what moves by itself.
    essence: serde_json::Value,
    lamp: Lamp,
    /// What is known of each incident, as a hash, and whether it is open.
    incidents: BTreeMap<String, (u64, bool)>,
}

impl Seen {
    fn look(app: &App) -> Result<Self, ApiError> {
        let status = status_of(app)?;
        let incidents = app.store.state().read(alerting::incidents)?.into_iter();
        let incidents = incidents.map(|incident| {
            let mut hasher = DefaultHasher::new();
            serde_json::json!(incident).to_string().hash(&mut hasher);
            let is_open = incident.closed_at.is_none();
            (incident.id, (hasher.finish(), is_open))
        });
        Ok(Self {
            status: serde_json::json!(status).to_string(),
            essence: status.essence(),
            incidents: incidents.collect(),
            lamp: status.lamp,
        })
    }

    /// What became of the incidents since another look; none when nothing did.
    fn since(&self, before: Option<&Self>) -> Option<LiveIncidents> {
        let known = |id: &String| before.and_then(|before| before.incidents.get(id));
        let all = self.incidents.iter();
        let changed = all.clone().filter(|(id, now)| match before {
            Some(_) => known(id) != Some(now),
            None => now.1,
        });
        let changed: Vec<String> = changed.map(|(id, _)| id.clone()).collect();
        let lamp_was = before.map(|before| before.lamp.state);
        let is_news = !changed.is_empty() || lamp_was != Some(self.lamp.state);
        is_news.then(|| LiveIncidents {
            changed,
            open: all
                .filter(|(_, now)| now.1)
                .map(|(id, _)| id.clone())
                .collect(),
            lamp: self.lamp.clone(),
        })
    }
}

/// What became of incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveIncidents {
    /// Ids of those that are not as they were at the last event; of the open ones in the first.
    changed: Vec<String>,
    /// Ids of all open ones.
    open: Vec<String>,
    /// What `/lamp` says.
    lamp: Lamp,
}

/// The data of an event; its name says which.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there to be described")]
pub(super) enum LiveEvent {
    /// `status`
    Status(Box<Status>),
    /// `incidents`
    Incidents(LiveIncidents),
}

/// Tells how the program and its incidents are, as it changes
///
/// Server-sent events: `status` has the body of `GET /api/v1/status`, at the start, when something has changed, at
/// most once a second, and at least every 10 s; `incidents` says which incidents have changed. The stream ends
/// after five minutes; come back then.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    operation_id = "follow_status",
    tag = "status",
    responses(
        (status = 200, description = "Events without an end", body = LiveEvent, content_type = "text/event-stream"),
        (status = 503, description = "64 streams are open already", body = ErrorBody),
    )
)]
pub(super) async fn live(State(app): State<App>) -> Result<Response, ApiError> {
    app.stream(Live {
        app: app.clone(),
        clock: each_look(),
        told: None,
        told_at: Instant::now(),
        waiting: VecDeque::new(),
    })
}

struct Live {
    app: App,
    clock: Interval,
    told: Option<Arc<Seen>>,
    /// When the status was told last.
    told_at: Instant,
    waiting: VecDeque<Event>,
}

impl Live {
    /// The state, at most a look old.
    async fn seen(&self) -> Result<Arc<Seen>, ApiError> {
        let mut last = self.app.streams.seen.lock().await;
        if let Some((at, seen)) = last.as_ref()
            && at.elapsed() < LOOK_EVERY / 2
        {
            return Ok(Arc::clone(seen));
        }
        let seen = Arc::new(Seen::look(&self.app)?);
        *last = Some((Instant::now(), Arc::clone(&seen)));
        Ok(seen)
    }
}

impl Teller for Live {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            self.clock.tick().await;
            // A fault is in our log; the stream ends, and the next request says it.
            let seen = self.seen().await.ok()?;
            let before = self.told.replace(Arc::clone(&seen));
            let has_changed = before.as_ref().map(|before| &before.essence) != Some(&seen.essence);
            let incidents = seen.since(before.as_deref());
            if has_changed || incidents.is_some() || self.told_at.elapsed() >= SIGN_OF_LIFE_EVERY {
                self.told_at = Instant::now();
                let status = Event::default().event("status").data(&seen.status);
                self.waiting.push_back(status.retry(COME_BACK_AFTER));
            }
            let incidents = incidents.and_then(|incidents| event("incidents", &incidents));
            self.waiting.extend(incidents);
        }
    }
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TailOptions {
    /// What has to hold for a line, in SQL over the columns of `logs`; every line when absent.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// At most so many lines in an event, 500 when absent, 2000 at most; more are left out, the oldest first.
    limit: Option<usize>,
    /// Begins after this event's id, or after the batch of this number (`batch_id`); with what comes from now on
    /// when absent. `Last-Event-ID` goes before it.
    after: Option<String>,
}

/// Lines that came in, in the order in which they did.
#[derive(Serialize, ToSchema)]
pub(super) struct TailLines {
    #[serde(flatten)]
    columns: Columns,
    /// Lines that were left out because of the limit.
    skipped: u64,
}

/// Tells lines as they come in
///
/// Server-sent events: `lines` has rows as `POST /api/v1/sql` has them, the columns being `ts_us`, `batch_id`,
/// `row_idx` and what a list of lines shows. A line is told once, also to who comes back with `Last-Event-ID`.
/// `fault` has an error, and is the last. The stream ends after five minutes; come back then.
#[utoipa::path(
    get,
    path = "/api/v1/tail",
    operation_id = "follow_lines",
    tag = "questions",
    params(
        TailOptions,
        ("last-event-id" = Option<String>, Header, description = "The id of the last event that was read; a browser sends it by itself"),
    ),
    responses(
        (status = 200, description = "Events without an end", body = TailLines, content_type = "text/event-stream"),
        (status = 400, description = "The condition is none, or an id is none", body = ErrorBody),
        (status = 403, description = "Something else than a condition, or the scope is another one", body = ErrorBody),
        (status = 422, description = "The condition cannot be tried", body = ErrorBody),
        (status = 503, description = "64 streams are open already", body = ErrorBody),
    )
)]
pub(super) async fn tail(
    State(app): State<App>,
    Params(options): Params<TailOptions>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let condition = options.condition.filter(|text| !text.trim().is_empty());
    let condition = condition.unwrap_or_else(|| "true".into());
    let came_back = headers.get("last-event-id");
    let came_back = came_back.map(|id| id.to_str().unwrap_or_default().to_owned());
    let after = came_back.or(options.after).filter(|id| !id.is_empty());
    let after = after.as_deref().map(|id| {
        Cursor::parse(id).ok_or_else(|| ApiError::bad_request(format!("{id} is no event's id")))
    });
    let after = after.transpose()?;
    crate::query::bind::check_condition(&condition)?;
    // Planned, so that a condition that is none is told before the stream begins.
    let trial = format!("SELECT 1 FROM logs WHERE (\n{condition}\n)");
    app.columns(trial).await?;
    let mut tail = Tail {
        clock: each_look(),
        condition,
        limit: options.limit.unwrap_or(TAIL_ROWS).clamp(1, TAIL_ROWS_MAX),
        cursor: after.unwrap_or_else(|| Cursor::at(-1)),
        stored_us: -1,
        told_at: None,
        is_over: false,
        app: app.clone(),
    };
    if after.is_none() {
        tail.cursor = Cursor::at(tail.newest().await?.unwrap_or(-1));
    }
    app.stream(tail)
}

/// Up to which batch lines have been told, and when that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    batch: i64,
    at_us: i64,
}

impl Cursor {
    fn at(batch: i64) -> Self {
        let at_us = now_us();
        Self { batch, at_us }
    }

    /// Reads what [`Cursor::id`] wrote, or the number of a batch.
    fn parse(id: &str) -> Option<Self> {
        match id.split_once('.') {
            // When it came is not known: the first look goes by its number alone.
            None => Some(Self {
                batch: id.parse().ok()?,
                at_us: 0,
            }),
            Some((batch, ms)) => Some(Self {
                batch: batch.parse().ok()?,
                at_us: ms.parse::<i64>().ok()?.checked_mul(1000)?,
            }),
        }
    }

    fn id(self) -> String {
        format!("{}.{}", self.batch, self.at_us / 1000)
    }

    /// Lines after it, so far as that is told by when they arrived: old files need not be opened.
    fn since(self) -> String {
        let since = Literal::Timestamp(self.at_us.saturating_sub(TAIL_SLACK_US));
        let batch = self.batch;
        format!("observed_ts >= {} AND batch_id > {batch}", since.literal())
    }
}

/// What a list of lines shows.
const SHOWN: &str = "CAST(ts AS BIGINT) AS ts_us, batch_id, row_idx, level, error_class, status, host, service, \
    source, country, method, path, message, raw, action, client_ip, server_port";

struct Tail {
    app: App,
    clock: Interval,
    condition: String,
    limit: usize,
    cursor: Cursor,
    /// When lines were stored last, as of the last look.
    stored_us: i64,
    told_at: Option<Instant>,
    /// After a fault nothing more is told.
    is_over: bool,
}

impl Tail {
    /// The newest batch after the cursor.
    ///
    /// Batches become visible whole and in the order of their numbers, so that what is asked for up to this one
    /// is all there is up to it.
    async fn newest(&self) -> Result<Option<i64>, QueryError> {
        let since = self.cursor.since();
        let sql = format!("SELECT max(batch_id) AS batch_id FROM logs WHERE {since}");
        self.number(&sql).await
    }

    /// The only number of a question.
    async fn number(&self, sql: &str) -> Result<Option<i64>, QueryError> {
        let columns = self.columns(sql).await?;
        let value = columns.data.first().and_then(|column| column.first());
        Ok(value.and_then(|value| {
            // Large ones are texts.
            let large = || value.as_str()?.parse().ok();
            value.as_i64().or_else(large)
        }))
    }

    async fn columns(&self, sql: &str) -> Result<Columns, QueryError> {
        let answer = self.app.engine.run(sql, Limits::PANEL).await?;
        output::to_columns(&answer).map_err(|error| QueryError::Failed(error.to_string()))
    }

    /// Lines that came in since the last look, if there are any.
    async fn look(&mut self) -> Result<Option<TailLines>, QueryError> {
        let looked_at_us = now_us();
        let Some(newest) = self.newest().await? else {
            self.cursor.at_us = looked_at_us;
            return Ok(None);
        };
        let (since, condition, limit) = (self.cursor.since(), &self.condition, self.limit);
        let rows =
            format!("FROM logs WHERE {since} AND batch_id <= {newest} AND (\n{condition}\n)");
        let newest_rows =
            format!("SELECT {SHOWN} {rows} ORDER BY batch_id DESC, row_idx DESC LIMIT {limit}");
        let sql = format!("SELECT * FROM ({newest_rows}) ORDER BY batch_id, row_idx");
        let columns = self.columns(&sql).await?;
        let skipped = match columns.n_rows < limit {
            true => 0,
            false => {
                let sql = format!("SELECT count(*) AS n {rows}");
                let n = self.number(&sql).await?.unwrap_or(0);
                u64::try_from(n).unwrap_or(0).saturating_sub(limit as u64)
            }
        };
        self.cursor = Cursor {
            batch: newest,
            at_us: looked_at_us,
        };
        Ok((columns.n_rows > 0).then_some(TailLines { columns, skipped }))
    }
}

impl Teller for Tail {
    async fn next(&mut self) -> Option<Event> {
        while !self.is_over {
            self.clock.tick().await;
            let told_at = self.told_at;
            let is_silent = told_at.is_none_or(|at| at.elapsed() >= SIGN_OF_LIFE_EVERY);
            let stored_us = self.app.progress.last_stored_us.load(Ordering::Relaxed);
            if !is_silent && stored_us == self.stored_us {
                continue;
            }
            self.stored_us = stored_us;
            let lines = match self.look().await {
                Ok(lines) => lines,
                Err(error) => {
                    self.is_over = true;
                    return event("fault", &ApiError::from(error).into_body());
                }
            };
            let told = match lines {
                Some(lines) => event("lines", &lines)?,
                // Without data it is no event to a page, yet where to go on from is noted.
                None if is_silent => Event::default().comment(""),
                None => continue,
            };
            self.told_at = Some(Instant::now());
            return Some(told.id(self.cursor.id()).retry(COME_BACK_AFTER));
        }
        None
    }
}
