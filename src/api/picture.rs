//! The map of an incident, drawn by the server: for whoever has no browser at hand, and for the incident's page.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::error::ErrorBody;
use super::{ApiError, App};
use crate::alerting::{self, Incident};
use crate::chart::{Bubble, Cell, ChartError, MapPicture, Metric, Output, Theme, draw_map};
use crate::query::Limits;
use crate::query::bind::Value as Literal;
use crate::query::output::{self, OutputFormat};

const SIZE: (u32, u32) = (1200, 675);

/// Draws the incident's map as SVG
///
/// Error rates in the window of the incident's link, of the world or of the country that it is about.
#[utoipa::path(
    get,
    path = "/api/v1/incidents/{id}/map.svg",
    operation_id = "get_incident_map_svg",
    tag = "incidents",
    params(("id" = String, Path, description = "Its id, or the first characters of it")),
    responses(
        (status = 200, description = "The picture", body = [u8], content_type = "image/svg+xml"),
        (status = 404, description = "There is no such incident, or it is about no window of the map", body = ErrorBody),
    )
)]
pub(super) async fn svg(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let picture = draw(&app, &id, Output::Svg).await?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response())
}

/// Draws the incident's map as PNG
///
/// Error rates in the window of the incident's link, of the world or of the country that it is about.
#[utoipa::path(
    get,
    path = "/api/v1/incidents/{id}/map.png",
    operation_id = "get_incident_map_png",
    tag = "incidents",
    params(("id" = String, Path, description = "Its id, or the first characters of it")),
    responses(
        (status = 200, description = "The picture", body = [u8], content_type = "image/png"),
        (status = 404, description = "There is no such incident, or it is about no window of the map", body = ErrorBody),
    )
)]
pub(super) async fn png(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let picture = draw(&app, &id, Output::Png).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], picture).into_response())
}

/// Error rates in the window that the incident's link shows, of the world or of the country it is about.
async fn draw(app: &App, id: &str, output: Output) -> Result<Vec<u8>, ApiError> {
    let incident = app.store.state().read(|c| alerting::incident(c, id))?;
    let incident =
        incident.ok_or_else(|| ApiError::not_found(format!("there is no incident {id}")))?;
    let window = window_of(&incident)
        .ok_or_else(|| ApiError::not_found("this incident is about no window of the map"))?;
    let country = incident.labels["country"].as_str().map(str::to_owned);
    let (kind, query) = match country {
        Some(_) => ("region", "errors_by_region"),
        None => ("country", "errors_by_country"),
    };
    let rows = rows(app, query, window, country.as_deref()).await?;
    let cells: Vec<Cell> = rows.iter().map(|row| Cell::of_row(row, kind)).collect();
    let cities = match &country {
        Some(country) => self::rows(app, "errors_by_city", window, Some(country)).await?,
        None => Vec::new(),
    };
    let bubbles: Vec<Bubble> = cities.iter().filter_map(Bubble::of_row).collect();
    let mut credit = app.geo.attributions();
    credit.push("Outlines: Natural Earth".into());
    let picture = MapPicture {
        title: &incident.summary,
        subtitle: &crate::chart::window_text(window),
        place: country.as_deref(),
        metric: Metric::Rate,
        cells: &cells,
        bubbles: &bubbles,
        attribution: &credit.join(" · "),
        theme: Theme::Dark,
        size: SIZE,
    };
    let drawn = tokio::task::block_in_place(|| draw_map(&picture, output));
    match drawn {
        Err(error @ ChartError::Place(_)) => Err(ApiError::not_found(error.to_string())),
        drawn => Ok(drawn.map_err(anyhow::Error::from)?),
    }
}

/// The window of the incident's link, in milliseconds.
fn window_of(incident: &Incident) -> Option<(i64, i64)> {
    let url = url::Url::parse(&incident.client_url).ok()?;
    let bound = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs.find(|(key, _)| key == name)?.1.parse().ok()
    };
    Some((bound("from")?, bound("to")?))
}

async fn rows(
    app: &App,
    query: &str,
    (from, to): (i64, i64),
    country: Option<&str>,
) -> Result<Vec<Value>, ApiError> {
    let mut values = std::collections::BTreeMap::from([
        ("from".to_owned(), Literal::Timestamp(from * 1000)),
        ("to".to_owned(), Literal::Timestamp(to * 1000)),
    ]);
    if let Some(country) = country {
        values.insert("country".into(), Literal::Text(country.to_owned()));
    }
    let sql = app.queries.get(query)?.bind(&values)?;
    let answer = app.engine.run(&sql, Limits::PANEL).await?;
    let bytes = output::to_bytes(&answer, OutputFormat::Json)?;
    Ok(serde_json::from_slice(&bytes).map_err(anyhow::Error::from)?)
}
