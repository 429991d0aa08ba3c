//! What became of published touchpoints, counted.

use std::collections::BTreeMap;

use proto::ingest::{Finding, PublishResult, Reason, publish_result::Outcome};

/// Counts of publish results.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Touchpoints that are durable.
    pub accepted: u64,
    /// Touchpoints that were not taken, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// What ingest left out of accepted ones, by reason.
    pub notes: BTreeMap<String, u64>,
    /// The last position in each partition; usable as `min_position`.
    pub positions: BTreeMap<u32, u64>,
}

impl Tally {
    /// Counts one result; answers the findings of a rejected one.
    pub fn count<'r>(&mut self, result: &'r PublishResult) -> Option<&'r [Finding]> {
        match &result.outcome {
            Some(Outcome::Accepted(accepted)) => {
                self.accepted += 1;
                accepted.notes.iter().for_each(|note| add(&mut self.notes, &label(note.reason())));
                if let Some(position) = &accepted.position {
                    let last = self.positions.entry(position.partition).or_default();
                    *last = (*last).max(position.offset);
                }
                None
            }
            Some(Outcome::Rejected(rejected)) => {
                let reason = rejected.findings.first().map_or(Reason::Unspecified, Finding::reason);
                add(&mut self.rejected, &label(reason));
                Some(&rejected.findings)
            }
            None => {
                add(&mut self.rejected, "no_answer");
                Some(&[])
            }
        }
    }

    /// Number of rejected touchpoints.
    pub fn rejected_count(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// Adds one to a count.
pub fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

/// The reason as metrics name it: `REASON_UNKNOWN_KIND` is `unknown_kind`.
pub fn label(reason: Reason) -> String {
    reason.as_str_name().trim_start_matches("REASON_").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ingest::{Accepted, Rejected};
    use types::record::Position;

    fn accepted(partition: u32, offset: u64) -> PublishResult {
        let position = Some(Position { partition, offset });
        PublishResult { outcome: Some(Outcome::Accepted(Accepted { position, notes: Vec::new() })) }
    }

    #[test]
    fn results_are_counted_by_reason_and_partition() {
        let finding = Finding { reason: Reason::UnknownKind.into(), ..Finding::default() };
        let rejected = PublishResult { outcome: Some(Outcome::Rejected(Rejected { findings: vec![finding] })) };
        let mut tally = Tally::default();
        assert!(tally.count(&accepted(0, 7)).is_none() && tally.count(&accepted(0, 5)).is_none());
        assert_eq!(tally.count(&rejected).map(<[Finding]>::len), Some(1));
        assert_eq!((tally.accepted, tally.rejected_count(), tally.positions), (2, 1, [(0, 7)].into()));
        assert_eq!(tally.rejected.into_keys().collect::<Vec<_>>(), ["unknown_kind"]);
    }
}
