//! What was published, the publisher that tells more of it, and the relay that puts it on a topic.

use std::sync::Arc;

use anyhow::Context as _;
use ingest::{Clock as _, WallClock};
use projector::{
    Generations, Members, MembersSettings, Publisher, Relay, RelaySettings, Standing, Teller, TellerSettings,
    publisher::{MEMBERS_PIECE_MAX, PIECE_MAX},
};
use query::MembershipView;
use store::{
    BlockCache, Published, StoreSettings,
    published::{PUBLISHED_FORMAT_VERSION, PublishedManifest, memberships::Sweep},
};
use tokio::sync::watch;
use types::HashKey;

use super::journals::Journals;
use crate::config::Config;

/// Both, over the generation that is served.
pub(super) struct Publishing {
    pub(super) published: Arc<Published>,
    pub(super) publisher: Publisher,
    /// Sequence number of the last change of memberships.
    pub(super) memberships: watch::Receiver<u64>,
    sweep: watch::Receiver<Option<Sweep>>,
    /// What a relay goes on from, until it is started.
    standing: Option<Standing>,
    /// Where a topic is configured.
    pub(super) relay: Option<Relay>,
}

impl Publishing {
    /// Opens what was published and goes on. Blocks.
    pub(super) fn start(
        config: &Config,
        journals: &Journals,
        hash_key: &HashKey,
        generations: &Generations,
        cache: BlockCache,
    ) -> anyhow::Result<Self> {
        let topology = journals.touchpoints.topology();
        let manifest = PublishedManifest {
            format_version: PUBLISHED_FORMAT_VERSION,
            hash_key: hash_key.fingerprint(),
            cluster_id: topology.cluster_id,
            topic_id: topology.topic_id,
            feed: uuid::Uuid::new_v4().into_bytes(),
        };
        let (dir, write_buffer_bytes) = (Published::dir(&config.data_dir), config.publish.write_buffer_bytes);
        let files = StoreSettings { dir, cache, write_buffer_bytes, sync: true };
        let published = Arc::new(Published::open(&files, &manifest)?);
        // Before the publisher, which forgets nothing from then on that was not relayed.
        let standing = standing(config, journals, &published)?;
        let settings = TellerSettings {
            hash_key: hash_key.clone(),
            changes_max: config.publish.identity_changes_max,
            piece_max: PIECE_MAX,
            clock: || WallClock.now(),
        };
        let members = Members::new(Arc::clone(&published), members_settings(config, journals, hash_key)?)?;
        let (memberships, sweep) = (members.last(), members.sweeps());
        let teller = Teller::new(Arc::clone(&published), settings)?.with_members(members);
        let publisher = Publisher::start(generations.served(), teller)?;
        Ok(Self { published, publisher, memberships, sweep, standing, relay: None })
    }

    /// Puts the changes on a topic, where one is configured; `view` shows them.
    pub(super) fn start_relay(&mut self, config: &Config, view: MembershipView) -> anyhow::Result<()> {
        if let (Some(standing), Some(topic)) = (self.standing.take(), config.relay()?) {
            let feed = self.published.feed();
            let shown = Box::new(move |changes: &[_]| view.shown(feed, changes));
            let settings = RelaySettings { format: topic.format, shown };
            self.relay = Some(Relay::start(standing, self.memberships.clone(), settings)?);
        }
        Ok(())
    }

    /// What query may know of it.
    pub(super) fn told(&self) -> query::Told {
        query::Told { published: Arc::clone(&self.published), sweep: self.sweep.clone() }
    }
}

/// Where the relay stands, if a topic is configured.
fn standing(config: &Config, journals: &Journals, published: &Arc<Published>) -> anyhow::Result<Option<Standing>> {
    let Some(topic) = journals.relay(config).context("publish.membership_changes.topic")? else { return Ok(None) };
    let name = config.relay()?.map(|topic| topic.name).unwrap_or_default();
    Ok(Some(Standing::open(Arc::clone(published), topic, &name)?))
}

fn members_settings(config: &Config, journals: &Journals, hash_key: &HashKey) -> anyhow::Result<MembersSettings> {
    let touchpoints = Arc::clone(&journals.touchpoints);
    Ok(MembersSettings {
        hash_key: hash_key.clone(),
        kinds: config.catalogue()?,
        clock: config.clock()?,
        zone: config.time_zone()?,
        wall: || WallClock.now(),
        ends: Box::new(move || touchpoints.ends().ok()),
        changes_max: config.publish.membership_changes_max,
        piece_max: MEMBERS_PIECE_MAX,
    })
}
