//! Dead letters: what could not be taken, shown, tried again or given up.
//!
//! Owns the topic `dead-letters` as a set: a letter is unsettled until a later record of its id settles it. Never changes a
//! letter's bytes; never forgets one by itself.

use std::sync::Arc;

use journal::{Journal, NewRecord};
use types::dead_letter::DeadLetter;

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

/// The record of a letter, as much of it as the journal takes.
pub(crate) fn record(letter: DeadLetter, journal: &dyn Journal) -> NewRecord {
    NewRecord::placed(letter.encode_within(journal.record_bytes_max()), journal.topology().partitions)
}
