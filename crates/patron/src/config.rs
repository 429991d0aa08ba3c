//! Configuration: defaults, then the file, then environment variables, then flags; later ones win.
//!
//! Owns every setting, its default and its check. Unknown keys are errors with a suggestion. Nothing else reads the environment.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ingest::raw::{RawTopic, RawTopics};
use journal::kafka::KafkaSettings;
use serde::{Deserialize, Serialize};

mod layers;
mod memory;
mod relay;
mod sections;
mod template;

pub use layers::{ConfigError, Overrides, environment, load, load_over};
pub use relay::RelayTopic;
pub use sections::{
    ContactConfig, IdentityConfig, IngestConfig, JournalConfig, KafkaConfig, KindsConfig, Listener, LogConfig,
    LogFormat, MembershipTopicConfig, ProjectorConfig, PublishConfig, QueryConfig, RawTopicConfig, RebuildConfig,
    ScrubConfig, SegmentsConfig, StoreConfig,
};
pub use template::TEMPLATE;

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of journal and state.
    pub data_dir: PathBuf,
    /// Secret text from which all derived ids and keys come; fixed for the life of the data.
    pub hash_key: String,
    /// Most bytes of memory for all that is kept by size; each part that is not given by itself is a share of it.
    pub memory_bytes: usize,
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
    /// Building a generation beside the one that is served.
    pub rebuild: RebuildConfig,
    /// Telling what changed.
    pub publish: PublishConfig,
    /// Reading.
    pub query: QueryConfig,
    /// Segments.
    pub segments: SegmentsConfig,
    /// Contacting customers.
    pub contact: ContactConfig,
    /// Comparing the state with its touchpoints, all the time.
    pub scrub: ScrubConfig,
    /// Kinds of touchpoints.
    pub kinds: KindsConfig,
    /// Identity rules.
    pub identity: IdentityConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// Topics that Patron writes, behind the prefix.
const OWN_TOPICS: [&str; 3] = ["touchpoints", "definitions", "dead-letters"];

