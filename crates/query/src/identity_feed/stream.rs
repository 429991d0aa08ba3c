//! One open stream: pages of changes as fast as the caller reads, then keep-alives until there are more.

use std::time::Duration;

use proto::customer::WatchIdentityChangesResponse;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};
use tonic::Status;

use super::{Feed, page};
use crate::{context::Contexts, status};

/// Time between two keep-alives.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Longest wait for a caller to read on.
const READ_ON_MAX: Duration = Duration::from_secs(60);

pub(super) struct Watch {
    pub(super) contexts: Contexts,
    pub(super) feed: Feed,
    pub(super) sender: mpsc::Sender<Result<WatchIdentityChangesResponse, Status>>,
    /// Sequence number of the last change that was sent.
    pub(super) after: u64,
    /// How many may still be sent.
    pub(super) left: u64,
    pub(super) end_when_sent: bool,
}

/// Why a stream ends.
enum End {
    /// Its caller left, reads no more, or has all that was asked for.
    Done,
    Failed(Status),
}

impl Watch {
    pub(super) async fn run(mut self, _permit: OwnedSemaphorePermit) {
        if let End::Failed(status) = self.send_all().await
            && self.sender.send_timeout(Err(status), READ_ON_MAX).await.is_err()
        {
            tracing::debug!("a watcher left before it was told why its stream ends");
        }
    }

    async fn send_all(&mut self) -> End {
        let mut alive_at = Instant::now();
        loop {
            let max = page::CHANGES_MAX.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let (published, after) = (self.feed.published.clone(), self.after);
            let read = self.contexts.now().read(move |context| page::read(context, &published, after, max)).await;
            let page = match read {
                Ok(page) => page,
                Err(status) => return End::Failed(status),
            };
            let is_end = page.changes.is_empty();
            for (sequence, change) in page.changes {
                if let Err(end) = self.send(change).await {
                    return end;
                }
                (self.after, self.left) = (sequence, self.left - 1);
            }
            if self.left == 0 {
                return End::Done;
            }
            if !is_end {
                continue;
            }
            if Instant::now() >= alive_at || self.end_when_sent {
                if let Err(end) = self.send(page.alive).await {
                    return end;
                }
                alive_at = Instant::now() + KEEP_ALIVE;
            }
            if self.end_when_sent {
                return End::Done;
            }
            if let Err(end) = self.wait(alive_at).await {
                return end;
            }
        }
    }

    async fn send(&self, message: WatchIdentityChangesResponse) -> Result<(), End> {
        self.sender.send_timeout(Ok(message), READ_ON_MAX).await.map_err(|_| End::Done)
    }

    /// Until there are more changes, or a keep-alive is due.
    async fn wait(&mut self, alive_at: Instant) -> Result<(), End> {
        let Feed { last, stopped, .. } = &mut self.feed;
        let after = self.after;
        tokio::select! {
            more = last.wait_for(|last| *last > after) => match more {
                Ok(_) => Ok(()),
                Err(_) => Err(End::Failed(status::ending())),
            },
            _ = stopped.wait_for(|stopped| *stopped) => Err(End::Failed(status::ending())),
            () = self.sender.closed() => Err(End::Done),
            () = tokio::time::sleep_until(alive_at) => Ok(()),
        }
    }
}
