//! What writer and readers of a partition share: its segments and how far they are durable.
//!
//! Owns: the published state. Never: publishes a byte before it is durable, never takes one back.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::frame;
use super::header::HEADER_BYTES;
use super::index::SparseIndex;

/// A segment file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) base: u64,
    pub(super) path: PathBuf,
    durable_bytes: AtomicU64,
    index: Mutex<SparseIndex>,
}

impl Segment {
    pub(super) fn new(base: u64, path: PathBuf, durable_bytes: u64) -> Self {
        Self { base, path, durable_bytes: AtomicU64::new(durable_bytes), index: Mutex::default() }
    }

    /// How many bytes of the file are durable and will never change.
    pub(super) fn durable_bytes(&self) -> u64 {
        self.durable_bytes.load(Ordering::Acquire)
    }

    pub(super) fn publish(&self, durable_bytes: u64) {
        self.durable_bytes.store(durable_bytes, Ordering::Release);
    }

    /// See [`SparseIndex::note`].
    pub(super) fn note(&self, offset: u64, byte: u64) {
        self.index.lock().unwrap_or_else(PoisonError::into_inner).note(offset, byte);
    }

    /// Where to begin looking for `offset`: the offset and byte of a record at or before it.
    pub(super) fn floor(&self, offset: u64) -> (u64, u64) {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.floor(offset).unwrap_or((self.base, HEADER_BYTES as u64))
    }
}

/// A partition as its readers see it.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) number: u32,
    /// The seed of its checksums.
    pub(super) seed: u32,
    segments: RwLock<Vec<Arc<Segment>>>,
    end: AtomicU64,
}

impl Partition {
    /// `segments` in ascending order, at least one.
    pub(super) fn new(topic_id: &uuid::Uuid, number: u32, segments: Vec<Arc<Segment>>, end: u64) -> Self {
        let seed = frame::seed(topic_id, number);
        Self { number, seed, segments: RwLock::new(segments), end: AtomicU64::new(end) }
    }

    /// The first offset still held.
    pub(super) fn start(&self) -> u64 {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().expect("a partition has a segment").base
    }

    /// The next offset that will be written; all before it are durable.
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn publish_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// The segment that is written to.
    pub(super) fn last(&self) -> Arc<Segment> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.last().expect("a partition has a segment").clone()
    }

    pub(super) fn push(&self, segment: Arc<Segment>) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// The segment that holds, or will hold, `offset`: the last one that begins at or before it.
    pub(super) fn segment_of(&self, offset: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.base <= offset);
        after.checked_sub(1).and_then(|last| segments.get(last)).cloned()
    }
}
