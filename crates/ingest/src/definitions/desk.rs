//! What is defined now, folded from the topic in memory whenever a set comes.
//!
//! Grows with the names that are defined, of which there are at most `DEFINED_NAMES_MAX`, and with the number of sets.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use definition::{About, Catalogue, Change, Effect, Read, Version, Void, change, seal};
use journal::{Journal, PollLimits, Position, ReadError, Reader};
use tonic::Status;
use types::record::DefinitionSet;

use crate::status;

const LIMITS: PollLimits = PollLimits { records_max: 64, bytes_max: 8 << 20 };
const POLL_WAIT: Duration = Duration::from_millis(500);
/// Longest wait for a record that must be there.
const PATIENCE: Duration = Duration::from_secs(20);

/// The fold of the topic up to `next`.
#[derive(Default)]
pub(super) struct Desk {
    catalogue: Catalogue,
    next: u64,
    reader: Option<Box<dyn Reader>>,
}

impl Desk {
    /// What is defined as of the last `catch_up`.
    pub(super) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The versions that a set would make, or why it would be void.
    pub(super) fn would_do(&self, set: &DefinitionSet) -> Result<Vec<Arc<Version>>, Void> {
        match self.catalogue.effect(set, &Arc::new(About::of(set, types::Micros(0), self.next))) {
            Effect::Versions(versions) => Ok(versions),
            Effect::Void(void) => Err(void),
        }
    }

    /// Folds what the topic holds by now; the changes of the set named `watched`, if it came for the first time.
    pub(super) fn catch_up(
        &mut self,
        journal: &dyn Journal,
        watched: Option<&str>,
    ) -> Result<Option<Vec<Change>>, Status> {
        let caught_up = self.fold_to_end(journal, watched);
        if caught_up.is_err() {
            self.reader = None;
        }
        caught_up
    }

    fn fold_to_end(&mut self, journal: &dyn Journal, watched: Option<&str>) -> Result<Option<Vec<Change>>, Status> {
        let failed = |error: ReadError| status::definitions_unreadable(&error.to_string());
        let end = journal.ends().map_err(failed)?.first().copied().unwrap_or_default();
        let (mut heard, mut changes) = (Instant::now(), None);
        while self.next < end {
            let mut reader = match self.reader.take() {
                Some(reader) => reader,
                None => journal.reader(vec![Position { partition: 0, offset: self.next }]).map_err(failed)?,
            };
            let records = reader.poll(LIMITS, POLL_WAIT).map_err(failed)?;
            if !records.is_empty() {
                heard = Instant::now();
            } else if heard.elapsed() > PATIENCE {
                let reason = format!("nothing came for {} s", PATIENCE.as_secs());
                return Err(status::definitions_unreadable(&reason));
            }
            let from = self.next;
            for record in records.iter().filter(|record| record.position.offset >= from) {
                let found = self.fold(record.position.offset, &record.value, watched)?;
                changes = changes.or(found);
            }
            self.reader = Some(reader);
        }
        Ok(changes)
    }

    fn fold(&mut self, offset: u64, value: &[u8], watched: Option<&str>) -> Result<Option<Vec<Change>>, Status> {
        let mut changes = None;
        match seal::read(value) {
            Read::Set(set, received_at) => {
                if watched == Some(set.set_id.as_str()) && self.catalogue.set(&set.set_id).is_none() {
                    changes = Some(change::changes(&set, &self.catalogue));
                }
                self.catalogue.fold(&set, received_at, offset);
            }
            Read::Manifest => {}
            Read::Skip(reason) => tracing::warn!(offset, reason, "a record of definitions is passed over"),
            Read::Newer => return Err(status::newer_definitions(offset)),
        }
        self.next = offset + 1;
        Ok(changes)
    }
}
