//! Reading a request for a page of a timeline, and naming it in page tokens.

use proto::customer::{ListTouchpointsRequest, TimelineOrder};
use tonic::Status;
use types::{Micros, TotalOrder};

use crate::{status, timeline::PageQuery, token::PageToken};

const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;

/// What a request asks for, and the name of the request in its tokens.
pub(super) fn query(request: &ListTouchpointsRequest) -> Result<(PageQuery, String), Status> {
    let order = TimelineOrder::try_from(request.order)
        .map_err(|_| status::invalid("order", "give TIMELINE_ORDER_NEWEST_FIRST or TIMELINE_ORDER_OLDEST_FIRST"))?;
    let name = name(request);
    let query = PageQuery {
        newest_first: order != TimelineOrder::OldestFirst,
        kinds: request.kinds.clone(),
        from: request.occurred_from.as_ref().map(Micros::from_proto),
        before: request.occurred_before.as_ref().map(Micros::from_proto),
        after: after(request, &name)?,
        size: page_size(request.page_size)?,
    };
    Ok((query, name))
}

/// The token of the page after a touchpoint.
pub(super) fn token(request: String, after: TotalOrder) -> String {
    PageToken { request, after }.encode()
}

fn after(request: &ListTouchpointsRequest, name: &str) -> Result<Option<TotalOrder>, Status> {
    if request.page_token.is_empty() {
        return Ok(None);
    }
    let token = PageToken::decode(&request.page_token).filter(|token| token.request == name);
    let token = token.ok_or_else(|| {
        status::invalid("page_token", "no token of this request; send next_page_token with all other fields unchanged")
    })?;
    tracing::trace!(at = %token.occurred_at(), "a page goes on");
    Ok(Some(token.after))
}

fn page_size(size: i32) -> Result<usize, Status> {
    match usize::try_from(size) {
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) if size <= PAGE_SIZE_MAX => Ok(size),
        _ => Err(status::invalid(
            "page_size",
            format!("{size} given; 1 to {PAGE_SIZE_MAX}, or 0 for {PAGE_SIZE_DEFAULT}"),
        )),
    }
}

/// Short hash of all that must not change from page to page.
fn name(request: &ListTouchpointsRequest) -> String {
    let fixed =
        ListTouchpointsRequest { page_size: 0, page_token: String::new(), min_position: Vec::new(), ..request.clone() };
    let key = types::HashKey::derive("page token");
    key.content_hash(&prost::Message::encode_to_vec(&fixed)).to_string()
}
