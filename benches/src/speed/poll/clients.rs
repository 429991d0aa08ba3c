//! The ways of reading: a poll for each record, a stream, a queue for each partition, and whole batches.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    config::FromClientConfig,
    consumer::{BaseConsumer, Consumer, DefaultConsumerContext, StreamConsumer, base_consumer::PartitionQueue},
};
use tokio::runtime::Runtime;
use tokio_stream::StreamExt as _;

use super::queue::Batches;
use crate::broker::Topic;

/// How long a record is waited for before the run is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who reads a part of a topic.
pub(super) trait Client: Send {
    /// Begins to read and reads so many records; the bytes of their values.
    fn read(&mut self, records: u64) -> Result<u64>;
}

type Partitions = std::iter::StepBy<std::ops::Range<u32>>;

/// Makes a client for some partitions, connected, with nothing assigned yet.
pub(super) type Open = fn(&Topic, Partitions) -> Result<Box<dyn Client>>;

/// All ways.
pub(super) const WAYS: [(&str, Open); 5] = [
    ("BaseConsumer::poll", |topic, partitions| Ok(Box::new(Polled(Assigned::new(topic, partitions)?)))),
    ("StreamConsumer::recv", |topic, partitions| Ok(Box::new(Received(Streaming::new(topic, partitions)?)))),
    ("StreamConsumer::stream", |topic, partitions| Ok(Box::new(Streamed(Streaming::new(topic, partitions)?)))),
    ("a queue for each partition", |topic, partitions| Ok(Box::new(Split::new(topic, partitions)?))),
    ("consume_batch_queue of 4,096", |topic, partitions| Ok(Box::new(Batched(Assigned::new(topic, partitions)?)))),
];

/// A consumer and what it is going to read.
struct Assigned<C> {
    consumer: C,
    partitions: TopicPartitionList,
}

impl<C: Consumer + FromClientConfig> Assigned<C> {
    fn new(topic: &Topic, partitions: Partitions) -> Result<Self> {
        let mut config = ClientConfig::new();
        for (name, value) in topic.settings.reader_properties() {
            config.set(name, value);
        }
        let consumer: C = config.create()?;
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition_offset(&topic.name, partition.cast_signed(), Offset::Beginning)?;
        }
        consumer.fetch_metadata(Some(&topic.name), PATIENCE)?;
        Ok(Self { consumer, partitions: list })
    }

    fn begin(&self) -> Result<()> {
        Ok(self.consumer.assign(&self.partitions)?)
    }
}

struct Polled(Assigned<BaseConsumer>);

impl Client for Polled {
    fn read(&mut self, records: u64) -> Result<u64> {
        self.0.begin()?;
        let mut bytes = 0;
        for _ in 0..records {
            bytes += self.0.consumer.poll(PATIENCE).context("a record comes in time")??.payload_len() as u64;
        }
        Ok(bytes)
    }
}

/// A consumer that wakes a task, and the runtime of that task.
struct Streaming {
    assigned: Assigned<StreamConsumer>,
    runtime: Runtime,
}

impl Streaming {
    fn new(topic: &Topic, partitions: Partitions) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let assigned = Assigned::new(topic, partitions)?;
        drop(entered);
        Ok(Self { assigned, runtime })
    }

    fn run<'a, F: Future<Output = Result<u64>>>(&'a self, read: impl FnOnce(&'a StreamConsumer) -> F) -> Result<u64> {
        self.assigned.begin()?;
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, read(&self.assigned.consumer)).await? })
    }
}

struct Received(Streaming);

impl Client for Received {
    fn read(&mut self, records: u64) -> Result<u64> {
        self.0.run(async |consumer| {
            let mut bytes = 0;
            for _ in 0..records {
                bytes += consumer.recv().await?.payload_len() as u64;
            }
            Ok(bytes)
        })
    }
}

struct Streamed(Streaming);

impl Client for Streamed {
    fn read(&mut self, records: u64) -> Result<u64> {
        self.0.run(async |consumer| {
            let (mut stream, mut bytes) = (consumer.stream(), 0);
            for _ in 0..records {
                bytes += stream.next().await.context("a stream of records has no end")??.payload_len() as u64;
            }
            Ok(bytes)
        })
    }
}

/// The consumer is shared with the queues that are split from it.
struct Split(Arc<BaseConsumer>, TopicPartitionList);

type Queue = PartitionQueue<DefaultConsumerContext>;

impl Split {
    fn new(topic: &Topic, partitions: Partitions) -> Result<Self> {
        let Assigned { consumer, partitions } = Assigned::new(topic, partitions)?;
        Ok(Self(Arc::new(consumer), partitions))
    }

    fn queues(&self) -> Result<Vec<Queue>> {
        let split = |(topic, partition): (String, i32)| self.0.split_partition_queue(&topic, partition);
        self.1.to_topic_map().into_keys().map(|name| split(name).context("a partition of these")).collect()
    }
}

impl Client for Split {
    fn read(&mut self, records: u64) -> Result<u64> {
        self.0.assign(&self.1)?;
        let (queues, mut left, mut bytes) = (self.queues()?, records, 0);
        while left > 0 {
            let before = left;
            for message in queues.iter().flat_map(|queue| std::iter::from_fn(|| queue.poll(Duration::ZERO))) {
                (left, bytes) = (left - 1, bytes + message?.payload_len() as u64);
            }
            // The consumer's own errors, and records that came before the queues were split.
            let idle = if left == before { Duration::from_millis(1) } else { Duration::ZERO };
            if let Some(message) = self.0.poll(idle) {
                (left, bytes) = (left - 1, bytes + message?.payload_len() as u64);
            }
        }
        Ok(bytes)
    }
}

struct Batched(Assigned<BaseConsumer>);

impl Client for Batched {
    fn read(&mut self, records: u64) -> Result<u64> {
        self.0.begin()?;
        let mut batches = Batches::of(&self.0.consumer)?;
        let (mut left, mut bytes) = (records, 0);
        while left > 0 {
            let (count, came) = batches.next(left, PATIENCE)?;
            anyhow::ensure!(count > 0, "no record came in {PATIENCE:?}, {left} were left");
            (left, bytes) = (left - count, bytes + came);
        }
        Ok(bytes)
    }
}
