//! Answers of one state, and what an answer from them covers.
//!
//! Owns which are kept: bounded in bytes, those used least go. Parts lie behind locks of their own, and a call looks in each once: all
//! that it asks of a part is found before the first answer is looked at, so that the processor waits for several places of memory at
//! a time that none of its caches holds.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use proto::customer::AppliedOffset;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    unsync::{Cache, DefaultLifecycle},
};
use store::Store;
use types::{IdentifierId, Progress};

use super::Answer;
use crate::customer_service::Sought;

/// Most parts. With more a call of many customers would find fewer at a time, with fewer those that keep would wait for each other.
const PARTS_MAX: usize = 8;
/// Fewest usual answers of a part: with few, one that is larger would find no room.
const PART_ANSWERS: usize = 32;
/// Bytes of a usual answer with all that is kept with it.
const USUAL_BYTES: usize = 512;
/// Bytes that an answer takes beside the customer and its subjects: its place, its head, and what remembers those that went.
pub(super) const ENTRY_BYTES: usize = 200;

/// Answers of one state.
pub(crate) struct Answers {
    parts: Box<[RwLock<Part>]>,
    /// By partition: how far snapshots were that answers were worked out from. The progress is told a moment after a snapshot
    /// may show it.
    shown: Box<[AtomicU64]>,
}

type Part = Cache<Place, Answer, Weight>;

/// Where an answer is kept. Small, so that places are in the processor's caches where answers are not. Spellings of one id share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    id: IdentifierId,
    mask: u32,
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Place, Answer> for Weight {
    fn weight(&self, _: &Place, answer: &Answer) -> u64 {
        (ENTRY_BYTES + answer.bytes()) as u64
    }
}

impl Answers {
    pub(super) fn new(bytes_max: usize, store: &Store) -> Self {
        let parts = (bytes_max / USUAL_BYTES / PART_ANSWERS).clamp(1, PARTS_MAX);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes_max / USUAL_BYTES / parts)
            .weight_capacity((bytes_max / parts) as u64)
            .build()
            .expect("both capacities are given");
        let part = || {
            let hasher = DefaultHashBuilder::default();
            RwLock::new(Cache::with_options(options.clone(), Weight, hasher, DefaultLifecycle::default()))
        };
        let shown = (0..store.manifest().partitions).map(|_| AtomicU64::new(0)).collect();
        Self { parts: (0..parts).map(|_| part()).collect(), shown }
    }

    /// What was answered to each of these by the mask of this number, whether it still holds or not.
    pub(crate) fn get(&self, sought: &[Sought], mask: u32) -> Vec<Option<Answer>> {
        let mut answers = vec![None; sought.len()];
        let mut asked: Vec<_> =
            answers.iter_mut().zip(sought).map(|(answer, one)| (self.part_of(one), one, answer)).collect();
        asked.sort_unstable_by_key(|(part, ..)| *part);
        for asked in asked.chunk_by_mut(|(one, ..), (other, ..)| one == other) {
            let Some(part) = asked.first().and_then(|(part, ..)| self.parts.get(*part)) else { continue };
            let part = part.read().unwrap_or_else(PoisonError::into_inner);
            let found = asked.iter_mut().filter_map(|(_, one, answer)| {
                let found = part.get(&Place { id: one.id, mask })?;
                Some((found, *one, answer))
            });
            // Two steps, each for all of them: what counts an answer's readers is a step that nothing overtakes.
            let found: Vec<_> = found.collect();
            let of_them: Vec<_> = found.into_iter().filter(|(found, one, _)| found.is_of(one)).collect();
            of_them.into_iter().for_each(|(found, _, answer)| **answer = Some(found.clone()));
        }
        answers
    }

    /// What an answer covers that was got before this call and holds after it: all that a state between the two has, since what
    /// was written meanwhile does not concern it.
    pub(crate) fn applied(&self, progress: &Progress) -> Vec<AppliedOffset> {
        let shown = |partition: u32| {
            let shown = self.shown.get(usize::try_from(partition).ok()?)?;
            Some(shown.load(Ordering::SeqCst))
        };
        let offset = |(partition, told): (&u32, &u64)| AppliedOffset {
            partition: *partition,
            next_offset: shown(*partition).unwrap_or_default().max(*told),
        };
        let applied: Vec<AppliedOffset> = progress.applied.iter().map(offset).collect();
        // As a snapshot says it: nothing before the first write, all shards from then on.
        if applied.iter().all(|offset| offset.next_offset == 0) { Vec::new() } else { applied }
    }

    /// Keeps what somebody was answered by the mask of this number, from a snapshot that covers this.
    pub(crate) fn keep(&self, sought: &Sought, mask: u32, answer: Answer, applied: &[AppliedOffset]) {
        for offset in applied {
            let shown = usize::try_from(offset.partition).ok().and_then(|partition| self.shown.get(partition));
            if let Some(shown) = shown {
                shown.fetch_max(offset.next_offset, Ordering::SeqCst);
            }
        }
        if let Some(part) = self.parts.get(self.part_of(sought)) {
            part.write().unwrap_or_else(PoisonError::into_inner).insert(Place { id: sought.id, mask }, answer);
        }
    }

    /// The part of an id, by its last byte, which is a hash's unless a caller made the id up.
    fn part_of(&self, sought: &Sought) -> usize {
        let IdentifierId([.., last]) = sought.id;
        usize::from(last) % self.parts.len()
    }

    /// Bytes kept by their own account.
    #[cfg(test)]
    pub(super) fn weight(&self) -> u64 {
        self.parts.iter().map(|part| part.read().unwrap().weight()).sum()
    }
}
