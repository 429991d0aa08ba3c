//! What a checkpoint says of itself: `checkpoint.toml`.
//!
//! Owns its form. Never decides whether it is true.

use std::{collections::BTreeMap, fs, path::Path};

use identity::Rules;
use serde::{Deserialize, Serialize};
use types::HashKey;

use super::files::{self, Seal};
use crate::{BlockCache, Manifest, Store, StoreError, StoreSettings, digest::StateDigest, error::CheckpointError};

/// The file beside the state.
pub(super) const FILE: &str = "checkpoint.toml";
/// Bytes of memory for reading a checkpoint.
const CACHE_BYTES: usize = 32 << 20;

/// What a checkpoint is. The offsets and the digest were read from the checkpoint itself, so they belong to one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its name, which is its directory's.
    pub name: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// Digest of the state.
    pub digest: String,
    /// The next offset to fold, by partition.
    pub applied: BTreeMap<String, u64>,
    /// Digest of each part.
    pub parts: BTreeMap<String, String>,
    /// Size and hash of each file.
    pub files: BTreeMap<String, Seal>,
    /// Format, fold, rules, hash key and journal of the state.
    pub state: Manifest,
}

impl Checkpoint {
    /// Describes the files of a state that nobody writes to; name and time are the caller's.
    pub(super) fn of(
        state: &Path,
        manifest: &Manifest,
        rules: &Rules,
        hash_key: &HashKey,
    ) -> Result<Self, CheckpointError> {
        // Before it is opened: RocksDB adds a log of its own.
        let files = files::seals(state)?;
        let store = Store::open_read_only(&settings(state), manifest)?;
        let digest = StateDigest::of(&store.snapshot(), rules, hash_key)?;
        Ok(Self {
            name: String::new(),
            created_at: String::new(),
            digest: digest.state(),
            applied: applied(&store)?,
            parts: digest.parts.iter().map(|(name, part)| (name.clone(), part.to_hex())).collect(),
            files,
            state: store.manifest().clone(),
        })
    }

    /// Bytes of all its files; those that the live state still has take no room of their own.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|seal| seal.bytes).sum()
    }

    /// Reads the description of the checkpoint in a directory.
    pub(super) fn read(dir: &Path, name: &str) -> Result<Self, CheckpointError> {
        let damaged = |what: String| CheckpointError::damaged(name, format!("{FILE}: {what}"));
        let text = fs::read_to_string(dir.join(FILE)).map_err(|error| damaged(error.to_string()))?;
        let said: Self = toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        if said.name == name { Ok(said) } else { Err(damaged(format!("it is that of `{}`", said.name))) }
    }

    /// Writes it, durably.
    pub(super) fn write(&self, dir: &Path) -> Result<(), CheckpointError> {
        let text = toml::to_string(self)
            .map_err(|error| CheckpointError::damaged(&self.name, format!("it cannot be described: {error}")))?;
        files::write(&dir.join(FILE), &text).map_err(|error| CheckpointError::io(dir, error))
    }
}

pub(super) fn settings(dir: &Path) -> StoreSettings {
    StoreSettings { cache: BlockCache::new(CACHE_BYTES), sync: true, ..StoreSettings::small(dir) }
}

/// The next offset to fold, by partition, as it lies in a state.
pub(super) fn applied(store: &Store) -> Result<BTreeMap<String, u64>, StoreError> {
    let shards = store.snapshot().shards()?;
    Ok(shards.into_iter().map(|(partition, row)| (partition.to_string(), row.applied)).collect())
}
