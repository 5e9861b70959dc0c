//! The HTTP interface: every route on one screen.
//!
//! | routes | who |
//! |---|---|
//! | `/healthz` | anyone |
//! | `/api/v1/session` | anyone (it is how one signs in) |
//! | `/webhooks/pagerduty/TARGET` | who signs with the target's secret |
//! | `/lamp` | a token of the scope `lamp` |
//! | `/metrics`, `/api/v1/...` | a session, or a token of the scope that stands beside the route |
//! | `/`, `/geo/...`, `/runbooks/...` | anyone: they hold no data |
//!
//! The same router answers on the Unix socket in the data folder, where the file mode is the permission. What each
//! handler says of itself becomes the description at `/api/v1/openapi.json`.

mod assets;
mod document;
mod error;
mod incidents;
mod ingest;
mod live;
mod own_files;
mod picture;
mod queries;
mod rules;
mod saved;
mod session;
mod status;
mod tag;
mod webhooks;

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use tokio::sync::mpsc::WeakSender;
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use utoipa_axum::routes;

use document::{At, Routes};

pub use assets::has_runbook;
pub use document::document_text;
pub use error::ApiError;
pub use live::Streams;
pub use session::Caller;

use crate::alerting::{self, Policy};
use crate::auth::Scope;
use crate::config::Config;
use crate::enrich::geoip::GeoIp;
use crate::pipeline::Progress;
use crate::query::planner::Planner;
use crate::query::saved::SavedQueries;
use crate::query::{Engine, QueryError};
use crate::rule::{self, InUse, RuleError};
use crate::source::{Delivery, Shutdown};
use crate::store::Store;

/// Largest request body as sent.
const BODY_BYTES_MAX: usize = 10 << 20;

/// Largest answer that the process takes from itself.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// What the handlers share.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub engine: Engine,
    pub planner: Arc<Planner>,
    pub queries: SavedQueries,
    pub geo: Arc<GeoIp>,
    pub progress: Arc<Progress>,
    /// Weak: a connection that is not read does not keep the pipeline from being written out.
    pub sender: WeakSender<Delivery>,
    /// Ports whose kernel drops are shown.
    pub udp_ports: Arc<Vec<u16>>,
    /// Wrong sign-ins lately.
    pub attempts: Arc<session::Attempts>,
    /// Prefix of links, without a slash at the end.
    pub public_url: Arc<str>,
    /// Rung when a message may be due.
    pub bell: Arc<tokio::sync::Notify>,
    pub config: Arc<Config>,
    /// Folder of the user's saved queries and rules.
    pub queries_dir: Arc<Path>,
    /// The rules that count.
    pub in_use: Arc<Mutex<InUse>>,
    /// What the clock of the alerts is off from the wall's, microseconds.
    pub clock_offset_us: Arc<AtomicI64>,
    pub streams: Arc<Streams>,
    pub is_demo: bool,
}

impl App {
    /// For commands that open the data folder themselves: no sources run, nothing is sent by itself.
    pub fn offline(
        store: &Store,
        engine: &Engine,
        geo: &Arc<GeoIp>,
        config: &Config,
        data: &Path,
    ) -> anyhow::Result<Self> {
        let queries_dir = crate::server::queries_dir(config, data);
        let public_url = config
            .public_url
            .as_deref()
            .unwrap_or("http://127.0.0.1:7171");
        Ok(Self {
            store: store.clone(),
            engine: engine.clone(),
            planner: Arc::new(Planner::new()?),
            queries: SavedQueries::new(Some(queries_dir.clone())),
            geo: Arc::clone(geo),
            progress: Arc::default(),
            sender: tokio::sync::mpsc::channel(1).0.downgrade(),
            udp_ports: Arc::default(),
            attempts: Arc::default(),
            public_url: public_url.trim_end_matches('/').into(),
            bell: Arc::default(),
            config: Arc::new(config.clone()),
            queries_dir: queries_dir.into(),
            in_use: Arc::default(),
            clock_offset_us: Arc::default(),
            streams: Arc::new(Streams::new(Shutdown::new())),
            is_demo: false,
        })
    }
}

impl App {
    /// The rules that count, after a look at their files, and what is wrong with those.
    pub fn look_at_rules(&self) -> (MutexGuard<'_, InUse>, Vec<RuleError>) {
        let mut in_use = self
            .in_use
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let problems = in_use.update(rule::read_files(&self.queries_dir));
        (in_use, problems)
    }

    /// Who is told, by the settings and the rules that count.
    pub fn policy(&self) -> Policy {
        let rules = self.look_at_rules().0.rules();
        Policy::new(&self.config.targets, &self.config.teams, &rules)
    }

    /// What acts of people are noted with: the time is the alerts' own.
    pub fn context(&self) -> alerting::Context {
        let offset_us = self.clock_offset_us.load(Ordering::Relaxed);
        alerting::Context {
            public_url: self.public_url.to_string(),
            now_us: crate::time::now_us() + offset_us,
        }
    }
}

