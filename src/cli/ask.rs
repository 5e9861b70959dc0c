//! `sql` and `query`.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::connect::{Access, saved_queries};
use super::incidents::{encode, me, text as text_of};
use super::{DONE, FAILED, Global, UsageError};
use crate::query::Limits;
use crate::query::output::{self, OutputFormat};
use crate::query::saved::{self, Origin, QueryFile, SavedQueries};

#[derive(Debug, Args)]
pub(super) struct Output {
    /// How to write the rows [default: table on a terminal, csv elsewhere]
    #[arg(long, short, value_enum)]
    format: Option<OutputFormat>,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Output {
    fn format(&self) -> Result<OutputFormat, UsageError> {
        let by_name = self
            .out
            .as_ref()
            .and_then(|path| match path.extension()?.to_str()? {
                "csv" => Some(OutputFormat::Csv),
                "json" => Some(OutputFormat::Json),
                "ndjson" | "jsonl" => Some(OutputFormat::Ndjson),
                "parquet" => Some(OutputFormat::Parquet),
                "arrow" => Some(OutputFormat::Arrow),
                _ => None,
            });
        let on_terminal = self.out.is_none() && std::io::stdout().is_terminal();
        let format = self.format.or(by_name).unwrap_or(match on_terminal {
            true => OutputFormat::Table,
            false => OutputFormat::Csv,
        });
        match on_terminal && !format.is_text() {
            true => Err(UsageError(
                "a terminal cannot show this format; add --out FILE".into(),
            )),
            false => Ok(format),
        }
    }

    async fn write(&self, access: &Access, sql: &str) -> anyhow::Result<()> {
        let format = self.format()?;
        let Some(path) = &self.out else {
            return rows_to(access, sql, format, std::io::stdout()).await;
        };
        let file = std::fs::File::create(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let written = rows_to(access, sql, format, file).await;
        if written.is_err() {
            // Half an answer is none.
            drop(std::fs::remove_file(path));
        }
        written
    }
}

async fn rows_to(
    access: &Access,
    sql: &str,
    format: OutputFormat,
    out: impl Write + Send,
) -> anyhow::Result<()> {
    let written = match access {
        Access::Own(own) => {
            let rows = own.engine.stream(sql, Limits::EXPORT).await?;
            let written = output::write_rows(rows, format, out).await;
            written.map_err(Into::into)
        }
        Access::Server(client) => {
            let name = clap::ValueEnum::to_possible_value(&format).expect("no format is hidden");
            client.sql(sql, name.get_name(), out).await
        }
    };
    ignore_closed_pipe(written)
}

/// `... | head` closes the pipe early; that is no fault.
fn ignore_closed_pipe(result: anyhow::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.to_string().contains("Broken pipe") => Ok(()),
        result => result,
    }
}

/// Examples:
///   logatlas sql "SELECT status, count(*) AS n FROM logs GROUP BY status ORDER BY n DESC"
///   logatlas sql -f parquet -o errors.parquet "SELECT * FROM logs WHERE is_error"
///   logatlas sql < question.sql
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Sql {
    /// The question; read from standard input when absent or `-`
    sql: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Sql {
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let sql = match self.sql.as_deref() {
            Some(text) if text != "-" => text.to_owned(),
            _ => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                text
            }
        };
        let access = Access::to_existing(&global).await?;
        self.output.write(&access, &sql).await?;
        Ok(DONE)
    }
}

/// A window of time.
#[derive(Clone, Debug, Args)]
pub(super) struct Window {
    /// Start: RFC 3339, or a span before the end such as 24h [default: everything]
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<String>,
    /// End, not included: RFC 3339 [default: just after the newest row]
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<String>,
}

impl Window {
    /// The bounds as epoch milliseconds; what is not given comes from the rows there are.
    pub(super) async fn bounds(&self, access: &Access) -> anyhow::Result<(i64, i64)> {
        let wrong = |text: &str| {
            UsageError(format!(
                "{text} is no time; write 2026-11-23T10:00:00Z, or for --from a span: 15m, 24h, 30d, 2w"
            ))
        };
        let time = |text: &str| crate::time::parse_rfc3339(text).map(|us| us.div_euclid(1000));
        let extent = Extent::of(access).await?;
        let span =
            |text: &str| crate::config::parse_duration(text).filter(|_| time(text).is_none());
        let span = self.from.as_deref().and_then(span);
        let to = match self.to.as_deref() {
            Some(text) => time(text).ok_or_else(|| wrong(text))?,
            // The last hours are those of lines that say when they were.
            None if span.is_some() => extent.told_to + 1,
            None => extent.to + 1,
        };
        let from = match (self.from.as_deref(), span) {
            (None, _) => extent.from,
            (_, Some(span)) => {
                to.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
            }
            (Some(text), None) => time(text).ok_or_else(|| wrong(text))?,
        };
        Ok((from, to))
    }
}

