//! The settings file `logatlas.toml`. Every key is optional; flags and `LOGATLAS_*` variables come first.
//!
//! Reading and checking touch nothing but this file: no network, no other disk access.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Where the web view and the API listen unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:7171";
/// Where syslog listens when it is on.
pub const SYSLOG: &str = "127.0.0.1:5514";

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The message names the line.
    #[error("{}: {message}", path.display())]
    Parse { path: PathBuf, message: String },
    #[error("{0}")]
    Invalid(String),
}

/// A time zone by its IANA name, such as `Europe/Madrid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(pub Tz);

impl std::str::FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let zone = name.parse().map(Self);
        zone.map_err(|_| {
            format!("{name} is no time zone; write a name such as Europe/Madrid or UTC")
        })
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0.name().to_owned()
    }
}

/// All settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Data folder.
    pub data: Option<PathBuf>,
    /// Address of the web view and the API.
    pub listen: Option<SocketAddr>,
    /// Prefix of links in pages and messages, such as `https://logs.example.org`.
    pub public_url: Option<String>,
    /// Allow plain HTTP and plain syslog on other than loopback addresses.
    pub insecure_listen: bool,
    /// Rows older than this by arrival are removed, such as `30d`; never by default.
    pub retention: Option<String>,
    /// Folder of the user's saved queries and rules (`alerts/` inside).
    pub queries_dir: Option<PathBuf>,
    /// Memory for queries in MiB.
    pub query_memory_mib: Option<usize>,
    pub geo: Geo,
    /// Sources by name.
    pub files: BTreeMap<String, Files>,
    pub syslog: BTreeMap<String, Syslog>,
    /// Where alerts go, by name.
    pub targets: crate::notify::Targets,
    /// The target that takes what another one does not.
    pub fallback_target: Option<String>,
    /// A sign of life to a service that alarms when the signs stop.
    pub heartbeat: Option<crate::alerts::heartbeat::Heartbeat>,
    /// Who owns rules, by name.
    pub teams: BTreeMap<String, crate::alerting::mute::Team>,
}

/// Geo data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Geo {
    /// MMDB files to use before the embedded ones; reread when they change.
    pub paths: Vec<PathBuf>,
}

/// Files to follow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Patterns such as `/var/log/nginx/access.log*`.
    pub paths: Vec<String>,
    #[serde(default, flatten)]
    pub lines: Lines,
}

/// A syslog listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    pub udp: Option<SocketAddr>,
    pub tcp: Option<SocketAddr>,
    #[serde(default, flatten)]
    pub lines: Lines,
}

/// How the lines of a source are read.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Lines {
    /// One format for all lines instead of detection.
    pub format: Option<String>,
    /// Zone of times that name none; the machine's by default.
    pub zone: Option<Zone>,
    /// Host of lines that name none.
    pub host: Option<String>,
    /// Keep the text of every line.
    #[serde(default)]
    pub keep_raw: bool,
}

impl Config {
    /// Reads the file; without a path, `logatlas.toml` in the current folder if it is there.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let default = Path::new("logatlas.toml");
        let path = match path {
            Some(path) => path,
            None if default.is_file() => default,
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        config.validate()?;
        Ok(config)
    }

    /// Checks what the types do not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let lines = self.files.values().map(|files| &files.lines);
        let lines = lines.chain(self.syslog.values().map(|syslog| &syslog.lines));
        for name in lines.filter_map(|lines| lines.format.as_deref()) {
            if crate::format::by_name(name).is_none() {
                let known: Vec<_> = crate::format::FORMATS.iter().map(|f| f.name()).collect();
                let known = known.join(", ");
                return Err(ConfigError::Invalid(format!(
                    "no format {name}; known are {known}"
                )));
            }
        }
        for (name, target) in &self.targets {
            let check = target.notifier().check();
            check.map_err(|what| ConfigError::Invalid(format!("targets.{name}: {what}")))?;
        }
        if let Some(heartbeat) = &self.heartbeat {
            let check = heartbeat.check();
            check.map_err(|what| ConfigError::Invalid(format!("heartbeat: {what}")))?;
        }
        let in_use = self.teams.values().flat_map(|team| &team.targets);
        for name in in_use.chain(&self.fallback_target) {
            if !self.targets.contains_key(name) {
                return Err(ConfigError::Invalid(format!(
                    "there is no target {name}: write [targets.{name}]"
                )));
            }
        }
        if let Some(retention) = &self.retention {
            parse_duration(retention).ok_or_else(|| {
                ConfigError::Invalid(format!(
                    "retention: {retention} is no time span, write 30d or 12h"
                ))
            })?;
        }
        Ok(())
    }

    /// Whether listening there without encryption is allowed.
    pub fn check_listen(&self, address: SocketAddr, allow: bool) -> Result<(), ConfigError> {
        if address.ip().is_loopback() || allow || self.insecure_listen {
            return Ok(());
        }
        Err(ConfigError::Invalid(format!(
            "{address} can be reached from other machines and the connection is not encrypted; \
             listen on 127.0.0.1 behind a TLS proxy, or say --insecure-listen"
        )))
    }
}

/// Reads `90s`, `15m`, `12h`, `30d`, `2w`.
pub fn parse_duration(text: &str) -> Option<std::time::Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|n| *n > 0)?;
    number
        .checked_mul(seconds)
        .map(std::time::Duration::from_secs)
}

/// `$XDG_DATA_HOME/logatlas`, or `~/.local/share/logatlas`.
pub fn default_data_dir() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(home)
        .unwrap_or_else(|| PathBuf::from("."))
        .join("logatlas")
}

/// `$XDG_CACHE_HOME/logatlas`, or `~/.cache/logatlas`: unpacked geo data.
pub fn cache_dir() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("logatlas")
}

/// The machine's zone, UTC when it has none.
pub fn machine_zone() -> Tz {
    iana_time_zone::get_timezone()
        .ok()
        .and_then(|name| name.parse().ok())
        .unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = toml::from_str::<Config>(text)
            .map_err(|error| error.to_string())
            .and_then(|config| config.validate().map_err(|error| error.to_string()))
            .unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        check("lisen = '127.0.0.1:1'", "unknown field `lisen`");
        check("listen = 'here'", "invalid socket address");
        check("retention = 'long'", "write 30d or 12h");
        check(
            "[files.web]\npaths = ['a']\nformat = 'nginy'",
            "no format nginy; known are",
        );
        check("[files.web]\npath = ['a']", "missing field `paths`");
        check(
            "[targets.pager]\nkind = 'pagerduty'\nrouting_key = 'short'",
            "targets.pager: routing_key has 32",
        );
        check(
            "[targets.pager]\nkind = 'pigeon'",
            "unknown variant `pigeon`",
        );
    }

    #[test]
    fn spans_of_time() {
        assert_eq!(parse_duration("15m").unwrap().as_secs(), 900);
        assert_eq!(parse_duration("2w").unwrap().as_secs(), 1_209_600);
        for bad in ["", "m", "0s", "5", "5y", "-5m", "99999999999999999999d"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn plain_text_leaves_the_machine_only_when_asked() {
        let config = Config::default();
        let outside = "0.0.0.0:7171".parse().unwrap();
        assert!(config.check_listen(outside, false).is_err());
        assert!(config.check_listen(outside, true).is_ok());
        assert!(
            config
                .check_listen("[::1]:7171".parse().unwrap(), false)
                .is_ok()
        );
    }
}
