//! One open stream of a feed: pages of changes as fast as the caller reads, then keep-alives until there are more.
//!
//! Owns cursors, and that a stream has no gap: what is no longer kept is an error, never left out. What a change looks like is its
//! service's.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use store::Published;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{
    context::{Context, Contexts},
    status,
    token::Cursor,
};

/// Messages that may wait for a caller.
const QUEUE_MAX: usize = 64;
/// Most streams open at once, over all feeds.
const WATCHERS_MAX: usize = 100;
/// Most changes of a page.
const CHANGES_MAX: usize = 100;

static WATCHERS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(WATCHERS_MAX)));

/// Where a feed is read from.
#[derive(Clone, Debug)]
pub struct Feed {
    /// What was told.
    pub published: Arc<Published>,
    /// Sequence number of the last change; changes once more is on disk.
    pub last: watch::Receiver<u64>,
    /// Whether the server ends.
    pub stopped: watch::Receiver<bool>,
}

/// Changes by sequence number, and the keep-alive that follows the last of all.
pub(crate) struct Page<M> {
    /// `None` for a change that the caller does not want.
    pub(crate) changes: Vec<(u64, Option<M>)>,
    /// True only where `changes` is empty.
    pub(crate) alive: M,
}

/// One kind of feed.
pub(crate) trait Source: Send + Sync + 'static {
    /// What is sent.
    type Message: Send + 'static;

    /// Sequence numbers of the last change that is no longer kept, and of the last one.
    fn kept(&self, published: &Published) -> Result<(u64, u64), Status>;

    /// Reads a page: the changes after a sequence number. Blocks.
    fn page(
        &self,
        context: &Context,
        published: &Published,
        after: u64,
        max: usize,
    ) -> Result<Page<Self::Message>, Status>;
}

/// From where to where.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) cursor: String,
    pub(crate) from_now: bool,
    pub(crate) end_when_sent: bool,
    pub(crate) changes_max: u64,
}

/// Opens a stream.
///
/// # Errors
/// INVALID_ARGUMENT, OUT_OF_RANGE or FAILED_PRECONDITION for the cursor; RESOURCE_EXHAUSTED while `WATCHERS_MAX` are open.
pub(crate) fn open<S: Source>(
    call: &str,
    contexts: &Contexts,
    feed: &Feed,
    source: S,
    wanted: &Wanted,
) -> Result<ReceiverStream<Result<S::Message, Status>>, Status> {
    let after = after(feed, &source, wanted)?;
    let permit = Arc::clone(&WATCHERS).try_acquire_owned().map_err(|_| status::busy(call, WATCHERS_MAX))?;
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let left = if wanted.changes_max == 0 { u64::MAX } else { wanted.changes_max };
    let (contexts, feed, source) = (contexts.clone(), feed.clone(), Arc::new(source));
    let watch = Watch { contexts, feed, source, sender, after, left, end_when_sent: wanted.end_when_sent };
    tokio::spawn(watch.run(permit));
    Ok(ReceiverStream::new(receiver))
}

/// The sequence number after which a stream begins.
fn after(feed: &Feed, source: &impl Source, wanted: &Wanted) -> Result<u64, Status> {
    if wanted.from_now {
        if !wanted.cursor.is_empty() {
            return Err(status::invalid("from_now", "a cursor is given too; give one of the two"));
        }
        return Ok(*feed.last.borrow());
    }
    let after = if wanted.cursor.is_empty() {
        0
    } else {
        let cursor = Cursor::decode(&wanted.cursor);
        let cursor = cursor.ok_or_else(|| status::invalid("cursor", "it is none of this service's"))?;
        if cursor.feed != feed.published.feed() {
            return Err(status::cursor_of_another_feed());
        }
        cursor.sequence
    };
    let (forgotten, last) = source.kept(&feed.published)?;
    if after > last {
        return Err(status::cursor_of_another_feed());
    }
    if after < forgotten { Err(status::cursor_forgotten(after, forgotten)) } else { Ok(after) }
}

/// The cursor behind a change.
pub(crate) fn cursor(published: &Published, sequence: u64) -> String {
    Cursor { feed: published.feed(), sequence }.encode()
}

/// Time between two keep-alives.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Longest wait for a caller to read on.
const READ_ON_MAX: Duration = Duration::from_secs(60);

struct Watch<S: Source> {
    contexts: Contexts,
    feed: Feed,
    source: Arc<S>,
    sender: mpsc::Sender<Result<S::Message, Status>>,
    /// Sequence number of the last change that was sent.
    after: u64,
    /// How many may still be sent.
    left: u64,
    end_when_sent: bool,
}

/// Why a stream ends.
enum End {
    /// Its caller left, reads no more, or has all that was asked for.
    Done,
    Failed(Status),
}

impl<S: Source> Watch<S> {
    async fn run(mut self, _permit: OwnedSemaphorePermit) {
        if let End::Failed(status) = self.send_all().await
            && self.sender.send_timeout(Err(status), READ_ON_MAX).await.is_err()
        {
            tracing::debug!("a watcher left before it was told why its stream ends");
        }
    }

    async fn send_all(&mut self) -> End {
        let mut alive_at = Instant::now();
        loop {
            let max = CHANGES_MAX.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let (source, published, after) = (Arc::clone(&self.source), self.feed.published.clone(), self.after);
            let read = self.contexts.now().read(move |context| source.page(context, &published, after, max)).await;
            let page = match read {
                Ok(page) => page,
                Err(status) => return End::Failed(status),
            };
            let is_end = page.changes.is_empty();
            for (sequence, change) in page.changes {
                if let Some(change) = change
                    && let Err(end) = self.send(change).await
                {
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

    async fn send(&self, message: S::Message) -> Result<(), End> {
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
