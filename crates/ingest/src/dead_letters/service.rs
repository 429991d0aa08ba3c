//! `patron.ingest.v1.DeadLetterService`.

use std::collections::BTreeMap;
use std::ops::Bound;

use journal::Position;
use proto::ingest::dead_letter_service_server::{DeadLetterService, DeadLetterServiceServer};
use proto::ingest::{
    DeadLetterFilter, DropDeadLettersRequest, DropDeadLettersResponse, GetDeadLetterRequest, GetDeadLetterResponse,
    ListDeadLetterGroupsRequest, ListDeadLetterGroupsResponse, ListDeadLettersRequest, ListDeadLettersResponse,
    RedriveDeadLettersRequest, RedriveDeadLettersResponse,
};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};
use types::dead_letter::DeadLetter;

use super::redrive::{SettleError, drop_letters, redrive};
use super::{DeadLetters, Shared, scan, shown};
use crate::status;

const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;
/// Most scans of the topic under way at once.
const SCANS_MAX: usize = 4;

static SCANS: Semaphore = Semaphore::const_new(SCANS_MAX);

impl DeadLetters {
    /// The tonic server.
    pub fn into_server(self) -> DeadLetterServiceServer<Self> {
        DeadLetterServiceServer::new(self)
    }

    /// Runs on a thread where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, SettleError> + Send + 'static,
    ) -> Result<T, Status> {
        let permit = SCANS.try_acquire().map_err(|_| status::busy_scanning(SCANS_MAX))?;
        let shared = self.shared.clone();
        // Held by the work, which goes on when its caller has left.
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&shared);
            drop(permit);
            done
        });
        let done = done.await;
        done.map_err(|error| Status::internal(format!("the work broke off: {error}")))?.map_err(|error| failed(&error))
    }
}

#[tonic::async_trait]
impl DeadLetterService for DeadLetters {
    async fn list_dead_letter_groups(
        &self,
        request: Request<ListDeadLetterGroupsRequest>,
    ) -> Result<Response<ListDeadLetterGroupsResponse>, Status> {
        let filter = request.into_inner().filter.unwrap_or_default();
        let letters = self.blocking(move |shared| Ok(scan::unsettled(shared.letters.as_ref(), &filter)?)).await?;
        Ok(Response::new(ListDeadLetterGroupsResponse { groups: shown::groups(letters.into_values()) }))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let ListDeadLettersRequest { filter, page_size, page_token } = request.into_inner();
        let (size, after) = (size(page_size)?, after(&page_token)?);
        let filter = filter.unwrap_or_default();
        let letters = self.blocking(move |shared| Ok(scan::unsettled(shared.letters.as_ref(), &filter)?)).await?;
        Ok(Response::new(page(letters, after, size)))
    }

    async fn get_dead_letter(
        &self,
        request: Request<GetDeadLetterRequest>,
    ) -> Result<Response<GetDeadLetterResponse>, Status> {
        let id = request.into_inner().id;
        let wanted = id.clone();
        let found = self.blocking(move |shared| Ok(scan::find(shared.letters.as_ref(), &wanted)?)).await?;
        let letter = found.ok_or_else(|| status::no_such_letter(&id))?;
        let bytes = letter.value.as_ref().map_or(0, Vec::len);
        Ok(Response::new(GetDeadLetterResponse { letter: Some(shown::letter(letter, bytes)) }))
    }

    async fn redrive_dead_letters(
        &self,
        request: Request<RedriveDeadLettersRequest>,
    ) -> Result<Response<RedriveDeadLettersResponse>, Status> {
        let filter = request.into_inner().filter.unwrap_or_default();
        self.blocking(move |shared| redrive(shared, &filter)).await.map(Response::new)
    }

    async fn drop_dead_letters(
        &self,
        request: Request<DropDeadLettersRequest>,
    ) -> Result<Response<DropDeadLettersResponse>, Status> {
        let filter = request.into_inner().filter.unwrap_or_default();
        if filter == DeadLetterFilter::default() {
            return Err(status::invalid("filter", "dropping is final: name ids, a reason or a topic"));
        }
        let dropped = self.blocking(move |shared| drop_letters(shared, &filter)).await?;
        Ok(Response::new(DropDeadLettersResponse { dropped: i64::try_from(dropped).unwrap_or(i64::MAX) }))
    }
}

fn page(
    letters: BTreeMap<Position, (DeadLetter, usize)>,
    after: Option<Position>,
    size: usize,
) -> ListDeadLettersResponse {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = letters.range((from, Bound::Unbounded));
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let more = page.last().filter(|_| rest.next().is_some());
    let next_page_token = more.map_or_else(String::new, |(at, _)| format!("{}/{}", at.partition, at.offset));
    let letters = page.iter().map(|(_, (letter, bytes))| shown::letter(letter.clone(), *bytes)).collect();
    ListDeadLettersResponse { letters, next_page_token }
}

fn size(size: i32) -> Result<usize, Status> {
    match usize::try_from(size) {
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) if size <= PAGE_SIZE_MAX => Ok(size),
        _ => Err(status::invalid("page_size", &format!("{size} given; 1 to {PAGE_SIZE_MAX}, or 0"))),
    }
}

fn after(token: &str) -> Result<Option<Position>, Status> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (partition, offset) = token.split_once('/')?;
        Some(Position { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
    };
    read()
        .map(Some)
        .ok_or_else(|| status::invalid("page_token", "no token of this call; send next_page_token as it came"))
}

fn failed(error: &SettleError) -> Status {
    match error {
        SettleError::Append(error) => status::of_append(error),
        SettleError::Read(error) => status::unreadable(&error.to_string()),
    }
}
