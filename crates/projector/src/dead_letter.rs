//! What cannot be folded goes to the dead letters before the offset moves past it.

use std::sync::Arc;

use journal::{Journal, NewRecord, Record};
use types::{
    Micros,
    dead_letter::{Cause, DeadLetter, Origin, Stage},
};

use crate::skip::SkipReason;

/// The name under which the projector signs.
const BY: &str = "patron-projector";

/// Where dead letters go.
pub(crate) struct DeadLetters {
    journal: Arc<dyn Journal>,
    topic_id: String,
}

impl DeadLetters {
    pub(crate) fn new(journal: Arc<dyn Journal>, touchpoints: &dyn Journal) -> Self {
        Self { journal, topic_id: touchpoints.topology().topic_id }
    }

    /// The letter of a record that is passed over.
    pub(crate) fn letter(&self, record: Record, reason: SkipReason) -> NewRecord {
        let (partition, offset) = (record.position.partition, record.position.offset);
        let received_at = Micros(record.timestamp_us);
        let (key, value, headers) = record.into_parts();
        let letter = DeadLetter {
            origin: Origin { topic: "touchpoints".to_owned(), topic_id: self.topic_id.clone(), partition, offset },
            cause: Cause {
                reason: reason.name().to_owned(),
                description: reason.description().to_owned(),
                stage: Stage::Decoding,
                by: BY.to_owned(),
            },
            received_at,
            key: Some(key),
            value: Some(value),
            headers,
            value_left_out: false,
        };
        NewRecord::placed(letter.encode_within(self.journal.record_bytes_max()), self.journal.topology().partitions)
    }

    /// Appends letters; one that is there already, from before a crash or from a replica, has the same id.
    ///
    /// # Errors
    /// The journal's words. Nothing may be passed over then.
    pub(crate) fn append(&self, letters: &[NewRecord]) -> Result<(), String> {
        if letters.is_empty() {
            return Ok(());
        }
        let appended = journal::wait(self.journal.append(letters.to_vec()));
        appended.map(drop).map_err(|error| format!("what cannot be folded cannot be kept as dead letters: {error}"))
    }
}
