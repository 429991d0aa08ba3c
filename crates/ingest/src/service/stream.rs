//! A stream of batches: several under way at once, answers in the order of the batches, the end at the first failure.
//!
//! A caller who does not read its answers is not read from either, and holds up nobody else: a batch goes on by itself once
//! it has begun. Never holds more than the named number of batches.

use std::future::ready;

use futures::future::Either;
use futures::stream::{BoxStream, Stream, StreamExt as _};
use proto::ingest::{PublishStreamRequest, PublishStreamResponse};
use tonic::Status;
use types::record::Touchpoint;

use super::Ingest;

type Answer = Result<PublishStreamResponse, Status>;

/// The answers to `requests`. After a failure no answer follows; batches behind it may or may not be in the journal.
pub(super) fn answers(
    ingest: Ingest,
    requests: impl Stream<Item = Result<PublishStreamRequest, Status>> + Send + 'static,
) -> BoxStream<'static, Answer> {
    let under_way_max = ingest.shared.settings.stream_batches_under_way_max.max(1);
    let answers = requests.map(move |request| match request {
        Ok(request) => Either::Left(begun(ingest.clone(), request.touchpoints)),
        Err(status) => Either::Right(ready(Err(status))),
    });
    answers.buffered(under_way_max).scan(false, |failed, answer| ready(until_failure(failed, answer))).boxed()
}

/// A task of its own: polled by the stream alone, a batch would keep its place for as long as the caller does not read.
async fn begun(ingest: Ingest, touchpoints: Vec<Touchpoint>) -> Answer {
    let broken = |error| Status::internal(format!("the batch was not worked on to its end: {error}"));
    tokio::spawn(answer(ingest, touchpoints)).await.map_err(broken)?
}

/// A batch of a stream waits for its turn, where a single call is refused: waiting holds the stream back.
async fn answer(ingest: Ingest, touchpoints: Vec<Touchpoint>) -> Answer {
    let _permit =
        ingest.shared.under_way.acquire().await.map_err(|_| Status::unavailable("the server is going down"))?;
    Ok(PublishStreamResponse { results: ingest.publish_batch(touchpoints).await? })
}

fn until_failure<T, E>(failed: &mut bool, answer: Result<T, E>) -> Option<Result<T, E>> {
    let over = std::mem::replace(failed, answer.is_err());
    (!over).then_some(answer)
}
