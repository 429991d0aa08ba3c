//! A page of the feed: changes after a sequence number, as callers see them.

use std::collections::BTreeSet;

use proto::segment::{MembershipChange, MembershipChangeCause, MembershipChangeType, WatchMembershipsResponse};
use store::{
    CustomerRows, Published, StoreError,
    published::{Cause, memberships},
};
use tonic::Status;
use types::{HashKey, IdentifierId, record::Position};

use crate::{
    context::Context,
    feed::{self, Page, Source},
    identity_feed::page::{change_id, offsets},
    status,
};

/// Most identifiers that a change shows.
const IDENTIFIERS_MAX: usize = 100;
/// Told apart from the identity changes of the same feed.
const CHANGE_DOMAIN: u8 = 1;

/// The feed of memberships, of these segments alone unless there are none.
pub(super) struct MembershipPages {
    pub(super) segments: BTreeSet<String>,
}

impl Source for MembershipPages {
    type Message = WatchMembershipsResponse;

    fn kept(&self, published: &Published) -> Result<(u64, u64), Status> {
        let told = published.memberships_told().map_err(|error| status::store_failed(&error))?;
        Ok((told.forgotten, told.last))
    }

    fn page(
        &self,
        context: &Context,
        published: &Published,
        after: u64,
        max: usize,
    ) -> Result<Page<WatchMembershipsResponse>, Status> {
        let failed = |error| status::store_failed(&error);
        let told = published.memberships_told().map_err(failed)?;
        let more = told.last > after;
        let changes = if more { published.membership_changes(after, max).map_err(failed)? } else { Vec::new() };
        if more && changes.first().is_none_or(|(sequence, _)| *sequence != after + 1) {
            let forgotten = published.memberships_told().map_err(failed)?.forgotten;
            return Err(status::cursor_forgotten(after, forgotten));
        }
        let snapshot = context.store.snapshot();
        let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
        let shown = |(sequence, change): (u64, memberships::MembershipChange)| {
            if !self.segments.is_empty() && !self.segments.contains(&change.segment) {
                return Ok((sequence, None));
            }
            let change = Some(shown(&rows, &context.hash_key, published.feed(), sequence, change)?);
            let cursor = feed::cursor(published, sequence);
            Ok::<_, StoreError>((sequence, Some(WatchMembershipsResponse { change, cursor, told_until: None })))
        };
        let changes = changes.into_iter().map(shown).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let cursor = feed::cursor(published, told.last);
        let alive = WatchMembershipsResponse { change: None, cursor, told_until: Some(told.instant.to_proto()) };
        Ok(Page { changes, alive })
    }
}

fn shown(
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
