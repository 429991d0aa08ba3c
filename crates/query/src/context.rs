//! What all query services share: the store to read, the rules to resolve by, and the progress to wait for.

use std::{sync::Arc, time::Duration};

use identity::Rules;
use proto::customer::AppliedOffset;
use store::{Snapshot, Store, StoreError};
use tokio::sync::watch;
use tonic::Status;
use types::{HashKey, Micros, Normaliser, Progress};

use crate::status;

/// What the status says of the journal, without query knowing the journal.
pub trait JournalFacts: Send + Sync + 'static {
    /// Cluster id and topic id.
    fn ids(&self) -> (String, String);

    /// Next offset of each partition; `None` while the journal does not answer.
    fn ends(&self) -> Option<Vec<u64>>;
}

/// Shared by the services.
#[derive(Clone)]
pub struct Context {
    /// The state.
    pub store: Arc<Store>,
    /// Identity rules.
    pub rules: Arc<Rules>,
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// What brings identifiers that are asked for into the form in which they were published.
    pub normaliser: Normaliser,
    /// How far the shards are folded.
    pub progress: watch::Receiver<Progress>,
    /// The journal's ids and ends.
    pub journal: Arc<dyn JournalFacts>,
    /// Longest wait for `min_position` where the caller sets no deadline.
    pub wait_max: Duration,
    /// When the server started.
    pub started_at: Micros,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Context of {:?}", self.store)
    }
}

impl Context {
    /// Runs a read on a thread where it may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let context = self.clone();
        let task = tokio::task::spawn_blocking(move || read(&context));
        task.await.map_err(|error| status::internal(&format!("a read broke off: {error}")))?
    }
}

/// What a snapshot covers, for the answer.
pub(crate) fn applied(snapshot: &Snapshot<'_>) -> Result<Vec<AppliedOffset>, StoreError> {
    let offset = |(partition, row): (u32, store::family::shards::ShardRow)| AppliedOffset {
        partition,
        next_offset: row.applied,
    };
    Ok(snapshot.shards()?.into_iter().map(offset).collect())
}
