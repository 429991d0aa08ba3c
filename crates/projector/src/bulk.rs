//! Folding the journal's records all together into an empty state: sorted by fragment, folded in memory, written as sorted files.
//!
//! Owns the order of it: everything below the given offsets is read, then copies are found, then fragments are folded, then the files
//! are taken in, and last, in one write, comes what had to be set aside together with the applied offsets. Whatever is killed before
//! leaves rows that nothing accounts for, and the next load begins anew. The fold does not depend on the order of touchpoints, so
//! the state is that of the projector, row by row. Shares every step of the fold with it. Appends no dead letters and leaves
//! metrics alone: for what was folded before.

use std::{
    collections::{BTreeMap, HashSet},
    thread,
    time::{Duration, Instant},
};

use journal::{Journal, ReadError};
use store::{Store, StoreError};
use types::{CopyKey, HashKey};

mod aside;
mod copies;
mod entry;
mod fragments;
mod read;
mod sorted;
mod spill;
#[cfg(test)]
mod tests;
mod work;

use aside::Aside;
use spill::{Piece, Spill};
use work::Work;

use crate::replay::Shards;

/// Least bytes for what is set aside, however little memory there is otherwise.
const ASIDE_BYTES_LEAST: usize = 1 << 20;
/// What a record is taken for before it is read, in bytes.
const RECORD_BYTES: u64 = 512;
/// Most pieces by which entries are told apart before they are sorted, as a power of two; and fewest.
const PIECES_BITS: (u32, u32) = (4, 10);
/// Bytes of one worker's entries from which its work is cut into shares, so that all end together.
const SHARED_BYTES: u64 = 128 << 20;

/// Most threads that are worth it: they share one journal and one disk.
const THREADS_MAX: usize = 8;

/// As many threads as there are processors.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX)
}

/// How the journal is folded all together.
#[derive(Clone, Debug)]
pub struct BulkSettings {
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// Bytes of memory for records; what is beyond lies in files meanwhile.
    pub memory_bytes: usize,
    /// Threads; at least one.
    pub threads: usize,
    /// Whether a journal that does not answer is asked again for ever; otherwise that ends the load.
    pub patient: bool,
}

/// How far a load is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkProgress {
    /// Records of which half the work is to read them, and half to fold them.
    pub records: u64,
    /// Why it does not get on, if it does not.
    pub halted: Option<String>,
}

/// What became of a load.
#[derive(Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Everything below the offsets is in the state.
    Whole(Shards),
    /// Nothing is: the records are not made for it, for this reason, and are to be folded one batch after the other.
    Unfit(Unfit),
}

/// Why records are folded one batch after the other instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// More than fit into memory have to be folded in their order.
    #[error(
        "too many touchpoints are in conflict with others, or too many decisions were made, for the memory that there is"
    )]
    TooManyAside,
    /// Written by a newer version.
    #[error("a record has format version {0}")]
    Newer(u32),
}

