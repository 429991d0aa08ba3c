//! The floor: rdkafka's own producer and consumer in plain loops.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Result, ensure};
use journal::NewRecord;
use rdkafka::{
    ClientConfig, ClientContext, Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{BaseConsumer, Consumer as _},
    error::RDKafkaErrorCode,
    producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer},
};

use super::{PARTITIONS, Plan, Topic, ends, note};
use crate::series::Series;

/// How long a full queue is left alone.
const QUEUE_WAIT: Duration = Duration::from_millis(1);

/// Counts what was acknowledged.
#[derive(Clone, Default)]
struct Count(Arc<AtomicU64>);

impl ClientContext for Count {}

impl ProducerContext for Count {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.0.fetch_add(u64::from(result.is_ok()), Ordering::Relaxed);
    }
}

fn config(properties: Vec<(String, String)>) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in properties {
        config.set(name, value);
    }
    config
}

/// Sends everything and waits for the last acknowledgement.
pub(super) fn produce(plan: &Plan, topic: &Topic, records: &[NewRecord], series: &mut Series) -> Result<()> {
    let count = Count::default();
    let producer: ThreadedProducer<Count> =
        ThreadedProducer::from_config_and_context(&config(topic.settings.producer_properties()), count.clone())?;
    note(series, "bare rdkafka", "produced", plan.records, || {
        for record in records {
            send(&producer, topic, record)?;
        }
        producer.flush(Duration::from_secs(120))?;
        ensure!(count.0.load(Ordering::Relaxed) == plan.records, "not all were acknowledged");
        Ok(())
    })?;
    ends(topic, plan.records)
}

/// Hands a record over; waits while the queue is full, as whoever sends faster than the broker takes must.
fn send(producer: &ThreadedProducer<Count>, topic: &Topic, record: &NewRecord) -> Result<()> {
    let mut message =
        BaseRecord::to(&topic.name).partition(record.partition.cast_signed()).key(&record.key).payload(&record.value);
    while let Err((error, refused)) = producer.send(message) {
        ensure!(error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull), error);
        thread::park_timeout(QUEUE_WAIT);
        message = refused;
    }
    Ok(())
}

/// Polls everything, touching no bytes.
pub(super) fn consume(plan: &Plan, topic: &Topic, series: &mut Series) -> Result<()> {
    let consumer: BaseConsumer = config(topic.settings.reader_properties()).create()?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS.cast_signed() {
        assignment.add_partition_offset(&topic.name, partition, Offset::Offset(0))?;
    }
    consumer.assign(&assignment)?;
    let (mut count, mut bytes) = (0, 0);
    note(series, "bare rdkafka", "consumed", plan.records, || {
        while count < plan.records {
            if let Some(message) = consumer.poll(Duration::from_secs(10)) {
                bytes += message?.payload_len();
                count += 1;
            }
        }
        Ok(())
    })?;
    ensure!(bytes as u64 == plan.records * plan.bytes as u64, "{bytes} bytes came");
    Ok(())
}
