//! Accumulators: the small commutative states that metrics fold into.
//!
//! Each has `add` (one touchpoint) and `merge` (⊕). Both commute and associate, and the empty accumulator is neutral.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{Amounts, ExactSum, Micros};

use crate::{
    fact::Fact,
    metric::Law,
    register::{Register, keep_first, keep_last, offer_first, offer_last},
    text,
};

/// The state of one metric over one fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accumulator {
    /// Number of touchpoints.
    Count(u64),
    /// Sum of a number.
    Sum(ExactSum),
    /// Sum of money.
    Money(Amounts),
    /// The text of the first touchpoint that has one.
    First(Option<Register<String>>),
    /// The text of the last touchpoint that has one.
    Last(Option<Register<String>>),
    /// The earliest occurred_at.
    Earliest(Option<Micros>),
    /// The latest occurred_at.
    Latest(Option<Micros>),
    /// Count and sum of a number for each key.
    Means(BTreeMap<String, Mean>),
}

/// Count and sum, from which a mean is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mean {
    /// Number of values.
    pub count: u64,
    /// Their sum.
    pub sum: ExactSum,
}

impl Accumulator {
    /// The neutral state of a law.
    pub fn empty(law: Law) -> Self {
        match law {
            Law::Count => Self::Count(0),
            Law::Sum(_) => Self::Sum(ExactSum(0)),
            Law::Cost => Self::Money(Amounts::default()),
            Law::First(_) => Self::First(None),
            Law::Last(_) => Self::Last(None),
            Law::Earliest => Self::Earliest(None),
            Law::Latest => Self::Latest(None),
            Law::MeanBy(..) => Self::Means(BTreeMap::new()),
        }
    }

    /// Folds one touchpoint in. A state of another law is left as it is: the store refuses states of another fold version.
    pub fn add(&mut self, law: Law, fact: &Fact<'_>) {
        let occurred_at = fact.place.occurred_at;
        match (self, law) {
            (Self::Count(count), Law::Count) => *count += 1,
            (Self::Sum(sum), Law::Sum(field)) => {
                if let Some(number) = field.number(fact.touchpoint) {
                    *sum = sum.plus(number);
                }
            }
            (Self::Money(amounts), Law::Cost) => {
                if let Some((currency, cost)) =
                    fact.touchpoint.cost.as_ref().and_then(|cost| types::money::read(cost).ok())
                {
                    amounts.add(currency, cost.into());
                }
            }
            (Self::First(slot), Law::First(field)) => {
                if let Some(text) = text::first(field, fact.touchpoint) {
                    offer_first(slot, &fact.place, |held| text.clone_into(held));
                }
            }
            (Self::Last(slot), Law::Last(field)) => {
                if let Some(text) = text::first(field, fact.touchpoint) {
                    offer_last(slot, &fact.place, |held| text.clone_into(held));
                }
            }
            (Self::Earliest(slot), Law::Earliest) => {
                *slot = Some(slot.map_or(occurred_at, |held| held.min(occurred_at)))
            }
            (Self::Latest(slot), Law::Latest) => *slot = Some(slot.map_or(occurred_at, |held| held.max(occurred_at))),
            (Self::Means(means), Law::MeanBy(key, field)) => {
                if let Some(number) = field.number(fact.touchpoint) {
                    let key = text::first(key, fact.touchpoint).unwrap_or_default();
                    match means.get_mut(key) {
                        Some(mean) => mean.add(1, number),
                        None => means.entry(key.to_owned()).or_default().add(1, number),
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether the touchpoint at a place decided the value; `None` where all touchpoints add to it.
    pub fn decided_at(&self, place: &types::TotalOrder) -> Option<bool> {
        match self {
            Self::First(slot) | Self::Last(slot) => Some(slot.as_ref().is_some_and(|held| held.at == *place)),
            Self::Earliest(slot) | Self::Latest(slot) => Some(*slot == Some(place.occurred_at)),
            Self::Count(_) | Self::Sum(_) | Self::Money(_) | Self::Means(_) => None,
        }
    }

    /// Merges the state of the same metric over other touchpoints.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Count(count), Self::Count(more)) => *count += more,
            (Self::Sum(sum), Self::Sum(more)) => *sum = sum.plus(*more),
            (Self::Money(amounts), Self::Money(more)) => amounts.add_all(more),
            (Self::First(slot), Self::First(Some(more))) => keep_first(slot, more.clone()),
            (Self::Last(slot), Self::Last(Some(more))) => keep_last(slot, more.clone()),
            (Self::Earliest(slot), Self::Earliest(Some(more))) => {
                *slot = Some(slot.map_or(*more, |held| held.min(*more)))
            }
            (Self::Latest(slot), Self::Latest(Some(more))) => *slot = Some(slot.map_or(*more, |held| held.max(*more))),
            (Self::Means(means), Self::Means(more)) => {
                for (key, mean) in more {
                    means.entry(key.clone()).or_default().add(mean.count, mean.sum);
                }
            }
            _ => {}
        }
    }
}

impl Mean {
    fn add(&mut self, count: u64, sum: ExactSum) {
        self.count += count;
        self.sum = self.sum.plus(sum);
    }
}
