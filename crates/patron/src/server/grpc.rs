//! The gRPC server: the services of this process, standard health and reflection.

use ingest::{DeadLetters, Ingest};
use projector::{CheckpointCalls, Rebuilds, Verifier};
use query::{Admin, Contexts, Customers, Exports, Feed, Gateway, IdentityFeed, MembershipFeed, SegmentQueries};
use tokio::{net::TcpListener, sync::watch};
use tonic::transport::{Server, server::TcpIncoming};

/// What a process serves.
pub(super) struct Services {
    pub(super) ingest: Option<(Ingest, DeadLetters, ingest::Definitions)>,
    pub(super) reads: Option<Reads>,
    /// Verifies this process's own shards.
    pub(super) verifier: Option<Verifier>,
}

/// What is told, as it is sent.
pub(super) struct Feeds {
    pub(super) identity: Feed,
    pub(super) memberships: Feed,
}

/// From where reads are answered.
pub(super) enum Reads {
    /// From this process's own shards.
    Shards(Box<(Contexts, Feeds, Rebuilds, CheckpointCalls)>),
    /// By the projectors.
    Gateway(Gateway),
}

const INGEST: [&str; 4] = [
    "patron.ingest.v1.IngestService",
    "patron.ingest.v1.IdentityService",
    "patron.ingest.v1.DeadLetterService",
    "patron.definition.v1.ApplyService",
];
const READS: [&str; 8] = [
    "patron.customer.v1.CustomerService",
    "patron.definition.v1.DefinitionService",
    "patron.customer.v1.IdentityFeedService",
    "patron.segment.v1.SegmentService",
    "patron.segment.v1.MembershipFeedService",
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
    let ends = stopped.clone();
    let stop = async move {
        // An error means that the server was dropped, which is a stop too.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            tracing::debug!("the server was dropped");
        }
        reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    };
    let Services { ingest, reads, verifier } = services;
    let mut router = Server::builder()
        .add_service(health)
        .add_service(reflection)
        .add_optional_service(verifier.map(Verifier::into_server));
    if let Some((ingest, letters, definitions)) = ingest {
        router = router
            .add_service(ingest.identity_server())
            .add_service(ingest.into_server())
            .add_service(letters.into_server())
            .add_service(definitions.into_server());
    }
    let router = match reads {
        None => router,
        Some(Reads::Shards(shards)) => {
            let (contexts, feeds, rebuilds, checkpoints) = *shards;
            router
                .add_service(Customers::server(contexts.clone()))
                .add_service(query::Definitions::server(contexts.clone()))
                .add_service(IdentityFeed::server(contexts.clone(), feeds.identity))
                .add_service(MembershipFeed::server(contexts.clone(), feeds.memberships))
                .add_service(SegmentQueries::server(contexts.clone()))
                .add_service(Exports::server(contexts.clone()))
                .add_service(Admin::server(contexts))
                .add_service(rebuilds.into_server())
                .add_service(checkpoints.into_server())
        }
        Some(Reads::Gateway(gateway)) => router
            .add_service(gateway.customers_server())
            .add_service(gateway.definitions_server())
            .add_service(gateway.identity_feed_server(ends.clone()))
            .add_service(gateway.membership_feed_server(ends))
            .add_service(gateway.segments_server())
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
