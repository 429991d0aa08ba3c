//! Turning a working set into the one atomic write: state, timeline, copies, identity, applied offsets and outbox together.

use std::collections::BTreeMap;

use store::{
    Batch, StoreError,
    family::{
        Conflicts, Copies, Decisions, Family, Fragments, Incidence, Losers, Months, Orders, Shards, Timeline,
        fragments::FragmentRow, shards::ShardRow,
    },
};
use types::FragmentId;

use crate::{
    touches::Touches,
    working::{FragmentWork, Working},
};

impl Working<'_> {
    /// All changes of the batch, and the shards as they are after it; with `touches`, also whom they touched.
    pub(crate) fn into_batch(mut self, touches: bool) -> Result<(Batch, BTreeMap<u32, ShardRow>), StoreError> {
        self.refold_stale()?;
        let mut batch = Batch::default();
        if touches {
            Touches::of(&self).put(&mut batch);
        }
        for (fragment, work) in std::mem::take(&mut self.fragments) {
            if work.dirty {
                self.put_fragment(&mut batch, fragment, work)?;
            }
        }
        put_all::<Timeline>(&mut batch, &self.timeline);
        put_all::<Conflicts>(&mut batch, &self.conflicts);
        put_all::<Decisions>(&mut batch, &self.decisions);
        self.losers.iter().for_each(|key| batch.put::<Losers>(key, &()));
        for (key, row) in &self.copies {
            row.iter().for_each(|row| batch.put::<Copies>(key, row));
        }
        for (partition, shard) in &self.shards {
            batch.put::<Shards>(partition, shard);
        }
        Ok((batch, self.shards))
    }

    fn put_fragment(&mut self, batch: &mut Batch, fragment: FragmentId, work: FragmentWork) -> Result<(), StoreError> {
        if work.stale {
            self.delete_stale(batch, fragment, &work)?;
        }
        let exists = work.exists();
        if exists != work.existed {
            self.put_incidence(batch, fragment, &work, exists);
        }
        work.months.iter().for_each(|(month, row)| batch.put::<Months>(&(fragment, *month), row));
        work.orders.iter().for_each(|(order, row)| batch.put::<Orders>(&(fragment, *order), row));
        if exists {
            batch.put::<Fragments>(
                &fragment,
                &FragmentRow { identifiers: work.identifiers, core: work.core, lost: work.lost },
            );
        } else {
            batch.delete::<Fragments>(&fragment);
        }
        Ok(())
    }

    /// Rows of the fragment that the fresh fold does not have.
    fn delete_stale(&self, batch: &mut Batch, fragment: FragmentId, work: &FragmentWork) -> Result<(), StoreError> {
        for row in self.snapshot.scan_prefix::<Months>(&fragment.0) {
            let (key, _) = row?;
            if !work.months.contains_key(&key.1) {
                batch.delete::<Months>(&key);
            }
        }
        for row in self.snapshot.scan_prefix::<Orders>(&fragment.0) {
            let (key, _) = row?;
            if !work.orders.contains_key(&key.1) {
                batch.delete::<Orders>(&key);
            }
        }
        Ok(())
    }

    fn put_incidence(&mut self, batch: &mut Batch, fragment: FragmentId, work: &FragmentWork, exists: bool) {
        for identifier in &work.identifiers {
            let key = (self.hash_key.identifier_id(identifier), fragment);
            if exists {
                batch.put::<Incidence>(&key, &());
            } else {
                batch.delete::<Incidence>(&key);
            }
        }
        let shard = self.shard(work.partition);
        shard.fragments = if exists { shard.fragments + 1 } else { shard.fragments.saturating_sub(1) };
    }
}

fn put_all<F: Family>(batch: &mut Batch, rows: &BTreeMap<F::Key, Option<F::Value>>) {
    for (key, row) in rows {
        match row {
            Some(row) => batch.put::<F>(key, row),
            None => batch.delete::<F>(key),
        }
    }
}
