//! What was told of one customer: a page of the changes of its memberships, under all ids that are its own now.

use std::collections::BTreeSet;

use proto::{
    customer::TimelineOrder,
    segment::{GetMembershipHistoryRequest, GetMembershipHistoryResponse},
};
use store::{
    CustomerRows, Published, StoreError,
    published::{HistoryPart, memberships::MembershipChange},
};
use tonic::Status;
use types::IdentifierId;

use crate::{
    context::Context,
    customer_service::sought,
    membership_view::Viewer,
    status,
    token::{Cursor, PageToken},
};

const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;
/// Most changes looked at for one page, of whatever segments; the next page goes on.
const LOOKED_AT_MAX: usize = 10_000;

/// A page of the history that is asked for.
pub(super) fn page(
    context: &Context,
    published: &Published,
    request: &GetMembershipHistoryRequest,
) -> Result<GetMembershipHistoryResponse, Status> {
    let failed = |error: StoreError| status::store_failed(&error);
    let (sought, who) = sought(context, request.customer.as_ref(), "customer")?;
    let name = name(request);
    let asked = Asked {
        newest_first: newest_first(request.order)?,
        segments: request.segments.iter().map(String::as_str).collect(),
        size: page_size(request.page_size)?,
    };
    let after = after(published, request, &name)?;
    let snapshot = context.store.snapshot();
    let id = sought.held(context, &snapshot)?;
    let rows = CustomerRows::new(&snapshot, &context.rules, &context.hash_key);
    let resolved = rows.find(id).map_err(failed)?.ok_or_else(|| status::customer_not_found(&who))?;
    // A customer's id is that of one of its identifiers: all ids that it ever had are among these.
    let ids: Vec<IdentifierId> = resolved.identity.identifiers.iter().map(|(id, _)| *id).collect();
    let (found, more) = asked.read(published, &ids, after).map_err(failed)?;
    let feed = published.feed();
    let viewer = Viewer::new(context, &snapshot, feed);
    let changes = found.into_iter().map(|(sequence, change)| viewer.shown(sequence, change));
    let token = |sequence| PageToken { request: name, after: Cursor { feed, sequence } }.encode();
    Ok(GetMembershipHistoryResponse {
        customer_id: resolved.identity.id.to_string(),
        changes: changes.collect::<Result<_, _>>().map_err(failed)?,
        next_page_token: more.map(token).unwrap_or_default(),
        forgotten: published.memberships_told().map_err(failed)?.forgotten,
    })
}

struct Asked<'a> {
    newest_first: bool,
    segments: BTreeSet<&'a str>,
    size: usize,
}

/// Changes, and after which one there may be more.
type Found = (Vec<(u64, MembershipChange)>, Option<u64>);

impl Asked<'_> {
    fn read(&self, published: &Published, ids: &[IdentifierId], mut after: Option<u64>) -> Result<Found, StoreError> {
        let (mut found, mut looked_at) = (Vec::new(), 0);
        while looked_at < LOOKED_AT_MAX {
            let part = HistoryPart { newest_first: self.newest_first, after, max: self.size };
            let sequences = published.membership_history(ids, &part)?;
            for (sequence, change) in published.membership_changes_at(&sequences)? {
                if !self.segments.is_empty() && !self.segments.contains(change.segment.as_str()) {
                    continue;
                }
                found.push((sequence, change));
                if found.len() == self.size {
                    return Ok((found, Some(sequence)));
                }
            }
            looked_at += sequences.len();
            after = sequences.last().copied().or(after);
            if sequences.len() < self.size {
                return Ok((found, None));
            }
        }
        Ok((found, after))
    }
}

fn newest_first(order: i32) -> Result<bool, Status> {
    let order = TimelineOrder::try_from(order);
    let order =
        order.map_err(|_| status::invalid("order", "give TIMELINE_ORDER_NEWEST_FIRST or TIMELINE_ORDER_OLDEST_FIRST"));
    Ok(order? != TimelineOrder::OldestFirst)
}

fn page_size(size: i32) -> Result<usize, Status> {
    match usize::try_from(size) {
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) if size <= PAGE_SIZE_MAX => Ok(size),
        _ => {
            let description = format!("{size} given; 1 to {PAGE_SIZE_MAX}, or 0 for {PAGE_SIZE_DEFAULT}");
            Err(status::invalid("page_size", description))
        }
    }
}

/// The change after which the page begins.
fn after(published: &Published, request: &GetMembershipHistoryRequest, name: &str) -> Result<Option<u64>, Status> {
    if request.page_token.is_empty() {
        return Ok(None);
    }
    let token = PageToken::<Cursor>::decode(&request.page_token).filter(|token| token.request == name);
    let token = token.ok_or_else(|| {
        status::invalid("page_token", "no token of this request; send next_page_token with all other fields unchanged")
    })?;
    if token.after.feed != published.feed() {
        return Err(status::history_of_another_feed());
    }
    Ok(Some(token.after.sequence))
}

/// Short hash of all that must not change from page to page.
fn name(request: &GetMembershipHistoryRequest) -> String {
    let fixed = GetMembershipHistoryRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let key = types::HashKey::derive("page token");
    key.content_hash(&prost::Message::encode_to_vec(&fixed)).to_string()
}
