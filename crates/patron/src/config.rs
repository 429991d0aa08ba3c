//! Configuration: defaults, then the file, then environment variables, then flags; later ones win.
//!
//! Owns every setting, its default and its check. Unknown keys are errors with a suggestion. Nothing else reads the environment.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use ingest::raw::{RawTopic, RawTopics};
use journal::kafka::KafkaSettings;

use serde::{Deserialize, Serialize};

mod layers;
mod template;

pub use layers::{ConfigError, Overrides, environment, load, load_over};
pub use template::TEMPLATE;

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of journal and state.
    pub data_dir: PathBuf,
    /// Secret text from which all derived ids and keys come; fixed for the life of the data.
    pub hash_key: String,
    /// Whether to listen beyond this machine although there is no encryption and no sign-in yet.
    pub trusted_network: bool,
    /// gRPC server.
    pub grpc: Listener,
    /// HTTP server: metrics and health.
    pub http: Listener,
    /// Journal.
    pub journal: JournalConfig,
    /// The Kafka cluster that holds the journal, instead of the data directory.
    pub kafka: KafkaConfig,
    /// Front door.
    pub ingest: IngestConfig,
    /// Folding.
    pub projector: ProjectorConfig,
    /// State.
    pub store: StoreConfig,
    /// Reading.
    pub query: QueryConfig,
    /// Kinds of touchpoints.
    pub kinds: KindsConfig,
    /// Identity rules.
    pub identity: IdentityConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// A listening address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    /// Address and port; port 0 takes any free one.
    pub addr: SocketAddr,
}

impl Default for Listener {
    /// Any free port; the real defaults are those of `Config`.
    fn default() -> Self {
        Self { addr: SocketAddr::from(([127, 0, 0, 1], 0)) }
    }
}

/// Journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JournalConfig {
    /// Partitions when the journal is created; fixed afterwards.
    pub partitions: u32,
    /// Bytes after which a new segment file of the embedded journal is begun.
    pub segment_bytes_max: u64,
    /// Bytes of appends that may wait for the disk.
    pub pending_bytes_max: usize,
    /// Whether an append to the embedded journal waits for the disk. Off loses accepted touchpoints with the power.
    pub fsync: bool,
}

/// The Kafka cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// `HOST:PORT`, several separated by commas; empty keeps the journal in the data directory.
    pub brokers: String,
    /// What the names of Patron's topics and groups begin with.
    pub topic_prefix: String,
    /// Replicas of topics that Patron creates; 0 takes three where there are three brokers, else one.
    pub replication_factor: u32,
    /// `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub compression: String,
    /// Most milliseconds that a record waits for the brokers.
    pub delivery_timeout_ms: u64,
    /// Most bytes fetched ahead for a partition.
    pub prefetch_bytes_max: usize,
    /// Most milliseconds that a start waits for the cluster.
    pub start_timeout_ms: u64,
    /// Properties of librdkafka: SASL, TLS and others.
    pub properties: BTreeMap<String, String>,
}

/// Front door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Most milliseconds that a batch waits for the journal.
    pub append_timeout_ms: u64,
    /// Most batches of one stream under way at once.
    pub stream_batches_under_way_max: usize,
    /// Most publish calls under way at once.
    pub publishes_under_way_max: usize,
    /// Consumer group that reads the raw topics, behind the topic prefix.
    pub raw_group: String,
    /// Topics of others that are read as touchpoints, by name.
    pub raw_topics: BTreeMap<String, RawTopicConfig>,
}

/// A raw topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTopicConfig {
    /// `segment_json` or `touchpoint_protobuf`.
    pub format: String,
    /// The system that its touchpoints come from.
    pub source: String,
}

/// Folding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectorConfig {
    /// Most records of one write.
    pub batch_records_max: usize,
    /// Most bytes of one batch of records.
    pub batch_bytes_max: usize,
}

/// State.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Bytes of memory for cached blocks.
    pub cache_bytes: usize,
    /// Bytes of memory for writes not yet in files.
    pub write_buffer_bytes: usize,
    /// Whether a write waits for the disk; off is safe only because the journal is folded again.
    pub sync: bool,
}

/// Reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryConfig {
    /// Most milliseconds that a read waits for `min_position` where the caller sets no deadline.
    pub wait_max_ms: u64,
    /// `http://HOST:PORT` of the projectors that `patron query` asks; each holds all customers.
    pub projectors: Vec<String>,
}

