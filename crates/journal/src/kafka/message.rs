//! From librdkafka's message to ours.
//!
//! Owns: the copying, so that nothing of ours points into the client's memory. Never: looks into keys or values.

use rdkafka::message::{BorrowedMessage, Message as _};

pub(super) use super::headers::headers;
use crate::{Position, Record};

/// A record of a journal; an absent key or value is an empty one.
pub(super) fn record(message: &BorrowedMessage<'_>) -> Record {
    Record {
        position: position(message),
        timestamp_us: timestamp_us(message),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: headers(message),
    }
}

/// Where it lies.
pub(super) fn position(message: &BorrowedMessage<'_>) -> Position {
    Position { partition: message.partition().cast_unsigned(), offset: message.offset().cast_unsigned() }
}

/// The record's timestamp; 1970 where a broker has none.
pub(super) fn timestamp_us(message: &BorrowedMessage<'_>) -> i64 {
    message.timestamp().to_millis().unwrap_or_default().saturating_mul(1_000)
}
