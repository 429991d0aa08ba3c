//! The writes that may fail while the journal runs, behind a seam so that tests can make them fail.
//!
//! Owns: the seam. Never: retries or hides an error.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::files;

/// What the writer asks of the disk.
pub(super) trait Disk: Send + Sync + 'static {
    /// Creates a file, whole or not at all, and opens it for writing. Durable once its folder is synced.
    fn create(&self, path: &Path, content: &[u8]) -> io::Result<File>;

    /// Makes the entries of a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Writes at a byte, beyond the durable end; after an error any part of it may have been written.
    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Makes content and size durable.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Cuts the file.
    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()>;
}

/// The operating system's disk.
#[derive(Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path, content: &[u8]) -> io::Result<File> {
        files::create_whole(path, content)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        files::sync_dir(dir)
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(bytes, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }
}
