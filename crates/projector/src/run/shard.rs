//! The thread itself: takes what was read, folds, writes, tells.
//!
//! Owns that nothing is told before it is written, and that a failed write is done again until it succeeds or a stop is asked for.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use journal::{NewRecord, PollLimits, Position, Reader};
use store::{Store, StoreError, family::shards::ShardRow};
use tokio::sync::watch;
use types::Progress;

use super::{
    POLL_WAIT, ProjectorSettings, RETRY_WAIT,
    loading::{Load, Loading},
    quiet,
    reading::{Arrived, Other, Reading, Taken},
};
use crate::{
    dead_letter::DeadLetters,
    definitions::Definitions,
    incoming::{Incoming, IncomingDecision},
    meter,
    touches::Touching,
    warm::Warm,
    working::Working,
};

/// A projector's thread.
pub(super) struct ShardThread {
    pub(super) store: Arc<Store>,
    pub(super) definitions: Definitions,
    pub(super) dead_letters: DeadLetters,
    pub(super) letters_from: BTreeMap<u32, u64>,
    pub(super) settings: ProjectorSettings,
    pub(super) shards: BTreeMap<u32, ShardRow>,
    pub(super) warm: Warm,
    /// What the batch under way writes; its memory serves the next.
    pub(super) rows: store::Batch,
    pub(super) publisher: watch::Sender<Progress>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) metered: Arc<AtomicBool>,
    pub(super) touching: Arc<Touching>,
    pub(super) loading: Arc<Loading>,
}

impl ShardThread {
    pub(super) fn run(mut self, mut reader: Box<dyn Reader>, load: Option<Load>) {
        if let Some(further) = load.and_then(|load| self.load(&load)) {
            reader = further;
        }
        match self.read(reader) {
            Ok(reading) => self.fold(&reading),
            Err(error) => {
                let reason = format!("no thread could be started that reads the journal: {error}; restart patron");
                self.stand_still(&reason);
            }
        }
        if let Err(error) = self.store.flush() {
            tracing::error!(%error, "the last write could not be flushed; it is folded again at the next start");
        }
    }

    /// Has the journal read from where the shards are.
    fn read(&self, reader: Box<dyn Reader>) -> io::Result<Reading> {
        let ProjectorSettings { hash_key, batch_records_max, batch_bytes_max, .. } = self.settings.clone();
        let limits = PollLimits { records_max: batch_records_max, bytes_max: batch_bytes_max };
        let next = self.shards.iter().map(|(partition, row)| (*partition, row.applied)).collect();
        Reading::start(reader, next, limits, hash_key)
    }

    /// Folds what is read until a stop is asked for.
    fn fold(&mut self, reading: &Reading) {
        let mut arrived = Arrived::default();
        while !self.stopped() {
            self.touching.hear();
            quiet::unless(self.metered.load(Ordering::Relaxed), || self.define());
            let taken = reading.take(&mut arrived);
            quiet::unless(self.metered.load(Ordering::Relaxed), || match taken {
                Taken::Records => self.project(&mut arrived),
                Taken::Nothing => self.recovered(),
                Taken::Silence => {}
                Taken::Failing(reason) => self.halt(&reason, RETRY_WAIT),
            });
        }
    }

