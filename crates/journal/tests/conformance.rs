//! Every journal of this crate passes the suite.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use journal::Journal;
use journal::conformance::{self, PARTITIONS};
use journal::embedded::{EmbeddedConfig, EmbeddedJournal};
use journal::kafka::{Cleanup, Cluster, KafkaJournal, KafkaSettings, TopicSpec};
use journal::memory::MemoryJournal;

#[tokio::test]
async fn the_journal_in_memory_conforms() {
    conformance::run_all(async || Arc::new(MemoryJournal::new(PARTITIONS)) as Arc<dyn Journal>).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_journal_conforms() {
    embedded_conforms(|config| config).await;
}

/// Every commit begins a new segment.
#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_journal_conforms_with_tiny_segments() {
    embedded_conforms(|config| EmbeddedConfig { segment_bytes_max: 64, ..config }).await;
}

/// Every append waits for the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_journal_conforms_when_little_may_wait() {
    embedded_conforms(|config| EmbeddedConfig { pending_bytes_max: 1, fsync: false, ..config }).await;
}

async fn embedded_conforms(adjust: impl Fn(EmbeddedConfig) -> EmbeddedConfig) {
    let dirs = Mutex::new(Vec::new());
    conformance::run_all(|| {
        let dir = tempfile::tempdir().unwrap();
        let config = adjust(EmbeddedConfig::new(dir.path(), PARTITIONS));
        dirs.lock().unwrap().push(dir);
        std::future::ready(Arc::new(EmbeddedJournal::open(config).unwrap()) as Arc<dyn Journal>)
    })
    .await;
}

/// On a real broker, at the address that `./dev test` gives.
#[tokio::test(flavor = "multi_thread")]
async fn the_journal_on_kafka_conforms() {
    kafka_conforms(|settings| settings).await;
}

/// With a byte that may wait, every append waits for the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn the_journal_on_kafka_conforms_when_little_may_wait() {
    kafka_conforms(|settings| KafkaSettings { pending_bytes_max: 1, ..settings }).await;
}

async fn kafka_conforms(adjust: impl Fn(KafkaSettings) -> KafkaSettings) {
    let brokers = std::env::var("PATRON_TEST_KAFKA").expect(
        "PATRON_TEST_KAFKA names no Kafka: test through ./dev test, or start one with ./dev kafka up and name its address",
    );
    let settings = adjust(KafkaSettings::new(brokers));
    let cluster = Cluster::connect(settings, std::time::Duration::from_secs(10)).unwrap();
    let (run, topics) = (uuid::Uuid::new_v4(), Mutex::new(0));
    conformance::run_all(|| {
        let mut number = topics.lock().unwrap();
        *number += 1;
        let spec = TopicSpec {
            name: format!("conformance-{run}-{number}"),
            partitions: PARTITIONS,
            replication: 1,
            cleanup: Cleanup::Keep,
            record_bytes_max: 4 << 20,
        };
        std::future::ready(Arc::new(KafkaJournal::open(cluster.clone(), &spec).unwrap()) as Arc<dyn Journal>)
    })
    .await;
}
