//! The directory of an export: empty at first, sealed by a manifest at the end.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{
    ExportError, manifest,
    manifest::Manifest,
    partial::{self, Partial},
};

/// The directory that an export is written to.
#[derive(Clone, Debug)]
pub(super) struct Dir {
    path: PathBuf,
}

impl Dir {
    /// Makes the directory; one that is there must be empty.
    pub(super) fn create(path: &Path) -> Result<Self, ExportError> {
        let failed = |error| ExportError::io(path, error);
        fs::create_dir_all(path).map_err(failed)?;
        let held: Vec<_> = fs::read_dir(path).and_then(Iterator::collect).map_err(failed)?;
        let broken_off = held.iter().any(|entry| partial::is_partial(&entry.path()));
        match held.is_empty() {
            true => Ok(Self { path: path.to_owned() }),
            false if broken_off => Err(ExportError::BrokenOff(path.to_owned())),
            false => Err(ExportError::NotEmpty(path.to_owned())),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the manifest, once all files are on disk under their names.
    pub(super) fn seal(&self, manifest: &Manifest) -> Result<(), ExportError> {
        let path = self.path.join(manifest::NAME);
        self.sync()?;
        let mut partial = Partial::create(&path)?;
        partial.write_all(manifest.to_json().as_bytes()).map_err(|error| ExportError::io(&path, error))?;
        partial.finish()?;
        self.sync()
    }

    /// Has the names on disk.
    fn sync(&self) -> Result<(), ExportError> {
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(|error| ExportError::io(&self.path, error))
    }
}
