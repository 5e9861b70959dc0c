//! Answers that need not travel twice: a tag (`ETag`) says what is in an answer, and who sends it back as
//! `If-None-Match` is told that nothing has changed (304; RFC 9110, section 13).
//!
//! All tags are weak: answers are compressed or not as the caller likes, and some leave out of their tag what
//! moves by itself, as the clock does.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::ApiError;

/// The tag of what an answer holds.
pub(super) fn of(content: &impl Serialize) -> anyhow::Result<HeaderValue> {
    of_bytes(&serde_json::to_vec(content)?)
}

fn of_bytes(bytes: &[u8]) -> anyhow::Result<HeaderValue> {
    of_hash(&Sha256::digest(bytes))
}

/// The tag of bytes that have been hashed already.
pub(super) fn of_hash(hash: &[u8]) -> anyhow::Result<HeaderValue> {
    // Half of the hash: nobody has to find two answers of one tag but by chance.
    let (half, _) = hash.split_at(hash.len() / 2);
    Ok(format!("W/\"{}\"", crate::text::hex(half)).parse()?)
}

/// Puts a tag on every answer to `GET` that has none and is whole; leaves out a body that the caller has.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    // Streams have no size beforehand.
    if response.status() != StatusCode::OK || response.body().size_hint().exact().is_none() {
        return response;
    }
    match tagged(response, known.as_ref()).await {
        Ok(response) => response,
        Err(error) => ApiError::from(error).into_response(),
    }
}

async fn tagged(response: Response, known: Option<&HeaderValue>) -> anyhow::Result<Response> {
    let (mut parts, mut body) = response.into_parts();
    if !parts.headers.contains_key(header::ETAG) {
        let bytes = axum::body::to_bytes(body, usize::MAX).await?;
        parts.headers.insert(header::ETAG, of_bytes(&bytes)?);
        body = Body::from(bytes);
    }
    if known.is_some_and(|known| is_known(known, &parts.headers)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        body = Body::empty();
    }
    Ok(Response::from_parts(parts, body))
}

/// Whether the caller names the answer's tag, by the weak comparison.
fn is_known(known: &HeaderValue, headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let tag = headers.get(header::ETAG).map(text).unwrap_or_default();
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let (tag, known) = (opaque(&tag), text(known));
    let mut tags = known.split(',').map(opaque);
    tags.any(|known| known == "*" || known == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(known: &str, expected: bool) {
        let headers = HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static("W/\"a1\""))]);
        let known = HeaderValue::from_str(known).unwrap();
        assert_eq!(is_known(&known, &headers), expected, "{known:?}");
    }

    #[test]
    fn tags_are_compared_weakly() {
        for known in ["W/\"a1\"", "\"a1\"", "\"b2\", W/\"a1\"", "*"] {
            check(known, true);
        }
        for known in ["a1", "\"a2\"", "", "W/\"a1", "\"a1\"x"] {
            check(known, false);
        }
    }

    #[test]
    fn a_tag_is_of_the_content() {
        assert_eq!(of(&"x").unwrap(), of(&"x").unwrap());
        assert_ne!(of(&"x").unwrap(), of(&"y").unwrap());
        assert_eq!(of(&"x").unwrap().len(), 36);
    }
}
