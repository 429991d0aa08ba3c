//! `patron status` and `patron digest`.

use std::process::ExitCode;

use clap::Args;
use proto::admin::{GetDigestRequest, GetStatusRequest};

use super::{OutputArgs, ServerArgs};
use crate::output::admin;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron status\n  \
    patron status --server http://patron.shop.example:7700 --output json")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl StatusArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let answer = server.admin().get_status(GetStatusRequest {}).await.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), admin::status)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron digest\n  \
    diff <(patron digest --server http://one:7700) <(patron digest --server http://other:7700)")]
pub(super) struct DigestArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl DigestArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = GetDigestRequest::default();
        let answer = server.admin().get_digest(request).await.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), admin::digest)?;
        Ok(ExitCode::SUCCESS)
    }
}
