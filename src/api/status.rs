//! How things are: status, metrics, incidents, geo data in use.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::{ApiError, App, tag};
use crate::alerting::{self, Counts, Lamp};
use crate::enrich::geoip::GeoSource;
use crate::schema::Table;
use crate::store::SourceAccount;

/// Says whether the program can still store
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "get_health",
    tag = "status",
    responses(
        (status = 200, description = "`ok`", body = String),
        (status = 500, description = "The state file cannot be written any more", body = ErrorBody),
    )
)]
pub(super) async fn healthz(State(app): State<App>) -> Result<&'static str, ApiError> {
    match app.store.state().is_poisoned() {
        false => Ok("ok\n"),
        true => Err(crate::state::StateError::Closed.into()),
    }
}

fn total(app: &App) -> Result<SourceAccount, ApiError> {
    let mut sum = SourceAccount::default();
    for account in app.store.account()?.into_values() {
        sum += account;
    }
    Ok(sum)
}

/// How the program is.
#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    #[schema(value_type = String)]
    version: &'static str,
    /// The server's clock, RFC 3339.
    now: String,
    demo: bool,
    data: Extent,
    account: Balance,
    /// How long the newest rows took from arrival to disk; null until there were any since the start.
    caught_up_ms: Option<i64>,
    sources: Vec<SourceStatus>,
    store: StoreStatus,
    /// Datagrams that the kernel dropped; null where nobody counts them.
    udp_drops: Option<u64>,
    incidents: Counts,
    /// What `/lamp` says.
    pub(super) lamp: Lamp,
    geo: GeoStatus,
}

/// What the logs table holds.
#[derive(Serialize, ToSchema)]
struct Extent {
    /// Time of the first row, epoch milliseconds.
    from: Option<i64>,
    /// Time of the last row, epoch milliseconds.
    to: Option<i64>,
    /// The same without a few lines that have no time of their own: where a window of the last hours ends.
    told_to: Option<i64>,
    rows: u64,
}

/// What became of all lines; it balances at every instant.
#[derive(Serialize, ToSchema)]
struct Balance {
    #[serde(flatten)]
    total: SourceAccount,
    /// Lines taken in and not durable yet.
    in_flight: u64,
}

#[derive(Serialize, ToSchema)]
struct SourceStatus {
    name: String,
    received: u64,
    stored: u64,
    unparsed: u64,
    blank: u64,
    /// Lines taken in and not durable yet; they are in `received` too.
    in_flight: u64,
}

#[derive(Serialize, ToSchema)]
struct StoreStatus {
    files: usize,
    bytes: u64,
    /// Rows that only memory and journal hold.
    fresh_rows: usize,
    /// Why the last flush failed.
    flush_error: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct GeoStatus {
    sources: Vec<GeoSource>,
}

/// Sources, rows, lag and incidents at a glance
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "get_status",
    tag = "status",
    responses((status = 200, description = "As it is now", body = Status))
)]
pub(super) async fn status(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    let status = status_of(&app)?;
    let tag = tag::of(&status.essence())?;
    Ok(([(header::ETAG, tag)], Json(status)))
}

impl Status {
    /// All but what moves by itself: the clock, and the age that goes by it.
    pub(super) fn essence(&self) -> Value {
        let mut essence = serde_json::json!(self);
        essence["now"].take();
        essence["lamp"]["age_s"].take();
        essence
    }
}

