//! Streaming every customer from one snapshot.

use std::{sync::LazyLock, time::Duration};

use proto::{customer::ListCustomersResponse, mask::ReadMask};
use store::CustomerRows;
use tokio::sync::mpsc;
use tonic::Status;

use super::{covered, now::shown};
use crate::{
    context::Context,
    walk::{Caller, Ended, Limits, Walks},
};

const LIMITS: Limits = Limits { walks_max: 16, queue_max: 64, read_on_max: Duration::from_secs(30) };

static WALKS: LazyLock<Walks> = LazyLock::new(|| Walks::new("ListCustomers", LIMITS));

/// Starts the walk on a thread where it may block.
///
/// # Errors
/// RESOURCE_EXHAUSTED with RetryInfo while as many others as may be are under way.
pub(super) fn start(
    context: Context,
    mask: ReadMask,
    include_receipts: bool,
) -> Result<mpsc::Receiver<Result<ListCustomersResponse, Status>>, Status> {
    WALKS.start(move |caller| walk(&context, &mask, include_receipts, caller))
}

fn walk(
    context: &Context,
    mask: &ReadMask,
    include_receipts: bool,
    caller: &Caller<ListCustomersResponse>,
) -> Result<(), Ended> {
    let snapshot = context.store.snapshot();
    let mut applied = covered(&snapshot).map_err(Ended::Failed)?;
    let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
    rows.for_each(|resolved| {
        if caller.is_gone() {
            return Err(Ended::Unread);
        }
        if !include_receipts && !resolved.identity.is_known() {
            return Ok(());
        }
        let customer = Some(shown(&rows, &resolved, mask)?);
        caller.tell(ListCustomersResponse { customer, applied: std::mem::take(&mut applied) })
    })
}
