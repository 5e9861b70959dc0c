//! `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{DONE, Global, STOPPED, UsageError};
use crate::config::{Files, Lines, SYSLOG, Syslog, Zone};
use crate::server::{Options, Server, Stopped};
use crate::source::file;

/// Examples:
///   logatlas serve --tail '/var/log/nginx/*.log' --tail /var/log/auth.log
///   logatlas serve --syslog udp --syslog tcp:127.0.0.1:5514
///   journalctl -f -o json | logatlas serve --stdin
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Serve {
    /// Follow files: what they hold now, then what is appended. May be repeated; quote patterns
    #[arg(long, value_name = "GLOB")]
    tail: Vec<String>,
    /// Take syslog: udp, tcp, udp:ADDRESS or tcp:ADDRESS [address: 127.0.0.1:5514]
    #[arg(long, value_name = "KIND[:ADDRESS]")]
    syslog: Vec<String>,
    /// Read lines from standard input
    #[arg(long)]
    stdin: bool,
    /// Address of the web view and the API [default: 127.0.0.1:7171]
    #[arg(long, env = "LOGATLAS_LISTEN")]
    listen: Option<SocketAddr>,
    /// Take one format for all --tail lines instead of detecting it per line
    #[arg(long)]
    log_format: Option<String>,
    /// Zone of times that name none, such as Europe/Madrid [default: the machine's]
    #[arg(long)]
    zone: Option<Zone>,
    /// Keep the text of every line, not only of those that fit no format
    #[arg(long)]
    keep_raw: bool,
    /// Allow plain HTTP and plain syslog on addresses that other machines reach
    #[arg(long)]
    insecure_listen: bool,
    /// Do not record this host's CPU, memory, disk and network
    #[arg(long)]
    no_host_metrics: bool,
}

impl Serve {
    pub(super) async fn run(self, global: Global) -> anyhow::Result<u8> {
        let options = self.options(global)?;
        let server = Server::start(options).await?;
        announce(&server);
        match server.run_until_stopped().await? {
            Stopped::Clean => Ok(DONE),
            Stopped::Early => Ok(STOPPED),
        }
    }

    fn options(self, global: Global) -> anyhow::Result<Options> {
        let Global { mut config, data } = global;
        config.insecure_listen |= self.insecure_listen;
        let lines = Lines {
            format: self.log_format,
            zone: self.zone,
            host: None,
            keep_raw: self.keep_raw,
        };
        if !self.tail.is_empty() {
            file::matching(&self.tail)?;
            let files = Files {
                paths: absolute(self.tail)?,
                lines: lines.clone(),
            };
            config.files.insert("tail".into(), files);
        }
        for spec in &self.syslog {
            let (kind, address) = spec.split_once(':').unwrap_or((spec, SYSLOG));
            let address: SocketAddr = address.parse().map_err(|_| {
                UsageError(format!(
                    "--syslog {spec}: {address} is no address, write 127.0.0.1:5514"
                ))
            })?;
            let mut syslog = Syslog {
                udp: None,
                tcp: None,
                lines: lines.clone(),
            };
            match kind {
                "udp" => syslog.udp = Some(address),
                "tcp" => syslog.tcp = Some(address),
                _ => return Err(UsageError(format!("--syslog {spec}: write udp or tcp")).into()),
            }
            config
                .syslog
                .insert(format!("syslog-{kind}-{}", address.port()), syslog);
        }
        config.validate()?;
        Ok(Options {
            config,
            data,
            listen: self.listen,
            stdin: self.stdin,
            is_demo: false,
            host_metrics: !self.no_host_metrics,
        })
    }
}

/// Patterns that still mean the same after the working folder is forgotten.
fn absolute(patterns: Vec<String>) -> anyhow::Result<Vec<String>> {
    let here = std::env::current_dir()?;
    let absolute = |pattern: String| -> String {
        let path: PathBuf = here.join(pattern);
        path.display().to_string()
    };
    Ok(patterns.into_iter().map(absolute).collect())
}

/// Says where everything is.
#[expect(clippy::print_stderr, reason = "this is the terminal")]
pub(super) fn announce(server: &Server) {
    eprintln!(
        "logatlas {} is at {}",
        env!("CARGO_PKG_VERSION"),
        server.url
    );
    for listener in &server.syslog {
        eprintln!("syslog at {listener}");
    }
    if let Some(secret) = &server.setup_secret {
        eprintln!(
            "first sign-in: open the page and set a password with this secret, within 15 minutes:"
        );
        eprintln!("  {secret}");
    }
    eprintln!("Ctrl-C stops it");
}
