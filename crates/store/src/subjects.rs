//! Customers of a snapshot as expressions see them: merged state, namespaces, and touchpoints where they are needed.

use std::{collections::BTreeSet, sync::Arc};

use expr::{Depth, Element, Reach};
use profile::State;
use prost::Message as _;
use segment::Customer;
use types::{
    HashKey, Micros, TotalOrder,
    record::{Envelope, Position, Touchpoint},
};

use crate::{
    customers::{CustomerRows, Resolved},
    error::StoreError,
    family::{Family as _, Timeline, timeline::TimelineRow},
};

/// A customer ready to be evaluated.
#[derive(Debug)]
pub struct Subject {
    /// What expressions read.
    pub customer: Customer,
    /// Places in the journal of the touchpoints that were loaded, in the same order.
    pub positions: Vec<Position>,
}

/// What is wanted of a customer.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The earliest instant that it is evaluated at.
    pub from: Micros,
    /// How far back of that single touchpoints are read.
    pub reach: Reach,
    /// How much of the profile is read too: if some touchpoints lie after the instant, it is folded anew from all.
    pub depth: Depth,
}

/// A resolved customer as expressions see it.
///
/// # Errors
/// Those of the store.
pub fn subject(
    rows: &CustomerRows<'_>,
    hash_key: &HashKey,
    resolved: &Resolved,
    wanted: Wanted,
) -> Result<Subject, StoreError> {
    let state = rows.state_to(&resolved.identity, wanted.depth)?;
    let mut seen = Vec::new();
    if let Some(since) = wanted.since(&state) {
        for fragment in &resolved.identity.fragments {
            rows.timeline(*fragment, since, |_, row| {
                seen.push(read(&row, hash_key)?);
                Ok(())
            })?;
        }
        seen.sort_by(|left, right| left.0.cmp(&right.0));
    }
    let namespaces = resolved.identity.identifiers.iter().map(|(_, node)| node.identifier.namespace.clone());
    let namespaces: BTreeSet<String> = namespaces.collect();
    let (elements, positions) = seen.into_iter().map(|(_, element, position)| (element, position)).unzip();
    Ok(Subject { customer: Customer::new(state, elements, namespaces, hash_key.clone()), positions })
}

impl Wanted {
    /// All there is, evaluated at an instant.
    pub fn all(from: Micros) -> Self {
        Self { from, reach: Reach::Life, depth: Depth::Whole }
    }

    /// The instant since which touchpoints are to be loaded; `None` if none is.
    fn since(self, state: &State) -> Option<Micros> {
        let ahead = Customer::touchpoints_needed(state, self.from);
        match self.reach {
            _ if ahead && self.depth > Depth::Nothing => Some(Micros(i64::MIN)),
            Reach::Life => Some(Micros(i64::MIN)),
            Reach::Span(span) => Some(Micros(self.from.0.saturating_sub(span))),
            // Those that lie ahead are instants at which something can change.
            Reach::Nothing => ahead.then_some(self.from),
        }
    }
}

fn read(row: &TimelineRow, hash_key: &HashKey) -> Result<(TotalOrder, Element, Position), StoreError> {
    let damaged = |error: prost::DecodeError| StoreError::Damaged { family: Timeline::NAME, what: error.to_string() };
    let envelope = Envelope::decode(row.envelope.as_slice()).map_err(damaged)?;
    let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).map_err(damaged)?;
    let content = hash_key.content_hash(&envelope.payload);
    let place = profile::Fact::new(&touchpoint, content).place;
    let element = Element { occurred_at: place.occurred_at, content, touchpoint: Arc::new(touchpoint) };
    Ok((place, element, Position { partition: row.partition, offset: row.offset }))
}
