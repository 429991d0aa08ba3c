//! A condition without joints, and what it comes to for everybody: two bitmaps, and when that changes by time alone.
//!
//! Owns what a condition is kept under: its text and everything else that it depends on beside the customer and the instant.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use expr::{Depth, Memo, Outcome, Program, Reach, Surroundings as _, outcome_beside};
use roaring::RoaringBitmap;
use segment::{Customer, Segments};
use types::{ExactSum, Micros};

use super::people::{Ordinal, set};

/// Equal keys are equal questions. The zone of the calendar is that of the process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    text: Arc<str>,
    /// Segments that it names inside, directly or over others, with their conditions.
    named: Vec<(String, Arc<str>)>,
    /// Cuts of the population that it compares with.
    cuts: Vec<(String, Option<ExactSum>)>,
}

impl Key {
    pub(super) fn of(program: &Program, segments: &Segments) -> Self {
        let needs = &program.needs;
        let alone = needs.segments.is_empty() && needs.quantiles.is_empty();
        let (mut named, mut cuts) = (Vec::new(), Vec::new());
        if !alone {
            named.extend(segments.named_by(program).map(|(name, own)| (name.to_owned(), Arc::clone(&own.text))));
            let keys = segments.quantiles(program).into_iter().map(|quantile| quantile.key());
            cuts.extend(keys.map(|key| (key.clone(), segments.cut(&key))));
        }
        Self { text: Arc::clone(&program.text), named, cuts }
    }
}

/// How a condition is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    program: Program,
    around: Arc<Segments>,
    /// How far back it needs single touchpoints, and how much of the profile.
    pub(super) reach: Reach,
    pub(super) depth: Depth,
}

impl Question {
    pub(super) fn new(program: &Program, around: &Arc<Segments>) -> Self {
        let (reach, depth) = (around.reach_of(program), around.depth_of(program));
        Self { program: program.clone(), around: Arc::clone(around), reach, depth }
    }

    /// What it comes to, and the first instant at which it can come to something else. `shared` is for questions of one customer and
    /// instant; what depends on other segments or on cuts is not shared, as these may be those of another count.
    pub(super) fn ask(&self, customer: &Customer, at: Micros, shared: &Memo) -> Answer {
        let needs = &self.program.needs;
        let own = Memo::default();
        let memo = if needs.segments.is_empty() && needs.quantiles.is_empty() { shared } else { &own };
        let (outcome, next) = outcome_beside(&self.program, customer, &*self.around, at, memo);
        Answer { outcome, next }
    }
}

/// What a condition comes to for one customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    outcome: Outcome,
    next: Option<Micros>,
}

/// What it comes to for some or all customers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) certain: RoaringBitmap,
    pub(super) unknown: RoaringBitmap,
    /// When it can change for whom. Early ones may be left over from before: then it is worked out once more.
    deadlines: BinaryHeap<Reverse<(i64, Ordinal)>>,
}

/// Bytes of a deadline.
const DEADLINE_BYTES: usize = size_of::<Reverse<(i64, Ordinal)>>();
/// Deadlines that may be left over beside one for each customer.
const LEFT_OVER_MAX: usize = 1_024;

impl Answers {
    pub(super) fn set(&mut self, ordinal: Ordinal, answer: Answer) {
        set(&mut self.certain, ordinal, answer.outcome == Outcome::True);
        set(&mut self.unknown, ordinal, answer.outcome == Outcome::Unknown);
        self.deadlines.extend(answer.next.map(|next| Reverse((next.0, ordinal))));
    }

    /// A customer is none any more.
    pub(super) fn remove(&mut self, ordinal: Ordinal) {
        self.certain.remove(ordinal);
        self.unknown.remove(ordinal);
    }

    /// Those of other customers too.
    pub(super) fn add(&mut self, mut others: Self) {
        self.certain |= others.certain;
        self.unknown |= others.unknown;
        self.deadlines.append(&mut others.deadlines);
    }

    /// Whether it may have changed for anybody by an instant.
    pub(super) fn is_due(&self, now: Micros) -> bool {
        self.deadlines.peek().is_some_and(|Reverse((at, _))| *at <= now.0)
    }

    /// For whom it may have changed by an instant; told once.
    pub(super) fn due(&mut self, now: Micros) -> RoaringBitmap {
        let mut due = RoaringBitmap::new();
        while self.is_due(now) {
            due.extend(self.deadlines.pop().map(|Reverse((_, ordinal))| ordinal));
        }
        due
    }

    /// Keeps one deadline of each of so many customers: the earliest, which is never late.
    pub(super) fn tidy(&mut self, customers: usize) {
        if self.deadlines.len() <= 2 * customers + LEFT_OVER_MAX {
            return;
        }
        let mut all: Vec<_> = std::mem::take(&mut self.deadlines).into_vec();
        all.sort_unstable_by_key(|Reverse((at, ordinal))| (*ordinal, *at));
        all.dedup_by_key(|Reverse((_, ordinal))| *ordinal);
        self.deadlines = all.into();
    }

    pub(super) fn bytes(&self) -> usize {
        let bitmaps = self.certain.serialized_size() + self.unknown.serialized_size();
        bitmaps + self.deadlines.capacity() * DEADLINE_BYTES
    }
}
