//! Taking a checkpoint back while nothing is served.
//!
//! Owns that no process holds the state, and that the checkpoint fits configuration and journal. Never changes the journal.

use anyhow::{Context as _, bail};
use ingest::{Clock as _, WallClock};
use store::{
    BlockCache, Manifest, OpenError, Store, StoreSettings,
    checkpoint::{Checkpoint, Checkpoints},
    generations::Directories,
};
use types::HashKey;

use super::{Role, generations, journals::Journals};
use crate::config::Config;

/// What a restore did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Number of the generation that is live now.
    pub generation: u32,
    /// Records of the journal that it has not folded.
    pub records_behind: u64,
}

/// Makes a checkpoint of the data directory the live state, if it is what it says and fits. Blocks; reads the checkpoint twice.
///
/// # Errors
/// In words, with the remedy: a process that serves it, a checkpoint that is damaged or of another configuration or journal, the
/// disk. What was live still is.
pub fn restore(config: &Config, name: &str) -> anyhow::Result<Restored> {
    let role = if config.kafka.brokers.is_empty() { Role::All } else { Role::Projector };
    let checkpoints = Checkpoints::of(&config.data_dir);
    // Before anything is created where the directory or the name is mistyped.
    checkpoints.read(name)?;
    let hash_key = HashKey::derive(&config.hash_key);
    let journals = Journals::open(config, role, &hash_key)?;
    let restored = restore_beside(config, &journals, &hash_key, &checkpoints, name);
    journals.close();
    restored
}

fn restore_beside(
    config: &Config,
    journals: &Journals,
    hash_key: &HashKey,
    checkpoints: &Checkpoints,
    name: &str,
) -> anyhow::Result<Restored> {
    let wanted = generations::manifest(config, journals, hash_key);
    let _held = hold(config, &wanted)?;
    let checkpoint = checkpoints.verify(name, &wanted, &config.rules(), hash_key)?;
    let records_behind = behind(&checkpoint, &journals.touchpoints.ends().context("the journal's end")?)?;
    let mut directories = Directories::take_over(&config.data_dir)?;
    let generation = checkpoints.restore(&checkpoint, &mut directories, WallClock.now().0)?;
    Ok(Restored { generation, records_behind })
}

/// Holds the live state, so that no process serves it meanwhile; one that cannot be opened for another reason is served by none.
fn hold(config: &Config, wanted: &Manifest) -> anyhow::Result<Option<Store>> {
    let dir = store::live_dir(&config.data_dir)?;
    if !dir.exists() {
        return Ok(None);
    }
    let (cache, write_buffer_bytes) = (BlockCache::new(config.store.cache_bytes), config.store.write_buffer_bytes);
    let settings = StoreSettings { dir, cache, write_buffer_bytes, sync: true };
    match Store::open_under_its_rules(&settings, wanted) {
        Ok(store) => Ok(Some(store)),
        Err(error @ OpenError::InUse { .. }) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "the live state cannot be opened; the checkpoint takes its place");
            Ok(None)
        }
    }
}

/// Records of the journal that the checkpoint has not folded.
fn behind(checkpoint: &Checkpoint, ends: &[u64]) -> anyhow::Result<u64> {
    let mut applied = 0;
    for (partition, next) in &checkpoint.applied {
        let end =
            partition.parse::<usize>().ok().and_then(|partition| ends.get(partition)).copied().unwrap_or_default();
        if *next > end {
            bail!(
                "the checkpoint `{}` has folded partition {partition} up to offset {next}, but the journal ends at {end}; point \
                 patron at the journal that it was folded from, or take an older checkpoint",
                checkpoint.name
            );
        }
        applied += next;
    }
    Ok(ends.iter().sum::<u64>().saturating_sub(applied))
}
