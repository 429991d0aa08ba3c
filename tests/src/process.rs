//! A real `patron` process: started on free ports over a folder, asked through its command line, stopped or killed.

use std::{
    io::{BufRead, BufReader, Read, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// Longest wait for a server to come up.
const START_MAX: Duration = Duration::from_secs(60);

/// The binary of this profile, which cargo builds when the whole workspace is tested.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows itself");
    let built = test.ancestors().nth(2).map(|dir| dir.join("patron")).expect("tests lie in target/PROFILE/deps");
    assert!(
        built.exists(),
        "{} is absent; run `cargo build -p patron`, or test the whole workspace as ./dev test does",
        built.display()
    );
    built
}

/// A running `patron up`, or one of its parts; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT` of gRPC.
    pub grpc: String,
    /// `http://127.0.0.1:PORT` of metrics and health.
    pub http: String,
}

impl Server {
    /// Starts a server over a folder, on ports that are free.
    pub fn start(data_dir: &Path) -> anyhow::Result<Self> {
        Self::start_with(data_dir, &[])
    }

    /// The same with more environment variables.
    pub fn start_with(data_dir: &Path, environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut up = up(data_dir);
        up.envs(environment.iter().copied());
        Self::spawn(up)
    }

    /// Starts what [`serving`] made.
    pub fn spawn(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.spawn().context("patron")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let addresses = read_addresses(stdout);
        match addresses {
            Ok((grpc, http)) => Ok(Self { child, grpc, http }),
            Err(error) => {
                let mut said = String::new();
                child.kill().context("a server that did not start")?;
                if let Some(mut stderr) = child.stderr.take() {
                    stderr.read_to_string(&mut said)?;
                }
                bail!("{error}; it said: {said}")
            }
        }
    }

    /// Runs the command line against this server.
    pub fn run(&self, arguments: &[&str]) -> Output {
        command(arguments).env("PATRON_SERVER", &self.grpc).output().expect("patron runs")
    }

    /// Standard output of a command that must succeed.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "patron {arguments:?}: {}: {said}{complained}", output.status);
        said.into_owned()
    }

    /// The digest of the state once everything accepted is folded.
    pub fn digest(&self) -> serde_json::Value {
        self.caught_up();
        serde_json::from_str(&self.ask(&["digest", "--output", "json"])).expect("canonical JSON")
    }

    /// Waits until no shard lags.
    pub fn caught_up(&self) {
        let until = Instant::now() + Duration::from_secs(300);
        loop {
            let shards = self.shards();
            if !shards.is_empty() && shards.iter().all(|shard| shard["lag"].as_str().unwrap_or("0") == "0") {
                return;
            }
            assert!(Instant::now() < until, "still behind: {shards:?}");
            wait_a_little();
        }
    }

    /// The status of each shard.
    pub fn shards(&self) -> Vec<serde_json::Value> {
        let status: serde_json::Value = serde_json::from_str(&self.ask(&["status", "--output", "json"])).expect("JSON");
        status["shards"].as_array().cloned().unwrap_or_default()
    }

    /// A figure of the shards' status, summed over them.
    pub fn sum(&self, figure: &str) -> u64 {
        let of = |shard: &serde_json::Value| shard[figure].as_str().and_then(|text| text.parse::<u64>().ok());
        self.shards().iter().filter_map(of).sum()
    }

    /// A figure of `/metrics`, by its name and labels as they are written there; `None` while there is none.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let address = self.http.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it answers");
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        said.lines().find_map(value)
    }

    /// Kills it without a word, as a power failure of the process would.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }

    /// Asks it to end with SIGTERM and waits.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().expect("it ended")
    }

    /// Sends it a signal by name: `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill runs").success());
    }

    /// Number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().expect("it ended");
        }
    }
}

/// `patron` with arguments, free of settings in the environment of the test.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PATRON_")) {
        command.env_remove(name);
    }
    command
}

/// `patron up` over a folder on free ports, with its output piped.
pub fn up(data_dir: &Path) -> Command {
    let mut command = serving("up");
    command.arg("--data-dir").arg(data_dir);
    command
}

/// `patron up`, `ingest`, `projector` or `query` on free ports, with its output piped.
pub fn serving(role: &str) -> Command {
    let mut command = command(&[role]);
    command.env("PATRON_GRPC_ADDR", "127.0.0.1:0").env("PATRON_HTTP_ADDR", "127.0.0.1:0");
    command.env("PATRON_LOG_FILTER", "warn").stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// `patron up` says `grpc http://…` and `http http://…` on standard output once it serves.
fn read_addresses(stdout: impl Read + Send + 'static) -> anyhow::Result<(String, String)> {
    let (sender, receiver) = mpsc::sync_channel(64);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody listens after the addresses, but the pipe must be drained.
            let _heard = sender.try_send(line);
        }
    });
    let (mut grpc, mut http) = (None, None);
    let until = Instant::now() + START_MAX;
    while grpc.is_none() || http.is_none() {
        let left = until.saturating_duration_since(Instant::now());
        let line = receiver.recv_timeout(left).context("patron up did not say its addresses")?;
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["grpc", address] => grpc = Some((*address).to_owned()),
            ["http", address] => http = Some((*address).to_owned()),
            _ => {}
        }
    }
    Ok((grpc.context("grpc")?, http.context("http")?))
}

/// A pause between two looks at something that has no way to tell.
#[expect(clippy::disallowed_methods, reason = "the command line has no way to wait for the thing itself")]
pub fn wait_a_little() {
    std::thread::sleep(Duration::from_millis(20));
}
