//! How much is sent and asked, as arguments.

use std::{fmt, path::PathBuf};

use clap::Parser;

/// Measures from publishing to seeing, and what a server takes and answers, all in this process.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:\n  visible\n  visible --runs 1 --rounds 200 --seconds 2")]
pub struct Plan {
    /// Touchpoints that are made beforehand; when they are used up they come again under new message ids.
    #[arg(long, default_value_t = 400_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub touchpoints: u64,
    /// Customers that they are of.
    #[arg(long, default_value_t = 80_000)]
    pub customers: u64,
    /// All customers come equally often; otherwise few come often and many rarely.
    #[arg(long)]
    pub uniform: bool,
    /// Touchpoints published and then looked for, one after the other, idle and under load.
    #[arg(long, default_value_t = 2_000)]
    pub rounds: u64,
    /// Seconds that each kind of throughput is measured.
    #[arg(long, default_value_t = 8)]
    pub seconds: u64,
    /// Runs, each of a new server.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Brokers that hold the journal; otherwise it is embedded.
    #[arg(long, value_name = "BROKERS")]
    pub kafka: Option<String>,
    /// Where data are kept, in a folder of their own; default the system's folder for such.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.uniform { "who come equally often" } else { "by Zipf's law" };
        write!(out, "touchpoints of {} customers {how}; {} rounds", self.customers, self.rounds)
    }
}
