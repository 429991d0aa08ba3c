//! `touched`: (write sequence, identifier id) → what touched the identifier: the outbox of the state. A row is put by the write that
//! changes what is known of an identifier, and deleted by the publisher once it has told what came of it.
//!
//! A later write has a greater sequence, so it never shares a key with a row that is being deleted. Not part of what a state
//! says: neither digest nor comparison looks at it.

use types::IdentifierId;

use super::Family;

/// The family of what is still to be told.
#[derive(Debug)]
pub struct Touched;

/// What touched an identifier: of all records of one write the one that says most. Ordered by that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// Whether evidence of who is one person changed; else only what is known of the person did.
    pub evidence: bool,
    /// Whether it was an operator's decision; else a touchpoint.
    pub decision: bool,
    /// The greatest offset among such records.
    pub offset: u64,
    /// Its partition of the journal.
    pub partition: u32,
}

impl Family for Touched {
    const NAME: &'static str = "touched";
    const PREFIX_BYTES: usize = 0;
    type Key = (u64, IdentifierId);
    type Value = Touch;

    fn encode_key((sequence, identifier): &Self::Key) -> Vec<u8> {
        [sequence.to_be_bytes().as_slice(), &identifier.0].concat()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (sequence, identifier) = bytes.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*sequence), IdentifierId(identifier.try_into().ok()?)))
    }

    fn encode_value(touch: &Touch) -> Vec<u8> {
        let flags = u8::from(touch.evidence) | u8::from(touch.decision) << 1;
        [[flags].as_slice(), &touch.partition.to_be_bytes(), &touch.offset.to_be_bytes()].concat()
    }

    fn decode_value(bytes: &[u8]) -> Result<Touch, String> {
        let bytes: &[u8; 13] = bytes.try_into().map_err(|_| format!("{} bytes instead of 13", bytes.len()))?;
        let [flags, p0, p1, p2, p3, offset @ ..] = bytes;
        Ok(Touch {
            evidence: flags & 1 != 0,
            decision: flags & 2 != 0,
            offset: u64::from_be_bytes(*offset),
            partition: u32::from_be_bytes([*p0, *p1, *p2, *p3]),
        })
    }
}
