//! `import` and `try`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::connect::Access;
use super::{DONE, FAILED, Global, STOPPED};
use crate::config::Zone;
use crate::enrich::Enricher;
use crate::enrich::geoip::Places;
use crate::format;
use crate::import::{self, ImportRequest, Report, Watch};
use crate::record::Record;
use crate::source::file::{self, FileReader};
use crate::text::escape_controls;

/// Examples:
///   logatlas import access.log access.log.1 access.log.2.gz
///   logatlas import '/var/log/nginx/*.log*' --zone Europe/Madrid
///
/// A file that was read before goes on where it ended; nothing is stored twice.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Import {
    /// Files or quoted patterns; gzip is understood
    #[arg(required = true)]
    paths: Vec<String>,
    /// Name of the source [default: the file's name]
    #[arg(long)]
    source: Option<String>,
    /// Take one format for all lines instead of detecting it per line
    #[arg(long)]
    log_format: Option<String>,
    /// Zone of times that name none, such as Europe/Madrid [default: the machine's]
    #[arg(long)]
    zone: Option<Zone>,
    /// Host of lines that name none
    #[arg(long)]
    host: Option<String>,
    /// Keep the text of every line, not only of those that fit no format
    #[arg(long)]
    keep_raw: bool,
    /// Read the files again although they were read before; their rows will be there twice
    #[arg(long)]
    again: bool,
}

impl Import {
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        if let Some(name) = &self.log_format {
            format::by_name(name).ok_or_else(|| super::UsageError(format::unknown(name)))?;
        }
        let request = ImportRequest {
            paths: file::matching(&self.paths)?,
            source: self.source,
            format: self.log_format,
            zone: self.zone,
            host: self.host,
            keep_raw: self.keep_raw,
            again: self.again,
        };
        let paths = absolute(&request.paths)?;
        let request = ImportRequest { paths, ..request };
        let report = match Access::open(&global).await? {
            Access::Own(own) => {
                let watch = Watch::default();
                let bar = progress(&request.paths, &watch);
                let stop = watch.stop.clone();
                tokio::spawn(async move {
                    if tokio::signal::ctrl_c().await.is_ok() {
                        stop.cancel();
                    }
                });
                let report = import::run(&own.store, &own.geo, request, &watch).await?;
                bar.finish_and_clear();
                report
            }
            Access::Server(client) => {
                let body = serde_json::to_value(&request)?;
                serde_json::from_slice(&client.post("/api/v1/import", &body).await?)
                    .context("the server answered something else than a report")?
            }
        };
        print_report(&report);
        Ok(
            match (
                report.stopped,
                report.files.iter().any(|file| file.error.is_some()),
            ) {
                (true, _) => STOPPED,
                (_, true) => FAILED,
                _ => DONE,
            },
        )
    }
}

/// A server has its own working folder.
fn absolute(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let here = std::env::current_dir()?;
    Ok(paths.iter().map(|path| here.join(path)).collect())
}

/// A bar over the bytes to be read; compressed files make it only roughly right.
pub(super) fn progress(paths: &[PathBuf], watch: &Watch) -> ProgressBar {
    let n_bytes = paths
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|m| m.len())
        .sum();
    let bar = ProgressBar::with_draw_target(Some(n_bytes), ProgressDrawTarget::stderr());
    let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {msg}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).expect("a constant template"));
    let (ticking, watch) = (bar.clone(), watch.clone());
    tokio::spawn(async move {
        while !ticking.is_finished() {
            ticking.set_position(watch.n_bytes.load(Ordering::Relaxed));
            ticking.set_message(format!("{} rows", watch.n_rows.load(Ordering::Relaxed)));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    bar
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command's answer"
)]
pub(super) fn print_report(report: &Report) {
    for file in &report.files {
        let path = escape_controls(&file.path);
        if let Some(error) = &file.error {
            eprintln!("error: {path}: {error}");
            continue;
        }
        let news = match (file.received, file.resumed_at) {
            (0, 0) => "empty".to_owned(),
            (0, _) => {
                "nothing new since it was read before (--again reads it once more)".to_owned()
            }
            _ => format!(
                "{} lines = {} rows{} + {} blank",
                file.received,
                file.stored,
                unparsed(file.unparsed, file.stored),
                file.blank
            ),
        };
        println!("{path}: {news}");
    }
    let sum = report.tally();
    let seconds = report.elapsed_ms as f64 / 1000.0;
    println!(
        "{} rows{} from {} file(s), {:.1} MB in {seconds:.1} s",
        sum.stored,
        unparsed(sum.unparsed, sum.stored),
        report.files.len(),
        report.n_bytes as f64 / 1e6,
    );
    if report.stopped {
        println!("stopped; what was read is safe, run the same command again to go on");
    }
}

fn unparsed(n: u64, of: u64) -> String {
    match n {
        0 => String::new(),
        n => format!(
            " ({n} unparsed, {:.2} %)",
            100.0 * n as f64 / of.max(1) as f64
        ),
    }
}

/// Examples:
///   logatlas try access.log
///   zcat big.gz | head -1000 > sample.log; logatlas try sample.log
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Try {
    /// Files or quoted patterns; gzip is understood
    #[arg(required = true)]
    paths: Vec<String>,
    /// Lines to look at in each file
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
}

/// What a file's lines turned out to be.
#[derive(Default)]
struct Findings {
    lines: u64,
    blank: u64,
    formats: BTreeMap<&'static str, u64>,
    /// Reason: how often, first line number, its text.
    failures: BTreeMap<String, (u64, u64, String)>,
    requests: BTreeMap<Option<String>, (u64, u64)>,
}

impl Try {
    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "this is the command's answer"
    )]
    pub(super) fn run(self, global: Global) -> anyhow::Result<u8> {
        let geo = crate::server::open_geo(&global.config)?;
        let mut places = Places::new(&geo);
        places.refresh();
        let mut code = DONE;
        for path in file::matching(&self.paths)? {
            match look(&path, self.lines, &mut places) {
                Ok(findings) => findings.print(&path.display().to_string()),
                Err(error) => {
                    eprintln!(
                        "error: {}: {error}",
                        escape_controls(&path.display().to_string())
                    );
                    code = FAILED;
                }
            }
        }
        println!("{}", geo.attributions().join(" · "));
        Ok(code)
    }
}

