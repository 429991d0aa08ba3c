//! `patron.segment.v1.SegmentService`: who is in a segment, until when, and why – by one snapshot and one instant.
//!
//! Every answer but a history is what the touchpoints give at the moment that it is asked for; what is remembered for the next – cuts of
//! the population, and what conditions come to for whom – is worked out again where something has changed. A history is read from
//! what was told. Owns no definition: segments are those of the state's definitions, and what changes them goes through a door that
//! is handed in.

use std::{pin::Pin, sync::Arc};

use proto::segment::{
    BacktestRequest, BacktestResponse, CheckMembershipRequest, CheckMembershipResponse, CountExpressionRequest,
    CountExpressionResponse, CountSegmentRequest, CountSegmentResponse, CreateSegmentRequest, CreateSegmentResponse,
    DeleteSegmentRequest, DeleteSegmentResponse, ExplainMembershipRequest, ExplainMembershipResponse,
    GetMembershipHistoryRequest, GetMembershipHistoryResponse, GetSchemaRequest, GetSchemaResponse, GetSegmentRequest,
    GetSegmentResponse, ListMembersRequest, ListMembersResponse, ListSegmentsRequest, ListSegmentsResponse,
    UpdateSegmentRequest, UpdateSegmentResponse,
    segment_service_server::{SegmentService, SegmentServiceServer},
};
use tokio::sync::Semaphore;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{
    context::{Context, Contexts},
    status,
};

mod answer;
mod backtest;
mod catalogue;
mod check;
mod count;
mod counts;
mod cuts;
mod edit;
mod explain;
mod feed_state;
mod history;
mod members;
mod moment;
mod population;
mod schema;

pub use counts::CountSettings;
pub use edit::Definer;

use counts::{Counts, Effort};

/// Most scans of all customers under way at once, over all callers.
const SCANS_MAX: usize = 2;

static SCANS: Semaphore = Semaphore::const_new(SCANS_MAX);

/// Answers questions about segments.
#[derive(Clone, Debug)]
pub struct SegmentQueries {
    contexts: Contexts,
    counts: Arc<Counts>,
}

impl SegmentQueries {
    /// The service over what is served, and over what was told of it.
    pub fn server(contexts: Contexts) -> SegmentServiceServer<Self> {
        let counts = Arc::new(Counts::new(contexts.counts));
        SegmentServiceServer::new(Self { contexts, counts })
    }

    /// Runs a count, by a scan unless it is known at once; what it leaves behind for others is looked after.
    async fn count<T: Send + 'static>(
        &self,
        context: &Context,
        call: &str,
        count: impl Fn(&Context, &Counts, Effort) -> Result<Option<T>, Status> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        if let Some(answer) = count(context, &self.counts, Effort::AtOnce)? {
            return Ok(Response::new(answer));
        }
        let counts = Arc::clone(&self.counts);
        let answer = scan(context, call, move |context| count(context, &counts, Effort::Whole)).await;
        self.counts.watch(&self.contexts);
        let answer = answer?.into_inner();
        answer.map(Response::new).ok_or_else(|| status::internal("a count with all effort came to nothing"))
    }
}

/// Runs a scan over all customers.
async fn scan<T: Send + 'static>(
    context: &Context,
    call: &str,
    scan: impl FnOnce(&Context) -> Result<T, Status> + Send + 'static,
) -> Result<Response<T>, Status> {
    let _permit = SCANS.try_acquire().map_err(|_| status::busy(call, SCANS_MAX))?;
    context.read(scan).await.map(Response::new)
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl SegmentService for SegmentQueries {
    async fn get_schema(&self, _: Request<GetSchemaRequest>) -> Result<Response<GetSchemaResponse>, Status> {
        self.contexts.now().read(schema::served).await.map(Response::new)
    }

    async fn get_segment(&self, request: Request<GetSegmentRequest>) -> Result<Response<GetSegmentResponse>, Status> {
        let name = request.into_inner().name;
        self.contexts.now().read(move |context| catalogue::get(context, &name)).await.map(Response::new)
    }

    async fn list_segments(&self, _: Request<ListSegmentsRequest>) -> Result<Response<ListSegmentsResponse>, Status> {
        self.contexts.now().read(catalogue::list).await.map(Response::new)
    }

    async fn create_segment(
        &self,
        request: Request<CreateSegmentRequest>,
    ) -> Result<Response<CreateSegmentResponse>, Status> {
        let answer = edit::create(&self.contexts.now(), &self.counts, request.into_inner()).await;
        self.counts.watch(&self.contexts);
        answer.map(Response::new)
    }

    async fn update_segment(
        &self,
        request: Request<UpdateSegmentRequest>,
    ) -> Result<Response<UpdateSegmentResponse>, Status> {
        let answer = edit::update(&self.contexts.now(), &self.counts, request.into_inner()).await;
        self.counts.watch(&self.contexts);
        answer.map(Response::new)
    }

    async fn delete_segment(
        &self,
        request: Request<DeleteSegmentRequest>,
    ) -> Result<Response<DeleteSegmentResponse>, Status> {
        edit::delete(&self.contexts.now(), request.into_inner()).await.map(Response::new)
    }

    async fn count_segment(
        &self,
        request: Request<CountSegmentRequest>,
    ) -> Result<Response<CountSegmentResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        self.count(&context, "CountSegment", move |context, counts, effort| {
            count::segment(context, counts, effort, &request)
        })
        .await
    }

    async fn count_expression(
        &self,
        request: Request<CountExpressionRequest>,
    ) -> Result<Response<CountExpressionResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        self.count(&context, "CountExpression", move |context, counts, effort| {
            count::expression(context, counts, effort, &request)
        })
        .await
    }

    type ListMembersStream = Streamed<ListMembersResponse>;

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<Self::ListMembersStream>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let receiver = members::start(context, request.into_inner())?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn check_membership(
        &self,
        request: Request<CheckMembershipRequest>,
    ) -> Result<Response<CheckMembershipResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        context.read(move |context| check::check(context, &request)).await.map(Response::new)
    }

    async fn explain_membership(
        &self,
        request: Request<ExplainMembershipRequest>,
    ) -> Result<Response<ExplainMembershipResponse>, Status> {
        let context = self.contexts.wait_for(&request.get_ref().min_position, request.metadata()).await?;
        let request = request.into_inner();
        context.read(move |context| explain::explain(context, &request)).await.map(Response::new)
    }

    async fn get_membership_history(
        &self,
        request: Request<GetMembershipHistoryRequest>,
    ) -> Result<Response<GetMembershipHistoryResponse>, Status> {
        let request = request.into_inner();
        let read = move |context: &Context| history::page(context, &context.told.published, &request);
        self.contexts.now().read(read).await.map(Response::new)
    }

    type BacktestStream = Streamed<BacktestResponse>;

    async fn backtest(&self, request: Request<BacktestRequest>) -> Result<Response<Self::BacktestStream>, Status> {
        let context = self.contexts.now();
        let request = request.into_inner();
        let instants = scan(&context, "Backtest", move |context| backtest::counts(context, &request)).await?;
        let instants = instants.into_inner().into_iter().map(Ok);
        Ok(Response::new(Box::pin(tokio_stream::iter(instants))))
    }
}
