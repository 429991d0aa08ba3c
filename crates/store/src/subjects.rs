//! Customers of a snapshot as expressions see them: merged state, namespaces, and touchpoints where they are needed.

use std::{collections::BTreeSet, sync::Arc};

use expr::Element;
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
    snapshot::Snapshot,
};

/// A customer ready to be evaluated.
#[derive(Debug)]
pub struct Subject {
    /// What expressions read.
    pub customer: Customer,
    /// Places in the journal of the touchpoints that were loaded, in the same order.
    pub positions: Vec<Position>,
}

/// A resolved customer as expressions see it at an instant. Touchpoints are loaded where they are wanted, or where some lie after
/// the instant.
///
/// # Errors
/// Those of the store.
pub fn subject(
    snapshot: &Snapshot<'_>,
    rows: &CustomerRows<'_>,
    hash_key: &HashKey,
    resolved: &Resolved,
    touchpoints: bool,
    now: Micros,
) -> Result<Subject, StoreError> {
    let state = rows.state(&resolved.identity)?;
    let mut seen = Vec::new();
    if touchpoints || Customer::touchpoints_needed(&state, now) {
        for fragment in &resolved.identity.fragments {
            for row in snapshot.scan_prefix::<Timeline>(&fragment.0) {
                seen.push(read(&row?.1, hash_key)?);
            }
        }
        seen.sort_by(|left, right| left.0.cmp(&right.0));
    }
    let namespaces = resolved.identity.identifiers.iter().map(|(_, node)| node.identifier.namespace.clone());
    let namespaces: BTreeSet<String> = namespaces.collect();
    let (elements, positions) = seen.into_iter().map(|(_, element, position)| (element, position)).unzip();
    Ok(Subject { customer: Customer::new(state, elements, namespaces, hash_key.clone()), positions })
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
