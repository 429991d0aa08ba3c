//! Streaming every customer from one snapshot, no faster than the caller reads.

use proto::{customer::ListCustomersResponse, mask::ReadMask};
use store::{CustomerRows, StoreError};
use tokio::sync::mpsc;
use tonic::Status;

use super::{covered, shown};
use crate::{context::Context, status};

/// Customers that may wait for the caller.
const QUEUE_MAX: usize = 64;

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

/// Starts the walk on a thread of its own kind.
pub(super) fn start(
    context: Context,
    mask: ReadMask,
    include_receipts: bool,
) -> mpsc::Receiver<Result<ListCustomersResponse, Status>> {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    tokio::task::spawn_blocking(move || {
        if let Err(Ended::Failed(status)) = walk(&context, &mask, include_receipts, &sender)
            && sender.blocking_send(Err(status)).is_err()
        {
            tracing::debug!("a caller left before the end of the list");
        }
    });
    receiver
}

fn walk(
    context: &Context,
    mask: &ReadMask,
    include_receipts: bool,
    sender: &mpsc::Sender<Result<ListCustomersResponse, Status>>,
) -> Result<(), Ended> {
    let snapshot = context.store.snapshot();
    let mut applied = covered(&snapshot).map_err(Ended::Failed)?;
    let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
    rows.for_each(|resolved| {
        if !include_receipts && !resolved.identity.is_known() {
            return Ok(());
        }
        let customer = Some(shown(&rows, &resolved, mask).map_err(Ended::Failed)?);
        let response = ListCustomersResponse { customer, applied: std::mem::take(&mut applied) };
        sender.blocking_send(Ok(response)).map_err(|_| Ended::Unread)
    })
}
