//! Fragments that stay in memory from one batch to the next: most touchpoints are of customers who were here a moment ago, and
//! reading a fragment costs more than folding into it.
//!
//! Owns which stay: those touched last, in so many bytes and no more. Holds nothing that is not in the store just so; whoever writes a
//! fragment in another way has it forgotten.

use std::collections::HashMap;

use types::FragmentId;

use crate::working::FragmentWork;

/// A fragment whose rows take more bytes than this does not stay: it would send many others away.
const ROW_BYTES_MAX: usize = 4 << 10;
/// Decoded, rows take about so many times their bytes, because a map of few entries takes as much as one of eleven. Over generated
/// touchpoints the sum came to 1.11 times what an allocator counted.
const DECODED: usize = 8;

/// The fragments that stay.
#[derive(Debug)]
pub(crate) struct Warm {
    /// Most bytes of each of the two.
    bytes_max: usize,
    young: Kept,
    /// Those that go when `young` is full the next time, unless they are touched before.
    old: Kept,
}

/// Fragments, and how many bytes they take.
#[derive(Debug, Default)]
struct Kept {
    fragments: HashMap<FragmentId, (Box<FragmentWork>, usize)>,
    bytes: usize,
}

impl Warm {
    /// Within so many bytes of memory.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes_max: bytes / 2, young: Kept::default(), old: Kept::default() }
    }

    /// Gives a fragment out; it is forgotten unless it is kept again.
    pub(crate) fn take(&mut self, fragment: FragmentId) -> Option<Box<FragmentWork>> {
        self.young.take(fragment).or_else(|| self.old.take(fragment))
    }

    /// Forgets a fragment.
    pub(crate) fn forget(&mut self, fragment: FragmentId) {
        self.young.take(fragment);
        self.old.take(fragment);
    }

    /// Keeps a fragment that is not there, as the store has it; not one that is too large, or of which nothing was written, so that
    /// nobody knows how large it is.
    pub(crate) fn keep(&mut self, fragment: FragmentId, work: Box<FragmentWork>) {
        let Some(bytes) = work.row_bytes.filter(|bytes| *bytes <= ROW_BYTES_MAX).map(bytes_of) else { return };
        if bytes > self.bytes_max {
            return;
        }
        if self.young.bytes + bytes > self.bytes_max {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.put(fragment, work, bytes);
    }
}

/// About what a fragment takes whose rows have so many bytes.
fn bytes_of(row_bytes: usize) -> usize {
    size_of::<(FragmentId, Box<FragmentWork>, usize)>() + size_of::<FragmentWork>() + DECODED * row_bytes
}

impl Kept {
    fn put(&mut self, fragment: FragmentId, work: Box<FragmentWork>, bytes: usize) {
        self.take(fragment);
        self.bytes += bytes;
        self.fragments.insert(fragment, (work, bytes));
    }

    fn take(&mut self, fragment: FragmentId) -> Option<Box<FragmentWork>> {
        let (work, bytes) = self.fragments.remove(&fragment)?;
        self.bytes -= bytes;
        Some(work)
    }

    fn clear(&mut self) {
        self.fragments.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(row_bytes: usize) -> Box<FragmentWork> {
        let mut work = Box::<FragmentWork>::default();
        work.row_bytes = Some(row_bytes);
        work
    }

    #[test]
    fn those_touched_last_stay_and_their_bytes_are_bounded() {
        let mut warm = Warm::new(2 * 4 * bytes_of(100));
        for number in 0..40 {
            warm.keep(FragmentId([number; 16]), written(100));
            if let Some(first) = warm.take(FragmentId([0; 16])) {
                warm.keep(FragmentId([0; 16]), first);
            }
            for kept in [&warm.young, &warm.old] {
                assert!(kept.fragments.len() <= 4);
                assert_eq!(kept.bytes, kept.fragments.len() * bytes_of(100));
            }
        }
        assert!(warm.take(FragmentId([0; 16])).is_some(), "touched each time");
        assert!(warm.take(FragmentId([0; 16])).is_none(), "given out");
        assert!(warm.take(FragmentId([39; 16])).is_some());
        assert!(warm.take(FragmentId([1; 16])).is_none());
    }

    #[test]
    fn what_is_forgotten_is_nowhere_and_what_was_only_read_does_not_stay() {
        let mut warm = Warm::new(2 * bytes_of(100));
        warm.keep(FragmentId([0; 16]), written(100));
        warm.keep(FragmentId([1; 16]), written(100));
        for number in 0..2 {
            warm.forget(FragmentId([number; 16]));
            assert!(warm.take(FragmentId([number; 16])).is_none());
        }
        assert_eq!((warm.young.bytes, warm.old.bytes), (0, 0));
        warm.keep(FragmentId([2; 16]), Box::default());
        assert!(warm.take(FragmentId([2; 16])).is_none());
    }

    #[test]
    fn what_is_too_large_does_not_stay_and_sends_nobody_away() {
        let mut warm = Warm::new(1 << 20);
        warm.keep(FragmentId([0; 16]), written(100));
        warm.keep(FragmentId([1; 16]), written(ROW_BYTES_MAX + 1));
        assert!(warm.take(FragmentId([1; 16])).is_none());
        assert!(warm.take(FragmentId([0; 16])).is_some());
        let mut none = Warm::new(0);
        none.keep(FragmentId([0; 16]), written(0));
        assert!(none.take(FragmentId([0; 16])).is_none());
    }
}
