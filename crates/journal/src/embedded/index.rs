//! A sparse index of a segment: at which byte some of its records begin.
//!
//! Owns: the marks, in memory, made while writing and scanning. Never: is needed for correctness – without marks a
//! reader scans its segment from the beginning.

/// At least so many bytes lie between two marks, so that a segment of 64 MiB has at most 64 of them (1 KiB).
const SPACING_BYTES: u64 = 1 << 20;

/// Marks in ascending order.
#[derive(Debug, Default)]
pub(super) struct SparseIndex {
    marks: Vec<(u64, u64)>,
}

impl SparseIndex {
    /// Learns that the record of `offset` begins at `byte`; kept only if it lies far enough behind the last mark.
    pub(super) fn note(&mut self, offset: u64, byte: u64) {
        if byte >= self.marks.last().map_or(0, |(_, last)| *last) + SPACING_BYTES {
            self.marks.push((offset, byte));
        }
    }

    /// The last mark at or before `offset`.
    pub(super) fn floor(&self, offset: u64) -> Option<(u64, u64)> {
        let after = self.marks.partition_point(|(marked, _)| *marked <= offset);
        after.checked_sub(1).and_then(|last| self.marks.get(last)).copied()
    }
}

#[cfg(test)]
mod tests {
    //! Marks are sparse and found.

    use super::*;

    #[test]
    fn the_floor_is_the_last_mark_at_or_before() {
        let mut index = SparseIndex::default();
        for n in 0..1000 {
            index.note(n, 64 + n * 10_000);
        }
        assert!(index.marks.len() < 10);
        assert_eq!(index.floor(50), None);
        let (offset, byte) = index.floor(999).expect("ten megabytes have marks");
        assert!(offset <= 999 && byte == 64 + offset * 10_000);
        assert_eq!(index.floor(offset), Some((offset, byte)));
        assert!(index.floor(offset - 1).is_some_and(|(before, _)| before < offset));
    }
}
