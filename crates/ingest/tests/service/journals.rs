//! Journals that misbehave on purpose, around one in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use journal::memory::MemoryJournal;
use journal::{AppendError, Journal, NewRecord, Position, ReadError, Reader, Topology};
use tokio::sync::Barrier;

macro_rules! reads_of_inner {
    () => {
        fn topology(&self) -> Topology {
            self.inner.topology()
        }
        fn record_bytes_max(&self) -> usize {
            self.inner.record_bytes_max()
        }
        fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
            self.inner.reader(from)
        }
        fn ends(&self) -> Result<Vec<u64>, ReadError> {
            self.inner.ends()
        }
        fn starts(&self) -> Result<Vec<u64>, ReadError> {
            self.inner.starts()
        }
    };
}

/// Takes some appends, then refuses all.
pub(crate) struct Failing {
    inner: MemoryJournal,
    good: AtomicUsize,
    error: AppendError,
}

impl Failing {
    pub(crate) fn after(good: usize, error: AppendError) -> Self {
        Self { inner: MemoryJournal::new(1), good: AtomicUsize::new(good), error }
    }
}

#[async_trait]
impl Journal for Failing {
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        let one_less = |left: usize| left.checked_sub(1);
        match self.good.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => self.inner.append(records).await,
            Err(_) => Err(self.error.clone()),
        }
    }
    reads_of_inner!();
}

/// Never answers an append.
pub(crate) struct Silent {
    inner: MemoryJournal,
    /// Appends that came.
    pub(crate) came: AtomicUsize,
}

impl Silent {
    pub(crate) fn new() -> Self {
        Self { inner: MemoryJournal::new(1), came: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Journal for Silent {
    async fn append(&self, _: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        self.came.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
    reads_of_inner!();
}

/// Answers appends only in groups of a fixed number, and counts the most that waited at once.
pub(crate) struct Grouping {
    inner: MemoryJournal,
    barrier: Barrier,
    waiting: AtomicUsize,
    /// The most appends under way at once.
    pub(crate) most: AtomicUsize,
}

impl Grouping {
    pub(crate) fn of(number: usize) -> Self {
        let zero = || AtomicUsize::new(0);
        Self { inner: MemoryJournal::new(2), barrier: Barrier::new(number), waiting: zero(), most: zero() }
    }
}

#[async_trait]
impl Journal for Grouping {
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(waiting, Ordering::SeqCst);
        self.barrier.wait().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.inner.append(records).await
    }
    reads_of_inner!();
}
