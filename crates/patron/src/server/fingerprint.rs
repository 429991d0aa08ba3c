//! The hash key's fingerprint beside the journal: the journal's keys were made with it, and another key would count its copies
//! again. The state has it too, but may be deleted.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use types::HashKey;

const FILE: &str = "hash_key.fingerprint";

/// Writes the fingerprint at the first start and compares it at each later one. Called while the journal's lock is held.
///
/// # Errors
/// Another key, with the remedy; or the file cannot be read or written.
pub(super) fn hold(data_dir: &Path, hash_key: &HashKey) -> anyhow::Result<()> {
    let path = data_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(held) if held.trim() == hash_key.fingerprint() => Ok(()),
        Ok(held) => bail!(
            "the journal in {} was written with the hash key of fingerprint {}, but this is {}; set hash_key to the value that it \
             was written with, or choose another data_dir",
            data_dir.display(),
            held.trim(),
            hash_key.fingerprint()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => write(&path, hash_key),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Through a second file, so that a crash leaves no half a fingerprint.
fn write(path: &Path, hash_key: &HashKey) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let written = fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(hash_key.fingerprint().as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    });
    written.with_context(|| format!("{} cannot be written", path.display()))
}
