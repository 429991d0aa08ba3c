//! Reading what was told of memberships, and telling more of it.

use std::collections::BTreeMap;

use rocksdb::{Direction, IteratorMode, ReadOptions};
use types::{IdentifierId, Micros};

use super::{
    Deadline, MembershipChange, MembershipRow, MembershipsTold, Rewritten,
    families::{Deadlines, MembershipChanges, MembershipTolds, Memberships},
};
use crate::{
    batch::Batch,
    error::StoreError,
    family::Family,
    published::{Published, damaged, decode_value, history::MembershipHistory},
    snapshot::read_error,
};

/// Most changes that one write forgets: a lowered maximum is reached write by write.
const FORGOTTEN_MAX: u64 = 10_000;

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
