//! What an expression is evaluated over: one customer, and what lies around it.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use types::{Amounts, ContentHash, ExactSum, Micros, record::Touchpoint};

use crate::{
    memo::Filter,
    program::Program,
    value::Value,
    zone::{self, Zone},
};

/// A touchpoint of the customer.
#[derive(Clone, Debug)]
pub struct Element {
    /// When it happened.
    pub occurred_at: Micros,
    /// Hash of its content, the last part of the total order.
    pub content: ContentHash,
    /// All of it.
    pub touchpoint: Arc<Touchpoint>,
}

/// An order that stands, as all reports of it together tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderView {
    /// Key that stands for the order's id; orders of one instant are in the order of these.
    pub key: [u8; 16],
    /// The earliest report that it was bought.
    pub occurred_at: Micros,
    /// What was to pay.
    pub total: Amounts,
    /// Total less refunds and returns.
    pub net: Amounts,
    /// Units bought.
    pub units: ExactSum,
    /// Store; empty where not given.
    pub store: String,
    /// Channel; empty where not given.
    pub channel: String,
    /// Categories of its items.
    pub categories: BTreeSet<String>,
}

/// One customer. All that happened after `now` is left out by those who are given it.
pub trait Subject {
    /// Touchpoints in the total order, also those after any `now`; those that no program reaches may be left out.
    fn touchpoints(&self) -> &[Element];

    /// Places in `touchpoints` of those of a kind, in their order.
    fn places(&self, kind: &str) -> &[usize];

    /// Places in `touchpoints` of those that a filter keeps, in their order. `find` works them out; the subject may keep them.
    fn filtered(&self, filter: &Filter, find: &mut dyn FnMut() -> Vec<usize>) -> Rc<[usize]>;

    /// How many touchpoints of these kinds there are as of an instant; of all kinds where none is named.
    fn count_of(&self, kinds: &BTreeSet<String>, now: Micros) -> usize;

    /// Orders that stand as of an instant, by (occurred_at, key); may be empty where the program needs none.
    fn orders(&self, now: Micros) -> Arc<[OrderView]>;

    /// A trait as of an instant.
    fn trait_value(&self, name: &str, now: Micros) -> Value;

    /// Whether a consent was granted, as of an instant; `None` where nothing was said.
    fn consent(&self, purpose: &str, now: Micros) -> Option<bool>;

    /// A metric as of an instant.
    fn metric(&self, name: &str, now: Micros) -> Value;

    /// Namespaces of the customer's identifiers.
    fn namespaces(&self) -> &BTreeSet<String>;

    /// The last occurred_at at or before an instant.
    fn latest(&self, now: Micros) -> Option<Micros>;

    /// The first occurred_at after an instant: until then nothing enters.
    fn next_after(&self, now: Micros) -> Option<Micros>;
}

/// What lies around the customers: other segments, cuts of the population, the zone of the calendar.
pub trait Surroundings {
    /// The program of a segment; `None` if there is none of that name.
    fn segment(&self, name: &str) -> Option<&Program>;

    /// The value of a cut, by the key of `Quantile`; `None` before the first was made.
    fn cut(&self, key: &str) -> Option<ExactSum>;

    /// The zone of the calendar.
    fn zone(&self) -> &Zone;
}

/// No other segments, no cuts, UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Surroundings for Alone {
    fn segment(&self, _name: &str) -> Option<&Program> {
        None
    }

    fn cut(&self, _key: &str) -> Option<ExactSum> {
        None
    }

    fn zone(&self) -> &Zone {
        &zone::UTC
    }
}
