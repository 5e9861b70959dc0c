//! `demo` and `generate`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;

use super::files::progress;
use super::{DONE, Global, STOPPED, UsageError};
use crate::auth::{self, Scope, SecretKind};
use crate::config::{Config, Files, LISTEN, Lines, Zone};
use crate::disk::CrashPoint;
use crate::generate::{Generator, STREAMS, Stream};
use crate::host_metrics;
use crate::import::{self, ImportRequest, Watch};
use crate::mock_pagerduty::{MockPagerDuty, ROUTING_KEY};
use crate::notify::Target;
use crate::notify::pagerduty::PagerDuty;
use crate::server::{Options, Server, Stopped, open_geo};
use crate::source::Shutdown;
use crate::store::Store;
use crate::store::lock::FolderLock;
use crate::time::now_us;

/// Says that a folder was made by the demo and may be thrown away by it.
const MARKER: &str = "made-by-logatlas-demo";
/// How often the live lines are written.
const LIVE_EVERY: Duration = Duration::from_millis(250);
/// Host samples come at this distance.
const SAMPLE_US: i64 = 15_000_000;

/// Makes up a day of a web shop, reads it in, and keeps playing: Spain has suffered during the day,
/// Germany suffers now, and a backup job is eating a server. An alert goes to a stand-in for PagerDuty
/// and resolves a few minutes later. Ctrl-C ends it.
///
/// Examples:
///   logatlas demo
///   logatlas demo --listen 127.0.0.1:8080 --lines 100000
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Demo {
    /// Address of the web view [default: 127.0.0.1:7171, or any free port when that is taken]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// About how many lines the day has
    #[arg(long, default_value_t = 500_000)]
    lines: u64,
    /// The same seed makes the same day
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Folder for the day and its data; a folder of an earlier demo is made anew
    #[arg(long, default_value = "target/demo")]
    dir: PathBuf,
}

impl Demo {
    pub(super) async fn run(self, _global: Global) -> anyhow::Result<u8> {
        // Another demo may be at work there.
        let data = self.dir.join("data");
        let lock = data.is_dir().then(|| FolderLock::take(&data)).transpose()?;
        clear(&self.dir)?;
        drop(lock);
        let dir = std::fs::canonicalize(&self.dir)?;
        let (logs, data) = (dir.join("logs"), dir.join("data"));
        let generator = Generator::new(now_us(), self.seed, self.lines);
        let mut writer = DayWriter::create(&logs)?;
        writer.write_day(&generator)?;
        // No settings file is read: the demo is the same everywhere.
        let mut config = Config {
            files: STREAMS.iter().map(|stream| source(&logs, stream)).collect(),
            ..Config::default()
        };
        if !import(&config, &data, &generator, &writer.paths).await? {
            return Ok(STOPPED);
        }
        config.targets = [("pager".to_owned(), mock().await?)].into();
        let listen = self.listen_address().await?;
        let server = Server::start(Options {
            config,
            data,
            listen: Some(listen),
            stdin: false,
            is_demo: true,
            host_metrics: false,
        })
        .await?;
        announce(&server).await?;
        let live = Live {
            generator,
            writer,
            store: server.app.store.clone(),
        };
        let playing = tokio::spawn(live.run(server.shutdown.clone()));
        let stopped = server.run_until_stopped().await?;
        playing.await?;
        match stopped {
            Stopped::Clean => Ok(DONE),
            Stopped::Early => Ok(STOPPED),
        }
    }

    async fn listen_address(&self) -> anyhow::Result<SocketAddr> {
        if let Some(address) = self.listen {
            return Ok(address);
        }
        let usual: SocketAddr = LISTEN.parse().context("a constant address")?;
        match TcpListener::bind(usual).await {
            Ok(_) => Ok(usual),
            Err(_) => Ok(SocketAddr::new(usual.ip(), 0)),
        }
    }
}

/// A log of the day as a source that is followed.
fn source(logs: &Path, stream: &Stream) -> (String, Files) {
    let files = Files {
        paths: vec![logs.join(stream.file).display().to_string()],
        lines: Lines {
            zone: Some(Zone(chrono_tz::Tz::UTC)),
            host: Some(stream.host.into()),
            ..Lines::default()
        },
    };
    (stream.file.into(), files)
}

