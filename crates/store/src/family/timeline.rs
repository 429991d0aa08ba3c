//! `timeline`: (fragment id, occurred_at, copy key) → the whole touchpoint, so that any fragment can be refolded from it alone.

use types::{CopyKey, FragmentId, Micros};

use super::{Family, written};

/// The family of timelines.
#[derive(Debug)]
pub struct Timeline;

/// Place of a touchpoint in its fragment's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimelineKey {
    /// The fragment.
    pub fragment: FragmentId,
    /// When it happened.
    pub occurred_at: Micros,
    /// Which touchpoint.
    pub copy: CopyKey,
}

/// A touchpoint as it lies in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineRow<B = Vec<u8>> {
    /// Partition of the journal.
    pub partition: u32,
    /// Offset in it.
    pub offset: u64,
    /// The encoded `patron.journal.v1.Envelope`.
    pub envelope: B,
}

impl<B: AsRef<[u8]>> TimelineRow<B> {
    /// Its bytes, behind bytes that are there.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.partition.to_be_bytes());
        bytes.extend_from_slice(&self.offset.to_be_bytes());
        bytes.extend_from_slice(self.envelope.as_ref());
    }
}

/// Flips the sign bit, so that the order of bytes is the order of numbers.
const SIGN: u64 = 1 << 63;

impl TimelineKey {
    /// First bytes of all keys of a fragment at or after an instant.
    pub fn lower_bound(fragment: FragmentId, occurred_at: Micros) -> Vec<u8> {
        [fragment.0.as_slice(), &(occurred_at.0.cast_unsigned() ^ SIGN).to_be_bytes()].concat()
    }
}

impl Family for Timeline {
    const NAME: &'static str = "timeline";
    const PREFIX_BYTES: usize = 16;
    type Key = TimelineKey;
    type Value = TimelineRow;

    fn encode_key(key: &TimelineKey) -> Vec<u8> {
        written(|bytes| Self::write_key(key, bytes))
    }

    fn write_key(key: &TimelineKey, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&key.fragment.0);
        bytes.extend_from_slice(&(key.occurred_at.0.cast_unsigned() ^ SIGN).to_be_bytes());
        bytes.extend_from_slice(&key.copy.0);
    }

    fn decode_key(bytes: &[u8]) -> Option<TimelineKey> {
        let (fragment, rest) = bytes.split_at_checked(16)?;
        let (time, copy) = rest.split_at_checked(8)?;
        let time = u64::from_be_bytes(time.try_into().ok()?) ^ SIGN;
        Some(TimelineKey {
            fragment: FragmentId(fragment.try_into().ok()?),
            occurred_at: Micros(time.cast_signed()),
            copy: CopyKey(copy.try_into().ok()?),
        })
    }

    fn encode_value(value: &TimelineRow) -> Vec<u8> {
        written(|bytes| value.write(bytes))
    }

    fn write_value(value: &TimelineRow, bytes: &mut Vec<u8>) {
        value.write(bytes);
    }

    fn decode_value(bytes: &[u8]) -> Result<TimelineRow, String> {
        let short = || format!("only {} bytes", bytes.len());
        let (partition, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
        let (offset, envelope) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        Ok(TimelineRow {
            partition: u32::from_be_bytes(*partition),
            offset: u64::from_be_bytes(*offset),
            envelope: envelope.to_vec(),
        })
    }
}
