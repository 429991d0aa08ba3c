//! How much is measured: sizes and repetitions, as arguments.

use std::path::PathBuf;

use clap::Parser;

/// Measures the primitives under the projector's fold path and prints a Markdown table.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:\n  speed_of_light --quick\n  speed_of_light --only timeline,copies --passes 7")]
pub struct Plan {
    /// A short run (under 30 s) with small sizes: good to see that all works, not to quote.
    #[arg(long)]
    pub quick: bool,
    /// Passes of each figure after the one that warms up; default 5 (3 with --quick).
    #[arg(long)]
    passes: Option<usize>,
    /// States in the hash maps; default 1,000,000.
    #[arg(long)]
    customers: Option<usize>,
    /// Keys of the copy check; default 2,000,000.
    #[arg(long)]
    copies: Option<usize>,
    /// Rows that lie in the database before batches are written; default 1,000,000.
    #[arg(long)]
    preload: Option<usize>,
    /// Rows of a timeline or SST file; default 400,000.
    #[arg(long)]
    timeline: Option<usize>,
    /// States in the slabs, one size after the other; default 1,000,000 and 10,000,000, which takes 5 GiB.
    #[arg(long, value_delimiter = ',')]
    slab: Vec<usize>,
    /// Records of a topic that is polled; default 500,000.
    #[arg(long)]
    records: Option<usize>,
    /// Rows of a column and ordinals of a bitmap; default 10,000,000.
    #[arg(long)]
    rows: Option<usize>,
    /// Rows that are written and compacted; default 1,000,000.
    #[arg(long)]
    compacted: Option<usize>,
    /// Kafka's brokers; without them polling is left out.
    #[arg(long, env = "PATRON_TEST_KAFKA")]
    pub brokers: Option<String>,
    /// Only these groups, by name: codec, readers, poll, fold, slab, state, aead, disk, copies, batch, wal, timeline, sst, layout,
    /// compaction, bitmaps, columns, grpc.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where databases and files are made, each run in a folder of its own; default the system's folder for such.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Rows of one write batch.
pub const BATCH_ROWS: usize = 4_096;

impl Plan {
    /// A short measurement beside a larger run: three passes over a quarter of the usual sizes.
    pub fn short() -> Self {
        let sizes = ["--passes", "3", "--customers", "250000", "--copies", "500000", "--timeline", "100000"];
        Self::parse_from(std::iter::once("short").chain(sizes))
    }

    /// Whether a group is wanted.
    pub fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == group)
    }

    /// Passes of each figure.
    pub fn passes(&self) -> usize {
        self.passes.unwrap_or(if self.quick { 3 } else { 5 })
    }

    /// States in the hash maps.
    pub fn customers(&self) -> usize {
        self.size(self.customers, 1_000_000)
    }

    /// Keys of the copy check.
    pub fn copies(&self) -> usize {
        self.size(self.copies, 2_000_000)
    }

    /// Rows loaded beforehand.
    pub fn preload(&self) -> usize {
        self.size(self.preload, 1_000_000)
    }

    /// Rows of a timeline.
    pub fn timeline(&self) -> usize {
        self.size(self.timeline, 400_000)
    }

    /// States in the slabs, one size after the other.
    pub fn slab(&self) -> Vec<usize> {
        let usual = [1_000_000, 10_000_000].map(|states| self.size(None, states));
        if self.slab.is_empty() { usual.into() } else { self.slab.clone() }
    }

    /// Records of a topic.
    pub fn records(&self) -> usize {
        self.size(self.records, 500_000)
    }

    /// Rows of a column, ordinals of a bitmap.
    pub fn rows(&self) -> usize {
        self.size(self.rows, 10_000_000)
    }

    /// Rows that are compacted.
    pub fn compacted(&self) -> usize {
        self.size(self.compacted, 1_000_000)
    }

    /// Accesses or rows of one pass over something large.
    pub fn pass_rows(&self) -> usize {
        if self.quick { 2 * BATCH_ROWS } else { 16 * BATCH_ROWS }
    }

    fn size(&self, asked: Option<usize>, usual: usize) -> usize {
        asked.unwrap_or(if self.quick { usual / 10 } else { usual })
    }
}