fn look(path: &std::path::Path, lines_max: u64, places: &mut Places) -> std::io::Result<Findings> {
    let mut reader = FileReader::open(path, "try", |_| None)?;
    let mut findings = Findings::default();
    while let Some(chunk) = reader.next_block(true)? {
        for span in &chunk.spans {
            if findings.lines >= lines_max {
                return Ok(findings);
            }
            findings.lines += 1;
            let bytes = &chunk.bytes[span.start as usize..span.end as usize];
            if bytes.is_empty() {
                findings.blank += 1;
                continue;
            }
            let line = String::from_utf8_lossy(bytes);
            let mut record = Record::default();
            match format::parse_line(&line, &mut record) {
                Ok(_) => findings.count(&record, places),
                Err(error) => {
                    let number = findings.lines;
                    let failure = findings
                        .failures
                        .entry(error.to_string())
                        .or_insert_with(|| (0, number, line.chars().take(200).collect()));
                    failure.0 += 1;
                }
            }
        }
    }
    Ok(findings)
}

impl Findings {
    fn count(&mut self, record: &Record<'_>, places: &mut Places) {
        *self.formats.entry(record.format).or_default() += 1;
        if let Some(status) = record.status {
            let id = record.client_ip.map(|ip| places.find(ip));
            let country = id.and_then(|id| places.answer(id).country.as_deref().map(str::to_owned));
            let (n, k) = self.requests.entry(country).or_default();
            *n += 1;
            *k += u64::from(status >= 500);
        }
    }

    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    fn print(&self, path: &str) {
        let parsed: u64 = self.formats.values().sum();
        let path = escape_controls(path);
        if self.lines == 0 {
            println!("{path}: empty");
            return;
        }
        let share = |n: u64| 100.0 * n as f64 / (self.lines - self.blank).max(1) as f64;
        println!(
            "{path}: {:.2} % of {} lines understood",
            share(parsed),
            self.lines
        );
        let mut formats: Vec<_> = self.formats.iter().collect();
        formats.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        for (name, n) in formats {
            println!("  {name:20} {n:>9}  {:6.2} %", share(*n));
        }
        if !self.failures.is_empty() {
            println!("  would be stored as unparsed, with their text:");
        }
        let mut failures: Vec<_> = self.failures.iter().collect();
        failures.sort_by_key(|(_, (n, ..))| std::cmp::Reverse(*n));
        for (reason, (n, line, text)) in failures.into_iter().take(3) {
            println!(
                "  {n:>9} x {reason}\n            line {line}: {}",
                escape_controls(text)
            );
        }
        let mut requests: Vec<_> = self.requests.iter().collect();
        requests.sort_by_key(|(_, (n, k))| std::cmp::Reverse((*k, *n)));
        if !requests.is_empty() {
            println!("  countries by server errors:");
        }
        for (country, (n, k)) in requests.into_iter().take(5) {
            let name = country.as_deref().map_or("unknown place", |code| {
                crate::places::country(code).map_or(code, |country| country.name.as_str())
            });
            println!(
                "  {name:24} {k:>7} of {n:>8}  {:6.2} %",
                100.0 * *k as f64 / *n as f64
            );
        }
    }
}
