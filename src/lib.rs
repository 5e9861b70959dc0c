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
//! `pipeline` joins the stages and `server` starts them; the groups below stand in the order in which data
//! meets them.

// In: bytes to lines.
pub mod framing;
pub mod source;

// What a line says.
pub mod format;
pub mod record;
pub mod time;

// Rows, with places and networks.
pub mod batch;
pub mod enrich;
pub mod geo;
pub mod places;
pub mod schema;

// Kept.
pub mod crash;
pub mod disk;
pub mod host_metrics;
pub mod import;
pub mod pipeline;
pub mod state;
pub mod store;

// Asked.
pub mod query;

// Who is woken.
pub mod alerting;
pub mod alerts;
pub mod http_client;
pub mod incident;
pub mod mock_pagerduty;
pub mod notify;
pub mod outbox;
pub mod rule;

// Seen.
pub mod api;
pub mod auth;
pub mod chart;
pub mod cli;
pub mod generate;
pub mod server;
pub mod shapes;

// Of use everywhere.
pub mod config;
pub mod stats;
pub mod telemetry;
pub mod text;
