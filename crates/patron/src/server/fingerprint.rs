//! What the keys of the embedded journal were made with, in files beside it: the hash key's fingerprint, and what the normal form
//! of identifiers depends on. With others its copies would count again. The state may be deleted, these stay.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use types::{HashKey, Normaliser, normal_form::NORMALISER_VERSION};

const FILE: &str = "hash_key.fingerprint";
/// Version of the normal forms and the region of phone numbers, `2 AT`.
const NORMAL_FORM_FILE: &str = "identifiers.normal_form";

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
        Err(error) if error.kind() == ErrorKind::NotFound => write(&path, &hash_key.fingerprint()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Writes the normal form at the first start, also of a journal that is older than it, and compares it at each later one. Called
/// while the journal's lock is held.
///
/// # Errors
/// Another region or a newer version, with the remedy; or the file cannot be read or written.
pub(super) fn hold_normal_form(data_dir: &Path, normaliser: &Normaliser) -> anyhow::Result<()> {
    let (path, region) = (data_dir.join(NORMAL_FORM_FILE), normaliser.phone_region.code());
    let held = match fs::read_to_string(&path) {
        Ok(held) => held,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return write(&path, format!("{NORMALISER_VERSION} {region}").trim_end());
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    let (version, held_region) = held.trim().split_once(' ').unwrap_or((held.trim(), ""));
    let version = version.parse().with_context(|| {
        format!("{}: `{}` is no version and region; restore the file from a backup", path.display(), held.trim())
    })?;
    super::normal_form::compare((version, held_region), &region, "data_dir")
        .with_context(|| format!("the journal in {}", data_dir.display()))
}

/// Through a second file, so that a crash leaves no half a text.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let written = fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    });
    written.with_context(|| format!("{} cannot be written", path.display()))
}
