//! A page of the feed: changes after a sequence number, as callers see them.

use std::collections::BTreeMap;

use proto::customer::{
    AppliedOffset, IdentityChange, IdentityChangeCause, IdentityChangeKind, MovedIdentifier,
    WatchIdentityChangesResponse,
};
use store::{
    CustomerRows, Published, StoreError,
    published::{self, Cause, ChangeKind, Told},
};
use tonic::Status;
use types::{HashKey, IdentifierId, record::Position};

use crate::{
    context::Context,
    feed::{self, Page, Source},
    status,
};

/// The feed of identity changes.
pub(super) struct IdentityPages;

impl Source for IdentityPages {
    type Message = WatchIdentityChangesResponse;

    fn kept(&self, published: &Published) -> Result<(u64, u64), Status> {
        let told = published.told().map_err(|error| status::store_failed(&error))?;
        Ok((told.forgotten, told.last))
    }

    fn page(
        &self,
        context: &Context,
        published: &Published,
        after: u64,
        max: usize,
    ) -> Result<Page<WatchIdentityChangesResponse>, Status> {
        let failed = |error| status::store_failed(&error);
        let told = published.told().map_err(failed)?;
        let changes = if told.last > after { published.changes(after, max).map_err(failed)? } else { Vec::new() };
        if told.last > after && changes.first().is_none_or(|(sequence, _)| *sequence != after + 1) {
            let forgotten = published.told().map_err(failed)?.forgotten;
            return Err(status::cursor_forgotten(after, forgotten));
        }
        let snapshot = context.store.snapshot();
        let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
        let shown = |(sequence, change): (u64, published::IdentityChange)| {
            let change = Some(shown(&rows, &context.hash_key, published.feed(), sequence, change)?);
            let cursor = feed::cursor(published, sequence);
            Ok::<_, StoreError>((sequence, Some(WatchIdentityChangesResponse { change, cursor, applied: Vec::new() })))
        };
        let changes = changes.into_iter().map(shown).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        Ok(Page { changes, alive: alive(published, &told) })
    }
}

fn alive(published: &Published, told: &Told) -> WatchIdentityChangesResponse {
    let cursor = feed::cursor(published, told.last);
    WatchIdentityChangesResponse { change: None, cursor, applied: offsets(&told.covered) }
}

fn shown(
    rows: &CustomerRows<'_>,
    hash_key: &HashKey,
    feed: [u8; 16],
    sequence: u64,
    change: published::IdentityChange,
) -> Result<IdentityChange, StoreError> {
    let name = |id: &IdentifierId| {
        let identifier = rows.identifier(*id)?.as_ref().map(Into::into);
        Ok::<_, StoreError>(MovedIdentifier { identifier_id: id.to_string(), identifier })
    };
    let (cause, position) = cause(change.cause);
    Ok(IdentityChange {
        change_id: change_id(hash_key, feed, sequence),
        sequence,
        kind: kind(change.kind).into(),
        from_customer_id: change.from.to_string(),
        to_customer_id: change.to.to_string(),
        identifiers: change.identifiers.iter().map(name).collect::<Result<_, _>>()?,
        cause: cause.into(),
        position,
        observed_at: Some(change.observed_at.to_proto()),
        applied: offsets(&change.applied),
        generation: change.generation,
    })
}

/// Of feed and sequence number alone, so that it is the same whenever the change is sent.
pub(crate) fn change_id(hash_key: &HashKey, feed: [u8; 16], sequence: u64) -> String {
    let hash = hash_key.content_hash(&[feed.as_slice(), &sequence.to_be_bytes()].concat());
    IdentifierId::from_hash(hash.0).to_string()
}

fn kind(kind: ChangeKind) -> IdentityChangeKind {
    match kind {
        ChangeKind::Merged => IdentityChangeKind::Merged,
        ChangeKind::Separated => IdentityChangeKind::Separated,
        ChangeKind::Renamed => IdentityChangeKind::Renamed,
    }
}

fn cause(cause: Cause) -> (IdentityChangeCause, Option<Position>) {
    match cause {
        Cause::Touchpoint(partition, offset) => (IdentityChangeCause::Touchpoint, Some(Position { partition, offset })),
        Cause::Decision(partition, offset) => (IdentityChangeCause::Decision, Some(Position { partition, offset })),
        Cause::Rebuild => (IdentityChangeCause::Rebuild, None),
    }
}

pub(crate) fn offsets(applied: &BTreeMap<u32, u64>) -> Vec<AppliedOffset> {
    applied.iter().map(|(partition, next)| AppliedOffset { partition: *partition, next_offset: *next }).collect()
}
