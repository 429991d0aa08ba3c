//! Fragments that stay in memory from one batch to the next: most touchpoints are of customers who were here a moment ago, and
//! reading a fragment costs more than folding into it.
//!
//! Owns which stay: those touched last, so many and no more. Holds nothing that is not in the store just so; whoever writes a fragment
//! in another way has it forgotten.

use std::collections::HashMap;

use types::FragmentId;

use crate::working::FragmentWork;

/// A fragment whose rows take more bytes than this does not stay, so that their number bounds the memory.
pub(crate) const ROW_BYTES_MAX: usize = 4 << 10;

/// The fragments that stay.
#[derive(Debug)]
pub(crate) struct Warm {
    /// Most fragments of each of the two.
    most: usize,
    young: HashMap<FragmentId, Box<FragmentWork>>,
    /// Those that go when `young` is full the next time, unless they are touched before.
    old: HashMap<FragmentId, Box<FragmentWork>>,
}

impl Warm {
    /// At most twice as many fragments.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, young: HashMap::new(), old: HashMap::new() }
    }

    /// Gives a fragment out; it is forgotten unless it is kept again.
    pub(crate) fn take(&mut self, fragment: FragmentId) -> Option<Box<FragmentWork>> {
        self.young.remove(&fragment).or_else(|| self.old.remove(&fragment))
    }

    /// Keeps a fragment as it was just written.
    pub(crate) fn keep(&mut self, fragment: FragmentId, work: Box<FragmentWork>) {
        if self.young.len() >= self.most {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(fragment, work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_touched_last_stay_and_their_number_is_bounded() {
        let mut warm = Warm::new(4);
        for number in 0..40 {
            warm.keep(FragmentId([number; 16]), Box::default());
            if let Some(first) = warm.take(FragmentId([0; 16])) {
                warm.keep(FragmentId([0; 16]), first);
            }
            assert!(warm.young.len() <= 4 && warm.old.len() <= 4);
        }
        assert!(warm.take(FragmentId([0; 16])).is_some(), "touched each time");
        assert!(warm.take(FragmentId([0; 16])).is_none(), "given out");
        assert!(warm.take(FragmentId([39; 16])).is_some());
        assert!(warm.take(FragmentId([1; 16])).is_none());
    }
}
