//! What is kept of a touchpoint between reading and folding: an entry by its place in the timeline, and one by its copy key.
//!
//! The value of a timeline's row lies in the first one just as it is written, so that it is never put together again.

use journal::Position;
use store::family::{Copies, Family as _, Timeline, copies::CopyRow};
use types::{ContentHash, CopyKey, FragmentId, Micros};

use super::{sorted::Words, spill::Spill};
use crate::incoming::Incoming;

/// Words of a place in a timeline: fragment, occurred_at, copy key.
pub(super) const TIMELINE_WORDS: usize = 5;
/// Words of a copy key.
pub(super) const COPY_WORDS: usize = 2;
/// Words of an identifier's id and a fragment's.
pub(super) const INCIDENCE_WORDS: usize = 4;

/// A touchpoint that was read before.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) content: ContentHash,
    pub(super) received_at: Micros,
    pub(super) position: Position,
    /// The value of its row of `timeline`.
    pub(super) row: &'a [u8],
    pub(super) envelope: &'a [u8],
}

/// Memory in which entries are put together.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Scratch {
    /// Keeps a touchpoint by its place in the timeline.
    pub(super) fn put_touchpoint(&mut self, spill: &mut Spill, one: &Incoming) -> std::io::Result<()> {
        self.key.clear();
        Timeline::write_key(&row(one).timeline_key(one.copy), &mut self.key);
        let received_at = one.received_at.0.to_be_bytes();
        let (partition, offset) = (one.partition.to_be_bytes(), one.offset.to_be_bytes());
        spill.put(&self.key, &[&one.content.0, &received_at, &partition, &offset, &one.envelope])
    }

    /// Keeps the same by its copy key.
    pub(super) fn put_copy(&mut self, spill: &mut Spill, one: &Incoming) -> std::io::Result<()> {
        self.value.clear();
        Copies::write_value(&row(one), &mut self.value);
        spill.put(&one.copy.0, &[&self.value, &one.partition.to_be_bytes(), &one.offset.to_be_bytes()])
    }
}

fn row(one: &Incoming) -> CopyRow {
    let (fragment, occurred_at) = (one.fragment, one.touchpoint.occurred());
    CopyRow { fragment, occurred_at, content: one.content, received_at: one.received_at }
}

impl<'a> Kept<'a> {
    /// Of the value of an entry; `None` where the bytes are too few.
    pub(super) fn of(value: &'a [u8]) -> Option<Self> {
        let (content, rest) = value.split_first_chunk::<16>()?;
        let (received_at, row) = rest.split_first_chunk::<8>()?;
        let (position, envelope) = position(row)?;
        let received_at = Micros(i64::from_be_bytes(*received_at));
        Some(Self { content: ContentHash(*content), received_at, position, row, envelope })
    }
}

/// The row of a copy key, and where its touchpoint lies.
pub(super) fn copy_of(value: &[u8]) -> Option<(CopyRow, Position)> {
    let (row, rest) = value.split_at_checked(48)?;
    let (position, rest) = position(rest)?;
    Some((Copies::decode_value(row).ok().filter(|_| rest.is_empty())?, position))
}

fn position(bytes: &[u8]) -> Option<(Position, &[u8])> {
    let (partition, rest) = bytes.split_first_chunk::<4>()?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    Some((Position { partition: u32::from_be_bytes(*partition), offset: u64::from_be_bytes(*offset) }, rest))
}

/// The fragment of a place in a timeline.
pub(super) fn fragment_of([first, second, ..]: &Words<TIMELINE_WORDS>) -> FragmentId {
    FragmentId(half(*first, *second))
}

/// The copy key of a place in a timeline.
pub(super) fn copy_key_of([.., first, second]: &Words<TIMELINE_WORDS>) -> CopyKey {
    CopyKey(half(*first, *second))
}

/// Sixteen bytes of two words.
pub(super) fn half(first: u64, second: u64) -> [u8; 16] {
    (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
}
