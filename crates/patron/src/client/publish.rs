//! Sends batches through `PublishStream`, several under way at once, and sends again what was not answered.
//!
//! Owns the window, the reconnects and their delays. Never gives up a batch silently: each is answered once, or the call
//! fails. A batch sent twice is harmless: copies count once.

use std::{collections::VecDeque, time::Duration};

use proto::ingest::{PublishResult, PublishStreamRequest, PublishStreamResponse};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;
use types::record::Touchpoint;

use super::{Server, ServerError};

#[cfg(test)]
mod tests;

/// Most batches that are sent and not yet answered.
pub const BATCHES_UNDER_WAY_MAX: usize = 8;
/// Tries in a row without an answered batch before the call fails.
pub const TRIES_MAX: u32 = 12;

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// Touchpoints that are sent together, and what the sender wants to know again when they are answered.
#[derive(Debug)]
pub struct Batch<T> {
    /// Up to `types::limits::BATCH_TOUCHPOINTS_MAX`; an empty batch is answered at once.
    pub touchpoints: Vec<Touchpoint>,
    /// The sender's own.
    pub tag: T,
}

/// Hears what became of the batches.
pub trait Observer<T> {
    /// A batch was answered; one result for each touchpoint, in order.
    ///
    /// # Errors
    /// An error ends the sending.
    fn answered(&mut self, batch: Batch<T>, results: Vec<PublishResult>) -> std::io::Result<()>;

    /// The server is not ready; the sending goes on after `delay`.
    fn waits(&mut self, why: &str, delay: Duration);
}

/// Why the sending ended early.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The server refused, or could not be reached any more.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The observer's own error.
    #[error(transparent)]
    Observer(#[from] std::io::Error),
}

/// Sends everything that comes out of `source` to the server.
///
/// # Errors
/// The server's refusal of a whole stream, `TRIES_MAX` tries without progress, or the observer's error. What was answered
/// before stays accepted.
pub async fn publish<T>(
    server: &Server,
    source: mpsc::Receiver<Batch<T>>,
    observer: &mut impl Observer<T>,
) -> Result<(), PublishError> {
    let mut sending = Sending { source, exhausted: false, under_way: VecDeque::new(), tries: 0 };
    loop {
        match sending.session(server, observer).await {
            Ok(()) => return Ok(()),
            Err(Ended::Observer(error)) => return Err(error.into()),
            Err(Ended::Status(status)) => sending.recover(server, &status, observer).await?,
        }
    }
}

struct Sending<T> {
    source: mpsc::Receiver<Batch<T>>,
    exhausted: bool,
    /// Sent and not answered, the oldest first.
    under_way: VecDeque<Batch<T>>,
    /// Tries since the last answer.
    tries: u32,
}

enum Ended {
    Status(Status),
    Observer(std::io::Error),
}

impl<T> Sending<T> {
    /// One stream, from its opening until everything is answered.
    async fn session(&mut self, server: &Server, observer: &mut impl Observer<T>) -> Result<(), Ended> {
        // Something to send comes first: a server may well answer nothing to a stream on which nothing came.
        while self.under_way.is_empty() && !self.exhausted {
            let batch = self.source.recv().await;
            self.take(batch, observer)?;
        }
        if self.under_way.is_empty() {
            return Ok(());
        }
        let (requests, receiver) = mpsc::channel(BATCHES_UNDER_WAY_MAX);
        for batch in &self.under_way {
            send(&requests, batch);
        }
        let answer = server.ingest().publish_stream(ReceiverStream::new(receiver)).await.map_err(Ended::Status)?;
        self.converse(requests, answer.into_inner(), observer).await
    }

    async fn converse(
        &mut self,
        requests: mpsc::Sender<PublishStreamRequest>,
        mut responses: Streaming<PublishStreamResponse>,
        observer: &mut impl Observer<T>,
    ) -> Result<(), Ended> {
        // Where the stream takes nothing more, the server has said why: that is still to be read.
        let mut open = true;
        while !(self.exhausted && self.under_way.is_empty()) {
            tokio::select! {
                response = responses.message() => {
                    let response = response.map_err(Ended::Status)?;
                    self.answered(response.ok_or_else(|| ended("the server closed the stream"))?, observer)?;
                }
                batch = self.source.recv(), if open && !self.exhausted && self.under_way.len() < BATCHES_UNDER_WAY_MAX => {
                    if self.take(batch, observer)? && let Some(batch) = self.under_way.back() {
                        open = send(&requests, batch);
                    }
                }
            }
        }
        // All is answered: closing the stream in good order is a courtesy that is not waited for long.
        drop(requests);
        let _closed = tokio::time::timeout(FIRST_DELAY, responses.message()).await;
        Ok(())
    }

    /// Puts a batch under way; false where there is nothing in it to send.
    fn take(&mut self, batch: Option<Batch<T>>, observer: &mut impl Observer<T>) -> Result<bool, Ended> {
        match batch {
            None => self.exhausted = true,
            Some(batch) if batch.touchpoints.is_empty() => {
                observer.answered(batch, Vec::new()).map_err(Ended::Observer)?
            }
            Some(batch) => {
                self.under_way.push_back(batch);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn answered(&mut self, response: PublishStreamResponse, observer: &mut impl Observer<T>) -> Result<(), Ended> {
        let batch = self.under_way.pop_front().ok_or_else(|| broken("more answers than batches"))?;
        if response.results.len() != batch.touchpoints.len() {
            return Err(broken("an answer whose length is not its batch's"));
        }
        self.tries = 0;
        observer.answered(batch, response.results).map_err(Ended::Observer)
    }

    /// Waits before the next try, or fails where another one would not help.
    async fn recover(
        &mut self,
        server: &Server,
        status: &Status,
        observer: &mut impl Observer<T>,
    ) -> Result<(), ServerError> {
        self.tries += 1;
        if !passes_by_itself(status) || self.tries > TRIES_MAX {
            return Err(server.error(status));
        }
        let delay =
            status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or_else(|| delay(self.tries));
        observer.waits(status.message(), delay);
        tokio::time::sleep(delay.min(LONGEST_DELAY)).await;
        Ok(())
    }
}

/// Whether the server asks for another try, or the connection broke: a status made on this side has a source.
fn passes_by_itself(status: &Status) -> bool {
    status.code() == Code::Unavailable || std::error::Error::source(status).is_some()
}

fn delay(tries: u32) -> Duration {
    FIRST_DELAY.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST_DELAY)
}

/// Hands a batch to the stream, whose channel has room for the whole window; false where the stream has ended.
fn send<T>(requests: &mpsc::Sender<PublishStreamRequest>, batch: &Batch<T>) -> bool {
    requests.try_send(PublishStreamRequest { touchpoints: batch.touchpoints.clone() }).is_ok()
}

fn ended(why: &str) -> Ended {
    Ended::Status(Status::unavailable(why))
}

fn broken(what: &str) -> Ended {
    Ended::Status(Status::internal(format!("the server sent {what}")))
}
