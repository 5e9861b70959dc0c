//! Runs the real binary on a data folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A data folder and the programs run on it.
pub(crate) struct Home {
    dir: tempfile::TempDir,
    /// The data folder.
    pub(crate) data: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Self { dir, data }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file beside the data folder and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logatlas"));
        command
            .current_dir(self.dir.path())
            .env("TZ", "UTC")
            .env_remove("LOGATLAS_CONFIG")
            .arg("--data")
            .arg(&self.data)
            .args(args);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that has to succeed and returns what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{args:?}: {}\n{errors}",
            output.status
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that has to fail and returns its exit code and what it said.
    #[track_caller]
    pub(crate) fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        assert!(
            !output.status.success(),
            "{args:?} succeeded: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    /// The rows of a question, as objects.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> Vec<Value> {
        let text = self.ok(&["sql", "-f", "json", sql]);
        serde_json::from_str(&text).unwrap()
    }

    /// The only number of a question.
    #[track_caller]
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let rows = self.sql(sql);
        rows[0]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_i64()
            .unwrap()
    }

    /// Starts the server with a file as its standard input.
    pub(crate) fn serve_stdin(&self, input: &Path) -> Server {
        let args = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--no-host-metrics",
            "--stdin",
        ];
        let mut command = self.command(&args);
        command.stdin(std::fs::File::open(input).unwrap());
        Server::start(command)
    }

    /// Starts the server on ports of its own.
    pub(crate) fn serve(&self, args: &[&str]) -> Server {
        self.serve_with(args, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn serve_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Server {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--no-host-metrics"];
        all.extend(args);
        let mut command = self.command(&all);
        command.stdin(Stdio::null()).envs(variables.iter().copied());
        Server::start(command)
    }
}

/// A server that was started; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    /// `udp:127.0.0.1:40000`
    pub(crate) syslog: Vec<String>,
    /// What it says, line by line.
    said: mpsc::Receiver<String>,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut server = Self {
            child,
            url: String::new(),
            syslog: Vec::new(),
            said,
        };
        let mut lines = Vec::new();
        loop {
            let line = server.said.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("the server does not start: {lines:#?}"));
            if let Some((_, url)) = line.split_once(" is at ") {
                server.url = url.to_owned();
            } else if let Some(address) = line.strip_prefix("syslog at ") {
                server.syslog.push(address.to_owned());
            }
            let is_last = line == "Ctrl-C stops it";
            lines.push(line);
            if is_last {
                return server;
            }
        }
    }

    /// Waits for the program to end by itself.
    pub(crate) fn wait(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// What it said since it started.
    pub(crate) fn said_so_far(&self) -> Vec<String> {
        self.said.try_iter().collect()
    }

    /// `kill -9`
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ctrl-C, and the exit code.
    pub(crate) fn interrupt(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Speaks to a server's API with a token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    pub(crate) fn new(home: &Home, server: &Server, scope: &str) -> Self {
        let token = home
            .ok(&["token", "new", "--scope", scope])
            .trim()
            .to_owned();
        Self {
            http: reqwest::Client::new(),
            url: server.url.clone(),
            token,
        }
    }

    /// The same token at another server of the same data.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self {
            url: server.url.clone(),
            ..self.clone()
        }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http
            .get(format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }

    /// Sends lines; true when they were acknowledged.
    pub(crate) async fn lines(&self, body: String) -> bool {
        let sent = self.post("/api/v1/ingest/lines").body(body).send().await;
        sent.is_ok_and(|response| response.status().is_success())
    }

    /// The only number of a question.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let response = self
            .post("/api/v1/sql")
            .json(&json!({"sql": sql, "format": "json"}))
            .send()
            .await
            .unwrap();
        let rows: Value = response.json().await.unwrap();
        rows[0]
            .as_object()
            .unwrap_or_else(|| panic!("{sql}: {rows}"))
            .values()
            .next()
            .unwrap()
            .as_i64()
            .unwrap()
    }

    /// Asks until the answer is the number, and returns how long that took.
    pub(crate) async fn until(&self, sql: &str, expected: i64) -> Duration {
        let start = Instant::now();
        let mut found = self.number(sql).await;
        while found != expected {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "{sql}: {found} instead of {expected}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
            found = self.number(sql).await;
        }
        start.elapsed()
    }
}

/// An access log line with a number in its path.
pub(crate) fn access_line(n: usize, ip: &str, status: u16, at_us: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(at_us)
        .unwrap()
        .format("%d/%b/%Y:%H:%M:%S +0000");
    format!("{ip} - - [{time}] \"GET /item/{n} HTTP/1.1\" {status} 512 \"-\" \"curl/8.5.0\"\n")
}

/// Whether the tests run as root, to whom permissions mean nothing.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

/// Now, in microseconds.
pub(crate) fn now_us() -> i64 {
    logatlas::time::now_us()
}

/// A path as the text of an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
