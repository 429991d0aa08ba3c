//! A file that gets its name once it is whole and on disk.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::ExportError;

/// What the name of a file ends with while it is not whole.
const PARTIAL: &str = "partial";

/// A file under way, which counts and hashes its bytes.
pub(super) struct Partial {
    name: PathBuf,
    path: PathBuf,
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
}

/// A whole file.
pub(super) struct Whole {
    pub(super) bytes: u64,
    /// BLAKE3 hash of its bytes, hexadecimal.
    pub(super) blake3: String,
}

/// Whether a file is one that is not whole.
pub(super) fn is_partial(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PARTIAL)
}

impl Partial {
    /// Creates the file of a name; there must be none of it, whole or not.
    pub(super) fn create(name: &Path) -> Result<Self, ExportError> {
        let mut path = name.as_os_str().to_owned();
        path.push(".");
        path.push(PARTIAL);
        let path = PathBuf::from(path);
        let file = File::options().write(true).create_new(true).open(&path);
        let file = file.map_err(|error| ExportError::io(&path, error))?;
        Ok(Self { name: name.to_owned(), path, file, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    /// Has it on disk and gives it its name.
    pub(super) fn finish(self) -> Result<Whole, ExportError> {
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.path, &self.name));
        named.map_err(|error| ExportError::io(&self.path, error))?;
        Ok(Whole { bytes: self.bytes, blake3: self.hasher.finalize().to_hex().to_string() })
    }
}

impl Write for Partial {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hasher.update(buffer.get(..written).unwrap_or(buffer));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
