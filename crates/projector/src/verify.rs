//! Verifying the live state: all of it against the journal, or some customers against their timelines.
//!
//! Owns what is compared with what, and the scratch state. Reads the live state from one snapshot and writes nothing to it;
//! never mends anything.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use identity::Rules;
use journal::{Journal, ReadError};
use proto::admin::{Difference, VerifyProgress, VerifySummary, verify_response::Step};
use store::{OpenError, Snapshot, Store, StoreError};
use tokio::sync::watch;
use types::HashKey;

mod full;
mod owner;
mod rows;
mod sample;
mod scratch;
mod service;

use crate::{Journals, Served, bulk::BulkError, definitions, replay::ReplayError};

/// What verifies a state.
#[derive(Clone)]
pub struct Verifier {
    served: watch::Receiver<Served>,
    journals: Journals,
    hash_key: HashKey,
    scratch: PathBuf,
}

/// One call: the generation that was served when it began, until it ends.
struct Call<'a> {
    store: Arc<Store>,
    rules: Arc<Rules>,
    journal: &'a dyn Journal,
    definitions: &'a dyn Journal,
    hash_key: &'a HashKey,
    scratch: &'a Path,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Verifier of {:?}", self.served.borrow().store)
    }
}

impl Verifier {
    /// Of the generation that is served, whichever that is when a call begins, and the journals that it was folded from. Full verifies keep a state of their own in the folder `scratch`;
    /// what another process left there is removed.
    ///
    /// # Errors
    /// What was left there cannot be removed.
    pub fn new(
        served: watch::Receiver<Served>,
        journals: Journals,
        hash_key: HashKey,
        scratch: PathBuf,
    ) -> io::Result<Self> {
        scratch::remove(&scratch)?;
        Ok(Self { served, journals, hash_key, scratch })
    }

    fn call(&self) -> Call<'_> {
        let Served { store, rules, .. } = self.served.borrow().clone();
        let (journal, definitions) = (self.journals.touchpoints.as_ref(), self.journals.definitions.as_ref());
        Call { store, rules, journal, definitions, hash_key: &self.hash_key, scratch: &self.scratch }
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
    /// Nor all together.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The definitions could not be folded again.
    #[error(transparent)]
    Definitions(#[from] definitions::ReplayError),
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
