//! What can go wrong with the store, in words that name the remedy.

use std::path::PathBuf;

/// Why a read or write failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full or the write failed; nothing of the batch is kept.
    #[error("the state cannot be written: {0}; make room on the disk of the data directory, it goes on by itself")]
    Write(String),
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
