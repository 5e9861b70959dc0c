//! The running server: opens the store, starts sources, pipeline, alerts and listeners, and stops them in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::{TcpListener, UdpSocket, UnixListener};
use tokio::task::JoinSet;

use crate::api::{self, App};
use crate::auth::{self, Scope, SecretKind};
use crate::batch::Origin;
use crate::config::{self, Config, Lines};
use crate::disk::CrashPoint;
use crate::enrich::geoip::GeoIp;
use crate::query::Engine;
use crate::query::planner::Planner;
use crate::query::saved::SavedQueries;
use crate::source::file::Tail;
use crate::source::{DeliverySender, Shutdown, SourceError, stdin, syslog};
use crate::store::Store;
use crate::{alerts, format, geo, host_metrics, pipeline};

/// The socket through which other commands reach the server of a data folder.
pub const SOCKET: &str = "logatlas.sock";
/// Geo files are looked at this often.
const GEO_RELOAD_INTERVAL: Duration = Duration::from_secs(10);
/// At a stop, answers that are under way may take this long; the rest of the time is for writing out.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// What a server is started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub config: Config,
    pub data: PathBuf,
    pub listen: Option<SocketAddr>,
    /// Also read standard input.
    pub stdin: bool,
    pub is_demo: bool,
    /// Keep samples of this host's CPU, memory, disk and network.
    pub host_metrics: bool,
}

/// A server that is up.
pub struct Server {
    /// Where the web view is.
    pub url: String,
    /// Set while nobody has a password yet.
    pub setup_secret: Option<String>,
    /// Addresses of the syslog listeners, `udp:127.0.0.1:5514`.
    pub syslog: Vec<String>,
    pub app: App,
    pub shutdown: Shutdown,
    listening: JoinSet<()>,
    tasks: JoinSet<()>,
    sources: JoinSet<Result<(), SourceError>>,
    pipeline: pipeline::Pipeline,
    socket: PathBuf,
}

/// Opens the embedded geo data and the user's.
pub fn open_geo(config: &Config) -> anyhow::Result<Arc<GeoIp>> {
    let paths = geo::unpack(&config::cache_dir()).context("cannot unpack the embedded geo data")?;
    let (geo, problems) = GeoIp::open(&config.geo.paths, Some(&paths));
    for problem in problems {
        tracing::warn!(error = %problem, "a geo file is not used");
    }
    Ok(Arc::new(geo))
}

/// Memory that queries may use: a quarter of the machine's, at most 2 GiB.
pub fn query_memory_mib(config: &Config) -> usize {
    config.query_memory_mib.unwrap_or_else(|| {
        let total = sysinfo::System::new().map_or(0, |mut system| {
            system.refresh_memory();
            system.total_memory()
        });
        usize::try_from(total / 4 / (1 << 20)).map_or(2048, |quarter| quarter.clamp(256, 2048))
    })
}

/// Where the user's saved queries are.
pub fn queries_dir(config: &Config, data: &Path) -> PathBuf {
    config
        .queries_dir
        .clone()
        .unwrap_or_else(|| data.join("queries"))
}

