//! The journals of a process: embedded in the data directory, or on a Kafka cluster.
//!
//! Owns the names and forms of Patron's topics. Nothing above knows which of the two is beneath.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use journal::{
    Journal,
    embedded::{EmbeddedConfig, EmbeddedJournal},
    kafka::{Cleanup, Cluster, GroupReader, KafkaJournal, TopicSpec},
};
use types::{HashKey, Normaliser};

use super::{Role, fingerprint, manifest};
use crate::config::Config;

/// Largest record of `touchpoints` and `definitions`: a touchpoint of 1 MiB with room to spare.
const RECORD_BYTES_MAX: usize = 4 << 20;
/// Largest dead letter; what is larger is kept without its value.
const LETTER_BYTES_MAX: usize = 32 << 20;
/// Largest record of the topic of changes of memberships: within what brokers take unless they are told otherwise.
const CHANGE_BYTES_MAX: usize = 900 << 10;
/// Longest wait for appends under way at the end.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// The journals of a process.
pub(super) struct Journals {
    pub(super) touchpoints: Arc<dyn Journal>,
    pub(super) definitions: Arc<dyn Journal>,
    pub(super) dead_letters: Arc<dyn Journal>,
    beneath: Beneath,
}

#[derive(Debug)]
enum Beneath {
    Folder([Arc<EmbeddedJournal>; 3]),
    Cluster(Arc<Cluster>),
}

impl std::fmt::Debug for Journals {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Journals in {:?}", self.beneath)
    }
}

impl Journals {
    /// Opens or creates them, and makes sure that hash key and normal form are theirs. Blocks.
    pub(super) fn open(config: &Config, role: Role, hash_key: &HashKey) -> anyhow::Result<Self> {
        let normaliser = config.normaliser()?;
        match (config.kafka.brokers.as_str(), role) {
            ("", Role::All) => Self::in_folder(config, hash_key, &normaliser),
            ("", _) => bail!(
                "kafka.brokers: {} needs a Kafka cluster to meet the other processes at; set kafka.brokers (--kafka), or run \
                 all in one process with `patron up`",
                role.name()
            ),
            _ => Self::on_cluster(config, role, hash_key, &normaliser),
        }
    }

    fn in_folder(config: &Config, hash_key: &HashKey, normaliser: &Normaliser) -> anyhow::Result<Self> {
        let touchpoints = Arc::new(open_folder(config, "journal", config.journal.partitions, RECORD_BYTES_MAX)?);
        fingerprint::hold(&config.data_dir, hash_key)?;
        fingerprint::hold_normal_form(&config.data_dir, normaliser)?;
        let definitions = Arc::new(open_folder(config, "definitions", 1, RECORD_BYTES_MAX)?);
        let letters = Arc::new(open_folder(config, "dead-letters", 1, LETTER_BYTES_MAX)?);
        Ok(Self {
            touchpoints: Arc::clone(&touchpoints) as Arc<dyn Journal>,
            definitions: Arc::clone(&definitions) as Arc<dyn Journal>,
            dead_letters: Arc::clone(&letters) as Arc<dyn Journal>,
            beneath: Beneath::Folder([touchpoints, definitions, letters]),
        })
    }

    fn on_cluster(config: &Config, role: Role, hash_key: &HashKey, normaliser: &Normaliser) -> anyhow::Result<Self> {
        let cluster = connect(config, role.name())?;
        let open = |spec: &TopicSpec| KafkaJournal::open(Arc::clone(&cluster), spec);
        let [touchpoints, definitions, letters] = topics(config);
        let touchpoints = Arc::new(open(&touchpoints)?);
        let definitions = Arc::new(open(&definitions)?);
        manifest::hold(definitions.as_ref(), &touchpoints.topology(), hash_key, normaliser)?;
        let dead_letters = Arc::new(open(&letters)?);
        Ok(Self { touchpoints, definitions, dead_letters, beneath: Beneath::Cluster(cluster) })
    }

