//! Raw topics: records that others put on Kafka, read, checked and appended as touchpoints.
//!
//! Owns what a raw record must be and what becomes of one that is not: a dead letter, never a stop. An offset is committed
//! only when all below it lies durably in the journal or among the dead letters. Never doubles: a record without a message id
//! is named by its place, so that it counts once however often it is read.

use std::collections::BTreeMap;
use std::str::FromStr;

mod read;
mod run;

#[cfg(test)]
mod tests;

pub use read::{Refused, read};
pub use run::RawReader;

/// In which form a raw topic's records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawFormat {
    /// One Segment message a record: track, identify, page, screen, group or alias.
    SegmentJson,
    /// One `patron.journal.v1.Touchpoint` a record.
    TouchpointProtobuf,
}

impl RawFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SegmentJson, Self::TouchpointProtobuf];

    /// The name in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::SegmentJson => "segment_json",
            Self::TouchpointProtobuf => "touchpoint_protobuf",
        }
    }
}

impl FromStr for RawFormat {
    type Err = String;

    /// # Errors
    /// Names the formats there are.
    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| format!("`{text}` is no format; there are {names}"))
    }
}

/// A raw topic as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTopic {
    /// Form of its records.
    pub format: RawFormat,
    /// The system that its touchpoints come from, where they do not say so themselves.
    pub source: String,
}

/// The raw topics by name.
pub type RawTopics = BTreeMap<String, RawTopic>;
