//! Dead letters: what could not be taken, shown, tried again or given up.
//!
//! Owns the topic `dead-letters` as a set: a letter is unsettled until a later record of its id settles it. Never changes a
//! letter's bytes; never forgets one by itself.

use std::sync::Arc;

use journal::{Journal, NewRecord};
use types::dead_letter::{DeadLetter, DeadLetterRecord};

use crate::raw::RawTopics;
use crate::service::IngestSettings;

mod redrive;
mod scan;
mod service;
mod shown;

/// What the service needs.
#[derive(Clone)]
pub struct DeadLetters {
    shared: Arc<Shared>,
}

struct Shared {
    letters: Arc<dyn Journal>,
    touchpoints: Arc<dyn Journal>,
    topics: RawTopics,
    settings: IngestSettings,
}

impl DeadLetters {
    /// Over the journal of letters, redriving into the journal of touchpoints by the settings of now.
    pub fn new(
        letters: Arc<dyn Journal>,
        touchpoints: Arc<dyn Journal>,
        topics: RawTopics,
        settings: IngestSettings,
    ) -> Self {
        Self { shared: Arc::new(Shared { letters, touchpoints, topics, settings }) }
    }
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DeadLetters").field("topics", &self.shared.topics).finish_non_exhaustive()
    }
}

/// The record of a letter; one too large for the journal is kept without its value.
pub(crate) fn record(letter: DeadLetter, journal: &dyn Journal) -> NewRecord {
    let encode = |letter: DeadLetter| {
        NewRecord::placed(DeadLetterRecord::Letter(Box::new(letter)).encode(), journal.topology().partitions)
    };
    let whole = encode(letter.clone());
    if whole.bytes() <= journal.record_bytes_max() {
        return whole;
    }
    tracing::warn!(
        id = letter.origin.id(),
        bytes = whole.bytes(),
        "a dead letter is too large: its value stays in its topic"
    );
    encode(DeadLetter { value: None, value_left_out: true, ..letter })
}
