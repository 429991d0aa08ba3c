//! The projector: starts where the state ends; reads, folds, writes, tells on threads of its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use journal::{Journal, Position, ReadError};
use store::{Batch, Store, StoreError, family::shards::ShardRow};
use tokio::sync::watch;
use types::{HashKey, Progress};

mod loading;
mod quiet;
mod reading;
mod shard;

use crate::{dead_letter::DeadLetters, definitions::Definitions, meter, touches::Touching, warm::Warm};

use loading::{Load, Loading};
use shard::{ShardThread, progress_of};

/// How the projector works.
#[derive(Clone, Debug)]
pub struct ProjectorSettings {
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// Most records of one batch, and so of one write.
    pub batch_records_max: usize,
    /// Most bytes of one batch.
    pub batch_bytes_max: usize,
    /// Bytes of memory for the fragments touched last.
    pub warm_bytes: usize,
}

/// What the projector reads, and where it puts what it cannot read.
#[derive(Clone)]
pub struct Journals {
    /// Touchpoints and operators' decisions.
    pub touchpoints: Arc<dyn Journal>,
    /// Definitions, in one partition.
    pub definitions: Arc<dyn Journal>,
    /// Records of `touchpoints` that cannot be read.
    pub dead_letters: Arc<dyn Journal>,
}

impl std::fmt::Debug for Journals {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Journals of {:?}", self.touchpoints.topology())
    }
}

/// Why the projector did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal does not hold what the state needs next.
    #[error("the state and the journal do not fit: {0}")]
    Journal(#[from] ReadError),
    /// `definitions` does not hold what the state needs next.
    #[error("the definitions of the state and the journal `definitions` do not fit: {0}")]
    Definitions(#[source] ReadError),
    /// The state was folded from another topic `definitions`.
    #[error(
        "the definitions of the state come from the topic with id {held}, but `definitions` has the id {found} now: it was deleted \
         and made again; restore it, or delete the directory `generations` if its definitions are to be forgotten"
    )]
    OtherDefinitions {
        /// Topic id that the state has.
        held: String,
        /// Topic id that there is.
        found: String,
    },
    /// No thread.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// A running projector. Dropping it stops it.
#[derive(Debug)]
pub struct Projector {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    metered: Arc<AtomicBool>,
    touching: Arc<Touching>,
    loading: Arc<Loading>,
    progress: watch::Receiver<Progress>,
}

/// What a projector need not do, or does besides, because of others.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Below these offsets another one has kept all dead letters: they are not kept again.
    pub letters_from: BTreeMap<u32, u64>,
    /// Whether it writes whom it touches, for the publisher.
    pub touches: bool,
    /// Bytes of memory for loading everything below those offsets all together, if its state is empty; `None` where it is folded one
    /// batch after the other.
    pub bulk_memory_bytes: Option<usize>,
}

/// How long a poll waits for the first record, and so how soon a stop is heard.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How long a failed read or write waits before it is tried again.
const RETRY_WAIT: Duration = Duration::from_millis(500);

impl Projector {
    /// Starts the thread that folds all partitions of the journal, and the definitions, into the store; what it cannot read of the
    /// journal goes to its dead letters.
    ///
    /// # Errors
    /// `Journal` if the journal ends before, or starts after, what the state has applied; `Definitions`, `OtherDefinitions`.
    pub fn start(store: Arc<Store>, journals: &Journals, settings: ProjectorSettings) -> Result<Self, StartError> {
        Self::start_beside(store, journals, settings, Beside::default())
    }

    /// The same as one of several projectors of this process.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_beside(
        store: Arc<Store>,
        journals: &Journals,
        settings: ProjectorSettings,
        beside: Beside,
    ) -> Result<Self, StartError> {
        let journal = &journals.touchpoints;
        let shards = shards(&store, journal.topology().partitions)?;
        let from = shards.iter().map(|(partition, row)| Position { partition: *partition, offset: row.applied });
        let reader = journal.reader(from.collect())?;
        let definitions = Definitions::open(&store, &journals.definitions)?;
        let (publisher, progress) = watch::channel(progress_of(&shards, None, &definitions));
        let stop = Arc::new(AtomicBool::new(false));
        let metered = Arc::new(AtomicBool::new(true));
        let touching = Arc::new(Touching::new(beside.touches));
        let dead_letters = DeadLetters::new(Arc::clone(&journals.dead_letters), journal.as_ref());
        let warm = Warm::new(settings.warm_bytes);
        let load = Load::owed(&store, journal, &settings, &beside)?;
        let loading = Arc::new(Loading::new(load.is_some()));
        let shard_thread = ShardThread {
            store,
            definitions,
            dead_letters,
            letters_from: beside.letters_from,
            settings,
            shards,
            warm,
            rows: Batch::default(),
            publisher,
            stop: Arc::clone(&stop),
            metered: Arc::clone(&metered),
            touching: Arc::clone(&touching),
            loading: Arc::clone(&loading),
        };
        let thread = thread::Builder::new().name("projector".into()).spawn(move || shard_thread.run(reader, load))?;
        Ok(Self { thread: Some(thread), stop, metered, touching, loading, progress })
    }

    /// Whether it adds to the process's metrics, from its next batch on; of several projectors beside each other, only one
    /// should.
    pub fn set_metered(&self, metered: bool) {
        self.metered.store(metered, Ordering::Relaxed);
    }

    /// Whether it writes whom it touches, for the publisher.
    pub fn touching(&self) -> Arc<Touching> {
        Arc::clone(&self.touching)
    }

    /// While everything is loaded all together, and nothing is in the state yet: how many records that comes to so far.
    pub(crate) fn loading(&self) -> Option<u64> {
        self.loading.records()
    }

    /// How far the shards are; changes after each durable write.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Finishes the batch under way and ends the thread.
    pub fn stop(mut self) {
        self.end();
    }

    /// As `stop`, for those who keep it.
    pub(crate) fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the projector's thread broke off; state is as of its last write");
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        self.end();
    }
}

/// Meters how far the shards are behind the journal's ends.
pub fn meter_lag(progress: &Progress, ends: &[u64]) {
    for (partition, end) in (0..).zip(ends) {
        let applied = progress.applied.get(&partition).copied().unwrap_or_default();
        meter::lag(partition, end.saturating_sub(applied));
    }
}

/// Records of the journal that are not folded, over all shards.
pub(crate) fn progress_lag(progress: &Progress, ends: &[u64]) -> u64 {
    let lag = |(partition, end): (u32, &u64)| {
        end.saturating_sub(progress.applied.get(&partition).copied().unwrap_or_default())
    };
    (0..).zip(ends).map(lag).sum()
}

/// The shards of the store; those that it has not yet are at the start.
fn shards(store: &Store, partitions: u32) -> Result<BTreeMap<u32, ShardRow>, StoreError> {
    let mut shards: BTreeMap<u32, ShardRow> =
        (0..partitions).map(|partition| (partition, ShardRow::default())).collect();
    shards.extend(store.snapshot().shards()?);
    Ok(shards)
}
