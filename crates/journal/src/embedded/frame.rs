//! A record on disk.
//!
//! Owns: the frame's layout. Little-endian:
//! `length u32 | crc32c u32 | offset u64 | timestamp i64 µs | place u32 | key length u32 | key | headers | value`.
//! The highest bit of the key length says whether there are headers; no key is so long.
//! `length` counts what follows the checksum; the checksum covers length and everything after itself, seeded with the
//! journal's topic id and the partition, so that a frame of another place – or one inside a value – is not taken for a
//! record. `place` is the record's number in its commit: what was written with one sync. Never: touches a file.

use super::headers;

#[cfg(test)]
mod tests;

/// The bytes of a frame before its key.
pub(super) const HEAD_BYTES: usize = 32;

/// The bytes before those that `length` counts.
const PREFIX_BYTES: usize = 8;

/// In the key length: headers follow the key.
const HAS_HEADERS: u32 = 1 << 31;

/// No frame is longer than this, whatever its length says; bounds the memory of reading.
pub(super) const FRAME_BYTES_MAX: usize = HEAD_BYTES + super::RECORD_BYTES_LIMIT;

/// A frame as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) head: Head,
    pub(super) key: &'a [u8],
    pub(super) headers: &'a [u8],
    pub(super) value: &'a [u8],
}

/// What a frame carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) key: &'a [u8],
    /// The block of the headers, empty without any.
    pub(super) headers: &'a [u8],
    pub(super) value: &'a [u8],
}

/// The fixed part of a frame; not trustworthy before the checksum was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The whole frame in bytes.
    pub(super) bytes: usize,
    pub(super) offset: u64,
    pub(super) timestamp_us: i64,
    pub(super) place: u32,
    key_bytes: u32,
    has_headers: bool,
    crc: u32,
}

impl Head {
    /// The offset of the first record of the commit.
    pub(super) fn commit(&self) -> u64 {
        self.offset.saturating_sub(u64::from(self.place))
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("the file ends inside the record")]
    Incomplete,
    #[error("the record's length is impossible")]
    Length,
    #[error("the record's checksum does not match")]
    Checksum,
}

/// Where a frame belongs and when it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) offset: u64,
    pub(super) timestamp_us: i64,
    pub(super) place: u32,
}

/// The seed of the checksums of one partition of one journal.
pub(super) fn seed(topic_id: &uuid::Uuid, partition: u32) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(topic_id.as_bytes()), &partition.to_le_bytes())
}

/// Appends a frame to `out`.
pub(super) fn encode(out: &mut Vec<u8>, seed: u32, stamp: Stamp, body: Body<'_>) {
    let Body { key, headers, value } = body;
    let length = (HEAD_BYTES - PREFIX_BYTES + key.len() + headers.len() + value.len()) as u32;
    let flag = if headers.is_empty() { 0 } else { HAS_HEADERS };
    let mut fixed = [0; HEAD_BYTES - PREFIX_BYTES];
    let (offset, rest) = fixed.split_at_mut(8);
    let (timestamp, rest) = rest.split_at_mut(8);
    let (place, key_length) = rest.split_at_mut(4);
    offset.copy_from_slice(&stamp.offset.to_le_bytes());
    timestamp.copy_from_slice(&stamp.timestamp_us.to_le_bytes());
    place.copy_from_slice(&stamp.place.to_le_bytes());
    key_length.copy_from_slice(&(key.len() as u32 | flag).to_le_bytes());
    let crc = [fixed.as_slice(), key, headers, value]
        .iter()
        .fold(checksum(seed, length, &[]), |crc, part| crc32c::crc32c_append(crc, part));
    for part in [length.to_le_bytes().as_slice(), &crc.to_le_bytes(), &fixed, key, headers, value] {
        out.extend_from_slice(part);
    }
}

/// The fixed part at the start of `bytes`, unchecked but for its lengths.
pub(super) fn head(bytes: &[u8]) -> Result<Head, Broken> {
    let (length, rest) = u32_from(bytes)?;
    let (crc, rest) = u32_from(rest)?;
    let (offset, rest) = u64_from(rest)?;
    let (timestamp, rest) = u64_from(rest)?;
    let (place, rest) = u32_from(rest)?;
    let (key_bytes, _) = u32_from(rest)?;
    let (has_headers, key_bytes) = (key_bytes & HAS_HEADERS != 0, key_bytes & !HAS_HEADERS);
    let bytes = (length as usize).saturating_add(PREFIX_BYTES);
    let in_range = (HEAD_BYTES.saturating_add(key_bytes as usize)..=FRAME_BYTES_MAX).contains(&bytes);
    let head = Head { bytes, offset, timestamp_us: timestamp.cast_signed(), place, key_bytes, has_headers, crc };
    if in_range { Ok(head) } else { Err(Broken::Length) }
}

/// The frame at the start of `bytes`, checked.
pub(super) fn decode(bytes: &[u8], seed: u32) -> Result<Frame<'_>, Broken> {
    let head = head(bytes)?;
    let bytes = bytes.get(..head.bytes).ok_or(Broken::Incomplete)?;
    let (_, body) = bytes.split_at_checked(PREFIX_BYTES).ok_or(Broken::Incomplete)?;
    if checksum(seed, body.len() as u32, body) != head.crc {
        return Err(Broken::Checksum);
    }
    let data = bytes.get(HEAD_BYTES..).ok_or(Broken::Length)?;
    let (key, rest) = data.split_at_checked(head.key_bytes as usize).ok_or(Broken::Length)?;
    let (headers, value) = if head.has_headers { headers::split(rest).ok_or(Broken::Length)? } else { (&[][..], rest) };
    Ok(Frame { head, key, headers, value })
}

fn checksum(seed: u32, length: u32, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(seed, &length.to_le_bytes()), body)
}

fn u32_from(bytes: &[u8]) -> Result<(u32, &[u8]), Broken> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Broken::Incomplete)?;
    Ok((u32::from_le_bytes(*number), rest))
}

fn u64_from(bytes: &[u8]) -> Result<(u64, &[u8]), Broken> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Broken::Incomplete)?;
    Ok((u64::from_le_bytes(*number), rest))
}
