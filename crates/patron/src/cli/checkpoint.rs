//! `patron checkpoint`: copies of the state, made while it is served and taken back while it is not.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use proto::admin::{CreateCheckpointRequest, ListCheckpointsRequest};

use super::{OutputArgs, ServerArgs, up::ConfigArgs};
use crate::{
    output::{Format, Output, checkpoint as shown},
    server::restore,
};

#[derive(Debug, Subcommand)]
pub(super) enum CheckpointCommand {
    /// Copy the state of a running server as it is now
    #[command(after_help = "Examples:\n  \
        patron checkpoint create\n  \
        patron checkpoint create before-upgrade --server http://127.0.0.1:7710\n\n\
        It lies in the server's data directory, below checkpoints. A projector is asked at its own address; patron query does \
        not pass this on.")]
    Create(CreateArgs),
    /// Show the checkpoints of a running server
    #[command(after_help = "Example:\n  patron checkpoint list --output json")]
    List(ListArgs),
    /// Make a checkpoint the state of a stopped server; the next start folds what came after it
    #[command(after_help = "Examples:\n  \
        patron checkpoint restore before-upgrade --data-dir /var/lib/patron\n  \
        patron checkpoint restore before-upgrade --config /etc/patron.toml\n\n\
        Give the settings that the server is started with. The journal is not changed: nothing that was accepted is lost.")]
    Restore(RestoreArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Name of the checkpoint: letters, digits, `-`, `_` and `.`; the time where it is left out
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Name of the checkpoint; its directory below checkpoints in the data directory
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    config: ConfigArgs,
}

impl CheckpointCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(args) => args.run().await?,
            Self::List(args) => args.run().await?,
            Self::Restore(args) => args.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl CreateArgs {
    async fn run(self) -> anyhow::Result<()> {
        let server = self.server.connect().await?;
        let request = CreateCheckpointRequest { name: self.name.unwrap_or_default() };
        let answer = server.checkpoints().create_checkpoint(request).await.map_err(|status| server.error(&status))?;
        Ok(self.output.stdout().answer(answer.get_ref(), shown::created)?)
    }
}

impl ListArgs {
    async fn run(self) -> anyhow::Result<()> {
        let server = self.server.connect().await?;
        let answer = server.checkpoints().list_checkpoints(ListCheckpointsRequest {}).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        Ok(self.output.stdout().answer(answer.get_ref(), shown::list)?)
    }
}

impl RestoreArgs {
    async fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        let name = self.name.clone();
        let restored = tokio::task::spawn_blocking(move || restore(&config, &name)).await.context("it broke off")??;
        Output::stdout(Format::Table).text(&format!(
            "Checkpoint {} is the live state now, as generation {}. The next start folds {} records that came after it.\n",
            self.name, restored.generation, restored.records_behind
        ))?;
        Ok(())
    }
}
