//! What was told of memberships: each customer's segments, when they change next, and the changes in order.

use std::collections::{BTreeMap, BTreeSet};

use rocksdb::{Direction, IteratorMode, ReadOptions};
use segment::{Group, Ordinal, Told as ToldOf, advance::Entry};
use serde::{Deserialize, Serialize};
use types::{ExactSum, IdentifierId, Micros};

use super::{Published, damaged, decode_value, history::MembershipHistory, rows::Cause};
use crate::{
    batch::Batch,
    error::StoreError,
    family::{Family, from_postcard, to_postcard},
    snapshot::read_error,
};

/// Most changes that one write forgets: a lowered maximum is reached write by write.
const FORGOTTEN_MAX: u64 = 10_000;

/// What was told of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRow {
    /// The instant up to which everything was told.
    pub until: Micros,
    /// Segments that the customer was told to be in.
    pub segments: BTreeMap<Ordinal, Entry>,
    /// Of each group of segments the first instant at which something can change if nothing happens.
    pub due: BTreeMap<Group, Micros>,
}

/// Why a membership changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MembershipCause {
    /// A touchpoint, a decision, or another generation.
    Evidence(Cause),
    /// Time passed.
    Time,
    /// The segments were defined otherwise.
    Definition,
}

/// A segment that was entered or left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipChange {
    /// The customer.
    pub customer: IdentifierId,
    /// The segment.
    pub segment: String,
    /// Its version.
    pub version: u32,
    /// Entered, not left.
    pub entered: bool,
    /// When it became so.
    pub effective_at: Micros,
    /// Whether it corrects what was told.
    pub correction: bool,
    /// Why.
    pub cause: MembershipCause,
    /// The generation that it was told from.
    pub generation: u32,
    /// When it was noticed.
    pub observed_at: Micros,
    /// Offsets, by partition, of the state that it was worked out from.
    pub applied: BTreeMap<u32, u64>,
}

/// How far memberships were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipsTold {
    /// The generation that is told from; `None` while all its customers are still to be looked at.
    pub generation: Option<u32>,
    /// Fingerprint of the segments that were told.
    pub segments: String,
    /// What all of them stand on: the calendar, and how they are grouped.
    pub ground: String,
    /// Everything that was due up to this instant was told; it never goes back.
    pub instant: Micros,
    /// The beginning of the day as of which the population was cut, in microseconds since 1970.
    pub cut_day: i64,
    /// Cuts of the population, by key.
    pub cuts: BTreeMap<String, Cut>,
    /// How many customers there were when everybody was looked at last.
    pub customers: u64,
    /// Sequence number of the last change that is no longer kept; 0 if all are.
    pub forgotten: u64,
    /// Sequence number of the last change; 0 if there is none.
    pub last: u64,
}

/// A cut of the population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Its value; `None` where no customer has the measure.
    pub value: Option<ExactSum>,
    /// Customers who have the measure.
    pub population: u64,
}

/// Everybody is being looked at; in memory alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Why.
    pub cause: MembershipCause,
    /// Segments that are new, changed or gone; empty where the reason is another.
    pub changed: BTreeSet<String>,
    /// Customers looked at so far.
    pub looked_at: u64,
    /// How many there were the last time; 0 where there was none.
    pub customers: u64,
    /// When it began.
    pub began_at: Micros,
}

impl MembershipsTold {
    /// The cuts that have a value.
    pub fn cut_values(&self) -> BTreeMap<String, ExactSum> {
        self.cuts.iter().filter_map(|(key, cut)| Some((key.clone(), cut.value?))).collect()
    }
}

/// A customer of whom something can change at an instant though nothing happens.
pub type Deadline = (Micros, IdentifierId);

/// What one customer's row becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The deadline of the row that there was; `None` where that had none, or none was.
    pub was_due: Option<Micros>,
    /// The row from now on; `None` for none.
    pub row: Option<MembershipRow>,
}

impl MembershipRow {
    /// The row of what is told of a customer.
    pub fn of(told: ToldOf) -> Self {
        Self { until: told.until.unwrap_or_default(), segments: told.segments, due: told.due }
    }

    /// What is told of the customer.
    pub fn told(self) -> ToldOf {
        ToldOf { until: Some(self.until), segments: self.segments, due: self.due }
    }

    /// The first instant at which something can change if nothing happens.
    pub fn next(&self) -> Option<Micros> {
        self.due.values().min().copied()
    }
}

