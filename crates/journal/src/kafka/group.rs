//! Reading topics that are not Patron's own, in a consumer group: several processes share the partitions.
//!
//! Owns: taking over and handing over partitions, committed offsets, and the id of the topic that an offset belongs to.
//! Never: commits what the caller did not say is done, so that nothing is lost; what is read again after a crash or a
//! rebalance has the same topic id, partition and offset.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError as Native;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::error::reason;
use super::{Cluster, message};
use crate::{Header, PollLimits, Position, ReadError};

mod member;

use member::Member;

/// A record of a topic that is not Patron's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id: a topic made again under the same name has another.
    pub topic_id: Arc<str>,
    /// Where it lies.
    pub position: Position,
    /// The record's timestamp: microseconds since 1970-01-01 UTC, by its producer or its broker as the topic says.
    pub timestamp_us: i64,
    /// The key, if it has one.
    pub key: Option<Vec<u8>>,
    /// The value; none in a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<Header>,
}

impl GroupRecord {
    /// The bytes that count against the limits of a poll.
    pub fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers
    }
}

/// A member of a consumer group.
pub struct GroupReader {
    cluster: Arc<Cluster>,
    group: String,
    topics: Vec<String>,
    consumer: Option<BaseConsumer<Member>>,
    waiting: Option<GroupRecord>,
}

impl std::fmt::Debug for GroupReader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "GroupReader of {} over {:?}", self.group, self.topics)
    }
}

impl GroupReader {
    /// A reader that joins the group at its first poll. Topics that do not exist yet are read once they do.
    pub fn new(cluster: Arc<Cluster>, group: impl Into<String>, topics: Vec<String>) -> Self {
        Self { cluster, group: group.into(), topics, consumer: None, waiting: None }
    }

    /// The next records, within `limits`; blocks the thread at most `wait` for the first. At least one, however large, if
    /// there is any. Call it again and again, even while nothing is expected: partitions are taken over in here.
    ///
    /// # Errors
    /// [`ReadError::Server`]; the next poll joins the group anew, and what was not committed comes again.
    pub fn poll(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<GroupRecord>, ReadError> {
        let read = self.read(limits, wait);
        if read.is_err() {
            self.leave();
        }
        read
    }

    /// Says that everything below these positions is done. Blocks until the cluster has noted it.
    ///
    /// # Errors
    /// [`ReadError::Server`] when it has not: those records come again, here or at another member.
    pub fn commit(&self, next: &[(Arc<str>, Arc<str>, Position)]) -> Result<(), ReadError> {
        let Some(consumer) = &self.consumer else { return Ok(()) };
        let mut offsets = TopicPartitionList::with_capacity(next.len());
        for (topic, topic_id, next) in next {
            let mut element = offsets.add_partition(topic, next.partition.cast_signed());
            element.set_offset(Offset::Offset(next.offset.cast_signed())).map_err(|error| self.failed(&error))?;
            element.set_metadata(topic_id);
        }
        consumer.commit(&offsets, CommitMode::Sync).map_err(|error| self.failed(&error))
    }

    /// Leaves the group, so that another member takes over at once.
    pub fn leave(&mut self) {
        self.waiting = None;
        drop(self.consumer.take());
    }

    fn read(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<GroupRecord>, ReadError> {
        if self.consumer.is_none() {
            self.consumer = Some(self.join().map_err(|error| self.failed(&error))?);
        }
        let (mut records, mut bytes, mut wait) = (Vec::new(), 0, wait);
        while records.len() < limits.records_max.max(1) {
            let Some(record) = self.next(wait)? else { break };
            wait = Duration::ZERO;
            if !records.is_empty() && bytes + record.bytes() > limits.bytes_max {
                self.waiting = Some(record);
                break;
            }
            bytes += record.bytes();
            records.push(record);
        }
        if !records.is_empty() {
            self.look()?;
        }
        Ok(records)
    }

    fn join(&self) -> Result<BaseConsumer<Member>, Native> {
        let config = self.cluster.settings().member(&self.group);
        let consumer = BaseConsumer::from_config_and_context(&config, Member::new(self.cluster.clone()))?;
        consumer.subscribe(&self.topics.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(consumer)
    }

    fn next(&mut self, wait: Duration) -> Result<Option<GroupRecord>, ReadError> {
        if let Some(record) = self.waiting.take() {
            return Ok(Some(record));
        }
        let Some(consumer) = &self.consumer else { return Ok(None) };
        let event = consumer.poll(wait);
        if let Some(error) = consumer.context().fault() {
            return Err(error);
        }
        match event {
            None => Ok(None),
            Some(Ok(message)) => record(consumer.context(), &message).map(Some),
            Some(Err(error)) if is_passing(&error) => {
                tracing::debug!(%error, group = self.group, "the consumer group goes on");
                Ok(None)
            }
            Some(Err(error)) => Err(self.failed(&error)),
        }
    }

    /// Whether the topics are still those that the partitions were taken over from: asked after each batch, so that no record
    /// of a topic made again is handed on under the id of the one before.
    fn look(&self) -> Result<(), ReadError> {
        let Some(consumer) = &self.consumer else { return Ok(()) };
        consumer.context().check_topics()
    }

    fn failed(&self, error: &Native) -> ReadError {
        ReadError::Server { place: format!("consumer group {}", self.group), reason: reason(error) }
    }
}

fn record(member: &Member, message: &BorrowedMessage<'_>) -> Result<GroupRecord, ReadError> {
    let (topic, topic_id) = member.topic(message.topic())?;
    Ok(GroupRecord {
        topic,
        topic_id,
        position: message::position(message),
        timestamp_us: message::timestamp_us(message),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message::headers(message),
    })
}

/// Errors over which the client goes on by itself: brokers that do not answer, a topic that is not there yet, a member that
/// was thought dead.
fn is_passing(error: &Native) -> bool {
    if matches!(error, Native::MessageConsumptionFatal(_)) {
        return false;
    }
    !matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::Fatal
        )
    )
}
