//! Reading a topic from given offsets on, by manual assignment: no group decides who reads what, or from where.
//!
//! Owns: the consumer, and its renewal after an error. Never: commits or stores an offset, never jumps over records that
//! are gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::Cluster;
use super::context::Context;
use super::error::reason;
use super::lane::KafkaLane;
use super::watch::Changed;
use crate::bell::Bell;
use crate::fair::{FairReader, check_positions};
use crate::{PollLimits, Position, ReadError, Reader, Record};

/// A reader of a topic.
pub(super) struct KafkaReader {
    cluster: Arc<Cluster>,
    topic: Arc<str>,
    changed: Changed,
    /// Where each partition goes on.
    next: Vec<Position>,
    partitions: u32,
    open: Option<Open>,
}

struct Open {
    consumer: Arc<BaseConsumer<Context>>,
    fair: FairReader<KafkaLane>,
}

impl KafkaReader {
    pub(super) fn new(cluster: Arc<Cluster>, topic: Arc<str>, changed: Changed, from: Vec<Position>) -> Self {
        Self { cluster, topic, changed, next: from, partitions: 0, open: None }
    }

    /// Checks the starting positions against what the topic holds, and begins.
    pub(super) fn opened(mut self, partitions: u32) -> Result<Self, ReadError> {
        self.partitions = partitions;
        self.open()?;
        Ok(self)
    }

    fn open(&mut self) -> Result<(), ReadError> {
        let (starts, ends) =
            (self.cluster.starts(&self.topic, self.partitions)?, self.cluster.ends(&self.topic, self.partitions)?);
        let held: Vec<_> = starts.into_iter().zip(ends).collect();
        check_positions(&self.next, &held)?;
        self.open = Some(Open::new(&self.cluster, &self.topic, &self.next).map_err(|error| self.refused(&error))?);
        Ok(())
    }

    fn refused(&self, error: &Native) -> ReadError {
        ReadError::Server { place: format!("topic {}", self.topic), reason: reason(error) }
    }

    /// Whatever comes within `wait`. An error closes: the next poll begins anew where this one ended.
    fn read(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<Record>, ReadError> {
        let Some(open) = &mut self.open else { return Ok(Vec::new()) };
        let outcome = match events(&open.consumer) {
            Some(error) => Err(error),
            None => Ok(open.fair.poll(limits, wait)),
        };
        let records = match outcome {
            Ok(Ok(records)) => records,
            Ok(Err(error)) => {
                self.open = None;
                return Err(error);
            }
            Err(error) => {
                self.open = None;
                return Err(self.refused(&error));
            }
        };
        self.advance(&records);
        Ok(records)
    }

    fn advance(&mut self, records: &[Record]) {
        for record in records {
            let lane = self.next.iter_mut().find(|next| next.partition == record.position.partition);
            lane.into_iter().for_each(|next| next.offset = record.position.offset + 1);
        }
    }
}

impl Reader for KafkaReader {
    fn poll(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<Record>, ReadError> {
        let began = Instant::now();
        self.changed.check().map_err(|reason| ReadError::Changed { reason })?;
        if self.open.is_none() {
            self.open()?;
        }
        self.read(limits, wait.saturating_sub(began.elapsed()))
    }
}

impl Open {
    fn new(cluster: &Cluster, topic: &str, next: &[Position]) -> Result<Self, Native> {
        let config = cluster.settings().reader("patron");
        let consumer = Arc::new(BaseConsumer::from_config_and_context(&config, Context::new("reader"))?);
        let bell = Arc::new(Bell::default());
        // Before the assignment: a queue split off later would miss what was fetched in between. librdkafka leaves a queue
        // alone once the application has led it somewhere (RD_KAFKA_Q_F_FWD_APP).
        let lane = |next: &Position| lane(&consumer, topic, *next, &bell);
        let lanes = next.iter().map(lane).collect::<Result<_, Native>>()?;
        let mut assignment = TopicPartitionList::with_capacity(next.len());
        for next in next {
            let offset = Offset::Offset(next.offset.cast_signed());
            assignment.add_partition_offset(topic, next.partition.cast_signed(), offset)?;
        }
        if !next.is_empty() {
            consumer.assign(&assignment)?;
        }
        Ok(Self { fair: FairReader::new(lanes, bell), consumer })
    }
}

fn lane(
    consumer: &Arc<BaseConsumer<Context>>,
    topic: &str,
    next: Position,
    bell: &Arc<Bell>,
) -> Result<KafkaLane, Native> {
    let queue = consumer.split_partition_queue(topic, next.partition.cast_signed());
    let mut queue = queue.ok_or(Native::Subscription(format!("no queue for partition {}", next.partition)))?;
    let bell = bell.clone();
    queue.set_nonempty_callback(move || bell.ring());
    Ok(KafkaLane { queue, next, waiting: None, failed: None })
}

/// Serves the client's events; an error that reading cannot go on over. A broker that does not answer is none: the client
/// tries again by itself.
fn events(consumer: &BaseConsumer<Context>) -> Option<Native> {
    while let Some(event) = consumer.poll(Duration::ZERO) {
        match event {
            Err(error) if ends_reading(&error) => return Some(error),
            Err(error) => tracing::debug!(%error, "the Kafka reader goes on"),
            Ok(_) => return Some(Native::Subscription("a record came outside its partition's queue".to_owned())),
        }
    }
    None
}

fn ends_reading(error: &Native) -> bool {
    matches!(error, Native::MessageConsumptionFatal(_))
        || matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::OffsetOutOfRange
                    | RDKafkaErrorCode::AutoOffsetReset
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::Fatal
            )
        )
}
