//! `ExportService`, passed on.

use std::pin::Pin;

use proto::customer::{
    ExportRequest, ExportResponse,
    export_service_client::ExportServiceClient,
    export_service_server::{ExportService, ExportServiceServer},
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::{ANSWER_BYTES_MAX, Gateway};

impl Gateway {
    /// The tonic server of exports: all of one is of the projector that answers.
    pub fn export_server(&self) -> ExportServiceServer<Self> {
        ExportServiceServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl ExportService for Gateway {
    type ExportStream = Pin<Box<dyn Stream<Item = Result<ExportResponse, Status>> + Send>>;

    /// A projector that goes away in the middle ends the stream: another has another snapshot.
    async fn export(&self, request: Request<ExportRequest>) -> Result<Response<Self::ExportStream>, Status> {
        let answer = self.ask(request, async |projector, request| {
            let client = ExportServiceClient::new(projector.channel.clone());
            client.max_decoding_message_size(ANSWER_BYTES_MAX).export(request).await
        });
        Ok(answer.await?.map(|stream| Box::pin(stream) as Self::ExportStream))
    }
}
