//! One batch: admit each touchpoint, append the admitted ones, answer for all in their order.
//!
//! Accepted means that the append returned. Never answers for a part of a batch: an append that fails fails it whole.

use journal::{NewRecord, Position};
use proto::ingest::publish_result::Outcome;
use proto::ingest::{Accepted, Finding, PublishResult, Rejected};
use tokio::time::{Instant, timeout};
use tonic::Status;
use types::Micros;
use types::record::{self, Touchpoint};

use super::{Ingest, IngestSettings};
use crate::{Admitted, admit, envelope, meter, status};

/// Touchpoints that are looked at before other tasks of the same thread get their turn.
const TURN_TOUCHPOINTS_MAX: usize = 128;

/// A batch that was looked at.
struct Batch {
    /// What the journal is to keep, in the order of the admitted touchpoints.
    records: Vec<NewRecord>,
    /// For each touchpoint its notes, or the findings against it.
    verdicts: Vec<Result<Vec<Finding>, Vec<Finding>>>,
}

impl Ingest {
    /// Takes 1 to `BATCH_TOUCHPOINTS_MAX` touchpoints and answers for each, in order. The limit on batches under way is
    /// the gRPC calls' and not counted here.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a batch of another size; UNAVAILABLE with RetryInfo where the journal cannot take it now:
    /// nothing is known to be accepted then; INTERNAL where it never can.
    pub async fn publish_batch(&self, touchpoints: Vec<Touchpoint>) -> Result<Vec<PublishResult>, Status> {
        status::check_batch(touchpoints.len())?;
        let Batch { records, verdicts } = self.look_at(touchpoints).await;
        let mut positions = self.append(records).await?.into_iter();
        let outcomes =
            verdicts.into_iter().map(|verdict| outcome(verdict, &mut positions)).collect::<Result<Vec<_>, _>>()?;
        outcomes.iter().for_each(count);
        Ok(outcomes.into_iter().map(|outcome| PublishResult { outcome: Some(outcome) }).collect())
    }

    /// One instant of receipt for the whole batch.
    async fn look_at(&self, touchpoints: Vec<Touchpoint>) -> Batch {
        let received_at = self.shared.clock.now();
        let count = touchpoints.len();
        let mut batch = Batch { records: Vec::with_capacity(count), verdicts: Vec::with_capacity(count) };
        for (index, touchpoint) in touchpoints.into_iter().enumerate() {
            if index % TURN_TOUCHPOINTS_MAX == TURN_TOUCHPOINTS_MAX - 1 {
                tokio::task::yield_now().await;
            }
            self.look_at_one(touchpoint, received_at, &mut batch);
        }
        batch
    }

    fn look_at_one(&self, touchpoint: Touchpoint, received_at: Micros, batch: &mut Batch) {
        let settings = &self.shared.settings;
        let IngestSettings { catalogue, blocked, normaliser, .. } = settings;
        let admitted = admit(touchpoint, received_at, catalogue, blocked, normaliser);
        batch.verdicts.push(admitted.map(|Admitted { touchpoint, notes }| {
            let record = envelope::new_record(&touchpoint, received_at, &settings.hash_key, self.shared.partitions);
            batch.records.push(record);
            notes
        }));
    }

    pub(super) async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, Status> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (count, started) = (records.len(), Instant::now());
        let limit = self.shared.settings.append_timeout;
        let result = timeout(limit, self.shared.journal.append(records)).await;
        meter::appended(started.elapsed());
        let status = match result {
            Ok(Ok(positions)) => return Ok(positions),
            Ok(Err(error)) => status::of_append(&error),
            Err(_) => status::timed_out(limit),
        };
        tracing::warn!(touchpoints = count, error = status.message(), "the journal did not take a batch");
        Err(status)
    }
}

fn outcome(
    verdict: Result<Vec<Finding>, Vec<Finding>>,
    positions: &mut impl Iterator<Item = Position>,
) -> Result<Outcome, Status> {
    match verdict {
        Err(findings) => Ok(Outcome::Rejected(Rejected { findings })),
        Ok(notes) => {
            let Position { partition, offset } = positions.next().ok_or_else(status::positions_missing)?;
            let position = Some(record::Position { partition, offset });
            Ok(Outcome::Accepted(Accepted { position, notes }))
        }
    }
}

fn count(outcome: &Outcome) {
    match outcome {
        Outcome::Accepted(Accepted { notes, .. }) => meter::accepted(notes),
        Outcome::Rejected(Rejected { findings }) => meter::rejected(findings),
    }
}
