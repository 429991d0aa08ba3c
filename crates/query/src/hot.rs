//! What was answered lately, kept encoded: customers as they are now, by who was asked for and by read mask. Behind it, for those who
//! have changed since, their profiles (`profiles`).
//!
//! Owns when an answer is given again: while the store says that nobody on whom it depends has changed since before the snapshot that
//! it was worked out from. It is then what a snapshot of now would give. Asks that for each answer, after the answer was found and
//! after it is known what the call covers; so no write is missed. Bounded in bytes, those used least go. Belongs to one state: where
//! another is served, it begins anew. Never keeps what depends on the clock or on the past.

use std::sync::{
    Arc, PoisonError, RwLock, Weak,
    atomic::{AtomicU64, Ordering},
};

use prost::Message;
use proto::customer::{AppliedOffset, Customer};
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use store::{
    Store,
    changes::{Stamp, Subject},
};
use types::Progress;

use crate::{customer_service::Sought, meter::Lookups};

mod masks;
mod profiles;

pub(crate) use masks::{Mask, Masks};
pub(crate) use profiles::Profiles;

/// Bytes of a usual answer with all that is kept with it.
const USUAL_BYTES: usize = 512;
/// Bytes that an answer takes beside the customer and its subjects: its key, its places in the memory and what counts its readers.
const ENTRY_BYTES: usize = 200;

/// The memory of a process's look-ups.
pub struct Hot {
    settings: HotSettings,
    masks: Masks,
    answers: OfServed<Answers>,
    profiles: OfServed<Profiles>,
    lookups: Lookups,
}

/// How much is kept of look-ups.
#[derive(Clone, Copy, Debug, Default)]
pub struct HotSettings {
    /// Bytes of memory for answers; none are kept with 0.
    pub answers_bytes_max: usize,
    /// The same for merged profiles.
    pub profiles_bytes_max: usize,
}

/// What belongs to the state that is served, and the state.
struct OfServed<T>(RwLock<Option<(Weak<Store>, Arc<T>)>>);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) sought: Sought,
    /// Number of the read mask.
    pub(crate) mask: u64,
}

/// What is given again. All of it lies in one piece: what is asked for rarely is in no cache of the processor, and each piece would be
/// waited for.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Whom it depends on, and behind them the encoded customer; what counts its readers lies before them.
    bytes: Arc<[u8]>,
    /// How many they are.
    subjects: usize,
    /// Whether there is a customer.
    found: bool,
    /// Taken before the snapshot that it was worked out from.
    stamp: Stamp,
}

/// Answers of one state.
pub(crate) struct Answers {
    held: Cache<Key, Answer, Weight>,
    /// By partition: how far snapshots were that answers were worked out from. The progress is told a moment after a snapshot
    /// may show it.
    shown: Box<[AtomicU64]>,
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Answer> for Weight {
    fn weight(&self, _: &Key, answer: &Answer) -> u64 {
        (ENTRY_BYTES + answer.bytes.len()) as u64
    }
}

impl std::fmt::Debug for Hot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Hot of {:?}", self.settings)
    }
}

impl Hot {
    /// A memory of at most so much.
    pub fn new(settings: HotSettings) -> Self {
        Self {
            settings,
            masks: Masks::default(),
            answers: OfServed::default(),
            profiles: OfServed::default(),
            lookups: Lookups::of_answers(),
        }
    }

    /// Read masks that were asked with.
    pub(crate) fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Counts look-ups.
    pub(crate) fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// The answers of the state that is served now; `None` if none are to be kept.
    pub(crate) fn answers(&self, store: &Arc<Store>) -> Option<Arc<Answers>> {
        let bytes_max = self.settings.answers_bytes_max;
        (bytes_max > 0).then(|| self.answers.get(store, || Answers::new(bytes_max, store)))
    }

    /// The profiles of the state that is served now; `None` if none are to be kept.
    pub(crate) fn profiles(&self, store: &Arc<Store>) -> Option<Arc<Profiles>> {
        let bytes_max = self.settings.profiles_bytes_max;
        (bytes_max > 0).then(|| self.profiles.get(store, || Profiles::new(bytes_max, store)))
    }
}

impl<T> Default for OfServed<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> OfServed<T> {
    /// What belongs to this state; what belonged to another one goes.
    fn get(&self, store: &Arc<Store>, fresh: impl FnOnce() -> T) -> Arc<T> {
        // Nobody else can have the address of a state that is remembered, not even after it was closed.
        let of_store = |held: &Option<(Weak<Store>, Arc<T>)>| {
            let (of, kept) = held.as_ref()?;
            std::ptr::eq(of.as_ptr(), Arc::as_ptr(store)).then(|| Arc::clone(kept))
        };
        if let Some(kept) = of_store(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return kept;
        }
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kept = of_store(&held).unwrap_or_else(|| Arc::new(fresh()));
        *held = Some((Arc::downgrade(store), Arc::clone(&kept)));
        kept
    }
}

impl Answers {
    fn new(bytes_max: usize, store: &Store) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes_max / USUAL_BYTES)
            .weight_capacity(bytes_max as u64)
            .build()
            .expect("both capacities are given");
        let held = Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        let shown = (0..store.manifest().partitions).map(|_| AtomicU64::new(0)).collect();
        Self { held, shown }
    }

    /// What was answered to this, whether it still holds or not.
    pub(crate) fn get(&self, key: &Key) -> Option<Answer> {
        self.held.get(key)
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

    /// Keeps an answer from a snapshot that covers this.
    pub(crate) fn keep(&self, key: Key, answer: Answer, applied: &[AppliedOffset]) {
        for offset in applied {
            let shown = usize::try_from(offset.partition).ok().and_then(|partition| self.shown.get(partition));
            if let Some(shown) = shown {
                shown.fetch_max(offset.next_offset, Ordering::SeqCst);
            }
        }
        self.held.insert(key, answer);
    }
}

impl Answer {
    /// An answer that depends on these, from a snapshot taken after the stamp.
    pub(crate) fn new(stamp: Stamp, subjects: &[Subject], customer: Option<&Customer>) -> Self {
        let customer_bytes = customer.map_or(0, Message::encoded_len);
        let mut bytes = Vec::with_capacity(size_of_val(subjects) + customer_bytes);
        bytes.extend_from_slice(subjects.as_flattened());
        if let Some(customer) = customer {
            customer.encode(&mut bytes).expect("bytes that grow have room");
        }
        Self { bytes: bytes.into(), subjects: subjects.len(), found: customer.is_some(), stamp }
    }

    /// An encoded customer; `None` if nobody holds the identifier.
    pub(crate) fn customer(&self) -> Option<&[u8]> {
        self.bytes.get(self.subjects * size_of::<Subject>()..).filter(|_| self.found)
    }

    /// Whether a snapshot taken before this call, and after the answer was got, gives the same.
    pub(crate) fn holds(&self, store: &Store) -> bool {
        let (subjects, _) = self.bytes.as_chunks();
        store.unchanged(self.stamp, subjects.iter().take(self.subjects))
    }
}

#[cfg(test)]
mod tests;
