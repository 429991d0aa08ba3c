//! The floor: a topic polled by rdkafka with the journal's own settings, and nothing done with it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use journal::kafka::KafkaSettings;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};

use crate::threads;

const WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Consume {
    /// The brokers
    #[arg(long)]
    brokers: String,
    /// The topic
    #[arg(long)]
    topic: String,
}

impl Consume {
    pub(super) fn run(self) -> Result<()> {
        let consumer: BaseConsumer =
            ClientConfig::from_iter(KafkaSettings::new(self.brokers).reader_properties()).create()?;
        let metadata = consumer.fetch_metadata(Some(&self.topic), WAIT)?;
        let topic = metadata.topics().first().context("there is no such topic")?;
        let (mut assignment, mut wanted) = (TopicPartitionList::new(), 0);
        for partition in topic.partitions() {
            let (low, high) = consumer.fetch_watermarks(&self.topic, partition.id(), WAIT)?;
            wanted += high - low;
            assignment.add_partition_offset(&self.topic, partition.id(), Offset::Offset(low))?;
        }
        let (began, process, mut count, mut bytes) = (Instant::now(), threads::process_nanos(), 0, 0);
        consumer.assign(&assignment)?;
        while count < wanted {
            let message = consumer.poll(WAIT).context("the topic ends early")??;
            bytes += message.payload_len();
            count += 1;
        }
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), (threads::process_nanos() - process) / 1e9);
        println!(r#"{{"touchpoints": {count}, "payload_bytes": {bytes}, "seconds": {seconds}, "cpu_seconds": {cpu}}}"#);
        Ok(())
    }
}
