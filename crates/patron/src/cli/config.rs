//! `patron config`: writing, checking and showing the configuration.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::up::ConfigArgs;
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
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  patron config init patron.toml")]
pub(super) struct InitArgs {
    /// File to write; one that exists is left alone
    #[arg(default_value = "patron.toml")]
    file: PathBuf,
}

impl ConfigCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
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
