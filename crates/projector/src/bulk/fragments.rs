//! Folding: the touchpoints of one fragment after the other, in the order of its timeline, each fragment as a whole in memory. Writes
//! the rows of `timeline`, `fragments`, `months`, `orders`, and then those of `incidence`.

use std::sync::{Mutex, PoisonError};

use store::{
    RowSink,
    family::{Family, Incidence, Timeline},
};
use types::{FragmentId, HashKey, IdentifierId, TotalOrder, record::Spare};

use super::{
    BulkError, BulkProgress, Conflicting, Load, Pieces,
    copies::shares,
    entry::{INCIDENCE_WORDS, Kept, TIMELINE_WORDS, copy_key_of, fragment_of, half},
    pieces,
    read::gather,
    sorted::{Group, Words, bytes_of, in_order},
    spill::{Spill, changed},
};
use crate::{incoming::Incoming, replay::Shards, working::FragmentWork};

impl Load<'_> {
    /// Folds all touchpoints but those in conflict, which are set aside; gives the incidences.
    pub(super) fn fold_fragments(
        &self,
        touchpoints: Pieces,
        conflicting: &Conflicting,
        shards: &mut Shards,
        told: &mut dyn FnMut(&BulkProgress) -> bool,
    ) -> Result<Pieces, BulkError> {
        let shares = shares(touchpoints, self.work.threads);
        let numbers = Mutex::new(0..self.work.threads);
        let folded = self.work.on_all(told, || {
            let number = numbers.lock().unwrap_or_else(PoisonError::into_inner).next().unwrap_or_default();
            let name = format!("incidence-{number}");
            let incidences = Spill::new(self.files.dir(), &name, self.plan.bits, self.plan.incidences);
            let mut folder = Folder::new(self.hash_key, incidences);
            while let Some(share) = shares.next() {
                let mut rows = self.files.sorted();
                for piece in share {
                    let mut folded = 0;
                    in_order(piece, self.plan.sorted, |key, group| {
                        self.work.go_on()?;
                        folded += group.len();
                        if conflicting.contains(&copy_key_of(key)) {
                            return group.values().try_for_each(|value| self.aside.put(&kept(value)?));
                        }
                        folder.fold(key, group, &mut rows)
                    })?;
                    folder.finish(&mut rows)?;
                    self.work.folded(folded);
                }
                rows.finish()?;
            }
            Ok((folder.seen, folder.incidences))
        })?;
        let mut incidences = Vec::new();
        for (seen, spill) in folded {
            gather(shards, seen);
            incidences.push(spill);
        }
        Ok(pieces(incidences))
    }

    /// Writes which fragments carry which identifiers.
    pub(super) fn put_incidences(
        &self,
        incidences: Pieces,
        told: &mut dyn FnMut(&BulkProgress) -> bool,
    ) -> Result<(), BulkError> {
        let shares = shares(incidences, self.work.threads);
        self.work.on_all(told, || {
            while let Some(share) = shares.next() {
                let mut rows = self.files.sorted();
                for piece in share {
                    in_order(piece, self.plan.sorted, |key: &Words<INCIDENCE_WORDS>, _| {
                        self.work.go_on()?;
                        let [first, second, third, fourth] = *key;
                        let key = (IdentifierId(half(first, second)), FragmentId(half(third, fourth)));
                        Ok(rows.put::<Incidence>(&key, &())?)
                    })?;
                }
                rows.finish()?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// The fragment at hand, and where what it gives goes.
struct Folder<'a> {
    hash_key: &'a HashKey,
    /// Memory of the touchpoint before, which the next takes over.
    slot: Incoming,
    spare: Spare,
    place: Option<TotalOrder>,
    fragment: Option<(FragmentId, FragmentWork)>,
    incidences: Spill,
    seen: Shards,
}

impl<'a> Folder<'a> {
    fn new(hash_key: &'a HashKey, incidences: Spill) -> Self {
        let (slot, seen) = (Incoming::empty(), Shards::new());
        Self { hash_key, slot, spare: Spare::default(), place: None, fragment: None, incidences, seen }
    }

    /// Folds a touchpoint, of which there may be copies.
    fn fold(
        &mut self,
        key: &Words<TIMELINE_WORDS>,
        group: Group<'_, TIMELINE_WORDS>,
        rows: &mut impl RowSink,
    ) -> Result<(), BulkError> {
        let mut first: Option<Kept<'_>> = None;
        for value in group.values() {
            let one = kept(value)?;
            if first.is_none_or(|first| (one.received_at, one.position) < (first.received_at, first.position)) {
                first = Some(one);
            }
        }
        let one = first.ok_or_else(changed)?;
        let fragment = fragment_of(key);
        if self.fragment.as_ref().is_none_or(|(held, _)| *held != fragment) {
            self.finish(rows)?;
        }
        let timeline_key = Timeline::decode_key(bytes_of(key).as_flattened()).ok_or_else(changed)?;
        rows.put_written::<Timeline>(&timeline_key, |bytes| bytes.extend_from_slice(one.row))?;
        self.slot.recall(one.envelope, one.content, self.hash_key, &mut self.spare).ok_or_else(changed)?;
        let (_, work) = self.fragment.get_or_insert_with(|| (fragment, FragmentWork::default()));
        if !work.exists() {
            work.partition = one.position.partition;
            work.row.identifiers = self.slot.identifiers(self.hash_key);
        }
        let fact = self.slot.fact_reusing(self.place.take());
        work.add(&fact, self.slot.touched);
        self.place = Some(fact.place);
        Ok(())
    }

    /// Writes the fragment at hand.
    fn finish(&mut self, rows: &mut impl RowSink) -> Result<(), BulkError> {
        let Some((fragment, work)) = self.fragment.take() else { return Ok(()) };
        work.put_rows(fragment, rows)?;
        self.seen.entry(work.partition).or_default().fragments += 1;
        for identifier in &work.row.identifiers {
            let identifier = self.hash_key.identifier_id(identifier);
            self.incidences.put([identifier.0, fragment.0].as_flattened(), &[])?;
        }
        Ok(())
    }
}

fn kept(value: &[u8]) -> Result<Kept<'_>, BulkError> {
    Ok(Kept::of(value).ok_or_else(changed)?)
}
