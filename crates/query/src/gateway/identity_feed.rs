//! `IdentityFeedService` and `MembershipFeedService`, passed on. A cursor is good for the projector that gave it: where another one answers, it says so.

use proto::{
    customer::{
        WatchIdentityChangesRequest,
        identity_feed_service_client::IdentityFeedServiceClient,
        identity_feed_service_server::{IdentityFeedService, IdentityFeedServiceServer},
    },
    segment::{
        WatchMembershipsRequest,
        membership_feed_service_client::MembershipFeedServiceClient,
        membership_feed_service_server::{MembershipFeedService, MembershipFeedServiceServer},
    },
};
use tokio::sync::watch;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::Gateway;
use crate::{identity_feed::WatchStream, membership_feed::MembershipStream, status};

/// The feed of whichever projector answers, until the server ends.
#[derive(Clone, Debug)]
pub struct PassedOnFeed {
    gateway: Gateway,
    stopped: watch::Receiver<bool>,
}

impl Gateway {
    /// The tonic server of the feed of identity changes; open streams end once `stopped` says so.
    pub fn identity_feed_server(&self, stopped: watch::Receiver<bool>) -> IdentityFeedServiceServer<PassedOnFeed> {
        IdentityFeedServiceServer::new(PassedOnFeed { gateway: self.clone(), stopped })
    }

    /// The tonic server of the feed of memberships; open streams end once `stopped` says so.
    pub fn membership_feed_server(&self, stopped: watch::Receiver<bool>) -> MembershipFeedServiceServer<PassedOnFeed> {
        MembershipFeedServiceServer::new(PassedOnFeed { gateway: self.clone(), stopped })
    }
}

#[tonic::async_trait]
impl IdentityFeedService for PassedOnFeed {
    type WatchIdentityChangesStream = WatchStream;

    /// A projector that goes away in the middle ends the stream: the caller goes on from the last cursor.
    async fn watch_identity_changes(
        &self,
        request: Request<WatchIdentityChangesRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let answer = self.gateway.ask(request, async |projector, request| {
            IdentityFeedServiceClient::new(projector.channel.clone()).watch_identity_changes(request).await
        });
        Ok(Response::new(Box::pin(until_stopped(answer.await?.into_inner(), self.stopped.clone()))))
    }
}

#[tonic::async_trait]
impl MembershipFeedService for PassedOnFeed {
    type WatchMembershipsStream = MembershipStream;

    /// As `watch_identity_changes`.
    async fn watch_memberships(
        &self,
        request: Request<WatchMembershipsRequest>,
    ) -> Result<Response<MembershipStream>, Status> {
        let answer = self.gateway.ask(request, async |projector, request| {
            MembershipFeedServiceClient::new(projector.channel.clone()).watch_memberships(request).await
        });
        Ok(Response::new(Box::pin(until_stopped(answer.await?.into_inner(), self.stopped.clone()))))
    }
}

/// A stream that is passed on until it ends, its caller leaves or the server ends.
fn until_stopped<M: Send + 'static>(
    mut messages: Streaming<M>,
    mut stopped: watch::Receiver<bool>,
) -> ReceiverStream<Result<M, Status>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let message = tokio::select! {
                message = messages.next() => message,
                _ = stopped.wait_for(|stopped| *stopped) => Some(Err(status::ending())),
                () = sender.closed() => None,
            };
            let Some(message) = message else { return };
            let is_end = message.is_err();
            if sender.send(message).await.is_err() || is_end {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}
