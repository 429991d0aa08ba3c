//! `patron identity changes`: what became of customer ids, from the feed.

use std::process::ExitCode;

use clap::Args;
use proto::customer::{WatchIdentityChangesRequest, WatchIdentityChangesResponse};

use super::super::{
    OutputArgs, ServerArgs,
    watch::{self, Message, WatchArgs},
};
use crate::output::identity_changes as shown;

#[derive(Debug, Args)]
pub(in crate::cli) struct ChangesArgs {
    #[command(flatten)]
    watch: WatchArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Message for WatchIdentityChangesResponse {
    fn cursor(&self) -> &str {
        &self.cursor
    }

    fn is_change(&self) -> bool {
        self.change.is_some()
    }
}

impl ChangesArgs {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = WatchIdentityChangesRequest {
            cursor: self.watch.from,
            from_now: self.watch.from_now,
            end_when_sent: !self.watch.follow,
            changes_max: self.watch.max,
        };
        let answer = server.identity_feed().watch_identity_changes(request).await;
        let changes = answer.map_err(|status| server.error(&status))?.into_inner();
        watch::print(&server, changes, self.output.stdout(), &shown::head(), shown::row).await
    }
}