impl Published {
    /// How far memberships were told.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn memberships_told(&self) -> Result<MembershipsTold, StoreError> {
        Ok(self.get::<MembershipTolds>(&())?.unwrap_or_default())
    }

    /// What was told of these customers, in their order.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn memberships(&self, customers: &[IdentifierId]) -> Result<Vec<Option<MembershipRow>>, StoreError> {
        let keys: Vec<Vec<u8>> = customers.iter().map(Memberships::encode_key).collect();
        let rows = self.db.batched_multi_get_cf(self.handle::<Memberships>(), &keys, false);
        let decode = |bytes: rocksdb::DBPinnableSlice<'_>| decode_value::<Memberships>(&bytes);
        rows.into_iter().map(|row| row.map_err(read_error)?.map(decode).transpose()).collect()
    }

    /// Customers of whom something was told, from after an id on, at most so many.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn members_after(&self, after: Option<IdentifierId>, max: usize) -> Result<Vec<IdentifierId>, StoreError> {
        let from = after.map_or_else(Vec::new, |after| [after.0.as_slice(), &[0]].concat());
        self.keys::<Memberships>(&from, None, max)
    }

    /// Deadlines after one and at or before an instant, the earliest first, at most so many.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn due(&self, after: Option<Deadline>, now: Micros, max: usize) -> Result<Vec<Deadline>, StoreError> {
        let end = Micros(now.0.saturating_add(1));
        let before = Deadlines::encode_key(&(end, IdentifierId([0; 16])));
        let from = after.map_or_else(Vec::new, |after| [Deadlines::encode_key(&after).as_slice(), &[0]].concat());
        self.keys::<Deadlines>(&from, Some(before), max)
    }

    /// The changes of memberships after a sequence number, in order, at most so many.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn membership_changes(&self, after: u64, max: usize) -> Result<Vec<(u64, MembershipChange)>, StoreError> {
        let first = MembershipChanges::encode_key(&after.saturating_add(1));
        let mode = IteratorMode::From(&first, Direction::Forward);
        let rows = self.db.iterator_cf(self.handle::<MembershipChanges>(), mode).take(max);
        let decode = |(key, value): (Box<[u8]>, Box<[u8]>)| {
            let key = MembershipChanges::decode_key(&key);
            let sequence = key.ok_or_else(|| damaged::<MembershipChanges>("a key".to_owned()))?;
            Ok((sequence, decode_value::<MembershipChanges>(&value)?))
        };
        rows.map(|row| row.map_err(read_error).and_then(decode)).collect()
    }

    /// Tells changes together with the rows and deadlines that they lead to: gives them the next sequence numbers, forgets the
    /// oldest beyond `kept_max` (0 keeps all) as far as they were relayed, and is on disk when it returns. What was told then.
    ///
    /// # Errors
    /// `Unpublished`: nothing was told.
    pub fn tell_memberships(
        &self,
        mut told: MembershipsTold,
        rows: &BTreeMap<IdentifierId, Rewritten>,
        changes: &[MembershipChange],
        kept_max: u64,
    ) -> Result<MembershipsTold, StoreError> {
        let (mut batch, held) = (Batch::default(), told.last);
        rows.iter().for_each(|(customer, rewritten)| rewrite(&mut batch, *customer, rewritten));
        for change in changes {
            told.last += 1;
            batch.put::<MembershipChanges>(&told.last, change);
            batch.put::<MembershipHistory>(&(change.customer, told.last), &());
        }
        if kept_max > 0 {
            let forgotten = told.last.saturating_sub(kept_max).min(told.forgotten.saturating_add(FORGOTTEN_MAX));
            let forgotten = forgotten.min(self.relayed()).max(told.forgotten);
            self.forget_memberships(&mut batch, (told.forgotten, forgotten), held, changes)?;
            told.forgotten = forgotten;
        }
        batch.put::<MembershipTolds>(&(), &told);
        self.write(batch, true)?;
        Ok(told)
    }

    /// Keeps how far was told where nothing was to be said, without waiting for the disk.
    ///
    /// # Errors
    /// `Unpublished`.
    pub fn note_memberships(&self, told: &MembershipsTold) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.put::<MembershipTolds>(&(), told);
        self.write(batch, false)
    }

    /// Keys of a family between two, the first included. Where to begin and to end spares the walk over what was deleted.
    fn keys<F: Family>(&self, from: &[u8], before: Option<Vec<u8>>, max: usize) -> Result<Vec<F::Key>, StoreError> {
        let mut options = ReadOptions::default();
        before.into_iter().for_each(|before| options.set_iterate_upper_bound(before));
        let mode = IteratorMode::From(from, Direction::Forward);
        let rows = self.db.iterator_cf_opt(self.handle::<F>(), options, mode).take(max);
        let key = |(key, _): (Box<[u8]>, Box<[u8]>)| {
            F::decode_key(&key).ok_or_else(|| damaged::<F>("a key of another form".to_owned()))
        };
        rows.map(|row| row.map_err(read_error).and_then(key)).collect()
    }
}

