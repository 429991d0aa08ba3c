//! A page of the feed: changes after a sequence number, as callers see them.

use std::collections::BTreeSet;

use proto::segment::WatchMembershipsResponse;
use store::{Published, StoreError, published::memberships};
use tonic::Status;

use crate::{
    context::Context,
    feed::{self, Page, Source},
    membership_view::Viewer,
    status,
};

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
        let viewer = Viewer::new(context, &snapshot, published.feed());
        let shown = |(sequence, change): (u64, memberships::MembershipChange)| {
            if !self.segments.is_empty() && !self.segments.contains(&change.segment) {
                return Ok((sequence, None));
            }
            let change = Some(viewer.shown(sequence, change)?);
            let cursor = feed::cursor(published, sequence);
            Ok::<_, StoreError>((sequence, Some(WatchMembershipsResponse { change, cursor, told_until: None })))
        };
        let changes = changes.into_iter().map(shown).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let cursor = feed::cursor(published, told.last);
        let alive = WatchMembershipsResponse { change: None, cursor, told_until: Some(told.instant.to_proto()) };
        Ok(Page { changes, alive })
    }
}