/// How the program is now.
pub(super) fn status_of(app: &App) -> Result<Status, ApiError> {
    let view = app.store.view(Table::Logs);
    let range = view.ts_range();
    let in_flight = app.progress.in_flight.load(Ordering::Relaxed);
    let mut total = total(app)?;
    // Lines in flight are received too; the account balances at every instant.
    total.received += in_flight;
    let mut accounts = app.store.account()?;
    let in_flight_of = app.progress.in_flight_of();
    for source in in_flight_of.keys() {
        accounts.entry(source.to_string()).or_default();
    }
    let sources = accounts.into_iter().map(|(name, account)| {
        let in_flight = in_flight_of.get(name.as_str()).copied().unwrap_or(0);
        SourceStatus {
            name,
            received: account.received + in_flight,
            stored: account.stored,
            unparsed: account.unparsed,
            blank: account.blank,
            in_flight,
        }
    });
    let last_delay = app.progress.last_delay_us.load(Ordering::Relaxed);
    let has_stored = app.progress.last_stored_us.load(Ordering::Relaxed) > 0;
    Ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        now: crate::time::rfc3339(crate::time::now_us()),
        demo: app.is_demo,
        data: Extent {
            from: range.map(|range| range.0.div_euclid(1000)),
            to: range.map(|range| range.1.div_euclid(1000)),
            told_to: view.told_to().map(|to| to.div_euclid(1000)),
            rows: view.n_rows(),
        },
        account: Balance { total, in_flight },
        caught_up_ms: has_stored.then(|| last_delay.max(0) / 1000),
        sources: sources.collect(),
        store: StoreStatus {
            files: view.files.len(),
            bytes: view.files.iter().map(|file| file.n_bytes).sum(),
            fresh_rows: view.fresh.n_rows(),
            flush_error: app.progress.flush_error(),
        },
        udp_drops: app.udp_drops(),
        incidents: alerting::counts(app.store.state())?,
        lamp: app
            .store
            .state()
            .read(|c| alerting::lamp(c, app.context().now_us))?,
        geo: GeoStatus {
            sources: app.geo.sources(),
        },
    })
}

impl App {
    fn udp_drops(&self) -> Option<u64> {
        let ports = self.udp_ports.iter();
        ports
            .map(|port| crate::source::syslog::udp_drops(*port))
            .sum()
    }
}

/// Lists the makers of the geo data in use, to be named where its answers are shown
#[utoipa::path(
    get,
    path = "/api/v1/geo/sources",
    operation_id = "list_geo_sources",
    tag = "status",
    responses((status = 200, description = "Each once", body = Vec<GeoSource>))
)]
pub(super) async fn geo_sources(State(app): State<App>) -> Json<Vec<GeoSource>> {
    Json(app.geo.sources())
}

/// Counts for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "get_metrics",
    tag = "status",
    responses((status = 200, description = "Prometheus text format 0.0.4", body = String))
)]
pub(super) async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    let mut text = String::new();
    let account = app.store.account()?;
    type Count = fn(&SourceAccount) -> u64;
    let lines: [(&str, &str, Count); 6] = [
        ("received", "Lines taken in.", |a| a.received),
        ("stored", "Lines stored, unparsed ones included.", |a| {
            a.stored
        }),
        ("unparsed", "Stored lines that fit no format.", |a| {
            a.unparsed
        }),
        (
            "rejected",
            "Lines not stored because of a limit or a fault of the sender.",
            |a| a.rejected,
        ),
        ("deduplicated", "Lines of repeated requests.", |a| {
            a.deduplicated
        }),
        ("blank", "Empty lines.", |a| a.blank),
    ];
    for (kind, help, value) in lines {
        let name = format!("logatlas_lines_{kind}_total");
        metric(&mut text, &name, "counter", help);
        for (source, account) in &account {
            let source = label(source);
            writeln!(text, "{name}{{source=\"{source}\"}} {}", value(account))
                .expect("writing into a String");
        }
    }
    let view = app.store.view(Table::Logs);
    let gauges = [
        (
            "logatlas_lines_in_flight",
            "Lines taken in and not durable yet.",
            app.progress.in_flight.load(Ordering::Relaxed),
        ),
        ("logatlas_rows", "Rows in the logs table.", view.n_rows()),
        (
            "logatlas_rows_fresh",
            "Rows that only memory and journal hold.",
            view.fresh.n_rows() as u64,
        ),
        (
            "logatlas_files",
            "Parquet files of the logs table.",
            view.files.len() as u64,
        ),
        (
            "logatlas_file_bytes",
            "Size of those files.",
            view.files.iter().map(|file| file.n_bytes).sum(),
        ),
        (
            "logatlas_flush_failing",
            "1 while the last flush failed.",
            u64::from(app.progress.flush_error().is_some()),
        ),
        (
            "logatlas_geo_failures",
            "Times a geo file could not be taken up.",
            app.geo.n_failures(),
        ),
    ];
    for (name, help, value) in gauges {
        metric(&mut text, name, "gauge", help);
        writeln!(text, "{name} {value}").expect("writing into a String");
    }
    if let Some(drops) = app.udp_drops() {
        let name = "logatlas_udp_drops_total";
        metric(
            &mut text,
            name,
            "counter",
            "Datagrams that the kernel dropped.",
        );
        writeln!(text, "{name} {drops}").expect("writing into a String");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}

fn metric(text: &mut String, name: &str, kind: &str, help: &str) {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("writing into a String");
}

fn label(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