impl Server {
    /// Starts everything. When this returns the listeners answer.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let config = &options.config;
        let listen = options
            .listen
            .or(config.listen)
            .unwrap_or_else(|| config::LISTEN.parse().expect("a constant address"));
        config.check_listen(listen, false)?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}; is another program using the port? choose one with --listen"))?;
        let listeners = bind_syslog(config).await?;
        let geo = open_geo(config)?;
        let store = Store::open(&options.data, CrashPoint::default()).await?;
        let engine = Engine::new(store.clone(), &geo, query_memory_mib(config))?;
        let shutdown = Shutdown::new();
        let retention = config.retention.as_deref().and_then(config::parse_duration);
        let pipeline = pipeline::start(store.clone(), &geo, retention, &shutdown);
        let url = config
            .public_url
            .clone()
            .unwrap_or(format!("http://{}", listener.local_addr()?));
        let app = App {
            store: store.clone(),
            engine,
            planner: Arc::new(Planner::new()?),
            queries: SavedQueries::new(Some(queries_dir(config, &options.data))),
            geo: Arc::clone(&geo),
            progress: Arc::clone(&pipeline.progress),
            sender: pipeline.sender.downgrade(),
            udp_ports: Arc::new(listeners.udp_ports()),
            attempts: Arc::default(),
            public_url: url.trim_end_matches('/').into(),
            bell: Arc::default(),
            config: Arc::new(config.clone()),
            queries_dir: queries_dir(config, &options.data).into(),
            in_use: Arc::default(),
            clock_offset_us: Arc::default(),
            streams: Arc::new(api::Streams::new(shutdown.clone())),
            is_demo: options.is_demo,
        };
        let (mut tasks, mut listening) = (JoinSet::new(), JoinSet::new());
        let socket = store.dir().join(SOCKET);
        serve_http(&mut listening, listener, &socket, &app, &shutdown)?;
        tasks.spawn(reload_geo(geo, shutdown.clone()));
        if options.host_metrics {
            tasks.spawn(host_metrics::run(store.clone(), shutdown.clone()));
        }
        alerts::start(&mut tasks, &app, config, &shutdown)?;
        let syslog = listeners.names();
        let sources = start_sources(
            config,
            listeners,
            &pipeline.sender,
            &store,
            options.stdin,
            &shutdown,
        );
        let setup_secret = match auth::has_password(store.state())? {
            true => None,
            false => Some(
                auth::issue(
                    store.state(),
                    SecretKind::Setup,
                    Scope::Admin,
                    "first start",
                )
                .await?,
            ),
        };
        Ok(Self {
            url,
            setup_secret,
            syslog,
            app,
            shutdown,
            listening,
            tasks,
            sources,
            pipeline,
            socket,
        })
    }

    /// Waits for Ctrl-C, SIGTERM or a fault, then stops: sources first, then the pipeline is drained and
    /// written out. A second signal stops at once.
    pub async fn run_until_stopped(mut self) -> anyhow::Result<Stopped> {
        // Without sources the server goes on, for those who ask.
        let sources = async {
            report_sources(&mut self.sources).await;
            std::future::pending().await
        };
        tokio::select! {
            () = stop_signal() => {}
            () = self.shutdown.cancelled() => {}
            () = sources => {}
        }
        self.stop().await
    }

    /// Stops in order.
    pub async fn stop(mut self) -> anyhow::Result<Stopped> {
        let faulty = self.app.store.state().is_poisoned();
        self.shutdown.cancel();
        let drained = async {
            report_sources(&mut self.sources).await;
            let answered = async { while self.listening.join_next().await.is_some() {} };
            if tokio::time::timeout(ANSWERED_WITHIN, answered)
                .await
                .is_err()
            {
                tracing::warn!("answers that are still under way are cut off");
            }
            while self.tasks.join_next().await.is_some() {}
            self.pipeline.finish().await
        };
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(Duration::from_secs(30), drained) => outcome,
            () = stop_signal() => return Ok(Stopped::Early),
        };
        drop(std::fs::remove_file(&self.socket));
        match outcome {
            Ok(Ok(())) if !faulty => Ok(Stopped::Clean),
            Ok(Err(error)) if !faulty => Err(error)
                .context("the last rows stay in the journal; they come back at the next start"),
            _ => Ok(Stopped::Early),
        }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Everything is written out.
    Clean,
    /// What was acknowledged is in the journal and comes back at the next start.
    Early,
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Waits for the sources and tells of those that end badly.
async fn report_sources(sources: &mut JoinSet<Result<(), SourceError>>) {
    while let Some(ended) = sources.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a source ended"),
            Err(error) => tracing::error!(%error, "a source ended badly"),
        }
    }
}

fn serve_http(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    socket: &Path,
    app: &App,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    // A socket that a killed server left; the folder's lock says that none is running.
    drop(std::fs::remove_file(socket));
    let local =
        UnixListener::bind(socket).with_context(|| format!("cannot open {}", socket.display()))?;
    std::fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let (open, trusted) = (
        api::router(app.clone(), false),
        api::router(app.clone(), true),
    );
    let (stop_open, stop_trusted) = (shutdown.clone(), shutdown.clone());
    tasks.spawn(async move {
        let served =
            axum::serve(listener, open).with_graceful_shutdown(stop_open.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the HTTP listener ended");
        }
    });
    tasks.spawn(async move {
        let served =
            axum::serve(local, trusted).with_graceful_shutdown(stop_trusted.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the local socket ended");
        }
    });
    Ok(())
}

