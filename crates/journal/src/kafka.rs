//! The journal on Apache Kafka: a topic whose partitions are the journal's.
//!
//! Owns: all that names rdkafka – connections, topics created or checked, appends, readers, and reading other topics in
//! a consumer group. Never: lets Kafka's own bookkeeping decide where reading begins (the store's offsets do), never goes
//! on over a topic that was deleted, re-created or re-partitioned beneath it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{AppendError, Journal, NewRecord, OpenError, Position, ReadError, Reader, Topology};

mod cluster;
mod context;
mod delivery;
mod error;
mod group;
mod headers;
mod lane;
mod message;
mod producer;
mod reader;
mod settings;
mod topic;
mod topic_id;
mod watch;

#[cfg(test)]
mod tests;

pub use cluster::Cluster;
pub use error::KafkaError;
pub use group::{GroupReader, GroupRecord};
pub use settings::{KafkaSettings, RESERVED, is_secret};
pub use topic::{Cleanup, Severity, TopicFinding, TopicSpec};

use reader::KafkaReader;
use watch::Watch;

/// A journal in a topic of a Kafka cluster. Several processes may append to it and read it at once.
#[derive(Debug)]
pub struct KafkaJournal {
    cluster: Arc<Cluster>,
    topic: Arc<str>,
    record_bytes_max: usize,
    topology: Topology,
    watch: Watch,
}

impl KafkaJournal {
    /// Opens the journal in the topic of `spec`, or creates the topic. Blocks.
    ///
    /// # Errors
    /// [`OpenError::Kafka`]: the cluster does not answer, or the topic is not as `spec` needs it; with the remedy.
    pub fn open(cluster: Arc<Cluster>, spec: &TopicSpec) -> Result<Self, OpenError> {
        let topic_id = topic::ensure(&cluster, spec)?;
        let topology = Topology {
            cluster_id: cluster.cluster_id().to_owned(),
            topic_id: topic_id.clone(),
            partitions: spec.partitions,
        };
        let watch = Watch::start(cluster.clone(), spec.clone(), topic_id)?;
        let (topic, record_bytes_max) = (Arc::from(spec.name.as_str()), spec.record_bytes_max);
        Ok(Self { cluster, topic, record_bytes_max, topology, watch })
    }
}

#[async_trait]
impl Journal for KafkaJournal {
    fn topology(&self) -> Topology {
        self.topology.clone()
    }

    fn record_bytes_max(&self) -> usize {
        self.record_bytes_max
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        records.iter().try_for_each(|record| record.check(self.topology.partitions, self.record_bytes_max))?;
        self.watch.check().map_err(|reason| AppendError::Closed { reason })?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.cluster.producer()?.append(&self.topic, records).await
    }

    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
        let reader = KafkaReader::new(self.cluster.clone(), self.topic.clone(), self.watch.changed(), from);
        Ok(Box::new(reader.opened(self.topology.partitions)?))
    }

    fn ends(&self) -> Result<Vec<u64>, ReadError> {
        self.cluster.ends(&self.topic, self.topology.partitions)
    }

    fn starts(&self) -> Result<Vec<u64>, ReadError> {
        self.cluster.starts(&self.topic, self.topology.partitions)
    }
}