fn rewrite(batch: &mut Batch, customer: IdentifierId, Rewritten { was_due, row }: &Rewritten) {
    let due = row.as_ref().and_then(MembershipRow::next);
    if *was_due != due {
        was_due.iter().for_each(|at| batch.delete::<Deadlines>(&(*at, customer)));
        due.iter().for_each(|at| batch.put::<Deadlines>(&(*at, customer), &()));
    }
    match row {
        Some(row) => batch.put::<Memberships>(&customer, row),
        None => batch.delete::<Memberships>(&customer),
    }
}

/// `memberships`: customer id → what was told of it.
#[derive(Debug)]
pub(super) struct Memberships;

impl Family for Memberships {
    const NAME: &'static str = "memberships";
    const PREFIX_BYTES: usize = 0;
    type Key = IdentifierId;
    type Value = MembershipRow;

    fn encode_key(key: &IdentifierId) -> Vec<u8> {
        key.0.to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<IdentifierId> {
        Some(IdentifierId(bytes.try_into().ok()?))
    }

    fn encode_value(row: &MembershipRow) -> Vec<u8> {
        to_postcard(row)
    }

    fn decode_value(bytes: &[u8]) -> Result<MembershipRow, String> {
        from_postcard(bytes)
    }
}

/// `deadlines`: (instant, customer id) → –.
#[derive(Debug)]
pub(super) struct Deadlines;

impl Family for Deadlines {
    const NAME: &'static str = "deadlines";
    const PREFIX_BYTES: usize = 0;
    type Key = (Micros, IdentifierId);
    type Value = ();

    /// With the sign turned, so that instants before 1970 come first.
    fn encode_key((at, customer): &Self::Key) -> Vec<u8> {
        let at = at.0.cast_unsigned() ^ SIGN;
        [at.to_be_bytes().as_slice(), &customer.0].concat()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (at, customer) = bytes.split_first_chunk::<8>()?;
        let at = (u64::from_be_bytes(*at) ^ SIGN).cast_signed();
        Some((Micros(at), IdentifierId(customer.try_into().ok()?)))
    }

    fn encode_value((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_value(_: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

const SIGN: u64 = 1 << 63;

/// `membership_changes`: sequence number, from 1 without gaps → the change.
#[derive(Debug)]
pub(super) struct MembershipChanges;

impl Family for MembershipChanges {
    const NAME: &'static str = "membership_changes";
    const PREFIX_BYTES: usize = 0;
    type Key = u64;
    type Value = MembershipChange;

    fn encode_key(key: &u64) -> Vec<u8> {
        key.to_be_bytes().to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode_value(change: &MembershipChange) -> Vec<u8> {
        to_postcard(change)
    }

    fn decode_value(bytes: &[u8]) -> Result<MembershipChange, String> {
        from_postcard(bytes)
    }
}

/// `memberships_told`: the one row that says how far was told.
#[derive(Debug)]
pub(super) struct MembershipTolds;

impl Family for MembershipTolds {
    const NAME: &'static str = "memberships_told";
    const PREFIX_BYTES: usize = 0;
    type Key = ();
    type Value = MembershipsTold;

    fn encode_key((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_key(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }

    fn encode_value(told: &MembershipsTold) -> Vec<u8> {
        to_postcard(told)
    }

    fn decode_value(bytes: &[u8]) -> Result<MembershipsTold, String> {
        from_postcard(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_in_the_order_of_instants() {
        let instants = [i64::MIN, -5, 0, 7, i64::MAX].map(Micros);
        let keys: Vec<Vec<u8>> =
            instants.iter().map(|at| Deadlines::encode_key(&(*at, IdentifierId([9; 16])))).collect();
        assert!(keys.is_sorted());
        for (key, at) in keys.iter().zip(instants) {
            assert_eq!(Deadlines::decode_key(key), Some((at, IdentifierId([9; 16]))));
        }
    }
}
