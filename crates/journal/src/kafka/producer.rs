//! The producer: records of any topic of the cluster, in order, each once however often the client retries.
//!
//! Owns: librdkafka's producer, its bound on what waits, and its renewal after an error that ends it. Never: awaits each
//! record; a call is answered as a whole.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::message::{Header as NativeHeader, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use tokio::sync::Semaphore;

use super::context::Context;
use super::delivery::{Call, Delivery, append_error};
use super::settings::KafkaSettings;
use crate::{AppendError, Header, NewRecord, Position};

type Native = ThreadedProducer<Context>;

/// What a waiting record takes beside its own bytes, roughly.
const OVERHEAD_BYTES: usize = 256;

/// A producer that is never used up.
pub(super) struct Producer {
    settings: KafkaSettings,
    native: Mutex<Native>,
    pending_bytes: Arc<Semaphore>,
    pending_bytes_max: u32,
}

impl Producer {
    /// A producer; connects in the background.
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, String> {
        let pending_bytes_max = u32::try_from(settings.pending_bytes_max).unwrap_or(u32::MAX);
        Ok(Self {
            native: Mutex::new(native(settings)?),
            settings: settings.clone(),
            pending_bytes: Arc::new(Semaphore::new(pending_bytes_max as usize)),
            pending_bytes_max,
        })
    }

    /// Appends; waits while too much waits for the brokers already.
    pub(super) async fn append(&self, topic: &str, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        let closed = || AppendError::Closed { reason: "the process is stopping".to_owned() };
        let bytes: usize = records.iter().map(|record| record.bytes() + OVERHEAD_BYTES).sum();
        // A call larger than all that may wait waits until it is alone.
        let share = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.pending_bytes_max);
        let permit = self.pending_bytes.clone().acquire_many_owned(share).await.map_err(|_| closed())?;
        let (call, answered) = Call::new(records.len(), permit);
        let native = self.alive()?;
        for (index, record) in records.iter().enumerate() {
            send(&native, topic, record, Delivery { call: call.clone(), index });
        }
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Waits until nothing waits any more, at most `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let native = self.native.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Err(error) = native.flush(patience) {
            tracing::warn!(%error, "appends still waited for Kafka at the end; their callers were told nothing");
        }
    }

    /// The producer, a new one where the last was ended by a fatal error – an idempotent producer that cannot vouch for its
    /// sequence any more refuses all further records – or let records time out: one has been seen to send nothing for minutes
    /// to a broker that answered others. What it still held is told to its callers as not accepted.
    fn alive(&self) -> Result<Native, AppendError> {
        let mut held = self.native.lock().unwrap_or_else(PoisonError::into_inner);
        let fatal = held.client().fatal_error().map(|(code, reason)| format!("{code}: {reason}"));
        let timed_out = held.client().context().timed_out.load(Ordering::Relaxed);
        if let Some(reason) = fatal.or_else(|| timed_out.then(|| "records waited for too long".to_owned())) {
            tracing::warn!(reason, "the Kafka producer is made anew");
            let fresh = native(&self.settings).map_err(|reason| AppendError::Unavailable { reason })?;
            let ended = std::mem::replace(&mut *held, fresh);
            // Its end waits for its threads, and answers the calls that it still holds.
            drop(std::thread::spawn(move || drop(ended)));
        }
        Ok(held.clone())
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Producer for {}", self.settings.brokers)
    }
}

fn native(settings: &KafkaSettings) -> Result<Native, String> {
    let context = Context::new("producer");
    Native::from_config_and_context(&settings.producer(), context).map_err(|error| error.to_string())
}

fn send(native: &Native, topic: &str, record: &NewRecord, delivery: Delivery) {
    let message = BaseRecord::with_opaque_to(topic, Box::new(delivery))
        .partition(record.partition.cast_signed())
        .key(record.key.as_slice())
        .payload(record.value.as_slice());
    let message = if record.headers.is_empty() { message } else { message.headers(native_headers(&record.headers)) };
    if let Err((error, refused)) = native.send(message) {
        let Delivery { call, index } = *refused.delivery_opaque;
        call.told(index, Err(append_error(&error)));
    }
}

fn native_headers(headers: &[Header]) -> OwnedHeaders {
    let add = |all: OwnedHeaders, header: &Header| {
        all.insert(NativeHeader { key: &header.name, value: Some(header.value.as_slice()) })
    };
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), add)
}
