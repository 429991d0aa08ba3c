//! `patron identity changes`: what became of customer ids, from the feed.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use proto::customer::{WatchIdentityChangesRequest, WatchIdentityChangesResponse};

use super::super::{OutputArgs, ServerArgs};
use crate::output::{Format, identity_changes as shown};

#[derive(Debug, Args)]
pub(in crate::cli) struct ChangesArgs {
    /// Go on after this cursor; from the first change unless given
    #[arg(long, value_name = "CURSOR", default_value = "", hide_default_value = true)]
    from: String,
    /// Begin now, and leave out what was before
    #[arg(long, conflicts_with = "from")]
    from_now: bool,
    /// Stay, and show changes as they come
    #[arg(long)]
    follow: bool,
    /// End after so many changes
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    max: u64,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ChangesArgs {
    /// Keep-alives are shown to programs alone: they carry the cursor and what it covers.
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let request = WatchIdentityChangesRequest {
            cursor: self.from,
            from_now: self.from_now,
            end_when_sent: !self.follow,
            changes_max: self.max,
        };
        let answer = server.identity_feed().watch_identity_changes(request).await;
        let mut changes = answer.map_err(|status| server.error(&status))?.into_inner();
        let (mut output, mut cursor) = (self.output.stdout(), String::new());
        output.begin_list(&shown::head())?;
        loop {
            let message = changes.message().await.map_err(|status| server.error(&status));
            let Some(message) = message.with_context(|| format!("the stream ended; go on with --from {cursor}"))?
            else {
                break;
            };
            cursor.clone_from(&message.cursor);
            if message.change.is_some() || output.format() != Format::Table {
                output.item::<WatchIdentityChangesResponse>(&message, shown::row)?;
                output.flush()?;
            }
        }
        output.end_list(&format!("go on with --from {cursor}"))?;
        Ok(ExitCode::SUCCESS)
    }
}
