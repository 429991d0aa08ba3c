//! What the journal carries and how it is addressed.
//!
//! Owns: records, positions, the identity of a journal, the limits of a poll. Never: looks into keys or values.

/// Where a record lies, or – as a starting point – which offset is wanted next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The partition, from 0.
    pub partition: u32,
    /// The record's number in its partition, from 0, without gaps.
    pub offset: u64,
}

/// A record to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The partition to append to; [`crate::partition_of`] places a key.
    pub partition: u32,
    /// The partition key; may be empty.
    pub key: Vec<u8>,
    /// The payload; may be empty.
    pub value: Vec<u8>,
}

impl NewRecord {
    /// The bytes that count against limits: key and value.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

/// A durable record as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it lies.
    pub position: Position,
    /// When the journal appended it: microseconds since 1970-01-01 UTC by the journal's clock. May go back with it.
    pub timestamp_us: i64,
    /// The partition key, verbatim.
    pub key: Vec<u8>,
    /// The payload, verbatim.
    pub value: Vec<u8>,
}

impl Record {
    /// The bytes that count against limits: key and value.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

/// The identity of a journal. A store keeps it with its applied offsets and refuses another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topology {
    /// The cluster that holds the journal.
    pub cluster_id: String,
    /// This very journal; a new one of the same name has another id.
    pub topic_id: String,
    /// How many partitions it has, numbered from 0.
    pub partitions: u32,
}

/// The most that one poll may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollLimits {
    /// Records; 0 counts as 1.
    pub records_max: usize,
    /// Bytes of keys and values together; the first record is returned even if it is larger.
    pub bytes_max: usize,
}
