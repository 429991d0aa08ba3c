//! All of Patron in one process: embedded journal, ingest, projector, query.
//!
//! Owns what is started in which order and stopped in which order. Never holds logic of the services.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use ingest::{Clock as _, Ingest, IngestSettings, WallClock};
use journal::{
    Journal,
    embedded::{EmbeddedConfig, EmbeddedJournal},
};
use projector::{Projector, ProjectorSettings};
use store::{Manifest, Store, StoreSettings};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use types::HashKey;

use crate::config::Config;

mod fingerprint;
mod grpc;
mod http;

/// Longest wait for calls under way when the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// A running server. Stop it with `stop`; dropping it breaks calls off, but loses nothing that was accepted.
#[derive(Debug)]
pub struct Server {
    grpc_addr: SocketAddr,
    http_addr: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
    projector: Projector,
    journal: Arc<EmbeddedJournal>,
}

impl Server {
    /// Starts everything. Addresses are taken first, so that a second start fails before it touches any data.
    ///
    /// # Errors
    /// Names what could not be started, and the remedy.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let grpc = bind("grpc.addr", config.grpc.addr).await?;
        let http = bind("http.addr", config.http.addr).await?;
        let journal = Arc::new(open_journal(config)?);
        let hash_key = HashKey::derive(&config.hash_key);
        fingerprint::hold(&config.data_dir, &hash_key)?;
        let store = Arc::new(open_store(config, journal.as_ref(), &hash_key)?);
        let projector = start_projector(config, &store, Arc::clone(&journal) as Arc<dyn Journal>, &hash_key)?;
        let context = query_context(config, &store, &journal, &projector, hash_key.clone());
        let ingest = Ingest::new(
            Arc::clone(&journal) as Arc<dyn Journal>,
            ingest_settings(config, hash_key)?,
            Arc::new(WallClock),
        );
        let (stop, stopped) = watch::channel(false);
        let (grpc_addr, http_addr) = (grpc.local_addr()?, http.local_addr()?);
        let health = http::Health { progress: projector.progress(), stopped: stopped.clone(), store };
        let tasks = vec![
            tokio::spawn(grpc::serve(grpc, ingest, context, stopped.clone())),
            tokio::spawn(http::serve(http, health, stopped)),
        ];
        Ok(Self { grpc_addr, http_addr, stop, tasks, projector, journal })
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
        let (projector, journal) = (self.projector, self.journal);
        tokio::task::spawn_blocking(move || {
            projector.stop();
            journal.close();
        })
        .await
        .context("the projector's end broke off")
    }
}

async fn bind(key: &str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| {
        let variable = key.to_uppercase().replace('.', "_");
        format!("{key}: {addr} cannot be listened on; is another patron running? Stop it, or choose a free port with PATRON_{variable}")
    })
}

fn open_journal(config: &Config) -> anyhow::Result<EmbeddedJournal> {
    let dir = config.data_dir.join("journal");
    std::fs::create_dir_all(&dir)
        .with_context(|| format!("data_dir: {} cannot be created; choose a writable directory", dir.display()))?;
    let settings = EmbeddedConfig {
        segment_bytes_max: config.journal.segment_bytes_max,
        pending_bytes_max: config.journal.pending_bytes_max,
        fsync: config.journal.fsync,
        ..EmbeddedConfig::new(dir, config.journal.partitions)
    };
    Ok(EmbeddedJournal::open(settings)?)
}

fn open_store(config: &Config, journal: &dyn Journal, hash_key: &HashKey) -> anyhow::Result<Store> {
    let topology = journal.topology();
    let manifest = Manifest {
        format_version: store::manifest::FORMAT_VERSION,
        fold_version: profile::fold_version(),
        hash_key: hash_key.fingerprint(),
        cluster_id: topology.cluster_id,
        topic_id: topology.topic_id,
        partitions: topology.partitions,
    };
    let settings = StoreSettings {
        dir: config.data_dir.join("state"),
        cache_bytes: config.store.cache_bytes,
        write_buffer_bytes: config.store.write_buffer_bytes,
        sync: config.store.sync,
    };
    Ok(Store::open(&settings, &manifest)?)
}

fn start_projector(
    config: &Config,
    store: &Arc<Store>,
    journal: Arc<dyn Journal>,
    hash_key: &HashKey,
) -> anyhow::Result<Projector> {
    let settings = ProjectorSettings {
        hash_key: hash_key.clone(),
        batch_records_max: config.projector.batch_records_max,
        batch_bytes_max: config.projector.batch_bytes_max,
    };
    Ok(Projector::start(Arc::clone(store), journal, settings)?)
}

fn ingest_settings(config: &Config, hash_key: HashKey) -> anyhow::Result<IngestSettings> {
    Ok(IngestSettings {
        catalogue: config.catalogue()?,
        blocked: config.blocked()?,
        append_timeout: Duration::from_millis(config.ingest.append_timeout_ms),
        stream_batches_under_way_max: config.ingest.stream_batches_under_way_max,
        publishes_under_way_max: config.ingest.publishes_under_way_max,
        ..IngestSettings::new(hash_key)
    })
}

fn query_context(
    config: &Config,
    store: &Arc<Store>,
    journal: &Arc<EmbeddedJournal>,
    projector: &Projector,
    hash_key: HashKey,
) -> query::Context {
    query::Context {
        store: Arc::clone(store),
        rules: Arc::new(config.rules()),
        hash_key,
        progress: projector.progress(),
        journal: Arc::new(Facts(Arc::clone(journal))),
        wait_max: Duration::from_millis(config.query.wait_max_ms),
        started_at: WallClock.now(),
    }
}

/// What query may know of the journal.
struct Facts(Arc<EmbeddedJournal>);

impl query::JournalFacts for Facts {
    fn ids(&self) -> (String, String) {
        let topology = self.0.topology();
        (topology.cluster_id, topology.topic_id)
    }

    fn ends(&self) -> Option<Vec<u64>> {
        self.0.ends().ok()
    }
}
