//! `patron up`: all of Patron in one process, until it is told to end.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{self, Config, Overrides},
    output::{Format, Output},
    server::Server,
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
    /// Address of gRPC
    #[arg(long, value_name = "ADDR")]
    grpc_addr: Option<SocketAddr>,
    /// Address of metrics and health
    #[arg(long, value_name = "ADDR")]
    http_addr: Option<SocketAddr>,
}

impl ConfigArgs {
    /// The settings in force.
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        // A variable that is not Unicode can be none of Patron's settings.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = config::environment(variables);
        Ok(config::load(self.config.as_deref(), &environment, &self.overrides())?)
    }

    fn overrides(&self) -> Overrides {
        let given = [
            ("data_dir", self.data_dir.as_ref().map(|dir| dir.display().to_string())),
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
    PATRON_LOG_FORMAT=json patron up --grpc-addr 127.0.0.1:0 --http-addr 127.0.0.1:0")]
pub(super) struct UpArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

impl UpArgs {
    /// Says its addresses on standard output once it serves: `grpc URL` and `http URL`, a line each.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        telemetry::start_logging(&config.log)?;
        telemetry::metrics_handle()?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
        let server = Server::start(&config).await?;
        let addresses = format!("grpc http://{}\nhttp http://{}\n", server.grpc_addr(), server.http_addr());
        Output::stdout(Format::Table).text(&addresses)?;
        tracing::info!(grpc = %server.grpc_addr(), http = %server.http_addr(), data_dir = %config.data_dir.display(), "serving");
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
}
