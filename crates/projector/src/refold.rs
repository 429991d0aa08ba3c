//! Folding a fragment anew from its timeline, after one of its touchpoints ceased to count. Once a batch, however many did.

use std::collections::BTreeMap;

use profile::{Fact, State};
use prost::Message;
use store::{
    StoreError,
    family::{Family, Fragments, Timeline, timeline::TimelineKey},
};
use types::{
    CopyKey, FragmentId, Micros,
    record::{Envelope, Touchpoint},
};

use crate::working::{FragmentWork, Row, Working, held};

impl Working<'_> {
    /// Marks a fragment of this shard to be folded anew at the end of the batch.
    pub(crate) fn mark_stale(&mut self, fragment: FragmentId, partition: u32) -> Result<(), StoreError> {
        if !self.fragments.contains_key(&fragment) {
            let row = self.snapshot.get::<Fragments>(&fragment)?;
            self.fragments.insert(fragment, Box::new(FragmentWork::of(row)));
        }
        if let Some(work) = self.fragments.get_mut(&fragment) {
            (work.partition, work.stale, work.dirty) = (partition, true, true);
        }
        Ok(())
    }

    /// Replaces all rows of the stale fragments by fresh folds of their timelines as of this batch.
    pub(crate) fn refold_stale(&mut self) -> Result<(), StoreError> {
        let stale = self.fragments.iter().filter(|(_, work)| work.stale).map(|(fragment, _)| *fragment);
        stale.collect::<Vec<_>>().into_iter().try_for_each(|fragment| self.refold(fragment))
    }

    fn refold(&mut self, fragment: FragmentId) -> Result<(), StoreError> {
        let mut state = State::default();
        for row in self.timeline_of(fragment)?.into_values() {
            let damaged =
                |error: prost::DecodeError| StoreError::Damaged { family: Timeline::NAME, what: error.to_string() };
            let envelope = Envelope::decode(row.envelope.as_ref()).map_err(damaged)?;
            let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).map_err(damaged)?;
            state.add(&Fact::new(&touchpoint, self.hash_key.content_hash(&envelope.payload)), self.hash_key);
        }
        if let Some(work) = self.fragments.get_mut(&fragment) {
            (work.row.core, work.months, work.orders) = (state.core, state.months, state.orders);
        }
        Ok(())
    }

    fn timeline_of(&self, fragment: FragmentId) -> Result<BTreeMap<TimelineKey, Row<'_>>, StoreError> {
        let rows = self.snapshot.scan_prefix::<Timeline>(&fragment.0);
        let mut rows = rows.map(|row| row.map(|(key, row)| (key, held(row)))).collect::<Result<BTreeMap<_, _>, _>>()?;
        let place = |time, copy| TimelineKey { fragment, occurred_at: Micros(time), copy: CopyKey([copy; 16]) };
        for (key, changed) in self.timeline.range(place(i64::MIN, 0)..=place(i64::MAX, u8::MAX)) {
            match changed {
                Some(row) => drop(rows.insert(*key, row.clone())),
                None => drop(rows.remove(key)),
            }
        }
        Ok(rows)
    }
}
