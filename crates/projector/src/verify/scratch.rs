//! The state that a full verify folds into: small in memory, in a folder of its own, gone afterwards.

use std::{
    io,
    path::{Path, PathBuf},
};

use store::{BlockCache, Manifest, OpenError, Store, StoreSettings};

const CACHE_BYTES: usize = 16 << 20;
const WRITE_BUFFER_BYTES: usize = 32 << 20;
/// What is free while nothing is in it.
pub(super) const MEMORY_BYTES: usize = CACHE_BYTES + WRITE_BUFFER_BYTES;

/// A state that lives as long as this.
pub(super) struct Scratch {
    /// `None` only while it is dropped.
    store: Option<Store>,
    dir: PathBuf,
}

impl Scratch {
    /// An empty state of the same kind as another, under its rules too.
    ///
    /// # Errors
    /// Those of opening it.
    pub(super) fn like(manifest: &Manifest, dir: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::Failed { dir: dir.to_owned(), reason: error.to_string() };
        remove(dir).map_err(failed)?;
        std::fs::create_dir_all(dir).map_err(failed)?;
        let (cache, write_buffer_bytes) = (BlockCache::new(CACHE_BYTES), WRITE_BUFFER_BYTES);
        let settings = StoreSettings { dir: dir.to_owned(), cache, write_buffer_bytes, sync: false };
        Ok(Self { store: Some(Store::open(&settings, manifest)?), dir: dir.to_owned() })
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().expect("taken only when dropped")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.store.take());
        if let Err(error) = remove(&self.dir) {
            tracing::warn!(dir = %self.dir.display(), %error, "the state of a verify could not be removed; the next start tries again");
        }
    }
}

/// Removes a folder, if it is there.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
