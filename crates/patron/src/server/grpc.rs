//! The gRPC server: Patron's services, standard health and reflection.

use ingest::Ingest;
use query::{Admin, Context, Customers};
use tokio::{net::TcpListener, sync::watch};
use tonic::transport::{Server, server::TcpIncoming};

/// Serves until a stop is asked for, then finishes the calls under way.
pub(super) async fn serve(
    listener: TcpListener,
    ingest: Ingest,
    context: Context,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    for service in
        ["", "patron.ingest.v1.IngestService", "patron.customer.v1.CustomerService", "patron.admin.v1.AdminService"]
    {
        reporter.set_service_status(service, tonic_health::ServingStatus::Serving).await;
    }
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let stop = async move {
        // An error means that the server was dropped, which is a stop too.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            tracing::debug!("the server was dropped");
        }
        reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    };
    Server::builder()
        .add_service(health)
        .add_service(reflection)
        .add_service(ingest.into_server())
        .add_service(Customers::server(context.clone()))
        .add_service(Admin::server(context))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
        .await?;
    Ok(())
}
