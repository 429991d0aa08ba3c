//! `CustomerService`, passed on.

use std::pin::Pin;

use proto::customer::{
    BatchGetCustomersRequest, BatchGetCustomersResponse, ExplainCustomerRequest, ExplainCustomerResponse,
    GetCustomerRequest, GetCustomerResponse, ListCustomersRequest, ListCustomersResponse, ListTouchpointsRequest,
    ListTouchpointsResponse,
    customer_service_server::{CustomerService, CustomerServiceServer},
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::Gateway;

impl Gateway {
    /// The tonic server of customers.
    pub fn customers_server(&self) -> CustomerServiceServer<Self> {
        CustomerServiceServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl CustomerService for Gateway {
    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        self.ask(request, async |projector, request| projector.customers().get_customer(request).await).await
    }

    async fn batch_get_customers(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<Response<BatchGetCustomersResponse>, Status> {
        self.ask(request, async |projector, request| projector.customers().batch_get_customers(request).await).await
    }

    type ListCustomersStream = Pin<Box<dyn Stream<Item = Result<ListCustomersResponse, Status>> + Send>>;

    /// A projector that goes away in the middle ends the stream: another has another order.
    async fn list_customers(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<Response<Self::ListCustomersStream>, Status> {
        let answer = self.ask(request, async |projector, request| projector.customers().list_customers(request).await);
        Ok(answer.await?.map(|stream| Box::pin(stream) as Self::ListCustomersStream))
    }

    async fn list_touchpoints(
        &self,
        request: Request<ListTouchpointsRequest>,
    ) -> Result<Response<ListTouchpointsResponse>, Status> {
        self.ask(request, async |projector, request| projector.customers().list_touchpoints(request).await).await
    }

    async fn explain_customer(
        &self,
        request: Request<ExplainCustomerRequest>,
    ) -> Result<Response<ExplainCustomerResponse>, Status> {
        self.ask(request, async |projector, request| projector.customers().explain_customer(request).await).await
    }
}
