//! Whom a difference concerns: the fragment's identifiers and its customer, as far as either state still knows them.

use identity::Rules;
use proto::admin::{ConcernedTouchpoint, Difference as Message};
use store::{
    CustomerRows, Snapshot,
    family::{Fragments, timeline::TimelineRow},
};
use types::{
    FragmentId, HashKey, Identifier,
    record::{Envelope, Position, Touchpoint},
};

use crate::difference::Difference;

/// Finds owners in the live state, then in the one that it should be.
pub(super) struct Owners<'a> {
    pub(super) snapshots: [&'a Snapshot<'a>; 2],
    pub(super) rules: &'a Rules,
    pub(super) hash_key: &'a HashKey,
}

/// Whom a fragment belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Owner {
    fragment: Option<FragmentId>,
    customer_id: String,
    identifiers: Vec<Identifier>,
}

impl Owners<'_> {
    /// Nobody in particular.
    pub(super) fn nobody(&self) -> Owner {
        Owner::default()
    }

    /// The owner of a fragment. What cannot be read is left out: the state may be damaged just there.
    pub(super) fn of(&self, fragment: FragmentId) -> Owner {
        let row = |snapshot: &&Snapshot<'_>| snapshot.get::<Fragments>(&fragment).ok().flatten();
        let identifiers = self.snapshots.iter().rev().find_map(row).map(|row| row.identifiers).unwrap_or_default();
        let customer = |snapshot: &&Snapshot<'_>| self.customer(snapshot, fragment, &identifiers);
        let customer_id = self.snapshots.iter().find_map(customer).unwrap_or_default();
        Owner { fragment: Some(fragment), customer_id, identifiers }
    }

    fn customer(&self, snapshot: &Snapshot<'_>, fragment: FragmentId, identifiers: &[Identifier]) -> Option<String> {
        let rows = CustomerRows::new(snapshot, self.rules, self.hash_key);
        let holder = |identifier: &Identifier| rows.find(self.hash_key.identifier_id(identifier)).ok().flatten();
        let holds = |resolved: &store::Resolved| resolved.identity.fragments.contains(&fragment);
        identifiers.iter().filter_map(holder).find(holds).map(|resolved| resolved.identity.id.to_string())
    }
}

impl Owner {
    /// A difference as the message that operators see.
    pub(super) fn message(&self, difference: Difference) -> Message {
        let Difference { part, field, held, expected, touchpoints } = difference;
        let mut identifiers = self.identifiers.clone();
        if identifiers.is_empty() {
            identifiers.extend(
                touchpoints.iter().filter_map(|(_, row)| read(row)).flat_map(|(_, touchpoint)| {
                    touchpoint.identifiers.iter().map(Identifier::from).collect::<Vec<_>>()
                }),
            );
        }
        Message {
            part: part.to_owned(),
            customer_id: self.customer_id.clone(),
            identifiers: identifiers.iter().map(Into::into).collect(),
            fragment_id: self.fragment.map(|fragment| fragment.to_string()).unwrap_or_default(),
            field,
            held,
            expected,
            touchpoints: touchpoints.iter().filter_map(|(_, row)| concerned(row)).collect(),
        }
    }
}

fn concerned(row: &TimelineRow) -> Option<ConcernedTouchpoint> {
    let (_, Touchpoint { source, message_id, kind, occurred_at, .. }) = read(row)?;
    let position = Some(Position { partition: row.partition, offset: row.offset });
    Some(ConcernedTouchpoint { source, message_id, kind, occurred_at, position })
}

fn read(row: &TimelineRow) -> Option<(Envelope, Touchpoint)> {
    crate::difference::touchpoint(row)
}
