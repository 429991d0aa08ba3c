//! What looks after the state of this process: the verifier, asked by operators, and the scrubber, always at work.

use ingest::{Clock as _, WallClock};
use projector::{ScrubSettings, Scrubber, Served, Verifier};
use tokio::sync::watch;
use types::HashKey;

use crate::config::Config;

/// Folder, below the data directory, of the state that a verify folds into.
const SCRATCH: &str = "verify";

/// Both, over the generation that is served.
pub(super) struct Audit {
    pub(super) verifier: Verifier,
    /// `None` where it is turned off.
    pub(super) scrubber: Option<Scrubber>,
}

impl Audit {
    /// Starts the scrubber, and removes what a verify of an earlier process left behind.
    pub(super) fn start(
        config: &Config,
        served: watch::Receiver<Served>,
        journals: projector::Journals,
        hash_key: &HashKey,
    ) -> anyhow::Result<Self> {
        let scratch = config.data_dir.join(SCRATCH);
        let verifier = Verifier::new(served.clone(), journals, hash_key.clone(), scratch)?;
        let fragments_per_second = config.scrub.fragments_per_second;
        let settings = ScrubSettings {
            fragments_per_second,
            touchpoints_max: config.scrub.touchpoints_max,
            seed: WallClock.now().0.unsigned_abs(),
        };
        let start = || Scrubber::start(served, hash_key.clone(), settings);
        let scrubber = (fragments_per_second > 0).then(start).transpose()?;
        Ok(Self { verifier, scrubber })
    }
}
