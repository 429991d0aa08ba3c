//! `patron segment watch`: who enters and leaves, from the feed.

use std::process::ExitCode;

use clap::Args;
use proto::segment::{WatchMembershipsRequest, WatchMembershipsResponse};

use super::Ends;
use crate::{
    cli::watch::{self, Message, WatchArgs},
    output::segment,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct FollowArgs {
    /// Only these segments; all unless given
    #[arg(value_name = "SEGMENT")]
    segments: Vec<String>,
    #[command(flatten)]
    watch: WatchArgs,
    #[command(flatten)]
    ends: Ends,
}

impl Message for WatchMembershipsResponse {
    fn cursor(&self) -> &str {
        &self.cursor
    }

    fn is_change(&self) -> bool {
        self.change.is_some()
    }
}

impl FollowArgs {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.ends.server.connect().await?;
        let request = WatchMembershipsRequest {
            cursor: self.watch.from,
            from_now: self.watch.from_now,
            end_when_sent: !self.watch.follow,
            changes_max: self.watch.max,
            segments: self.segments,
        };
        let answer = server.membership_feed().watch_memberships(request).await;
        let changes = answer.map_err(|status| server.error(&status))?.into_inner();
        watch::print(&server, changes, self.ends.output.stdout(), segment::CHANGES_HEAD, segment::change).await
    }
}
