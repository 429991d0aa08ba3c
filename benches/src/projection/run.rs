//! One run: all records read and nothing else, and all records folded.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use journal::{Journal, PollLimits, Position, Record, embedded::EmbeddedJournal, memory::MemoryJournal};
use patron::config::{ProjectorConfig, StoreConfig};
use projector::{Journals, Projector, ProjectorSettings};
use store::{BlockCache, Manifest, Store, StoreSettings};
use tokio::runtime::Runtime;
use types::Progress;

use crate::{feed, measure::time, series::Series, threads};

/// Wall seconds of a fold.
pub(super) const FOLD_WALL: &str = "folded: wall, µs a touchpoint";
/// Processor time of the projector's threads.
pub(super) const FOLD_THREAD: &str = "folded: processor, projector's threads, µs a touchpoint";

/// Longest wait for a record that is there, and for a fold.
const POLL_WAIT: Duration = Duration::from_secs(1);
const FOLD_WAIT: Duration = Duration::from_secs(3_600);

/// Calls `each` with all records of the journal, batch by batch as the projector gets them.
pub(crate) fn batches(journal: &EmbeddedJournal, mut each: impl FnMut(Vec<Record>)) -> Result<()> {
    let from = journal.starts()?.into_iter().zip(0..).map(|(offset, partition)| Position { partition, offset });
    let mut reader = journal.reader(from.collect())?;
    let config = ProjectorConfig::default();
    let limits = PollLimits { records_max: config.batch_records_max, bytes_max: config.batch_bytes_max };
    let mut left: u64 = journal.ends()?.iter().sum();
    while left > 0 {
        let records = reader.poll(limits, POLL_WAIT)?;
        ensure!(!records.is_empty(), "the journal ends early");
        left -= records.len() as u64;
        each(records);
    }
    Ok(())
}

/// Reads everything and drops it.
pub(super) fn read(journal: &EmbeddedJournal, series: &mut Series) -> Result<()> {
    let (mut records, mut outcome) = (0, Ok(()));
    let (wall, cpu) = time(|| outcome = batches(journal, |batch| records += batch.len()));
    outcome?;
    series.note("journal read alone, touchpoints/s", records as f64 * 1e9 / wall);
    series.note("journal read alone: processor, µs a touchpoint", cpu / records as f64 / 1e3);
    Ok(())
}

/// Folds everything into a new state with the server's own settings.
pub(super) fn fold(journal: &Arc<EmbeddedJournal>, dir: &Path, runtime: &Runtime, series: &mut Series) -> Result<()> {
    let (store, touchpoints) = (Arc::new(open(journal, dir)?), journal.ends()?.iter().sum::<u64>() as f64);
    let (process, before) = (threads::process_nanos(), threads::by_name()?);
    let (mut after, mut outcome) = (before.clone(), Ok(()));
    let (wall, _) = time(|| outcome = project(&store, journal, runtime).map(|threads| after = threads));
    outcome?;
    let micros = |nanos: f64| nanos / touchpoints / 1e3;
    let spent =
        |name: &str| after.get(name).copied().unwrap_or_default() - before.get(name).copied().unwrap_or_default();
    series.note("folded, touchpoints/s", touchpoints * 1e9 / wall);
    series.note(FOLD_WALL, micros(wall));
    let process = threads::process_nanos() - process;
    series.note("folded: processor, whole process, s", process / 1e9);
    series.note("folded: processor, whole process, µs a touchpoint", micros(process));
    series.note(FOLD_THREAD, micros(threads::of_projector(&after) - threads::of_projector(&before)));
    series.note("folded: processor, RocksDB's flushes, µs a touchpoint", micros(spent("rocksdb:high")));
    series.note("folded: processor, RocksDB's compactions, µs a touchpoint", micros(spent("rocksdb:low")));
    Ok(())
}

/// A state with the server's own settings.
pub(super) fn open(journal: &EmbeddedJournal, dir: &Path) -> Result<Store> {
    let StoreConfig { cache_bytes, write_buffer_bytes, sync } = StoreConfig::default();
    let settings = StoreSettings { dir: dir.to_owned(), cache: BlockCache::new(cache_bytes), write_buffer_bytes, sync };
    Ok(Store::open(&settings, &manifest(journal))?)
}

/// What a state of this journal is.
pub(crate) fn manifest(journal: &EmbeddedJournal) -> Manifest {
    let topology = journal.topology();
    Manifest {
        format_version: store::manifest::FORMAT_VERSION,
        fold_version: profile::fold_version(),
        hash_key: feed::hash_key().fingerprint(),
        cluster_id: topology.cluster_id,
        topic_id: topology.topic_id,
        partitions: topology.partitions,
        rules: store::rules::to_text(&identity::Rules::default()),
    }
}

/// A new state into which everything is folded.
pub(crate) fn folded(journal: &Arc<EmbeddedJournal>, dir: &Path, runtime: &Runtime) -> Result<Arc<Store>> {
    let store = Arc::new(open(journal, dir)?);
    project(&store, journal, runtime)?;
    Ok(store)
}

/// The journal with empty ones beside it.
pub(crate) fn journals(journal: &Arc<EmbeddedJournal>) -> Journals {
    Journals {
        touchpoints: Arc::clone(journal) as Arc<dyn Journal>,
        definitions: Arc::new(MemoryJournal::new(1)),
        dead_letters: Arc::new(MemoryJournal::new(1)),
    }
}

/// Runs the projector until everything is folded; returns what its threads had spent by then.
pub(crate) fn project(
    store: &Arc<Store>,
    journal: &Arc<EmbeddedJournal>,
    runtime: &Runtime,
) -> Result<std::collections::BTreeMap<String, f64>> {
    let ProjectorConfig { batch_records_max, batch_bytes_max, warm_bytes } = ProjectorConfig::default();
    let settings = ProjectorSettings { hash_key: feed::hash_key(), batch_records_max, batch_bytes_max, warm_bytes };
    let ends = journal.ends()?;
    let projector = Projector::start(Arc::clone(store), &journals(journal), settings)?;
    let mut progress = projector.progress();
    let all = |progress: &Progress| {
        (0..).zip(&ends).all(|(partition, end)| progress.applied.get(&partition).is_some_and(|applied| applied >= end))
    };
    let folded = async { tokio::time::timeout(FOLD_WAIT, progress.wait_for(all)).await.map(drop) };
    runtime.block_on(folded).context("folded in time")?;
    let threads = threads::by_name()?;
    projector.stop();
    Ok(threads)
}
