//! What was published, and the publisher that tells more of it.

use std::sync::Arc;

use ingest::{Clock as _, WallClock};
use projector::{Generations, Publisher, Teller, TellerSettings, publisher::PIECE_MAX};
use store::{
    Published,
    published::{PUBLISHED_FORMAT_VERSION, PublishedManifest},
};
use types::HashKey;

use super::journals::Journals;
use crate::config::Config;

/// Both, over the generation that is served.
pub(super) struct Publishing {
    pub(super) published: Arc<Published>,
    pub(super) publisher: Publisher,
}

impl Publishing {
    /// Opens what was published and goes on. Blocks.
    pub(super) fn start(
        config: &Config,
        journals: &Journals,
        hash_key: &HashKey,
        generations: &Generations,
    ) -> anyhow::Result<Self> {
        let topology = journals.touchpoints.topology();
        let manifest = PublishedManifest {
            format_version: PUBLISHED_FORMAT_VERSION,
            hash_key: hash_key.fingerprint(),
            cluster_id: topology.cluster_id,
            topic_id: topology.topic_id,
            feed: uuid::Uuid::new_v4().into_bytes(),
        };
        let published = Arc::new(Published::open(&Published::dir(&config.data_dir), &manifest)?);
        let settings = TellerSettings {
            hash_key: hash_key.clone(),
            changes_max: config.publish.identity_changes_max,
            piece_max: PIECE_MAX,
            clock: || WallClock.now(),
        };
        let teller = Teller::new(Arc::clone(&published), settings)?;
        let publisher = Publisher::start(generations.served(), teller)?;
        Ok(Self { published, publisher })
    }
}
