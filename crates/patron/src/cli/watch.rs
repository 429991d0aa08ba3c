//! What following a feed has in common: from where to where, and how it is printed.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use proto::json::Named;
use tonic::Streaming;

use crate::{
    client::Server,
    output::{Format, Output},
};

/// From where to where.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Go on after this cursor; from the first change unless given
    #[arg(long, value_name = "CURSOR", default_value = "", hide_default_value = true)]
    pub(super) from: String,
    /// Begin now, and leave out what was before
    #[arg(long, conflicts_with = "from")]
    pub(super) from_now: bool,
    /// Stay, and show changes as they come
    #[arg(long)]
    pub(super) follow: bool,
    /// End after so many changes
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) max: u64,
}

/// A message of a feed: a change or a keep-alive, and where to go on.
pub(super) trait Message: Named {
    /// The cursor behind it.
    fn cursor(&self) -> &str;

    /// Whether it is a change.
    fn is_change(&self) -> bool;
}

/// Prints a stream to its end. Keep-alives are shown to programs alone: they carry the cursor and what it covers.
pub(super) async fn print<M: Message>(
    server: &Server,
    mut messages: Streaming<M>,
    mut output: Output,
    head: &str,
    row: fn(&M) -> String,
) -> anyhow::Result<ExitCode> {
    let mut cursor = String::new();
    output.begin_list(head)?;
    loop {
        let message = messages.message().await.map_err(|status| server.error(&status));
        let Some(message) = message.with_context(|| format!("the stream ended; go on with --from {cursor}"))? else {
            break;
        };
        message.cursor().clone_into(&mut cursor);
        if message.is_change() || output.format() != Format::Table {
            output.item(&message, row)?;
            output.flush()?;
        }
    }
    output.end_list(&format!("go on with --from {cursor}"))?;
    Ok(ExitCode::SUCCESS)
}
