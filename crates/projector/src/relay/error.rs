//! Why changes of memberships are not relayed, in words that name the remedy.

use journal::{AppendError, ReadError};
use store::StoreError;

/// Why the relay did not start, or stands still.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The topic holds what this feed did not put there.
    #[error(
        "publish.membership_changes.topic: another feed has written to {topic}: that of another projector, or the one before \
         `published` was deleted; let exactly one projector relay, or name a topic of its own, which whoever reads it takes for a new \
         beginning"
    )]
    OtherFeed {
        /// The topic.
        topic: String,
    },
    /// Changes were forgotten while nothing was relayed.
    #[error(
        "publish.membership_changes.topic: {topic} has the changes up to {acknowledged}, but those up to {forgotten} were forgotten \
         while nothing was relayed (publish.membership_changes_max); name another topic, which begins with what is kept, and let \
         whoever reads it list the members first"
    )]
    Gap {
        /// The topic.
        topic: String,
        /// Sequence number of the last change that it has.
        acknowledged: u64,
        /// Sequence number of the last change that is no longer kept.
        forgotten: u64,
    },
    /// A change is not where it must be.
    #[error(
        "change {expected} of memberships is missing from `published`; stop patron, delete the directory `published` and start again: \
         the feed begins anew, and so does its topic, under another name"
    )]
    Missing {
        /// Its sequence number.
        expected: u64,
    },
    /// The topic does not say what it holds.
    #[error("the topic of changes of memberships does not answer: {0}")]
    Read(#[from] ReadError),
    /// The topic takes nothing.
    #[error("the topic of changes of memberships takes nothing: {0}")]
    Append(#[from] AppendError),
    /// What was told could not be read, or where the relay stands not kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}
