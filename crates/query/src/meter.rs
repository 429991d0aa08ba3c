//! Names of this crate's metrics, and the only calls that move them.

use metrics::{Counter, counter};

/// Customers as of now, by where they were read from.
pub(crate) struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Lookups {
    /// Of answers: a miss is worked out.
    pub(crate) fn of_answers() -> Self {
        Self { hits: counter!("patron_query_hot_hits_total"), misses: counter!("patron_query_hot_misses_total") }
    }

    /// Of merged profiles behind answers that were worked out: a miss is read as a whole.
    pub(crate) fn of_profiles() -> Self {
        Self {
            hits: counter!("patron_query_profiles_hits_total"),
            misses: counter!("patron_query_profiles_misses_total"),
        }
    }

    /// So many were answered from memory, and so many from the state.
    pub(crate) fn answered(&self, hits: usize, misses: usize) {
        self.hits.increment(hits as u64);
        self.misses.increment(misses as u64);
    }
}
