//! What the journal carries and how it is addressed.
//!
//! Owns: records, positions, the identity of a journal, the limits of a poll. Never: looks into keys or values.

use crate::AppendError;

/// Where a record lies, or – as a starting point – which offset is wanted next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The partition, from 0.
    pub partition: u32,
    /// The record's number in its partition, from 0, without gaps.
    pub offset: u64,
}

/// A named fact about a record that is not part of its value: where a dead letter came from, for example.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Header {
    /// Its name; a record may carry several of one name.
    pub name: String,
    /// Its value; may be empty.
    pub value: Vec<u8>,
}

/// What a header takes beside its name and value, in bytes; the same for every journal, so that limits mean the same.
const HEADER_OVERHEAD_BYTES: usize = 8;

fn bytes(key: &[u8], value: &[u8], headers: &[Header]) -> usize {
    let header = |header: &Header| header.name.len() + header.value.len() + HEADER_OVERHEAD_BYTES;
    key.len() + value.len() + headers.iter().map(header).sum::<usize>()
}

/// A record to append.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// The partition to append to; [`crate::partition_of`] places a key.
    pub partition: u32,
    /// The partition key; may be empty.
    pub key: Vec<u8>,
    /// The payload; may be empty.
    pub value: Vec<u8>,
    /// Headers, in order; touchpoints have none.
    pub headers: Vec<Header>,
}

/// A record's key, value and headers, as plain parts.
pub type Parts = (Vec<u8>, Vec<u8>, Vec<(String, Vec<u8>)>);

impl NewRecord {
    /// A record of these parts, placed by its key among `partitions`.
    pub fn placed((key, value, headers): Parts, partitions: u32) -> Self {
        let partition = crate::partition_of(&key, partitions);
        let headers = headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        Self { partition, key, value, headers }
    }

    /// The bytes that count against limits: key, value and headers.
    pub fn bytes(&self) -> usize {
        bytes(&self.key, &self.value, &self.headers)
    }

    /// Whether a journal of `partitions` that takes records of up to `limit` bytes may take it.
    pub(crate) fn check(&self, partitions: u32, limit: usize) -> Result<(), AppendError> {
        let partition = self.partition;
        if partition >= partitions {
            return Err(AppendError::NoSuchPartition { partition, partitions });
        }
        if self.bytes() > limit {
            return Err(AppendError::TooLarge { limit });
        }
        Ok(())
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
    /// The headers, verbatim and in order.
    pub headers: Vec<Header>,
}

impl Record {
    /// Its key, value and headers.
    pub fn into_parts(self) -> Parts {
        let headers = self.headers.into_iter().map(|header| (header.name, header.value)).collect();
        (self.key, self.value, headers)
    }

    /// The bytes that count against limits: key, value and headers.
    pub fn bytes(&self) -> usize {
        bytes(&self.key, &self.value, &self.headers)
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
    /// Bytes of keys, values and headers together; the first record is returned even if it is larger.
    pub bytes_max: usize,
}
