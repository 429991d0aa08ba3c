//! `DefinitionService`, passed on.

use proto::definition::{
    GetDefinitionRequest, GetDefinitionResponse, ListDefinitionSetsRequest, ListDefinitionSetsResponse,
    ListDefinitionVersionsRequest, ListDefinitionVersionsResponse, ListDefinitionsRequest, ListDefinitionsResponse,
    definition_service_client::DefinitionServiceClient,
    definition_service_server::{DefinitionService, DefinitionServiceServer},
};
use tonic::{Request, Response, Status, transport::Channel};

use super::{ANSWER_BYTES_MAX, Gateway, Projector};

impl Gateway {
    /// The tonic server of definitions.
    pub fn definitions_server(&self) -> DefinitionServiceServer<Self> {
        DefinitionServiceServer::new(self.clone())
    }
}

impl Projector {
    fn definitions(&self) -> DefinitionServiceClient<Channel> {
        DefinitionServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}

#[tonic::async_trait]
impl DefinitionService for Gateway {
    async fn get_definition(
        &self,
        request: Request<GetDefinitionRequest>,
    ) -> Result<Response<GetDefinitionResponse>, Status> {
        self.ask(request, async |projector, request| projector.definitions().get_definition(request).await).await
    }

    async fn list_definitions(
        &self,
        request: Request<ListDefinitionsRequest>,
    ) -> Result<Response<ListDefinitionsResponse>, Status> {
        self.ask(request, async |projector, request| projector.definitions().list_definitions(request).await).await
    }

    async fn list_definition_versions(
        &self,
        request: Request<ListDefinitionVersionsRequest>,
    ) -> Result<Response<ListDefinitionVersionsResponse>, Status> {
        let call =
            async |projector: &Projector, request| projector.definitions().list_definition_versions(request).await;
        self.ask(request, call).await
    }

    async fn list_definition_sets(
        &self,
        request: Request<ListDefinitionSetsRequest>,
    ) -> Result<Response<ListDefinitionSetsResponse>, Status> {
        self.ask(request, async |projector, request| projector.definitions().list_definition_sets(request).await).await
    }
}
