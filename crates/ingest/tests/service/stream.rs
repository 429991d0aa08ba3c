//! A stream of batches: order, several under way, the end at a failure.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ingest::IngestSettings;
use journal::memory::MemoryJournal;
use journal::{AppendError, Journal};
use proto::ingest::{PublishStreamRequest, PublishStreamResponse};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::journals::{Failing, Grouping};
use crate::support::*;

async fn streamed(
    journal: Arc<dyn Journal>,
    settings: IngestSettings,
    batches: Vec<PublishStreamRequest>,
) -> Streaming<PublishStreamResponse> {
    let mut client = client(journal, settings).await;
    client.publish_stream(tokio_stream::iter(batches)).await.unwrap().into_inner()
}

/// Batch `index` has `index % 7 + 1` touchpoints, of which the last is bad where `index` is odd.
fn batch(index: usize) -> PublishStreamRequest {
    let count = index % 7 + 1;
    let one = |place: usize| {
        let id = format!("{index}.{place}");
        if index % 2 == 1 && place + 1 == count { bad(id) } else { touchpoint(id) }
    };
    PublishStreamRequest { touchpoints: (0..count).map(one).collect() }
}

/// All answers, and the status at which the stream ended unless it ended well.
async fn drained(mut answers: Streaming<PublishStreamResponse>) -> (Vec<PublishStreamResponse>, Option<Status>) {
    let mut list = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => list.push(answer),
            Ok(None) => return (list, None),
            Err(status) => return (list, Some(status)),
        }
    }
}

#[tokio::test]
async fn many_batches_are_answered_in_order() {
    let journal = Arc::new(MemoryJournal::new(4));
    let (answers, status) = drained(streamed(journal.clone(), settings(), (0..500).map(batch).collect()).await).await;
    assert!(status.is_none() && answers.len() == 500);
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer.results.len(), index % 7 + 1, "{index}");
        assert_eq!(accepted(answer.results.last().unwrap()).is_none(), index % 2 == 1, "{index}");
    }
    let good = answers.iter().flat_map(|answer| &answer.results).filter(|result| accepted(result).is_some()).count();
    assert_eq!(kept(journal.as_ref()).len(), good);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_batches_are_under_way_at_once_and_no_more() {
    let journal = Arc::new(Grouping::of(4));
    let settings = IngestSettings { stream_batches_under_way_max: 4, ..settings() };
    let batches = (0..40).map(|index| PublishStreamRequest { touchpoints: vec![touchpoint(index)] }).collect();
    let (answers, status) = drained(streamed(journal.clone(), settings, batches).await).await;
    assert!(status.is_none() && answers.len() == 40);
    assert_eq!(journal.most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_caller_who_reads_no_answers_keeps_no_place() {
    let settings = IngestSettings { publishes_under_way_max: 1, ..settings() };
    let endpoint = serve(Arc::new(MemoryJournal::new(1)), settings).await;
    let (mut client, mut slow) = (connect(&endpoint).await, connect(&endpoint).await);
    let touchpoints: Vec<_> = (0..1_000).map(bad).chain([touchpoint("good")]).collect();
    let batches = vec![PublishStreamRequest { touchpoints }; 40];
    let _unread = slow.publish_stream(tokio_stream::iter(batches)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let taken = async {
        while client.publish(request(vec![touchpoint("other")])).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), taken).await.unwrap();
}

#[tokio::test]
async fn a_failing_append_ends_the_stream_after_the_answers_before_it() {
    let error = AppendError::Unavailable { reason: "no leader".into() };
    let batches = (0..20).map(|index| PublishStreamRequest { touchpoints: vec![touchpoint(index)] }).collect();
    let (answers, status) = drained(streamed(Arc::new(Failing::after(3, error)), settings(), batches).await).await;
    assert_eq!(answers.len(), 3);
    let status = status.unwrap();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().is_some());
}

#[tokio::test]
async fn a_bad_batch_ends_the_stream_after_the_answers_before_it() {
    let batches = vec![batch(0), PublishStreamRequest::default(), batch(2)];
    let (answers, status) = drained(streamed(Arc::new(MemoryJournal::new(1)), settings(), batches).await).await;
    assert_eq!((answers.len(), status.unwrap().code()), (1, Code::InvalidArgument));
}
