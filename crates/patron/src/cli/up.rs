//! `patron up`, `patron ingest`, `patron projector`, `patron query`: a process that serves until it is told to end.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{self, Config, Overrides},
    output::{Format, Output},
    server::{Reread, Role, Server},
    telemetry,
};

/// Where settings come from, beside the environment.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ConfigArgs {
    /// Configuration file; `patron config init` writes one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of journal and state
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Kafka brokers that hold the journal, HOST:PORT separated by commas
    #[arg(long, value_name = "BROKERS")]
    kafka: Option<String>,
    /// The clock of segments: wall, watermark, or fixed:2026-03-01T00:00:00Z
    #[arg(long, value_name = "CLOCK")]
    clock: Option<String>,
    /// Address of gRPC
    #[arg(long, value_name = "ADDR")]
    grpc_addr: Option<SocketAddr>,
    /// Address of metrics and health
    #[arg(long, value_name = "ADDR")]
    http_addr: Option<SocketAddr>,
}

impl ConfigArgs {
    /// The settings in force for `patron up`.
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        self.load_for(Role::All)
    }

    /// The settings in force for a process.
    pub(super) fn load_for(&self, role: Role) -> anyhow::Result<Config> {
        // A variable that is not Unicode can be none of Patron's settings.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = config::environment(variables);
        let file = self.config.as_deref();
        Ok(config::load_over(&role.defaults(), file, &environment, &self.overrides())?)
    }

    fn overrides(&self) -> Overrides {
        let given = [
            ("data_dir", self.data_dir.as_ref().map(|dir| dir.display().to_string())),
            ("kafka.brokers", self.kafka.clone()),
            ("segments.clock", self.clock.clone()),
            ("grpc.addr", self.grpc_addr.map(|addr| addr.to_string())),
            ("http.addr", self.http_addr.map(|addr| addr.to_string())),
        ];
        given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron up\n  \
    patron up --data-dir /var/lib/patron --config /etc/patron.toml\n  \
    patron up --kafka broker-1:9092,broker-2:9092\n  \
    PATRON_LOG_FORMAT=json patron up --grpc-addr 127.0.0.1:0 --http-addr 127.0.0.1:0")]
pub(super) struct UpArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron ingest --kafka broker-1:9092\n  \
    patron ingest --config /etc/patron.toml --grpc-addr 127.0.0.1:7700\n\n\
    Any number may run side by side. Raw topics are named in the configuration: patron config init shows how.")]
pub(super) struct IngestArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron projector --kafka broker-1:9092 --data-dir /var/lib/patron\n  \
    patron projector --kafka broker-1:9092 --data-dir /var/lib/patron-2 --grpc-addr 127.0.0.1:7712 --http-addr 127.0.0.1:7713\n\n\
    Each projector folds all partitions into a state of its own; a second one is a replica.")]
pub(super) struct ProjectorArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron query\n  \
    patron query --projectors http://127.0.0.1:7710,http://127.0.0.1:7712\n\n\
    Any number may run side by side; none has a state.")]
pub(super) struct QueryArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// URLs of the projectors to ask, separated by commas; each holds all customers
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    projectors: Vec<String>,
}

impl UpArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        serve(&self.config.load()?, Role::All, self.config).await
    }
}

impl IngestArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        serve(&self.config.load_for(Role::Ingest)?, Role::Ingest, self.config).await
    }
}

impl ProjectorArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        serve(&self.config.load_for(Role::Projector)?, Role::Projector, self.config).await
    }
}

impl QueryArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut config = self.config.load_for(Role::Query)?;
        if !self.projectors.is_empty() {
            config.query.projectors = self.projectors;
        }
        serve(&config, Role::Query, self.config).await
    }
}

/// Says its addresses on standard output once it serves: `grpc URL` and `http URL`, a line each. `source` is where the
/// configuration came from.
async fn serve(config: &Config, role: Role, source: ConfigArgs) -> anyhow::Result<ExitCode> {
    telemetry::start_logging(&config.log)?;
    telemetry::metrics_handle()?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let reread: Reread = Arc::new(move || source.load_for(role));
    let server = tokio::select! {
        started = Server::start_from(config, role, reread) => started?,
        // A start may wait for a cluster; whoever ends it need not.
        _ = terminate.recv() => {
            tracing::info!("SIGTERM: ending before the start was done; nothing was accepted");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let addresses = format!("grpc http://{}\nhttp http://{}\n", server.grpc_addr(), server.http_addr());
    Output::stdout(Format::Table).text(&addresses)?;
    tracing::info!(grpc = %server.grpc_addr(), http = %server.http_addr(), role = role.name(), "serving");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: ending"),
        heard = tokio::signal::ctrl_c() => {
            heard.context("Ctrl-C cannot be heard")?;
            tracing::info!("Ctrl-C: ending");
        }
    }
    server.stop().await?;
    tracing::info!("ended; everything accepted is durable");
    Ok(ExitCode::SUCCESS)
}
