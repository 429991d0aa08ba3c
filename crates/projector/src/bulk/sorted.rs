//! The entries of a piece in the order of their keys, in bounded memory: a piece that is too large is read several times, each time
//! for another range of keys.
//!
//! Entries of one key always come together, whatever the memory is.

use std::ops::Range;

use super::{
    BulkError,
    spill::{Piece, changed},
};

/// A key as numbers that compare as its bytes do.
pub(super) type Words<const WORDS: usize> = [u64; WORDS];

/// Of a piece that is too large, each range is found from so many keys.
const SAMPLES_EACH: u64 = 64;
/// Ranges are cut so that one comes to so much less than the memory, in eighths: they are cut by samples.
const FULL_EIGHTHS: u64 = 6;

/// Entries of one key, whose number is at least one.
#[derive(Clone, Copy)]
pub(super) struct Group<'a, const WORDS: usize> {
    bytes: &'a [u8],
    places: &'a [Place<WORDS>],
}

/// A key, and where its value lies.
type Place<const WORDS: usize> = (Words<WORDS>, Range<usize>);

impl<'a, const WORDS: usize> Group<'a, WORDS> {
    /// The values, in no order.
    pub(super) fn values(self) -> impl Iterator<Item = &'a [u8]> {
        self.places.iter().map(move |(_, place)| self.bytes.get(place.clone()).unwrap_or_default())
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.places.len()
    }
}

/// Calls `each` with every key of a piece, in order, and the entries that have it. `memory_bytes` is for keys and values.
///
/// # Errors
/// The disk's, and those of `each`.
pub(super) fn in_order<const WORDS: usize>(
    piece: Piece,
    memory_bytes: usize,
    mut each: impl FnMut(&Words<WORDS>, Group<'_, WORDS>) -> Result<(), BulkError>,
) -> Result<(), BulkError> {
    let cuts = cuts(&piece, memory_bytes as u64)?;
    let mut piece = Some(piece);
    let (mut bytes, mut places) = (Vec::new(), Vec::<Place<WORDS>>::new());
    for number in 0..=cuts.len() {
        let from = number.checked_sub(1).and_then(|before| cuts.get(before));
        let before = cuts.get(number);
        bytes.clear();
        places.clear();
        let Some(held) = &piece else { return Ok(()) };
        held.each(WORDS * 8, |key, value| {
            let key = words(key).ok_or_else(changed)?;
            if from.is_none_or(|from| key >= *from) && before.is_none_or(|before| key < *before) {
                let begin = bytes.len();
                bytes.extend_from_slice(value);
                places.push((key, begin..bytes.len()));
            }
            Ok::<(), BulkError>(())
        })?;
        if before.is_none() {
            // It is not read again, and its memory and its files are wanted.
            piece = None;
        }
        places.sort_unstable_by_key(|(key, _)| *key);
        for places in places.chunk_by(|(one, _), (other, _)| one == other) {
            if let Some((key, _)) = places.first() {
                each(key, Group { bytes: &bytes, places })?;
            }
        }
    }
    Ok(())
}

/// Where to cut the keys of a piece so that each range fits into memory, in their order and each once.
fn cuts<const WORDS: usize>(piece: &Piece, memory_bytes: u64) -> Result<Vec<Words<WORDS>>, BulkError> {
    // What a key and its place take is about as much as the entry's own head.
    let (bytes, fits) = (piece.bytes(), (memory_bytes * FULL_EIGHTHS / 8).max(1));
    if bytes <= fits {
        return Ok(Vec::new());
    }
    let ranges = bytes.div_ceil(fits);
    let apart = (bytes / (ranges * SAMPLES_EACH)).max(1);
    let (mut seen, mut next, mut samples) = (0_u64, 0_u64, Vec::new());
    piece.each(WORDS * 8, |key, value| {
        seen += (key.len() + value.len()) as u64;
        if seen >= next {
            samples.push(words(key).ok_or_else(changed)?);
            next = seen + apart;
        }
        Ok::<(), BulkError>(())
    })?;
    samples.sort_unstable();
    let each = samples.len().div_ceil(usize::try_from(ranges).unwrap_or(usize::MAX)).max(1);
    let mut cuts: Vec<_> = samples.into_iter().skip(each).step_by(each).collect();
    cuts.dedup();
    Ok(cuts)
}

/// A key's bytes as numbers; `None` if they are not so many.
pub(super) fn words<const WORDS: usize>(key: &[u8]) -> Option<Words<WORDS>> {
    let (numbers, rest) = key.as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let mut words = [0; WORDS];
    let numbers: &[[u8; 8]; WORDS] = numbers.try_into().ok()?;
    words.iter_mut().zip(numbers).for_each(|(word, number)| *word = u64::from_be_bytes(*number));
    Some(words)
}

/// The bytes of a key.
pub(super) fn bytes_of<const WORDS: usize>(words: &Words<WORDS>) -> [[u8; 8]; WORDS] {
    words.map(u64::to_be_bytes)
}
