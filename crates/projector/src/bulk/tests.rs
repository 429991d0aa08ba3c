//! Entries come back in the order of their keys, each once, whatever the memory is; what was changed meanwhile is an error.

use std::path::Path;

use super::{
    BulkError,
    sorted::{bytes_of, in_order},
    spill::{Piece, Spill},
};

const WORDS: usize = 2;

/// Spreads numbers over all keys: odd, so that it meets each once.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Entries whose first word is spread, two of each of which every third has another second word.
fn entries(count: u64) -> Vec<([u64; WORDS], Vec<u8>)> {
    let one = |number: u64| {
        let spread = (number / 2).wrapping_mul(STRIDE);
        let value = number.to_be_bytes().repeat(usize::try_from(number % 5).unwrap());
        ([spread, u64::from(number.is_multiple_of(3))], value)
    };
    (0..count).map(one).collect()
}

fn spilled(dir: &Path, name: &str, bits: u32, memory: usize, entries: &[([u64; WORDS], Vec<u8>)]) -> Vec<Piece> {
    let mut spill = Spill::new(dir, name, bits, memory);
    for (key, value) in entries {
        let (head, tail) = value.split_at(value.len() / 2);
        spill.put(bytes_of(key).as_flattened(), &[head, tail]).unwrap();
    }
    super::pieces([spill])
}

fn read(pieces: Vec<Piece>, memory: usize) -> Vec<([u64; WORDS], Vec<u8>)> {
    let mut found = Vec::new();
    for piece in pieces {
        in_order(piece, memory, |key, group| {
            assert_eq!(group.values().count(), group.len());
            found.extend(group.values().map(|value| (*key, value.to_vec())));
            Ok(())
        })
        .unwrap();
    }
    found
}

#[test]
fn entries_come_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = entries(2_000);
    for (number, (bits, buffers, memory)) in
        [(4, 1 << 20, 1 << 20), (4, 4 << 10, 1 << 20), (6, 0, 2 << 10), (1, 999, 1)].into_iter().enumerate()
    {
        let found = read(spilled(dir.path(), &number.to_string(), bits, buffers, &entries(2_000)), memory);
        assert!(found.is_sorted_by_key(|(key, _)| *key), "{bits} {buffers} {memory}");
        let mut found = found;
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "files go with what they hold");
}

#[test]
fn entries_of_one_key_come_together() {
    let dir = tempfile::tempdir().unwrap();
    let same: Vec<_> = (0..500_u64).map(|number| ([7, number % 2], number.to_be_bytes().to_vec())).collect();
    let mut keys = Vec::new();
    for piece in spilled(dir.path(), "same", 4, 64, &same) {
        in_order::<WORDS>(piece, 100, |key, group| {
            keys.push((*key, group.len()));
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(keys, [([7, 0], 250), ([7, 1], 250)]);
}

#[test]
fn a_file_that_was_changed_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut pieces = spilled(dir.path(), "cut", 1, 256, &entries(200));
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let file = std::fs::OpenOptions::new().write(true).open(entry.unwrap().path()).unwrap();
        file.set_len(100).unwrap();
    }
    let found = in_order::<WORDS>(pieces.remove(0), 1 << 20, |_, _| Ok(()));
    assert!(matches!(found, Err(BulkError::Files(_))), "{found:?}");
}
