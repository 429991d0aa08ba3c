//! Pages of definitions, versions and sets: how many, and after what.

use prost::Message;
use proto::definition::{ListDefinitionSetsRequest, ListDefinitionVersionsRequest, ListDefinitionsRequest};
use serde::{Serialize, de::DeserializeOwned};
use tonic::Status;

use crate::{status, token::PageToken};

const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;

/// Which part of a list is asked for.
pub(super) struct Page<A> {
    pub(super) size: usize,
    pub(super) after: Option<A>,
    /// Short hash of all that must not change from page to page.
    request: String,
}

/// A request for a page.
pub(super) trait Paged: Message + Clone {
    /// Takes size, token and offset out, which may change from page to page; the first two.
    fn take(&mut self) -> (i32, String);
}

macro_rules! paged {
    ($($request:ty),*) => {
        $(impl Paged for $request {
            fn take(&mut self) -> (i32, String) {
                self.min_offset = None;
                (std::mem::take(&mut self.page_size), std::mem::take(&mut self.page_token))
            }
        })*
    };
}

paged!(ListDefinitionsRequest, ListDefinitionVersionsRequest, ListDefinitionSetsRequest);

impl<A: Serialize + DeserializeOwned> Page<A> {
    /// Of a request.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a size out of range, or a token of another request.
    pub(super) fn of(request: &impl Paged) -> Result<Self, Status> {
        let mut fixed = request.clone();
        let (size, token) = fixed.take();
        let key = types::HashKey::derive("page token");
        let request = key.content_hash(&fixed.encode_to_vec()).to_string();
        Ok(Self { size: page_size(size)?, after: after(&token, &request)?, request })
    }

    /// The token of the page after what was returned last.
    pub(super) fn token(&self, after: A) -> String {
        PageToken { request: self.request.clone(), after }.encode()
    }
}

fn after<A: Serialize + DeserializeOwned>(token: &str, request: &str) -> Result<Option<A>, Status> {
    if token.is_empty() {
        return Ok(None);
    }
    let token = PageToken::<A>::decode(token).filter(|token| token.request == request);
    let token = token.ok_or_else(|| {
        status::invalid("page_token", "no token of this request; send next_page_token with all other fields unchanged")
    })?;
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
