//! Checkpoints: a copy of the state at one instant, by hard links, with a file that says what it is.
//!
//! Owns the directory of checkpoints: `NAME/state` and `NAME/checkpoint.toml`. A checkpoint is made under another name, synced and
//! then renamed, so that it is there whole or not at all. Never decides which state is served.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use identity::Rules;
use rocksdb::checkpoint::Checkpoint as Files;
use serde::{Deserialize, Serialize};
use types::HashKey;

use crate::{
    Manifest, Store, StoreError, StoreSettings,
    digest::StateDigest,
    error::{CheckpointError, OpenError},
};

const PARTIAL: &str = ".partial-";
const FILE: &str = "checkpoint.toml";
const STATE: &str = "state";
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
    /// Bytes of each file.
    pub files: BTreeMap<String, u64>,
    /// Format, fold, rules, hash key and journal of the state.
    pub state: Manifest,
}

/// The directory of checkpoints.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    dir: PathBuf,
}

impl Checkpoints {
    /// Those in a directory, which need not exist yet.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Makes a checkpoint of the state as it is now, while it is written to. `created_at` is RFC 3339. One at a time.
    ///
    /// # Errors
    /// `Name`, `Exists`, `Io`, or those of the store.
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
        let failed = |error| CheckpointError::io(&partial, error);
        fs::create_dir_all(&self.dir).map_err(failed)?;
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        fs::create_dir(&partial).map_err(failed)?;
        let state = partial.join(STATE);
        let files = Files::new(&store.db).and_then(|files| files.create_checkpoint(&state));
        files.map_err(|error| StoreError::Write(error.to_string()))?;
        let files = file_sizes(&state)?;
        let about = describe(&state, store.manifest(), rules, hash_key)?;
        let checkpoint = Checkpoint { name: name.to_owned(), created_at: created_at.to_owned(), files, ..about };
        let text = toml::to_string(&checkpoint)
            .map_err(|error| CheckpointError::damaged(name, format!("it cannot be described: {error}")))?;
        let written = File::create(partial.join(FILE)).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let synced = written.and_then(|()| sync_all(&state)).and_then(|()| sync(&partial));
        synced.and_then(|()| fs::rename(&partial, &whole)).and_then(|()| sync(&self.dir)).map_err(failed)?;
        Ok(checkpoint)
    }

    /// All whole checkpoints, by name; one whose description cannot be read is told as such.
    ///
    /// # Errors
    /// `Io`.
    pub fn list(&self) -> Result<Vec<Result<Checkpoint, CheckpointError>>, CheckpointError> {
        let mut names = names(&self.dir)?;
        names.retain(|name| !name.starts_with('.'));
        Ok(names.iter().map(|name| self.read(name)).collect())
    }

    /// What a checkpoint says of itself.
    ///
    /// # Errors
    /// `NotFound` or `Damaged`.
    pub fn read(&self, name: &str) -> Result<Checkpoint, CheckpointError> {
        let place = self.place(name)?;
        if !place.exists() {
            return Err(CheckpointError::NotFound { name: name.to_owned(), dir: self.dir.clone() });
        }
        let damaged = |what: String| CheckpointError::damaged(name, what);
        let text = fs::read_to_string(place.join(FILE)).map_err(|error| damaged(format!("{FILE}: {error}")))?;
        toml::from_str(&text).map_err(|error| damaged(format!("{FILE}: {}", error.message())))
    }

    /// Compares a checkpoint with what it says of itself: each file's size, format, journal, offsets; with `digest` also every
    /// row. `wanted` is the state that this process would serve.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`, or `Open` where it is of another format, key or journal.
    pub fn verify(
        &self,
        name: &str,
        wanted: &Manifest,
        digest: Option<(&Rules, &HashKey)>,
    ) -> Result<Checkpoint, CheckpointError> {
        let said = self.read(name)?;
        let state = self.place(name)?.join(STATE);
        let damaged = |what: String| CheckpointError::damaged(name, what);
        let held = file_sizes(&state)?;
        if let Some((file, _)) = said.files.iter().find(|(file, bytes)| held.get(*file) != Some(bytes)) {
            return Err(damaged(format!("its file {file} is absent or has another size")));
        }
        said.state.check(wanted, &state)?;
        let unreadable = |error: CheckpointError| match error {
            CheckpointError::Open(OpenError::Incompatible { .. }) => error,
            other => damaged(other.to_string()),
        };
        let store = Store::open_read_only(&settings(&state), wanted).map_err(|error| unreadable(error.into()))?;
        let found = applied(&store).map_err(|error| unreadable(error.into()))?;
        if found != said.applied {
            return Err(damaged(format!("its offsets are {found:?}, but it says {:?}", said.applied)));
        }
        if let Some((rules, hash_key)) = digest {
            let found =
                StateDigest::of(&store.snapshot(), rules, hash_key).map_err(|error| unreadable(error.into()))?;
            if found.state() != said.digest {
                return Err(damaged(format!("its digest is {}, but it says {}", found.state(), said.digest)));
            }
        }
        Ok(said)
    }

    /// Puts the state of a verified checkpoint at `target`, which must not exist: table files by hard link, others copied,
    /// as RocksDB goes on writing to them.
    ///
    /// # Errors
    /// `Io`: what was begun lies in `target` with the ending `.partial`.
    pub fn place_at(&self, checkpoint: &Checkpoint, target: &Path) -> Result<(), CheckpointError> {
        let (from, partial) = (self.place(&checkpoint.name)?.join(STATE), target.with_extension("partial"));
        let placed = (|| {
            fs::create_dir(&partial)?;
            for file in checkpoint.files.keys() {
                let (from, to) = (from.join(file), partial.join(file));
                let linked = file.ends_with(".sst") && fs::hard_link(&from, &to).is_ok();
                if !linked {
                    fs::copy(&from, &to)?;
                }
            }
            sync_all(&partial)?;
            fs::rename(&partial, target)?;
            target.parent().map_or(Ok(()), sync)
        })();
        placed.map_err(|error| CheckpointError::io(target, error))
    }

    /// Removes what a creation left that was broken off. Only while no creation is under way.
    ///
    /// # Errors
    /// `Io`.
    pub fn clean(&self) -> Result<(), CheckpointError> {
        for name in names(&self.dir)?.iter().filter(|name| name.starts_with(PARTIAL)) {
            let left = self.dir.join(name);
            fs::remove_dir_all(&left).map_err(|error| CheckpointError::io(&left, error))?;
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Result<PathBuf, CheckpointError> {
        let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let good = (1..=64).contains(&name.len()) && name.chars().all(legal) && !name.starts_with('.');
        if good { Ok(self.dir.join(name)) } else { Err(CheckpointError::Name { name: name.to_owned() }) }
    }
}

fn describe(
    state: &Path,
    manifest: &Manifest,
    rules: &Rules,
    hash_key: &HashKey,
) -> Result<Checkpoint, CheckpointError> {
    let store = Store::open_read_only(&settings(state), manifest)?;
    let digest = StateDigest::of(&store.snapshot(), rules, hash_key)?;
    Ok(Checkpoint {
        name: String::new(),
        created_at: String::new(),
        digest: digest.state(),
        applied: applied(&store)?,
        parts: digest.parts.iter().map(|(name, part)| (name.clone(), part.to_hex())).collect(),
        files: BTreeMap::new(),
        state: store.manifest().clone(),
    })
}

fn settings(dir: &Path) -> StoreSettings {
    StoreSettings { dir: dir.to_owned(), cache_bytes: CACHE_BYTES, write_buffer_bytes: 1 << 20, sync: true }
}

fn applied(store: &Store) -> Result<BTreeMap<String, u64>, StoreError> {
    let shards = store.snapshot().shards()?;
    Ok(shards.into_iter().map(|(partition, row)| (partition.to_string(), row.applied)).collect())
}

/// Names in a directory, sorted; none where it does not exist.
fn names(dir: &Path) -> Result<Vec<String>, CheckpointError> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| CheckpointError::io(dir, error))?;
    let mut names: Vec<String> = entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn file_sizes(dir: &Path) -> Result<BTreeMap<String, u64>, CheckpointError> {
    let size = |name: String| {
        let bytes = fs::metadata(dir.join(&name)).map_err(|error| CheckpointError::io(dir, error))?.len();
        Ok((name, bytes))
    };
    names(dir)?.into_iter().map(size).collect()
}

fn sync_all(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        File::open(entry?.path())?.sync_all()?;
    }
    sync(dir)
}

fn sync(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests;
