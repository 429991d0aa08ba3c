//! The whole state of a fragment, or of a customer after ⊕: the core, the months and the orders.
//!
//! The store keeps the three kinds of row apart, and the projector loads only the rows that a touchpoint touches: `Touched`
//! says which.

use std::collections::{BTreeMap, btree_map::Entry};

use types::{HashKey, Kind, OrderKey, record::Touchpoint, time::Month};

use crate::{activity::MonthActivity, core::Core, fact::Fact, orders::OrderFacts};

/// All rows of one fragment, or the merge of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The core record.
    pub core: Core,
    /// Activity by month.
    pub months: BTreeMap<Month, MonthActivity>,
    /// Orders by the hash of their id.
    pub orders: BTreeMap<OrderKey, OrderFacts>,
}

/// The rows, beside the core, that one touchpoint changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The month.
    pub month: Month,
    /// The order, if it is about one.
    pub order: Option<OrderKey>,
}

impl Touched {
    /// The rows that a touchpoint changes.
    pub fn by(fact: &Fact<'_>, hash_key: &HashKey) -> Self {
        Self::of(fact.touchpoint, fact.kind, hash_key)
    }

    /// The rows that a touchpoint changes, before it is a fact.
    pub fn by_touchpoint(touchpoint: &Touchpoint, hash_key: &HashKey) -> Self {
        Self::of(touchpoint, Kind::of_name(&touchpoint.kind), hash_key)
    }

    fn of(touchpoint: &Touchpoint, kind: Option<Kind>, hash_key: &HashKey) -> Self {
        let order = OrderFacts::concern(touchpoint, kind).then(|| hash_key.order_key(touchpoint.order_id()));
        Self { month: touchpoint.occurred().month(), order }
    }
}

/// Folds one touchpoint into the rows that it touches.
pub fn fold(fact: &Fact<'_>, core: &mut Core, month: &mut MonthActivity, order: Option<&mut OrderFacts>) {
    core.add(fact);
    month.add(fact);
    if let Some(order) = order {
        order.add(fact);
    }
}

impl State {
    /// Folds one touchpoint in.
    pub fn add(&mut self, fact: &Fact<'_>, hash_key: &HashKey) {
        let touched = Touched::by(fact, hash_key);
        let order = touched.order.map(|key| self.orders.entry(key).or_default());
        fold(fact, &mut self.core, self.months.entry(touched.month).or_default(), order);
    }

    /// Merges the state of another fragment. Rows that this state has not are moved: most orders are in one fragment alone.
    pub fn merge(&mut self, other: Self) {
        self.core.merge(&other.core);
        for (month, activity) in other.months {
            match self.months.entry(month) {
                Entry::Occupied(mut held) => held.get_mut().merge(&activity),
                Entry::Vacant(free) => drop(free.insert(activity)),
            }
        }
        for (key, order) in other.orders {
            match self.orders.entry(key) {
                Entry::Occupied(mut held) => held.get_mut().merge(&order),
                Entry::Vacant(free) => drop(free.insert(order)),
            }
        }
    }
}
