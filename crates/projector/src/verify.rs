//! Verifying the live state: all of it against the journal, or some customers against their timelines.
//!
//! Owns what is compared with what, and the scratch state. Reads the live state from one snapshot and writes nothing to it;
//! never mends anything.

use std::{io, path::PathBuf, sync::Arc};

use identity::Rules;
use journal::{Journal, ReadError};
use proto::admin::{Difference, VerifyProgress, VerifySummary, verify_response::Step};
use store::{OpenError, Snapshot, Store, StoreError};
use types::HashKey;

mod full;
mod owner;
mod rows;
mod sample;
mod scratch;
mod service;

use crate::replay::ReplayError;

/// What verifies a state.
#[derive(Clone)]
pub struct Verifier {
    store: Arc<Store>,
    journal: Arc<dyn Journal>,
    rules: Arc<Rules>,
    hash_key: HashKey,
    scratch: PathBuf,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Verifier of {:?}", self.store)
    }
}

impl Verifier {
    /// Of a state and the journal that it was folded from. Full verifies keep a state of their own in the folder `scratch`;
    /// what another process left there is removed.
    ///
    /// # Errors
    /// What was left there cannot be removed.
    pub fn new(
        store: Arc<Store>,
        journal: Arc<dyn Journal>,
        rules: Arc<Rules>,
        hash_key: HashKey,
        scratch: PathBuf,
    ) -> io::Result<Self> {
        scratch::remove(&scratch)?;
        Ok(Self { store, journal, rules, hash_key, scratch })
    }
}

/// Why a verify ended early.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    /// A state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scratch state could not be opened.
    #[error("no state to fold into: {0}")]
    Scratch(#[from] OpenError),
    /// The journal could not be folded again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The journal could not be read at a position.
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] ReadError),
    /// Nobody waits for it any more.
    #[error("nobody waits for it any more")]
    Left,
}

/// Whom steps are told to; `false` if nobody waits any more.
type Told<'a> = &'a mut dyn FnMut(Step) -> bool;

fn progress(told: Told<'_>, phase: &str, done: u64, total: u64) -> Result<(), VerifyError> {
    let step = Step::Progress(VerifyProgress { phase: phase.to_owned(), done, total });
    if told(step) { Ok(()) } else { Err(VerifyError::Left) }
}

fn tell(told: Told<'_>, difference: Difference) -> Result<(), VerifyError> {
    if told(Step::Difference(difference)) { Ok(()) } else { Err(VerifyError::Left) }
}

fn finish(told: Told<'_>, summary: VerifySummary) -> Result<(), VerifyError> {
    if told(Step::Summary(summary)) { Ok(()) } else { Err(VerifyError::Left) }
}

/// What a snapshot covers.
fn applied(snapshot: &Snapshot<'_>) -> Result<std::collections::BTreeMap<u32, u64>, StoreError> {
    Ok(snapshot.shards()?.into_iter().map(|(partition, shard)| (partition, shard.applied)).collect())
}
