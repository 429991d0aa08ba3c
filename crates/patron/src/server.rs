//! Patron's processes: all in one, or ingest, projector and query each by itself.
//!
//! Owns what is started in which order and stopped in which order. Never holds logic of the services.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use ingest::{Clock as _, DeadLetters, Definitions, Ingest, IngestSettings, WallClock, raw::RawReader};
use journal::Journal;
use projector::{CheckpointCalls, Generations, Publisher, Rebuilds, Relay, Scrubber};
use query::{Feed, Gateway};
use segment::SegmentCheck;
use store::BlockCache;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use types::HashKey;

use crate::config::Config;

mod audit;
mod definer;
mod fingerprint;
mod generations;
mod grpc;
mod http;
mod journals;
mod lag;
mod manifest;
mod normal_form;
mod publishing;
mod restore;
mod role;

pub(crate) use journals::{connect, relay_topic, topics};
pub(crate) use manifest::agrees as manifest_agrees;
pub use restore::{Restored, restore};
pub use role::Role;

use audit::Audit;
use grpc::{Feeds, Reads, Services};
use journals::Journals;
use publishing::Publishing;

/// Longest wait for calls under way when the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// A running process. Stop it with `stop`; dropping it breaks calls off, but loses nothing that was accepted.
#[derive(Debug)]
pub struct Server {
    grpc_addr: SocketAddr,
    http_addr: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
    raw: Option<RawReader>,
    generations: Option<Arc<Generations>>,
    scrubber: Option<Scrubber>,
    publisher: Option<Publisher>,
    relay: Option<Relay>,
    journals: Option<Journals>,
}

/// What the roles of a process bring with them.
#[derive(Default)]
struct Parts {
    ingest: Option<(Ingest, DeadLetters, Definitions)>,
    raw: Option<RawReader>,
    shards: Option<Shards>,
    gateway: Option<Gateway>,
    journals: Option<Journals>,
}

/// The generations of the state, and the services beside them.
struct Shards {
    generations: Arc<Generations>,
    contexts: query::Contexts,
    rebuilds: Rebuilds,
    checkpoints: CheckpointCalls,
    audit: Audit,
    publishing: Publishing,
}

/// Reads the configuration again, as the next start would.
pub type Reread = Arc<dyn Fn() -> anyhow::Result<Config> + Send + Sync>;

impl Server {
    /// Starts what the role says. Addresses are taken first, so that a second start fails before it touches any data.
    ///
    /// # Errors
    /// Names what could not be started, and the remedy.
    pub async fn start(config: &Config, role: Role) -> anyhow::Result<Self> {
        let same = config.clone();
        Self::start_from(config, role, Arc::new(move || Ok(same.clone()))).await
    }

    /// The same, told how to read the configuration again.
    ///
    /// # Errors
    /// As `start`.
    pub async fn start_from(config: &Config, role: Role, reread: Reread) -> anyhow::Result<Self> {
        let grpc = bind("grpc.addr", config.grpc.addr).await?;
        let http = bind("http.addr", config.http.addr).await?;
        let (grpc_addr, http_addr) = (grpc.local_addr()?, http.local_addr()?);
        let parts = {
            let config = config.clone();
            // The journal, the state and Kafka's answers are waited for.
            tokio::task::spawn_blocking(move || Parts::start(&config, role, reread))
                .await
                .context("the start broke off")??
        };
        let (stop, stopped) = watch::channel(false);
        let Parts { ingest, raw, shards, gateway, journals } = parts;
        let mut tasks = Vec::new();
        let raw_alive = raw.as_ref().map(RawReader::alive);
        let mut health =
            http::Health { stopped: stopped.clone(), shards: None, gateway: gateway.clone(), raw: raw_alive };
        let (mut generations, mut verifier, mut scrubber, mut publisher, mut relay) = (None, None, None, None, None);
        let mut reads = gateway.map(Reads::Gateway);
        if let Some(shards) = shards {
            let served = shards.generations.served();
            if let Some(journals) = &journals {
                let touchpoints = Arc::clone(&journals.touchpoints);
                tasks.push(tokio::spawn(lag::meter(touchpoints, served.clone(), stopped.clone())));
            }
            health.shards = Some(served);
            let Publishing { published, publisher: telling, memberships, relay: relaying, .. } = shards.publishing;
            let feed = |last| Feed { published: Arc::clone(&published), last, stopped: stopped.clone() };
            let feeds = Feeds { identity: feed(telling.last()), memberships: feed(memberships) };
            (publisher, relay) = (Some(telling), relaying);
            let own = (shards.contexts, feeds, shards.rebuilds, shards.checkpoints);
            reads = Some(Reads::Shards(Box::new(own)));
            generations = Some(shards.generations);
            (verifier, scrubber) = (Some(shards.audit.verifier), shards.audit.scrubber);
        }
        tasks.push(tokio::spawn(grpc::serve(grpc, Services { ingest, reads, verifier }, stopped.clone())));
        tasks.push(tokio::spawn(http::serve(http, health, stopped)));
        Ok(Self { grpc_addr, http_addr, stop, tasks, raw, generations, scrubber, publisher, relay, journals })
    }

