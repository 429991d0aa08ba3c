//! Customers as of an instant and as known at an instant: folded anew from what lies in their timelines.
//!
//! Owns which touchpoints and decisions had happened, and were known, at that moment, and which of conflicting ones counted then.
//! Gives what a fresh fold of the journal, cut at the moment, would give.

use std::{cell::RefCell, collections::BTreeMap, ops::ControlFlow, rc::Rc};

use identity::{Component, CustomerIdentity, Decision, EachFragment, Evidence, FragmentEvidence, Rules, resolve};
use profile::{Fact, State};
use prost::Message;
use store::{
    Resolved, Snapshot, StoreError, decision,
    family::{
        Conflicts, Copies, Family, Fragments, Incidence, Losers, Timeline,
        timeline::{TimelineKey, TimelineRow},
    },
    snapshot::{Range, successor},
};
use types::{
    ContentHash, CopyKey, FragmentId, HashKey, IdentifierId, Micros, TotalOrder,
    record::{Envelope, Position, Touchpoint},
};

/// A moment: what had happened by then, and what was known by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The last occurred_at that counts.
    pub(crate) as_of: Micros,
    /// The last received_at that counts.
    pub(crate) known_at: Micros,
}

impl Moment {
    /// Everything.
    pub(crate) const END: Self = Self { as_of: Micros(i64::MAX), known_at: Micros(i64::MAX) };

    /// The moment that a request names; `None` if it names none.
    pub(crate) fn of(
        as_of: Option<&prost_types::Timestamp>,
        known_at: Option<&prost_types::Timestamp>,
    ) -> Option<Self> {
        let instant = |at: Option<&prost_types::Timestamp>| at.map_or(Micros(i64::MAX), Micros::from_proto);
        (as_of.is_some() || known_at.is_some()).then(|| Self { as_of: instant(as_of), known_at: instant(known_at) })
    }

    fn holds(self, occurred_at: Micros, received_at: Micros) -> bool {
        occurred_at <= self.as_of && received_at <= self.known_at
    }
}

/// A touchpoint that counts at the moment.
#[derive(Clone, Debug)]
pub(crate) struct PastTouchpoint {
    pub(crate) place: TotalOrder,
    pub(crate) touchpoint: Touchpoint,
    pub(crate) received_at: Micros,
    pub(crate) position: Position,
}

#[derive(Debug)]
struct PastFragment {
    evidence: Rc<FragmentEvidence>,
    touchpoints: Vec<Rc<PastTouchpoint>>,
}

/// Reads customers of one snapshot at one moment; each fragment is read once.
pub(crate) struct PastRows<'a> {
    snapshot: &'a Snapshot<'a>,
    rules: &'a Rules,
    hash_key: &'a HashKey,
    moment: Moment,
    fragments: RefCell<BTreeMap<FragmentId, Option<Rc<PastFragment>>>>,
}

impl<'a> PastRows<'a> {
    /// Customers at a moment.
    pub(crate) fn new(snapshot: &'a Snapshot<'a>, rules: &'a Rules, hash_key: &'a HashKey, moment: Moment) -> Self {
        Self { snapshot, rules, hash_key, moment, fragments: RefCell::default() }
    }

    /// The customer that held an identifier; `None` if nothing was known of it.
    pub(crate) fn find(&self, identifier: IdentifierId) -> Result<Option<Resolved>, StoreError> {
        let component = Component::around(self, self.rules, identifier)?;
        let resolution = resolve(&component, self.rules);
        Ok(resolution.holder(identifier).map(|holder| Resolved::of(holder, &resolution, &component)))
    }

    /// A customer's touchpoints in the total order.
    pub(crate) fn touchpoints(&self, customer: &CustomerIdentity) -> Result<Vec<Rc<PastTouchpoint>>, StoreError> {
        let mut all = Vec::new();
        for fragment in &customer.fragments {
            all.extend(self.fragment(*fragment)?.iter().flat_map(|past| past.touchpoints.iter().cloned()));
        }
        all.sort_by(|left, right| left.place.cmp(&right.place));
        Ok(all)
    }

    /// The fold of a customer's touchpoints.
    pub(crate) fn state(&self, touchpoints: &[Rc<PastTouchpoint>]) -> State {
        let mut state = State::default();
        for one in touchpoints {
            state.add(&Fact::new(&one.touchpoint, one.place.content), self.hash_key);
        }
        state
    }

    fn fragment(&self, fragment: FragmentId) -> Result<Option<Rc<PastFragment>>, StoreError> {
        if let Some(known) = self.fragments.borrow().get(&fragment) {
            return Ok(known.clone());
        }
        let past = self.load(fragment)?.map(Rc::new);
        self.fragments.borrow_mut().insert(fragment, past.clone());
        Ok(past)
    }

