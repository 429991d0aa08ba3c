//! What all query services share: the store to read, the rules to resolve by, and the progress to wait for.
//!
//! Owns that a call has one generation of them from its beginning to its end: what is served may be swapped at any time.

use std::{sync::Arc, time::Duration};

use expr::Zone;
use identity::Rules;
use proto::customer::AppliedOffset;
use segment::{Caps, Clock, clock::Shard};
use store::{Published, Snapshot, Store, StoreError, family::shards::ShardRow, published::memberships::Sweep};
use tokio::sync::watch;
use tonic::Status;
use types::{Catalogue, HashKey, Micros, Normaliser, Progress};

use crate::{
    hot::{Answers, Hot},
    segments::{CountSettings, Definer},
    status,
};

/// What the status says of the journal, without query knowing the journal.
pub trait JournalFacts: Send + Sync + 'static {
    /// Cluster id and topic id.
    fn ids(&self) -> (String, String);

    /// Next offset of each partition; `None` while the journal does not answer.
    fn ends(&self) -> Option<Vec<u64>>;
}

/// One generation of the state, with what reading it takes.
#[derive(Clone, Debug)]
pub struct Live {
    /// The state.
    pub store: Arc<Store>,
    /// Identity rules.
    pub rules: Arc<Rules>,
    /// How far the shards are folded.
    pub progress: watch::Receiver<Progress>,
}

/// Which generation is served, without query knowing who builds and swaps them.
pub trait Serving: Send + Sync + 'static {
    /// The generation that is served now.
    fn live(&self) -> Live;
}

/// Shared by the services: gives each call its context.
#[derive(Clone)]
pub struct Contexts {
    /// What is served.
    pub serving: Arc<dyn Serving>,
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// What brings identifiers that are asked for into the form in which they were published.
    pub normaliser: Normaliser,
    /// The journal's ids and ends.
    pub journal: Arc<dyn JournalFacts>,
    /// Longest wait for `min_position` where the caller sets no deadline.
    pub wait_max: Duration,
    /// Kinds of touchpoints that expressions may name.
    pub kinds: Arc<Catalogue>,
    /// The clock of windows.
    pub clock: Clock,
    /// Contact caps.
    pub caps: Arc<Caps>,
    /// What the feeds tell.
    pub told: Told,
    /// What counts may keep.
    pub counts: CountSettings,
    /// Where segments are defined; `None` where no ingest is known.
    pub definer: Option<Arc<dyn Definer>>,
    /// The zone of the calendar.
    pub zone: Zone,
    /// What was answered lately.
    pub hot: Arc<Hot>,
    /// When the server started.
    pub started_at: Micros,
}

/// What is told of memberships beside the answers.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was told.
    pub published: Arc<Published>,
    /// How far a look at everybody is; `None` while none goes on.
    pub sweep: watch::Receiver<Option<Sweep>>,
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Contexts of {:?}", self.serving.live().store)
    }
}

impl Contexts {
    /// What is served now, for one call.
    pub(crate) fn now(&self) -> Context {
        let Live { store, rules, progress } = self.serving.live();
        let answers = self.hot.answers(&store);
        Context {
            store,
            answers,
            rules,
            hash_key: self.hash_key.clone(),
            normaliser: self.normaliser,
            progress,
            journal: Arc::clone(&self.journal),
            wait_max: self.wait_max,
            kinds: Arc::clone(&self.kinds),
            clock: self.clock,
            caps: Arc::clone(&self.caps),
            told: self.told.clone(),
            definer: self.definer.clone(),
            zone: self.zone.clone(),
            hot: Arc::clone(&self.hot),
            started_at: self.started_at,
        }
    }
}

/// What one call reads: one generation, the same to its end.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Arc<Store>,
    /// What was answered from this state; `None` if that is not kept.
    pub(crate) answers: Option<Arc<Answers>>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) hash_key: HashKey,
    pub(crate) normaliser: Normaliser,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) journal: Arc<dyn JournalFacts>,
    pub(crate) wait_max: Duration,
    pub(crate) kinds: Arc<Catalogue>,
    pub(crate) clock: Clock,
    pub(crate) caps: Arc<Caps>,
    pub(crate) told: Told,
    pub(crate) definer: Option<Arc<dyn Definer>>,
    pub(crate) zone: Zone,
    pub(crate) hot: Arc<Hot>,
    pub(crate) started_at: Micros,
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

impl Context {
    /// The instant of an answer by the clock of windows.
    pub(crate) fn instant(&self, snapshot: &Snapshot<'_>) -> Result<Micros, StoreError> {
        let ends = self.journal.ends();
        let end = |partition: u32| ends.as_ref().and_then(|ends| ends.get(usize::try_from(partition).ok()?).copied());
        let shard = |(partition, row): (u32, ShardRow)| Shard {
            lags: end(partition).is_some_and(|end| row.applied < end),
            newest: row.newest_occurred_at,
        };
        let shards: Vec<Shard> = snapshot.shards()?.into_iter().map(shard).collect();
        Ok(self.clock.now(Micros(jiff::Timestamp::now().as_microsecond()), &shards))
    }
}

/// What a snapshot covers, for the answer.
pub(crate) fn applied(snapshot: &Snapshot<'_>) -> Result<Vec<AppliedOffset>, StoreError> {
    let offset = |(partition, row): (u32, ShardRow)| AppliedOffset { partition, next_offset: row.applied };
    Ok(snapshot.shards()?.into_iter().map(offset).collect())
}
