//! Against a server that takes, refuses and breaks off as told.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use proto::ingest::{
    Accepted, PublishRequest, PublishResponse,
    ingest_service_server::{IngestService, IngestServiceServer},
    publish_result::Outcome,
};
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream};
use tonic::{Request, Response};
use tonic_types::ErrorDetails;

use super::*;

/// Answers two batches a stream, then breaks it off with a status, until no breaks are left.
struct Moody {
    breaks: Arc<AtomicU32>,
    status: fn() -> Status,
}

#[tonic::async_trait]
impl IngestService for Moody {
    async fn publish(&self, _: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type PublishStreamStream = Pin<Box<dyn Stream<Item = Result<PublishStreamResponse, Status>> + Send>>;

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let breaks = self.breaks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let status = self.status;
        let mut answered = 0;
        let answers = request.into_inner().map(move |batch| {
            answered += 1;
            if breaks && answered > 2 { Err(status()) } else { batch.map(|batch| accept(&batch)) }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

fn accept(batch: &PublishStreamRequest) -> PublishStreamResponse {
    let accepted = || PublishResult { outcome: Some(Outcome::Accepted(Accepted::default())) };
    PublishStreamResponse { results: batch.touchpoints.iter().map(|_| accepted()).collect() }
}

#[derive(Default)]
struct Heard {
    tags: Vec<u32>,
    results: usize,
    waits: Vec<Duration>,
}

impl Observer<u32> for Heard {
    fn answered(&mut self, batch: Batch<u32>, results: Vec<PublishResult>) -> std::io::Result<()> {
        self.tags.push(batch.tag);
        self.results += results.len();
        Ok(())
    }

    fn waits(&mut self, _: &str, delay: Duration) {
        self.waits.push(delay);
    }
}

async fn send_twenty(breaks: u32, status: fn() -> Status) -> (Heard, Result<(), PublishError>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = IngestServiceServer::new(Moody { breaks: Arc::new(AtomicU32::new(breaks)), status });
    tokio::spawn(
        tonic::transport::Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let server = Server::connect(&url).await.unwrap();
    let (sender, source) = mpsc::channel(4);
    tokio::spawn(async move {
        for tag in 0..20 {
            let touchpoints = vec![Touchpoint::default(); if tag % 5 == 0 { 0 } else { 3 }];
            sender.send(Batch { touchpoints, tag }).await.unwrap();
        }
    });
    let mut heard = Heard::default();
    let result = publish(&server, source, &mut heard).await;
    heard.tags.sort_unstable();
    (heard, result)
}

fn busy() -> Status {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(3)));
    Status::with_error_details(Code::Unavailable, "busy", details)
}

#[tokio::test]
async fn every_batch_is_answered_once() {
    let (heard, result) = send_twenty(0, busy).await;
    result.unwrap();
    assert_eq!((heard.tags, heard.results), ((0..20).collect(), 48));
}

#[tokio::test]
async fn what_was_not_answered_is_sent_again_after_the_delay_asked_for() {
    let (heard, result) = send_twenty(3, busy).await;
    result.unwrap();
    assert_eq!((heard.tags, heard.results), ((0..20).collect(), 48));
    assert_eq!(heard.waits, [Duration::from_millis(3); 3]);
}

#[tokio::test]
async fn a_refusal_ends_the_sending() {
    let (heard, result) = send_twenty(1, || Status::permission_denied("not you")).await;
    assert!(result.unwrap_err().to_string().contains("not you"));
    assert!(heard.waits.is_empty());
}

#[tokio::test]
async fn nobody_there_says_what_to_do() {
    let error = Server::connect("127.0.0.1:1").await.unwrap_err().to_string();
    assert!(error.contains("http://127.0.0.1:1") && error.contains("patron up"), "{error}");
}

#[test]
fn delays_grow_and_stay_bounded() {
    assert_eq!(delay(1), FIRST_DELAY);
    assert_eq!(delay(3), FIRST_DELAY * 4);
    assert_eq!(delay(40), LONGEST_DELAY);
}
