//! `patron.customer.v1.IdentityFeedService`: what was told of merges and separations, streamed from a cursor on.
//!
//! Owns cursors, and that a stream has no gap: what is no longer kept is an error, never left out. Never tells anything itself; it
//! reads what the publisher has on disk.

use std::{
    pin::Pin,
    sync::{Arc, LazyLock},
};

use proto::customer::{
    WatchIdentityChangesRequest, WatchIdentityChangesResponse,
    identity_feed_service_server::{IdentityFeedService, IdentityFeedServiceServer},
};
use store::Published;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{context::Contexts, status, token::Cursor};

mod page;
mod stream;

use stream::Watch;

/// Messages that may wait for a caller.
const QUEUE_MAX: usize = 64;
/// Most streams open at once.
const WATCHERS_MAX: usize = 100;

static WATCHERS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(WATCHERS_MAX)));

/// Where the feed is read from.
#[derive(Clone, Debug)]
pub struct Feed {
    /// What was told.
    pub published: Arc<Published>,
    /// Sequence number of the last change; changes once more is on disk.
    pub last: watch::Receiver<u64>,
    /// Whether the server ends.
    pub stopped: watch::Receiver<bool>,
}

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
        let request = request.into_inner();
        let after = self.after(&request)?;
        let busy = |_| status::busy("WatchIdentityChanges", WATCHERS_MAX);
        let permit = Arc::clone(&WATCHERS).try_acquire_owned().map_err(busy)?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let left = if request.changes_max == 0 { u64::MAX } else { request.changes_max };
        let (contexts, feed) = (self.contexts.clone(), self.feed.clone());
        let watch = Watch { contexts, feed, sender, after, left, end_when_sent: request.end_when_sent };
        tokio::spawn(watch.run(permit));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl IdentityFeed {
    /// The sequence number after which the stream begins.
    fn after(&self, request: &WatchIdentityChangesRequest) -> Result<u64, Status> {
        let published = &self.feed.published;
        if request.from_now {
            if !request.cursor.is_empty() {
                return Err(status::invalid("from_now", "a cursor is given too; give one of the two"));
            }
            return Ok(*self.feed.last.borrow());
        }
        let after = if request.cursor.is_empty() {
            0
        } else {
            let cursor = Cursor::decode(&request.cursor);
            let cursor = cursor.ok_or_else(|| status::invalid("cursor", "it is none of this service's"))?;
            if cursor.feed != published.feed() {
                return Err(status::cursor_of_another_feed());
            }
            cursor.sequence
        };
        let told = published.told().map_err(|error| status::store_failed(&error))?;
        if after > told.last {
            return Err(status::cursor_of_another_feed());
        }
        if after < told.forgotten { Err(status::cursor_forgotten(after, told.forgotten)) } else { Ok(after) }
    }
}
