//! Starts a server, makes touchpoints, reads the journal back.

use std::sync::Arc;
use std::time::Duration;

use ingest::{Clock, Ingest, IngestSettings};
use journal::{Journal, PollLimits, Position};
use prost::Message as _;
use proto::ingest::ingest_service_client::IngestServiceClient;
use proto::ingest::publish_result::Outcome;
use proto::ingest::{Accepted, Finding, PublishRequest, PublishResult, Rejected};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use types::record::{Envelope, Identifier, Touchpoint};
use types::{HashKey, Micros};

/// 2026-03-01T12:00:00Z, at which the server's clock stands.
pub(crate) const NOW: Micros = Micros(1_772_366_400_000_000);

pub(crate) struct Standing;

impl Clock for Standing {
    fn now(&self) -> Micros {
        NOW
    }
}

pub(crate) fn settings() -> IngestSettings {
    IngestSettings::new(HashKey::derive("test"))
}

/// Starts a server; gives where it listens.
pub(crate) async fn serve(journal: Arc<dyn Journal>, settings: IngestSettings) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Ingest::new(journal, settings, Arc::new(Standing)).into_server();
    tokio::spawn(Server::builder().add_service(server).serve_with_incoming(TcpListenerStream::new(listener)));
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

/// A client with a connection of its own.
pub(crate) async fn connect(endpoint: &Endpoint) -> IngestServiceClient<Channel> {
    IngestServiceClient::new(endpoint.connect().await.unwrap()).max_decoding_message_size(64 << 20)
}

pub(crate) async fn client(journal: Arc<dyn Journal>, settings: IngestSettings) -> IngestServiceClient<Channel> {
    connect(&serve(journal, settings).await).await
}

pub(crate) fn touchpoint(message_id: impl ToString) -> Touchpoint {
    Touchpoint {
        source: "web".into(),
        message_id: message_id.to_string(),
        kind: "page_viewed".into(),
        identifiers: vec![Identifier { namespace: "user_id".into(), value: "u1".into() }],
        occurred_at: Some(NOW.to_proto()),
        ..Touchpoint::default()
    }
}

/// Refused for its kind.
pub(crate) fn bad(message_id: impl ToString) -> Touchpoint {
    Touchpoint { kind: "page_view".into(), ..touchpoint(message_id) }
}

pub(crate) fn request(touchpoints: Vec<Touchpoint>) -> PublishRequest {
    PublishRequest { touchpoints }
}

pub(crate) fn accepted(result: &PublishResult) -> Option<&Accepted> {
    match result.outcome.as_ref().unwrap() {
        Outcome::Accepted(accepted) => Some(accepted),
        Outcome::Rejected(_) => None,
    }
}

pub(crate) fn findings(result: &PublishResult) -> &[Finding] {
    match result.outcome.as_ref().unwrap() {
        Outcome::Accepted(accepted) => panic!("{accepted:?}"),
        Outcome::Rejected(Rejected { findings }) => findings,
    }
}

/// All envelopes with their places and keys.
pub(crate) fn kept(journal: &dyn Journal) -> Vec<(Position, Vec<u8>, Envelope)> {
    let from = (0..journal.topology().partitions).map(|partition| Position { partition, offset: 0 }).collect();
    let mut reader = journal.reader(from).unwrap();
    let limits = PollLimits { records_max: 1_000, bytes_max: 64 << 20 };
    let mut kept = Vec::new();
    loop {
        let records = reader.poll(limits, Duration::ZERO).unwrap();
        if records.is_empty() {
            return kept;
        }
        kept.extend(records.into_iter().map(|record| {
            let envelope = Envelope::decode(record.value.as_slice()).unwrap();
            (record.position, record.key, envelope)
        }));
    }
}