/// The routes by the scope that they need; the last ones are open.
fn routes() -> [(Option<Scope>, Routes); 6] {
    let ingest = Routes::default().at("/api/v1/ingest/lines", routes!(ingest::lines));
    let read = Routes::default()
        .at("/metrics", routes!(status::metrics))
        .at("/api/v1/openapi.json", routes!(document::openapi))
        .at("/api/v1/status", routes!(status::status))
        .at("/api/v1/live", routes!(live::live))
        .at("/api/v1/tail", routes!(live::tail))
        .at("/api/v1/queries", routes!(saved::list))
        .at("/api/v1/queries/{name}", routes!(queries::run))
        .at("/api/v1/sql", routes!(queries::sql))
        .at("/api/v1/incidents", routes!(incidents::list))
        .at("/api/v1/incidents/{id}", routes!(incidents::show))
        .at("/api/v1/incidents/{id}/map.svg", routes!(picture::svg))
        .at("/api/v1/incidents/{id}/map.png", routes!(picture::png))
        .at("/api/v1/silences", routes!(incidents::silences))
        .at("/api/v1/outbox", routes!(incidents::outbox))
        .at("/api/v1/review", routes!(incidents::review))
        .at("/api/v1/rules", routes!(rules::list))
        .at("/api/v1/rules/{id}", routes!(rules::show))
        .at(
            "/api/v1/rules/{id}/series",
            routes!(rules::draft::series, rules::draft::draft_series),
        )
        .at("/api/v1/rules/{id}/lint", routes!(rules::draft::lint_draft))
        .at(
            "/api/v1/rules/{id}/backtest",
            routes!(rules::trial::try_out),
        )
        .at("/api/v1/geo/sources", routes!(status::geo_sources));
    let respond = Routes::default()
        .at("/api/v1/incidents/{id}/{act}", routes!(incidents::act))
        .at("/api/v1/silences", routes!(incidents::silence))
        .at("/api/v1/silences/{id}", routes!(incidents::end_silence));
    let lamp = Routes::default().at("/lamp", routes!(incidents::lamp));
    let admin = Routes::default()
        .at(
            "/api/v1/queries/{name}",
            routes!(saved::write, saved::delete),
        )
        .at("/api/v1/rules/{id}", routes!(rules::write, rules::delete))
        .at("/api/v1/rules/{id}/fire", routes!(rules::trial::fire))
        .at("/api/v1/outbox/{id}/{act}", routes!(incidents::outbox_act))
        .at("/api/v1/import", routes!(ingest::import))
        .at("/api/v1/tokens", routes!(session::new_token));
    let session = routes!(session::show, session::sign_in, session::sign_out);
    let open = Routes::default()
        .at("/healthz", routes!(status::healthz))
        .at("/api/v1/session", session)
        .at("/webhooks/pagerduty/{target}", routes!(webhooks::pagerduty))
        .at("/geo/{*path}", routes!(assets::geo))
        .at("/runbooks/{name}", routes!(assets::runbook));
    [
        (Some(Scope::Ingest), ingest),
        (Some(Scope::Read), read),
        (Some(Scope::Respond), respond),
        (Some(Scope::Lamp), lamp),
        (Some(Scope::Admin), admin),
        (None, open),
    ]
}

/// Answers every route. `trusted` callers (the Unix socket) need no token.
pub fn router(app: App, trusted: bool) -> Router {
    let needs = |scope| from_fn_with_state((app.clone(), trusted, scope), authorise);
    let mut all = Router::new()
        .route("/api/{*rest}", any(error::no_route))
        .fallback(get(assets::web));
    for (scope, routes) in routes() {
        let routes = Router::from(routes);
        all = all.merge(match scope {
            Some(scope) => routes.route_layer(needs(scope)),
            None => routes,
        });
    }
    all.layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(tag::layer))
        .layer(CompressionLayer::new())
        .layer(from_fn(harden))
        .with_state(app)
}

/// Answers a request from within the process, as the socket would: status and body.
pub async fn call(
    app: &App,
    method: axum::http::Method,
    path: &str,
    body: Option<&serde_json::Value>,
) -> anyhow::Result<(axum::http::StatusCode, Vec<u8>)> {
    let body = body.map(serde_json::Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(axum::body::Body::from(body))?;
    let response = router(app.clone(), true).oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
    Ok((status, body.into()))
}

/// Lets a request pass whose session or token has the scope that the route needs.
async fn authorise(
    State((app, trusted, needed)): State<(App, bool, Scope)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = match trusted {
        true => Caller::socket(),
        false => session::caller(&app, &request)?,
    };
    if !caller.scope.allows(needed) {
        return Err(ApiError::forbidden(needed));
    }
    if caller.is_browser() {
        session::check_origin(&request)?;
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The policy of every page: nothing from elsewhere, no inline script, no framing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Puts the security headers on every answer.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "geolocation=(), camera=(), microphone=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

impl App {
    /// The columns that a query would give, by planning it without data.
    async fn columns(&self, sql: String) -> Result<Vec<String>, QueryError> {
        let planner = Arc::clone(&self.planner);
        tokio::task::spawn_blocking(move || planner.columns(&sql))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

/// Does something with the disk, off the threads that answer.
async fn on_disk(
    work: impl FnOnce() -> std::io::Result<()> + Send + 'static,
) -> Result<(), ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done
        .map_err(anyhow::Error::from)?
        .map_err(anyhow::Error::from)?)
}
