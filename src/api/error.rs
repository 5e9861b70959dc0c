//! Errors of the interface: `{"error": {"code", "message", "hint"}}`. The cause is logged, not sent.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::alerting::people::PeopleError;
use crate::auth::{AuthError, Scope};
use crate::query::QueryError;
use crate::query::saved::SavedError;
use crate::state::StateError;
use crate::store::StoreError;

/// An answer that is not the one asked for.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: Option<String>,
}

/// What every error looks like.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    error: Fault,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
struct Fault {
    /// A word for programs; it stays when the message is written better.
    #[schema(value_type = String)]
    code: &'static str,
    message: String,
    /// What the caller can do.
    hint: Option<String>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "sign in or send a token",
        )
        .hint("make a token with `logatlas token new` and send it as `Authorization: Bearer ...`")
    }

    pub fn forbidden(needed: Scope) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            format!("this needs the scope {needed:?}").to_lowercase(),
        )
    }

    /// Something of ours broke; the caller learns no more than that.
    fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, causes = crate::pipeline::error_chain(error), "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on the server",
        )
        .hint("its log has the cause")
    }
}

impl ApiError {
    /// What it looks like.
    pub(super) fn into_body(self) -> ErrorBody {
        let error = Fault {
            code: self.code,
            message: self.message,
            hint: self.hint,
        };
        ErrorBody { error }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.into_body())).into_response()
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let (status, code) = match &error {
            QueryError::Refused(_) => (StatusCode::FORBIDDEN, "query_refused"),
            QueryError::Invalid(_) => (StatusCode::BAD_REQUEST, "query_invalid"),
            QueryError::TimedOut(_) => (StatusCode::UNPROCESSABLE_ENTITY, "query_timed_out"),
            QueryError::OneByOne(_) => (StatusCode::UNPROCESSABLE_ENTITY, "query_one_by_one"),
            QueryError::OutOfMemory(_) => (StatusCode::UNPROCESSABLE_ENTITY, "query_out_of_memory"),
            QueryError::Failed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "query_failed"),
        };
        let hint = match &error {
            QueryError::TimedOut(_) | QueryError::OutOfMemory(_) => {
                Some("narrow the window with `ts >= ... AND ts < ...`")
            }
            _ => None,
        };
        let error = Self::new(status, code, error.to_string());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl From<SavedError> for ApiError {
    fn from(error: SavedError) -> Self {
        match error {
            SavedError::Unknown(_) => {
                Self::new(StatusCode::NOT_FOUND, "no_such_query", error.to_string())
                    .hint("GET /api/v1/queries lists them")
            }
            _ => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "query_invalid",
                error.to_string(),
            ),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Denied => Self::new(StatusCode::UNAUTHORIZED, "denied", error.to_string())
                .hint("`logatlas token new --setup` prints another setup secret"),
            AuthError::WeakPassword => Self::bad_request(error.to_string()),
            AuthError::State(error) => error.into(),
        }
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                error.to_string(),
            )
            .hint("free some space; what was acknowledged is safe"),
            error => Self::internal(&error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::State(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NotOpen(_) => {
                Self::new(StatusCode::CONFLICT, "not_open", error.to_string())
            }
            PeopleError::Unknown(_) => {
                Self::new(StatusCode::NOT_FOUND, "no_such_incident", error.to_string())
                    .hint("GET /api/v1/incidents lists them")
            }
            PeopleError::Class(_) | PeopleError::Long => Self::bad_request(error.to_string()),
            PeopleError::Sql(error) => Self::internal(&error),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(error.as_ref())
    }
}

/// Paths under `/api` that lead nowhere.
pub(super) async fn no_route() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "no_such_route",
        "there is nothing here",
    )
}

/// A JSON body whose faults are told as the API tells all faults.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(ApiError::new(
                rejection.status(),
                "bad_body",
                rejection.body_text(),
            )),
        }
    }
}

/// Parameters of the URL, likewise.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}
