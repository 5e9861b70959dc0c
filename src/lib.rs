//! logatlas turns raw logs into error maps, SQL tables and alerts.
//!
//! ```text
//!  files  stdin  syslog  HTTP         source -> framing
//!     \     \      /      /
//!      format, record, time           what a line says
//!      batch, enrich, geo             columns, places, networks
//!      state, disk, store             journal, fresh rows, Delta tables
//!      query                          DataFusion over the store's view
//!      rule, incident, outbox, notify who is woken, and why
//!      api, chart, cli                how people see it
//! ```
//! `pipeline` joins the stages and `server` starts them; the modules below stand in the order in which data
//! meets them.

pub mod alerting;
pub mod alerts;
pub mod api;
pub mod auth;
pub mod batch;
pub mod disk;
pub mod enrich;
pub mod format;
pub mod framing;
pub mod geo;
pub mod host_metrics;
pub mod http_client;
pub mod import;
pub mod incident;
pub mod mock_pagerduty;
pub mod notify;
pub mod outbox;
pub mod pipeline;
pub mod places;
pub mod query;
pub mod record;
pub mod rule;
pub mod schema;
pub mod server;
pub mod source;
pub mod state;
pub mod store;
pub mod time;
// pub mod shapes;
// pub mod chart;
pub mod cli;
pub mod config;
pub mod generate;
pub mod telemetry;
pub mod text;
