//! How much is folded: sizes and repetitions, as arguments.

use std::{fmt, path::PathBuf};

use clap::Parser;

/// Folds generated touchpoints as the server does, and holds the time against the sum of the primitives.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Examples:\n  projector\n  projector --uniform\n  projector --touchpoints 100000 --customers 20000 --runs 1"
)]
pub struct Plan {
    /// Touchpoints folded in each run.
    #[arg(long, default_value_t = 1_000_000)]
    pub touchpoints: u64,
    /// Customers that they are of.
    #[arg(long, default_value_t = 200_000)]
    pub customers: u64,
    /// All customers come equally often; otherwise few come often and many rarely.
    #[arg(long)]
    pub uniform: bool,
    /// Runs, each into a new state.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Where journal and states are made, in a folder of their own; default the system's folder for such.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.uniform { "who come equally often" } else { "by Zipf's law" };
        write!(out, "{} touchpoints of {} customers {how}", self.touchpoints, self.customers)
    }
}
