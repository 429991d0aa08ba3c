//! A change of a membership as callers see it, whichever way it reaches them: by the feed, in a history, on a topic.
//!
//! Owns that its id is the same whenever and wherever it is shown.

use std::{cell::RefCell, collections::BTreeMap};

use proto::segment::{MembershipChange, MembershipChangeCause, MembershipChangeType};
use store::{
    CustomerRows, Snapshot, StoreError,
    published::{Cause, memberships},
};
use types::{
    HashKey, IdentifierId,
    record::{Identifier, Position},
};

use crate::{
    context::{Context, Contexts},
    identity_feed::page::{change_id, offsets},
};

/// Most identifiers that a change shows.
const IDENTIFIERS_MAX: usize = 100;
/// Told apart from the identity changes of the same feed.
const CHANGE_DOMAIN: u8 = 1;

/// Shows changes outside of any call, with the identifiers of what is served.
#[derive(Clone, Debug)]
pub struct MembershipView {
    contexts: Contexts,
}

impl MembershipView {
    /// Over what is served.
    pub fn new(contexts: Contexts) -> Self {
        Self { contexts }
    }

    /// The changes of a feed, by sequence number, in their order. Blocks.
    ///
    /// # Errors
    /// Those of the store.
    pub fn shown(
        &self,
        feed: [u8; 16],
        changes: &[(u64, memberships::MembershipChange)],
    ) -> Result<Vec<MembershipChange>, StoreError> {
        let context = self.contexts.now();
        let snapshot = context.store.snapshot();
        let viewer = Viewer::new(&context, &snapshot, feed);
        changes.iter().map(|(sequence, change)| viewer.shown(*sequence, change.clone())).collect()
    }
}

/// Shows changes of one feed within one call; who somebody is is found out once.
pub(crate) struct Viewer<'a> {
    rows: CustomerRows<'a>,
    hash_key: &'a HashKey,
    feed: [u8; 16],
    named: RefCell<BTreeMap<IdentifierId, Vec<Identifier>>>,
}

impl<'a> Viewer<'a> {
    /// With the identifiers of a snapshot.
    pub(crate) fn new(context: &'a Context, snapshot: &'a Snapshot<'a>, mut feed: [u8; 16]) -> Self {
        if let Some(first) = feed.first_mut() {
            *first ^= CHANGE_DOMAIN;
        }
        let (rows, hash_key) = (CustomerRows::new(snapshot, &context.rules, &context.hash_key), &context.hash_key);
        Self { rows, hash_key, feed, named: RefCell::default() }
    }

    /// The change with this sequence number.
    pub(crate) fn shown(
        &self,
        sequence: u64,
        change: memberships::MembershipChange,
    ) -> Result<MembershipChange, StoreError> {
        let r#type = if change.entered { MembershipChangeType::Entered } else { MembershipChangeType::Left };
        let (cause, position) = cause(change.cause);
        Ok(MembershipChange {
            change_id: change_id(self.hash_key, self.feed, sequence),
            sequence,
            r#type: r#type.into(),
            segment: change.segment,
            version: change.version,
            customer_id: change.customer.to_string(),
            identifiers: self.identifiers(change.customer)?,
            effective_at: Some(change.effective_at.to_proto()),
            observed_at: Some(change.observed_at.to_proto()),
            correction: change.correction,
            cause: cause.into(),
            position,
            applied: offsets(&change.applied),
            generation: change.generation,
        })
    }

    fn identifiers(&self, customer: IdentifierId) -> Result<Vec<Identifier>, StoreError> {
        if let Some(named) = self.named.borrow().get(&customer) {
            return Ok(named.clone());
        }
        let found = self.rows.find(customer)?;
        let identifiers = found.iter().flat_map(|resolved| &resolved.identity.identifiers);
        let named: Vec<Identifier> =
            identifiers.take(IDENTIFIERS_MAX).map(|(_, node)| (&node.identifier).into()).collect();
        self.named.borrow_mut().insert(customer, named.clone());
        Ok(named)
    }
}

fn cause(cause: memberships::MembershipCause) -> (MembershipChangeCause, Option<Position>) {
    use memberships::MembershipCause::{Definition, Evidence, Time};
    match cause {
        Evidence(Cause::Touchpoint(partition, offset)) => {
            (MembershipChangeCause::Touchpoint, Some(Position { partition, offset }))
        }
        Evidence(Cause::Decision(partition, offset)) => {
            (MembershipChangeCause::Decision, Some(Position { partition, offset }))
        }
        Evidence(Cause::Rebuild) => (MembershipChangeCause::Rebuild, None),
        Time => (MembershipChangeCause::Time, None),
        Definition => (MembershipChangeCause::Definition, None),
    }
}
