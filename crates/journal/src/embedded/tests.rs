//! What is special to the embedded journal: its files, crashes, damage, a failing disk. The suite that every journal
//! passes is in `conformance`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::{PollLimits, Record};

mod damage;
mod faults;
mod reopening;

const PLENTY: PollLimits = PollLimits { records_max: 10_000, bytes_max: 64 << 20 };

/// A folder and the settings of a small journal in it.
fn folder(partitions: u32) -> (tempfile::TempDir, EmbeddedConfig) {
    let dir = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig::new(dir.path().join("journal"), partitions);
    (dir, config)
}

fn record(partition: u32, value: impl Into<Vec<u8>>) -> NewRecord {
    NewRecord { partition, key: b"key".to_vec(), value: value.into(), headers: Vec::new() }
}

/// Appends each value in a call, thus a commit, of its own.
async fn append_each(journal: &EmbeddedJournal, partition: u32, values: &[&str]) {
    for value in values {
        journal.append(vec![record(partition, *value)]).await.unwrap();
    }
}

/// Everything in the journal.
fn read_all(journal: &EmbeddedJournal) -> Result<Vec<Record>, ReadError> {
    let starts = journal.starts().unwrap();
    let from = starts.into_iter().zip(0..).map(|(offset, partition)| Position { partition, offset }).collect();
    let mut reader = journal.reader(from)?;
    let mut read = Vec::new();
    loop {
        let records = reader.poll(PLENTY, Duration::ZERO)?;
        if records.is_empty() {
            return Ok(read);
        }
        read.extend(records);
    }
}

/// The values of one partition.
fn values(journal: &EmbeddedJournal, partition: u32) -> Vec<String> {
    let read = read_all(journal).unwrap();
    let of_partition = read.into_iter().filter(|record| record.position.partition == partition);
    of_partition.map(|record| String::from_utf8(record.value).unwrap()).collect()
}

/// The partition's segment files in order.
fn segment_files(config: &EmbeddedConfig, partition: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(files::partition(&config.dir, partition)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn flip(file: &Path, byte: usize) {
    let mut content = fs::read(file).unwrap();
    content[byte] ^= 0x20;
    fs::write(file, content).unwrap();
}

/// The error of opening, which names the file.
fn refused(config: &EmbeddedConfig, file: &Path) -> OpenError {
    let error = EmbeddedJournal::open(config.clone()).unwrap_err();
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    error
}
