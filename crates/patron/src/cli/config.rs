//! `patron config`: writing, checking and showing the configuration of a process, and the definitions that all processes share.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{definitions, up::ConfigArgs};
use crate::{
    config::TEMPLATE,
    output::{Format, Output},
};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Write a file with every setting and its default
    Init(InitArgs),
    /// Check the settings, and say what is wrong
    #[command(after_help = "Example:\n  patron config check --config patron.toml")]
    Check(ConfigArgs),
    /// Show the settings in force, secrets masked
    #[command(after_help = "Example:\n  PATRON_GRPC_ADDR=127.0.0.1:9000 patron config show --config patron.toml")]
    Show(ConfigArgs),
    /// Apply definitions: products, stores and segments, from TOML or CSV
    Apply(definitions::ApplyArgs),
    /// Show what applying files would change, and what is wrong with them
    Diff(definitions::DiffArgs),
    /// Show what was applied, by whom, when and why: all sets, or the versions of one definition
    History(definitions::HistoryArgs),
    /// List what is defined
    List(definitions::ListArgs),
    /// Show one definition
    Get(definitions::GetArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  patron config init patron.toml")]
pub(super) struct InitArgs {
    /// File to write; one that exists is left alone
    #[arg(default_value = "patron.toml")]
    file: PathBuf,
}

impl ConfigCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut out = Output::stdout(Format::Table);
        match self {
            Self::Init(args) => {
                write_template(&args.file)?;
                out.text(&format!("wrote {}\n", args.file.display()))?;
            }
            Self::Check(args) => {
                args.load()?;
                out.text("the configuration is good\n")?;
            }
            Self::Show(args) => out.text(&args.load()?.to_masked_toml())?,
            Self::Apply(args) => return args.run().await,
            Self::Diff(args) => return args.run().await,
            Self::History(args) => return args.run().await,
            Self::List(args) => return args.run().await,
            Self::Get(args) => return args.run().await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn write_template(file: &std::path::Path) -> anyhow::Result<()> {
    let created = std::fs::File::options().write(true).create_new(true).open(file);
    let mut created = created
        .with_context(|| format!("{} cannot be created; name a file that does not exist yet", file.display()))?;
    created.write_all(TEMPLATE.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
}
