//! The projector: polls the journal, folds, and writes state and applied offsets in one atomic write.
//!
//! One thread owns all shards of the process; no locks and no async on the fold path. Owns exactly-once: what is below the applied
//! offset is passed over, what is folded is durable before anybody hears of it. Beside it, the state is verified against the
//! journal when asked, and scrubbed all the time. Never answers queries.

mod commit;
mod dead_letter;
mod difference;
mod fold;
mod incoming;
mod meter;
mod refold;
pub mod replay;
mod run;
mod scrub;
mod skip;
mod verify;
mod working;

pub use run::{Projector, ProjectorSettings, StartError, meter_lag};
pub use scrub::{ScrubSettings, Scrubber};
pub use skip::SkipReason;
pub use verify::Verifier;
