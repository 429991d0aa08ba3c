//! The real path from touchpoints and decisions to a digest, without a network: admitted, sealed, appended, projected into RocksDB.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ingest::{BlockedValues, admit, envelope};
use journal::{Journal, NewRecord, memory::MemoryJournal};
use projector::{Journals, Projector, ProjectorSettings};
use store::{BlockCache, Manifest, Store, StoreSettings, digest::StateDigest};
use tokio::runtime::Runtime;
use types::{
    Catalogue, HashKey, Micros, Normaliser, Progress,
    record::{IdentityDecision, Touchpoint},
};

pub mod runs;

/// A touchpoint and when it is received.
pub type Received = (Touchpoint, Micros);

/// What reaches ingest, and when it is received.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// A touchpoint.
    Touchpoint(Box<Received>),
    /// An operator's decision, as ingest has checked it.
    Decision(IdentityDecision, Micros),
}

impl From<Received> for Arrival {
    fn from(received: Received) -> Self {
        Self::Touchpoint(Box::new(received))
    }
}

impl Arrival {
    /// The same, received at another time.
    pub fn received_at(mut self, at: Micros) -> Self {
        match &mut self {
            Self::Touchpoint(received) => received.1 = at,
            Self::Decision(_, received_at) => *received_at = at,
        }
        self
    }

    /// The record that ingest would append; panics if ingest would reject it.
    pub fn record(&self, partitions: u32) -> NewRecord {
        match self {
            Self::Touchpoint(received) => record(received, partitions),
            Self::Decision(decision, received_at) => {
                envelope::of_decision(decision, *received_at, &hash_key(), partitions)
            }
        }
    }
}

/// Key of all test pipelines.
pub fn hash_key() -> HashKey {
    HashKey::derive("test")
}

/// Longest fold.
const FOLD_MAX: Duration = Duration::from_secs(120);

/// Compiled once: the patterns take a while.
static BLOCKED: LazyLock<BlockedValues> = LazyLock::new(BlockedValues::standard);

/// The record that ingest would append; panics if ingest would reject it.
pub fn record((touchpoint, received_at): &Received, partitions: u32) -> NewRecord {
    let admitted = admit(touchpoint.clone(), *received_at, &Catalogue::default(), &BLOCKED, &Normaliser::default());
    let admitted = admitted.expect("tests of the fold publish what ingest takes");
    envelope::new_record(&admitted.touchpoint, *received_at, &hash_key(), partitions)
}

/// The manifest of a state that is folded from a journal.
pub fn manifest(journal: &dyn Journal) -> Manifest {
    let topology = journal.topology();
    Manifest {
        format_version: store::manifest::FORMAT_VERSION,
        fold_version: "test".into(),
        hash_key: hash_key().fingerprint(),
        cluster_id: topology.cluster_id,
        topic_id: topology.topic_id,
        partitions: topology.partitions,
        rules: store::rules::to_text(&identity::Rules::default()),
    }
}

/// A store in a folder, with the manifest of a journal.
pub fn open_store(dir: &std::path::Path, journal: &dyn Journal) -> Arc<Store> {
    // The filters of all families' memtables take 40 MiB: with less, each write would be flushed, and a crash lose nothing.
    let write_buffer_bytes = 256 << 20;
    let settings =
        StoreSettings { dir: dir.to_owned(), cache: BlockCache::new(8 << 20), write_buffer_bytes, sync: false };
    Arc::new(Store::open(&settings, &manifest(journal)).expect("a state opens"))
}

/// A projector of batches of so many records, which keeps few fragments in memory.
pub fn projector_settings(batch_records_max: usize) -> ProjectorSettings {
    ProjectorSettings { hash_key: hash_key(), batch_records_max, batch_bytes_max: 1 << 20, warm_bytes: 1 << 16 }
}

/// A journal in memory and the state that is folded from it, which goes with its folder.
#[derive(Debug)]
pub struct Pipeline {
    runtime: Runtime,
    journal: Arc<MemoryJournal>,
    store: Arc<Store>,
    dir: tempfile::TempDir,
}

impl Pipeline {
    /// An empty one.
    pub fn new(partitions: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let journal = Arc::new(MemoryJournal::new(partitions));
        let dir = tempfile::tempdir().expect("a folder");
        let store = open_store(dir.path(), journal.as_ref());
        Self { runtime, journal, store, dir }
    }

    /// The state.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The digest of the state under the default rules.
    pub fn digest(&self) -> StateDigest {
        StateDigest::of(&self.store.snapshot(), &identity::Rules::default(), &hash_key()).expect("a whole state")
    }

    /// Appends what arrives, in this order.
    pub fn append(&self, arrivals: &[Arrival]) {
        let partitions = self.journal.topology().partitions;
        let records = arrivals.iter().map(|arrival| arrival.record(partitions)).collect();
        self.runtime.block_on(self.journal.append(records)).expect("memory takes all");
    }

    /// Closes the state, loses the end of its log, of which so many thousandths are kept, and opens it again.
    pub fn crash(self, kept: u64) -> Self {
        let Self { runtime, journal, store, dir } = self;
        assert!(Arc::into_inner(store).is_some(), "nobody else has the state open");
        runs::cut_log(dir.path(), kept);
        let store = open_store(dir.path(), journal.as_ref());
        Self { runtime, journal, store, dir }
    }

    /// Runs a projector until everything in the journal is folded.
    pub fn fold(&self, batch_records_max: usize) {
        let settings = projector_settings(batch_records_max);
        let touchpoints: Arc<dyn Journal> = Arc::clone(&self.journal) as Arc<dyn Journal>;
        let projector = Projector::start(Arc::clone(&self.store), &journals(&touchpoints), settings);
        let projector = projector.expect("a projector starts");
        let ends = self.journal.ends().expect("memory answers");
        let applied = |progress: &Progress, partition| progress.applied.get(&partition).copied().unwrap_or_default();
        let all = |progress: &Progress| (0..).zip(&ends).all(|(partition, end)| applied(progress, partition) >= *end);
        let mut progress = projector.progress();
        let reached = async { tokio::time::timeout(FOLD_MAX, progress.wait_for(all)).await.map(drop) };
        self.runtime.block_on(reached).expect("folded in time");
        projector.stop();
    }
}

/// A journal of touchpoints with empty ones beside it.
pub fn journals(touchpoints: &Arc<dyn Journal>) -> Journals {
    Journals {
        touchpoints: Arc::clone(touchpoints),
        definitions: Arc::new(MemoryJournal::new(1)),
        dead_letters: Arc::new(MemoryJournal::new(1)),
    }
}

/// The state that a stopped server with default settings left in its data folder.
pub fn open_left_behind(data_dir: &std::path::Path) -> Arc<Store> {
    let config = journal::embedded::EmbeddedConfig::new(data_dir.join("journal"), 4);
    let topology = journal::embedded::EmbeddedJournal::open(config).expect("the journal opens").topology();
    let manifest = Manifest {
        format_version: store::manifest::FORMAT_VERSION,
        fold_version: profile::fold_version(),
        hash_key: HashKey::derive("patron").fingerprint(),
        cluster_id: topology.cluster_id,
        topic_id: topology.topic_id,
        partitions: topology.partitions,
        rules: store::rules::to_text(&identity::Rules::default()),
    };
    let dir = store::live_dir(data_dir).expect("the generations are named");
    let settings = StoreSettings { dir, cache: BlockCache::new(64 << 20), write_buffer_bytes: 64 << 20, sync: true };
    Arc::new(Store::open(&settings, &manifest).expect("the state opens"))
}
