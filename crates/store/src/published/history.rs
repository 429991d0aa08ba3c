//! Which changes of memberships were told of a customer id: an index over the changes, written and forgotten with them.
//!
//! Never knows who is one person: whoever asks names all ids.

use rocksdb::{Direction, IteratorMode};
use types::IdentifierId;

use super::{
    Published, damaged, decode_value,
    memberships::{MembershipChange, families::MembershipChanges},
};
use crate::{batch::Batch, error::StoreError, family::Family, snapshot::read_error};

/// Which part of a history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPart {
    /// The newest first, not the oldest.
    pub newest_first: bool,
    /// Sequence number of the change after which it goes on, in that order; `None` from the beginning of the order.
    pub after: Option<u64>,
    /// Most changes.
    pub max: usize,
}

impl Published {
    /// Sequence numbers of the changes told of these customer ids, in the order asked for.
    ///
    /// # Errors
    /// `Read` or `DamagedPublished`.
    pub fn membership_history(&self, customers: &[IdentifierId], part: &HistoryPart) -> Result<Vec<u64>, StoreError> {
        let mut sequences = Vec::new();
        for customer in customers {
            sequences.extend(self.history_of(*customer, part)?);
        }
        sequences.sort_unstable();
        sequences.dedup();
        if part.newest_first {
            sequences.reverse();
        }
        sequences.truncate(part.max);
        Ok(sequences)
    }

    /// The changes of these sequence numbers, in their order; those that are no longer kept are left out.
    ///
    /// # Errors
    /// `Read` or `DamagedPublished`.
    pub fn membership_changes_at(&self, sequences: &[u64]) -> Result<Vec<(u64, MembershipChange)>, StoreError> {
        let keys: Vec<Vec<u8>> = sequences.iter().map(MembershipChanges::encode_key).collect();
        let rows = self.db.batched_multi_get_cf(self.handle::<MembershipChanges>(), &keys, false);
        let mut changes = Vec::with_capacity(sequences.len());
        for (sequence, row) in sequences.iter().zip(rows) {
            if let Some(bytes) = row.map_err(read_error)? {
                changes.push((*sequence, decode_value::<MembershipChanges>(&bytes)?));
            }
        }
        Ok(changes)
    }

    fn history_of(&self, customer: IdentifierId, part: &HistoryPart) -> Result<Vec<u64>, StoreError> {
        let (from, direction) = match (part.newest_first, part.after) {
            (true, Some(0)) => return Ok(Vec::new()),
            (true, after) => (after.map_or(u64::MAX, |after| after - 1), Direction::Reverse),
            (false, after) => (after.map_or(0, |after| after.saturating_add(1)), Direction::Forward),
        };
        let first = MembershipHistory::encode_key(&(customer, from));
        let rows = self.db.iterator_cf(self.handle::<MembershipHistory>(), IteratorMode::From(&first, direction));
        let mut sequences = Vec::new();
        for row in rows.take(part.max) {
            let (key, _) = row.map_err(read_error)?;
            let key = MembershipHistory::decode_key(&key);
            let (held, sequence) = key.ok_or_else(|| damaged::<MembershipHistory>("a key".to_owned()))?;
            if held != customer {
                break;
            }
            sequences.push(sequence);
        }
        Ok(sequences)
    }

    /// Forgets the changes after `forgotten` up to `until`, with their rows of the index. Those after `last` are not on disk yet:
    /// they are the first of `told`.
    pub(super) fn forget_memberships(
        &self,
        batch: &mut Batch,
        (forgotten, until): (u64, u64),
        last: u64,
        told: &[MembershipChange],
    ) -> Result<(), StoreError> {
        let count = usize::try_from(until.saturating_sub(forgotten)).unwrap_or(usize::MAX);
        let held = self.membership_changes(forgotten, count)?;
        let held = held.iter().map(|(sequence, change)| (*sequence, change.customer));
        let new = (last + 1..).zip(told).map(|(sequence, change)| (sequence, change.customer));
        for (sequence, customer) in held.chain(new).take_while(|(sequence, _)| *sequence <= until) {
            batch.delete::<MembershipChanges>(&sequence);
            batch.delete::<MembershipHistory>(&(customer, sequence));
        }
        Ok(())
    }
}

/// `membership_history`: customer id ‖ sequence number → –.
#[derive(Debug)]
pub(super) struct MembershipHistory;

impl Family for MembershipHistory {
    const NAME: &'static str = "membership_history";
    const PREFIX_BYTES: usize = 0;
    type Key = (IdentifierId, u64);
    type Value = ();

    fn encode_key((customer, sequence): &Self::Key) -> Vec<u8> {
        [customer.0.as_slice(), &sequence.to_be_bytes()].concat()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (customer, sequence) = bytes.split_first_chunk::<16>()?;
        Some((IdentifierId(*customer), u64::from_be_bytes(sequence.try_into().ok()?)))
    }

    fn encode_value((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_value(_: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