/// Event times of the rows in epoch milliseconds; zero without rows.
struct Extent {
    from: i64,
    to: i64,
    told_to: i64,
}

impl Extent {
    async fn of(access: &Access) -> anyhow::Result<Self> {
        match access {
            Access::Own(own) => {
                let view = own.store.view(crate::schema::Table::Logs);
                let ms = |us: Option<i64>| us.map_or(0, |us| us.div_euclid(1000));
                let range = view.ts_range();
                Ok(Self {
                    from: ms(range.map(|range| range.0)),
                    to: ms(range.map(|range| range.1)),
                    told_to: ms(view.told_to()),
                })
            }
            Access::Server(client) => {
                let status: serde_json::Value =
                    serde_json::from_slice(&client.get("/api/v1/status").await?)?;
                let ms = |key: &str| status["data"][key].as_i64().unwrap_or(0);
                Ok(Self {
                    from: ms("from"),
                    to: ms("to"),
                    told_to: ms("told_to"),
                })
            }
        }
    }
}

/// Examples:
///   logatlas query                                      list the saved queries
///   logatlas query errors_by_country --from 24h
///   logatlas query errors_by_city -p country=ES --from 2026-11-23T00:00:00Z
///   logatlas query top_paths --show-sql                 the SQL with its values
///   logatlas query slow_paths --save slow.sql           try a file, then keep it under that name
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Query {
    /// Name of the saved query; without it they are listed
    name: Option<String>,
    #[command(flatten)]
    window: Window,
    /// Another parameter
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Print the SQL instead of running it
    #[arg(long)]
    show_sql: bool,
    /// Keep this file as your query of that name, in place of what is there; it is planned first
    #[arg(
        long,
        value_name = "FILE",
        requires = "name",
        conflicts_with = "show_sql"
    )]
    save: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Query {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let queries = saved_queries(&global);
        let Some(name) = &self.name else {
            let mut code = DONE;
            for name in queries.names() {
                match queries.get(&name) {
                    Ok(query) => println!("{name:28} {}", query.title),
                    Err(error) => {
                        println!("{name:28} {error}");
                        code = FAILED;
                    }
                }
            }
            return Ok(code);
        };
        let access = Access::to_existing(&global).await?;
        if let Some(path) = &self.save {
            save(&queries, name, path, &access).await?;
            return Ok(DONE);
        }
        let sql = bind(&queries, name, &self.window, &self.params, &access).await?;
        if self.show_sql {
            println!("{sql}");
            return Ok(DONE);
        }
        self.output.write(&access, &sql).await?;
        Ok(DONE)
    }
}

/// Writes a file as the user's query of a name.
#[expect(clippy::print_stdout, reason = "this is the command's answer")]
async fn save(
    queries: &SavedQueries,
    name: &str,
    path: &Path,
    access: &Access,
) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path);
    let file = QueryFile {
        text: text.with_context(|| format!("cannot read {}", path.display()))?,
        origin: Origin::Yours,
    };
    let query = saved::parse(name, file)?;
    let body = json!({
        "title": query.title,
        "sql": query.sql,
        "params": query.params,
        "version": queries.file(name).ok().map(|known| known.version()),
        "by": me(None),
    });
    let request = format!("/api/v1/queries/{}", encode(name));
    let saved = access.api(Method::PUT, &request, Some(&body)).await?;
    println!("{name} is saved: {}", text_of(&saved["title"]));
    Ok(())
}

/// The saved query's SQL with the window's and the given values.
pub(super) async fn bind(
    queries: &SavedQueries,
    name: &str,
    window: &Window,
    params: &[String],
    access: &Access,
) -> anyhow::Result<String> {
    let query = queries.get(name)?;
    let (from, to) = window.bounds(access).await?;
    let (from, to) = (from.to_string(), to.to_string());
    let mut given = vec![("from", from.as_str()), ("to", to.as_str())];
    given.retain(|(name, _)| query.params.iter().any(|param| param.name == *name));
    for param in params {
        let pair = param.split_once('=');
        given.push(pair.ok_or_else(|| UsageError(format!("--param {param}: write NAME=VALUE")))?);
    }
    Ok(query.bind(&query.read_values(given)?)?)
}
