//! A customer as one segment sees it that reads some facets alone: only touchpoints that touch them are instants at which its answer
//! may change.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use expr::{Element, Filter, OrderView, Subject, Value};
use types::Micros;

use super::Customer;
use crate::facets::Facets;

/// A customer at one instant, for who reads some facets alone.
pub(crate) struct Narrowed<'a> {
    customer: &'a Customer,
    next: Option<Micros>,
}

impl<'a> Narrowed<'a> {
    /// To be evaluated at `now`, and at no other instant.
    pub(crate) fn new(customer: &'a Customer, facets: Facets, now: Micros) -> Self {
        Self { customer, next: customer.next_touching(facets, now) }
    }
}

impl Subject for Narrowed<'_> {
    fn touchpoints(&self) -> &[Element] {
        self.customer.touchpoints()
    }

    fn places(&self, kind: &str) -> &[usize] {
        self.customer.places(kind)
    }

    fn filtered(&self, filter: &Filter, find: &mut dyn FnMut() -> Vec<usize>) -> Rc<[usize]> {
        self.customer.filtered(filter, find)
    }

    fn count_of(&self, kinds: &BTreeSet<String>, now: Micros) -> usize {
        self.customer.count_of(kinds, now)
    }

    fn orders(&self, now: Micros) -> Arc<[OrderView]> {
        self.customer.orders(now)
    }

    fn trait_value(&self, name: &str, now: Micros) -> Value {
        self.customer.trait_value(name, now)
    }

    fn consent(&self, purpose: &str, now: Micros) -> Option<bool> {
        self.customer.consent(purpose, now)
    }

    fn metric(&self, name: &str, now: Micros) -> Value {
        self.customer.metric(name, now)
    }

    fn namespaces(&self) -> &BTreeSet<String> {
        self.customer.namespaces()
    }

    fn latest(&self, now: Micros) -> Option<Micros> {
        self.customer.latest(now)
    }

    fn next_after(&self, _now: Micros) -> Option<Micros> {
        self.next
    }
}
