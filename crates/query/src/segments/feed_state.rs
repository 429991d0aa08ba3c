//! How far the feed of memberships is with the segments as they are defined. Answers never depend on it.

use proto::segment::FeedState;
use tonic::Status;

use super::catalogue;
use crate::{context::Context, status};

/// How far the feed is with the segments of now.
pub(super) fn feed_state(context: &Context) -> Result<FeedState, Status> {
    let told = context.told.published.memberships_told().map_err(|error| status::store_failed(&error))?;
    let sweep = context.told.sweep.borrow().clone();
    let versions = catalogue::versions(context)?;
    let segments = context.told.published.told_segments().map_err(|error| status::store_failed(&error))?;
    let waiting = told.generation.is_none() || !segments.changed(&versions).is_empty();
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(match sweep {
        None => FeedState { live: !waiting, ..FeedState::default() },
        Some(sweep) => FeedState {
            live: false,
            looked_at: count(sweep.looked_at),
            customers: count(sweep.customers),
            began_at: Some(sweep.began_at.to_proto()),
            changed: sweep.changed.into_iter().collect(),
        },
    })
}
