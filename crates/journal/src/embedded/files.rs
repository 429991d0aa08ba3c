//! Names of the journal's files and the ways to make them durable.
//!
//! Owns: the layout of the folder – `journal.toml`, `lock`, `partition-00000/00000000000000000000.segment`. Never:
//! knows what is in a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const UNFINISHED: &str = "tmp";
const SEGMENT: &str = "segment";

pub(super) fn manifest(dir: &Path) -> PathBuf {
    dir.join("journal.toml")
}

pub(super) fn lock(dir: &Path) -> PathBuf {
    dir.join("lock")
}

pub(super) fn partition(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("partition-{number:05}"))
}

pub(super) fn segment(partition: &Path, base: u64) -> PathBuf {
    partition.join(format!("{base:020}.{SEGMENT}"))
}

/// The first offset that a segment file's name promises; `None` for other files.
pub(super) fn base_of(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str().filter(|stem| stem.len() == 20)?;
    if path.extension()? == SEGMENT { stem.parse().ok() } else { None }
}

/// Whether the file is one whose creation a crash interrupted; it holds nothing that counts.
pub(super) fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == UNFINISHED)
}

/// Creates or replaces a file so that, whenever the power fails, it is there whole or not at all.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    create_whole(path, content)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Like [`write_atomically`], but the folder is still to be synced. Returns the file, open for writing.
pub(super) fn create_whole(path: &Path, content: &[u8]) -> io::Result<File> {
    let unfinished = path.with_extension(UNFINISHED);
    let created = write_synced(&unfinished, content).and_then(|file| fs::rename(&unfinished, path).map(|()| file));
    if created.is_err() {
        // Best effort: what remains is removed when the journal is opened next.
        let _ = fs::remove_file(&unfinished);
    }
    created
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(file)
}

/// Makes the entries of a folder durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Creates a folder, and its parents, durably.
pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir(parent)?;
    fs::create_dir(dir)?;
    sync_dir(parent)
}
