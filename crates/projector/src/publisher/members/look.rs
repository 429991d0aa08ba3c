//! Looking at customers of one snapshot at one instant: what follows for each from what was told of it.

use std::collections::BTreeMap;

use segment::{
    Advance, Change, Groups, Told,
    advance::{Happened, advance, gone},
    comes_true, foresee,
};
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    published::memberships::{Deadline, MembershipChange, MembershipRow, Rewritten},
    subjects,
};
use types::{IdentifierId, Micros};

use super::{Asked, Members};
use crate::Served;

/// What is to be kept at once.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) rows: BTreeMap<IdentifierId, Rewritten>,
    pub(super) changes: Vec<MembershipChange>,
}

impl Piece {
    /// Both together, of which the customers are others.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.changes.extend(other.changes);
        self
    }
}

/// A customer that is asked about.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    /// It is known who.
    Is(&'a Resolved),
    /// It is to be found by its id, if it is anybody's.
    Sought,
}

/// A look at some customers.
pub(super) struct Look<'a> {
    members: &'a Members,
    rows: CustomerRows<'a>,
    now: Micros,
    generation: u32,
    observed_at: Micros,
    applied: BTreeMap<u32, u64>,
    pub(super) piece: Piece,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        members: &'a Members,
        live: &'a Served,
        snapshot: &'a Snapshot<'a>,
        now: Micros,
    ) -> Result<Self, StoreError> {
        let applied = snapshot.shards()?.into_iter().map(|(partition, row)| (partition, row.applied)).collect();
        let rows = CustomerRows::new(snapshot, &live.rules, &members.settings.hash_key);
        let observed_at = (members.settings.wall)();
        let (generation, piece) = (live.number, Piece::default());
        Ok(Self { members, rows, now, generation, observed_at, applied, piece })
    }

    /// What follows for one. Those known by a receipt alone are in no segment.
    pub(super) fn at(&mut self, asked: &Asked, who: Who<'_>, before: Option<MembershipRow>) -> Result<(), StoreError> {
        let Members { segments, .. } = self.members;
        let (was, told) = (before.is_some(), before.map(MembershipRow::told).unwrap_or_default());
        let happened = Happened { groups: asked.happened.groups.common(segments.groups()), ..asked.happened };
        let gone_too = told.segments.keys().any(|segment| segments.name(*segment).is_none());
        if !gone_too && told.earliest(&happened, self.now).is_none() && !(was && asked.may_be_nobody) {
            return Ok(());
        }
        let found;
        let resolved = match who {
            Who::Is(resolved) => Some(resolved),
            Who::Sought => {
                found = self.rows.find(asked.id)?.filter(|resolved| resolved.identity.id == asked.id);
                found.as_ref()
            }
        };
        let (changes, after) = match resolved.filter(|resolved| resolved.identity.is_known()) {
            Some(resolved) => {
                let advance = self.advance(resolved, &told, &happened)?;
                (advance.changes, Some(advance.told).filter(|after| was || worth_keeping(after)))
            }
            None => (gone(&told, self.now), None),
        };
        self.tell(asked, changes);
        if after.as_ref() != Some(&told).filter(|_| was) {
            let row = after.map(MembershipRow::of);
            self.piece.rows.insert(asked.id, Rewritten { was_due: told.next(), row });
        }
        Ok(())
    }

    /// A customer's row with all that its deadlines bring, which lie ahead; `None` for one that is nobody's id any more.
    pub(super) fn foreseen(
        &mut self,
        id: IdentifierId,
        row: MembershipRow,
    ) -> Result<Option<MembershipRow>, StoreError> {
        let found = self.rows.find(id)?.filter(|found| found.identity.id == id && found.identity.is_known());
        let Some(found) = found else { return Ok(None) };
        let told = row.told();
        let subject = self.subject(&found, told.unclear(), self.now)?;
        Ok(Some(MembershipRow::of(foresee(&self.members.segments, &subject.customer, &told))))
    }

    /// What was told of a customer comes true by now without a look; `false` where one is needed.
    pub(super) fn comes_true(&mut self, due: Deadline, before: &MembershipRow) -> bool {
        let Some(Advance { changes, told }) = comes_true(&self.members.segments, &before.clone().told(), self.now)
        else {
            return false;
        };
        self.tell(&Asked::due(due.1), changes);
        let row = Some(MembershipRow::of(told));
        self.piece.rows.insert(due.1, Rewritten { was_due: Some(due.0), row });
        true
    }

    fn advance(&self, resolved: &Resolved, told: &Told, happened: &Happened) -> Result<Advance, StoreError> {
        let segments = &self.members.segments;
        let groups = happened.groups.and(told.is_due(self.now));
        let subject = self.subject(resolved, groups, told.earliest(happened, self.now).unwrap_or(self.now))?;
        Ok(advance(segments, &subject.customer, told, happened, self.now))
    }

    /// The customer, loaded as far as these groups reach back from an instant.
    fn subject(&self, resolved: &Resolved, groups: Groups, from: Micros) -> Result<subjects::Subject, StoreError> {
        let Members { settings, segments, .. } = self.members;
        let wanted = subjects::Wanted { from, reach: segments.reach(groups), depth: segments.depth(groups) };
        subjects::subject(&self.rows, &settings.hash_key, resolved, wanted)
    }

    fn tell(&mut self, asked: &Asked, changes: Vec<Change>) {
        let name = |segment| self.members.numbers.name(segment).unwrap_or_default().to_owned();
        let changes = changes.into_iter().map(|change| MembershipChange {
            customer: asked.id,
            segment: name(change.segment),
            version: change.version,
            entered: change.entered,
            effective_at: change.effective_at,
            correction: change.correction,
            cause: asked.cause,
            generation: self.generation,
            observed_at: self.observed_at,
            applied: self.applied.clone(),
        });
        self.piece.changes.extend(changes);
    }
}

/// A customer in no segment whom time alone brings into none needs no row.
fn worth_keeping(told: &Told) -> bool {
    !told.segments.is_empty() || !told.due.is_empty()
}
