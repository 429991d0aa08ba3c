//! Customers as segments see them: one, or all of a snapshot one after the other.

use expr::Program;
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
    /// Single touchpoints.
    pub(super) touchpoints: bool,
    /// Also those known by receipts alone.
    pub(super) receipts: bool,
    /// The earliest instant that they are evaluated at.
    pub(super) from: Micros,
}

impl Moment<'_> {
    /// What a walk wants for these programs, evaluated at the moment's instant.
    pub(super) fn wanted<'p>(&self, programs: impl IntoIterator<Item = &'p Program>, receipts: bool) -> Wanted {
        let touchpoints = programs.into_iter().any(|program| self.segments.needs_touchpoints(program));
        Wanted { touchpoints, receipts, from: self.now }
    }

    /// The customer that holds an identifier, with all touchpoints; `None` if nobody does.
    pub(super) fn find(&self, id: IdentifierId) -> Result<Option<Subject>, StoreError> {
        let rows = CustomerRows::new(&self.snapshot, &self.context.rules, &self.context.hash_key);
        let found = rows.find(id)?;
        let wanted = Wanted { touchpoints: true, receipts: true, from: self.now };
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
        let Wanted { touchpoints, from, .. } = wanted;
        let hash_key = &self.context.hash_key;
        let seen = subjects::subject(&self.snapshot, rows, hash_key, &resolved, touchpoints, from)?;
        Ok(Subject { resolved, customer: seen.customer, positions: seen.positions })
    }
}