/// Kinds of touchpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KindsConfig {
    /// Kinds beside the built-in ones.
    pub custom: Vec<String>,
}

/// Identity rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {
    /// Namespaces from the strongest to the weakest; those not named follow in the built-in order.
    pub priority: Vec<String>,
    /// Most identifiers of a namespace that one customer may have.
    pub limits: BTreeMap<String, u32>,
    /// Most identifiers of one customer.
    pub identifiers_max: u32,
    /// Values that stand for nobody, beside the built-in list: namespace (`*` for all) to values.
    pub blocked: BTreeMap<String, Vec<String>>,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `human` or `json`.
    pub format: LogFormat,
    /// Filter in the form of `RUST_LOG`, e.g. `info,projector=debug`.
    pub filter: String,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| Listener { addr: SocketAddr::from(([127, 0, 0, 1], port)) };
        Self {
            data_dir: PathBuf::from("./patron-data"),
            hash_key: "patron".to_owned(),
            trusted_network: false,
            grpc: loopback(7700),
            http: loopback(7701),
            journal: JournalConfig::default(),
            kafka: KafkaConfig::default(),
            ingest: IngestConfig::default(),
            projector: ProjectorConfig::default(),
            store: StoreConfig::default(),
            query: QueryConfig::default(),
            kinds: KindsConfig::default(),
            identity: IdentityConfig::default(),
            log: LogConfig::default(),
        }
    }
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self { partitions: 4, segment_bytes_max: 64 << 20, pending_bytes_max: 64 << 20, fsync: true }
    }
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            topic_prefix: String::new(),
            replication_factor: 0,
            compression: "zstd".to_owned(),
            delivery_timeout_ms: 30_000,
            prefetch_bytes_max: 8 << 20,
            start_timeout_ms: 30_000,
            properties: BTreeMap::new(),
        }
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            append_timeout_ms: 10_000,
            stream_batches_under_way_max: 8,
            publishes_under_way_max: 256,
            raw_group: "patron-ingest".to_owned(),
            raw_topics: BTreeMap::new(),
        }
    }
}

impl Default for ProjectorConfig {
    fn default() -> Self {
        Self { batch_records_max: 4_096, batch_bytes_max: 16 << 20 }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { cache_bytes: 256 << 20, write_buffer_bytes: 256 << 20, sync: true }
    }
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self { wait_max_ms: 10_000, projectors: vec!["http://127.0.0.1:7710".to_owned()] }
    }
}

impl Default for IdentityConfig {
    fn default() -> Self {
        let identity::Rules { priority, limits, identifiers_max } = identity::Rules::default();
        Self { priority, limits, identifiers_max, blocked: BTreeMap::new() }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".to_owned() }
    }
}

