//! The id that Kafka gave a topic when it was created: a topic deleted and made again has another.
//!
//! Owns: the one question that the Rust wrapper of librdkafka does not ask. Never: touches anything but the objects that it
//! makes and destroys itself.
#![expect(
    unsafe_code,
    reason = "DescribeTopics has no safe wrapper; every pointer here is made, checked and destroyed here"
)]

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::error::KafkaError as Native;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::{Cluster, KafkaError};

/// The id of a topic, in the base64 form that Kafka's own tools show; `None` when there is no such topic.
pub(super) fn of(cluster: &Cluster, topic: &str) -> Result<Option<String>, KafkaError> {
    let what = || format!("the id of topic {topic}");
    let refused = |reason: String| KafkaError::Refused { what: what(), reason };
    let name = CString::new(topic).map_err(|error| refused(error.to_string()))?;
    match describe(cluster.client().native_ptr(), &name, cluster.settings().request_timeout) {
        Ok(id) if id.bytes().all(|digit| digit == b'A') => Err(refused(
            "the brokers give topics no ids, so a topic made again could not be told from the one before; upgrade them to \
             Kafka 3.1 or newer with its own protocol version"
                .to_owned(),
        )),
        Ok(id) => Ok(Some(id)),
        Err(RDKafkaErrorCode::UnknownTopicOrPartition) => Ok(None),
        Err(code) => Err(KafkaError::unanswered(what(), &Native::AdminOp(code))),
    }
}

/// A pointer that librdkafka gave and wants back.
struct Owned<T> {
    ptr: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    fn new(ptr: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, RDKafkaErrorCode> {
        NonNull::new(ptr).map(|ptr| Self { ptr, destroy }).ok_or(RDKafkaErrorCode::Fail)
    }

    fn get(&self) -> *mut T {
        self.ptr.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from the constructor that this function belongs to, and is destroyed here alone.
        unsafe { (self.destroy)(self.ptr.as_ptr()) }
    }
}

fn describe(client: *mut sys::rd_kafka_t, name: &CStr, patience: Duration) -> Result<String, RDKafkaErrorCode> {
    let mut names = [name.as_ptr()];
    // SAFETY: `names` outlives the call, which copies them; the client lives as long as the cluster that lent it.
    let topics = unsafe { sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()) };
    let topics = Owned::new(topics, sys::rd_kafka_TopicCollection_destroy)?;
    // SAFETY: the client is alive.
    let queue = Owned::new(unsafe { sys::rd_kafka_queue_new(client) }, sys::rd_kafka_queue_destroy)?;
    // SAFETY: all three are alive; the options may be null, and the call copies the collection.
    unsafe { sys::rd_kafka_DescribeTopics(client, topics.get(), std::ptr::null(), queue.get()) };
    let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the queue is alive.
    let event = unsafe { sys::rd_kafka_queue_poll(queue.get(), millis) };
    let event = Owned::new(event, sys::rd_kafka_event_destroy).map_err(|_| RDKafkaErrorCode::OperationTimedOut)?;
    // SAFETY: the event is alive until the end of this function, and so is everything read out of it.
    unsafe { id_in(event.get()) }
}

/// # Safety
/// `event` must be alive.
unsafe fn id_in(event: *mut sys::rd_kafka_event_t) -> Result<String, RDKafkaErrorCode> {
    // SAFETY: the event is alive; a result is null where the event is of another kind, which is checked.
    unsafe {
        check(sys::rd_kafka_event_error(event))?;
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 {
            return Err(RDKafkaErrorCode::UnknownTopicOrPartition);
        }
        let topic = *topics;
        let error = sys::rd_kafka_TopicDescription_error(topic);
        check(sys::rd_kafka_error_code(error))?;
        let id = sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic));
        NonNull::new(id.cast_mut())
            .map(|id| as_kafka_shows(&CStr::from_ptr(id.as_ptr()).to_string_lossy()))
            .ok_or(RDKafkaErrorCode::Fail)
    }
}

/// librdkafka writes base64 with `+` and `/`, Kafka's own tools with `-` and `_`; neither pads.
fn as_kafka_shows(id: &str) -> String {
    id.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

fn check(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}
