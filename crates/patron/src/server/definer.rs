//! The door by which SegmentService defines segments: this process's own ingest, or another one's, by gRPC.

use std::{sync::Arc, time::Duration};

use ingest::Definitions;
use proto::definition::{
    ApplyDefinitionsRequest, ApplyDefinitionsResponse, apply_service_client::ApplyServiceClient,
    apply_service_server::ApplyService as _,
};
use query::Definer;
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};

/// How long an ingest may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// This process's own.
struct Own(Definitions);

#[tonic::async_trait]
impl Definer for Own {
    async fn apply(&self, request: ApplyDefinitionsRequest) -> Result<ApplyDefinitionsResponse, Status> {
        self.0.apply_definitions(Request::new(request)).await.map(tonic::Response::into_inner)
    }
}

/// Another process's.
struct Remote(Channel);

#[tonic::async_trait]
impl Definer for Remote {
    async fn apply(&self, request: ApplyDefinitionsRequest) -> Result<ApplyDefinitionsResponse, Status> {
        ApplyServiceClient::new(self.0.clone()).apply_definitions(request).await.map(tonic::Response::into_inner)
    }
}

/// The own door.
pub(super) fn own(definitions: Definitions) -> Arc<dyn Definer> {
    Arc::new(Own(definitions))
}

/// The door at an address; `None` where none is configured. Connects when it is needed.
///
/// # Errors
/// Names the key where the address is none.
pub(super) fn at(url: &str) -> anyhow::Result<Option<Arc<dyn Definer>>> {
    if url.is_empty() {
        return Ok(None);
    }
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|error| anyhow::anyhow!("query.ingest: `{url}` is no address ({error}); write http://HOST:PORT"))?;
    let channel = endpoint.connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT).connect_lazy();
    Ok(Some(Arc::new(Remote(channel))))
}
