//! The first bytes of a segment file: whose it is, where it begins, and what came before it.
//!
//! Owns: the header's layout. Little-endian: `magic 8 | version u32 | partition u32 | topic id 16 | base u64 |
//! previous base u64 | previous bytes u64 | crc32c u32 | zero u32`. The header names the segment before it and that
//! one's sealed size, so that a missing or shortened segment is found without reading any other. Never: touches a file.

#[cfg(test)]
mod tests;

/// The size of a header.
pub(super) const HEADER_BYTES: usize = 64;

/// The newest segment format this program knows.
pub(super) const SEGMENT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"PATRONSG";
const NOTHING_BEFORE: u64 = u64::MAX;

/// A segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) topic_id: uuid::Uuid,
    pub(super) partition: u32,
    /// The offset of the first record of the segment.
    pub(super) base: u64,
    /// The segment before; `None` for the first of a partition.
    pub(super) previous: Option<Sealed>,
}

/// A segment that will not grow any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) base: u64,
    /// Its size, header included.
    pub(super) bytes: u64,
}

/// Why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoHeader {
    #[error("the segment has format version {0}")]
    Newer(u32),
    #[error("the segment's header is incomplete or damaged")]
    Damaged,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let previous = self.previous.unwrap_or(Sealed { base: NOTHING_BEFORE, bytes: 0 });
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&SEGMENT_VERSION.to_le_bytes());
        out.extend_from_slice(&self.partition.to_le_bytes());
        out.extend_from_slice(self.topic_id.as_bytes());
        for number in [self.base, previous.base, previous.bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.try_into().expect("the fields are 64 bytes together")
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NoHeader> {
        Self::fields(bytes).ok_or(NoHeader::Damaged)?
    }

    fn fields(bytes: &[u8]) -> Option<Result<Self, NoHeader>> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (partition, rest) = rest.split_first_chunk::<4>()?;
        let (topic_id, rest) = rest.split_first_chunk::<16>()?;
        let (base, rest) = rest.split_first_chunk::<8>()?;
        let (previous_base, rest) = rest.split_first_chunk::<8>()?;
        let (previous_bytes, rest) = rest.split_first_chunk::<8>()?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        let version = u32::from_le_bytes(*version);
        if *magic == MAGIC && version > SEGMENT_VERSION {
            return Some(Err(NoHeader::Newer(version)));
        }
        if *magic != MAGIC || crc32c::crc32c(bytes.get(..56)?) != u32::from_le_bytes(*crc) {
            return None;
        }
        let previous = Sealed { base: u64::from_le_bytes(*previous_base), bytes: u64::from_le_bytes(*previous_bytes) };
        Some(Ok(Self {
            topic_id: uuid::Uuid::from_bytes(*topic_id),
            partition: u32::from_le_bytes(*partition),
            base: u64::from_le_bytes(*base),
            previous: (previous.base != NOTHING_BEFORE).then_some(previous),
        }))
    }
}
