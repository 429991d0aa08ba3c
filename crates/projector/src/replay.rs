//! Folding the journal again, from its start up to exactly given offsets, into a state of its own.
//!
//! Shares every step of the fold with the projector's thread. Appends no dead letters, tells no progress to readers and leaves
//! the projector's metrics alone: what is folded here was folded before.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use journal::{Journal, PollLimits, Position, ReadError, Record};
use store::{Batch, Store, StoreError, family::shards::ShardRow};
use types::HashKey;

use crate::{
    incoming::{self, Arrivals, IncomingDecision, Read},
    warm::Warm,
    working::Working,
};

/// How long a poll waits for the first record.
const POLL_WAIT: Duration = Duration::from_millis(200);
/// Longest silence of a journal that is known to hold more.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How far a replay is: shards by partition.
pub type Shards = BTreeMap<u32, ShardRow>;

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal does not hold everything from its start, or does not answer.
    #[error("the journal cannot be read from its start: {0}; a sample (--sample N) does without")]
    Journal(#[from] ReadError),
    /// The journal gives nothing more, although the live state has folded more.
    #[error("the journal gave nothing for {} s below offset {until} of partition {partition}, which the state has folded; try again, then compare the journal with its replicas", SILENCE_MAX.as_secs())]
    Silent {
        /// The partition.
        partition: u32,
        /// The offset that the state has reached.
        until: u64,
    },
    /// Written by a newer version.
    #[error("the record at partition {partition}, offset {offset} has format version {version}; upgrade patron")]
    Newer {
        /// The partition.
        partition: u32,
        /// The record's offset.
        offset: u64,
        /// Its version.
        version: u32,
    },
    /// Whoever asked for it is gone.
    #[error("nobody waits for it any more")]
    Left,
}

/// Folds everything below `until` into `store`, which must be empty, and calls `told` after each batch; its `false` ends it.
///
/// # Errors
/// Those of `ReplayError`; the store then holds a part.
pub fn replay(
    store: &Store,
    journal: &dyn Journal,
    hash_key: &HashKey,
    limits: PollLimits,
    until: &BTreeMap<u32, u64>,
    told: &mut dyn FnMut(&Shards) -> bool,
) -> Result<(), ReplayError> {
    let mut shards: Shards = until.keys().map(|partition| (*partition, ShardRow::default())).collect();
    while let Some(open) = open(&shards, until) {
        let mut reader = journal.reader(open.clone())?;
        let mut heard = Instant::now();
        // A partition that has reached its end would be read on: a reader lives until the first one has.
        while open.iter().all(|position| is_open(&shards, until, position.partition)) {
            let records = reader.poll(limits, POLL_WAIT)?;
            if records.is_empty() {
                silent(heard, &open, until)?;
            } else {
                heard = Instant::now();
                shards = fold(store, hash_key, shards, records, until)?;
            }
            if !told(&shards) {
                return Err(ReplayError::Left);
            }
        }
    }
    Ok(())
}

/// Where the partitions that are not at their end go on; `None` once all are.
fn open(shards: &Shards, until: &BTreeMap<u32, u64>) -> Option<Vec<Position>> {
    let open = shards.iter().filter(|(partition, _)| is_open(shards, until, **partition));
    let open: Vec<Position> =
        open.map(|(partition, shard)| Position { partition: *partition, offset: shard.applied }).collect();
    (!open.is_empty()).then_some(open)
}

fn is_open(shards: &Shards, until: &BTreeMap<u32, u64>, partition: u32) -> bool {
    let applied = shards.get(&partition).map_or(0, |shard| shard.applied);
    applied < until.get(&partition).copied().unwrap_or_default()
}

fn silent(heard: Instant, open: &[Position], until: &BTreeMap<u32, u64>) -> Result<(), ReplayError> {
    match open.first() {
        Some(first) if heard.elapsed() > SILENCE_MAX => {
            let partition = first.partition;
            Err(ReplayError::Silent { partition, until: until.get(&partition).copied().unwrap_or_default() })
        }
        _ => Ok(()),
    }
}

fn fold(
    store: &Store,
    hash_key: &HashKey,
    mut shards: Shards,
    records: Vec<Record>,
    until: &BTreeMap<u32, u64>,
) -> Result<Shards, ReplayError> {
    let (arrivals, decisions) = read(records, hash_key, &mut shards, until)?;
    let snapshot = store.snapshot();
    let mut working = Working::load(&snapshot, hash_key, shards, arrivals.all(), &mut Warm::new(0))?;
    arrivals.all().iter().try_for_each(|one| working.fold(one))?;
    decisions.iter().try_for_each(|decision| working.decide(decision))?;
    // Nothing of it is ever published.
    let mut batch = Batch::default();
    let after = working.put_into(&mut batch, false)?;
    store.write(batch)?;
    Ok(after.shards)
}

/// As the projector reads them: what cannot be folded is counted and passed over.
fn read(
    records: Vec<Record>,
    hash_key: &HashKey,
    shards: &mut Shards,
    until: &BTreeMap<u32, u64>,
) -> Result<(Arrivals, Vec<IncomingDecision>), ReplayError> {
    let (mut arrivals, mut decisions) = (Arrivals::default(), Vec::new());
    for record in records {
        let Position { partition, offset } = record.position;
        let shard = shards.entry(partition).or_default();
        if offset < shard.applied || offset >= until.get(&partition).copied().unwrap_or_default() {
            continue;
        }
        match incoming::read(record, hash_key, &mut arrivals) {
            Read::Touchpoint => {}
            Read::Decision(decision) => decisions.push(decision),
            Read::Skip(_, reason) => *shard.skipped.entry(reason.name().to_owned()).or_default() += 1,
            Read::Newer(version) => return Err(ReplayError::Newer { partition, offset, version }),
        }
        shard.applied = offset + 1;
    }
    Ok((arrivals, decisions))
}
