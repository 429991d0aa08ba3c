//! `SegmentService`, passed on.

use std::pin::Pin;

use proto::segment::{
    BacktestRequest, BacktestResponse, CheckMembershipRequest, CheckMembershipResponse, CountExpressionRequest,
    CountExpressionResponse, CountSegmentRequest, CountSegmentResponse, CreateSegmentRequest, CreateSegmentResponse,
    DeleteSegmentRequest, DeleteSegmentResponse, ExplainMembershipRequest, ExplainMembershipResponse,
    GetMembershipHistoryRequest, GetMembershipHistoryResponse, GetSchemaRequest, GetSchemaResponse, GetSegmentRequest,
    GetSegmentResponse, ListMembersRequest, ListMembersResponse, ListSegmentsRequest, ListSegmentsResponse,
    UpdateSegmentRequest, UpdateSegmentResponse,
    segment_service_server::{SegmentService, SegmentServiceServer},
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::Gateway;

impl Gateway {
    /// The tonic server of segments.
    pub fn segments_server(&self) -> SegmentServiceServer<Self> {
        SegmentServiceServer::new(self.clone())
    }
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl SegmentService for Gateway {
    async fn get_schema(&self, request: Request<GetSchemaRequest>) -> Result<Response<GetSchemaResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().get_schema(request).await).await
    }

    async fn get_segment(&self, request: Request<GetSegmentRequest>) -> Result<Response<GetSegmentResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().get_segment(request).await).await
    }

    async fn list_segments(
        &self,
        request: Request<ListSegmentsRequest>,
    ) -> Result<Response<ListSegmentsResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().list_segments(request).await).await
    }

    async fn create_segment(
        &self,
        request: Request<CreateSegmentRequest>,
    ) -> Result<Response<CreateSegmentResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().create_segment(request).await).await
    }

    async fn update_segment(
        &self,
        request: Request<UpdateSegmentRequest>,
    ) -> Result<Response<UpdateSegmentResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().update_segment(request).await).await
    }

    async fn delete_segment(
        &self,
        request: Request<DeleteSegmentRequest>,
    ) -> Result<Response<DeleteSegmentResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().delete_segment(request).await).await
    }

    async fn count_segment(
        &self,
        request: Request<CountSegmentRequest>,
    ) -> Result<Response<CountSegmentResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().count_segment(request).await).await
    }

    async fn count_expression(
        &self,
        request: Request<CountExpressionRequest>,
    ) -> Result<Response<CountExpressionResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().count_expression(request).await).await
    }

    type ListMembersStream = Streamed<ListMembersResponse>;

    /// A projector that goes away in the middle ends the stream; `after_customer_id` goes on.
    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<Self::ListMembersStream>, Status> {
        let answer = self.ask(request, async |projector, request| projector.segments().list_members(request).await);
        Ok(answer.await?.map(|stream| Box::pin(stream) as Self::ListMembersStream))
    }

    async fn check_membership(
        &self,
        request: Request<CheckMembershipRequest>,
    ) -> Result<Response<CheckMembershipResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().check_membership(request).await).await
    }

    async fn explain_membership(
        &self,
        request: Request<ExplainMembershipRequest>,
    ) -> Result<Response<ExplainMembershipResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().explain_membership(request).await).await
    }

    /// A page token is good for the projector that gave it: another one has a feed of its own, and says so.
    async fn get_membership_history(
        &self,
        request: Request<GetMembershipHistoryRequest>,
    ) -> Result<Response<GetMembershipHistoryResponse>, Status> {
        self.ask(request, async |projector, request| projector.segments().get_membership_history(request).await).await
    }

    type BacktestStream = Streamed<BacktestResponse>;

    async fn backtest(&self, request: Request<BacktestRequest>) -> Result<Response<Self::BacktestStream>, Status> {
        let answer = self.ask(request, async |projector, request| projector.segments().backtest(request).await);
        Ok(answer.await?.map(|stream| Box::pin(stream) as Self::BacktestStream))
    }
}
