//! The generations of a process as its configuration wants them, and which of them query serves.

use ingest::{Clock as _, WallClock};
use projector::{Generations, GenerationsSettings, ProjectorSettings, Served};
use store::{BlockCache, Manifest};
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
    Ok(Generations::open(settings, journals.folded())?)
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
