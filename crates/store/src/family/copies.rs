//! `copies`: a touchpoint's identity → where the one that counts lies. Finds copies for ever, however late they come.

use types::{ContentHash, CopyKey, FragmentId, Micros};

use super::{Family, timeline::TimelineKey, written};

/// The family of copies.
#[derive(Debug)]
pub struct Copies;

/// Where the touchpoint that counts lies, and what tells it from others of the same identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyRow {
    /// Its fragment.
    pub fragment: FragmentId,
    /// When it happened.
    pub occurred_at: Micros,
    /// Hash of its content.
    pub content: ContentHash,
    /// The earliest receipt of a copy.
    pub received_at: Micros,
}

impl CopyRow {
    /// Its place in the timeline.
    pub fn timeline_key(&self, copy: CopyKey) -> TimelineKey {
        TimelineKey { fragment: self.fragment, occurred_at: self.occurred_at, copy }
    }
}

impl Family for Copies {
    const NAME: &'static str = "copies";
    const PREFIX_BYTES: usize = 0;
    type Key = CopyKey;
    type Value = CopyRow;

    fn encode_key(key: &CopyKey) -> Vec<u8> {
        key.0.to_vec()
    }

    fn write_key(key: &CopyKey, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&key.0);
    }

    fn decode_key(bytes: &[u8]) -> Option<CopyKey> {
        Some(CopyKey(bytes.try_into().ok()?))
    }

    fn encode_value(row: &CopyRow) -> Vec<u8> {
        written(|bytes| Self::write_value(row, bytes))
    }

    fn write_value(row: &CopyRow, bytes: &mut Vec<u8>) {
        let (occurred_at, received_at) = (row.occurred_at.0.to_be_bytes(), row.received_at.0.to_be_bytes());
        for part in [row.fragment.0.as_slice(), &occurred_at, &row.content.0, &received_at] {
            bytes.extend_from_slice(part);
        }
    }

    fn decode_value(bytes: &[u8]) -> Result<CopyRow, String> {
        let fields = || {
            let (fragment, rest) = bytes.split_first_chunk::<16>()?;
            let (occurred_at, rest) = rest.split_first_chunk::<8>()?;
            let (content, received_at) = rest.split_first_chunk::<16>()?;
            Some(CopyRow {
                fragment: FragmentId(*fragment),
                occurred_at: Micros(i64::from_be_bytes(*occurred_at)),
                content: ContentHash(*content),
                received_at: Micros(i64::from_be_bytes(received_at.try_into().ok()?)),
            })
        };
        fields().ok_or_else(|| format!("{} bytes instead of 48", bytes.len()))
    }
}
