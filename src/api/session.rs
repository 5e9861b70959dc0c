//! Signing in and out, and who a request comes from.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{Body, ErrorBody};
use super::{ApiError, App};
use crate::auth::{self, Scope, SecretKind};

/// Plain name: the cookie travels over HTTP on loopback.
pub(super) const COOKIE: &str = "logatlas_session";
/// Wrong sign-ins allowed within a minute, over all callers: hashing is dear and guessing is slow.
const WRONG_PER_MINUTE_MAX: usize = 10;

/// The name of callers over the socket.
const CONSOLE: &str = "console";

/// Who a request comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    pub scope: Scope,
    /// Who acts, for the record.
    pub name: String,
    session: Option<String>,
}

impl Caller {
    /// A process that may open the socket in the data folder.
    pub(super) fn socket() -> Self {
        Self {
            scope: Scope::Admin,
            name: CONSOLE.into(),
            session: None,
        }
    }

    /// The name that goes into the record. Only who owns the data folder may act in somebody's name.
    pub(super) fn acts_for(&self, somebody: Option<String>) -> String {
        let is_owner = self.session.is_none() && self.name == CONSOLE;
        somebody
            .filter(|name| is_owner && !name.is_empty())
            .unwrap_or_else(|| self.name.clone())
    }

    /// Whether it is a browser, which sends its cookie along with whatever a foreign page makes it ask.
    pub(super) fn is_browser(&self) -> bool {
        self.session.is_some()
    }
}

/// Reads the bearer token or the session cookie.
pub(super) fn caller(app: &App, request: &Request) -> Result<Caller, ApiError> {
    let headers = request.headers();
    let state = app.store.state();
    if let Some(token) = bearer(headers) {
        let (scope, name) =
            auth::check(state, SecretKind::Token, token)?.ok_or_else(ApiError::unauthorized)?;
        return Ok(Caller {
            scope,
            name: if name.is_empty() {
                "a token without a name".into()
            } else {
                name
            },
            session: None,
        });
    }
    let session = cookie(headers).ok_or_else(ApiError::unauthorized)?;
    let (scope, name) =
        auth::check(state, SecretKind::Session, session)?.ok_or_else(ApiError::unauthorized)?;
    Ok(Caller {
        scope,
        name,
        session: Some(session.to_owned()),
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Refuses writes that a page of another site makes a signed-in browser send.
pub(super) fn check_origin(request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
    let site = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    let foreign = matches!(site, Some("cross-site" | "same-site"));
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok());
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let other_origin = match (origin, host) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_none_or(|(_, rest)| rest != host),
        _ => false,
    };
    match is_write && (foreign || other_origin) {
        true => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this page may not write here",
        )),
        false => Ok(()),
    }
}

/// Remembers wrong sign-ins of the last minute.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<VecDeque<Instant>>);

impl Attempts {
    fn check(&self) -> Result<(), ApiError> {
        let mut wrong = self.0.lock().unwrap_or_else(|p| p.into_inner());
        while wrong
            .front()
            .is_some_and(|at| at.elapsed() > Duration::from_secs(60))
        {
            wrong.pop_front();
        }
        match wrong.len() < WRONG_PER_MINUTE_MAX {
            true => Ok(()),
            false => Err(ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "too many wrong sign-ins, wait a minute",
            )),
        }
    }

    fn count(&self) {
        let mut wrong = self.0.lock().unwrap_or_else(|p| p.into_inner());
        wrong.push_back(Instant::now());
    }
}

/// How somebody signs in.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum SignIn {
    /// The printed setup secret and the password to set.
    SetUp {
        secret: String,
        password: String,
    },
    Password {
        password: String,
    },
    /// The secret of a link, which works once.
    Link {
        link: String,
    },
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// `setup` before there is a password, `signed_out` or `signed_in`.
    #[schema(value_type = String)]
    state: &'static str,
    #[schema(value_type = Option<String>)]
    user: Option<&'static str>,
}

