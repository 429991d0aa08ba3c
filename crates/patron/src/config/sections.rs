//! The sections of the configuration and their defaults.
//!
//! Owns what can be set and what it is unless it is. Never checks a value; the whole is checked together.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

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
    /// Bytes of memory for the fragments touched last.
    pub warm_bytes: usize,
}

/// State.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Bytes of memory for cached blocks, of all that is read from files.
    pub cache_bytes: usize,
    /// Bytes of memory for writes not yet in files.
    pub write_buffer_bytes: usize,
    /// Whether a write waits for the disk; off is safe only because the journal is folded again.
    pub sync: bool,
}

/// Building a generation beside the one that is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RebuildConfig {
    /// Bytes of memory for its records while it is loaded, and for its writes not yet in files.
    pub memory_bytes: usize,
}

/// Telling what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishConfig {
    /// Bytes of memory for what was told and is not in files yet.
    pub write_buffer_bytes: usize,
    /// Most identity changes that are kept for those who follow them; 0 keeps all.
    pub identity_changes_max: u64,
    /// Most changes of memberships that are kept; 0 keeps all.
    pub membership_changes_max: u64,
    /// The topic to which changes of memberships are relayed.
    pub membership_changes: MembershipTopicConfig,
}

/// The topic of changes of memberships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MembershipTopicConfig {
    /// Its name, behind the topic prefix; empty relays nothing.
    pub topic: String,
    /// `json` or `protobuf`.
    pub format: String,
    /// Partitions when it is created; 0 takes as many as `touchpoints` has.
    pub partitions: u32,
}

impl Default for MembershipTopicConfig {
    fn default() -> Self {
        Self { topic: String::new(), format: "json".to_owned(), partitions: 0 }
    }
}

/// Reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryConfig {
    /// Most milliseconds that a read waits for `min_position` where the caller sets no deadline.
    pub wait_max_ms: u64,
    /// Bytes of memory for customers that were looked up lately, as they were answered; 0 keeps none.
    pub hot_bytes: usize,
    /// Bytes of memory for merged profiles of customers that were looked up lately; 0 keeps none.
    pub profiles_bytes: usize,
    /// Most bytes of memory for customers and conditions that counts of segments and expressions keep; 0 keeps nothing.
    pub counts_memory_bytes_max: usize,
    /// Milliseconds after the last count until they go.
    pub counts_idle_ms: u64,
    /// `http://HOST:PORT` of the projectors that `patron query` asks; each holds all customers.
    pub projectors: Vec<String>,
    /// `http://HOST:PORT` of the ingest by which a projector that takes no touchpoints itself defines segments; empty for none.
    pub ingest: String,
}

/// Segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentsConfig {
    /// `wall`, `watermark`, or `fixed:` and an instant.
    pub clock: String,
    /// IANA name of the zone of the calendar.
    pub time_zone: String,
}

impl Default for SegmentsConfig {
    fn default() -> Self {
        Self { clock: "wall".to_owned(), time_zone: "UTC".to_owned() }
    }
}

/// Scrubbing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScrubConfig {
    /// Fragments folded anew and compared with the state each second; 0 turns it off.
    pub fragments_per_second: u32,
    /// Most touchpoints of a fragment that is looked at.
    pub touchpoints_max: u64,
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
    /// Most identifiers of a namespace that one customer may gain in one ISO week.
    pub limits_per_week: BTreeMap<String, u32>,
    /// Most identifiers of one customer; an identifier with more neighbours is shared and links nobody.
    pub identifiers_max: u32,
    /// Most neighbours of stronger namespaces before an identifier of this namespace is shared and links nobody.
    pub sharing: BTreeMap<String, u32>,
    /// Namespaces that never link.
    pub weak: Vec<String>,
    /// Values that stand for nobody, beside the built-in list: namespace (`*` for all) to values.
    pub blocked: BTreeMap<String, Vec<String>>,
    /// The same by regular expressions, each for the whole value.
    pub blocked_patterns: BTreeMap<String, Vec<String>>,
    /// Region whose national phone numbers are read, a code of ISO 3166; empty reads only those with `+` or `00`. Fixed for the
    /// life of the data.
    pub phone_region: String,
}

/// Contacting customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactConfig {
    /// Caps such as `2/7d` – at most so many contacts in such a span – by channel; `any` is for all channels together.
    pub caps: BTreeMap<String, Vec<String>>,
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
        Self { batch_records_max: 16_384, batch_bytes_max: 16 << 20, warm_bytes: 128 << 20 }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { cache_bytes: 256 << 20, write_buffer_bytes: 256 << 20, sync: true }
    }
}

impl Default for PublishConfig {
    fn default() -> Self {
        Self {
            write_buffer_bytes: 64 << 20,
            identity_changes_max: 0,
            membership_changes_max: 0,
            membership_changes: MembershipTopicConfig::default(),
        }
    }
}

impl Default for RebuildConfig {
    fn default() -> Self {
        Self { memory_bytes: 128 << 20 }
    }
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            wait_max_ms: 10_000,
            hot_bytes: 64 << 20,
            profiles_bytes: 64 << 20,
            counts_memory_bytes_max: 512 << 20,
            counts_idle_ms: 900_000,
            projectors: vec!["http://127.0.0.1:7710".to_owned()],
            ingest: "http://127.0.0.1:7700".to_owned(),
        }
    }
}

impl Default for ScrubConfig {
    fn default() -> Self {
        Self { fragments_per_second: 20, touchpoints_max: 10_000 }
    }
}

impl Default for IdentityConfig {
    fn default() -> Self {
        let identity::Rules { priority, limits, limits_per_week, identifiers_max, sharing, weak, .. } =
            identity::Rules::default();
        let weak = weak.into_iter().collect();
        let (blocked, blocked_patterns) = (BTreeMap::new(), BTreeMap::new());
        Self {
            priority,
            limits,
            limits_per_week,
            identifiers_max,
            sharing,
            weak,
            blocked,
            blocked_patterns,
            phone_region: String::new(),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".to_owned() }
    }
}
