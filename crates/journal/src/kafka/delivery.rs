//! One append under way: what the brokers said of each of its records, and the answer once they said all.
//!
//! Owns: the counting. One allocation and one lock a record, no future; the caller is woken once. Never: answers before
//! every record of the call was told of.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::error::KafkaError as Native;
use rdkafka::message::Message as _;
use rdkafka::producer::DeliveryResult;
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::error::reason;
use super::settings::MESSAGE_BYTES_MAX;
use crate::{AppendError, Position};

/// What an append comes to.
pub(super) type Outcome = Result<Vec<Position>, AppendError>;

/// A call of append.
#[derive(Debug)]
pub(super) struct Call {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    positions: Vec<Position>,
    untold: usize,
    error: Option<AppendError>,
    answer: Option<oneshot::Sender<Outcome>>,
    /// Its share of the bytes that may wait; given back when it is answered, whether or not anybody still listens.
    permit: Option<OwnedSemaphorePermit>,
}

impl Call {
    /// A call of `records` records, and its answer to come.
    pub(super) fn new(records: usize, permit: OwnedSemaphorePermit) -> (Arc<Self>, oneshot::Receiver<Outcome>) {
        let (answer, answered) = oneshot::channel();
        let positions = vec![Position { partition: 0, offset: 0 }; records];
        let state = State { positions, untold: records, error: None, answer: Some(answer), permit: Some(permit) };
        (Arc::new(Self { state: Mutex::new(state) }), answered)
    }

    /// What became of its record `index`. The first error is the call's.
    pub(super) fn told(&self, index: usize, outcome: Result<Position, AppendError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(position) => state.positions.get_mut(index).into_iter().for_each(|slot| *slot = position),
            Err(error) => drop(state.error.get_or_insert(error)),
        }
        state.untold = state.untold.saturating_sub(1);
        if state.untold == 0 {
            state.answer();
        }
    }
}

impl State {
    fn answer(&mut self) {
        drop(self.permit.take());
        let positions = std::mem::take(&mut self.positions);
        let outcome = self.error.take().map_or(Ok(positions), Err);
        if let Some(answer) = self.answer.take() {
            // A caller that went away needs no answer.
            let _ = answer.send(outcome);
        }
    }
}

/// One record of a call, while librdkafka has it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) call: Arc<Call>,
    pub(super) index: usize,
}

impl Delivery {
    /// The brokers' last word.
    pub(super) fn told(self, result: &DeliveryResult<'_>) {
        let outcome = match result {
            Ok(message) => position(message.partition(), message.offset()),
            Err((error, _)) => Err(append_error(error)),
        };
        self.call.told(self.index, outcome);
    }
}

/// Where an acknowledged record lies. One that lies nowhere was not accepted, whatever the client says.
fn position(partition: i32, offset: i64) -> Result<Position, AppendError> {
    match (u32::try_from(partition), u64::try_from(offset)) {
        (Ok(partition), Ok(offset)) => Ok(Position { partition, offset }),
        _ => Err(AppendError::Unavailable { reason: "Kafka: acknowledged without an offset".to_owned() }),
    }
}

/// What an error of producing means for the caller.
pub(super) fn append_error(error: &Native) -> AppendError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
            AppendError::TooLarge { limit: MESSAGE_BYTES_MAX }
        }
        _ => AppendError::Unavailable { reason: format!("Kafka: {}", reason(error)) },
    }
}
