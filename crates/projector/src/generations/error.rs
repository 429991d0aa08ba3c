//! Why a rebuild does not do what was asked, with the remedy.

use journal::ReadError;
use store::{OpenError, StoreError, generations::GenerationsError};

use crate::StartError;

/// Why it does not.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// One is being built already.
    #[error(
        "a generation is being built already; promote it, or drop it with `patron rebuild abort`, before another is started"
    )]
    AlreadyBuilding,
    /// The one before is still there.
    #[error(
        "the previous generation is still there; drop it with `patron rebuild finish`, or go back to it with `patron rebuild \
         rollback`, before another is started"
    )]
    PreviousThere,
    /// None is being built.
    #[error("no generation is being built; start one with `patron rebuild start --config NEW.toml`")]
    NotBuilding,
    /// There is none before.
    #[error("there is no previous generation: none was promoted, or it was dropped with `patron rebuild finish`")]
    NoPrevious,
    /// There is nothing to compare with.
    #[error("there is only the live generation, nothing to compare it with; start one with `patron rebuild start`")]
    NothingToCompare,
    /// It has not caught up.
    #[error(
        "it is {lag} records behind the journal, and at most {lag_max} were asked for; wait until `patron rebuild status` says \
         that it has caught up, or give --wait, --lag-max or --force"
    )]
    Behind {
        /// Records that it has not folded.
        lag: u64,
        /// Most records that were asked for.
        lag_max: u64,
    },
    /// Nothing is in it yet.
    #[error(
        "it is being loaded, and holds nothing until that has ended; wait until `patron rebuild status` says that it has caught up, or \
         drop it with `patron rebuild abort`"
    )]
    Loading,
    /// Nobody waits for the answer any more.
    #[error("the comparison was given up")]
    GivenUp,
    /// A state could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A projector could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The rules of a state cannot be read.
    #[error(
        "the identity rules of the state cannot be read: {0}; upgrade patron, or delete the `generations` directory"
    )]
    Rules(String),
    /// The files that name the generations.
    #[error(transparent)]
    Files(#[from] GenerationsError),
    /// A state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal does not say where it ends.
    #[error(
        "the journal does not say where it ends, so nobody knows how far behind it is: {0}; try again, or give --force"
    )]
    Journal(#[from] ReadError),
}

impl RebuildError {
    /// The reason for programs where the caller can act on it; `None` where something broke.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::AlreadyBuilding => Some("ALREADY_BUILDING"),
            Self::PreviousThere => Some("PREVIOUS_THERE"),
            Self::NotBuilding => Some("NOT_BUILDING"),
            Self::NoPrevious => Some("NO_PREVIOUS"),
            Self::NothingToCompare => Some("NOTHING_TO_COMPARE"),
            Self::Behind { .. } => Some("BEHIND"),
            Self::Loading => Some("LOADING"),
            _ => None,
        }
    }
}
