//! What stops a whole batch, and what must not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ingest::IngestSettings;
use journal::memory::MemoryJournal;
use journal::{AppendError, Journal};
use prost::Message as _;
use proto::ingest::{PublishResponse, Reason};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

use crate::journals::{Failing, Silent};
use crate::support::*;

/// Sends bytes as they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = PublishResponse;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, bytes: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put_slice(out, &bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = PublishResponse;
    type Error = Status;
    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<PublishResponse>, Status> {
        PublishResponse::decode(buf).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

async fn publish_raw(
    channel: &Channel,
    path: &'static str,
    bytes: Vec<u8>,
) -> Result<Response<PublishResponse>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    grpc.unary(Request::new(bytes), path.parse().unwrap(), Raw).await
}

/// Publishes one touchpoint to a journal and gives the status that comes back.
async fn status_of(journal: Arc<dyn Journal>, settings: IngestSettings) -> Status {
    client(journal, settings).await.publish(request(vec![touchpoint("1"), bad("2")])).await.unwrap_err()
}

fn assert_retriable(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    assert!(details.retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "patron"));
}

#[tokio::test]
async fn a_journal_that_is_down_means_send_it_again() {
    for (error, reason) in [
        (AppendError::Unavailable { reason: "no leader".into() }, "JOURNAL_UNAVAILABLE"),
        (AppendError::Full { place: "disk".into() }, "JOURNAL_FULL"),
        (AppendError::Closed { reason: "stopping".into() }, "JOURNAL_CLOSED"),
    ] {
        let status = status_of(Arc::new(Failing::after(0, error)), settings()).await;
        assert_retriable(&status, Code::Unavailable, reason);
        assert!(status.message().contains("send the batch again"), "{status:?}");
    }
}

#[tokio::test]
async fn an_error_that_no_retry_mends_says_so() {
    let journal = Failing::after(0, AppendError::TooLarge { limit: 1 });
    let status = status_of(Arc::new(journal), settings()).await;
    assert_eq!(status.code(), Code::Internal);
    assert!(status.get_error_details().retry_info().is_none());
}

#[tokio::test]
async fn a_journal_that_is_silent_means_send_it_again() {
    let settings = IngestSettings { append_timeout: Duration::from_millis(50), ..settings() };
    let status = status_of(Arc::new(Silent::new()), settings).await;
    assert_retriable(&status, Code::Unavailable, "JOURNAL_TIMEOUT");
}

#[tokio::test]
async fn a_batch_without_a_good_one_needs_no_journal() {
    let journal = Failing::after(0, AppendError::Closed { reason: String::new() });
    let mut client = client(Arc::new(journal), settings()).await;
    let results = client.publish(request(vec![bad("1"), bad("2")])).await.unwrap().into_inner().results;
    assert_eq!(results.len(), 2);
}

#[tokio::test]
async fn more_than_the_limit_under_way_is_refused() {
    let journal = Arc::new(Silent::new());
    let settings = IngestSettings { publishes_under_way_max: 1, ..settings() };
    let mut client = client(journal.clone(), settings).await;
    let mut first = client.clone();
    let first = tokio::spawn(async move { first.publish(request(vec![touchpoint("1")])).await });
    while journal.came.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let status = client.publish(request(vec![touchpoint("2")])).await.unwrap_err();
    assert_retriable(&status, Code::ResourceExhausted, "TOO_MANY_PUBLISHES");
    first.abort();
}

#[tokio::test]
async fn batches_have_1_to_10_000_touchpoints() {
    let mut client = client(Arc::new(MemoryJournal::new(1)), settings()).await;
    for (count, words) in [(0, "at least one"), (10_001, "in parts")] {
        let status = client.publish(request(vec![touchpoint("1"); count])).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(violation.field, "touchpoints");
        assert!(violation.description.contains(words), "{violation:?}");
    }
}

#[tokio::test]
async fn a_huge_touchpoint_is_refused_alone() {
    let journal = Arc::new(MemoryJournal::new(1));
    let mut client = client(journal.clone(), settings()).await;
    let mut huge = touchpoint("2");
    huge.search_query = "x".repeat(10 << 20);
    let results =
        client.publish(request(vec![touchpoint("1"), huge, touchpoint("3")])).await.unwrap().into_inner().results;
    assert_eq!(findings(&results[1])[0].reason(), Reason::TooLong);
    assert!(accepted(&results[0]).is_some() && accepted(&results[2]).is_some());
    assert_eq!(kept(journal.as_ref()).len(), 2);
}

#[tokio::test]
async fn texts_that_are_no_utf8_are_the_callers_fault() {
    let journal = Arc::new(MemoryJournal::new(1));
    let channel = serve(journal.clone(), settings()).await.connect().await.unwrap();
    let mut bytes = request(vec![touchpoint("m1")]).encode_to_vec();
    let at = bytes.windows(2).position(|window| window == b"m1").unwrap();
    bytes[at] = 0xff;
    for path in ["/patron.ingest.v1.IngestService/Publish", "/patron.ingest.v1.IngestService/PublishStream"] {
        let status = publish_raw(&channel, path, bytes.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(
            status.message().contains("touchpoints.message_id") && status.message().contains("UTF-8"),
            "{status:?}"
        );
        let details = status.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "touchpoints.message_id");
    }
    let good = request(vec![touchpoint("m1")]).encode_to_vec();
    publish_raw(&channel, "/patron.ingest.v1.IngestService/Publish", good).await.unwrap();
    assert_eq!(kept(journal.as_ref()).len(), 1);
}
