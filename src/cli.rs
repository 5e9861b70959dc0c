//! The commands and their flags. What a command does stands in its own file under `cli/`.

mod admin;
mod ask;
mod connect;
mod demo;
mod files;
mod incidents;
mod mock;
mod pictures;
mod rules;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{self, Config};

/// Done.
pub const DONE: u8 = 0;
/// It ran, and something failed.
pub const FAILED: u8 = 1;
/// Wrong use or wrong settings.
pub const WRONG_USE: u8 = 2;
/// Stopped before everything was safe.
pub const STOPPED: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  logatlas demo                                    a made-up day of traffic, live, in the browser
  logatlas try /var/log/nginx/access.log           what would be understood; writes nothing
  logatlas import '/var/log/nginx/access.log*'     read files into the store
  logatlas serve --tail '/var/log/nginx/*.log'     follow files and open the web view
  logatlas sql \"SELECT country, count(*) FROM logs GROUP BY 1 ORDER BY 2 DESC\"
  logatlas map                                     an error map in the terminal";

/// Raw server, app and firewall logs in; error maps, SQL and alerts out.
#[derive(Debug, Parser)]
#[command(name = "logatlas", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Settings file [default: logatlas.toml if it is here]
    #[arg(long, global = true, env = "LOGATLAS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder [default: $XDG_DATA_HOME/logatlas]
    #[arg(long, global = true, env = "LOGATLAS_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow files, take syslog and HTTP, and open the web view
    Serve(serve::Serve),
    /// Show everything on a made-up day of traffic
    Demo(demo::Demo),
    /// Read files into the store, each line once
    Import(files::Import),
    /// Say what would be understood of files; writes nothing
    Try(files::Try),
    /// Ask in SQL
    Sql(ask::Sql),
    /// Run a saved query, or list them
    Query(ask::Query),
    /// Draw an error map, in the terminal or as SVG or PNG
    Map(pictures::Map),
    /// Draw a chart of a saved query as SVG or PNG
    Chart(pictures::Chart),
    /// Sources, rows, lag and incidents at a glance
    Status(admin::Status),
    /// Check settings, saved queries and rules without touching network or data
    Check(admin::Check),
    /// Write, check, try and replay alert rules
    #[command(subcommand)]
    Rule(rules::Rule),
    /// See incidents; acknowledge, resolve and class them
    #[command(subcommand)]
    Incident(incidents::IncidentCommand),
    /// Hold back the messages of incidents that match, for a time
    #[command(subcommand)]
    Silence(incidents::SilenceCommand),
    /// See messages under way; send them again or give them up
    #[command(subcommand)]
    Outbox(incidents::OutboxCommand),
    /// The week: pages, times, who was woken for nothing
    Review(incidents::Review),
    /// Make tokens for scripts and first sign-ins
    #[command(subcommand)]
    Token(admin::Token),
    /// Print the description of the HTTP interface (OpenAPI 3.1)
    Openapi(admin::Openapi),
    /// Make up log lines of a day, the same for the same seed
    Generate(demo::Generate),
    /// Take PagerDuty events and show them, for tests
    MockPagerduty(mock::MockPagerduty),
    /// Build the embedded geo data
    #[command(subcommand)]
    Geo(admin::Geo),
    /// Print completions for a shell
    Completions(admin::Completions),
    /// Write the manual pages into a folder
    Man(admin::Man),
}

/// What every command may need of the global flags.
pub(crate) struct Global {
    pub(crate) config: Config,
    pub(crate) data: PathBuf,
}

impl Cli {
    /// Runs the command and returns the exit code.
    pub async fn run(self) -> anyhow::Result<u8> {
        let config = Config::read(self.config.as_deref())?;
        let data = self
            .data
            .or_else(|| config.data.clone())
            .unwrap_or_else(config::default_data_dir);
        let global = Global { config, data };
        match self.command {
            Command::Serve(command) => command.run(global).await,
            Command::Demo(command) => command.run(global).await,
            Command::Import(command) => command.run(global).await,
            Command::Try(command) => command.run(global),
            Command::Sql(command) => command.run(global).await,
            Command::Query(command) => command.run(global).await,
            Command::Map(command) => command.run(global).await,
            Command::Chart(command) => command.run(global).await,
            Command::Status(command) => command.run(global).await,
            Command::Check(command) => command.run(global),
            Command::Rule(command) => command.run(global).await,
            Command::Incident(command) => command.run(global).await,
            Command::Silence(command) => command.run(global).await,
            Command::Outbox(command) => command.run(global).await,
            Command::Review(command) => command.run(global).await,
            Command::Token(command) => command.run(global).await,
            Command::Openapi(command) => command.run(),
            Command::Generate(command) => command.run(),
            Command::MockPagerduty(command) => command.run().await,
            Command::Geo(command) => command.run(),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
        }
    }

    /// The level of our own log that suits the command: servers tell what they do, others only warn.
    pub fn log_level(&self) -> &'static str {
        match self.command {
            Command::Serve(_) => "info",
            _ => "warn",
        }
    }

    /// The definition, for completions and manual pages.
    pub fn definition() -> clap::Command {
        <Self as CommandFactory>::command()
    }
}

/// Prints an error with its causes, and a hint when there is one.
#[expect(clippy::print_stderr, reason = "this is the terminal")]
pub fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  caused by: {cause}");
    }
    if let Some(hint) = hint(error) {
        eprintln!("\nhint: {hint}");
    }
    let wrong_use = error.chain().any(|cause| {
        cause.is::<config::ConfigError>()
            || cause.is::<UsageError>()
            || cause.is::<std::net::AddrParseError>()
            || cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::AddrInUse)
    });
    ExitCode::from(if wrong_use { WRONG_USE } else { FAILED })
}

/// A command used in a way that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

fn hint(error: &anyhow::Error) -> Option<String> {
    use crate::chart::ChartError;
    use crate::query::QueryError;
    use crate::query::saved::SavedError;
    use crate::store::StoreError;
    for cause in error.chain() {
        if cause.is::<connect::NoData>() {
            return Some("`logatlas import FILE` or `logatlas serve` brings lines in; --data DIR names another folder".into());
        }
        if let Some(SavedError::Unknown(_)) = cause.downcast_ref() {
            return Some("`logatlas query` lists them".into());
        }
        if let Some(ChartError::Place(_)) = cause.downcast_ref() {
            return Some("places are codes: DE for a country, ES-MD for a region".into());
        }
        if let Some(StoreError::Locked(_)) = cause.downcast_ref() {
            return Some(
                "stop the other one, or give this one its own folder with --data DIR".into(),
            );
        }
        match cause.downcast_ref() {
            Some(QueryError::TimedOut(_) | QueryError::OutOfMemory(_)) => {
                return Some("narrow the window with `WHERE ts >= ... AND ts < ...`".into());
            }
            Some(QueryError::Invalid(message)) if message.starts_with("no value for parameter") => {
                return Some("give it as -p NAME=VALUE".into());
            }
            Some(QueryError::Invalid(_)) => {
                return Some(
                    "the tables are logs, host_metrics, incidents, deliveries, ledger, sources; \
                     `DESCRIBE logs` shows the columns"
                        .into(),
                );
            }
            _ => {}
        }
        if let Some(error) = cause.downcast_ref::<std::io::Error>() {
            match error.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    return Some(
                        "run it as a user who may read that, or change the permissions".into(),
                    );
                }
                std::io::ErrorKind::StorageFull => {
                    return Some("free some space; what was acknowledged is safe".into());
                }
                _ => {}
            }
        }
    }
    None
}
