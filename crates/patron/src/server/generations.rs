//! The generations of a process as its configuration wants them, and which of them query serves.

use ingest::{Clock as _, WallClock};
use projector::{Generations, GenerationsSettings, ProjectorSettings, Served};
use store::{BlockCache, Manifest, Store};
use tokio::sync::watch;
use types::HashKey;

use super::journals::Journals;
use crate::config::Config;

/// Opens the generations in the data directory and folds them. Blocks.
pub(super) fn open(
    config: &Config,
    journals: &Journals,
    hash_key: &HashKey,
    cache: BlockCache,
) -> anyhow::Result<Generations> {
    let settings = GenerationsSettings {
        data_dir: config.data_dir.clone(),
        manifest: manifest(config, journals, hash_key),
        cache,
        write_buffer_bytes: config.store.write_buffer_bytes,
        sync: config.store.sync,
        rebuild_memory_bytes: config.rebuild.memory_bytes,
        projector: ProjectorSettings {
            hash_key: hash_key.clone(),
            batch_records_max: config.projector.batch_records_max,
            batch_bytes_max: config.projector.batch_bytes_max,
            warm_bytes: config.projector.warm_bytes,
        },
        clock: || WallClock.now(),
    };
    let generations = Generations::open(settings, journals.folded())?;
    warn_of_cache(&generations.served().borrow().store);
    Ok(generations)
}

/// Says so where the cache is too small to look anything up quickly.
fn warn_of_cache(store: &Store) {
    let (index_bytes, cache_bytes) = (store.index_bytes(), store.cache_bytes() as u64);
    if index_bytes > cache_bytes / 2 {
        tracing::warn!(
            index_bytes,
            cache_bytes,
            "filters and indexes of the state leave little of the cache, or do not fit: looks read files again and again; \
             give memory_bytes, or store.cache_bytes, more: at least {} for the latter",
            index_bytes * 2
        );
    }
}

/// What the live state must be.
pub(super) fn manifest(config: &Config, journals: &Journals, hash_key: &HashKey) -> Manifest {
    let topology = journals.touchpoints.topology();
    Manifest {
        format_version: store::manifest::FORMAT_VERSION,
        fold_version: profile::fold_version(),
        hash_key: hash_key.fingerprint(),
        cluster_id: topology.cluster_id,
        topic_id: topology.topic_id,
        partitions: topology.partitions,
        rules: store::rules::to_text(&config.rules()),
    }
}

/// What the projector serves, as query asks for it.
pub(super) struct Live(pub(super) watch::Receiver<Served>);

impl query::Serving for Live {
    fn live(&self) -> query::Live {
        let Served { store, rules, progress, .. } = self.0.borrow().clone();
        query::Live { store, rules, progress }
    }
}
