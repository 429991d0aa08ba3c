//! `VerifyService`, passed on.

use std::pin::Pin;

use proto::admin::{
    VerifyRequest, VerifyResponse,
    verify_service_client::VerifyServiceClient,
    verify_service_server::{VerifyService, VerifyServiceServer},
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::Gateway;

impl Gateway {
    /// The tonic server of verifies: the state that is verified is that of the projector which answers.
    pub fn verify_server(&self) -> VerifyServiceServer<Self> {
        VerifyServiceServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl VerifyService for Gateway {
    type VerifyStream = Pin<Box<dyn Stream<Item = Result<VerifyResponse, Status>> + Send>>;

    /// A projector that goes away in the middle ends the stream: another has another state.
    async fn verify(&self, request: Request<VerifyRequest>) -> Result<Response<Self::VerifyStream>, Status> {
        let answer = self.ask(request, async |projector, request| {
            VerifyServiceClient::new(projector.channel.clone()).verify(request).await
        });
        Ok(answer.await?.map(|stream| Box::pin(stream) as Self::VerifyStream))
    }
}
