//! The projector's thread: start where the state ends, poll, fold, write, tell.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use journal::{Journal, NewRecord, PollLimits, Position, ReadError, Reader, Record};
use store::{Store, StoreError, family::shards::ShardRow};
use tokio::sync::watch;
use types::{HashKey, Progress};

mod loading;
pub(crate) mod quiet;

use crate::{
    dead_letter::DeadLetters,
    definitions::Definitions,
    incoming::{self, Arrivals, IncomingDecision, Read},
    meter,
    touches::Touching,
    warm::Warm,
    working::Working,
};

use loading::{Load, Loading};

/// How the projector works.
#[derive(Clone, Debug)]
pub struct ProjectorSettings {
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// Most records of one batch, and so of one write.
    pub batch_records_max: usize,
    /// Most bytes of one batch.
    pub batch_bytes_max: usize,
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
        let warm = Warm::new(settings.batch_records_max);
        let load = Load::owed(&store, journal, &settings, &beside)?;
        let loading = Arc::new(Loading::new(load.is_some()));
        let shard_thread = ShardThread {
            store,
            definitions,
            dead_letters,
            letters_from: beside.letters_from,
            settings,
            shards,
            arrivals: Arrivals::default(),
            warm,
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

struct ShardThread {
    store: Arc<Store>,
    definitions: Definitions,
    dead_letters: DeadLetters,
    letters_from: BTreeMap<u32, u64>,
    settings: ProjectorSettings,
    shards: BTreeMap<u32, ShardRow>,
    arrivals: Arrivals,
    warm: Warm,
    publisher: watch::Sender<Progress>,
    stop: Arc<AtomicBool>,
    metered: Arc<AtomicBool>,
    touching: Arc<Touching>,
    loading: Arc<Loading>,
}

impl ShardThread {
    fn run(mut self, mut reader: Box<dyn Reader>, load: Option<Load>) {
        if let Some(further) = load.and_then(|load| self.load(&load)) {
            reader = further;
        }
        let limits =
            PollLimits { records_max: self.settings.batch_records_max, bytes_max: self.settings.batch_bytes_max };
        while !self.stopped() {
            self.touching.hear();
            quiet::unless(self.metered.load(Ordering::Relaxed), || self.define());
            let polled = reader.poll(limits, POLL_WAIT);
            quiet::unless(self.metered.load(Ordering::Relaxed), || match polled {
                Ok(records) if records.is_empty() => self.recovered(),
                Ok(records) => self.project(records),
                Err(error) => self.halt(&error.to_string(), RETRY_WAIT),
            });
        }
        if let Err(error) = self.store.flush() {
            tracing::error!(%error, "the last write could not be flushed; it is folded again at the next start");
        }
    }

    /// Folds the definitions that are there.
    fn define(&mut self) {
        if self.definitions.step(&self.store, &self.settings.hash_key) {
            let halted = self.publisher.borrow().halted.clone();
            self.publish(halted);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Folds one batch and writes it, again and again until the write succeeds or a stop is asked for.
    fn project(&mut self, records: Vec<Record>) {
        let count = records.len();
        let started = Instant::now();
        let Batch { decisions, mut letters, shards, newer } = self.read(records);
        loop {
            // Before the offset moves: what is passed over is never lost, at worst kept twice under one id.
            let kept = self.dead_letters.append(&letters).map(|()| letters.clear());
            let written = kept.and_then(|()| self.write(&decisions, shards.clone()).map_err(|error| error.to_string()));
            match written {
                Ok(shards) => {
                    self.shards = shards;
                    self.publish(None);
                    meter::committed(count, started.elapsed());
                    break;
                }
                Err(reason) => self.halt(&reason, RETRY_WAIT),
            }
            if self.stopped() {
                return;
            }
        }
        if let Some(reason) = newer {
            self.stand_still(&reason);
        }
    }

    /// Reads records up to the first that a newer version wrote; counters and applied offsets move along.
    fn read(&mut self, records: Vec<Record>) -> Batch {
        self.arrivals.clear();
        let mut batch = Batch { decisions: Vec::new(), letters: Vec::new(), shards: self.shards.clone(), newer: None };
        for record in records {
            let Position { partition, offset } = record.position;
            let shard = batch.shards.entry(partition).or_default();
            if offset < shard.applied {
                continue;
            }
            match incoming::read(record, &self.settings.hash_key, &mut self.arrivals) {
                Read::Touchpoint => {}
                Read::Decision(decision) => batch.decisions.push(decision),
                Read::Skip(record, reason) => {
                    tracing::warn!(partition, offset, reason = reason.name(), "a record goes to the dead letters");
                    // Below, the letter lies there already.
                    if self.letters_from.get(&partition).is_none_or(|from| offset >= *from) {
                        batch.letters.push(self.dead_letters.letter(record, reason));
                    }
                    meter::skipped(reason.name());
                    *shard.skipped.entry(reason.name().to_owned()).or_default() += 1;
                }
                Read::Newer(version) => {
                    batch.newer = Some(newer_format(partition, offset, version));
                    return batch;
                }
            }
            shard.applied = offset + 1;
        }
        batch
    }

    /// Folds what has arrived and writes it; the shards as they are then.
    fn write(
        &mut self,
        decisions: &[IncomingDecision],
        shards: BTreeMap<u32, ShardRow>,
    ) -> Result<BTreeMap<u32, ShardRow>, StoreError> {
        let touches = self.touching.hear();
        let (hash_key, arrivals) = (&self.settings.hash_key, self.arrivals.all());
        let snapshot = self.store.snapshot();
        let mut working = Working::load(&snapshot, hash_key, shards, arrivals, &mut self.warm)?;
        for one in arrivals {
            working.fold(one)?;
        }
        for decision in decisions {
            working.decide(decision)?;
        }
        let (batch, after) = working.into_batch(touches)?;
        self.store.write(batch)?;
        Ok(after.keep(&mut self.warm))
    }

    fn publish(&self, halted: Option<String>) {
        meter::halted(halted.is_some());
        self.publisher.send_replace(progress_of(&self.shards, halted, &self.definitions));
    }

    fn halt(&self, reason: &str, wait: Duration) {
        self.touching.hear();
        tracing::error!(reason, "folding stands still and is tried again");
        self.publish(Some(reason.to_owned()));
        self.wait(wait);
    }

    fn stand_still(&self, reason: &str) {
        while !self.stopped() {
            self.halt(reason, Duration::from_secs(10));
        }
    }

    fn wait(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while !self.stopped() && Instant::now() < until {
            thread::park_timeout(POLL_WAIT);
        }
    }

    /// The journal answers again, even if it has nothing new.
    fn recovered(&self) {
        if self.publisher.borrow().halted.is_some() {
            self.publish(None);
        }
    }
}

/// What a batch of records came to, beside the touchpoints that arrived.
struct Batch {
    decisions: Vec<IncomingDecision>,
    letters: Vec<NewRecord>,
    shards: BTreeMap<u32, ShardRow>,
    /// Why it ends where it does, if a newer version wrote on.
    newer: Option<String>,
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

fn newer_format(partition: u32, offset: u64, version: u32) -> String {
    format!(
        "the record at partition {partition}, offset {offset} has format version {version}, this patron folds up to {}; upgrade patron",
        types::record::FORMAT_VERSION
    )
}

/// The shards of the store; those that it has not yet are at the start.
fn shards(store: &Store, partitions: u32) -> Result<BTreeMap<u32, ShardRow>, StoreError> {
    let mut shards: BTreeMap<u32, ShardRow> =
        (0..partitions).map(|partition| (partition, ShardRow::default())).collect();
    shards.extend(store.snapshot().shards()?);
    Ok(shards)
}

fn progress_of(shards: &BTreeMap<u32, ShardRow>, halted: Option<String>, definitions: &Definitions) -> Progress {
    let applied = shards.iter().map(|(partition, row)| (*partition, row.applied)).collect();
    Progress { applied, halted, definitions: definitions.progress() }
}
