//! `patron.customer.v1.IdentityFeedService`: what was told of merges and separations, streamed from a cursor on.
//!
//! Never tells anything itself; it reads what the publisher has on disk.

use std::pin::Pin;

use proto::customer::{
    WatchIdentityChangesRequest, WatchIdentityChangesResponse,
    identity_feed_service_server::{IdentityFeedService, IdentityFeedServiceServer},
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::{
    context::Contexts,
    feed::{self, Feed, Wanted},
};

pub(crate) mod page;

use page::IdentityPages;

/// Serves the feed.
#[derive(Clone, Debug)]
pub struct IdentityFeed {
    contexts: Contexts,
    feed: Feed,
}

impl IdentityFeed {
    /// The service over what was told; names of identifiers come from what is served.
    pub fn server(contexts: Contexts, feed: Feed) -> IdentityFeedServiceServer<Self> {
        IdentityFeedServiceServer::new(Self { contexts, feed })
    }
}

/// What goes to the caller.
pub(crate) type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchIdentityChangesResponse, Status>> + Send>>;

#[tonic::async_trait]
impl IdentityFeedService for IdentityFeed {
    type WatchIdentityChangesStream = WatchStream;

    async fn watch_identity_changes(
        &self,
        request: Request<WatchIdentityChangesRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let WatchIdentityChangesRequest { cursor, from_now, end_when_sent, changes_max } = request.into_inner();
        let wanted = Wanted { cursor, from_now, end_when_sent, changes_max };
        let stream = feed::open("WatchIdentityChanges", &self.contexts, &self.feed, IdentityPages, &wanted)?;
        Ok(Response::new(Box::pin(stream)))
    }
}
