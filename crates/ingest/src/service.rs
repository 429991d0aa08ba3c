//! The gRPC service of the front door.
//!
//! Owns its settings, how many batches are under way, and the server's size limits. What a batch goes through is `publish`'s,
//! the order of a stream's answers `stream`'s.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use journal::Journal;
use proto::ingest::ingest_service_server::{IngestService, IngestServiceServer};
use proto::ingest::{PublishRequest, PublishResponse, PublishStreamRequest, PublishStreamResponse};
use tokio::sync::Semaphore;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status, Streaming};
use types::limits::REQUEST_BYTES_MAX;
use types::{Catalogue, HashKey, Normaliser};

use crate::{BlockedValues, Clock, status};

mod identity;
mod publish;
mod stream;

/// What the front door is told by configuration.
#[derive(Clone, Debug)]
pub struct IngestSettings {
    /// Kinds that are taken.
    pub catalogue: Catalogue,
    /// The deployment's secret, from which partition keys come.
    pub hash_key: HashKey,
    /// Values of identifiers that stand for nobody.
    pub blocked: BlockedValues,
    /// What brings identifiers into their normal form.
    pub normaliser: Normaliser,
    /// How long the journal may take for a batch.
    pub append_timeout: Duration,
    /// Most batches of one stream that are under way at once; 0 counts as 1.
    pub stream_batches_under_way_max: usize,
    /// Most batches, of all calls, that are under way at once; 0 counts as 1.
    pub publishes_under_way_max: usize,
}

impl IngestSettings {
    /// Built-in kinds, the default list of blocked values; 10 s for an append, 8 batches a stream, 64 in all.
    pub fn new(hash_key: HashKey) -> Self {
        Self {
            catalogue: Catalogue::default(),
            hash_key,
            blocked: BlockedValues::standard(),
            normaliser: Normaliser::default(),
            append_timeout: Duration::from_secs(10),
            stream_batches_under_way_max: 8,
            publishes_under_way_max: 64,
        }
    }
}

/// The front door: an `IngestService`, and the same within a process through `Ingest::publish_batch`. Clones share
/// everything.
#[derive(Clone)]
pub struct Ingest {
    shared: Arc<Shared>,
}

struct Shared {
    journal: Arc<dyn Journal>,
    partitions: u32,
    settings: IngestSettings,
    clock: Arc<dyn Clock>,
    under_way: Semaphore,
}

impl Ingest {
    /// A front door to a journal.
    pub fn new(journal: Arc<dyn Journal>, mut settings: IngestSettings, clock: Arc<dyn Clock>) -> Self {
        settings.publishes_under_way_max = settings.publishes_under_way_max.clamp(1, Semaphore::MAX_PERMITS);
        let partitions = journal.topology().partitions;
        let under_way = Semaphore::new(settings.publishes_under_way_max);
        Self { shared: Arc::new(Shared { journal, partitions, settings, clock, under_way }) }
    }

    /// The tonic server: reads requests of up to `REQUEST_BYTES_MAX` (after decompression), takes and sends gzip.
    pub fn into_server(self) -> IngestServiceServer<Self> {
        IngestServiceServer::new(self)
            .max_decoding_message_size(REQUEST_BYTES_MAX)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
    }
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ingest").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

#[tonic::async_trait]
impl IngestService for Ingest {
    async fn publish(&self, request: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        let Ok(_permit) = self.shared.under_way.try_acquire() else {
            return Err(status::busy(self.shared.settings.publishes_under_way_max));
        };
        let results = self.publish_batch(request.into_inner().touchpoints).await?;
        Ok(Response::new(PublishResponse { results }))
    }

    type PublishStreamStream = BoxStream<'static, Result<PublishStreamResponse, Status>>;

    async fn publish_stream(
        &self,
        requests: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        Ok(Response::new(stream::answers(self.clone(), requests.into_inner())))
    }
}
