//! A connection to a Kafka cluster: what all journals of a process share.
//!
//! Owns: the clients that ask and administer, and the one producer. Never: keeps an answer about offsets; they are asked
//! for anew.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rdkafka::admin::AdminClient;
use rdkafka::client::Client;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError as Native;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::KafkaError;
use super::context::Context;
use super::error::{code, is_late, reason};
use super::producer::Producer;
use super::settings::KafkaSettings;
use crate::{AppendError, OpenError, ReadError};

/// How long a single try of the first contact may take.
const TRY: Duration = Duration::from_secs(2);

/// Pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// A cluster that has answered once.
pub struct Cluster {
    settings: KafkaSettings,
    /// Until then a start asks again what was not answered in time.
    patient_until: Instant,
    cluster_id: String,
    admin: AdminClient<Context>,
    facts: BaseConsumer<Context>,
    producer: OnceLock<Producer>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Cluster {} at {}", self.cluster_id, self.settings.brokers)
    }
}

impl Cluster {
    /// Connects, trying for at most `patience`; for as long, from now on, what is not answered in time is asked again. Blocks.
    ///
    /// # Errors
    /// [`OpenError::Kafka`]: a setting, or nobody answers.
    pub fn connect(settings: KafkaSettings, patience: Duration) -> Result<Arc<Self>, OpenError> {
        settings.check()?;
        let patient_until = Instant::now() + patience;
        let client = Context::new;
        let admin = AdminClient::from_config_and_context(&settings.client(), client("admin"))
            .map_err(|error| KafkaError::setting(&error))?;
        let facts = BaseConsumer::from_config_and_context(&settings.client(), client("facts"))
            .map_err(|error| KafkaError::setting(&error))?;
        let cluster_id = first_answer(&settings, &facts, patience)?;
        Ok(Arc::new(Self { settings, patient_until, cluster_id, admin, facts, producer: OnceLock::new() }))
    }

    /// The cluster's own id.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// How many brokers there are.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn brokers(&self) -> Result<usize, KafkaError> {
        Ok(self.metadata(None)?.brokers().len())
    }

    /// How many partitions a topic has; `None` where there is no such topic.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn partitions(&self, topic: &str) -> Result<Option<usize>, KafkaError> {
        let metadata = self.metadata(Some(topic))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        Ok(found.map(|found| found.partitions().len()))
    }

    /// Ends the appends that wait, as far as that is possible within `patience`. Blocks.
    pub fn close(&self, patience: Duration) {
        if let Some(producer) = self.producer.get() {
            producer.flush(patience);
        }
    }

    pub(super) fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    /// Whether a start still has time to ask again.
    pub(super) fn is_patient(&self) -> bool {
        Instant::now() < self.patient_until
    }

    pub(super) fn admin(&self) -> &AdminClient<Context> {
        &self.admin
    }

    pub(super) fn client(&self) -> &Client<Context> {
        self.admin.inner()
    }

    pub(super) fn metadata(&self, topic: Option<&str>) -> Result<Metadata, KafkaError> {
        // Events of this client are served here, for want of a loop of its own.
        drop(self.facts.poll(Duration::ZERO));
        let found = self.facts.fetch_metadata(topic, self.settings.request_timeout);
        found.map_err(|error| KafkaError::unanswered("which brokers and topics there are", &error))
    }

    /// The producer, made when it is first needed.
    pub(super) fn producer(&self) -> Result<&Producer, AppendError> {
        if let Some(producer) = self.producer.get() {
            return Ok(producer);
        }
        let made = Producer::new(&self.settings).map_err(|reason| AppendError::Closed { reason })?;
        Ok(self.producer.get_or_init(|| made))
    }

    /// The next offset of each partition.
    pub(super) fn ends(&self, topic: &str, partitions: u32) -> Result<Vec<u64>, ReadError> {
        self.offsets(topic, partitions, Offset::End)
    }

    /// The first offset held of each partition.
    pub(super) fn starts(&self, topic: &str, partitions: u32) -> Result<Vec<u64>, ReadError> {
        self.offsets(topic, partitions, Offset::Beginning)
    }

    /// Asks again while leaders and connections move: at a start, just after a topic was made, or where a broker died.
    fn offsets(&self, topic: &str, partitions: u32, which: Offset) -> Result<Vec<u64>, ReadError> {
        let until = Instant::now() + self.settings.request_timeout;
        loop {
            match self.ask_offsets(topic, partitions, which) {
                Ok(offsets) => return Ok(offsets),
                Err(error) if is_passing(&error) && Instant::now() < until => std::thread::park_timeout(PAUSE),
                Err(error) if code(&error).is_some_and(is_late) && self.is_patient() => {
                    std::thread::park_timeout(PAUSE)
                }
                Err(error) => {
                    let place = format!("topic {topic}");
                    return Err(ReadError::Server { place, reason: reason(&error) });
                }
            }
        }
    }

    /// One question for all partitions: the logical times −1 and −2 stand for end and beginning (Kafka's ListOffsets).
    fn ask_offsets(&self, topic: &str, partitions: u32, which: Offset) -> Result<Vec<u64>, Native> {
        let mut asked = TopicPartitionList::with_capacity(partitions as usize);
        for partition in 0..partitions.cast_signed() {
            asked.add_partition_offset(topic, partition, which)?;
        }
        let told = self.facts.offsets_for_times(asked, self.settings.request_timeout)?;
        let mut offsets = vec![0; partitions as usize];
        for element in told.elements_for_topic(topic) {
            element.error()?;
            let slot = offsets.get_mut(element.partition().cast_unsigned() as usize);
            match (element.offset(), slot) {
                (Offset::Offset(offset), Some(slot)) => *slot = offset.cast_unsigned(),
                _ => return Err(Native::OffsetFetch(RDKafkaErrorCode::NoOffset)),
            }
        }
        Ok(offsets)
    }
}

fn is_passing(error: &Native) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::ReplicaNotAvailable
                | RDKafkaErrorCode::FencedLeaderEpoch
                | RDKafkaErrorCode::UnknownLeaderEpoch
                | RDKafkaErrorCode::OffsetNotAvailable
                | RDKafkaErrorCode::UnknownTopicOrPartition
                // The client's own words for it, where the broker that it asked has not heard of the topic yet.
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::DestroyBroker
        )
    )
}

/// The cluster's id, asked for again and again until `patience` ends.
fn first_answer(
    settings: &KafkaSettings,
    facts: &BaseConsumer<Context>,
    patience: Duration,
) -> Result<String, KafkaError> {
    let until = Instant::now() + patience;
    loop {
        let heard = facts.fetch_metadata(None, TRY.min(patience)).err();
        if heard.is_none()
            && let Some(id) = facts.client().fetch_cluster_id(TRY)
        {
            return Ok(id);
        }
        if Instant::now() >= until {
            let reason = heard.map_or_else(String::new, |error| format!(", {}", reason(&error)));
            let (brokers, seconds) = (settings.brokers.clone(), patience.as_secs());
            return Err(KafkaError::Unreachable { brokers, seconds, reason });
        }
    }
}
