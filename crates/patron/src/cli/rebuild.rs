//! `patron rebuild`: a new generation of the state, from its start to its promotion and back.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use proto::admin::{
    AbortRebuildRequest, DiffRebuildRequest, FinishRebuildRequest, GetRebuildRequest, PromoteRebuildRequest,
    RollbackRebuildRequest, StartRebuildRequest,
};

use super::{OutputArgs, ServerArgs};
use crate::{
    config::{self, Overrides},
    output::rebuild as shown,
};

#[derive(Debug, Subcommand)]
pub(super) enum RebuildCommand {
    /// Begin a new generation: fold the journal from its beginning, beside the live state
    #[command(after_help = "Examples:\n  \
        patron rebuild start --config new.toml\n  \
        patron rebuild start --server http://127.0.0.1:7710\n\n\
        A projector is asked at its own address, each replica by itself; patron query does not pass this on.")]
    Start(StartArgs),
    /// Show which generations there are and how far each is
    #[command(after_help = "Example:\n  patron rebuild status --output json")]
    Status(OnlyArgs),
    /// Compare the customers of the live generation with those of the new one
    #[command(after_help = "Examples:\n  \
        patron rebuild diff\n  \
        patron rebuild diff --examples 200 --output json")]
    Diff(DiffArgs),
    /// Serve the new generation from now on; the one before stays and keeps folding
    #[command(after_help = "Examples:\n  \
        patron rebuild promote\n  \
        patron rebuild promote --wait 600")]
    Promote(SwitchArgs),
    /// Serve the previous generation again; the one served until now stays and keeps folding
    #[command(after_help = "Example:\n  patron rebuild rollback")]
    Rollback(SwitchArgs),
    /// Drop the generation that is being built
    #[command(after_help = "Example:\n  patron rebuild abort")]
    Abort(OnlyArgs),
    /// Drop the previous generation; there is no way back afterwards
    #[command(after_help = "Example:\n  patron rebuild finish")]
    Finish(OnlyArgs),
}

#[derive(Debug, Args)]
pub(super) struct OnlyArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// Configuration file whose section `identity` the new generation follows; without it, the rules of the live one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    only: OnlyArgs,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Most examples of customers that differ, at most 1000
    #[arg(long, value_name = "N", default_value_t = 20)]
    examples: u32,
    #[command(flatten)]
    only: OnlyArgs,
}

#[derive(Debug, Args)]
pub(super) struct SwitchArgs {
    /// Most records that it may be behind the journal
    #[arg(long, value_name = "RECORDS", default_value_t = 1_000)]
    lag_max: u64,
    /// Seconds to wait for that
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    wait: u32,
    /// However far it is behind
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    only: OnlyArgs,
}

impl RebuildCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Start(args) => args.run().await?,
            Self::Status(args) => args.status().await?,
            Self::Diff(args) => args.run().await?,
            Self::Promote(args) => args.promote().await?,
            Self::Rollback(args) => args.rollback().await?,
            Self::Abort(args) => args.abort().await?,
            Self::Finish(args) => args.finish().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl StartArgs {
    async fn run(self) -> anyhow::Result<()> {
        let rules = match &self.config {
            // The file alone: what this shell's environment says need not be what the server's next start finds.
            Some(file) => {
                let config = config::load(Some(file), &Overrides::new(), &Overrides::new())?;
                store::rules::to_text(&config.rules())
            }
            None => String::new(),
        };
        let server = self.only.server.connect().await?;
        let answer = server.rebuilds().start_rebuild(StartRebuildRequest { rules }).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        Ok(self.only.output.stdout().answer(answer.get_ref(), shown::started)?)
    }
}

impl DiffArgs {
    async fn run(self) -> anyhow::Result<()> {
        let server = self.only.server.connect().await?;
        let answer = server.rebuilds().diff_rebuild(DiffRebuildRequest { examples_max: self.examples }).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        Ok(self.only.output.stdout().answer(answer.get_ref(), shown::diff)?)
    }
}

impl SwitchArgs {
    fn waiting(&self) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds: i64::from(self.wait), nanos: 0 })
    }

    async fn promote(self) -> anyhow::Result<()> {
        let request = PromoteRebuildRequest { lag_max: self.lag_max, wait: self.waiting(), force: self.force };
        let server = self.only.server.connect().await?;
        let answer = server.rebuilds().promote_rebuild(request).await.map_err(|status| server.error(&status))?;
        Ok(self.only.output.stdout().answer(answer.get_ref(), shown::promoted)?)
    }

    async fn rollback(self) -> anyhow::Result<()> {
        let request = RollbackRebuildRequest { lag_max: self.lag_max, wait: self.waiting(), force: self.force };
        let server = self.only.server.connect().await?;
        let answer = server.rebuilds().rollback_rebuild(request).await.map_err(|status| server.error(&status))?;
        Ok(self.only.output.stdout().answer(answer.get_ref(), shown::rolled_back)?)
    }
}

impl OnlyArgs {
    async fn status(self) -> anyhow::Result<()> {
        let server = self.server.connect().await?;
        let answer = server.rebuilds().get_rebuild(GetRebuildRequest {}).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        Ok(self.output.stdout().answer(answer.get_ref(), |answer| shown::rebuild(answer.rebuild.as_ref()))?)
    }

    async fn abort(self) -> anyhow::Result<()> {
        let server = self.server.connect().await?;
        let answer = server.rebuilds().abort_rebuild(AbortRebuildRequest {}).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        Ok(self.output.stdout().answer(answer.get_ref(), |answer| shown::rebuild(answer.rebuild.as_ref()))?)
    }

    async fn finish(self) -> anyhow::Result<()> {
        let server = self.server.connect().await?;
        let answer = server.rebuilds().finish_rebuild(FinishRebuildRequest {}).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        Ok(self.output.stdout().answer(answer.get_ref(), |answer| shown::rebuild(answer.rebuild.as_ref()))?)
    }
}
