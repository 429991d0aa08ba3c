//! One generation: a state and the projector that folds it.
//!
//! Owns how each is opened: the live one as configured; one beside it within the rebuild's memory and without waiting for the disk,
//! because what a crash costs it is folded again.

use std::{path::PathBuf, sync::Arc, time::Instant};

use identity::Rules;
use store::{Manifest, Store, StoreSettings};
use types::Progress;

use super::{GenerationsSettings, RebuildError, Served};
use crate::{Beside, Journals, Projector};

/// A state that is being folded.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) number: u32,
    pub(super) store: Arc<Store>,
    pub(super) rules: Arc<Rules>,
    pub(super) projector: Projector,
    /// Since when this process folds it, and how many records it had then.
    pub(super) since: (Instant, u64),
}

/// Makes generations.
pub(super) struct Maker {
    pub(super) settings: GenerationsSettings,
    pub(super) journals: Journals,
}

impl std::fmt::Debug for Maker {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Maker in {}", self.settings.data_dir.display())
    }
}

impl Generation {
    /// What reads need of it.
    pub(super) fn served(&self) -> Served {
        Served {
            number: self.number,
            store: Arc::clone(&self.store),
            rules: Arc::clone(&self.rules),
            progress: self.projector.progress(),
            touching: self.projector.touching(),
        }
    }

    /// Ends folding; the files go once nobody reads them any more.
    pub(super) fn discard(mut self) {
        tracing::info!(generation = self.number, "a generation is dropped");
        self.store.remove_when_closed();
        self.projector.end();
    }
}

impl Maker {
    /// The generation that is served; made under the configuration's rules if it is not there.
    pub(super) fn live(&self, number: u32, dir: PathBuf) -> Result<Generation, RebuildError> {
        let GenerationsSettings { write_buffer_bytes, sync, .. } = self.settings;
        let settings = StoreSettings { dir, cache: self.settings.cache.clone(), write_buffer_bytes, sync };
        let store = Store::open(&settings, &self.settings.manifest)?;
        self.folding(number, store, Beside { touches: true, ..Beside::default() })
    }

    /// A new generation beside the live one.
    pub(super) fn beside(
        &self,
        number: u32,
        dir: PathBuf,
        rules: &str,
        live: &Generation,
    ) -> Result<Generation, RebuildError> {
        let manifest = Manifest { rules: rules.to_owned(), ..self.settings.manifest.clone() };
        let store = Store::open(&self.frugal(dir), &manifest)?;
        let generation = self.folding(number, store, self.behind(live))?;
        generation.projector.set_metered(false);
        Ok(generation)
    }

    /// A generation beside the live one, from before this start; `None` where it cannot be opened.
    pub(super) fn resumed(&self, number: u32, dir: PathBuf, live: &Generation) -> Option<Generation> {
        if !dir.exists() {
            tracing::warn!(generation = number, dir = %dir.display(), "a generation is gone; it is not named any more");
            return None;
        }
        let store = Store::open_under_its_rules(&self.frugal(dir), &self.settings.manifest).map_err(RebuildError::from);
        match store.and_then(|store| self.folding(number, store, self.behind(live))) {
            Ok(generation) => {
                generation.projector.set_metered(false);
                Some(generation)
            }
            Err(error) => {
                tracing::error!(generation = number, %error, "a generation beside the live one is dropped; start a rebuild again");
                None
            }
        }
    }

    /// Gives the live generation, and the one before it, what is right in their places: only the live one is metered and published.
    pub(super) fn place(&self, live: &Generation, before: Option<&Generation>) {
        live.projector.set_metered(true);
        live.projector.touching().set(true);
        if let Some(before) = before {
            before.store.set_sync(false);
            before.projector.set_metered(false);
            before.projector.touching().set(false);
        }
    }

    fn folding(&self, number: u32, store: Store, beside: Beside) -> Result<Generation, RebuildError> {
        let rules = Arc::new(store::rules::from_text(&store.manifest().rules).map_err(RebuildError::Rules)?);
        let store = Arc::new(store);
        let settings = self.settings.projector.clone();
        let projector = Projector::start_beside(Arc::clone(&store), &self.journals, settings, beside)?;
        let since = (Instant::now(), folded(&projector.progress().borrow()));
        Ok(Generation { number, store, rules, projector, since })
    }

    /// As one beside the live generation, which has kept all dead letters so far and is the only one that is published. What that one
    /// has folded is loaded all together into an empty state; nothing of the memory is taken by the state meanwhile.
    fn behind(&self, live: &Generation) -> Beside {
        Beside {
            letters_from: live.projector.progress().borrow().applied.clone(),
            touches: false,
            bulk_memory_bytes: Some(self.settings.rebuild_memory_bytes),
        }
    }

    /// What it reads is cached beside what the live one does; two of them may be there at once.
    fn frugal(&self, dir: PathBuf) -> StoreSettings {
        let write_buffer_bytes = self.settings.rebuild_memory_bytes / 2;
        StoreSettings { dir, cache: self.settings.cache.clone(), write_buffer_bytes, sync: false }
    }
}

/// Records that are folded.
pub(super) fn folded(progress: &Progress) -> u64 {
    progress.applied.values().sum()
}