    fn load(&self, fragment: FragmentId) -> Result<Option<PastFragment>, StoreError> {
        let Some(row) = self.snapshot.get::<Fragments>(&fragment)? else { return Ok(None) };
        let first = [row.core.first.as_ref(), row.lost.as_ref()].into_iter().flatten().min();
        if first.is_none_or(|first| first.occurred_at > self.moment.as_of) {
            return Ok(None);
        }
        let mut touchpoints = self.counting(fragment)?;
        let mut lost = None;
        for row in self.snapshot.scan_prefix::<Losers>(&fragment.0) {
            let ((_, copy, content), ()) = row?;
            self.add_loser(copy, content, &mut touchpoints, &mut lost)?;
        }
        touchpoints.sort_by(|left, right| left.place.cmp(&right.place));
        let counts = !touchpoints.is_empty();
        let Some(first) = touchpoints.first().map(|first| first.place.clone()).or(lost) else { return Ok(None) };
        let identified = row.identifiers.into_iter().map(|held| (self.hash_key.identifier_id(&held), held));
        let evidence = Rc::new(FragmentEvidence { identifiers: identified.collect(), first, counts });
        Ok(Some(PastFragment { evidence, touchpoints }))
    }

    /// What counts now and had happened and was known at the moment: it counted then, too, being the least of its name.
    fn counting(&self, fragment: FragmentId) -> Result<Vec<Rc<PastTouchpoint>>, StoreError> {
        let after = Micros(self.moment.as_of.0.saturating_add(1));
        let before = match self.moment.as_of.0 {
            i64::MAX => successor(&fragment.0),
            _ => Some(TimelineKey::lower_bound(fragment, after)),
        };
        let range = Range { before, ..Range::prefix(&fragment.0) };
        let mut touchpoints = Vec::new();
        for row in self.snapshot.scan::<Timeline>(&range) {
            let past = self.read(&row?.1)?;
            if self.moment.holds(past.place.occurred_at, past.received_at) {
                touchpoints.push(Rc::new(past));
            }
        }
        Ok(touchpoints)
    }

    /// A touchpoint that lost counted while no lesser one of its name was known.
    fn add_loser(
        &self,
        copy: CopyKey,
        content: ContentHash,
        touchpoints: &mut Vec<Rc<PastTouchpoint>>,
        lost: &mut Option<TotalOrder>,
    ) -> Result<(), StoreError> {
        let mut known = Vec::new();
        for row in self.snapshot.scan_prefix::<Conflicts>(&copy.0) {
            let past = self.read(&row?.1)?;
            if self.moment.holds(past.place.occurred_at, past.received_at) {
                known.push(past);
            }
        }
        let Some(own) = known.iter().find(|past| past.place.content == content).cloned() else { return Ok(()) };
        let winner = self.snapshot.get::<Copies>(&copy)?;
        let beaten = winner.is_some_and(|winner| self.moment.holds(winner.occurred_at, winner.received_at));
        if !beaten && known.iter().all(|other| own.place <= other.place) {
            touchpoints.push(Rc::new(own));
        } else if lost.as_ref().is_none_or(|held| own.place < *held) {
            *lost = Some(own.place);
        }
        Ok(())
    }

    fn read(&self, row: &TimelineRow) -> Result<PastTouchpoint, StoreError> {
        let damaged =
            |error: prost::DecodeError| StoreError::Damaged { family: Timeline::NAME, what: error.to_string() };
        let envelope = Envelope::decode(row.envelope.as_slice()).map_err(damaged)?;
        let mut touchpoint = Touchpoint::decode(envelope.payload.as_slice()).map_err(damaged)?;
        let place = Fact::new(&touchpoint, self.hash_key.content_hash(&envelope.payload)).place;
        touchpoint.received_at = envelope.received_at;
        let position = Position { partition: row.partition, offset: row.offset };
        Ok(PastTouchpoint { place, touchpoint, received_at: envelope.received(), position })
    }
}

impl Evidence for PastRows<'_> {
    type Error = StoreError;

    fn each_fragment(&self, identifier: IdentifierId, each: EachFragment<'_>) -> Result<(), StoreError> {
        for row in self.snapshot.scan_prefix::<Incidence>(&identifier.0) {
            let ((_, fragment), ()) = row?;
            if let Some(past) = self.fragment(fragment)?
                && each(fragment, Rc::clone(&past.evidence)) == ControlFlow::Break(())
            {
                break;
            }
        }
        Ok(())
    }

    fn decisions(&self, identifier: IdentifierId) -> Result<Vec<Decision>, StoreError> {
        let held = decision::about(self.snapshot, self.hash_key, identifier)?;
        let held = held.into_iter().filter(|held| self.moment.holds(held.decision.place.occurred_at, held.received_at));
        Ok(held.map(|held| held.decision).collect())
    }
}
