//! The generations of a process: the state that is served, the one that is built beside it, the one that was served before.
//!
//! Owns which is which, on disk and in memory, and that each keeps folding until it is dropped. A change is durable before it
//! shows; whatever is killed, the next start finds the generations from before it or from after it. Never compares two by itself.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use identity::Rules;
use store::{
    BlockCache, Manifest, Store,
    generations::{Directories, Named},
};
use tokio::sync::watch;
use types::{Micros, Progress};

use crate::{Journals, ProjectorSettings, Touching};

mod compare;
mod error;
mod figures;
mod generation;
mod overview;
mod switch;

pub(crate) use compare::EXAMPLES_MAX;
pub use error::RebuildError;
pub(crate) use overview::CAUGHT_UP_LAG_MAX;
pub(crate) use switch::Next;

use generation::{Generation, Maker};

/// How generations are kept.
#[derive(Clone, Debug)]
pub struct GenerationsSettings {
    /// Directory of the data; generations lie below it.
    pub data_dir: PathBuf,
    /// What the live state must be; its rules are those that the configuration has.
    pub manifest: Manifest,
    /// Memory for cached blocks of all of them.
    pub cache: BlockCache,
    /// Bytes of memory for the live state's writes that are not in files yet.
    pub write_buffer_bytes: usize,
    /// Whether each write of the live state is on disk before it is told.
    pub sync: bool,
    /// Bytes of memory for the records of a generation that is loaded, and for writes of those that are not served.
    pub rebuild_memory_bytes: usize,
    /// How each is folded.
    pub projector: ProjectorSettings,
    /// What time it is.
    pub clock: fn() -> Micros,
}

/// What reads are answered from: one generation.
#[derive(Clone, Debug)]
pub struct Served {
    /// Its number, never given twice in a data directory.
    pub number: u32,
    /// The state.
    pub store: Arc<Store>,
    /// The rules by which its customers are resolved.
    pub rules: Arc<Rules>,
    /// How far it is folded.
    pub progress: watch::Receiver<Progress>,
    /// Whether it writes whom it touches.
    pub touching: Arc<Touching>,
}

/// The generations of a process. Its methods block.
#[derive(Debug)]
pub struct Generations {
    maker: Maker,
    held: Mutex<Held>,
    served: watch::Sender<Served>,
}

#[derive(Debug)]
struct Held {
    directories: Directories,
    live: Generation,
    previous: Option<Generation>,
    building: Option<Generation>,
}

impl Generations {
    /// Opens the live generation and starts folding it; goes on with the others that are named, and removes what is not.
    ///
    /// # Errors
    /// Where the live one cannot be opened or folded. Another that cannot be opened is dropped with a word in the log: it can be
    /// built again.
    pub fn open(settings: GenerationsSettings, journals: Journals) -> Result<Self, RebuildError> {
        let mut directories = Directories::take_over(&settings.data_dir)?;
        let maker = Maker { settings, journals };
        let Named { live, previous, building, .. } = *directories.named();
        let live = maker.live(live, directories.dir_of(live))?;
        let previous = previous.and_then(|number| maker.resumed(number, directories.dir_of(number), &live));
        let building = building.and_then(|number| maker.resumed(number, directories.dir_of(number), &live));
        let number = |generation: &Option<Generation>| generation.as_ref().map(|generation| generation.number);
        let found = Named { previous: number(&previous), building: number(&building), ..directories.named().clone() };
        if found != *directories.named() {
            directories.name(found)?;
        }
        for dir in directories.remove_leftovers()? {
            tracing::info!(dir = %dir.display(), "removed what was left over of a generation that is not named");
        }
        let served = watch::Sender::new(live.served());
        Ok(Self { maker, held: Mutex::new(Held { directories, live, previous, building }), served })
    }

    /// What is served, now and after each change.
    pub fn served(&self) -> watch::Receiver<Served> {
        self.served.subscribe()
    }

    /// Begins a generation under these rules, or those of the live one; what differs between the two: key, value there, value
    /// here.
    ///
    /// # Errors
    /// `AlreadyBuilding`, `PreviousThere`, or why it could not be begun; nothing is left of it then.
    pub fn start(&self, rules: Option<&Rules>) -> Result<Vec<(String, String, String)>, RebuildError> {
        let mut held = self.held();
        if held.building.is_some() {
            return Err(RebuildError::AlreadyBuilding);
        }
        if held.previous.is_some() {
            return Err(RebuildError::PreviousThere);
        }
        let live_rules = held.live.store.manifest().rules.clone();
        let rules = rules.map_or_else(|| live_rules.clone(), store::rules::to_text);
        let (number, dir) = held.directories.fresh()?;
        let building = self.maker.beside(number, dir, &rules, &held.live)?;
        let named = Named { building: Some(number), last: number, ..self.stamped(&held) };
        if let Err(error) = held.directories.name(named) {
            building.discard();
            return Err(error.into());
        }
        held.building = Some(building);
        tracing::info!(generation = number, "a generation is being built");
        Ok(store::rules::difference(&live_rules, &rules))
    }

    /// Drops the generation being built.
    ///
    /// # Errors
    /// `NotBuilding`, or the disk's.
    pub fn abort(&self) -> Result<(), RebuildError> {
        let mut held = self.held();
        held.next(Next::Building)?;
        let named = Named { building: None, ..self.stamped(&held) };
        held.directories.name(named)?;
        let dropped = held.building.take();
        drop(held);
        dropped.into_iter().for_each(Generation::discard);
        Ok(())
    }

    /// Drops the previous generation.
    ///
    /// # Errors
    /// `NoPrevious`, or the disk's.
    pub fn finish(&self) -> Result<(), RebuildError> {
        let mut held = self.held();
        held.next(Next::Previous)?;
        let named = Named { previous: None, ..self.stamped(&held) };
        held.directories.name(named)?;
        let dropped = held.previous.take();
        drop(held);
        dropped.into_iter().for_each(Generation::discard);
        Ok(())
    }

    /// Finishes the batches under way and ends all folding.
    pub fn stop(&self) {
        let mut held = self.held();
        held.live.projector.end();
        let Held { previous, building, .. } = &mut *held;
        [previous, building].into_iter().flatten().for_each(|generation| generation.projector.end());
    }

    fn stamped(&self, held: &Held) -> Named {
        Named { since_us: (self.maker.settings.clock)().0, ..held.directories.named().clone() }
    }

    /// A thread that broke off with the lock left nothing half done: each change of what is held is one assignment.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn next(&self, next: Next) -> Result<&Generation, RebuildError> {
        match next {
            Next::Building => self.building.as_ref().ok_or(RebuildError::NotBuilding),
            Next::Previous => self.previous.as_ref().ok_or(RebuildError::NoPrevious),
        }
    }
}
