//! The data folder, directly or through the server that has it open.
//!
//! One process owns a data folder. When a server runs on it, other commands ask that server through the
//! socket in the folder; otherwise they open the folder themselves.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Global;
use crate::api::{self, App};
use crate::disk::CrashPoint;
use crate::enrich::geoip::GeoIp;
use crate::query::output::{self, OutputFormat};
use crate::query::saved::SavedQueries;
use crate::query::{Engine, Limits};
use crate::server::{SOCKET, open_geo, queries_dir, query_memory_mib};
use crate::store::Store;

/// The way to the data.
pub(crate) enum Access {
    Own(Box<Own>),
    Server(Client),
}

/// The folder, opened by this process.
pub(crate) struct Own {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) geo: Arc<GeoIp>,
    app: App,
}

/// Nothing has been stored in a folder that was to be read.
#[derive(Debug, thiserror::Error)]
#[error("there are no data in {}", .0.display())]
pub(crate) struct NoData(PathBuf);

impl Access {
    /// The same for commands that only read: what is not there is not made.
    pub(crate) async fn to_existing(global: &Global) -> anyhow::Result<Self> {
        match Store::is_at(&global.data) {
            true => Self::open(global).await,
            false => Err(NoData(global.data.clone()).into()),
        }
    }

    /// Reaches the server of the folder, or opens the folder.
    pub(crate) async fn open(global: &Global) -> anyhow::Result<Self> {
        if let Some(client) = Client::connect(&global.data).await {
            return Ok(Self::Server(client));
        }
        let geo = open_geo(&global.config)?;
        let store = Store::open(&global.data, CrashPoint::default()).await?;
        let engine = Engine::new(store.clone(), &geo, query_memory_mib(&global.config))?;
        Ok(Self::Own(Box::new(Own {
            app: App::offline(&store, &engine, &geo, &global.config, &global.data)?,
            store,
            engine,
            geo,
        })))
    }
}

impl Own {
    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Vec<u8>> {
        let (status, body) = api::call(&self.app, method, path, body).await?;
        take(status, body)
    }
}

impl Access {
    /// Runs SQL for its rows as JSON objects.
    pub(crate) async fn rows(&self, sql: &str) -> anyhow::Result<Vec<Value>> {
        let mut bytes = Vec::new();
        match self {
            Self::Own(own) => {
                let rows = own.engine.stream(sql, Limits::EXPORT).await?;
                output::write_rows(rows, OutputFormat::Json, &mut bytes).await?;
            }
            Self::Server(client) => client.sql(sql, "json", &mut bytes).await?,
        }
        serde_json::from_slice(&bytes).context("the rows cannot be read")
    }

    /// Asks the interface, of the server or of this process: both answer with the same handlers.
    pub(crate) async fn api(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let bytes = match self {
            Self::Server(client) => client.request(method, path, body).await?,
            Self::Own(own) => own.request(method, path, body).await?,
        };
        match bytes.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&bytes).context("the answer cannot be read"),
        }
    }

    /// The credits that the licences of the geo data ask for.
    pub(crate) async fn attributions(&self) -> anyhow::Result<Vec<String>> {
        let client = match self {
            Self::Own(own) => return Ok(own.geo.attributions()),
            Self::Server(client) => client,
        };
        let sources: Value = serde_json::from_slice(&client.get("/api/v1/geo/sources").await?)?;
        let texts = sources.as_array().into_iter().flatten();
        let texts = texts.filter_map(|source| source["attribution_text"].as_str());
        let texts: std::collections::BTreeSet<String> = texts.map(str::to_owned).collect();
        Ok(texts.into_iter().collect())
    }
}

/// The saved queries of the folder.
pub(crate) fn saved_queries(global: &Global) -> SavedQueries {
    SavedQueries::new(Some(queries_dir(&global.config, &global.data)))
}

/// Speaks to the server of a data folder through its socket.
pub(crate) struct Client {
    http: reqwest::Client,
}

impl Client {
    async fn connect(data: &Path) -> Option<Self> {
        let socket = data.join(SOCKET);
        if !socket.exists() {
            return None;
        }
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .build()
            .ok()?;
        let client = Self { http };
        client.get("/healthz").await.ok()?;
        Some(client)
    }

    /// `GET`, for the body.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let sent = self.http.get(format!("http://localhost{path}")).send();
        body_of(sent.await.context("the server did not answer")?).await
    }

    /// `POST` of JSON, for the body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Vec<u8>> {
        let sent = self
            .http
            .post(format!("http://localhost{path}"))
            .json(body)
            .send();
        body_of(sent.await.context("the server did not answer")?).await
    }

    /// Any request, for the body.
    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.request(method, format!("http://localhost{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        body_of(request.send().await.context("the server did not answer")?).await
    }

    /// Runs SQL and writes its rows in a format, as they come.
    pub(crate) async fn sql(
        &self,
        sql: &str,
        format: &str,
        mut out: impl Write,
    ) -> anyhow::Result<()> {
        let body = json!({"sql": sql, "format": format, "export": true});
        let request = self.http.post("http://localhost/api/v1/sql").json(&body);
        let mut response = request.send().await.context("the server did not answer")?;
        if !response.status().is_success() {
            return body_of(response).await.map(drop);
        }
        while let Some(piece) = response
            .chunk()
            .await
            .context("the answer broke off: a later row cannot be computed, or the server ended; ask for less to see which")?
        {
            out.write_all(&piece)?;
        }
        Ok(out.flush()?)
    }
}

async fn body_of(response: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let status = response.status();
    let body = response
        .bytes()
        .await
        .context("the server's answer broke off")?;
    take(status, body.into())
}

/// The body of an answer, or the error that it tells.
fn take(status: StatusCode, body: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    if status.is_success() {
        return Ok(body);
    }
    let error: Value = serde_json::from_slice(&body).unwrap_or_default();
    let hint = error["error"]["hint"]
        .as_str()
        .map(|hint| format!(" ({hint})"));
    match error["error"]["message"].as_str() {
        Some(message) => bail!("{message}{}", hint.unwrap_or_default()),
        None => bail!("the server answered {status}"),
    }
}
