//! librdkafka's `rd_kafka_consume_batch_queue`, which rdkafka has no safe form of: many records by one call.
//!
//! Owns every record from the call that gave it until it is destroyed here. Never hands one out.
#![expect(unsafe_code, reason = "librdkafka's own interface")]

use std::{ptr::NonNull, slice, time::Duration};

use anyhow::{Context as _, Result, ensure};
use rdkafka::{
    bindings::{
        rd_kafka_consume_batch_queue, rd_kafka_message_destroy, rd_kafka_message_t, rd_kafka_queue_destroy,
        rd_kafka_queue_get_consumer, rd_kafka_queue_t,
    },
    consumer::{BaseConsumer, Consumer as _},
    types::RDKafkaRespErr,
};

use crate::plan::BATCH_ROWS;

/// The queue of a consumer; its partitions have to be assigned, not subscribed to.
pub(super) struct Batches<'a> {
    queue: NonNull<rd_kafka_queue_t>,
    records: Vec<*mut rd_kafka_message_t>,
    /// The queue is its consumer's.
    _consumer: &'a BaseConsumer,
}

impl<'a> Batches<'a> {
    /// The consumer's queue.
    pub(super) fn of(consumer: &'a BaseConsumer) -> Result<Self> {
        // SAFETY: the client lives as long as the consumer that is borrowed.
        let queue = unsafe { rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        let queue = NonNull::new(queue).context("a consumer has a queue")?;
        Ok(Self { queue, records: Vec::with_capacity(BATCH_ROWS), _consumer: consumer })
    }

    /// A whole batch, but no more than `most`, or what came of it within the time: how many records, and the bytes of their values.
    pub(super) fn next(&mut self, most: u64, patience: Duration) -> Result<(u64, u64)> {
        let most = usize::try_from(most)?.min(self.records.capacity());
        let millis = i32::try_from(patience.as_millis())?;
        // SAFETY: the vector has room for so many pointers, and the queue lives until `self` is dropped.
        let count =
            unsafe { rd_kafka_consume_batch_queue(self.queue.as_ptr(), millis, self.records.as_mut_ptr(), most) };
        let count = usize::try_from(count).context("librdkafka reads the queue")?;
        // SAFETY: librdkafka wrote that many pointers to messages, which are ours now.
        let records = unsafe { slice::from_raw_parts(self.records.as_ptr(), count) };
        let (mut bytes, mut failed) = (0, None);
        for &record in records {
            // SAFETY: the message lives until it is destroyed, which is done once.
            unsafe {
                match (*record).err {
                    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => bytes += (*record).len as u64,
                    error => failed = Some(error),
                }
                rd_kafka_message_destroy(record);
            }
        }
        ensure!(failed.is_none(), "a record is an error: {failed:?}");
        Ok((count as u64, bytes))
    }
}

impl Drop for Batches<'_> {
    fn drop(&mut self) {
        // SAFETY: got in `of`, destroyed here alone.
        unsafe { rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}
