//! Folding a batch: is it new, a copy, or in conflict with one that is there – and what follows.
//!
//! Of touchpoints that share their identity but not their content, the least (occurred_at, content hash) counts; the others are
//! kept as conflicts.

use std::borrow::Cow;

use segment::Facets;
use store::{
    StoreError,
    family::{
        Decisions,
        copies::CopyRow,
        timeline::TimelineRow,
        touched::{Touch, Toucher},
    },
};
use types::{ContentHash, IdentifierId, Micros, TotalOrder, record::EnvelopeView};

use crate::{
    incoming::{Incoming, IncomingDecision},
    working::{Row, Working},
};

impl<'a> Working<'a> {
    /// Folds one touchpoint in.
    pub(crate) fn fold(&mut self, incoming: &'a Incoming) -> Result<(), StoreError> {
        let newest = &mut self.shard(incoming.partition).newest_occurred_at;
        *newest = (*newest).max(Some(incoming.touchpoint.occurred()));
        match self.copies.get(&incoming.copy).copied() {
            None => self.fold_new(incoming),
            Some(held) if held.content == incoming.content => self.fold_copy(incoming, held)?,
            Some(held) => self.fold_conflict(incoming, held)?,
        }
        Ok(())
    }

    fn fold_new(&mut self, incoming: &'a Incoming) {
        let shard = self.shard(incoming.partition);
        shard.touchpoints += 1;
        self.admit(incoming);
    }

    /// Makes a touchpoint the one that counts.
    fn admit(&mut self, incoming: &'a Incoming) {
        let row = CopyRow {
            fragment: incoming.fragment,
            occurred_at: incoming.touchpoint.occurred(),
            content: incoming.content,
            received_at: incoming.received_at,
        };
        self.copies.put(incoming.copy, row);
        self.timeline.insert(row.timeline_key(incoming.copy), Some(incoming.timeline_row()));
        let fact = incoming.fact_reusing(self.place.take());
        let fragment = self.fragments.entry(incoming.fragment).or_default();
        fragment.add(&fact, incoming.touched);
        fragment.touch = fragment.touch.and(incoming.touch());
        self.place = Some(fact.place);
    }

    /// An equal copy changes nothing but the time of receipt, which is the earliest.
    fn fold_copy(&mut self, incoming: &'a Incoming, held: CopyRow) -> Result<(), StoreError> {
        self.shard(incoming.partition).copies += 1;
        if incoming.received_at < held.received_at {
            self.copies.put(incoming.copy, CopyRow { received_at: incoming.received_at, ..held });
            self.timeline.insert(held.timeline_key(incoming.copy), Some(incoming.timeline_row()));
        }
        Ok(())
    }

    fn fold_conflict(&mut self, incoming: &'a Incoming, held: CopyRow) -> Result<(), StoreError> {
        let key = (incoming.copy, incoming.content);
        if let Some(known) = self.conflict(key)? {
            self.shard(incoming.partition).copies += 1;
            if incoming.received_at < received_at(&known.envelope) {
                self.conflicts.insert(key, Some(incoming.timeline_row()));
            }
            return Ok(());
        }
        self.shard(incoming.partition).conflicts += 1;
        if (incoming.touchpoint.occurred(), incoming.content) < (held.occurred_at, held.content) {
            self.depose(incoming, held)?;
            self.admit(incoming);
        } else {
            self.conflicts.insert(key, Some(incoming.timeline_row()));
            self.lose(incoming);
        }
        Ok(())
    }

    /// A touchpoint that never counted was seen all the same.
    fn lose(&mut self, incoming: &Incoming) {
        self.losers.insert((incoming.fragment, incoming.copy, incoming.content));
        let fragment = self.fragments.entry(incoming.fragment).or_default();
        fragment.lose(incoming.fact().place);
        fragment.touch = fragment.touch.and(incoming.touch());
    }

    /// Keeps an operator's decision under both of its ends; of equal ones the one received first.
    pub(crate) fn decide(&mut self, incoming: &IncomingDecision) -> Result<(), StoreError> {
        let known = self.decision((incoming.ends[0], incoming.content))?;
        let shard = self.shard(incoming.row.partition);
        match &known {
            Some(_) => shard.copies += 1,
            None => shard.decisions += 1,
        }
        if known.as_ref().is_none_or(|known| incoming.received_at < received_at(&known.envelope)) {
            for end in incoming.ends {
                self.decisions.insert((end, incoming.content), Some(incoming.row.clone()));
            }
        }
        Ok(())
    }

    fn decision(&self, key: (IdentifierId, ContentHash)) -> Result<Option<TimelineRow>, StoreError> {
        match self.decisions.get(&key) {
            Some(changed) => Ok(changed.clone()),
            None => self.snapshot.get::<Decisions>(&key),
        }
    }

    /// Takes the touchpoint that counted out of its fragment and keeps it as a conflict.
    fn depose(&mut self, incoming: &Incoming, held: CopyRow) -> Result<(), StoreError> {
        let key = held.timeline_key(incoming.copy);
        let row = self.timeline_row(&key)?;
        self.conflicts.insert((incoming.copy, held.content), row);
        self.timeline.insert(key, None);
        self.losers.insert((held.fragment, incoming.copy, held.content));
        self.mark_stale(held.fragment, incoming.partition)?;
        // Of one name: only time and content differ.
        let place = TotalOrder { occurred_at: held.occurred_at, content: held.content, ..incoming.fact().place };
        let fragment = self.fragments.entry(held.fragment).or_default();
        fragment.lose(place);
        fragment.touch = fragment.touch.and(incoming.touch_of_anything());
        Ok(())
    }
}

impl Incoming {
    fn touch(&self) -> Touch {
        let facets = Facets::of_touchpoint(&self.touchpoint);
        Touch { facets, since: self.touchpoint.occurred(), ..self.touch_of_anything() }
    }

    /// Something that counted counts no more: whatever it said, and whenever.
    fn touch_of_anything(&self) -> Touch {
        let by = Toucher { evidence: false, decision: false, offset: self.offset, partition: self.partition };
        Touch { by, facets: Facets::ALL, since: Micros(i64::MIN) }
    }

    fn timeline_row(&self) -> Row<'_> {
        Row { partition: self.partition, offset: self.offset, envelope: Cow::Borrowed(&self.envelope) }
    }
}

/// When a kept touchpoint was received; a row that cannot be read counts as received last.
fn received_at(envelope: &[u8]) -> Micros {
    EnvelopeView::decode(envelope).map_or(Micros(i64::MAX), |envelope| envelope.received())
}
