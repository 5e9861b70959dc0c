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
//! The same router answers on the Unix socket in the data folder, where the file mode is the permission.

mod assets;
mod error;
mod incidents;
mod ingest;
mod queries;
mod rules;
mod session;
mod status;
mod webhooks;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, post};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;

pub use assets::has_runbook;
pub use error::ApiError;
pub use session::Caller;

use crate::auth::Scope;
use crate::config::Config;
use crate::enrich::geoip::GeoIp;
use crate::pipeline::Progress;
use crate::query::Engine;
use crate::query::saved::SavedQueries;
use crate::source::DeliverySender;
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
    pub queries: SavedQueries,
    pub geo: Arc<GeoIp>,
    pub progress: Arc<Progress>,
    pub sender: DeliverySender,
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
    ) -> Self {
        let queries_dir = crate::server::queries_dir(config, data);
        let public_url = config
            .public_url
            .as_deref()
            .unwrap_or("http://127.0.0.1:7171");
        Self {
            store: store.clone(),
            engine: engine.clone(),
            queries: SavedQueries::new(Some(queries_dir.clone())),
            geo: Arc::clone(geo),
            progress: Arc::default(),
            sender: tokio::sync::mpsc::channel(1).0,
            udp_ports: Arc::default(),
            attempts: Arc::default(),
            public_url: public_url.trim_end_matches('/').into(),
            bell: Arc::default(),
            config: Arc::new(config.clone()),
            queries_dir: queries_dir.into(),
            is_demo: false,
        }
    }
}

/// The routes. `trusted` callers (the Unix socket) need no token.
pub fn router(app: App, trusted: bool) -> Router {
    let needs = |scope| from_fn_with_state((app.clone(), trusted, scope), authorise);
    let ingest = Router::new()
        .route("/api/v1/ingest/lines", post(ingest::lines))
        .route_layer(needs(Scope::Ingest));
    let read = Router::new()
        .route("/metrics", get(status::metrics))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/queries", get(queries::list))
        .route("/api/v1/queries/{name}", get(queries::run))
        .route("/api/v1/sql", post(queries::sql))
        .route("/api/v1/incidents", get(incidents::list))
        .route("/api/v1/incidents/{id}", get(incidents::show))
        .route("/api/v1/silences", get(incidents::silences))
        .route("/api/v1/outbox", get(incidents::outbox))
        .route("/api/v1/review", get(incidents::review))
        .route("/api/v1/rules", get(rules::list))
        .route("/api/v1/rules/{id}", get(rules::show))
        .route("/api/v1/rules/{id}/series", get(rules::series))
        .route("/api/v1/rules/{id}/backtest", post(rules::try_out))
        .route("/api/v1/geo/sources", get(status::geo_sources))
        .route_layer(needs(Scope::Read));
    let respond = Router::new()
        .route("/api/v1/incidents/{id}/{act}", post(incidents::act))
        .route("/api/v1/silences", post(incidents::silence))
        .route("/api/v1/silences/{id}", delete(incidents::end_silence))
        .route_layer(needs(Scope::Respond));
    let lamp = Router::new()
        .route("/lamp", get(incidents::lamp))
        .route_layer(needs(Scope::Lamp));
    let admin = Router::new()
        .route("/api/v1/rules/{id}/fire", post(rules::fire))
        .route("/api/v1/outbox/{id}/{act}", post(incidents::outbox_act))
        .route("/api/v1/import", post(ingest::import))
        .route("/api/v1/tokens", post(session::new_token))
        .route_layer(needs(Scope::Admin));
    let session = get(session::show)
        .post(session::sign_in)
        .delete(session::sign_out);
    let open = Router::new()
        .route("/healthz", get(status::healthz))
        .route("/api/v1/session", session)
        .route("/webhooks/pagerduty/{target}", post(webhooks::pagerduty))
        .route("/api/{*rest}", axum::routing::any(error::no_route))
        .route("/geo/{*path}", get(assets::geo))
        .route("/runbooks/{name}", get(assets::runbook))
        .fallback(get(assets::web));
    ingest
        .merge(read)
        .merge(respond)
        .merge(lamp)
        .merge(admin)
        .merge(open)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
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
