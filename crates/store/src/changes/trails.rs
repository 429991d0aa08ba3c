//! Which months and orders of a fragment were written lately: whoever keeps what it read of a fragment reads only those again.
//!
//! Owns that no write shows in a snapshot before its rows stand here. Knows fragments that somebody asked about, so many rows of each
//! and so many fragments; what it no longer knows it does not make up.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use quick_cache::sync::Cache;
use types::{FragmentId, OrderKey, time::Month};

use super::{Stamp, held};

/// A row of a fragment beside its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// Activity of a month.
    Month(Month),
    /// What is known of an order.
    Order(OrderKey),
}

/// Most rows of one fragment.
pub(super) const ROWS_MAX: usize = 32;
/// What a fragment takes at most, with its place in the memory.
pub(super) const TRAIL_BYTES: usize = size_of::<Trail>() + ROWS_MAX * size_of::<(Row, u64)>() + 100;

/// What was written of the fragments that were asked about lately.
#[derive(Debug)]
pub struct Trails {
    /// The last write that has begun to leave its rows here.
    begun: AtomicU64,
    /// The last write that may be about anybody's.
    of_all: AtomicU64,
    held: Cache<FragmentId, Arc<Mutex<Trail>>>,
}

/// What was written of one fragment.
#[derive(Debug)]
struct Trail {
    /// The last write whose rows may be missing.
    since: u64,
    /// Rows, each once, with the last write of each.
    rows: Vec<(Row, u64)>,
}

impl Trails {
    /// Nothing yet, in at most so many bytes. Behind a write that is complete.
    pub(super) fn new(bytes_max: usize, complete: u64) -> Self {
        let (begun, of_all) = (AtomicU64::new(complete), AtomicU64::new(complete));
        Self { begun, of_all, held: Cache::new((bytes_max / TRAIL_BYTES).max(1)) }
    }

    /// The rows of a fragment that were written since a stamp, of the writes that a snapshot taken before this call may show;
    /// `None` if that is not known. Then it is from now on, for stamps that are taken later.
    pub fn since(&self, fragment: FragmentId, stamp: Stamp) -> Option<Vec<Row>> {
        let trail = self.held.get(&fragment).or_else(|| self.begin(fragment))?;
        let trail = held(&trail);
        if trail.since.max(self.of_all.load(Ordering::SeqCst)) > stamp.0 {
            return None;
        }
        Some(trail.rows.iter().filter(|(_, number)| *number > stamp.0).map(|(row, _)| *row).collect())
    }

    /// The trail of a fragment that writes find from now on; one that has begun already may have missed it. `None` where it is gone again,
    /// or where another thread is still putting it there: it has it before it is to be found.
    fn begin(&self, fragment: FragmentId) -> Option<Arc<Mutex<Trail>>> {
        let Ok(_) = self.held.get_or_insert_with(&fragment, || Ok::<_, Infallible>(Arc::default()));
        let trail = self.held.get(&fragment)?;
        {
            let mut trail = held(&trail);
            trail.since = trail.since.min(self.begun.load(Ordering::SeqCst));
        }
        Some(trail)
    }

    /// Leaves the rows of a write that no snapshot shows yet.
    pub(super) fn tell(&self, number: u64, rows: impl Iterator<Item = (FragmentId, Row)>) {
        self.begun.store(number, Ordering::SeqCst);
        if self.held.is_empty() {
            return;
        }
        for (fragment, row) in rows {
            if let Some(trail) = self.held.peek(&fragment) {
                held(&trail).add(row, number);
            }
        }
    }

    /// Nothing is known of what a write that no snapshot shows yet is about.
    pub(super) fn tell_of_all(&self, number: u64) {
        self.begun.store(number, Ordering::SeqCst);
        self.of_all.store(number, Ordering::SeqCst);
    }
}

impl Default for Trail {
    /// Of which nothing is known.
    fn default() -> Self {
        Self { since: u64::MAX, rows: Vec::new() }
    }
}

impl Trail {
    fn add(&mut self, row: Row, number: u64) {
        if let Some(known) = self.rows.iter_mut().find(|(known, _)| *known == row) {
            known.1 = number;
            return;
        }
        if self.rows.len() == ROWS_MAX {
            self.forget_half();
        }
        self.rows.push((row, number));
    }

    /// Forgets the rows that were written first.
    fn forget_half(&mut self) {
        self.rows.sort_unstable_by_key(|(_, number)| *number);
        let forgotten = self.rows.drain(..ROWS_MAX / 2).next_back();
        self.since = forgotten.map_or(self.since, |(_, number)| number.max(self.since));
    }
}
