//! The client of a running server: one connection, and the clients of its services.
//!
//! Owns how a server is named and reached. Never prints; never retries a read.

use std::time::Duration;

use proto::{
    admin::{
        admin_service_client::AdminServiceClient, checkpoint_service_client::CheckpointServiceClient,
        rebuild_service_client::RebuildServiceClient, verify_service_client::VerifyServiceClient,
    },
    customer::{
        customer_service_client::CustomerServiceClient, export_service_client::ExportServiceClient,
        identity_feed_service_client::IdentityFeedServiceClient,
    },
    definition::{apply_service_client::ApplyServiceClient, definition_service_client::DefinitionServiceClient},
    ingest::{
        dead_letter_service_client::DeadLetterServiceClient, identity_service_client::IdentityServiceClient,
        ingest_service_client::IngestServiceClient,
    },
    segment::{
        membership_feed_service_client::MembershipFeedServiceClient, segment_service_client::SegmentServiceClient,
    },
};
use tonic::transport::{Channel, Endpoint};

mod answer;
mod error;
pub mod publish;
pub mod tally;

pub use answer::Answer;
pub use error::ServerError;

/// Where a server is looked for unless told otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:7700";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Largest answer that is read: a page of 1,000 touchpoints of 256 KiB.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// A server that a connection has been made to.
#[derive(Clone, Debug)]
pub struct Server {
    url: String,
    channel: Channel,
}

impl Server {
    /// Connects to `http://HOST:PORT`; `http://` may be left out.
    ///
    /// # Errors
    /// `BadUrl` or `Unreachable`.
    pub async fn connect(url: &str) -> Result<Self, ServerError> {
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let endpoint = Endpoint::from_shared(url.clone())
            .map_err(|error| ServerError::BadUrl { url: url.clone(), cause: error::chain(&error) })?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .tcp_nodelay(true);
        match endpoint.connect().await {
            Ok(channel) => Ok(Self { url, channel }),
            Err(error) => Err(ServerError::Unreachable { url, cause: error::chain(&error) }),
        }
    }

    /// The address, for messages.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A status of this server as an error.
    pub fn error(&self, status: &tonic::Status) -> ServerError {
        ServerError::of_status(&self.url, status)
    }

    /// The client of `MembershipFeedService`.
    pub fn membership_feed(&self) -> MembershipFeedServiceClient<Channel> {
        MembershipFeedServiceClient::new(self.channel.clone())
    }

    /// The client of `SegmentService`.
    pub fn segments(&self) -> SegmentServiceClient<Channel> {
        SegmentServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `CustomerService`.
    pub fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `ExportService`.
    pub fn export(&self) -> ExportServiceClient<Channel> {
        ExportServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `AdminService`.
    pub fn admin(&self) -> AdminServiceClient<Channel> {
        AdminServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `VerifyService`.
    pub fn verify(&self) -> VerifyServiceClient<Channel> {
        VerifyServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `RebuildService`.
    pub fn rebuilds(&self) -> RebuildServiceClient<Channel> {
        RebuildServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `CheckpointService`.
    pub fn checkpoints(&self) -> CheckpointServiceClient<Channel> {
        CheckpointServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `DeadLetterService`.
    pub fn dead_letters(&self) -> DeadLetterServiceClient<Channel> {
        DeadLetterServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `IdentityService`.
    pub fn identity(&self) -> IdentityServiceClient<Channel> {
        IdentityServiceClient::new(self.channel.clone())
    }

    /// The client of `ApplyService`.
    pub fn apply(&self) -> ApplyServiceClient<Channel> {
        ApplyServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `DefinitionService`.
    pub fn definitions(&self) -> DefinitionServiceClient<Channel> {
        DefinitionServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The client of `IdentityFeedService`.
    pub fn identity_feed(&self) -> IdentityFeedServiceClient<Channel> {
        IdentityFeedServiceClient::new(self.channel.clone())
    }

    /// The client of `IngestService`.
    pub fn ingest(&self) -> IngestServiceClient<Channel> {
        IngestServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
