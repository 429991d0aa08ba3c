//! Why the journal refused: one enum per operation, each kind one that the caller can act on.
//!
//! Owns: the errors and their remedies. Never: carries keys or values of records.

use std::io;
use std::path::{Path, PathBuf};

/// Why an append was not accepted. None of the call's records may be counted as accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The journal could not write just now; retry with a delay.
    #[error("the journal could not append now: {reason}; retry later")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// The disk or quota is full. The journal goes on by itself when space returns; retry with a delay.
    #[error("the disk of the journal is full ({place}); free space or enlarge it, then retry: no restart is needed")]
    Full {
        /// The file or server that has no space.
        place: String,
    },
    /// A record's key and value together are larger than the journal takes; never retry it unchanged.
    #[error("a record is larger than the limit of {limit} bytes; send it in parts or raise the journal's record limit")]
    TooLarge {
        /// The limit in bytes of key and value together.
        limit: usize,
    },
    /// The partition does not exist; never retry.
    #[error("partition {partition} does not exist: the journal has partitions 0 to {}", partitions.saturating_sub(1))]
    NoSuchPartition {
        /// The partition asked for.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// The journal was closed, or is in a state in which it must not go on; only a restart helps.
    #[error("the journal is closed: {reason}")]
    Closed {
        /// Why, and what to do.
        reason: String,
    },
}

impl AppendError {
    /// Whether the same call may be accepted later without anybody changing the records or restarting the process.
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes on disk are not those that were written.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// The offset is not, or no longer, or not yet in the journal.
    #[error(
        "offset {asked} of partition {partition} is not in the journal, which holds {start} up to {end} (exclusive); \
         if a store asked for it, the journal lost records or is another one: restore the journal, or rebuild the store"
    )]
    OffsetOutOfRange {
        /// The partition.
        partition: u32,
        /// The next offset asked for.
        asked: u64,
        /// The first offset held.
        start: u64,
        /// The next offset that will be written.
        end: u64,
    },
    /// The server refused, or did not answer; reading goes on by itself when it does.
    #[error("cannot read the journal at {place}: {reason}")]
    Server {
        /// The topic, partition or group.
        place: String,
        /// The server's words.
        reason: String,
    },
    /// The journal beneath is no longer the one that was opened; only a restart helps.
    #[error("{reason}")]
    Changed {
        /// What changed, and what to do.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot read the journal at {place}: {source}")]
    Io {
        /// The file or server.
        place: String,
        /// The cause.
        source: io::Error,
    },
    /// The partition does not exist.
    #[error("partition {partition} does not exist: the journal has partitions 0 to {}", partitions.saturating_sub(1))]
    NoSuchPartition {
        /// The partition asked for.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// A reader was asked to read one partition from two places; make two readers.
    #[error("partition {partition} is named twice; give each partition one next offset, or make two readers")]
    PartitionTwice {
        /// The partition.
        partition: u32,
    },
}

/// Bytes on disk that are not those that were written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal is damaged: {} at byte {byte}, where the record of offset {expected_offset} belongs: {what}; {remedy}", file.display())]
pub struct Corruption {
    /// The damaged or missing file.
    pub file: PathBuf,
    /// Where in the file the damage begins, in bytes.
    pub byte: u64,
    /// The offset of the record that should be there.
    pub expected_offset: u64,
    /// What was found.
    pub what: String,
    /// What the operator can do.
    pub remedy: &'static str,
}

impl Corruption {
    pub(crate) fn new(file: &Path, byte: u64, expected_offset: u64, what: impl Into<String>) -> Self {
        let remedy = "nothing was changed: stop the process, restore this file from a backup or another copy of the disk, \
                      check the disk, then start again";
        Self { file: file.to_owned(), byte, expected_offset, what: what.into(), remedy }
    }
}

/// Why a journal could not be opened. No record on disk was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another journal of this process, has it open.
    #[error("the journal in {} is in use by another process; stop that one, or use another folder", dir.display())]
    InUse {
        /// The folder of the journal.
        dir: PathBuf,
    },
    /// The journal was created with another number of partitions, which cannot change: keys would move.
    #[error(
        "the journal in {} has {kept} partitions, the configuration says {asked}; set the number of partitions to {kept}, \
         or use an empty folder for a new journal", dir.display()
    )]
    PartitionCount {
        /// The folder of the journal.
        dir: PathBuf,
        /// The number it was created with.
        kept: u32,
        /// The number asked for.
        asked: u32,
    },
    /// The Kafka cluster or the topic cannot be used.
    #[error(transparent)]
    Kafka(#[from] crate::kafka::KafkaError),
    /// A newer Patron wrote it.
    #[error(
        "{} has format version {found}, this program knows versions up to {known}; upgrade Patron to open it",
        file.display()
    )]
    NewerFormat {
        /// The file.
        file: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest one known here.
        known: u32,
    },
    /// The manifest is missing or cannot be understood while there are records.
    #[error("the manifest {} cannot be used: {reason}; restore it from a backup", file.display())]
    Manifest {
        /// The manifest.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Records were damaged or lost.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// A setting makes no sense.
    #[error("the setting {setting} of the embedded journal is {value}; it must be {must}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// What is allowed.
        must: String,
    },
    /// The operating system refused.
    #[error("cannot open the journal at {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
