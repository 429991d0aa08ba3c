//! Customers as segments see them: one, or all of a snapshot one after the other.

use std::collections::BTreeSet;

use expr::{Element, Program};
use segment::Customer;
use store::{CustomerRows, Resolved, StoreError};
use types::{IdentifierId, record::Position};

use super::moment::Moment;
use crate::past::{self, PastRows};

/// A customer ready to be evaluated.
pub(super) struct Subject {
    pub(super) resolved: Resolved,
    pub(super) customer: Customer,
    /// Places in the journal of the touchpoints that were loaded.
    pub(super) positions: Vec<Position>,
}

impl Moment<'_> {
    /// Whether any of these programs, by itself or by the segments that it names, needs single touchpoints.
    pub(super) fn needs_touchpoints<'p>(&self, programs: impl IntoIterator<Item = &'p Program>) -> bool {
        programs.into_iter().any(|program| self.segments.needs_touchpoints(program))
    }

    /// The customer that holds an identifier, with all touchpoints; `None` if nobody does.
    pub(super) fn find(&self, id: IdentifierId) -> Result<Option<Subject>, StoreError> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        let found = rows.find(id)?;
        found.map(|resolved| self.subject(&rows, resolved, true)).transpose()
    }

    /// Calls `each` with every customer once; those known by receipts alone are passed over unless asked for.
    pub(super) fn for_each<E: From<StoreError>>(
        &self,
        touchpoints: bool,
        include_receipts: bool,
        mut each: impl FnMut(Subject) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        rows.for_each(|resolved| {
            if !include_receipts && !resolved.identity.is_known() {
                return Ok(());
            }
            each(self.subject(&rows, resolved, touchpoints)?)
        })
    }

    fn subject(&self, rows: &CustomerRows<'_>, resolved: Resolved, touchpoints: bool) -> Result<Subject, StoreError> {
        let state = rows.state(&resolved.identity)?;
        let (mut elements, mut positions) = (Vec::new(), Vec::new());
        if touchpoints || Customer::touchpoints_needed(&state, self.now) {
            let hash_key = &self.context.hash_key;
            let past = PastRows::new(&self.snapshot, &self.context.rules, hash_key, past::Moment::END);
            for one in past.touchpoints(&resolved.identity)? {
                positions.push(one.position);
                elements.push(element(&one));
            }
        }
        let namespaces = resolved.identity.identifiers.iter().map(|(_, node)| node.identifier.namespace.clone());
        let namespaces: BTreeSet<String> = namespaces.collect();
        let customer = Customer::new(state, elements, namespaces, self.context.hash_key.clone());
        Ok(Subject { resolved, customer, positions })
    }
}

fn element(one: &past::PastTouchpoint) -> Element {
    let touchpoint = std::sync::Arc::new(one.touchpoint.clone());
    Element { occurred_at: one.place.occurred_at, content: one.place.content, touchpoint }
}