    /// Folds the definitions that are there.
    fn define(&mut self) {
        if self.definitions.step(&self.store, &self.settings.hash_key) {
            let halted = self.publisher.borrow().halted.clone();
            self.publish(halted);
        }
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Folds one batch and writes it, again and again until the write succeeds or a stop is asked for.
    fn project(&mut self, arrived: &mut Arrived) {
        let started = Instant::now();
        let Batch { decisions, mut letters, shards } = self.sorted(arrived);
        loop {
            // Before the offset moves: what is passed over is never lost, at worst kept twice under one id.
            let kept = self.dead_letters.append(&letters).map(|()| letters.clear());
            let written = kept.and_then(|()| {
                self.write(arrived.arrivals.all(), &decisions, shards.clone()).map_err(|error| error.to_string())
            });
            match written {
                Ok(shards) => {
                    meter_folded(&self.shards, &shards);
                    self.shards = shards;
                    self.publish(None);
                    meter::committed(arrived.records, started.elapsed());
                    break;
                }
                Err(reason) => self.halt(&reason, RETRY_WAIT),
            }
            if self.stopped() {
                return;
            }
        }
        if let Some((position, version)) = arrived.newer {
            self.stand_still(&newer_format(position, version));
        }
    }

    /// What is no touchpoint by what becomes of it; counters and applied offsets move along.
    fn sorted(&self, arrived: &mut Arrived) -> Batch {
        let mut batch = Batch { decisions: Vec::new(), letters: Vec::new(), shards: self.shards.clone() };
        for (Position { partition, offset }, other) in arrived.others.drain(..) {
            match other {
                Other::Decision(decision) => batch.decisions.push(decision),
                Other::Skip(record, reason) => {
                    tracing::warn!(partition, offset, reason = reason.name(), "a record goes to the dead letters");
                    // Below, the letter lies there already.
                    if self.letters_from.get(&partition).is_none_or(|from| offset >= *from) {
                        batch.letters.push(self.dead_letters.letter(record, reason));
                    }
                    meter::skipped(reason.name());
                    let shard = batch.shards.entry(partition).or_default();
                    *shard.skipped.entry(reason.name().to_owned()).or_default() += 1;
                }
            }
        }
        for (partition, next) in &arrived.next {
            batch.shards.entry(*partition).or_default().applied = *next;
        }
        batch
    }

    /// Folds what has arrived and writes it; the shards as they are then.
    fn write(
        &mut self,
        arrivals: &[Incoming],
        decisions: &[IncomingDecision],
        shards: BTreeMap<u32, ShardRow>,
    ) -> Result<BTreeMap<u32, ShardRow>, StoreError> {
        let touches = self.touching.hear();
        let hash_key = &self.settings.hash_key;
        let snapshot = self.store.snapshot();
        let mut working = Working::load(&snapshot, hash_key, shards, arrivals, &mut self.warm)?;
        for one in arrivals {
            working.fold(one)?;
        }
        for decision in decisions {
            working.decide(decision)?;
        }
        let after = working.put_into(&mut self.rows, touches)?;
        self.store.write_out(&mut self.rows)?;
        Ok(after.keep(&mut self.warm))
    }

    pub(super) fn publish(&self, halted: Option<String>) {
        meter::halted(halted.is_some());
        self.publisher.send_replace(progress_of(&self.shards, halted, &self.definitions));
    }

    pub(super) fn halt(&self, reason: &str, wait: Duration) {
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
}

/// Counts what a write added to the shards.
fn meter_folded(before: &BTreeMap<u32, ShardRow>, after: &BTreeMap<u32, ShardRow>) {
    let sum = |shards: &BTreeMap<u32, ShardRow>, of: fn(&ShardRow) -> u64| shards.values().map(of).sum::<u64>();
    let added = |of| sum(after, of).saturating_sub(sum(before, of));
    meter::folded(added(|row| row.touchpoints), added(|row| row.copies), added(|row| row.conflicts));
}

fn newer_format(Position { partition, offset }: Position, version: u32) -> String {
    format!(
        "the record at partition {partition}, offset {offset} has format version {version}, this patron folds up to {}; upgrade patron",
        types::record::FORMAT_VERSION
    )
}

/// How far shards and definitions are.
pub(super) fn progress_of(
    shards: &BTreeMap<u32, ShardRow>,
    halted: Option<String>,
    definitions: &Definitions,
) -> Progress {
    let applied = shards.iter().map(|(partition, row)| (*partition, row.applied)).collect();
    Progress { applied, halted, definitions: definitions.progress() }
}
