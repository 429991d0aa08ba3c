//! From librdkafka's message to ours.
//!
//! Owns: the copying, so that nothing of ours points into the client's memory. Never: looks into keys or values.

use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

use crate::{Header, Position, Record};

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

/// The headers; an absent value is an empty one.
pub(super) fn headers(message: &BorrowedMessage<'_>) -> Vec<Header> {
    let Some(held) = message.headers() else { return Vec::new() };
    let header = |header: rdkafka::message::Header<'_, &[u8]>| Header {
        name: header.key.to_owned(),
        value: header.value.unwrap_or_default().to_vec(),
    };
    held.iter().map(header).collect()
}
