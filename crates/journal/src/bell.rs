//! Wakes readers when a partition has grown.
//!
//! Owns: a count of rings and the waiting for the next one. Never: says what grew.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A bell that many can wait for. Take [`Bell::rings`] before looking, so that a ring in between is not missed.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl Bell {
    /// How often it has rung.
    pub(crate) fn rings(&self) -> u64 {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all that wait.
    pub(crate) fn ring(&self) {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.rung.notify_all();
    }

    /// Waits until it has rung more than `seen` times; false when `deadline` came first (`None`: never comes).
    pub(crate) fn wait_past(&self, seen: u64, deadline: Option<Instant>) -> bool {
        let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rung.wait_timeout_while(rings, left, |rings| *rings <= seen);
        let (rings, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *rings > seen
    }
}
