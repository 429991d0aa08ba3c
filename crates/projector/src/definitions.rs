//! Folding the topic `definitions` beside the touchpoints: versions, sets and applied offset in one atomic write.
//!
//! Runs on the projector's thread, between its batches, so that what is folded next sees what is defined by then. Owns exactly-once
//! for definitions: what is below the applied offset is passed over, a set that came before has no effect. A record that cannot be
//! read is counted and stays where it is; one of a newer version makes definitions stand still, and touchpoints go on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use journal::{Journal, PollLimits, Position, ReadError, Reader, Record};
use store::{Store, StoreError, family::definition_sets::DefinitionProgressRow};
use types::{HashKey, progress::DefinitionsProgress};

mod working;

use crate::StartError;
pub(crate) use working::{Stop, fold};

/// Most of one write: each set has up to 1 MiB.
const LIMITS: PollLimits = PollLimits { records_max: 64, bytes_max: 8 << 20 };
/// How long a failed read or write waits before it is tried again.
const RETRY_WAIT: Duration = Duration::from_millis(500);
/// How long a record of a newer version is left alone.
const NEWER_WAIT: Duration = Duration::from_secs(10);

/// The reader of `definitions`, and how far it is folded.
pub(crate) struct Definitions {
    reader: Box<dyn Reader>,
    /// Polled, and not written yet.
    pending: Vec<Record>,
    row: DefinitionProgressRow,
    halted: Option<(String, Instant)>,
}

impl Definitions {
    /// Goes on where the state ends.
    ///
    /// # Errors
    /// `OtherDefinitions` if the state was folded from another topic; `Definitions` if it does not hold what comes next.
    pub(crate) fn open(store: &Store, journal: &Arc<dyn Journal>) -> Result<Self, StartError> {
        let topic_id = journal.topology().topic_id;
        let mut row = store::definition::progress(&store.snapshot())?;
        if !row.topic_id.is_empty() && row.topic_id != topic_id {
            return Err(StartError::OtherDefinitions { held: row.topic_id, found: topic_id });
        }
        row.topic_id = topic_id;
        let reader = journal.reader(vec![Position { partition: 0, offset: row.applied }]);
        let reader = reader.map_err(StartError::Definitions)?;
        Ok(Self { reader, pending: Vec::new(), row, halted: None })
    }

    /// How far they are folded.
    pub(crate) fn progress(&self) -> DefinitionsProgress {
        let halted = self.halted.as_ref().map(|(reason, _)| reason.clone());
        DefinitionsProgress { applied: self.row.applied, halted }
    }

    /// Folds what is there, without waiting; whether there is anything to tell.
    pub(crate) fn step(&mut self, store: &Store, hash_key: &HashKey) -> bool {
        if self.halted.as_ref().is_some_and(|(_, until)| Instant::now() < *until) {
            return false;
        }
        let stood = self.halted.take().is_some();
        match self.advance(store, hash_key) {
            Ok(moved) => moved || stood,
            Err((reason, wait)) => {
                tracing::error!(reason, "folding definitions stands still and is tried again");
                self.halted = Some((reason, Instant::now() + wait));
                true
            }
        }
    }

    fn advance(&mut self, store: &Store, hash_key: &HashKey) -> Result<bool, (String, Duration)> {
        if self.pending.is_empty() {
            self.pending = self.reader.poll(LIMITS, Duration::ZERO).map_err(|error| (error.to_string(), RETRY_WAIT))?;
        }
        if self.pending.is_empty() {
            return Ok(false);
        }
        let folded = fold(store, hash_key, &self.row, &self.pending);
        let (row, stop) = folded.map_err(|error| (error.to_string(), RETRY_WAIT))?;
        let moved = row.applied != self.row.applied;
        self.row = row;
        match stop {
            None => self.pending.clear(),
            Some(Stop::Newer(offset)) => {
                self.pending.retain(|record| record.position.offset >= offset);
                return Err((newer(offset), NEWER_WAIT));
            }
        }
        Ok(moved)
    }
}

fn newer(offset: u64) -> String {
    format!("the record of `definitions` at offset {offset} was written by a newer patron; upgrade patron")
}

/// Folds everything below `until` into `store`, which must not have folded definitions; as the projector does.
///
/// # Errors
/// The journal's or the store's; the store then holds a part.
pub(crate) fn replay(
    store: &Store,
    journal: &dyn Journal,
    hash_key: &HashKey,
    until: &DefinitionProgressRow,
) -> Result<(), ReplayError> {
    if until.applied == 0 {
        return Ok(());
    }
    // The live fold alone counts in the metrics.
    let fold = |row: &DefinitionProgressRow, records: &[Record]| {
        metrics::with_local_recorder(&metrics::NoopRecorder, || fold(store, hash_key, row, records))
    };
    let mut row = DefinitionProgressRow { topic_id: until.topic_id.clone(), ..DefinitionProgressRow::default() };
    let mut reader = journal.reader(vec![Position { partition: 0, offset: 0 }])?;
    let mut heard = Instant::now();
    while row.applied < until.applied {
        let mut records = reader.poll(LIMITS, Duration::from_millis(200))?;
        records.retain(|record| record.position.offset < until.applied);
        if records.is_empty() && heard.elapsed() > SILENCE_MAX {
            return Err(ReplayError::Silent { until: until.applied });
        }
        if records.is_empty() {
            continue;
        }
        heard = Instant::now();
        let (next, stop) = fold(&row, &records)?;
        if let Some(Stop::Newer(offset)) = stop {
            return Err(ReplayError::Newer { offset });
        }
        row = next;
    }
    Ok(())
}

/// Longest silence of a topic that is known to hold more.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Why definitions could not be folded again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The topic does not hold everything from its start, or does not answer.
    #[error("`definitions` cannot be read from its start: {0}")]
    Journal(#[from] ReadError),
    /// The topic gives nothing more, although the live state has folded more.
    #[error("`definitions` gave nothing for {} s below offset {until}, which the state has folded; try again", SILENCE_MAX.as_secs())]
    Silent {
        /// The offset that the state has reached.
        until: u64,
    },
    /// Written by a newer version.
    #[error("the record of `definitions` at offset {offset} was written by a newer patron; upgrade patron")]
    Newer {
        /// Its offset.
        offset: u64,
    },
}
