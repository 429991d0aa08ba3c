//! What the ordinary fold does best: touchpoints in conflict with others, and operators' decisions. They are rare, are kept in memory,
//! and are folded on top of the loaded state, in the order of the journal, by the write that also brings the applied offsets.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use journal::Record;
use store::{Batch, Store};
use types::HashKey;

use super::{BulkError, Unfit, entry::Kept, spill::changed};
use crate::{
    incoming::{self, Arrivals, IncomingDecision, Read},
    replay::Shards,
    warm::Warm,
    working::Working,
};

/// What a record takes beside its envelope.
const RECORD_BYTES: usize = 256;

/// Records that are set aside.
#[derive(Debug)]
pub(super) struct Aside {
    /// Bytes that are still free.
    free: AtomicUsize,
    touchpoints: Mutex<Vec<Record>>,
    decisions: Mutex<Vec<IncomingDecision>>,
}

impl Aside {
    /// In so much memory.
    pub(super) fn new(bytes: usize) -> Self {
        Self { free: AtomicUsize::new(bytes), touchpoints: Mutex::default(), decisions: Mutex::default() }
    }

    /// Takes memory.
    ///
    /// # Errors
    /// `Unfit` if there is not so much.
    pub(super) fn take(&self, bytes: usize) -> Result<(), BulkError> {
        let left = |free: usize| free.checked_sub(bytes);
        let taken = self.free.try_update(Ordering::Relaxed, Ordering::Relaxed, left);
        taken.map(drop).map_err(|_| Unfit::TooManyAside.into())
    }

    /// Sets a touchpoint aside.
    ///
    /// # Errors
    /// `Unfit`.
    pub(super) fn put(&self, one: &Kept<'_>) -> Result<(), BulkError> {
        self.take(one.envelope.len() + RECORD_BYTES)?;
        let (key, headers, value) = (Vec::new(), Vec::new(), one.envelope.to_vec());
        let record = Record { position: one.position, timestamp_us: 0, key, value, headers };
        self.touchpoints.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(())
    }

    /// Sets a decision aside.
    ///
    /// # Errors
    /// `Unfit`.
    pub(super) fn put_decision(&self, decision: IncomingDecision) -> Result<(), BulkError> {
        self.take(decision.row.envelope.len() + RECORD_BYTES)?;
        self.decisions.lock().unwrap_or_else(PoisonError::into_inner).push(decision);
        Ok(())
    }

    /// Folds everything into the loaded state and writes it with the shards, all or nothing, on the disk.
    pub(super) fn fold(self, store: &Store, hash_key: &HashKey, shards: Shards) -> Result<Shards, BulkError> {
        let mut touchpoints = self.touchpoints.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut decisions = self.decisions.into_inner().unwrap_or_else(PoisonError::into_inner);
        touchpoints.sort_unstable_by_key(|record| record.position);
        decisions.sort_unstable_by_key(|decision| (decision.row.partition, decision.row.offset));
        let mut arrivals = Arrivals::default();
        for record in touchpoints {
            let Read::Touchpoint = incoming::read(record, hash_key, &mut arrivals) else {
                return Err(changed().into());
            };
        }
        let snapshot = store.snapshot();
        let mut working = Working::load(&snapshot, hash_key, shards, arrivals.all(), &mut Warm::new(0))?;
        arrivals.all().iter().try_for_each(|one| working.fold(one))?;
        decisions.iter().try_for_each(|decision| working.decide(decision))?;
        let mut batch = Batch::default();
        let after = working.put_into(&mut batch, false)?;
        store.write(batch)?;
        store.flush()?;
        Ok(after.shards)
    }
}
