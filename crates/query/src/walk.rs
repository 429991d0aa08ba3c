//! Streams the answers of a walk over one snapshot, no faster than the caller reads.
//!
//! A walk holds a thread and a snapshot. So their number is bounded, and a caller who does not read for long is left behind.

use std::{sync::Arc, time::Duration};

use store::StoreError;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
};
use tonic::Status;

use crate::status;

/// The walks of one call.
pub(crate) struct Walks {
    call: &'static str,
    limits: Limits,
    slots: Arc<Semaphore>,
}

/// What bounds the walks of a call.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Most walks under way at once, over all callers.
    pub(crate) walks_max: usize,
    /// Answers that may wait for the caller.
    pub(crate) queue_max: usize,
    /// Longest wait for a caller to read on.
    pub(crate) read_on_max: Duration,
}

/// Who reads the answers of a walk.
pub(crate) struct Caller<A> {
    sender: mpsc::Sender<Result<A, Status>>,
    handle: Handle,
    read_on_max: Duration,
}

/// Why a walk ended early.
pub(crate) enum Ended {
    /// Nobody reads any more.
    Unread,
    /// The answer is this error.
    Failed(Status),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(status::store_failed(&error))
    }
}

impl Walks {
    /// Walks of a call, none under way.
    pub(crate) fn new(call: &'static str, limits: Limits) -> Self {
        Self { call, limits, slots: Arc::new(Semaphore::new(limits.walks_max)) }
    }

    /// Starts a walk on a thread where it may block.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED with RetryInfo while `walks_max` others are under way.
    pub(crate) fn start<A: Send + 'static>(
        &self,
        walk: impl FnOnce(&Caller<A>) -> Result<(), Ended> + Send + 'static,
    ) -> Result<mpsc::Receiver<Result<A, Status>>, Status> {
        let permit = Arc::clone(&self.slots).try_acquire_owned();
        let permit = permit.map_err(|_| status::busy(self.call, self.limits.walks_max))?;
        let (sender, receiver) = mpsc::channel(self.limits.queue_max);
        let caller = Caller { sender, handle: Handle::current(), read_on_max: self.limits.read_on_max };
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            if let Err(Ended::Failed(status)) = walk(&caller)
                && caller.send(Err(status)).is_err()
            {
                tracing::debug!("a caller left before the end of the stream");
            }
        });
        Ok(receiver)
    }
}

impl<A> Caller<A> {
    /// Hands over an answer, once there is room for it.
    pub(crate) fn tell(&self, answer: A) -> Result<(), Ended> {
        self.send(Ok(answer))
    }

    /// Whether nobody reads any more, so that a walk that has nothing to tell for long can end.
    pub(crate) fn is_gone(&self) -> bool {
        self.sender.is_closed()
    }

    fn send(&self, answer: Result<A, Status>) -> Result<(), Ended> {
        self.handle.block_on(self.sender.send_timeout(answer, self.read_on_max)).map_err(|_| Ended::Unread)
    }
}
