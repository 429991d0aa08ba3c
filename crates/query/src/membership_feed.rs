//! `patron.segment.v1.MembershipFeedService`: who entered and left which segment, streamed from a cursor on.
//!
//! Never tells anything itself; it reads what the publisher has on disk.

use std::{collections::BTreeSet, pin::Pin};

use proto::segment::{
    WatchMembershipsRequest, WatchMembershipsResponse,
    membership_feed_service_server::{MembershipFeedService, MembershipFeedServiceServer},
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::{
    context::Contexts,
    feed::{self, Feed, Wanted},
};

mod page;

use page::MembershipPages;

/// Serves the feed.
#[derive(Clone, Debug)]
pub struct MembershipFeed {
    contexts: Contexts,
    feed: Feed,
}

impl MembershipFeed {
    /// The service over what was told; identifiers come from what is served.
    pub fn server(contexts: Contexts, feed: Feed) -> MembershipFeedServiceServer<Self> {
        MembershipFeedServiceServer::new(Self { contexts, feed })
    }
}

/// What goes to the caller.
pub(crate) type MembershipStream = Pin<Box<dyn Stream<Item = Result<WatchMembershipsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl MembershipFeedService for MembershipFeed {
    type WatchMembershipsStream = MembershipStream;

    async fn watch_memberships(
        &self,
        request: Request<WatchMembershipsRequest>,
    ) -> Result<Response<MembershipStream>, Status> {
        let WatchMembershipsRequest { cursor, from_now, end_when_sent, changes_max, segments } = request.into_inner();
        let wanted = Wanted { cursor, from_now, end_when_sent, changes_max };
        let pages = MembershipPages { segments: segments.into_iter().collect::<BTreeSet<_>>() };
        let stream = feed::open("WatchMemberships", &self.contexts, &self.feed, pages, &wanted)?;
        Ok(Response::new(Box::pin(stream)))
    }
}
