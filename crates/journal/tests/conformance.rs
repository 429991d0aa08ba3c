//! Every journal of this crate passes the suite.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use journal::Journal;
use journal::conformance::{self, PARTITIONS};
use journal::embedded::{EmbeddedConfig, EmbeddedJournal};
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
