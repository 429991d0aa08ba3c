//! Names of this crate's metrics, and the only calls that move them.

use metrics::{Counter, counter};

/// Look-ups of one customer as of now, by where they were answered from.
pub(crate) struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { hits: counter!("patron_query_hot_hits_total"), misses: counter!("patron_query_hot_misses_total") }
    }
}

impl Lookups {
    /// So many were answered from memory, and so many from the state.
    pub(crate) fn answered(&self, hits: usize, misses: usize) {
        self.hits.increment(hits as u64);
        self.misses.increment(misses as u64);
    }
}
