//! Looking at everybody, and cutting the population.

use std::collections::{BTreeMap, BTreeSet};

use segment::{Groups, advance::Happened};
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    published::memberships::{Cut, MembershipCause, Sweep},
    subjects,
};
use types::{IdentifierId, Micros};

use super::{Asked, Look, Members, Piece, due, look::Who};
use crate::{Served, publisher::Ended};

impl Members {
    /// Looks at everybody, and at those of whom something was told and who are nobody now.
    pub(super) fn sweep(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        now: Micros,
        cause: MembershipCause,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Ended> {
        self.cut(live, snapshot, now)?;
        let changed =
            if cause == MembershipCause::Definition { self.numbers.changed(&self.versions()) } else { BTreeSet::new() };
        let groups = match cause {
            MembershipCause::Definition if self.told.ground != self.ground() => Groups::ALL,
            MembershipCause::Definition => self.segments.concerned(&changed).and(self.segments.cutting()),
            MembershipCause::Time => self.segments.cutting(),
            MembershipCause::Evidence(_) => Groups::ALL,
        };
        let happened = Happened { groups, ..Happened::ANYTHING };
        let began_at = (self.settings.wall)();
        let customers = self.told.customers;
        self.sweeps.send_replace(Some(Sweep { cause, changed, looked_at: 0, customers, began_at }));
        let swept = self.sweep_groups(live, snapshot, now, (cause, happened), goes_on);
        self.sweeps.send_replace(None);
        swept
    }

    fn sweep_groups(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        now: Micros,
        why: (MembershipCause, Happened),
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Ended> {
        let hash_key = self.settings.hash_key.clone();
        let rows = CustomerRows::new(snapshot, &live.rules, &hash_key);
        let (mut piece, mut met) = (Vec::new(), BTreeSet::new());
        rows.for_each(|resolved| {
            met.insert(resolved.identity.id);
            piece.push(resolved);
            if piece.len() >= self.settings.piece_max {
                self.tell_resolved(live, snapshot, &std::mem::take(&mut piece), now, why)?;
            }
            if goes_on() { Ok(()) } else { Err(Ended::Over) }
        })?;
        self.tell_resolved(live, snapshot, &piece, now, why)?;
        self.told.customers = met.len() as u64;
        let mut after = None;
        loop {
            let told = self.published.members_after(after, self.settings.piece_max)?;
            let Some(last) = told.last().copied() else { return Ok(()) };
            after = Some(last);
            let former = told.into_iter().filter(|id| !met.contains(id));
            let former = former.map(|id| Asked { id, cause: why.0, happened: Happened::ANYTHING, may_be_nobody: true });
            self.tell(live, snapshot, &former.collect::<Vec<_>>(), now)?;
        }
    }

    fn tell_resolved(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        resolved: &[Resolved],
        now: Micros,
        (cause, happened): (MembershipCause, Happened),
    ) -> Result<(), StoreError> {
        let asked = |one: &Resolved| Asked { id: one.identity.id, cause, happened, may_be_nobody: false };
        let pieces = due::shared(resolved, |share| {
            let ids: Vec<IdentifierId> = share.iter().map(|one| one.identity.id).collect();
            let held = self.published.memberships(&ids)?;
            let mut look = Look::new(self, live, snapshot, now)?;
            for (one, before) in share.iter().zip(held) {
                look.at(&asked(one), Who::Is(one), before)?;
            }
            Ok(look.piece)
        })?;
        let piece = pieces.into_iter().fold(Piece::default(), Piece::and);
        let looked_at = resolved.len() as u64;
        self.sweeps.send_modify(|sweep| sweep.iter_mut().for_each(|sweep| sweep.looked_at += looked_at));
        self.keep(piece)
    }

    /// Measures the population as of the beginning of the day.
    fn cut(&mut self, live: &Served, snapshot: &Snapshot<'_>, now: Micros) -> Result<(), StoreError> {
        let at = self.settings.zone.start_of_day(now);
        let hash_key = self.settings.hash_key.clone();
        let mut cuts: BTreeMap<String, Cut> = BTreeMap::new();
        let all = self.segments.iter().flat_map(|(_, _, program)| program.needs.quantiles.iter().cloned());
        let quantiles: BTreeMap<String, expr::Quantile> = all.map(|quantile| (quantile.key(), quantile)).collect();
        for (key, quantile) in quantiles {
            let rows = CustomerRows::new(snapshot, &live.rules, &hash_key);
            let mut values = Vec::new();
            rows.for_each(|resolved| {
                if resolved.identity.is_known() {
                    let needs = &quantile.measure.needs;
                    let wanted = subjects::Wanted { from: at, reach: needs.reach, depth: needs.depth() };
                    let subject = subjects::subject(&rows, &hash_key, &resolved, wanted)?;
                    values.extend(expr::number(&quantile.measure, &subject.customer, &self.segments, at));
                }
                Ok::<(), StoreError>(())
            })?;
            let population = values.len() as u64;
            cuts.insert(key, Cut { value: segment::cuts::cut(values, quantile.part), population });
        }
        (self.told.cut_day, self.told.cuts) = (at.0, cuts);
        self.segments = self.segments.with_cuts(self.told.cut_values());
        Ok(())
    }
}
