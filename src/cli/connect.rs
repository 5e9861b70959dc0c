//! The data folder, directly or through the server that has it open.
//!
//! One process owns a data folder. When a server runs on it, other commands ask that server through the
//! socket in the folder; otherwise they open the folder themselves.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::Global;
use crate::disk::CrashPoint;
use crate::enrich::geoip::GeoIp;
use crate::query::Engine;
use crate::query::saved::SavedQueries;
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
}

impl Access {
    /// Reaches the server of the folder, or opens the folder.
    pub(crate) async fn open(global: &Global) -> anyhow::Result<Self> {
        if let Some(client) = Client::connect(&global.data).await {
            return Ok(Self::Server(client));
        }
        let geo = open_geo(&global.config)?;
        let store = Store::open(&global.data, CrashPoint::default()).await?;
        let engine = Engine::new(store.clone(), &geo, query_memory_mib(&global.config))?;
        Ok(Self::Own(Box::new(Own { store, engine, geo })))
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

    /// Runs SQL for its rows in a format.
    pub(crate) async fn sql(&self, sql: &str, format: &str) -> anyhow::Result<Vec<u8>> {
        let body = json!({"sql": sql, "format": format, "export": true});
        self.post("/api/v1/sql", &body).await
    }
}

async fn body_of(response: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let status = response.status();
    let body = response
        .bytes()
        .await
        .context("the server's answer broke off")?;
    if status.is_success() {
        return Ok(body.into());
    }
    let error: Value = serde_json::from_slice(&body).unwrap_or_default();
    match error["error"]["message"].as_str() {
        Some(message) => bail!("{message}"),
        None => bail!("the server answered {status}"),
    }
}