/// Empties the folder of an earlier demo; leaves every other folder alone.
fn clear(dir: &Path) -> anyhow::Result<()> {
    let marker = dir.join(MARKER);
    let is_empty = std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && !marker.exists() {
        let text = format!(
            "{} holds something else than a demo; choose another folder with --dir",
            dir.display()
        );
        return Err(UsageError(text).into());
    }
    if marker.exists() {
        std::fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    std::fs::write(
        &marker,
        "`logatlas demo` makes this folder anew at each start.\n",
    )?;
    Ok(())
}

/// Reads the day into the store; false when it was stopped.
async fn import(
    config: &Config,
    data: &Path,
    generator: &Generator,
    paths: &[PathBuf],
) -> anyhow::Result<bool> {
    let geo = open_geo(config)?;
    let store = Store::open(data, CrashPoint::default()).await?;
    let watch = Watch::default();
    let bar = progress(paths, &watch);
    let stop = watch.stop.clone();
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let mut n_rows = 0;
    for (stream, path) in STREAMS.iter().zip(paths) {
        let request = ImportRequest {
            paths: vec![path.clone()],
            source: Some(stream.file.into()),
            zone: Some(Zone(chrono_tz::Tz::UTC)),
            host: Some(stream.host.into()),
            ..ImportRequest::default()
        };
        let report = import::run(&store, &geo, request, &watch).await?;
        if report.stopped {
            return Ok(false);
        }
        if let Some(error) = report.files.iter().find_map(|file| file.error.as_ref()) {
            bail!("{}: {error}", path.display());
        }
        n_rows += report.tally().stored;
    }
    let now = now_us();
    let samples = generator.host_samples(generator.start_us(), now - now.rem_euclid(SAMPLE_US));
    host_metrics::store(&store, &samples).await?;
    store.flush().await?;
    interrupt.abort();
    bar.finish_and_clear();
    say(&format!("read {n_rows} lines of {} logs", STREAMS.len()));
    Ok(true)
}

/// Starts the stand-in for PagerDuty and returns the target that reaches it.
async fn mock() -> anyhow::Result<Target> {
    let mock = MockPagerDuty::printing(|line| {
        say(&format!(
            "pager  {}",
            crate::text::escape_controls(line).replace("\\n", "\n       ")
        ))
    });
    let address = mock.serve(TcpListener::bind("127.0.0.1:0").await?)?;
    let url = format!("http://{address}/v2/enqueue");
    Ok(Target::Pagerduty(PagerDuty::local(url, ROUTING_KEY)))
}

async fn announce(server: &Server) -> anyhow::Result<()> {
    let secret = auth::issue(
        server.app.store.state(),
        SecretKind::Link,
        Scope::Admin,
        "demo",
    )
    .await?;
    say(&format!(
        "\n  open  {}/#secret={secret}\n\n\
         Compare \"day\" with \"last hour\": Spain has suffered, Germany suffers now.\n\
         The pager below is a stand-in; Germany recovers three minutes after the start.\n\
         Ask in another terminal:  logatlas --data {} sql \"SELECT country, count(*) FROM logs GROUP BY 1\"\n\
         Ctrl-C ends it.\n",
        server.url,
        server.app.store.dir().display()
    ));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn say(text: &str) {
    println!("{text}");
}

/// The logs of the day, open for more.
struct DayWriter {
    paths: Vec<PathBuf>,
    files: HashMap<usize, BufWriter<File>>,
    /// Up to when they are written.
    until_us: i64,
}

impl DayWriter {
    fn create(dir: &Path) -> anyhow::Result<Self> {
        let (mut paths, mut files) = (Vec::new(), HashMap::new());
        for (index, stream) in STREAMS.iter().enumerate() {
            let path = dir.join(stream.file);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)
                    .with_context(|| format!("cannot make {}", parent.display()))?;
            }
            let file =
                File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
            files.insert(index, BufWriter::new(file));
            paths.push(path);
        }
        Ok(Self {
            paths,
            files,
            until_us: 0,
        })
    }

    /// Writes the 24 hours before the generator's end.
    fn write_day(&mut self, generator: &Generator) -> anyhow::Result<()> {
        const STEPS: i64 = 96;
        let bar = ProgressBar::new(STEPS.unsigned_abs());
        bar.set_style(
            ProgressStyle::with_template("{bar:30} making up a day, {eta} left")
                .expect("a constant template"),
        );
        let from = generator.start_us();
        let step = 86_400_000_000 / STEPS;
        for i in 0..STEPS {
            self.write(generator, from + i * step, from + (i + 1) * step)?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn write(&mut self, generator: &Generator, from_us: i64, to_us: i64) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        generator.lines(from_us, to_us, &mut |stream, _, line| {
            if let (Some(file), Ok(())) = (self.files.get_mut(&stream), &outcome) {
                outcome = writeln!(file, "{line}");
            }
        });
        for file in self.files.values_mut() {
            file.flush().context("cannot write the made-up lines")?;
        }
        outcome.context("cannot write the made-up lines")?;
        self.until_us = to_us;
        Ok(())
    }
}

/// Goes on after the day, line by line as time passes.
struct Live {
    generator: Generator,
    writer: DayWriter,
    store: Store,
}

impl Live {
    async fn run(mut self, shutdown: Shutdown) {
        let mut sampled_us = now_us() - now_us().rem_euclid(SAMPLE_US);
        while !shutdown.is_cancelled() {
            if let Err(error) = self.step(&mut sampled_us).await {
                tracing::error!(%error, "the demo cannot go on");
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(LIVE_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn step(&mut self, sampled_us: &mut i64) -> anyhow::Result<()> {
        let now = now_us();
        let from = self.writer.until_us;
        self.writer.write(&self.generator, from, now)?;
        let samples_to = now - now.rem_euclid(SAMPLE_US);
        if samples_to > *sampled_us {
            let samples = self.generator.host_samples(*sampled_us, samples_to);
            host_metrics::store(&self.store, &samples).await?;
            *sampled_us = samples_to;
        }
        Ok(())
    }
}

/// Examples:
///   logatlas generate --out day
///   logatlas generate --end 2026-03-01T12:00:00Z --seed 7 --lines 5000000 --out big
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Generate {
    /// End of the day, RFC 3339 [default: now]
    #[arg(long)]
    end: Option<String>,
    /// The same seed and end make the same lines
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// About how many lines
    #[arg(long, default_value_t = 500_000)]
    lines: u64,
    /// Folder for the logs, one below it for each host
    #[arg(long)]
    out: PathBuf,
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<u8> {
        let end_us = match self.end.as_deref() {
            None => now_us(),
            Some(text) => crate::time::parse_rfc3339(text).ok_or_else(|| {
                UsageError(format!(
                    "--end {text} is no time; write 2026-03-01T12:00:00Z"
                ))
            })?,
        };
        let generator = Generator::new(end_us, self.seed, self.lines);
        let mut writer = DayWriter::create(&self.out)?;
        writer.write_day(&generator)?;
        for path in &writer.paths {
            say(&path.display().to_string());
        }
        Ok(DONE)
    }
}
