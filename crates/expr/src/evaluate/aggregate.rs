//! What is made of a set's members.

use std::collections::{BTreeMap, BTreeSet};

use types::ExactSum;

use super::{Evaluation, Value};
use crate::program::{Aggregate, Node, Set, Source};

impl Evaluation<'_> {
    pub(super) fn aggregate(&self, aggregate: Aggregate, set: &Set, value: Option<&Node>) -> Value {
        if let (Source::Touchpoints(kinds), true, None, Some(_)) = (&set.source, set.is_plain(), value, self.memo) {
            // The profile has counted them already.
            return Value::of_count(self.subject.count_of(kinds, self.now));
        }
        if aggregate == Aggregate::Count
            && value.is_none()
            && self.memo.is_some()
            && let Some(count) = self.count_members(set)
        {
            return Value::of_count(count);
        }
        self.with_members(set, |members| {
            self.traced(members.iter().copied());
            let Some(value) = value else { return Value::of_count(members.len()) };
            let values = members.iter().map(|member| self.value(value, Some(*member)));
            let there = values.filter(|value| *value != Value::Absent);
            match aggregate {
                Aggregate::Count => Value::of_count(members.len()),
                Aggregate::Sum => Value::Number(sum(there).0),
                Aggregate::Average => match sum(there) {
                    (_, 0) => Value::Absent,
                    (sum, count) => Value::Number(sum.divided_by(count)),
                },
                Aggregate::Least => self.extreme(there, true),
                Aggregate::Greatest => self.extreme(there, false),
                Aggregate::Distinct => Value::of_count(texts(there).collect::<BTreeSet<String>>().len()),
                Aggregate::MostFrequent => most_frequent(there),
            }
        })
    }

    /// The least or the greatest; what does not compare with the first is passed over.
    fn extreme(&self, values: impl Iterator<Item = Value>, least: bool) -> Value {
        let mut kept = Value::Absent;
        for value in values {
            let Some((order, soonest)) = value.compare(&kept) else {
                kept = if kept == Value::Absent { value } else { kept };
                continue;
            };
            soonest.into_iter().for_each(|micros| self.note_in(micros));
            if order.is_lt() == least && order.is_ne() {
                kept = value;
            }
        }
        kept
    }
}

fn sum(values: impl Iterator<Item = Value>) -> (ExactSum, u64) {
    let numbers = values.filter_map(|value| value.as_number());
    numbers.fold((ExactSum(0), 0), |(sum, count), number| (sum.plus(number), count + 1))
}

/// Values as texts; those of lists one by one.
fn texts(values: impl Iterator<Item = Value>) -> impl Iterator<Item = String> {
    values.flat_map(|value| match value {
        Value::List(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>(),
        single => vec![single.to_string()],
    })
}

/// The text met most often; of several the least.
fn most_frequent(values: impl Iterator<Item = Value>) -> Value {
    let single = |value: Value| match value {
        Value::List(values) => values.to_vec(),
        value => vec![value],
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values.flat_map(single) {
        if let Value::Text(text) = value {
            *counts.entry(text.to_string()).or_default() += 1;
        }
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(Value::Absent, |(text, _)| Value::Text(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equally_frequent_texts_the_least() {
        let texts = ["b", "a", "b", "a", "c"].map(|text| Value::Text(text.into()));
        assert_eq!(most_frequent(texts.into_iter()), Value::Text("a".into()));
        assert_eq!(most_frequent(std::iter::empty()), Value::Absent);
    }
}
