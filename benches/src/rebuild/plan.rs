//! How much is rebuilt and resolved: sizes and repetitions, as arguments.

use std::{fmt, path::PathBuf};

use clap::Parser;

/// Holds the rebuild against the reading of the journal and the live fold, and measures who is one customer.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Examples:\n  rebuild\n  rebuild --uniform\n  rebuild --identifiers 10000000\n  rebuild --touchpoints 50000 --customers 10000 --kiosk 5000 --runs 1"
)]
pub struct Plan {
    /// Touchpoints of the journal.
    #[arg(long, default_value_t = 1_000_000)]
    pub touchpoints: u64,
    /// Customers that they are of.
    #[arg(long, default_value_t = 200_000)]
    pub customers: u64,
    /// All customers come equally often; otherwise few come often and many rarely.
    #[arg(long)]
    pub uniform: bool,
    /// Runs, each into new states.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Identifiers of the state into which links are folded, two a customer; 0 leaves this part out.
    #[arg(long, default_value_t = 1_000_000)]
    pub identifiers: u64,
    /// Cards seen at the kiosk.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub kiosk: u64,
    /// Passes over each identifier that is resolved, after the one that warms up.
    #[arg(long, default_value_t = 5)]
    pub passes: usize,
    /// Where journals and states are made, in a folder of their own; default the system's folder for such.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.uniform { "who come equally often" } else { "by Zipf's law" };
        write!(out, "{} touchpoints of {} customers {how}", self.touchpoints, self.customers)
    }
}