/// Why a load ended early.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records could not be kept in files meanwhile, or those files are not what was written.
    #[error("records cannot be sorted: {0}; make room on the disk of the data directory")]
    Files(#[from] std::io::Error),
    /// No thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
    /// The journal does not hold everything from its start, or does not answer.
    #[error("the journal cannot be read from its start: {0}")]
    Journal(#[from] ReadError),
    /// The journal gives nothing more, although the live state has folded more.
    #[error("the journal gave nothing for {} s although more was folded; try again, then compare the journal with its replicas", .0.as_secs())]
    Silent(Duration),
    /// The records are not made for it.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Whoever asked for it is gone.
    #[error("nobody waits for it any more")]
    Left,
}

/// Loads everything below `until` into a store into which nothing was folded, and calls `told` now and then; its `false` ends it.
///
/// # Errors
/// Those of `BulkError` but `Unfit`. The store then holds nothing that the next load would not remove.
pub fn load(
    store: &Store,
    journal: &dyn Journal,
    settings: &BulkSettings,
    until: &BTreeMap<u32, u64>,
    told: &mut dyn FnMut(&BulkProgress) -> bool,
) -> Result<Loaded, BulkError> {
    match whole(store, journal, settings, until, told) {
        Ok(shards) => Ok(Loaded::Whole(shards)),
        Err(BulkError::Unfit(unfit)) => Ok(Loaded::Unfit(unfit)),
        Err(error) => Err(error),
    }
}

fn whole(
    store: &Store,
    journal: &dyn Journal,
    settings: &BulkSettings,
    until: &BTreeMap<u32, u64>,
    told: &mut dyn FnMut(&BulkProgress) -> bool,
) -> Result<Shards, BulkError> {
    let files = store.bulk()?;
    let plan = Plan::of(settings, until);
    let work = Work::new(settings.threads.max(1));
    let aside = Aside::new((settings.memory_bytes / 8).max(ASIDE_BYTES_LEAST));
    let mut shards: Shards = until.keys().map(|partition| (*partition, Default::default())).collect();
    let load = Load { files: &files, hash_key: &settings.hash_key, plan, work, aside };

    let began = Instant::now();
    let read = load.read(journal, settings.patient, until, &mut shards, told)?;
    let read_after = began.elapsed();
    let conflicting = load.fold_copies(read.copies, &mut shards, told)?;
    let copies_after = began.elapsed();
    let incidences = load.fold_fragments(read.touchpoints, &conflicting, &mut shards, told)?;
    load.put_incidences(incidences, told)?;
    let folded_after = began.elapsed();
    let Load { aside, work, .. } = load;
    work.tell(told)?;
    files.ingest()?;
    let shards = aside.fold(store, &settings.hash_key, shards)?;
    let (records, all_after) = (until.values().sum::<u64>(), began.elapsed());
    tracing::info!(records, ?read_after, ?copies_after, ?folded_after, ?all_after, "records were folded all together");
    Ok(shards)
}

/// A load as its parts see it.
struct Load<'a> {
    files: &'a store::Bulk<'a>,
    hash_key: &'a HashKey,
    plan: Plan,
    work: Work,
    aside: Aside,
}

/// Copy keys under which lie touchpoints of different content.
type Conflicting = HashSet<CopyKey>;

/// How the memory is divided.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Entries lie in as many pieces, as a power of two.
    bits: u32,
    /// For all buffers of one worker while it reads.
    buffers: usize,
    /// For the entries that one worker sorts at a time.
    sorted: usize,
    /// For the incidences that one worker has beside them.
    incidences: usize,
    /// For one poll.
    polled: usize,
}

impl Plan {
    /// In eighths: three for buffers, which are emptied piece by piece while the next steps run; two for what is sorted; one for
    /// incidences; one for what was just polled, which is gone before there is anything sorted. The last is for what is set aside.
    fn of(settings: &BulkSettings, until: &BTreeMap<u32, u64>) -> Self {
        let each = settings.memory_bytes / settings.threads.max(1);
        let (buffers, sorted, incidences, polled) = (each / 8 * 3, each / 4, each / 8, each / 8);
        let bytes = until.values().sum::<u64>().saturating_mul(RECORD_BYTES);
        let pieces = bytes.div_ceil(sorted.max(1) as u64).max(1);
        let bits = (u64::BITS - pieces.leading_zeros()).clamp(PIECES_BITS.0, PIECES_BITS.1);
        Self { bits, buffers, sorted, incidences, polled }
    }
}

/// Pieces of the key space, each of which all workers have filled.
type Pieces = Vec<Piece>;

/// The spills of all workers, piece by piece.
fn pieces(spills: impl IntoIterator<Item = Spill>) -> Pieces {
    let mut pieces = Pieces::new();
    for spill in spills {
        let parts = spill.into_parts();
        pieces.resize_with(parts.len().max(pieces.len()), Piece::default);
        pieces.iter_mut().zip(parts).for_each(|(piece, part)| piece.parts.push(part));
    }
    pieces
}