/// Whether Kafka takes it as the name of a topic.
fn is_topic(name: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    (1..=249).contains(&name.len()) && name.chars().all(legal) && name != "." && name != ".."
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| Listener { addr: SocketAddr::from(([127, 0, 0, 1], port)) };
        Self {
            data_dir: PathBuf::from("./patron-data"),
            hash_key: "patron".to_owned(),
            memory_bytes: memory::BYTES,
            trusted_network: false,
            grpc: loopback(7700),
            http: loopback(7701),
            journal: JournalConfig::default(),
            kafka: KafkaConfig::default(),
            ingest: IngestConfig::default(),
            projector: ProjectorConfig::default(),
            store: StoreConfig::default(),
            rebuild: RebuildConfig::default(),
            publish: PublishConfig::default(),
            query: QueryConfig::default(),
            segments: SegmentsConfig::default(),
            contact: ContactConfig::default(),
            scrub: ScrubConfig::default(),
            kinds: KindsConfig::default(),
            identity: IdentityConfig::default(),
            log: LogConfig::default(),
        }
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
            ("publish.write_buffer_bytes", self.publish.write_buffer_bytes),
            ("rebuild.memory_bytes", self.rebuild.memory_bytes),
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
        memory::check(self.memory_bytes)?;
        self.check_names()?;
        self.clock()?;
        self.time_zone().map(drop)?;
        self.caps().map(drop)?;
        self.check_kafka()?;
        self.blocked().map(drop)?;
        self.normaliser().map(drop)?;
        tracing_subscriber::EnvFilter::try_new(&self.log.filter).map_err(|error| {
            ConfigError::value("log.filter", format!("{error}; write a filter such as `info,projector=debug`"))
        })?;
        self.catalogue().map(drop)
    }

    /// A misspelt namespace would silently rule nothing.
    fn check_names(&self) -> Result<(), ConfigError> {
        let limits = self.identity.limits.keys().map(|name| ("identity.limits", name));
        let priority = self.identity.priority.iter().map(|name| ("identity.priority", name));
        let weekly = self.identity.limits_per_week.keys().map(|name| ("identity.limits_per_week", name));
        let sharing = self.identity.sharing.keys().map(|name| ("identity.sharing", name));
        let weak = self.identity.weak.iter().map(|name| ("identity.weak", name));
        match limits
            .chain(priority)
            .chain(weekly)
            .chain(sharing)
            .chain(weak)
            .find(|(_, name)| !types::kind::is_name(name))
        {
            Some((key, name)) => {
                let problem = format!("`{name}` is no namespace: write lower-case letters, digits and `_`");
                Err(ConfigError::value(key, problem))
            }
            None => Ok(()),
        }
    }

    /// What can be said of the cluster's settings without asking it.
    fn check_kafka(&self) -> Result<(), ConfigError> {
        self.relay().map(drop)?;
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

    /// Whether Patron writes a topic, by its name behind the prefix.
    fn is_own_topic(&self, name: &str) -> bool {
        OWN_TOPICS.contains(&name) || (!name.is_empty() && self.publish.membership_changes.topic == name)
    }

    /// The raw topics by name.
    ///
    /// # Errors
    /// A format that is none, or a source that no touchpoint may have.
    pub fn raw_topics(&self) -> Result<RawTopics, ConfigError> {
        let topic = |(name, topic): (&String, &RawTopicConfig)| {
            let key = |field: &str| format!("ingest.raw_topics.{name}.{field}");
            let format = topic.format.parse().map_err(|problem: String| ConfigError::value(&key("format"), problem))?;
            let own = name.strip_prefix(&self.kafka.topic_prefix).is_some_and(|rest| self.is_own_topic(rest));
            if own || !is_topic(name) {
                let problem = if own {
                    "it is Patron's own topic"
                } else {
                    "it is no name of a topic: letters, digits, `.`, `_`, `-`"
                };
                return Err(ConfigError::value(&format!("ingest.raw_topics.{name}"), problem));
            }
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
    /// A namespace that is none, or a pattern that does not compile.
    pub fn blocked(&self) -> Result<ingest::BlockedValues, ConfigError> {
        ingest::BlockedValues::standard()
            .extended_with(&self.identity.blocked)
            .map_err(|problem| ConfigError::value("identity.blocked", problem))?
            .extended_with_patterns(&self.identity.blocked_patterns)
            .map_err(|problem| ConfigError::value("identity.blocked_patterns", problem))
    }

    /// What brings identifiers into their normal form.
    ///
    /// # Errors
    /// A region that is none.
    pub fn normaliser(&self) -> Result<types::Normaliser, ConfigError> {
        types::normal_form::PhoneRegion::parse(self.identity.phone_region.trim())
            .map(types::Normaliser::new)
            .map_err(|problem| ConfigError::value("identity.phone_region", problem))
    }

    /// The clock by which segments are evaluated.
    ///
    /// # Errors
    /// `segments.clock` is none.
    pub fn clock(&self) -> Result<segment::Clock, ConfigError> {
        segment::Clock::parse(&self.segments.clock).map_err(|problem| ConfigError::value("segments.clock", problem))
    }

    /// The zone of the calendar of segments.
    ///
    /// # Errors
    /// `segments.time_zone` is none.
    pub fn time_zone(&self) -> Result<expr::Zone, ConfigError> {
        expr::Zone::named(self.segments.time_zone.trim())
            .map_err(|problem| ConfigError::value("segments.time_zone", problem))
    }

    /// The contact caps.
    ///
    /// # Errors
    /// A channel that is none, or a cap that is none.
    pub fn caps(&self) -> Result<segment::Caps, ConfigError> {
        let refused = |error: segment::contact::CapError| {
            ConfigError::value(&format!("contact.caps.{}", error.channel), error.problem)
        };
        segment::Caps::compile(&self.contact.caps).map_err(refused)
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
        let IdentityConfig { priority, limits, limits_per_week, identifiers_max, sharing, weak, blocked, .. } =
            self.identity.clone();
        let blocked = blocked.into_iter().map(|(namespace, values)| (namespace, values.into_iter().collect()));
        let (weak, blocked) = (weak.into_iter().collect(), blocked.collect());
        identity::Rules { priority, limits, limits_per_week, identifiers_max, sharing, weak, blocked }
    }

    /// Bytes of memory for all that is kept by size.
    pub fn kept_bytes(&self) -> usize {
        let query = [self.query.hot_bytes, self.query.profiles_bytes, self.query.counts_memory_bytes_max];
        let written = [self.store.write_buffer_bytes, self.publish.write_buffer_bytes, self.rebuild.memory_bytes];
        let fold = [self.projector.warm_bytes, self.projector.batch_bytes_max.saturating_mul(memory::BATCHES)];
        let all = [self.store.cache_bytes].into_iter().chain(written).chain(fold).chain(query);
        all.fold(0, usize::saturating_add)
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
