//! `AdminService`, passed on.

use proto::admin::{
    GetDigestRequest, GetDigestResponse, GetStatusRequest, GetStatusResponse,
    admin_service_server::{AdminService, AdminServiceServer},
};
use tonic::{Request, Response, Status};

use super::Gateway;

impl Gateway {
    /// The tonic server of operators' questions.
    pub fn admin_server(&self) -> AdminServiceServer<Self> {
        AdminServiceServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl AdminService for Gateway {
    async fn get_status(&self, request: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        self.ask(request, async |projector, request| projector.admin().get_status(request).await).await
    }

    async fn get_digest(&self, request: Request<GetDigestRequest>) -> Result<Response<GetDigestResponse>, Status> {
        self.ask(request, async |projector, request| projector.admin().get_digest(request).await).await
    }
}
