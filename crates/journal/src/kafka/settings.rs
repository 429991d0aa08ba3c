//! How Patron speaks to a Kafka cluster.
//!
//! Owns: the settings, the properties that only Patron sets and why, and which properties are secrets. Never: reads a file
//! or the environment; the binary does.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;

use super::KafkaError;

/// How to reach a cluster, and how much may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `HOST:PORT`, several separated by commas.
    pub brokers: String,
    /// The name under which the brokers know this process.
    pub client_id: String,
    /// Properties of librdkafka, passed on as they are: SASL, TLS and whatever else is not [reserved](RESERVED).
    pub properties: BTreeMap<String, String>,
    /// Compression of batches: `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub compression: String,
    /// How long an append may wait for the brokers' acknowledgement.
    pub delivery_timeout: Duration,
    /// Appends wait when so many bytes wait for the brokers already.
    pub pending_bytes_max: usize,
    /// The most that is fetched ahead for a partition, in bytes.
    pub prefetch_bytes_max: usize,
    /// How long a question to the cluster (metadata, offsets, topics) may take.
    pub request_timeout: Duration,
}

impl KafkaSettings {
    /// The defaults: zstd, 30 s for an append, 64 MiB waiting, 8 MiB ahead a partition, 10 s a question.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            client_id: "patron".to_owned(),
            properties: BTreeMap::new(),
            compression: "zstd".to_owned(),
            delivery_timeout: Duration::from_secs(30),
            pending_bytes_max: 64 << 20,
            prefetch_bytes_max: 8 << 20,
            request_timeout: Duration::from_secs(10),
        }
    }
}

/// Properties on which correctness rests, so that nobody else sets them; and what each is for.
pub const RESERVED: [(&str, &str); 37] = [
    ("bootstrap.servers", "set kafka.brokers"),
    ("metadata.broker.list", "set kafka.brokers"),
    ("client.id", "Patron names itself"),
    ("acks", "accepted means that all in-sync replicas have it"),
    ("request.required.acks", "accepted means that all in-sync replicas have it"),
    ("enable.idempotence", "a retry inside the client must not double a record"),
    ("max.in.flight", "a failed first request must not be overtaken"),
    ("max.in.flight.requests.per.connection", "a failed first request must not be overtaken"),
    ("transactional.id", "Patron counts once by itself and uses no transactions"),
    ("partitioner", "records are placed as Kafka's own murmur2_random places keys"),
    ("group.id", "Patron names its consumer groups"),
    ("group.instance.id", "Patron names its consumers"),
    ("group.protocol", "Patron's bookkeeping rests on the classic protocol"),
    ("enable.auto.commit", "the state's own offsets count"),
    ("enable.auto.offset.store", "the state's own offsets count"),
    ("auto.offset.reset", "a lost offset must be an error, never a silent jump"),
    ("partition.assignment.strategy", "Patron chooses it"),
    ("compression.type", "set kafka.compression"),
    ("compression.codec", "set kafka.compression"),
    ("message.timeout.ms", "set kafka.delivery_timeout_ms"),
    ("delivery.timeout.ms", "set kafka.delivery_timeout_ms"),
    ("delivery.report.only.error", "an append is answered by the report of its success"),
    ("message.max.bytes", "Patron's topics say how large a record may be"),
    ("receive.message.max.bytes", "a dead letter is as large as what could not be read"),
    ("queue.buffering.max.messages", "set journal.pending_bytes_max"),
    ("queue.buffering.max.kbytes", "set journal.pending_bytes_max"),
    ("queued.min.messages", "set kafka.prefetch_bytes_max"),
    ("queued.max.messages.kbytes", "set kafka.prefetch_bytes_max"),
    ("retries", "the delivery timeout bounds them"),
    ("message.send.max.retries", "the delivery timeout bounds them"),
    ("enable.partition.eof", "Patron asks for a partition's end"),
    ("check.crcs", "damaged records are refused"),
    ("statistics.interval.ms", "Patron's metrics are made of them"),
    ("log.queue", "Patron logs for the client"),
    ("queue.buffering.max.ms", "set linger.ms"),
    ("isolation.level", "Patron reads what is acknowledged; it uses no transactions"),
    ("test.mock.num.brokers", "a mock keeps nothing"),
];

