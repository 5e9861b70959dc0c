//! Files that the program carries: the web view, the geometry, the runbooks.

use axum::extract::Path;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ErrorBody;
use super::{ApiError, tag};
use crate::places::Shapes;

/// The web view as built by `make web`, or a page that says how to build it.
#[derive(RustEmbed)]
#[folder = "$WEB_DIST"]
struct Web;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/docs/runbooks"]
#[include = "*.md"]
struct Runbooks;

/// Whether there is a runbook of this name.
pub fn has_runbook(name: &str) -> bool {
    Runbooks::get(&format!("{name}.md")).is_some()
}

/// Names with a hash of their content never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Any path that is no other route: a file of the web view, or its page for the view's own routes.
pub(super) async fn web(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    match Web::get(path) {
        Some(file) if !path.is_empty() => {
            let cache = if path.starts_with("assets/") {
                IMMUTABLE
            } else {
                "no-cache"
            };
            respond(path, file, cache)
        }
        // A missing file is missing; a missing page is a place inside the view.
        _ if is_file(path) => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
        _ => match Web::get("index.html") {
            Some(file) => respond("index.html", file, "no-cache"),
            None => (StatusCode::NOT_FOUND, "this binary carries no web view\n").into_response(),
        },
    }
}

/// Whether a path is that of a file: those of the view lie at the top or in `assets/`. Deeper ones name what a
/// page is about, which may have a dot in it.
fn is_file(path: &str) -> bool {
    let is_there = !path.contains('/') || path.starts_with("assets/");
    is_there && path.contains('.')
}

/// Outlines of countries and regions
///
/// TopoJSON; the map draws with it.
#[utoipa::path(
    get,
    path = "/geo/{path}",
    operation_id = "get_geometry",
    tag = "files",
    params(("path" = String, Path, description = "`world.json`, or a country's file")),
    responses(
        (status = 200, description = "The geometry", body = Object),
        (status = 404, description = "There is no geometry for this place", body = ErrorBody),
    )
)]
pub(super) async fn geo(Path(path): Path<String>) -> Result<Response, ApiError> {
    let file = Shapes::get(&path);
    let file = file.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "no_such_shape",
            "no geometry for this place",
        )
    })?;
    Ok(respond(&path, file, "public, max-age=86400"))
}

/// What to do when a shipped rule wakes somebody
#[utoipa::path(
    get,
    path = "/runbooks/{name}",
    operation_id = "get_runbook",
    tag = "files",
    params(("name" = String, Path, description = "Name of the runbook, with or without `.md`")),
    responses(
        (status = 200, description = "Markdown as plain text", body = String),
        (status = 404, description = "There is no runbook of this name", body = ErrorBody),
    )
)]
pub(super) async fn runbook(Path(name): Path<String>) -> Result<Response, ApiError> {
    let file = Runbooks::get(&format!("{}.md", name.trim_end_matches(".md")));
    let file = file.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "no_such_runbook",
            "no runbook of this name",
        )
    })?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((headers, file.data).into_response())
}

fn respond(path: &str, file: EmbeddedFile, cache: &'static str) -> Response {
    let content_type = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, cache),
    ];
    let hash = file.metadata.sha256_hash();
    match tag::of_hash(&hash) {
        Ok(tag) => (headers, [(header::ETAG, tag)], file.data).into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_pages() {
        let rows = [
            ("favicon.ico", true),
            ("assets/index-1a.js", true),
            ("assets/gone", false),
            ("", false),
            ("map", false),
            ("alerts/errors.by.host", false),
            ("incidents/..%2f..%2fetc%2fpasswd", false),
            ("..%2f..%2fetc%2fpasswd", true),
        ];
        for (path, expected) in rows {
            assert_eq!(is_file(path), expected, "{path}");
        }
    }
}
