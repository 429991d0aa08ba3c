//! Deadlines that lie ahead and of which nobody knows yet what they bring: those behind a deadline that came true without a look.
//! Their customers are looked at in quiet moments, so that at the deadline again it only has to be written.
//!
//! What is found is kept with what was told; only whom to look at is in memory. What is not reached in time is looked at when it is due.

use std::collections::BTreeSet;

use store::{
    Snapshot, StoreError,
    published::memberships::{Deadline, MembershipRow, Rewritten},
};
use types::{IdentifierId, Micros};

use super::{Look, Members, Piece, due};
use crate::Served;

/// How far ahead, in microseconds.
const SPAN: i64 = 600_000_000;
/// Most deadlines, within the span, that are remembered one by one because they were set behind what was gone through.
const FRESH_MAX: usize = 100_000;
/// Most customers looked at in one round: what was touched, or is due, waits no longer.
const PIECE: usize = 1_024;
const LAST: IdentifierId = IdentifierId([u8::MAX; 16]);

/// Which deadlines that lie ahead were gone through.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Up to this one.
    through: Option<Deadline>,
    /// Those that were set before it since, and of which it is not known what they bring.
    fresh: BTreeSet<Deadline>,
}

impl Ahead {
    /// A customer's row is another one.
    pub(super) fn rewritten(&mut self, customer: IdentifierId, row: Option<&MembershipRow>) {
        let unclear = row.filter(|row| row.is_unclear()).and_then(MembershipRow::next);
        if let (Some(at), Some(through)) = (unclear, self.through)
            && (at, customer) <= through
        {
            self.fresh.insert((at, customer));
        }
        if self.fresh.len() > FRESH_MAX {
            self.through = self.fresh.first().map(|(at, _)| (Micros(at.0.saturating_sub(1)), LAST));
            self.fresh.clear();
        }
    }
}

impl Members {
    /// Looks at some whose deadlines lie ahead; whether there may be more.
    pub(super) fn look_ahead(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        now: Micros,
    ) -> Result<bool, StoreError> {
        let wanted = self.next_ahead(now)?;
        let pieces = due::shared(&wanted, |share| self.look_ahead_at(live, snapshot, share))?;
        let piece = pieces.into_iter().fold(Piece::default(), Piece::and);
        if !piece.rows.is_empty() {
            self.keep(piece)?;
        }
        Ok(wanted.len() >= PIECE)
    }

    /// The next deadlines to go through, the fresh ones first.
    fn next_ahead(&mut self, now: Micros) -> Result<Vec<Deadline>, StoreError> {
        let ahead = &mut self.ahead;
        let mut wanted = Vec::new();
        while let Some(deadline) = ahead.fresh.first().copied().filter(|_| wanted.len() < PIECE) {
            ahead.fresh.remove(&deadline);
            wanted.push(deadline);
        }
        if wanted.len() < PIECE {
            let until = Micros(now.0.saturating_add(SPAN));
            let from = ahead.through.max(Some((now, LAST)));
            let next = self.published.due(from, until, PIECE)?;
            ahead.through =
                Some(if next.len() < PIECE { (until, LAST) } else { *next.last().unwrap_or(&(until, LAST)) });
            wanted.extend(next);
        }
        wanted.retain(|deadline| deadline.0 > now);
        Ok(wanted)
    }

    fn look_ahead_at(
        &self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        deadlines: &[Deadline],
    ) -> Result<Piece, StoreError> {
        let ids: Vec<IdentifierId> = deadlines.iter().map(|(_, id)| *id).collect();
        let held = self.published.memberships(&ids)?;
        let mut look = Look::new(self, live, snapshot, self.instant)?;
        for ((at, id), before) in deadlines.iter().zip(held) {
            // A deadline that is no longer its row's was moved meanwhile.
            let before = before.filter(|row| row.next() == Some(*at) && row.is_unclear());
            let foreseen = before.map(|row| look.foreseen(*id, row)).transpose()?.flatten();
            foreseen.into_iter().for_each(|row| {
                look.piece.rows.insert(*id, Rewritten { was_due: Some(*at), row: Some(row) });
            });
        }
        Ok(look.piece)
    }
}
