//! Streaming every customer from one snapshot, no faster than the caller reads.
//!
//! A walk holds a thread and a snapshot. So their number is bounded, and a caller who does not read for long is left behind.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use proto::{customer::ListCustomersResponse, mask::ReadMask};
use store::{CustomerRows, StoreError};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tonic::Status;

use super::{covered, shown};
use crate::{context::Context, status};

/// Customers that may wait for the caller.
const QUEUE_MAX: usize = 64;
/// Most walks under way at once, over all callers.
const WALKS_MAX: usize = 16;
/// Longest wait for a caller to read on.
const READ_ON_MAX: Duration = Duration::from_secs(30);

static WALKS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(WALKS_MAX)));

/// What goes to the caller.
type Sender = mpsc::Sender<Result<ListCustomersResponse, Status>>;

/// Why a walk over all customers ended early.
enum Ended {
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

/// Starts the walk on a thread where it may block.
///
/// # Errors
/// RESOURCE_EXHAUSTED with RetryInfo while `WALKS_MAX` others are under way.
pub(super) fn start(
    context: Context,
    mask: ReadMask,
    include_receipts: bool,
) -> Result<mpsc::Receiver<Result<ListCustomersResponse, Status>>, Status> {
    let permit = Arc::clone(&WALKS).try_acquire_owned().map_err(|_| status::busy("ListCustomers", WALKS_MAX))?;
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || run(&context, &mask, include_receipts, &sender, &handle, permit));
    Ok(receiver)
}

fn run(
    context: &Context,
    mask: &ReadMask,
    include_receipts: bool,
    sender: &Sender,
    handle: &Handle,
    _permit: OwnedSemaphorePermit,
) {
    if let Err(Ended::Failed(status)) = walk(context, mask, include_receipts, sender, handle)
        && handle.block_on(sender.send_timeout(Err(status), READ_ON_MAX)).is_err()
    {
        tracing::debug!("a caller left before the end of the list");
    }
}

fn walk(
    context: &Context,
    mask: &ReadMask,
    include_receipts: bool,
    sender: &Sender,
    handle: &Handle,
) -> Result<(), Ended> {
    let snapshot = context.store.snapshot();
    let mut applied = covered(&snapshot).map_err(Ended::Failed)?;
    let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
    rows.for_each(|resolved| {
        if sender.is_closed() {
            return Err(Ended::Unread);
        }
        if !include_receipts && !resolved.identity.is_known() {
            return Ok(());
        }
        let customer = Some(shown(&rows, &resolved, mask).map_err(Ended::Failed)?);
        let response = ListCustomersResponse { customer, applied: std::mem::take(&mut applied) };
        handle.block_on(sender.send_timeout(Ok(response), READ_ON_MAX)).map_err(|_| Ended::Unread)
    })
}
