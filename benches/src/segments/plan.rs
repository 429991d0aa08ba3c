//! How much is sent, counted and due: sizes and repetitions, as arguments.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures what live segments cost beside each touchpoint, counts, and how soon deadlines are told, all in this process.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Examples:\n  segments\n  segments --quick\n  segments --only deadlines --deadlines 1000000 --runs 1\n  segments --only cost --segments 0,500,5000\n  segments --only cost --segments 500,5000 --broad 500"
)]
pub struct Plan {
    /// Small sizes: to see that it works, not to quote.
    #[arg(long)]
    pub quick: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<Part>,
    /// Cost: numbers of live segments.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 10, 500, 5_000])]
    pub segments: Vec<usize>,
    /// Cost: as many of them have a dozen forms; those beyond ask for one product each. Default: all.
    #[arg(long)]
    pub broad: Option<usize>,
    /// Cost: touchpoints of the ninety days before, there when the segments are defined.
    #[arg(long, default_value_t = 200_000)]
    pub history: u64,
    /// Cost: touchpoints that are measured, each dated when it is sent.
    #[arg(long, default_value_t = 100_000)]
    pub touchpoints: u64,
    /// Cost: customers that they are of.
    #[arg(long, default_value_t = 60_000)]
    pub customers: u64,
    /// Count: customers that are counted, two touchpoints each.
    #[arg(long, default_value_t = 1_000_000)]
    pub population: usize,
    /// Deadlines: how many come within one second.
    #[arg(long, default_value_t = 1_000_000)]
    pub deadlines: usize,
    /// Deadlines: how many come each second of the steady stream.
    #[arg(long, default_value_t = 20_000)]
    pub rate: usize,
    /// Deadlines: seconds of the steady stream.
    #[arg(long, default_value_t = 20)]
    pub seconds: usize,
    /// Deadlines: touchpoints offered each second meanwhile.
    #[arg(long, default_value_t = 2_000)]
    pub beside: usize,
    /// Deadlines: microseconds for each customer to be told before the first deadline; besides ten seconds.
    #[arg(long, default_value_t = 450)]
    pub lead: u64,

    /// Deadlines of one second: the server ends one second before the first, and starts anew
    #[arg(long)]
    pub restart: bool,
    /// Runs, each of new servers.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Where data are kept, in a folder of their own; default the system's folder for such.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// A part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// What segments cost beside each touchpoint, in memory and on disk.
    Cost,
    /// Counts of expressions, and telling a new segment.
    Count,
    /// Deadlines.
    Deadlines,
}

impl Plan {
    /// The sizes that hold.
    #[must_use]
    pub fn sized(mut self) -> Self {
        if self.quick {
            (self.history, self.touchpoints, self.customers, self.population) = (6_000, 4_000, 2_000, 20_000);
            (self.deadlines, self.rate, self.seconds, self.runs) = (50_000, 5_000, 4, 1);
        }
        self
    }

    pub(super) fn does(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}
