//! What the next deadlines will bring, worked out before they come: at a deadline it only has to be written.
//!
//! It holds while nothing is told of the customer in between, so it goes whenever its row is written. In memory alone: after a start, and
//! for deadlines that are set at short notice, customers are looked at when they are due. Only by the wall's clock: another one jumps.

use std::collections::{BTreeMap, BTreeSet};

use segment::{Change, Clock};
use store::{
    Snapshot, StoreError,
    published::memberships::{Deadline, MembershipRow},
};
use types::{IdentifierId, Micros};

use super::{Look, Members, due};
use crate::Served;

/// How far ahead, in microseconds.
const SPAN: i64 = 600_000_000;
/// Most customers of whom something is known ahead; each takes about 150 bytes.
const KNOWN_MAX: usize = 1_000_000;
/// Most deadlines, within the span, that are remembered one by one because they were set behind what was gone through.
const FRESH_MAX: usize = 100_000;
/// Most customers looked at in one round: what was touched, or is due, waits no longer.
const PIECE: usize = 1_024;
const LAST: IdentifierId = IdentifierId([u8::MAX; 16]);

/// What is known of deadlines that lie ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// In the order in which they come true, so that looking them up then goes from neighbour to neighbour.
    known: BTreeMap<Deadline, Known>,
    /// Customers of whom what is known may be wrong, because something happened that left their rows as they are.
    doubtful: BTreeSet<IdentifierId>,
    /// Deadlines up to this one have been gone through.
    through: Option<Deadline>,
    /// Those that were set before it since.
    fresh: BTreeSet<Deadline>,
}

/// What a deadline brings if nothing happens before.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The customer's row once it is told.
    pub(super) row: Option<MembershipRow>,
    /// What is to be told.
    pub(super) changes: Vec<Change>,
}

impl Ahead {
    /// What was worked out for exactly this deadline.
    pub(super) fn known(&self, deadline: Deadline) -> Option<&Known> {
        self.known.get(&deadline).filter(|_| !self.doubtful.contains(&deadline.1))
    }

    /// A customer's row is another one: what was worked out from the one before is nothing, and its deadline is new.
    pub(super) fn rewritten(&mut self, customer: IdentifierId, was_due: Option<Micros>, due: Option<Micros>) {
        was_due.iter().for_each(|at| drop(self.known.remove(&(*at, customer))));
        self.doubtful.remove(&customer);
        if let (Some(at), Some(through)) = (due, self.through)
            && (at, customer) <= through
        {
            self.fresh.insert((at, customer));
        }
        if self.fresh.len() > FRESH_MAX {
            self.through = self.fresh.first().map(|(at, _)| (Micros(at.0.saturating_sub(1)), LAST));
            self.fresh.clear();
        }
    }

    /// Something happened to a customer that its deadline may depend on, and its row is as it was: it is looked at again when it
    /// is due.
    pub(super) fn doubt(&mut self, customer: IdentifierId) {
        self.doubtful.insert(customer);
        if self.doubtful.len() > FRESH_MAX {
            self.forget();
        }
    }

    /// Segments, cuts or the generation are others.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Members {
    /// Looks at some whose deadlines lie ahead.
    pub(super) fn look_ahead(&mut self, live: &Served, snapshot: &Snapshot<'_>, now: Micros) -> Result<(), StoreError> {
        if self.settings.clock != Clock::Wall || self.ahead.known.len() + PIECE > KNOWN_MAX {
            return Ok(());
        }
        let wanted = self.next_ahead(now)?;
        let looks = due::shared(&wanted, |share| self.look_ahead_at(live, snapshot, share))?;
        self.ahead.known.extend(looks.into_iter().flatten());
        Ok(())
    }

    /// Deadlines that are not known yet, the fresh ones first.
    fn next_ahead(&mut self, now: Micros) -> Result<Vec<Deadline>, StoreError> {
        let ahead = &mut self.ahead;
        let mut wanted = Vec::new();
        while let Some(deadline) = ahead.fresh.first().copied().filter(|_| wanted.len() < PIECE) {
            ahead.fresh.remove(&deadline);
            wanted.push(deadline);
        }
        let until = Micros(now.0.saturating_add(SPAN));
        while wanted.len() < PIECE {
            let from = ahead.through.max(Some((now, LAST)));
            let next = self.published.due(from, until, PIECE)?;
            let Some(last) = next.last().copied() else {
                ahead.through = Some((until, LAST));
                break;
            };
            ahead.through = Some(last);
            wanted.extend(next);
        }
        wanted.retain(|deadline| deadline.0 > now && ahead.known(*deadline).is_none());
        Ok(wanted)
    }

    fn look_ahead_at(
        &self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        deadlines: &[Deadline],
    ) -> Result<Vec<(Deadline, Known)>, StoreError> {
        let ids: Vec<IdentifierId> = deadlines.iter().map(|(_, id)| *id).collect();
        let held = self.published.memberships(&ids)?;
        let mut look = Look::new(self, live, snapshot, self.instant)?;
        let mut found = Vec::with_capacity(ids.len());
        for (deadline, before) in deadlines.iter().zip(held) {
            // A deadline that is no longer its row's was moved meanwhile.
            let Some(before) = before.filter(|row| row.next() == Some(deadline.0)) else { continue };
            found.extend(look.ahead(*deadline, before)?.map(|known| (*deadline, known)));
        }
        Ok(found)
    }
}
