//! Customers as segments see them: one, or all of a snapshot one after the other.

use expr::{Program, Reach};
use segment::Customer;
use store::{CustomerRows, Resolved, StoreError, subjects};
use types::{IdentifierId, Micros, record::Position};

use super::moment::Moment;

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
    /// Also those known by receipts alone.
    pub(super) receipts: bool,
    /// The earliest instant that they are evaluated at.
    pub(super) from: Micros,
}

impl Moment<'_> {
    /// What a walk wants for these programs, evaluated at the moment's instant.
    pub(super) fn wanted<'p>(&self, programs: impl IntoIterator<Item = &'p Program>, receipts: bool) -> Wanted {
        let reach = programs.into_iter().map(|program| self.segments.reach_of(program)).max().unwrap_or_default();
        Wanted { reach, receipts, from: self.now }
    }

    /// The customer that holds an identifier, with all touchpoints; `None` if nobody does.
    pub(super) fn find(&self, id: IdentifierId) -> Result<Option<Subject>, StoreError> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        let found = rows.find(id)?;
        let wanted = Wanted { reach: Reach::Life, receipts: true, from: self.now };
        found.map(|resolved| self.subject(&rows, resolved, wanted)).transpose()
    }

    /// Calls `each` with every customer once.
    pub(super) fn for_each<E: From<StoreError>>(
        &self,
        wanted: Wanted,
        mut each: impl FnMut(Subject) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        rows.for_each(|resolved| {
            if !wanted.receipts && !resolved.identity.is_known() {
                return Ok(());
            }
            each(self.subject(&rows, resolved, wanted)?)
        })
    }

    fn subject(&self, rows: &CustomerRows<'_>, resolved: Resolved, wanted: Wanted) -> Result<Subject, StoreError> {
        let hash_key = &self.context.hash_key;
        let wanted = subjects::Wanted { from: wanted.from, reach: wanted.reach, profile: true };
        let seen = subjects::subject(&self.snapshot, rows, hash_key, &resolved, wanted)?;
        Ok(Subject { resolved, customer: seen.customer, positions: seen.positions })
    }
}
