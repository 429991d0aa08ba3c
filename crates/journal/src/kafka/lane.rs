//! One partition of a topic being read.
//!
//! Owns: the partition's own queue, so that no partition starves behind another's fetches; and one record taken from it
//! that did not fit yet. Never: hands out an offset below the one it was asked to begin at.

use std::time::Duration;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError as Native;

use super::context::Context;
use super::message;
use crate::fair::{Batch, Lane};
use crate::{Position, ReadError, Record};

/// A partition's queue.
pub(super) struct KafkaLane {
    pub(super) queue: PartitionQueue<Context>,
    /// The partition, and the next offset to hand out.
    pub(super) next: Position,
    /// Taken from the queue, not yet handed out.
    pub(super) waiting: Option<Record>,
    /// What the queue said instead of a record.
    pub(super) failed: Option<Native>,
}

impl KafkaLane {
    /// Takes the next record off the queue, unless one waits already.
    fn fetch(&mut self) {
        while self.waiting.is_none() && self.failed.is_none() {
            match self.queue.poll(Duration::ZERO) {
                None => return,
                Some(Err(error)) => self.failed = Some(error),
                Some(Ok(found)) => {
                    let at = message::position(&found);
                    // A fetch may begin inside a compressed batch, before the offset asked for.
                    self.waiting = (at.offset >= self.next.offset).then(|| message::record(&found));
                }
            }
        }
    }
}

impl Lane for KafkaLane {
    type Scratch = ();

    fn behind(&mut self) -> bool {
        self.fetch();
        self.waiting.is_some() || self.failed.is_some()
    }

    fn take(&mut self, (): &mut (), batch: &mut Batch) -> Result<(), ReadError> {
        loop {
            self.fetch();
            if let Some(error) = self.failed.take() {
                return Err(failed(self.next.partition, &error));
            }
            match self.waiting.take() {
                Some(record) if batch.takes(record.bytes()) => {
                    self.next.offset = record.position.offset + 1;
                    batch.push(record);
                }
                untaken => {
                    self.waiting = untaken;
                    return Ok(());
                }
            }
        }
    }
}

/// A partition that cannot be read on; the reader is opened anew, which names an offset that is gone.
fn failed(partition: u32, error: &Native) -> ReadError {
    ReadError::Server { place: format!("partition {partition}"), reason: super::error::reason(error) }
}
