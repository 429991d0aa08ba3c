//! A whole import against a server that refuses what has no order.

use std::pin::Pin;

use proto::ingest::{
    Accepted, Finding, PublishRequest, PublishResponse, PublishResult, PublishStreamRequest, PublishStreamResponse,
    Reason, Rejected,
    ingest_service_server::{IngestService, IngestServiceServer},
    publish_result::Outcome,
};
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};
use types::record::Position;

use super::*;

struct Picky;

#[tonic::async_trait]
impl IngestService for Picky {
    async fn publish(&self, _: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type PublishStreamStream = Pin<Box<dyn Stream<Item = Result<PublishStreamResponse, Status>> + Send>>;

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let answer = |batch: PublishStreamRequest| PublishStreamResponse {
            results: batch.touchpoints.iter().map(judge).collect(),
        };
        Ok(Response::new(Box::pin(request.into_inner().map(move |batch| batch.map(answer)))))
    }
}

fn judge(touchpoint: &Touchpoint) -> PublishResult {
    let finding = |field: &str| Finding {
        reason: Reason::Required.into(),
        field: field.to_owned(),
        description: "give it".to_owned(),
    };
    let outcome = if touchpoint.order_id().is_empty() {
        Outcome::Rejected(Rejected { findings: vec![finding("order.order_id")] })
    } else {
        Outcome::Accepted(Accepted { position: Some(Position { partition: 3, offset: 9 }), notes: Vec::new() })
    };
    PublishResult { outcome: Some(outcome) }
}

async fn server() -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = IngestServiceServer::new(Picky);
    tokio::spawn(
        tonic::transport::Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)),
    );
    Server::connect(&url).await.unwrap()
}

#[tokio::test]
async fn rows_are_accepted_rejected_and_kept() {
    let mut lines: Vec<String> = (0..25)
        .map(|number| {
            format!(
                r#"{{"source":"pos","messageId":"{number}","kind":"order_completed","order":{{"orderId":"{number}"}}}}"#
            )
        })
        .collect();
    lines[3] = r#"{"source":"pos"}"#.to_owned();
    lines[7] = "no JSON".to_owned();
    let (folder, path) = file("touchpoints.ndjson", (lines.join("\n") + "\n").as_bytes());
    let rejects = folder.path().join("rejects.ndjson");
    let options = Options { mapping: None, files: vec![path], batch_rows: 4, rejects: Some(rejects.clone()) };
    let summary = import(&server().await, options).await.unwrap();
    assert_eq!((summary.rows, summary.tally.accepted), (25, 23));
    assert_eq!(summary.tally.rejected, [("required".to_owned(), 1), ("unreadable".to_owned(), 1)].into());
    assert_eq!(summary.tally.positions, [(3, 9)].into());
    let kept = std::fs::read_to_string(rejects).unwrap();
    let kept: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&kept[0]["line"], &kept[0]["reason"], &kept[0]["raw"]),
        (&4.into(), &"required".into(), &lines[3].clone().into())
    );
    assert_eq!((&kept[1]["line"], &kept[1]["reason"]), (&8.into(), &"unreadable".into()));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let options = Options { mapping: None, files: vec!["absent.ndjson".into()], batch_rows: 4, rejects: None };
    let error = import(&server().await, options).await.unwrap_err().to_string();
    assert!(error.starts_with("absent.ndjson: "), "{error}");
}

#[tokio::test]
async fn generated_touchpoints_are_read_back_as_they_were() {
    let start = types::Micros::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
    let settings =
        crate::generate::Settings { seed: 3, customers: 50, touchpoints: 500, start, days: 5, uniform: false };
    let all: Vec<Touchpoint> = crate::generate::Generator::new(settings).unwrap().collect();
    let text: String = all.iter().map(|touchpoint| proto::json::to_line(touchpoint) + "\n").collect();
    let (_folder, path) = file("generated.ndjson.gz", &gzip(&[&text]));
    let mut back = Vec::new();
    read(&[path], None, |_, mapped| {
        back.push(mapped);
        Ok(())
    })
    .unwrap();
    let expected: Vec<Mapped> = all.into_iter().map(|touchpoint| Mapped::Touchpoint(Box::new(touchpoint))).collect();
    assert_eq!(back, expected);
}
