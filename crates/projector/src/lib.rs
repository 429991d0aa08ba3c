//! The projector: polls the journal, folds, and writes state and applied offsets in one atomic write.
//!
//! One thread owns all shards of the process; no locks and no async on the fold path. Owns exactly-once: what is below the applied
//! offset is passed over, what is folded is durable before anybody hears of it. Owns the generations of the state, too: which is
//! served, which is built beside it. The served one is verified against the journal when asked, scrubbed all the time, and what
//! changes in it is told to the outside, and relayed to a topic. Never answers queries.

pub mod bulk;
mod checkpoint_service;
mod commit;
mod dead_letter;
mod definitions;
mod difference;
mod fold;
pub mod generations;
mod incoming;
mod meter;
pub mod publisher;
mod rebuild_service;
mod refold;
pub mod relay;
pub mod replay;
mod rows;
mod run;
mod scrub;
mod skip;
mod touches;
mod verify;
mod warm;
mod working;

pub use checkpoint_service::CheckpointCalls;
pub use generations::{Generations, GenerationsSettings, Served};
pub use publisher::{Members, MembersSettings, Publisher, Teller, TellerSettings};
pub use rebuild_service::{ConfiguredRules, Rebuilds};
pub use relay::{Relay, RelayError, RelayFormat, RelaySettings, Standing};
pub use run::{Beside, Journals, Projector, ProjectorSettings, StartError, meter_lag};
pub use scrub::{ScrubSettings, Scrubber};
pub use skip::SkipReason;
pub use touches::Touching;
pub use verify::Verifier;