impl Config {
    /// Checks what types alone do not.
    ///
    /// # Errors
    /// The key, its problem and the remedy.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, listener) in [("grpc.addr", &self.grpc), ("http.addr", &self.http)] {
            if !listener.addr.ip().is_loopback() && !self.trusted_network {
                let problem = format!(
                    "{} is not on loopback, and there is no encryption and no sign-in yet: use 127.0.0.1, or set trusted_network = \
                     true if everybody who reaches this address may read and write everything",
                    listener.addr
                );
                return Err(ConfigError::value(key, problem));
            }
        }
        let positive = [
            ("journal.partitions", self.journal.partitions as usize),
            ("journal.pending_bytes_max", self.journal.pending_bytes_max),
            ("projector.batch_records_max", self.projector.batch_records_max),
            ("projector.batch_bytes_max", self.projector.batch_bytes_max),
            ("ingest.stream_batches_under_way_max", self.ingest.stream_batches_under_way_max),
            ("ingest.publishes_under_way_max", self.ingest.publishes_under_way_max),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, number)| *number == 0) {
            return Err(ConfigError::value(key, "0 given; give 1 or more"));
        }
        if self.journal.partitions > journal::embedded::PARTITIONS_MAX {
            let problem =
                format!("{} given; give at most {}", self.journal.partitions, journal::embedded::PARTITIONS_MAX);
            return Err(ConfigError::value("journal.partitions", problem));
        }
        self.check_names()?;
        self.check_kafka()?;
        self.blocked().map(drop)?;
        tracing_subscriber::EnvFilter::try_new(&self.log.filter).map_err(|error| {
            ConfigError::value("log.filter", format!("{error}; write a filter such as `info,projector=debug`"))
        })?;
        self.catalogue().map(drop)
    }

    /// A misspelt namespace would silently rule nothing.
    fn check_names(&self) -> Result<(), ConfigError> {
        let limits = self.identity.limits.keys().map(|name| ("identity.limits", name));
        let priority = self.identity.priority.iter().map(|name| ("identity.priority", name));
        match limits.chain(priority).find(|(_, name)| !types::kind::is_name(name)) {
            Some((key, name)) => {
                let problem = format!("`{name}` is no namespace: write lower-case letters, digits and `_`");
                Err(ConfigError::value(key, problem))
            }
            None => Ok(()),
        }
    }

    /// What can be said of the cluster's settings without asking it.
    fn check_kafka(&self) -> Result<(), ConfigError> {
        if self.kafka.brokers.is_empty() {
            return match self.ingest.raw_topics.keys().next() {
                Some(name) => Err(ConfigError::value(
                    &format!("ingest.raw_topics.{name}"),
                    "there is no Kafka cluster to read it from: set kafka.brokers",
                )),
                None => Ok(()),
            };
        }
        self.kafka_settings("check").check().map_err(|error| ConfigError::value("kafka", error.to_string()))?;
        self.raw_topics().map(drop)
    }

    /// How to reach the cluster, for a client of this name.
    pub fn kafka_settings(&self, client_id: &str) -> KafkaSettings {
        let KafkaConfig { compression, delivery_timeout_ms, prefetch_bytes_max, properties, .. } = self.kafka.clone();
        KafkaSettings {
            client_id: client_id.to_owned(),
            compression,
            delivery_timeout: Duration::from_millis(delivery_timeout_ms),
            prefetch_bytes_max,
            properties,
            pending_bytes_max: self.journal.pending_bytes_max,
            ..KafkaSettings::new(self.kafka.brokers.clone())
        }
    }

    /// The raw topics by name.
    ///
    /// # Errors
    /// A format that is none, or a source that no touchpoint may have.
    pub fn raw_topics(&self) -> Result<RawTopics, ConfigError> {
        let topic = |(name, topic): (&String, &RawTopicConfig)| {
            let key = |field: &str| format!("ingest.raw_topics.{name}.{field}");
            let format = topic.format.parse().map_err(|problem: String| ConfigError::value(&key("format"), problem))?;
            let source = topic.source.trim().to_owned();
            if source.is_empty() || source.len() > types::limits::SOURCE_BYTES_MAX {
                let problem = format!("name the system in 1 to {} bytes", types::limits::SOURCE_BYTES_MAX);
                return Err(ConfigError::value(&key("source"), problem));
            }
            Ok((name.clone(), RawTopic { format, source }))
        };
        self.ingest.raw_topics.iter().map(topic).collect()
    }

    /// Values that stand for nobody: the built-in list and the configured one.
    ///
    /// # Errors
    /// A namespace that is none.
    pub fn blocked(&self) -> Result<ingest::BlockedValues, ConfigError> {
        ingest::BlockedValues::standard()
            .extended_with(&self.identity.blocked)
            .map_err(|problem| ConfigError::value("identity.blocked", problem))
    }

    /// The catalogue with the custom kinds.
    ///
    /// # Errors
    /// A custom kind that is no name, or built in already.
    pub fn catalogue(&self) -> Result<types::Catalogue, ConfigError> {
        types::Catalogue::with_custom(self.kinds.custom.iter().cloned())
            .map_err(|problem| ConfigError::value("kinds.custom", problem))
    }

    /// The rules by which customers are resolved.
    pub fn rules(&self) -> identity::Rules {
        let IdentityConfig { priority, limits, identifiers_max, .. } = self.identity.clone();
        identity::Rules { priority, limits, identifiers_max }
    }

    /// The configuration as TOML, with secrets masked.
    pub fn to_masked_toml(&self) -> String {
        const MASK: &str = "********";
        let mut masked = Self { hash_key: MASK.to_owned(), ..self.clone() };
        for (property, value) in &mut masked.kafka.properties {
            if journal::kafka::is_secret(property) {
                MASK.clone_into(value);
            }
        }
        toml::to_string(&masked).expect("settings have a TOML form")
    }
}

#[cfg(test)]
mod tests;