fn properties(config: &ClientConfig) -> Vec<(String, String)> {
    let mut properties: Vec<_> =
        config.config_map().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    properties.sort();
    properties
}

/// Whether a property's value must not be shown.
pub fn is_secret(property: &str) -> bool {
    ["password", "passphrase", "secret", "token", "key.pem", "oauthbearer.config", "jaas"]
        .iter()
        .any(|mark| property.contains(mark))
}

/// How often clients that are polled tell their statistics; those of a client that nobody polls would pile up.
const STATISTICS_MS: &str = "5000";

/// The largest record of any topic that Patron writes, in bytes; a dead letter is as large as what could not be read.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 20;

impl KafkaSettings {
    /// Checks everything that needs no connection.
    ///
    /// # Errors
    /// The property and the remedy.
    pub fn check(&self) -> Result<(), KafkaError> {
        for (property, why) in RESERVED {
            if self.properties.contains_key(property) {
                return Err(KafkaError::Reserved { property, why });
            }
        }
        for config in [self.producer(), self.reader("check"), self.member("check")] {
            config.create_native_config().map_err(|error| KafkaError::setting(&error))?;
        }
        Ok(())
    }

    /// All properties of the producer, for whoever measures or looks.
    pub fn producer_properties(&self) -> Vec<(String, String)> {
        properties(&self.producer())
    }

    /// All properties of a reader, for whoever measures or looks.
    pub fn reader_properties(&self) -> Vec<(String, String)> {
        properties(&self.reader("patron"))
    }

    /// What all clients have in common.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("client.id", &self.client_id);
        config.set("socket.keepalive.enable", "true").set("reconnect.backoff.max.ms", "1000");
        config.set("receive.message.max.bytes", (2 * MESSAGE_BYTES_MAX + 512).to_string());
        // Idle connections are closed by brokers; that is no news.
        config.set("log.connection.close", "false");
        for (property, value) in &self.properties {
            config.set(property, value);
        }
        config
    }

    /// A producer that keeps order and doubles nothing.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // A broker takes any sequence number from a producer that is new to a partition. Were the first request refused –
            // its leader had just moved, or the topic was new – and the second taken, librdkafka 2.12.1 would tell the first
            // as persisted when its retry comes out of order, though it is nowhere.
            .set("max.in.flight.requests.per.connection", "1")
            .set("statistics.interval.ms", STATISTICS_MS)
            .set("partitioner", "murmur2_random")
            .set("compression.type", &self.compression)
            .set("message.timeout.ms", self.delivery_timeout.as_millis().to_string())
            .set("message.max.bytes", MESSAGE_BYTES_MAX.to_string())
            // Bounded by `pending_bytes_max` before; this bound must never be the first to be met.
            .set("queue.buffering.max.messages", "0")
            .set("queue.buffering.max.kbytes", (2 * (self.pending_bytes_max >> 10) + (1 << 18)).to_string());
        self.default(&mut config, "linger.ms", "1");
        config
    }

    /// A consumer that begins where it is told and nowhere else.
    pub(super) fn reader(&self, group: &str) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", group)
            .set("statistics.interval.ms", STATISTICS_MS)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "false")
            .set("check.crcs", "true")
            .set("queued.min.messages", "100000")
            .set("queued.max.messages.kbytes", (self.prefetch_bytes_max >> 10).max(1).to_string());
        self.default(&mut config, "fetch.wait.max.ms", "100");
        // What is ahead is taken within milliseconds; the default of a second would leave the reader idle.
        self.default(&mut config, "fetch.queue.backoff.ms", "10");
        self.default(&mut config, "fetch.error.backoff.ms", "100");
        config
    }

    /// A member of a consumer group, which takes over and hands over partitions.
    pub(super) fn member(&self, group: &str) -> ClientConfig {
        let mut config = self.reader(group);
        config.set("partition.assignment.strategy", "range,roundrobin");
        self.default(&mut config, "session.timeout.ms", "10000");
        self.default(&mut config, "heartbeat.interval.ms", "1000");
        config
    }

    /// Sets what the properties do not say otherwise.
    fn default(&self, config: &mut ClientConfig, property: &str, value: &str) {
        if !self.properties.contains_key(property) {
            config.set(property, value);
        }
    }
}
