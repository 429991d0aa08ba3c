//! `touched`: (write sequence, identifier id) → what touched the identifier: the outbox of the state. A row is put by the write that
//! changes what is known of an identifier, and deleted by the publisher once it has told what came of it.
//!
//! A later write has a greater sequence, so it never shares a key with a row that is being deleted. Not part of what a state
//! says: neither digest nor comparison looks at it.

use segment::Facets;
use types::{IdentifierId, Micros};

use super::{Family, written};

/// The family of what is still to be told.
#[derive(Debug)]
pub struct Touched;

/// What touched an identifier: of all records of one write together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The record that says most.
    pub by: Toucher,
    /// What of the customer the touchpoints touch.
    pub facets: Facets,
    /// The earliest occurred_at of the touchpoints; the least there is where that says nothing.
    pub since: Micros,
}

/// A record that touched an identifier. Ordered by how much it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Toucher {
    /// Whether evidence of who is one person changed; else only what is known of the person did.
    pub evidence: bool,
    /// Whether it was an operator's decision; else a touchpoint.
    pub decision: bool,
    /// The greatest offset among such records.
    pub offset: u64,
    /// Its partition of the journal.
    pub partition: u32,
}

impl Default for Touch {
    /// By nothing.
    fn default() -> Self {
        Self { by: Toucher::default(), facets: Facets::default(), since: Micros(i64::MAX) }
    }
}

impl Touch {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { by: self.by.max(other.by), facets: self.facets.and(other.facets), since: self.since.min(other.since) }
    }
}

impl Family for Touched {
    const NAME: &'static str = "touched";
    const PREFIX_BYTES: usize = 0;
    type Key = (u64, IdentifierId);
    type Value = Touch;

    fn encode_key(key: &Self::Key) -> Vec<u8> {
        written(|bytes| Self::write_key(key, bytes))
    }

    fn write_key((sequence, identifier): &Self::Key, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&identifier.0);
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (sequence, identifier) = bytes.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*sequence), IdentifierId(identifier.try_into().ok()?)))
    }

    fn encode_value(touch: &Touch) -> Vec<u8> {
        written(|bytes| Self::write_value(touch, bytes))
    }

    fn write_value(touch: &Touch, bytes: &mut Vec<u8>) {
        let Touch { by, facets, since } = touch;
        let flags = u8::from(by.evidence) | u8::from(by.decision) << 1;
        let numbers = [by.offset, facets.0, since.0.cast_unsigned()].map(u64::to_be_bytes);
        bytes.push(flags);
        bytes.extend_from_slice(&by.partition.to_be_bytes());
        bytes.extend_from_slice(numbers.as_flattened());
    }

    fn decode_value(bytes: &[u8]) -> Result<Touch, String> {
        let read = || {
            let ([flags], rest) = bytes.split_first_chunk::<1>()?;
            let (partition, rest) = rest.split_first_chunk::<4>()?;
            let (offset, rest) = rest.split_first_chunk::<8>()?;
            let (facets, rest) = rest.split_first_chunk::<8>()?;
            let since: [u8; 8] = rest.try_into().ok()?;
            let by = Toucher {
                evidence: flags & 1 != 0,
                decision: flags & 2 != 0,
                offset: u64::from_be_bytes(*offset),
                partition: u32::from_be_bytes(*partition),
            };
            let (facets, since) = (Facets(u64::from_be_bytes(*facets)), Micros(i64::from_be_bytes(since)));
            Some(Touch { by, facets, since })
        };
        read().ok_or_else(|| format!("{} bytes instead of 29", bytes.len()))
    }
}
