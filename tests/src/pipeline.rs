//! The real path from touchpoints to a digest, without a network: admitted, sealed, appended, projected into RocksDB.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ingest::{BlockedValues, admit, envelope};
use journal::{Journal, NewRecord, memory::MemoryJournal};
use projector::{Journals, Projector, ProjectorSettings};
use store::{Manifest, Store, StoreSettings, digest::StateDigest};
use types::{Catalogue, HashKey, Micros, Normaliser, Progress, record::Touchpoint};

/// A touchpoint and when it is received.
pub type Received = (Touchpoint, Micros);

/// Key of all test pipelines.
pub fn hash_key() -> HashKey {
    HashKey::derive("test")
}

/// Compiled once: the patterns take a while.
static BLOCKED: LazyLock<BlockedValues> = LazyLock::new(BlockedValues::standard);

/// The record that ingest would append; panics if ingest would reject it.
pub fn record((touchpoint, received_at): &Received, partitions: u32) -> NewRecord {
    let admitted = admit(touchpoint.clone(), *received_at, &Catalogue::default(), &BLOCKED, &Normaliser::default());
    let admitted = admitted.expect("tests of the fold publish what ingest takes");
    envelope::new_record(&admitted.touchpoint, *received_at, &hash_key(), partitions)
}

/// A store in a folder, with the manifest of a journal.
pub fn open_store(dir: &std::path::Path, journal: &dyn Journal) -> Arc<Store> {
    let topology = journal.topology();
    let manifest = Manifest {
        format_version: store::manifest::FORMAT_VERSION,
        fold_version: "test".into(),
        hash_key: hash_key().fingerprint(),
        cluster_id: topology.cluster_id,
        topic_id: topology.topic_id,
        partitions: topology.partitions,
        rules: store::rules::to_text(&identity::Rules::default()),
    };
    let settings =
        StoreSettings { dir: dir.to_owned(), cache_bytes: 8 << 20, write_buffer_bytes: 8 << 20, sync: false };
    Arc::new(Store::open(&settings, &manifest).expect("a fresh store opens"))
}

/// Folds touchpoints in the given order over so many partitions and in batches of so many records.
pub fn digest_of(received: &[Received], partitions: u32, batch_records_max: usize) -> StateDigest {
    let (_dir, store) = folded(received, partitions, batch_records_max);
    StateDigest::of(&store.snapshot(), &identity::Rules::default(), &hash_key()).expect("a whole state")
}

/// The state after touchpoints in the given order, over so many partitions and in batches of so many records; it goes with its
/// folder.
pub fn folded(received: &[Received], partitions: u32, batch_records_max: usize) -> (tempfile::TempDir, Arc<Store>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new(partitions));
    let records = received.iter().map(|one| record(one, partitions)).collect();
    runtime.block_on(journal.append(records)).expect("memory takes all");
    let dir = tempfile::tempdir().expect("a folder");
    let store = open_store(dir.path(), journal.as_ref());
    project(&runtime, &store, &journal, batch_records_max);
    (dir, store)
}

/// A journal of touchpoints with empty ones beside it.
pub fn journals(touchpoints: &Arc<dyn Journal>) -> Journals {
    Journals {
        touchpoints: Arc::clone(touchpoints),
        definitions: Arc::new(MemoryJournal::new(1)),
        dead_letters: Arc::new(MemoryJournal::new(1)),
    }
}

/// Runs a projector until everything in the journal is folded.
fn project(
    runtime: &tokio::runtime::Runtime,
    store: &Arc<Store>,
    journal: &Arc<dyn Journal>,
    batch_records_max: usize,
) {
    let settings = ProjectorSettings { hash_key: hash_key(), batch_records_max, batch_bytes_max: 1 << 20 };
    let projector = Projector::start(Arc::clone(store), &journals(journal), settings);
    let projector = projector.expect("a projector starts");
    let ends = journal.ends().expect("memory answers");
    let all = |progress: &Progress| {
        (0..).zip(&ends).all(|(partition, end)| progress.applied.get(&partition).copied().unwrap_or_default() >= *end)
    };
    let mut progress = projector.progress();
    let reached = async { tokio::time::timeout(Duration::from_secs(60), progress.wait_for(all)).await.map(drop) };
    runtime.block_on(reached).expect("folded within a minute");
    projector.stop();
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
    let settings = StoreSettings { dir, cache_bytes: 64 << 20, write_buffer_bytes: 64 << 20, sync: true };
    Arc::new(Store::open(&settings, &manifest).expect("the state opens"))
}
