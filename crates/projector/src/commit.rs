//! Turning a working set into the one atomic write: state, timeline, copies, identity, applied offsets and outbox together.

use std::collections::BTreeMap;

use store::{
    Batch, RowSink, StoreError,
    family::{
        Conflicts, Copies, Decisions, Family, Fragments, Incidence, Losers, Months, Orders, Shards, Timeline,
        shards::ShardRow, timeline::TimelineRow,
    },
};
use types::FragmentId;

use crate::{
    touches::Touches,
    warm::Warm,
    working::{FragmentWork, Working},
};

/// What there is once the batch is written.
pub(crate) struct After {
    /// The shards.
    pub(crate) shards: BTreeMap<u32, ShardRow>,
    /// The fragments of the batch.
    fragments: Vec<(FragmentId, Box<FragmentWork>)>,
}

impl After {
    /// Keeps what can stay in memory. Only for who has written the batch.
    pub(crate) fn keep(self, warm: &mut Warm) -> BTreeMap<u32, ShardRow> {
        for (id, work) in self.fragments {
            // It may have been folded anew beside the one that stayed.
            warm.forget(id);
            if let Some(work) = work.written() {
                warm.keep(id, work);
            }
        }
        self.shards
    }
}

impl Working<'_> {
    /// Puts all changes into a batch and nothing else, and says what there is after it; with `touches`, puts also whom they touched.
    pub(crate) fn put_into(mut self, batch: &mut Batch, touches: bool) -> Result<After, StoreError> {
        batch.clear();
        self.refold_stale()?;
        if touches {
            Touches::of(&self).put(batch);
        }
        let mut fragments = Vec::with_capacity(self.fragments.len());
        for (id, mut work) in std::mem::take(&mut self.fragments) {
            if work.dirty {
                let before = batch.bytes_len();
                self.put_fragment(batch, id, &work)?;
                work.row_bytes = Some(batch.bytes_len() - before);
            } else if !work.months.is_empty() {
                // One of them stays with it, and nobody knows how large that is.
                work.row_bytes = None;
            }
            fragments.push((id, work));
        }
        put_all::<Timeline, _>(batch, &self.timeline);
        put_all::<Conflicts, _>(batch, &self.conflicts);
        put_all::<Decisions, _>(batch, &self.decisions);
        self.losers.iter().for_each(|key| batch.put::<Losers>(key, &()));
        self.copies.rows().for_each(|(key, row)| batch.put::<Copies>(key, row));
        for (partition, shard) in &self.shards {
            batch.put::<Shards>(partition, shard);
        }
        Ok(After { shards: self.shards, fragments })
    }

    fn put_fragment(&mut self, batch: &mut Batch, fragment: FragmentId, work: &FragmentWork) -> Result<(), StoreError> {
        if work.stale {
            self.delete_stale(batch, fragment, work)?;
        }
        let exists = work.exists();
        if exists != work.existed {
            self.put_incidence(batch, fragment, work, exists);
        }
        if !exists {
            batch.delete::<Fragments>(&fragment);
        }
        work.put_rows(fragment, batch)
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
        for identifier in &work.row.identifiers {
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

impl FragmentWork {
    /// Puts the months and orders that are here, and the fragment itself if there is one.
    pub(crate) fn put_rows(&self, fragment: FragmentId, rows: &mut impl RowSink) -> Result<(), StoreError> {
        self.months.iter().try_for_each(|(month, row)| rows.put::<Months>(&(fragment, *month), row))?;
        self.orders.iter().try_for_each(|(order, row)| rows.put::<Orders>(&(fragment, *order), row))?;
        if self.exists() { rows.put::<Fragments>(&fragment, &self.row) } else { Ok(()) }
    }
}

/// Rows whose value is an envelope with its position.
fn put_all<F: Family, B: AsRef<[u8]>>(batch: &mut Batch, rows: &BTreeMap<F::Key, Option<TimelineRow<B>>>) {
    for (key, row) in rows {
        match row {
            Some(row) => batch.put_written::<F>(key, |bytes| row.write(bytes)),
            None => batch.delete::<F>(key),
        }
    }
}
