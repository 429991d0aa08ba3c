//! Checkpoints: a copy of the state at one instant, by hard links, with a file that says what it is.
//!
//! Owns the directory of checkpoints: `NAME/state` and `NAME/checkpoint.toml`. A checkpoint is made under another name, synced and
//! then renamed, so that it is there whole or not at all. Never decides which state is served.

use std::{
    fs,
    path::{Path, PathBuf},
};

use identity::Rules;
use rocksdb::checkpoint::Checkpoint as Files;
use types::HashKey;

use crate::{Store, StoreError, error::CheckpointError};

mod description;
mod files;
mod restore;

pub use description::Checkpoint;
pub use files::Seal;

/// The directory of checkpoints in a data directory.
const DIR: &str = "checkpoints";
const PARTIAL: &str = ".partial-";
const STATE: &str = "state";

/// A name, and what the checkpoint of that name says of itself, or why that cannot be read.
pub type Listed = (String, Result<Checkpoint, CheckpointError>);

/// The checkpoints of a data directory.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    dir: PathBuf,
}

impl Checkpoints {
    /// Those of a data directory, which need not have any yet.
    pub fn of(data_dir: &Path) -> Self {
        Self { dir: data_dir.join(DIR) }
    }

    /// Makes a checkpoint of the state as it is now, while it is written to. `created_at` is RFC 3339. One at a time. Reads all of
    /// the checkpoint for its digest and hashes.
    ///
    /// # Errors
    /// `Name`, `Exists`, `Io`, or those of the store; nothing is left of it then.
    pub fn create(
        &self,
        store: &Store,
        name: &str,
        created_at: &str,
        rules: &Rules,
        hash_key: &HashKey,
    ) -> Result<Checkpoint, CheckpointError> {
        let (whole, partial) = (self.place(name)?, self.dir.join(format!("{PARTIAL}{name}")));
        if whole.exists() {
            return Err(CheckpointError::Exists { name: name.to_owned() });
        }
        self.clean()?;
        let made = self.fill(&partial, store, rules, hash_key).and_then(|about| {
            let checkpoint = Checkpoint { name: name.to_owned(), created_at: created_at.to_owned(), ..about };
            checkpoint.write(&partial)?;
            let named = files::sync(&partial).and_then(|()| fs::rename(&partial, &whole));
            named.and_then(|()| files::sync(&self.dir)).map_err(|error| CheckpointError::io(&whole, error))?;
            Ok(checkpoint)
        });
        if made.is_err()
            && let Err(error) = self.clean()
        {
            tracing::warn!(%error, "what a broken-off checkpoint left is removed at the next start");
        }
        made
    }

    /// All whole checkpoints, by name; one whose description cannot be read is told as such.
    ///
    /// # Errors
    /// `Io`.
    pub fn list(&self) -> Result<Vec<Listed>, CheckpointError> {
        let mut names = files::names(&self.dir)?;
        names.retain(|name| self.place(name).is_ok_and(|place| place.is_dir()));
        let read = |name: String| {
            let checkpoint = self.read(&name);
            (name, checkpoint)
        };
        Ok(names.into_iter().map(read).collect())
    }

    /// What a checkpoint says of itself.
    ///
    /// # Errors
    /// `Name`, `NotFound` or `Damaged`.
    pub fn read(&self, name: &str) -> Result<Checkpoint, CheckpointError> {
        let place = self.place(name)?;
        if !place.exists() {
            return Err(CheckpointError::NotFound { name: name.to_owned(), dir: self.dir.clone() });
        }
        Checkpoint::read(&place, name)
    }

    /// Removes what a creation left that was broken off. Only while no creation is under way.
    ///
    /// # Errors
    /// `Io`.
    pub fn clean(&self) -> Result<(), CheckpointError> {
        for name in files::names(&self.dir)?.iter().filter(|name| name.starts_with(PARTIAL)) {
            let left = self.dir.join(name);
            fs::remove_dir_all(&left).map_err(|error| CheckpointError::io(&left, error))?;
        }
        Ok(())
    }

    /// The files of the state at this instant, on disk, and what they are.
    fn fill(
        &self,
        partial: &Path,
        store: &Store,
        rules: &Rules,
        hash_key: &HashKey,
    ) -> Result<Checkpoint, CheckpointError> {
        let state = partial.join(STATE);
        fs::create_dir_all(partial).map_err(|error| CheckpointError::io(partial, error))?;
        let files = Files::new(&store.db).and_then(|files| files.create_checkpoint(&state));
        files.map_err(|error| StoreError::Write(error.to_string()))?;
        files::sync_all(&state).map_err(|error| CheckpointError::io(&state, error))?;
        Checkpoint::of(&state, store.manifest(), rules, hash_key)
    }

    fn place(&self, name: &str) -> Result<PathBuf, CheckpointError> {
        let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let good = (1..=64).contains(&name.len()) && name.chars().all(legal) && !name.starts_with('.');
        if good { Ok(self.dir.join(name)) } else { Err(CheckpointError::Name { name: name.to_owned() }) }
    }
}

#[cfg(test)]
mod tests;
