//! Files of checkpoints: their names, sizes and hashes, and that they are on disk.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::error::CheckpointError;

/// What a file was when the checkpoint was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 hash of its bytes, hexadecimal.
    pub hash: String,
}

/// Size and hash of each file in a directory. Reads all of them.
pub(super) fn seals(dir: &Path) -> Result<BTreeMap<String, Seal>, CheckpointError> {
    names(dir)?.into_iter().map(|name| seal(&dir.join(&name)).map(|seal| (name, seal))).collect()
}

/// The first file of a directory that is not what it was, in words.
pub(super) fn broken(dir: &Path, seals: &BTreeMap<String, Seal>) -> Option<String> {
    let absent =
        seals.iter().find(|(name, seal)| fs::metadata(dir.join(name)).map(|held| held.len()).ok() != Some(seal.bytes));
    if let Some((name, _)) = absent {
        return Some(format!("its file {name} is absent or has another size"));
    }
    let changed = |(name, said): (&String, &Seal)| match seal(&dir.join(name)) {
        Ok(found) if found == *said => None,
        Ok(_) => Some(format!("its file {name} was changed")),
        Err(error) => Some(format!("its file {name} cannot be read: {error}")),
    };
    seals.iter().find_map(changed)
}

/// Names in a directory, sorted; none where it does not exist.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, CheckpointError> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| CheckpointError::io(dir, error))?;
    let mut names: Vec<String> = entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Writes a file, durably.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Has a directory and each file in it on disk.
pub(super) fn sync_all(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        File::open(entry?.path())?.sync_all()?;
    }
    sync(dir)
}

/// Has the names in a directory on disk.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn seal(path: &Path) -> Result<Seal, CheckpointError> {
    let hashed = || {
        let mut hasher = blake3::Hasher::new();
        let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
        Ok(Seal { bytes, hash: hasher.finalize().to_hex().to_string() })
    };
    hashed().map_err(|error| CheckpointError::io(path, error))
}
