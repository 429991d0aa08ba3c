//! Creating a journal: its partitions first, its manifest last, so that a crash in between leaves no journal.
//!
//! Owns: the creation. Never: overwrites records; a folder that has some but no manifest is refused.

use std::fs;
use std::path::Path;

use super::config::EmbeddedConfig;
use super::files;
use super::header::{HEADER_BYTES, Header};
use super::manifest::Manifest;
use crate::OpenError;

/// Creates an empty journal in the folder.
pub(super) fn create(config: &EmbeddedConfig) -> Result<Manifest, OpenError> {
    refuse_records(&config.dir)?;
    let manifest = Manifest::new(config.partitions);
    for number in 0..config.partitions {
        create_partition(&config.dir, &manifest.topic_id, number)?;
    }
    manifest.write(&config.dir)?;
    Ok(manifest)
}

fn create_partition(dir: &Path, topic_id: &uuid::Uuid, number: u32) -> Result<(), OpenError> {
    let dir = files::partition(dir, number);
    files::create_dir(&dir).map_err(OpenError::io(&dir))?;
    let header = Header { topic_id: *topic_id, partition: number, base: 0, previous: None };
    let path = files::segment(&dir, 0);
    files::write_atomically(&path, &header.encode()).map_err(OpenError::io(&path))
}

/// Segments with more than a header, without a manifest, are a journal that lost it – not a place for a new one.
fn refuse_records(dir: &Path) -> Result<(), OpenError> {
    for folder in entries(dir)?.iter().filter(|path| path.is_dir()) {
        for path in entries(folder)?.iter().filter(|path| files::base_of(path).is_some()) {
            let metadata = fs::metadata(path).map_err(OpenError::io(path))?;
            if metadata.len() > HEADER_BYTES as u64 {
                let reason = format!("it is missing, but {} has records", path.display());
                return Err(OpenError::Manifest { file: files::manifest(dir), reason });
            }
        }
    }
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<std::path::PathBuf>, OpenError> {
    let entries = fs::read_dir(dir).map_err(OpenError::io(dir))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(OpenError::io(dir))).collect()
}
