//! `patron dead-letters`: what could not be taken, shown, tried again, given up.

use std::{io::Write as _, process::ExitCode};

use clap::{Args, Subcommand};
use proto::ingest::{
    DeadLetterFilter, DropDeadLettersRequest, GetDeadLetterRequest, ListDeadLetterGroupsRequest,
    ListDeadLettersRequest, RedriveDeadLettersRequest,
};

use super::{OutputArgs, ServerArgs, exit};
use crate::output::dead_letters as shown;

/// Letters asked for at a time.
const PAGE_SIZE: i32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersCommand {
    /// Count the letters by reason and topic, or list each
    #[command(after_help = "Examples:\n  \
        patron dead-letters list\n  \
        patron dead-letters list --each --reason unknown_kind\n  \
        patron dead-letters list --each --topic app-events --output ndjson")]
    List(ListArgs),
    /// Show one letter with its bytes
    #[command(after_help = "Examples:\n  \
        patron dead-letters show Zk3v0Q2jRKq9d0yqC1x7Yw/3/1042\n  \
        patron dead-letters show Zk3v0Q2jRKq9d0yqC1x7Yw/3/1042 --bytes > message.json")]
    Show(ShowArgs),
    /// Take letters through the front door again, by the rules of now; what is accepted counts once
    #[command(after_help = "Examples:\n  \
        patron dead-letters redrive --reason unknown_kind\n  \
        patron dead-letters redrive Zk3v0Q2jRKq9d0yqC1x7Yw/3/1042\n  \
        patron dead-letters redrive --all")]
    Redrive(ChosenArgs),
    /// Give letters up, for good
    #[command(after_help = "Examples:\n  \
        patron dead-letters drop --topic app-events --reason null_value\n  \
        patron dead-letters drop Zk3v0Q2jRKq9d0yqC1x7Yw/3/1042")]
    Drop(ChosenArgs),
}

impl DeadLettersCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(args) => args.run().await,
            Self::Show(args) => args.run().await,
            Self::Redrive(args) => args.redrive().await,
            Self::Drop(args) => args.drop().await,
        }
    }
}

#[derive(Debug, Args)]
struct FilterArgs {
    /// Only letters of this reason
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    reason: String,
    /// Only letters from this topic
    #[arg(long, value_name = "TOPIC", default_value = "", hide_default_value = true)]
    topic: String,
}

impl FilterArgs {
    fn filter(self, ids: Vec<String>) -> Option<DeadLetterFilter> {
        Some(DeadLetterFilter { ids, reason: self.reason, topic: self.topic })
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Each letter instead of counts
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ListArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        if self.each {
            return self.list_each().await;
        }
        let server = self.server.connect().await?;
        let request = ListDeadLetterGroupsRequest { filter: self.filter.filter(Vec::new()) };
        let answer = server.dead_letters().list_dead_letter_groups(request).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), shown::groups)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn list_each(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let (filter, mut out, mut page_token) = (self.filter.filter(Vec::new()), self.output.stdout(), String::new());
        let mut listed = 0_u64;
        out.begin_list(&shown::list_head())?;
        loop {
            let request = ListDeadLettersRequest { filter: filter.clone(), page_size: PAGE_SIZE, page_token };
            let answer = server.dead_letters().list_dead_letters(request).await;
            let page = answer.map_err(|status| server.error(&status))?.into_inner();
            for letter in &page.letters {
                out.item(letter, shown::list_row)?;
                listed += 1;
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        out.end_list(&format!("{listed} letters"))?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Id of the letter
    #[arg(value_name = "ID")]
    id: String,
    /// Write the original bytes, and nothing else
    #[arg(long)]
    bytes: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ShowArgs {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect().await?;
        let answer = server.dead_letters().get_dead_letter(GetDeadLetterRequest { id: self.id }).await;
        let answer = answer.map_err(|status| server.error(&status))?.into_inner();
        if self.bytes {
            let letter = answer.letter.unwrap_or_default();
            std::io::stdout().write_all(&letter.value)?;
        } else {
            self.output.stdout().answer(&answer, shown::letter)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct ChosenArgs {
    /// Ids of letters
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All letters
    #[arg(long, conflicts_with_all = ["ids", "reason", "topic"])]
    all: bool,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ChosenArgs {
    async fn redrive(self) -> anyhow::Result<ExitCode> {
        self.check(true)?;
        let server = self.server.connect().await?;
        let request = RedriveDeadLettersRequest { filter: self.filter.filter(self.ids) };
        let answer = server.dead_letters().redrive_dead_letters(request).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        let refused = !answer.get_ref().refused.is_empty();
        self.output.stdout().answer(answer.get_ref(), shown::redriven)?;
        Ok(if refused { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS })
    }

    async fn drop(self) -> anyhow::Result<ExitCode> {
        self.check(false)?;
        let server = self.server.connect().await?;
        let request = DropDeadLettersRequest { filter: self.filter.filter(self.ids) };
        let answer = server.dead_letters().drop_dead_letters(request).await;
        let answer = answer.map_err(|status| server.error(&status))?;
        self.output.stdout().answer(answer.get_ref(), |answer| format!("dropped {}\n", answer.dropped))?;
        Ok(ExitCode::SUCCESS)
    }

    fn check(&self, all_may_be_meant: bool) -> anyhow::Result<()> {
        let chosen = !self.ids.is_empty() || !self.filter.reason.is_empty() || !self.filter.topic.is_empty();
        match (chosen, self.all) {
            (true, _) => Ok(()),
            (false, true) if all_may_be_meant => Ok(()),
            (false, true) => anyhow::bail!("dropping is final: name ids, a --reason or a --topic instead of --all"),
            (false, false) => anyhow::bail!(
                "say which letters: ids, --reason, --topic{}",
                if all_may_be_meant { ", or --all" } else { "" }
            ),
        }
    }
}
