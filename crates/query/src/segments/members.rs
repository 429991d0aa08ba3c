//! Streaming the members of a segment, in the order of their ids, no faster than the caller reads.
//!
//! The ids are gathered first – 16 bytes a member – and their customers read one by one from the same snapshot. So a list that
//! broke off can go on after the last id.

use std::{sync::Arc, time::Duration};

use expr::{Depth, Program, evaluate};
use proto::{
    customer::Customer,
    mask::ReadMask,
    segment::{ListMembersRequest, ListMembersResponse},
};
use store::StoreError;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tonic::Status;
use types::IdentifierId;

use super::{answer, moment::Moment};
use crate::{contact, context::Context, status, view};

/// Members that may wait for the caller.
const QUEUE_MAX: usize = 64;
/// Most lists under way at once, over all callers.
const LISTS_MAX: usize = 4;
/// Longest wait for a caller to read on.
const READ_ON_MAX: Duration = Duration::from_secs(30);

static LISTS: std::sync::LazyLock<Arc<Semaphore>> = std::sync::LazyLock::new(|| Arc::new(Semaphore::new(LISTS_MAX)));

type Sender = mpsc::Sender<Result<ListMembersResponse, Status>>;

/// Starts a list on a thread where it may block.
///
/// # Errors
/// RESOURCE_EXHAUSTED with RetryInfo while `LISTS_MAX` others are under way; INVALID_ARGUMENT for a bad mask or id.
pub(super) fn start(
    context: Context,
    request: ListMembersRequest,
) -> Result<mpsc::Receiver<Result<ListMembersResponse, Status>>, Status> {
    let mask = mask(&request)?;
    let after = match request.after_customer_id.as_str() {
        "" => None,
        text => Some(IdentifierId::parse(text).map_err(|why| status::invalid("after_customer_id", why))?),
    };
    let permit = Arc::clone(&LISTS).try_acquire_owned().map_err(|_| status::busy("ListMembers", LISTS_MAX))?;
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let handle = Handle::current();
    let list = List { request, mask, after, sender, handle };
    tokio::task::spawn_blocking(move || list.run(&context, permit));
    Ok(receiver)
}

fn mask(request: &ListMembersRequest) -> Result<ReadMask, Status> {
    let asked = request.read_mask.clone().filter(|mask| !mask.paths.is_empty());
    let default = || prost_types::FieldMask { paths: vec!["customer_id".to_owned(), "identifiers".to_owned()] };
    ReadMask::new::<Customer>(Some(&asked.unwrap_or_else(default)))
        .map_err(|description| status::invalid("read_mask", description))
}

struct List {
    request: ListMembersRequest,
    mask: ReadMask,
    after: Option<IdentifierId>,
    sender: Sender,
    handle: Handle,
}

impl List {
    fn run(&self, context: &Context, _permit: OwnedSemaphorePermit) {
        if let Err(status) = self.walk(context)
            && self.handle.block_on(self.sender.send_timeout(Err(status), READ_ON_MAX)).is_err()
        {
            tracing::debug!("a caller left before the end of the list");
        }
    }

    fn walk(&self, context: &Context) -> Result<(), Status> {
        let moment = Moment::new(context, self.request.as_of.as_ref())?;
        let (_, program) = moment.segment("segment", &self.request.segment)?;
        let moment = moment.with_cuts([&program])?;
        let failed = |error: StoreError| status::store_failed(&error);
        let members = self.members(&moment, &program).map_err(failed)?;
        let mut first = Some(ListMembersResponse {
            evaluated_at: Some(moment.now.to_proto()),
            time_zone: moment.time_zone(),
            applied: moment.applied()?,
            ..ListMembersResponse::default()
        });
        for id in members {
            let Some(subject) = moment.find(id).map_err(failed)? else { continue };
            let rows = store::CustomerRows::new(&moment.snapshot, &context.rules, &context.hash_key);
            let state = rows.state_to(&subject.resolved.identity, view::depth(&self.mask)).map_err(failed)?;
            let mut customer = view::customer(&subject.resolved, &state, &self.mask);
            if self.mask.names("contact") {
                customer.contact = contact::shown(context, &state, &subject.customer, moment.now);
            }
            let response = ListMembersResponse {
                customer: Some(customer),
                leaves_at: answer::ends(&moment, &program, &subject).0,
                ..first.take().unwrap_or_default()
            };
            if self.handle.block_on(self.sender.send_timeout(Ok(response), READ_ON_MAX)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn members(&self, moment: &Moment<'_>, program: &Program) -> Result<Vec<IdentifierId>, StoreError> {
        let (caps, channel) = (&moment.context.caps, self.request.channel.as_str());
        let mut wanted = moment.wanted([program], self.request.include_receipts);
        if !channel.is_empty() {
            wanted.reach = wanted.reach.max(caps.reach(channel));
            wanted.depth = wanted.depth.max(Depth::Registers);
        }
        let members = moment.tally(wanted, Vec::new, |members, subject| {
            let id = subject.resolved.identity.id;
            let after = self.after.is_none_or(|after| id > after);
            let allowed = channel.is_empty() || caps.allow(channel, &subject.customer, moment.now);
            if after && allowed && evaluate(program, &subject.customer, &moment.segments, moment.now).truth {
                members.push(id);
            }
        })?;
        let mut members = members.concat();
        members.sort_unstable();
        Ok(members)
    }
}
