//! What was written lately, in memory alone: so that what is remembered of a snapshot can be told from what has changed since.
//!
//! Owns that no write shows in a snapshot before it shows here: whoever takes a `Stamp`, then a snapshot, and later finds a subject
//! unchanged since the stamp, may use what it worked out from the snapshot as if it read again. Knows keys, not rows: their first
//! sixteen bytes, which are an identifier's id or a fragment's.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use types::FragmentId;

use crate::family::{Decisions, Family as _, Fragments, Incidence};

mod trails;

pub use trails::{Row, Trails};

/// An identifier's or a fragment's id, as keys begin with it.
pub type Subject = [u8; 16];

/// Families whose rows say who somebody is, or change whenever what is known of somebody does.
pub(crate) const FOLLOWED: [&str; 3] = [Fragments::NAME, Incidence::NAME, Decisions::NAME];

/// Places in which writes leave their number; subjects share them by chance, and then one seems changed by the other's write.
const PLACES: usize = 1 << 20;
/// Most changed subjects that are kept for a follower; with more it is told to begin anew.
const KEPT_MAX: usize = 1_000_000;

/// How many writes were complete at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u64);

/// Numbers the writes of one state.
pub(crate) struct Changes {
    /// Held by a write from before its number is left until it is complete.
    writing: Mutex<()>,
    complete: AtomicU64,
    /// The last write that did not say whom it was about.
    of_all: AtomicU64,
    places: Box<[AtomicU64]>,
    followers: Mutex<Vec<Weak<Mutex<Kept>>>>,
    trails: Mutex<Vec<Weak<Trails>>>,
}

/// Remembers which subjects change, for one who works out again what depends on them.
#[derive(Debug)]
pub struct Follower(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// The last write of each.
    changed: HashMap<Subject, u64>,
    /// Whether there were too many to keep.
    overflown: bool,
}

impl Default for Changes {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Self {
            writing: Mutex::default(),
            complete: AtomicU64::new(0),
            of_all: AtomicU64::new(0),
            places,
            followers: Mutex::default(),
            trails: Mutex::default(),
        }
    }
}

impl Changes {
    /// To be taken before the snapshot that something is worked out from.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(self.complete.load(Ordering::SeqCst))
    }

    /// Whether no write since then, of those that a snapshot of now shows, was about any of these subjects.
    pub(crate) fn unchanged<'a>(&self, since: Stamp, subjects: impl IntoIterator<Item = &'a Subject>) -> bool {
        self.of_all.load(Ordering::SeqCst) <= since.0
            && subjects.into_iter().all(|subject| self.place(subject).load(Ordering::SeqCst) <= since.0)
    }

    /// Waits for the write under way: it may have told its subjects before there was a follower, and show after.
    pub(crate) fn follow(&self) -> Follower {
        let _writing = held(&self.writing);
        let kept = Arc::new(Mutex::default());
        held(&self.followers).push(Arc::downgrade(&kept));
        Follower(kept)
    }

    /// Trails in at most so many bytes. Waits for the write under way, as a follower does.
    pub(crate) fn trails(&self, bytes_max: usize) -> Arc<Trails> {
        let _writing = held(&self.writing);
        let trails = Arc::new(Trails::new(bytes_max, self.complete.load(Ordering::SeqCst)));
        held(&self.trails).push(Arc::downgrade(&trails));
        trails
    }

    /// Does a write, and leaves its number with its subjects and with months and orders before any snapshot can show it. An answer
    /// depends on a fragment by its row: whoever writes these writes that as well.
    pub(crate) fn write<T>(
        &self,
        subjects: &[Subject],
        rows: impl IntoIterator<Item = (FragmentId, Row)> + Clone,
        write: impl FnOnce() -> T,
    ) -> T {
        if subjects.is_empty() && rows.clone().into_iter().next().is_none() {
            return write();
        }
        let _writing = held(&self.writing);
        let number = self.complete.load(Ordering::SeqCst) + 1;
        subjects.iter().for_each(|subject| self.place(subject).store(number, Ordering::SeqCst));
        self.tell(subjects, number);
        self.each_trails(|trails| trails.tell(number, rows.clone().into_iter()));
        let written = write();
        self.complete.store(number, Ordering::SeqCst);
        written
    }

    /// Does a write that may be about anybody: everything remembered is changed by it, and every follower begins anew.
    pub(crate) fn write_of_all<T>(&self, write: impl FnOnce() -> T) -> T {
        let _writing = held(&self.writing);
        let number = self.complete.load(Ordering::SeqCst) + 1;
        self.of_all.store(number, Ordering::SeqCst);
        held(&self.followers).iter().filter_map(Weak::upgrade).for_each(|kept| held(&kept).overflow());
        self.each_trails(|trails| trails.tell_of_all(number));
        let written = write();
        self.complete.store(number, Ordering::SeqCst);
        written
    }

    fn tell(&self, subjects: &[Subject], number: u64) {
        held(&self.followers).retain(|follower| {
            let follower = follower.upgrade();
            follower.iter().for_each(|kept| held(kept).add(subjects, number));
            follower.is_some()
        });
    }

    fn each_trails(&self, each: impl Fn(&Trails)) {
        held(&self.trails).retain(|trails| {
            let trails = trails.upgrade();
            trails.iter().for_each(|trails| each(trails));
            trails.is_some()
        });
    }

    fn place(&self, subject: &Subject) -> &AtomicU64 {
        // The bytes are a hash's. The number of places is a power of two.
        let first = subject.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let place = usize::try_from(first % PLACES as u64).unwrap_or_default();
        self.places.get(place).expect("a place below their number")
    }
}

impl Follower {
    /// Whether nothing is kept that is still to be told, of the writes that a snapshot taken before this call may show.
    pub fn is_quiet(&self) -> bool {
        let kept = held(&self.0);
        !kept.overflown && kept.changed.is_empty()
    }

    /// What has changed, of the writes that a snapshot taken after `stamp`, and before this call, may show; `None` if that was
    /// too much to keep, and everything has to be worked out anew. What the stamp covers is told once; the rest again the next time.
    pub fn changed(&self, stamp: Stamp) -> Option<Vec<Subject>> {
        let mut kept = held(&self.0);
        if std::mem::take(&mut kept.overflown) {
            kept.changed.clear();
            return None;
        }
        let changed = kept.changed.keys().copied().collect();
        kept.changed.retain(|_, number| *number > stamp.0);
        Some(changed)
    }
}

impl Kept {
    fn add(&mut self, subjects: &[Subject], number: u64) {
        if self.overflown {
            return;
        }
        self.changed.extend(subjects.iter().map(|subject| (*subject, number)));
        if self.changed.len() > KEPT_MAX {
            self.overflow();
        }
    }

    fn overflow(&mut self) {
        *self = Self { overflown: true, ..Self::default() };
    }
}

/// What is behind it is whole between any two statements.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
