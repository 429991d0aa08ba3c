//! The core record of a fragment: how many touchpoints, the first and the last, traits, consents and one accumulator a metric.
//!
//! Stays small however many touchpoints there are; what grows with time or orders is in `activity` and `orders`.

use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};
use types::{TotalOrder, record::ConsentStatus};

use crate::{
    accumulator::Accumulator,
    fact::Fact,
    metric::{self, MetricId},
    register::{Register, keep_last, offer_last},
};

/// A trait's value as the encoded `google.protobuf.Value`; `None` where it was removed.
pub type TraitValue = Option<Vec<u8>>;

/// The core record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Core {
    /// Distinct touchpoints.
    pub touchpoints: u64,
    /// The first by the total order; `None` only while empty.
    pub first: Option<TotalOrder>,
    /// The last by the total order.
    pub last: Option<TotalOrder>,
    /// Traits, each by its last touchpoint.
    pub traits: BTreeMap<String, Option<Register<TraitValue>>>,
    /// Consents by purpose, each by its last touchpoint; true is granted.
    pub consents: BTreeMap<String, Option<Register<bool>>>,
    /// Accumulators by metric; one that has seen nothing is absent.
    pub accumulators: BTreeMap<MetricId, Accumulator>,
}

impl Core {
    /// Folds one touchpoint in.
    pub fn add(&mut self, fact: &Fact<'_>) {
        self.touchpoints += 1;
        self.widen(&fact.place, &fact.place);
        self.add_traits(fact);
        self.add_consents(fact);
        for metric in metric::looking_at(fact.kind) {
            self.add_metric(metric, fact);
        }
    }

    /// Merges the core of another fragment.
    pub fn merge(&mut self, other: &Self) {
        self.touchpoints += other.touchpoints;
        if let (Some(first), Some(last)) = (&other.first, &other.last) {
            self.widen(first, last);
        }
        merge_registers(&mut self.traits, &other.traits);
        merge_registers(&mut self.consents, &other.consents);
        for (id, accumulator) in &other.accumulators {
            match self.accumulators.get_mut(id) {
                Some(held) => held.merge(accumulator),
                None => drop(self.accumulators.insert(*id, accumulator.clone())),
            }
        }
    }

    fn widen(&mut self, first: &TotalOrder, last: &TotalOrder) {
        if self.first.as_ref().is_none_or(|held| first < held) {
            put(&mut self.first, first);
        }
        if self.last.as_ref().is_none_or(|held| held < last) {
            put(&mut self.last, last);
        }
    }

    /// An accumulator that learns nothing is not created: absent and empty would otherwise be two states of the same set.
    fn add_metric(&mut self, metric: &metric::Metric, fact: &Fact<'_>) {
        if let Some(held) = self.accumulators.get_mut(&metric.id) {
            return held.add(metric.law, fact);
        }
        let mut fresh = Accumulator::empty(metric.law);
        fresh.add(metric.law, fact);
        if fresh != Accumulator::empty(metric.law) {
            self.accumulators.insert(metric.id, fresh);
        }
    }

    fn add_traits(&mut self, fact: &Fact<'_>) {
        let Some(traits) = &fact.touchpoint.traits else { return };
        for (name, value) in &traits.fields {
            let removed = matches!(value.kind, None | Some(prost_types::value::Kind::NullValue(_)));
            offer_last(slot(&mut self.traits, name), &fact.place, |held| {
                *held = (!removed).then(|| value.encode_to_vec());
            });
        }
    }

    fn add_consents(&mut self, fact: &Fact<'_>) {
        for consent in &fact.touchpoint.consents {
            if consent.status() != ConsentStatus::Unspecified {
                let granted = consent.status() == ConsentStatus::Granted;
                offer_last(slot(&mut self.consents, &consent.purpose), &fact.place, |held| *held = granted);
            }
        }
    }
}

/// The slot of a name, whose copy is only made if there is none yet.
fn slot<'a, T>(slots: &'a mut BTreeMap<String, Option<Register<T>>>, name: &str) -> &'a mut Option<Register<T>> {
    if !slots.contains_key(name) {
        slots.insert(name.to_owned(), None);
    }
    slots.get_mut(name).expect("inserted above")
}

/// Puts a place where another may lie, whose memory it takes over.
fn put(slot: &mut Option<TotalOrder>, place: &TotalOrder) {
    match slot {
        Some(held) => held.clone_from(place),
        None => *slot = Some(place.clone()),
    }
}

fn merge_registers<T: Clone>(
    held: &mut BTreeMap<String, Option<Register<T>>>,
    more: &BTreeMap<String, Option<Register<T>>>,
) {
    for (name, register) in more {
        if let Some(register) = register {
            keep_last(held.entry(name.clone()).or_default(), register.clone());
        }
    }
}
