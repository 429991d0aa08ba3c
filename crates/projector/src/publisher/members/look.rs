//! Looking at customers of one snapshot at one instant: what follows for each from what was told of it.

use std::collections::BTreeMap;

use segment::advance::{advance, gone};
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    published::memberships::{MembershipCause, MembershipChange, MembershipRow, Rewritten},
    subjects,
};
use types::{IdentifierId, Micros};

use super::Members;
use crate::Served;

/// What is to be kept at once.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) rows: BTreeMap<IdentifierId, Rewritten>,
    pub(super) changes: Vec<MembershipChange>,
}

/// A look at some customers.
pub(super) struct Look<'a> {
    members: &'a Members,
    snapshot: &'a Snapshot<'a>,
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
        Ok(Self { members, snapshot, rows, now, generation, observed_at, applied, piece })
    }

    /// The customer whose own id this is.
    pub(super) fn find(&self, id: IdentifierId) -> Result<Option<Resolved>, StoreError> {
        Ok(self.rows.find(id)?.filter(|resolved| resolved.identity.id == id))
    }

    /// What follows for one. Those known by a receipt alone are in no segment.
    pub(super) fn at(
        &mut self,
        id: IdentifierId,
        resolved: Option<&Resolved>,
        before: Option<MembershipRow>,
        cause: MembershipCause,
    ) -> Result<(), StoreError> {
        let told = before.as_ref().map(MembershipRow::told).unwrap_or_default();
        let (changes, after) = match resolved.filter(|resolved| resolved.identity.is_known()) {
            Some(resolved) => {
                let from = told.until.unwrap_or(self.now);
                let Members { settings, segments, touchpoints, .. } = self.members;
                let hash_key = &settings.hash_key;
                let subject = subjects::subject(self.snapshot, &self.rows, hash_key, resolved, *touchpoints, from)?;
                let advance = advance(segments, &subject.customer, &told, self.now);
                let row = MembershipRow::of(&advance.told, advance.next);
                (advance.changes, Some(row).filter(|row| worth_keeping(row, before.as_ref())))
            }
            None => (gone(&told, self.now), None),
        };
        let changes = changes.into_iter().map(|change| MembershipChange {
            customer: id,
            segment: change.segment,
            version: change.version,
            entered: change.entered,
            effective_at: change.effective_at,
            correction: change.correction,
            cause,
            generation: self.generation,
            observed_at: self.observed_at,
            applied: self.applied.clone(),
        });
        self.piece.changes.extend(changes);
        if before != after {
            self.piece.rows.insert(id, (before, after));
        }
        Ok(())
    }
}

/// A customer in no segment whom time alone brings into none needs no row.
fn worth_keeping(row: &MembershipRow, before: Option<&MembershipRow>) -> bool {
    before.is_some() || !row.segments.is_empty() || row.next.is_some()
}
