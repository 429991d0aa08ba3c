//! A projector whose state is empty although much was folded by another: what that one has folded is loaded all together, and then it
//! goes on from there as any other.
//!
//! Owns that a load is begun again until it succeeds, or until a stop is asked for, and that nobody takes what is being loaded for a
//! folded state: progress is told once the state is there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use journal::{Journal, Position, Reader};
use store::{Store, StoreError};

use super::{Beside, ProjectorSettings, RETRY_WAIT, quiet, shard::ShardThread};
use crate::bulk::{self, BulkError, BulkProgress, BulkSettings, Loaded};

/// How long a load that failed waits before it is begun again: it does much before it fails again.
const BEGIN_AGAIN_WAIT: Duration = Duration::from_secs(10);

/// A load that is owed.
pub(super) struct Load {
    journal: Arc<dyn Journal>,
    settings: BulkSettings,
    until: BTreeMap<u32, u64>,
}

impl Load {
    /// What is to be loaded, if it is worth it: more than a batch takes, into a state with nothing in it.
    pub(super) fn owed(
        store: &Store,
        journal: &Arc<dyn Journal>,
        settings: &ProjectorSettings,
        beside: &Beside,
    ) -> Result<Option<Self>, StoreError> {
        let Some(memory_bytes) = beside.bulk_memory_bytes else { return Ok(None) };
        if !store.is_unfolded()? {
            store.remove_bulk_files();
            return Ok(None);
        }
        let until = beside.letters_from.clone();
        let (hash_key, threads) = (settings.hash_key.clone(), bulk::threads());
        let settings_of = BulkSettings { hash_key, memory_bytes, threads, patient: true };
        let worth = until.values().sum::<u64>() > settings.batch_records_max as u64;
        Ok(worth.then(|| Self { journal: Arc::clone(journal), settings: settings_of, until }))
    }
}

/// How far a load is, for those outside of the thread.
#[derive(Debug)]
pub(super) struct Loading {
    under_way: AtomicBool,
    records: AtomicU64,
}

impl Loading {
    pub(super) fn new(under_way: bool) -> Self {
        Self { under_way: AtomicBool::new(under_way), records: AtomicU64::new(0) }
    }

    /// Records that were loaded, while it is under way.
    pub(super) fn records(&self) -> Option<u64> {
        self.under_way.load(Ordering::Acquire).then(|| self.records.load(Ordering::Relaxed))
    }
}

impl ShardThread {
    /// Loads what is owed; gives the reader from there on, or none if the journal is to be folded from its start.
    pub(super) fn load(&mut self, load: &Load) -> Option<Box<dyn Reader>> {
        let loaded = self.try_load(load);
        self.loading.under_way.store(false, Ordering::Release);
        if loaded { self.reader_on(load) } else { None }
    }

    fn try_load(&mut self, load: &Load) -> bool {
        let store = Arc::clone(&self.store);
        while !self.stopped() {
            let mut told = |progress: &BulkProgress| self.told(progress);
            match bulk::load(&store, load.journal.as_ref(), &load.settings, &load.until, &mut told) {
                Ok(Loaded::Whole(shards)) => {
                    self.shards = shards;
                    self.publish_quietly(None);
                    return true;
                }
                Ok(Loaded::Unfit(unfit)) => {
                    tracing::info!(%unfit, "records are folded one batch after the other");
                    return false;
                }
                Err(BulkError::Left) => return false,
                Err(error) => self.halt_quietly(&error.to_string(), BEGIN_AGAIN_WAIT),
            }
        }
        false
    }

    /// Whether to go on.
    fn told(&self, progress: &BulkProgress) -> bool {
        self.loading.records.store(progress.records, Ordering::Relaxed);
        let halted = self.publisher.borrow().halted.clone();
        if halted != progress.halted {
            self.publish_quietly(progress.halted.clone());
        }
        !self.stopped()
    }

    fn reader_on(&self, load: &Load) -> Option<Box<dyn Reader>> {
        let from =
            || self.shards.iter().map(|(partition, row)| Position { partition: *partition, offset: row.applied });
        while !self.stopped() {
            match load.journal.reader(from().collect()) {
                Ok(reader) => return Some(reader),
                Err(error) => self.halt_quietly(&error.to_string(), RETRY_WAIT),
            }
        }
        None
    }

    fn publish_quietly(&self, halted: Option<String>) {
        quiet::unless(self.metered.load(Ordering::Relaxed), || self.publish(halted));
    }

    fn halt_quietly(&self, reason: &str, wait: Duration) {
        quiet::unless(self.metered.load(Ordering::Relaxed), || self.halt(reason, wait));
    }
}
