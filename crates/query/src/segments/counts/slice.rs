//! Conditions as of one instant, which only goes forward.

use std::collections::BTreeMap;

use expr::{Depth, Memo, Reach};
use roaring::RoaringBitmap;
use segment::Customer;
use types::Micros;

use super::{
    condition::{Answers, Key, Question},
    people::{Ordinal, People},
};
use crate::segments::population::Wanted;

/// What is kept of one instant.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) at: Micros,
    pub(super) conditions: BTreeMap<Key, Condition>,
}

/// A condition and what it comes to.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) question: Question,
    pub(super) answers: Answers,
    /// The last count that it was part of.
    pub(super) used: Used,
}

/// When something was used last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Used {
    pub(super) at: std::time::Instant,
    /// Number of the count.
    pub(super) count: u64,
}

impl Default for Slice {
    fn default() -> Self {
        Self { at: Micros(i64::MIN), conditions: BTreeMap::new() }
    }
}

impl Slice {
    /// Of another instant; what was worked out for a later one is of no use.
    pub(super) fn go_to(&mut self, now: Micros) {
        if now < self.at {
            self.conditions.clear();
        }
        self.at = now;
    }

    /// Whether what is known holds at an instant without anything being asked again.
    pub(super) fn holds_at(&self, now: Micros) -> bool {
        now >= self.at && !self.conditions.values().any(|condition| condition.answers.is_due(now))
    }

    /// What has to be known of a customer for all conditions.
    pub(super) fn wanted(&self) -> Wanted {
        wanted(self.conditions.values().map(|condition| &condition.question), self.at)
    }

    /// Asks all conditions of a customer anew.
    pub(super) fn ask(&mut self, ordinal: Ordinal, customer: &Customer) {
        let memo = Memo::default();
        for condition in self.conditions.values_mut() {
            condition.answers.set(ordinal, condition.question.ask(customer, self.at, &memo));
        }
    }

    /// A customer is none any more.
    pub(super) fn remove(&mut self, ordinal: Ordinal) {
        self.conditions.values_mut().for_each(|condition| condition.answers.remove(ordinal));
    }

    /// For whom something may have changed since by time alone.
    pub(super) fn due(&mut self, people: &People) -> RoaringBitmap {
        let at = self.at;
        let due = self.conditions.values_mut().map(|condition| condition.answers.due(at));
        due.fold(RoaringBitmap::new(), |all, own| all | own) & people.domain(true)
    }

    /// Keeps deadlines in bounds, for so many customers.
    pub(super) fn tidy(&mut self, customers: usize) {
        self.conditions.values_mut().for_each(|condition| condition.answers.tidy(customers));
    }

    /// When the condition was used that was not used for longest; one that there is comes before none.
    pub(super) fn oldest(&self) -> Option<std::cmp::Reverse<Used>> {
        self.conditions.values().map(|condition| std::cmp::Reverse(condition.used)).max()
    }

    /// Lets that one go; `false` if there is none, or it is part of this count.
    pub(super) fn remove_oldest(&mut self, count: u64) -> bool {
        let oldest = self.conditions.iter().min_by_key(|(_, condition)| condition.used);
        let Some(key) = oldest.filter(|(_, condition)| condition.used.count < count).map(|(key, _)| key.clone()) else {
            return false;
        };
        self.conditions.remove(&key).is_some()
    }

    pub(super) fn bytes(&self) -> usize {
        self.conditions.values().map(|condition| condition.answers.bytes()).sum()
    }
}

/// What has to be known of customers for some questions at an instant; of everybody, known or not.
pub(super) fn wanted<'q>(questions: impl IntoIterator<Item = &'q Question>, from: Micros) -> Wanted {
    let mut wanted = Wanted { reach: Reach::Nothing, depth: Depth::Nothing, receipts: true, from };
    for question in questions {
        wanted.reach = wanted.reach.max(question.reach);
        wanted.depth = wanted.depth.max(question.depth);
    }
    wanted
}
