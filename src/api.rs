//! The HTTP interface: every route on one screen.
//!
//! | routes | who |
//! |---|---|
//! | `/healthz` | anyone |
//! | `/api/v1/session` | anyone (it is how one signs in) |
//! | `/metrics`, `/api/v1/...` | a session, or a token of the scope that stands beside the route |
//! | `/`, `/geo/...`, `/runbooks/...` | anyone: they hold no data |
//!
//! The same router answers on the Unix socket in the data folder, where the file mode is the permission.

mod assets;
mod error;
mod ingest;
mod queries;
mod session;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

pub use error::ApiError;
pub use session::Caller;

use crate::auth::Scope;
use crate::enrich::geoip::GeoIp;
use crate::pipeline::Progress;
use crate::query::Engine;
use crate::query::saved::SavedQueries;
use crate::source::DeliverySender;
use crate::store::Store;

/// Largest request body as sent.
const BODY_BYTES_MAX: usize = 10 << 20;

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
    pub is_demo: bool,
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
        .route("/api/v1/incidents", get(status::incidents))
        .route("/api/v1/geo/sources", get(status::geo_sources))
        .route_layer(needs(Scope::Read));
    let admin = Router::new()
        .route("/api/v1/import", post(ingest::import))
        .route("/api/v1/tokens", post(session::new_token))
        .route_layer(needs(Scope::Admin));
    let session = get(session::show)
        .post(session::sign_in)
        .delete(session::sign_out);
    let open = Router::new()
        .route("/healthz", get(status::healthz))
        .route("/api/v1/session", session)
        .route("/api/{*rest}", axum::routing::any(error::no_route))
        .route("/geo/{*path}", get(assets::geo))
        .route("/runbooks/{name}", get(assets::runbook))
        .fallback(get(assets::web));
    ingest
        .merge(read)
        .merge(admin)
        .merge(open)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CompressionLayer::new())
        .layer(from_fn(harden))
        .with_state(app)
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
