//! The contract that every journal keeps: append, read from any position, say where the partitions start and end.
//!
//! Owns: the two traits. The suite in `conformance` holds each journal to them. Never: knows a kind of journal.

use std::time::Duration;

use async_trait::async_trait;

use crate::{AppendError, NewRecord, PollLimits, Position, ReadError, Record, Topology};

/// Ordered durable partitions. Offsets of a partition never go back and are never given twice.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Which journal this is; the same for as long as its data lives.
    fn topology(&self) -> Topology;

    /// The largest record that it takes, in bytes of key, value and headers.
    fn record_bytes_max(&self) -> usize;

    /// Appends `records`, all or none of them as far as the caller can count on.
    ///
    /// When it returns `Ok`, every record is durable and readable; the positions are in the order of `records`, and
    /// records of one call and partition follow one another in that order. An error means that none may be counted
    /// as accepted; after a crash some may still be found, so a repeated append must be recognisable by the reader.
    /// A call whose future is dropped may or may not be carried out.
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError>;

    /// A reader over the partitions named in `from`, each from the given next offset on.
    ///
    /// # Errors
    /// [`ReadError::OffsetOutOfRange`] when an offset lies before the start or beyond the end (the end itself is
    /// allowed), [`ReadError::NoSuchPartition`], [`ReadError::PartitionTwice`].
    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError>;

    /// Per partition (index = partition) the next offset that will be written.
    fn ends(&self) -> Result<Vec<u64>, ReadError>;

    /// Per partition (index = partition) the first offset still held; equal to the end when nothing is held.
    fn starts(&self) -> Result<Vec<u64>, ReadError>;
}

/// Reads records in the order of their partitions, turn by turn over the partitions. Sees durable records only.
pub trait Reader: Send {
    /// The next records, within `limits`; blocks the thread at most `wait` for the first one. Empty when none came.
    ///
    /// At least one record is returned if there is any, however large. An error leaves the reader where it stood: no
    /// record is skipped, and polling again meets the same place again.
    fn poll(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<Record>, ReadError>;
}
