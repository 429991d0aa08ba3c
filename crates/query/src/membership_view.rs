//! A change of a membership as callers see it, whichever way it reaches them: by the feed, in a history, on a topic.
//!
//! Owns that its id is the same whenever and wherever it is shown.

use proto::segment::{MembershipChange, MembershipChangeCause, MembershipChangeType};
use store::{
    CustomerRows, StoreError,
    published::{Cause, memberships},
};
use types::{HashKey, IdentifierId, record::Position};

use crate::{
    context::Contexts,
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
        let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
        let shown = |(sequence, change): &(u64, memberships::MembershipChange)| {
            shown(&rows, &context.hash_key, feed, *sequence, change.clone())
        };
        changes.iter().map(shown).collect()
    }
}

/// The change of a feed with this sequence number.
pub(crate) fn shown(
    rows: &CustomerRows<'_>,
    hash_key: &HashKey,
    mut feed: [u8; 16],
    sequence: u64,
    change: memberships::MembershipChange,
) -> Result<MembershipChange, StoreError> {
    if let Some(first) = feed.first_mut() {
        *first ^= CHANGE_DOMAIN;
    }
    let r#type = if change.entered { MembershipChangeType::Entered } else { MembershipChangeType::Left };
    let (cause, position) = cause(change.cause);
    Ok(MembershipChange {
        change_id: change_id(hash_key, feed, sequence),
        sequence,
        r#type: r#type.into(),
        segment: change.segment,
        version: change.version,
        customer_id: change.customer.to_string(),
        identifiers: identifiers(rows, change.customer)?,
        effective_at: Some(change.effective_at.to_proto()),
        observed_at: Some(change.observed_at.to_proto()),
        correction: change.correction,
        cause: cause.into(),
        position,
        applied: offsets(&change.applied),
        generation: change.generation,
    })
}

fn identifiers(rows: &CustomerRows<'_>, customer: IdentifierId) -> Result<Vec<types::record::Identifier>, StoreError> {
    let found = rows.find(customer)?;
    let identifiers = found.iter().flat_map(|resolved| &resolved.identity.identifiers);
    Ok(identifiers.take(IDENTIFIERS_MAX).map(|(_, node)| (&node.identifier).into()).collect())
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