    /// What the projector needs of them.
    pub(super) fn folded(&self) -> projector::Journals {
        projector::Journals {
            touchpoints: Arc::clone(&self.touchpoints),
            definitions: Arc::clone(&self.definitions),
            dead_letters: Arc::clone(&self.dead_letters),
        }
    }

    /// A member of the group that reads the raw topics, where any are configured.
    pub(super) fn raw_reader(&self, config: &Config) -> Option<GroupReader> {
        let Beneath::Cluster(cluster) = &self.beneath else { return None };
        let topics: Vec<String> = config.ingest.raw_topics.keys().cloned().collect();
        let group = format!("{}{}", config.kafka.topic_prefix, config.ingest.raw_group);
        (!topics.is_empty()).then(|| GroupReader::new(Arc::clone(cluster), group, topics))
    }

    /// The topic that changes of memberships are relayed to, where one is configured, opened or created. Blocks.
    pub(super) fn relay(&self, config: &Config) -> anyhow::Result<Option<Arc<dyn Journal>>> {
        let (Beneath::Cluster(cluster), Some(spec)) = (&self.beneath, relay_topic(config)?) else { return Ok(None) };
        Ok(Some(Arc::new(KafkaJournal::open(Arc::clone(cluster), &spec)?)))
    }

    /// Finishes the appends that wait. Blocks.
    pub(super) fn close(&self) {
        match &self.beneath {
            Beneath::Folder(journals) => journals.iter().for_each(|journal| journal.close()),
            Beneath::Cluster(cluster) => cluster.close(CLOSE_MAX),
        }
    }
}

/// Connects to the configured cluster. Blocks.
pub(crate) fn connect(config: &Config, client_id: &str) -> anyhow::Result<Arc<Cluster>> {
    let patience = Duration::from_millis(config.kafka.start_timeout_ms);
    Ok(Cluster::connect(config.kafka_settings(client_id), patience)?)
}

/// Patron's topics: touchpoints, definitions, dead letters.
pub(crate) fn topics(config: &Config) -> [TopicSpec; 3] {
    let topic = |name: &str, partitions, cleanup, record_bytes_max| TopicSpec {
        name: format!("{}{name}", config.kafka.topic_prefix),
        partitions,
        replication: config.kafka.replication_factor,
        cleanup,
        record_bytes_max,
    };
    [
        topic("touchpoints", config.journal.partitions, Cleanup::Keep, RECORD_BYTES_MAX),
        topic("definitions", 1, Cleanup::Keep, RECORD_BYTES_MAX),
        topic("dead-letters", 1, Cleanup::Compact, LETTER_BYTES_MAX),
    ]
}

/// The topic of changes of memberships, if there is to be one.
pub(crate) fn relay_topic(config: &Config) -> anyhow::Result<Option<TopicSpec>> {
    Ok(config.relay()?.map(|topic| TopicSpec {
        name: topic.name,
        partitions: topic.partitions,
        replication: config.kafka.replication_factor,
        cleanup: Cleanup::Any,
        record_bytes_max: CHANGE_BYTES_MAX,
    }))
}

fn open_folder(
    config: &Config,
    name: &str,
    partitions: u32,
    record_bytes_max: usize,
) -> anyhow::Result<EmbeddedJournal> {
    let dir = config.data_dir.join(name);
    std::fs::create_dir_all(&dir)
        .with_context(|| format!("data_dir: {} cannot be created; choose a writable directory", dir.display()))?;
    let settings = EmbeddedConfig {
        segment_bytes_max: config.journal.segment_bytes_max,
        pending_bytes_max: config.journal.pending_bytes_max,
        fsync: config.journal.fsync,
        record_bytes_max,
        ..EmbeddedConfig::new(dir, partitions)
    };
    Ok(EmbeddedJournal::open(settings)?)
}
