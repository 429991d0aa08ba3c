//! The command line: what can be typed, and the exit codes.
//!
//! Owns the list of commands. Never does a command's work itself: each command is a file of its own.
//!
//! A new command is a variant of `Command`, an `Args` with a `run`, and an arm in `Command::run`.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::{
    client::{DEFAULT_SERVER, Server, ServerError},
    output::{Format, Output},
};

mod admin;
mod checkpoint;
mod config;
mod customer;
mod dead_letters;
mod definitions;
mod demo;
mod doctor;
mod exit;
mod export;
mod generate;
mod identity;
mod import;
mod rebuild;
mod segment;
mod up;
mod verify;
mod watch;

#[cfg(test)]
mod tests;

/// Patron: one view of each customer, from all that happened.
#[derive(Debug, Parser)]
#[command(name = "patron", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all of Patron in this process, on the embedded journal or on Kafka
    Up(up::UpArgs),
    /// Run the front doors alone: gRPC, and raw topics of Kafka
    Ingest(up::IngestArgs),
    /// Run the folding alone, with the state in the data directory
    Projector(up::ProjectorArgs),
    /// Run the stateless front of reading, which asks the projectors
    Query(up::QueryArgs),
    /// Show Patron at work on a month of a small retail chain, and end
    Demo(demo::DemoArgs),
    /// Write, check or show the configuration of a process; apply and show definitions: products, stores, segments
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look at customers and what happened to them
    #[command(subcommand)]
    Customer(customer::CustomerCommand),
    /// Define segments; ask who is in one, until when, and why
    #[command(subcommand)]
    Segment(segment::SegmentCommand),
    /// Link or separate identifiers by an operator's decision; follow what becomes of customer ids
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Show, redrive or drop what could not be taken from a topic
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLettersCommand),
    /// Check that this machine, the cluster and the settings are fit for Patron
    Doctor(doctor::DoctorArgs),
    /// Show the state of the journal and of each shard
    Status(admin::StatusArgs),
    /// Scan the whole state and show its digest: equal digests mean equal state
    Digest(admin::DigestArgs),
    /// Compare the state with the journal folded again, and show what differs
    Verify(verify::VerifyArgs),
    /// Fold the journal anew beside the live state, compare, and swap them
    #[command(subcommand)]
    Rebuild(rebuild::RebuildCommand),
    /// Copy the state at one instant, and take such a copy back
    #[command(subcommand)]
    Checkpoint(checkpoint::CheckpointCommand),
    /// Import files: NDJSON of touchpoints, or CSV, white-space columns and JSON lines by a mapping
    Import(import::ImportArgs),
    /// Write all customers and timelines to files for analysts, as of one instant: Parquet or NDJSON
    Export(export::ExportArgs),
    /// Make touchpoints of a small retail chain from a seed: the same seed gives the same bytes
    Generate(generate::GenerateArgs),
}

impl Command {
    async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Up(args) => args.run().await,
            Self::Ingest(args) => args.run().await,
            Self::Projector(args) => args.run().await,
            Self::Query(args) => args.run().await,
            Self::Demo(args) => args.run().await,
            Self::Config(command) => command.run().await,
            Self::Customer(command) => command.run().await,
            Self::Segment(command) => command.run().await,
            Self::Identity(command) => command.run().await,
            Self::DeadLetters(command) => command.run().await,
            Self::Doctor(args) => args.run().await,
            Self::Status(args) => args.run().await,
            Self::Digest(args) => args.run().await,
            Self::Verify(args) => args.run().await,
            Self::Rebuild(command) => command.run().await,
            Self::Checkpoint(command) => command.run().await,
            Self::Import(args) => args.run().await,
            Self::Export(args) => args.run().await,
            Self::Generate(args) => args.run().await,
        }
    }
}

/// Longest wait for reads that are still under way when the process ends.
const END_MAX: std::time::Duration = std::time::Duration::from_secs(1);

/// Which server a command speaks to.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// Server to speak to
    #[arg(long, value_name = "URL", env = "PATRON_SERVER", default_value = DEFAULT_SERVER)]
    server: String,
}

impl ServerArgs {
    /// Connects.
    ///
    /// # Errors
    /// `ServerError` where nobody answers.
    pub async fn connect(&self) -> Result<Server, ServerError> {
        Server::connect(&self.server).await
    }
}

/// In which form a command prints.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputArgs {
    /// Form of the output
    #[arg(long, value_enum, value_name = "FORM", default_value = "table")]
    output: Format,
}

impl OutputArgs {
    /// Standard output in that form.
    pub fn stdout(self) -> Output {
        Output::stdout(self.output)
    }
}

/// Reads the arguments, does what they say, and answers how it went: 0 done, 1 failed, 2 not understood, 3 not found.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(cli.command.run());
            // A read that nobody waits for any more must not hold up the end.
            runtime.shutdown_timeout(END_MAX);
            result
        }
        Err(error) => Err(error.into()),
    };
    exit::code(result)
}
