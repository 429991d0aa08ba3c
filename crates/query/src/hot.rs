//! What was answered lately, kept encoded: customers as they are now, by who was asked for and by read mask. Behind it, for those who
//! have changed since, their profiles (`profiles`).
//!
//! Owns when an answer is given again: while the store says that nobody on whom it depends has changed since before the snapshot that
//! it was worked out from. It is then what a snapshot of now would give. Asks that for each answer, after the answer was found and
//! after it is known what the call covers; so no write is missed. Bounded in bytes, those used least go. Belongs to one state: where
//! another is served, it begins anew. Never keeps what depends on the clock or on the past.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use store::Store;

use crate::meter::Lookups;

mod answer;
mod answers;
mod masks;
mod profiles;

pub(crate) use answer::Answer;
pub(crate) use answers::Answers;
pub(crate) use masks::{Mask, Masks};
pub(crate) use profiles::Profiles;

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

#[cfg(test)]
mod tests;