/// Says whether somebody is signed in
#[utoipa::path(
    get,
    path = "/api/v1/session",
    operation_id = "get_session",
    tag = "access",
    responses((status = 200, description = "The state", body = Session))
)]
pub(super) async fn show(
    State(app): State<App>,
    request: Request,
) -> Result<Json<Session>, ApiError> {
    let (state, user) = match caller(&app, &request) {
        Ok(_) => ("signed_in", Some("admin")),
        Err(_) if auth::has_password(app.store.state())? => ("signed_out", None),
        Err(_) => ("setup", None),
    };
    Ok(Json(Session { state, user }))
}

/// Signs in, or sets the first password
///
/// The answer sets the cookie of the session.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    operation_id = "sign_in",
    tag = "access",
    request_body = SignIn,
    responses(
        (
            status = 200,
            description = "Signed in for twelve hours",
            body = Session,
            headers(("set-cookie" = String, description = "`logatlas_session`")),
        ),
        (status = 400, description = "The password is too short", body = ErrorBody),
        (status = 401, description = "A wrong, used or expired secret", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
        (status = 429, description = "Too many wrong sign-ins, wait a minute", body = ErrorBody),
    )
)]
pub(super) async fn sign_in(
    State(app): State<App>,
    Body(body): Body<SignIn>,
) -> Result<Response, ApiError> {
    app.attempts.check()?;
    let state = app.store.state();
    let let_in = match body {
        SignIn::SetUp { secret, password } => auth::set_up(state, &secret, &password).await,
        SignIn::Password { password } => match auth::check_password(state, &password).await? {
            true => Ok(()),
            false => Err(auth::AuthError::Denied),
        },
        SignIn::Link { link } => match auth::redeem(state, SecretKind::Link, &link).await? {
            true => Ok(()),
            false => Err(auth::AuthError::Denied),
        },
    };
    if let Err(error) = let_in {
        app.attempts.count();
        return Err(error.into());
    }
    let session = auth::issue(state, SecretKind::Session, Scope::Admin, "admin").await?;
    let body = Session {
        state: "signed_in",
        user: Some("admin"),
    };
    with_cookie(Json(body).into_response(), &session, auth::SESSION_TTL)
}

/// Signs out
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    operation_id = "sign_out",
    tag = "access",
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Nobody was signed in", body = ErrorBody),
        (status = 403, description = "A foreign page asks", body = ErrorBody),
    )
)]
pub(super) async fn sign_out(
    State(app): State<App>,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = caller(&app, &request)?;
    check_origin(&request)?;
    if let Some(session) = caller.session {
        auth::revoke(app.store.state(), &session).await?;
    }
    with_cookie(StatusCode::NO_CONTENT.into_response(), "", Duration::ZERO)
}

fn with_cookie(mut response: Response, value: &str, ttl: Duration) -> Result<Response, ApiError> {
    let cookie = format!(
        "{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}",
        ttl.as_secs()
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| ApiError::unauthorized())?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What a new token may do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// `token`, `setup` (sets the first password) or `link` (signs in once).
    kind: String,
    /// `ingest`, `read`, `respond`, `lamp` or `admin`, which is what it is when absent.
    scope: Option<String>,
    /// Whose it is, for the record.
    name: Option<String>,
}

/// A secret, shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Secret {
    secret: String,
}

/// Makes a token or another secret
///
/// For an administrator and the command line.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "make_token",
    tag = "access",
    request_body = NewToken,
    responses(
        (status = 200, description = "It is shown only once", body = Secret),
        (status = 400, description = "No such kind or scope", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
    )
)]
pub(super) async fn new_token(
    State(app): State<App>,
    Body(body): Body<NewToken>,
) -> Result<Json<Secret>, ApiError> {
    use clap::ValueEnum;
    let kind = match body.kind.as_str() {
        "setup" => SecretKind::Setup,
        "link" => SecretKind::Link,
        "token" => SecretKind::Token,
        other => {
            return Err(ApiError::bad_request(format!(
                "{other} is no kind of token"
            )));
        }
    };
    let scope = match body.scope.as_deref() {
        None => Scope::Admin,
        Some(text) => Scope::from_str(text, true).map_err(ApiError::bad_request)?,
    };
    let name = body.name.unwrap_or_default();
    let secret = auth::issue(app.store.state(), kind, scope, &name).await?;
    Ok(Json(Secret { secret }))
}
