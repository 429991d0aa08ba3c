//! What can go wrong with the store, in words that name the remedy.

use std::path::PathBuf;

/// Why a read or write failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full or the write failed; nothing of the batch is kept.
    #[error("the state cannot be written: {0}; make room on the disk of the data directory, it goes on by itself")]
    Write(String),
    /// What is to be told cannot be kept: the disk is full or the write failed.
    #[error(
        "what is published cannot be written: {0}; make room on the disk of the data directory, it goes on by itself"
    )]
    Unpublished(String),
    /// RocksDB could not read.
    #[error("the state cannot be read: {0}")]
    Read(String),
    /// A row does not have the form of its key kind.
    #[error(
        "a row of `{family}` is damaged ({what}); delete the directory `generations`, it is rebuilt from the journal"
    )]
    Damaged {
        /// The column family.
        family: &'static str,
        /// What does not fit.
        what: String,
    },
    /// The same in what was published, which nothing else holds.
    #[error(
        "a row of `{family}` in `published` is damaged ({what}); stop patron, delete the directory `published` and start again: the \
         feed begins anew, and whoever follows it lists the customers anew"
    )]
    DamagedPublished {
        /// The column family.
        family: &'static str,
        /// What does not fit.
        what: String,
    },
}

/// Why the state was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it.
    #[error("the state in {dir} is in use by another process; stop it, or choose another --data-dir", dir = dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// Written by another version, another fold, another key or another journal.
    #[error("the state in {dir} was written with {what} {held}, but this is {wanted}; {remedy}", dir = dir.display())]
    Incompatible {
        /// The directory.
        dir: PathBuf,
        /// What differs.
        what: &'static str,
        /// What the state has.
        held: String,
        /// What this process has.
        wanted: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Folded under other identity rules.
    #[error(
        "the state in {dir} was folded under other identity rules than the configuration has: {difference}; set these keys as the \
         state has them and start, then run `patron rebuild start --config NEW.toml`, `patron rebuild diff` and `patron rebuild \
         promote`, and only then change the configuration file for the next start",
        dir = dir.display()
    )]
    OtherRules {
        /// The directory.
        dir: PathBuf,
        /// Each key with both values.
        difference: String,
    },
    /// RocksDB could not open.
    #[error("the state in {dir} cannot be opened: {reason}", dir = dir.display())]
    Failed {
        /// The directory.
        dir: PathBuf,
        /// RocksDB's words.
        reason: String,
    },
    /// The manifest could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a checkpoint was not made, found or accepted.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Not a name.
    #[error(
        "name: `{name}` is no name of a checkpoint; give 1 to 64 letters, digits, `-`, `_` and `.`, no `.` in front"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// There is one of this name.
    #[error("name: there is a checkpoint `{name}` already; choose another name")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is none of this name.
    #[error("there is no checkpoint `{name}` in {dir}; `patron checkpoint list` shows those of a server", dir = dir.display())]
    NotFound {
        /// The name.
        name: String,
        /// Directory of checkpoints.
        dir: PathBuf,
    },
    /// It is not what it says of itself.
    #[error(
        "the checkpoint `{name}` is damaged: {what}; take another one, or none: the state is rebuilt from the journal"
    )]
    Damaged {
        /// The name.
        name: String,
        /// What does not fit.
        what: String,
    },
    /// The disk.
    #[error("{path}: {reason}; make room, or see to the rights of the data directory", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// It could not be opened, or is of another format, key or journal.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The generations could not be told or changed.
    #[error(transparent)]
    Generations(#[from] crate::generations::GenerationsError),
}

impl CheckpointError {
    pub(crate) fn damaged(name: &str, what: String) -> Self {
        Self::Damaged { name: name.to_owned(), what }
    }

    #[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
    pub(crate) fn io(path: &std::path::Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}