async fn reload_geo(geo: Arc<GeoIp>, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(GEO_RELOAD_INTERVAL) => {}
            () = shutdown.cancelled() => return,
        }
        let geo = Arc::clone(&geo);
        let reloaded = tokio::task::spawn_blocking(move || geo.reload_if_changed()).await;
        let Ok((changed, problems)) = reloaded else {
            continue;
        };
        if changed {
            tracing::info!("took up changed geo files");
        }
        for problem in problems {
            tracing::warn!(error = %problem, "a geo file is not used");
        }
    }
}

/// Syslog sockets that are open.
#[derive(Default)]
struct Listeners {
    udp: Vec<(String, Lines, UdpSocket)>,
    tcp: Vec<(String, Lines, TcpListener)>,
}

impl Listeners {
    fn udp_ports(&self) -> Vec<u16> {
        let addresses = self
            .udp
            .iter()
            .filter_map(|(_, _, socket)| socket.local_addr().ok());
        addresses.map(|address| address.port()).collect()
    }

    fn names(&self) -> Vec<String> {
        let udp = self
            .udp
            .iter()
            .filter_map(|(_, _, socket)| socket.local_addr().ok());
        let tcp = self
            .tcp
            .iter()
            .filter_map(|(_, _, socket)| socket.local_addr().ok());
        udp.map(|a| format!("udp:{a}"))
            .chain(tcp.map(|a| format!("tcp:{a}")))
            .collect()
    }
}

async fn bind_syslog(config: &Config) -> anyhow::Result<Listeners> {
    let mut listeners = Listeners::default();
    for (name, syslog) in &config.syslog {
        if let Some(address) = syslog.udp {
            config.check_listen(address, false)?;
            let socket = UdpSocket::bind(address).await;
            let socket = socket
                .with_context(|| format!("cannot listen on udp {address} for source {name}"))?;
            listeners
                .udp
                .push((name.clone(), syslog.lines.clone(), socket));
        }
        if let Some(address) = syslog.tcp {
            config.check_listen(address, false)?;
            let listener = TcpListener::bind(address).await;
            let listener = listener
                .with_context(|| format!("cannot listen on tcp {address} for source {name}"))?;
            listeners
                .tcp
                .push((name.clone(), syslog.lines.clone(), listener));
        }
    }
    Ok(listeners)
}

/// What the settings say of a source's lines, as the pipeline wants it.
pub fn origin(source: &str, lines: &Lines) -> Origin {
    Origin {
        source: source.into(),
        path: None,
        host: lines.host.as_deref().map(Into::into),
        zone: lines.zone.map_or_else(config::machine_zone, |zone| zone.0),
        not_after_us: i64::MAX,
        format: lines.format.as_deref().and_then(format::by_name),
        keep_raw: lines.keep_raw,
    }
}

fn start_sources(
    config: &Config,
    listeners: Listeners,
    sender: &DeliverySender,
    store: &Store,
    read_stdin: bool,
    shutdown: &Shutdown,
) -> JoinSet<Result<(), SourceError>> {
    let mut sources = JoinSet::new();
    let files: &BTreeMap<_, _> = &config.files;
    for (name, files) in files {
        let tail = Tail {
            name: name.as_str().into(),
            patterns: files.paths.clone(),
            origin: origin(name, &files.lines),
        };
        let (store, sender, shutdown) = (store.clone(), sender.clone(), shutdown.clone());
        sources.spawn_blocking(move || tail.run(&store, &sender, &shutdown));
    }
    for (name, lines, socket) in listeners.udp {
        let (sender, shutdown) = (sender.clone(), shutdown.clone());
        sources.spawn(syslog::run_udp(
            socket,
            origin(&name, &lines),
            sender,
            shutdown,
        ));
    }
    for (name, lines, listener) in listeners.tcp {
        let (sender, shutdown) = (sender.clone(), shutdown.clone());
        sources.spawn(syslog::run_tcp(
            listener,
            origin(&name, &lines),
            sender,
            shutdown,
        ));
    }
    if read_stdin {
        // A thread of its own: a read of standard input cannot be called back at shutdown.
        let (sender, origin) = (sender.downgrade(), origin("stdin", &Lines::default()));
        std::thread::spawn(move || {
            if let Err(error) = stdin::run(origin, &sender) {
                tracing::error!(%error, "standard input ended");
            }
        });
    }
    sources
}
