//! What librdkafka tells on the side: log lines, errors, statistics.
//!
//! Owns: where they go – tracing and metrics. Never: decides anything by them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use metrics::{counter, gauge};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError as Native;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::{Broker, Statistics};
use rdkafka::types::RDKafkaErrorCode;

use super::delivery::Delivery;

/// The side channel of one client.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// What the client is for; a metric label.
    pub(super) role: &'static str,
    /// Whether a record of this client waited for longer than it may.
    pub(super) timed_out: Arc<AtomicBool>,
}

impl Context {
    pub(super) fn new(role: &'static str) -> Self {
        Self { role, timed_out: Arc::default() }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => tracing::warn!(client = self.role, facility, "{message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(client = self.role, facility, "{message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(client = self.role, facility, "{message}"),
        }
    }

    fn error(&self, error: Native, reason: &str) {
        counter!("patron_kafka_errors_total", "client" => self.role).increment(1);
        tracing::warn!(client = self.role, %error, reason, "the Kafka client met an error and goes on");
    }

    fn stats(&self, statistics: Statistics) {
        gauge!("patron_kafka_queue_messages", "client" => self.role).set(statistics.msg_cnt as f64);
        gauge!("patron_kafka_queue_bytes", "client" => self.role).set(statistics.msg_size as f64);
        counter!("patron_kafka_sent_bytes_total", "client" => self.role).absolute(whole(statistics.tx_bytes));
        counter!("patron_kafka_received_bytes_total", "client" => self.role).absolute(whole(statistics.rx_bytes));
        counter!("patron_kafka_requests_total", "client" => self.role).absolute(whole(statistics.tx));
        let mut brokers: Vec<&Broker> = statistics.brokers.values().filter(|broker| broker.nodeid >= 0).collect();
        brokers.sort_by_key(|broker| broker.nodeid);
        brokers.into_iter().for_each(|broker| self.meter(broker));
    }
}

impl Context {
    fn meter(&self, broker: &Broker) {
        let node = broker.nodeid.to_string();
        let up = if broker.state == "UP" { 1.0 } else { 0.0 };
        gauge!("patron_kafka_broker_up", "client" => self.role, "broker" => node.clone()).set(up);
        if let Some(rtt) = &broker.rtt {
            let seconds = rtt.p99 as f64 / 1e6;
            gauge!("patron_kafka_broker_rtt_p99_seconds", "client" => self.role, "broker" => node).set(seconds);
        }
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        let timed_out = |error: &Native| error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageTimedOut);
        if result.as_ref().is_err_and(|(error, _)| timed_out(error)) {
            self.timed_out.store(true, Ordering::Relaxed);
        }
        delivery.told(result);
    }
}

fn whole(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
