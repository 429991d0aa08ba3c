//! Customers as segments see them: one, or all of a snapshot.

use std::{num::NonZero, panic, thread};

use expr::{Depth, Program, Reach};
use segment::Customer;
use store::{CustomerRows, Resolved, StoreError, customers::Part, subjects};
use types::{IdentifierId, Micros, record::Position};

use super::moment::Moment;

/// Most threads of one walk.
const THREADS_MAX: usize = 8;

/// A customer ready to be evaluated.
pub(super) struct Subject {
    pub(super) resolved: Resolved,
    pub(super) customer: Customer,
    /// Places in the journal of the touchpoints that were loaded.
    pub(super) positions: Vec<Position>,
}

/// Which customers of a walk, and what of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// How far back single touchpoints.
    pub(super) reach: Reach,
    /// How much of the profile.
    pub(super) depth: Depth,
    /// Also those known by receipts alone.
    pub(super) receipts: bool,
    /// The earliest instant that they are evaluated at.
    pub(super) from: Micros,
}

impl Moment<'_> {
    /// What a walk wants for these programs, evaluated at the moment's instant.
    pub(super) fn wanted<'p>(&self, programs: impl IntoIterator<Item = &'p Program>, receipts: bool) -> Wanted {
        let mut wanted = Wanted { reach: Reach::Nothing, depth: Depth::Nothing, receipts, from: self.now };
        for program in programs {
            wanted.reach = wanted.reach.max(self.segments.reach_of(program));
            wanted.depth = wanted.depth.max(self.segments.depth_of(program));
        }
        wanted
    }

    /// The customer that holds an identifier, with all touchpoints; `None` if nobody does.
    pub(super) fn find(&self, id: IdentifierId) -> Result<Option<Subject>, StoreError> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        let found = rows.find(id)?;
        let wanted = Wanted { reach: Reach::Life, depth: Depth::Whole, receipts: true, from: self.now };
        found.map(|resolved| self.subject(&rows, resolved, wanted)).transpose()
    }

    /// Calls `each` with every customer once, on all processors: with a tally of its thread's, which starts as `fresh`. The tallies
    /// of all threads, which stand for customers in no order.
    pub(super) fn tally<T: Send>(
        &self,
        wanted: Wanted,
        fresh: impl Fn() -> T + Sync,
        each: impl Fn(&mut T, Subject) + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
        let work = |part: Part| {
            let mut tally = fresh();
            self.for_each_in(&part, wanted, |subject| each(&mut tally, subject))?;
            Ok(tally)
        };
        thread::scope(|scope| {
            let work = &work;
            let parts: Vec<_> = Part::split(threads).into_iter().map(|part| scope.spawn(move || work(part))).collect();
            let joined = parts.into_iter().map(|part| part.join().unwrap_or_else(|cause| panic::resume_unwind(cause)));
            joined.collect()
        })
    }

    fn for_each_in(&self, part: &Part, wanted: Wanted, mut each: impl FnMut(Subject)) -> Result<(), StoreError> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        rows.for_each_in(part, |resolved| {
            if wanted.receipts || resolved.identity.is_known() {
                each(self.subject(&rows, resolved, wanted)?);
            }
            Ok(())
        })
    }

    /// A resolved customer with what is wanted of it.
    pub(super) fn subject(
        &self,
        rows: &CustomerRows<'_>,
        resolved: Resolved,
        wanted: Wanted,
    ) -> Result<Subject, StoreError> {
        let hash_key = &self.context.hash_key;
        let wanted = subjects::Wanted { from: wanted.from, reach: wanted.reach, depth: wanted.depth };
        let seen = subjects::subject(rows, hash_key, &resolved, wanted)?;
        Ok(Subject { resolved, customer: seen.customer, positions: seen.positions })
    }
}