    /// Where gRPC is served.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// Where metrics and health are served.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Takes no new calls, finishes those under way, folds the batch under way, flushes and ends.
    ///
    /// # Errors
    /// A server that broke off.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        for task in self.tasks {
            match tokio::time::timeout(DRAIN_MAX, task).await {
                Ok(ended) => ended.context("a server's task broke off")??,
                Err(_) => {
                    tracing::warn!("calls were still under way after {} s and are broken off", DRAIN_MAX.as_secs())
                }
            }
        }
        let (raw, generations, journals) = (self.raw, self.generations, self.journals);
        let (scrubber, publisher, relay) = (self.scrubber, self.publisher, self.relay);
        tokio::task::spawn_blocking(move || {
            raw.into_iter().for_each(RawReader::stop);
            scrubber.into_iter().for_each(Scrubber::stop);
            publisher.into_iter().for_each(Publisher::stop);
            relay.into_iter().for_each(Relay::stop);
            generations.into_iter().for_each(|generations| generations.stop());
            journals.into_iter().for_each(|journals| journals.close());
        })
        .await
        .context("the end of a thread broke off")
    }
}

impl Parts {
    /// Blocks.
    fn start(config: &Config, role: Role, reread: Reread) -> anyhow::Result<Self> {
        let mut parts = Self::default();
        if role == Role::Query {
            let gateway = Gateway::new(&config.query.projectors);
            parts.gateway = Some(gateway.map_err(|problem| anyhow::anyhow!("query.projectors: {problem}"))?);
            return Ok(parts);
        }
        let hash_key = HashKey::derive(&config.hash_key);
        let journals = Journals::open(config, role, &hash_key)?;
        if role.folds() {
            parts.shards = Some(Shards::start(config, &journals, &hash_key, reread)?);
        }
        if role.ingests() {
            let settings = ingest_settings(config, hash_key)?;
            let topics = config.raw_topics()?;
            let (touchpoints, letters) = (Arc::clone(&journals.touchpoints), Arc::clone(&journals.dead_letters));
            let dead_letters =
                DeadLetters::new(Arc::clone(&letters), Arc::clone(&touchpoints), topics.clone(), settings.clone());
            parts.raw = journals
                .raw_reader(config)
                .map(|reader| RawReader::start(reader, topics, Arc::clone(&touchpoints), letters, settings.clone()))
                .transpose()?;
            let definitions = Definitions::new(
                Arc::clone(&journals.definitions),
                settings.append_timeout,
                Arc::new(SegmentCheck::new(config.catalogue()?)),
                Arc::new(WallClock),
            );
            if let Some(shards) = &mut parts.shards {
                shards.contexts.definer = Some(definer::own(definitions.clone()));
            }
            let ingest = Ingest::new(touchpoints, settings, Arc::new(WallClock));
            parts.ingest = Some((ingest, dead_letters, definitions));
        }
        parts.journals = Some(journals);
        Ok(parts)
    }
}

impl Shards {
    fn start(config: &Config, journals: &Journals, hash_key: &HashKey, reread: Reread) -> anyhow::Result<Self> {
        let cache = BlockCache::new(config.store.cache_bytes);
        let generations = Arc::new(generations::open(config, journals, hash_key, cache.clone())?);
        let mut publishing = Publishing::start(config, journals, hash_key, &generations, cache)?;
        let contexts = query::Contexts {
            serving: Arc::new(generations::Live(generations.served())),
            hash_key: hash_key.clone(),
            normaliser: config.normaliser()?,
            journal: Arc::new(Facts(Arc::clone(&journals.touchpoints))),
            wait_max: Duration::from_millis(config.query.wait_max_ms),
            kinds: Arc::new(config.catalogue()?),
            clock: config.clock()?,
            caps: Arc::new(config.caps()?),
            told: publishing.told(),
            counts: query::CountSettings {
                memory_bytes_max: config.query.counts_memory_bytes_max,
                idle: Duration::from_millis(config.query.counts_idle_ms),
            },
            definer: definer::at(&config.query.ingest)?,
            zone: config.time_zone()?,
            hot: Arc::new(query::Hot::new(query::HotSettings {
                answers_bytes_max: config.query.hot_bytes,
                profiles_bytes_max: config.query.profiles_bytes,
            })),
            started_at: WallClock.now(),
        };
        let audit = Audit::start(config, generations.served(), journals.folded(), hash_key)?;
        publishing.start_relay(config, query::MembershipView::new(contexts.clone()))?;
        let configured = move || reread().map(|config| config.rules()).map_err(|error| format!("{error:#}"));
        let rebuilds = Rebuilds::new(Arc::clone(&generations), Arc::new(configured));
        let kept = store::checkpoint::Checkpoints::of(&config.data_dir);
        let checkpoints = CheckpointCalls::new(generations.served(), kept, hash_key.clone(), || WallClock.now())?;
        Ok(Self { generations, contexts, rebuilds, checkpoints, audit, publishing })
    }
}

async fn bind(key: &str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| {
        let variable = key.to_uppercase().replace('.', "_");
        format!("{key}: {addr} cannot be listened on; is another patron running? Stop it, or choose a free port with PATRON_{variable}")
    })
}

fn ingest_settings(config: &Config, hash_key: HashKey) -> anyhow::Result<IngestSettings> {
    Ok(IngestSettings {
        catalogue: config.catalogue()?,
        blocked: config.blocked()?,
        normaliser: config.normaliser()?,
        append_timeout: Duration::from_millis(config.ingest.append_timeout_ms),
        stream_batches_under_way_max: config.ingest.stream_batches_under_way_max,
        publishes_under_way_max: config.ingest.publishes_under_way_max,
        ..IngestSettings::new(hash_key)
    })
}

/// What query may know of the journal.
struct Facts(Arc<dyn Journal>);

impl query::JournalFacts for Facts {
    fn ids(&self) -> (String, String) {
        let topology = self.0.topology();
        (topology.cluster_id, topology.topic_id)
    }

    fn ends(&self) -> Option<Vec<u64>> {
        self.0.ends().ok()
    }
}
