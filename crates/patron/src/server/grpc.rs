//! The gRPC server: the services of this process, standard health and reflection.

use ingest::{DeadLetters, Ingest};
use projector::{CheckpointCalls, Rebuilds, Verifier};
use query::{Admin, Contexts, Customers, Exports, Gateway};
use tokio::{net::TcpListener, sync::watch};
use tonic::transport::{Server, server::TcpIncoming};

/// What a process serves.
pub(super) struct Services {
    pub(super) ingest: Option<(Ingest, DeadLetters)>,
    pub(super) reads: Option<Reads>,
    /// Verifies this process's own shards.
    pub(super) verifier: Option<Verifier>,
}

/// From where reads are answered.
pub(super) enum Reads {
    /// From this process's own shards.
    Shards(Box<(Contexts, Rebuilds, CheckpointCalls)>),
    /// By the projectors.
    Gateway(Gateway),
}

const INGEST: [&str; 3] =
    ["patron.ingest.v1.IngestService", "patron.ingest.v1.IdentityService", "patron.ingest.v1.DeadLetterService"];
const READS: [&str; 4] = [
    "patron.customer.v1.CustomerService",
    "patron.customer.v1.ExportService",
    "patron.admin.v1.AdminService",
    "patron.admin.v1.VerifyService",
];
/// What only a process with a state of its own can answer.
const SHARDS: [&str; 2] = ["patron.admin.v1.RebuildService", "patron.admin.v1.CheckpointService"];

impl Services {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let ingest = self.ingest.iter().flat_map(|_| INGEST);
        let shards = self.reads.iter().filter(|reads| matches!(reads, Reads::Shards(_))).flat_map(|_| SHARDS);
        ingest.chain(self.reads.iter().flat_map(|_| READS)).chain(shards)
    }
}

/// Serves until a stop is asked for, then finishes the calls under way.
pub(super) async fn serve(
    listener: TcpListener,
    services: Services,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    for service in services.names().chain([""]) {
        reporter.set_service_status(service, tonic_health::ServingStatus::Serving).await;
    }
    let reflection = reflection(&services)?;
    let stop = async move {
        // An error means that the server was dropped, which is a stop too.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            tracing::debug!("the server was dropped");
        }
        reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    };
    let Services { ingest, reads, verifier } = services;
    let (ingest, letters) = ingest.unzip();
    let router = Server::builder()
        .add_service(health)
        .add_service(reflection)
        .add_optional_service(ingest.as_ref().map(Ingest::identity_server))
        .add_optional_service(ingest.map(Ingest::into_server))
        .add_optional_service(letters.map(DeadLetters::into_server))
        .add_optional_service(verifier.map(Verifier::into_server));
    let router = match reads {
        None => router,
        Some(Reads::Shards(shards)) => {
            let (contexts, rebuilds, checkpoints) = *shards;
            router
                .add_service(Customers::server(contexts.clone()))
                .add_service(Exports::server(contexts.clone()))
                .add_service(Admin::server(contexts))
                .add_service(rebuilds.into_server())
                .add_service(checkpoints.into_server())
        }
        Some(Reads::Gateway(gateway)) => router
            .add_service(gateway.customers_server())
            .add_service(gateway.export_server())
            .add_service(gateway.admin_server())
            .add_service(gateway.verify_server()),
    };
    router.serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop).await?;
    Ok(())
}

/// Shows the services that this process has, and no others.
fn reflection(
    services: &Services,
) -> anyhow::Result<
    tonic_reflection::server::v1::ServerReflectionServer<impl tonic_reflection::server::v1::ServerReflection>,
> {
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    Ok(services.names().fold(builder, |builder, name| builder.with_service_name(name)).build_v1()?)
}
