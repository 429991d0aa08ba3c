//! Taking over partitions: where each goes on.
//!
//! Owns: the rule. The committed offset counts if it was committed for this very topic; a partition without one begins at
//! its start; records that retention cut before they were read are counted and told, and reading goes on behind them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::counter;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError as Native;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use crate::ReadError;
use crate::kafka::context::Context;
use crate::kafka::error::reason;
use crate::kafka::{Cluster, topic_id};

/// The side of a member that the client calls.
pub(super) struct Member {
    cluster: Arc<Cluster>,
    side: Context,
    topics: Mutex<BTreeMap<Arc<str>, Arc<str>>>,
    fault: Mutex<Option<ReadError>>,
}

impl Member {
    pub(super) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, side: Context::new("group"), topics: Mutex::default(), fault: Mutex::default() }
    }

    /// What kept partitions from being taken over.
    pub(super) fn fault(&self) -> Option<ReadError> {
        lock(&self.fault).take()
    }

    /// A topic's name and id.
    pub(super) fn topic(&self, name: &str) -> Result<(Arc<str>, Arc<str>), ReadError> {
        if let Some((name, id)) = lock(&self.topics).get_key_value(name) {
            return Ok((name.clone(), id.clone()));
        }
        let id = self.ask(name)?;
        let (name, id) = (Arc::<str>::from(name), Arc::<str>::from(id));
        lock(&self.topics).insert(name.clone(), id.clone());
        Ok((name, id))
    }

    /// Compares the ids of all topics met so far.
    pub(super) fn check_topics(&self) -> Result<(), ReadError> {
        let held = lock(&self.topics).clone();
        for (name, id) in held {
            if self.ask(&name)? != *id {
                tracing::warn!(topic = %name, "the topic was made again: it is read from its beginning");
                return Err(server(&name, "it was deleted and made again".to_owned()));
            }
        }
        Ok(())
    }

    fn ask(&self, name: &str) -> Result<String, ReadError> {
        let id = topic_id::of(&self.cluster, name).map_err(|error| server(name, error.to_string()))?;
        id.ok_or_else(|| server(name, "it does not exist".to_owned()))
    }

    /// The assignment with the offsets to begin at.
    fn beginnings(
        &self,
        consumer: &BaseConsumer<Self>,
        assigned: &TopicPartitionList,
    ) -> Result<TopicPartitionList, ReadError> {
        let patience = self.cluster.settings().request_timeout;
        let failed = |error: &Native| server("consumer group", reason(error));
        let committed = consumer.committed_offsets(assigned.clone(), patience).map_err(|error| failed(&error))?;
        let mut begin = TopicPartitionList::with_capacity(committed.count());
        for element in committed.elements() {
            element.error().map_err(|error| failed(&error))?;
            let (topic, partition) = (element.topic(), element.partition());
            let (_, id) = self.topic(topic)?;
            let held = consumer.fetch_watermarks(topic, partition, patience).map_err(|error| failed(&error))?;
            let offset = Offset::Offset(beginning(&element, &id, held));
            begin.add_partition_offset(topic, partition, offset).map_err(|error| failed(&error))?;
        }
        Ok(begin)
    }

    fn take_over(&self, consumer: &BaseConsumer<Self>, assigned: &TopicPartitionList) -> Result<(), ReadError> {
        // Ids may have changed since the last assignment.
        lock(&self.topics).clear();
        let begin = self.beginnings(consumer, assigned)?;
        tracing::info!(partitions = begin.count(), "took over partitions of raw topics");
        consumer.assign(&begin).map_err(|error| server("consumer group", error.to_string()))
    }
}

/// Where a partition begins, that holds from `start` up to `end`.
fn beginning(committed: &TopicPartitionListElem<'_>, topic_id: &str, (start, end): (i64, i64)) -> i64 {
    let Offset::Offset(offset) = committed.offset() else { return start };
    let (topic, partition) = (committed.topic(), committed.partition());
    // Without a note it was set by hand, with Kafka's own tools.
    if !committed.metadata().is_empty() && committed.metadata() != topic_id {
        tracing::warn!(topic, partition, "the topic was made again: it is read from its beginning");
        return start;
    }
    if offset < start {
        let lost = start - offset;
        counter!("patron_ingest_raw_lost_records_total").increment(lost.unsigned_abs());
        tracing::error!(topic, partition, lost, "retention cut records before they were read; lengthen retention.ms");
    }
    if offset > end {
        tracing::error!(
            topic,
            partition,
            offset,
            end,
            "the partition ends before what was read of it: its broker lost records"
        );
    }
    offset.clamp(start, end)
}

fn server(place: &str, reason: String) -> ReadError {
    ReadError::Server { place: place.to_owned(), reason }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.side.log(level, facility, message);
    }

    fn error(&self, error: Native, reason: &str) {
        self.side.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.side.stats(statistics);
    }
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let outcome = match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.take_over(consumer, partitions),
            _ => consumer.unassign().map_err(|error| server("consumer group", error.to_string())),
        };
        if let Err(error) = outcome {
            *lock(&self.fault) = Some(error);
        }
    }
}
