//! The settings of the embedded journal.
//!
//! Owns: defaults and bounds. Never: reads a file or the environment; the binary does.

use std::path::PathBuf;

use super::header::HEADER_BYTES;
use crate::OpenError;

/// The most partitions; each has two open files.
pub const PARTITIONS_MAX: u32 = 4096;

/// No record limit may be set higher, in bytes of key and value; bounds the memory of reading.
pub const RECORD_BYTES_LIMIT: usize = 256 << 20;

/// How an embedded journal is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// The folder; created if missing.
    pub dir: PathBuf,
    /// The number of partitions a new journal gets, 1 to [`PARTITIONS_MAX`]. An existing one with another number is
    /// refused.
    pub partitions: u32,
    /// A segment of this size in bytes is followed by a new one. Opening reads one segment per partition.
    pub segment_bytes_max: u64,
    /// The largest record, in bytes of key and value, up to [`RECORD_BYTES_LIMIT`].
    pub record_bytes_max: usize,
    /// Appends wait when so many bytes wait for the disk already.
    pub pending_bytes_max: usize,
    /// Whether appends wait for the disk. Off, a crash of the process loses nothing, but a power failure may take the
    /// newest records, or leave them so that the journal refuses to open: for tests and throw-away data only.
    pub fsync: bool,
}

impl EmbeddedConfig {
    /// The defaults: segments of 64 MiB, records up to 4 MiB, 64 MiB waiting, synced.
    pub fn new(dir: impl Into<PathBuf>, partitions: u32) -> Self {
        Self {
            dir: dir.into(),
            partitions,
            segment_bytes_max: 64 << 20,
            record_bytes_max: 4 << 20,
            pending_bytes_max: 64 << 20,
            fsync: true,
        }
    }

    pub(super) fn check(&self) -> Result<(), OpenError> {
        in_range("partitions", u64::from(self.partitions), 1, u64::from(PARTITIONS_MAX))?;
        in_range("segment_bytes_max", self.segment_bytes_max, HEADER_BYTES as u64, u64::MAX)?;
        in_range("record_bytes_max", self.record_bytes_max as u64, 1, RECORD_BYTES_LIMIT as u64)?;
        in_range("pending_bytes_max", self.pending_bytes_max as u64, 1, u64::from(u32::MAX))
    }

    pub(super) fn pending_permits(&self) -> u32 {
        u32::try_from(self.pending_bytes_max).unwrap_or(u32::MAX)
    }
}

fn in_range(setting: &'static str, value: u64, least: u64, most: u64) -> Result<(), OpenError> {
    let must = format!("{least} to {most}");
    if (least..=most).contains(&value) { Ok(()) } else { Err(OpenError::Setting { setting, value, must }) }
}
