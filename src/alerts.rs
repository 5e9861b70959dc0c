//! Runs the rules: when a tick is due, asks the saved query, applies the tick, and lets the outbox send.

pub mod backtest;
pub mod evaluate;
pub mod explain;
mod explaining;
pub mod heartbeat;
pub mod question;
pub mod repair;
mod rule_loop;

use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::api::App;
use crate::config::Config;
use crate::http_client::HttpClient;
use crate::outbox::Dispatcher;
use crate::rule::{self, AlertRule, RuleError};
use crate::source::Shutdown;

/// Reads the shipped rules and those of the user's folder.
pub fn read_rules(queries_dir: &Path) -> (Vec<AlertRule>, Vec<RuleError>) {
    rule::read_all(queries_dir)
}

/// Starts the rule loop, the outbox, and what watches both from outside.
pub fn start(
    tasks: &mut JoinSet<()>,
    app: &App,
    config: &Config,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let client = HttpClient::new()?;
    let dispatcher = Dispatcher {
        state: app.store.state().clone(),
        targets: config.targets.clone(),
        fallback: config.fallback_target.clone(),
        client: client.clone(),
        bell: Arc::clone(&app.bell),
    };
    let rules = rule_loop::RuleLoop::new(app, config);
    tasks.spawn(dispatcher.run(shutdown.clone()));
    tasks.spawn(rules.run(shutdown.clone()));
    tasks.spawn(repair::run(app.clone(), client.clone(), shutdown.clone()));
    if let Some(heartbeat) = &config.heartbeat {
        let state = app.store.state().clone();
        tasks.spawn(heartbeat.clone().run(state, client, shutdown.clone()));
    }
    Ok(())
}
