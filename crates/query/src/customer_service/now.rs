//! A customer as it is in a look-up's snapshot.

use expr::Depth;
use proto::{customer::Customer, mask::ReadMask};
use store::{CustomerRows, Resolved, Snapshot, StoreError, changes::Stamp};
use tonic::Status;

use super::Sought;
use crate::{contact, context::Context, hot::Profiles, status, view};

/// What a look-up reads.
pub(super) struct Now<'a, 's> {
    pub(super) context: &'a Context,
    pub(super) snapshot: &'a Snapshot<'s>,
    pub(super) rows: &'a CustomerRows<'s>,
    /// Taken before the snapshot.
    pub(super) stamp: Stamp,
    /// `None` if none are kept.
    pub(super) profiles: Option<&'a Profiles>,
}

impl Now<'_, '_> {
    /// The customer; `None` if nobody holds the identifier.
    pub(super) fn customer(&self, sought: &Sought, mask: &ReadMask) -> Result<Option<Customer>, Status> {
        self.read(sought, mask).map_err(|error| status::store_failed(&error))
    }

    fn read(&self, sought: &Sought, mask: &ReadMask) -> Result<Option<Customer>, StoreError> {
        let Some(resolved) = sought.find(self.rows)? else { return Ok(None) };
        let mut customer = self.shown(&resolved, mask)?;
        if mask.names("contact") {
            customer.contact = contact::now(self.context, self.snapshot, self.rows, &resolved)?;
        }
        Ok(Some(customer))
    }

    /// What is shallow is read faster than it is found among what is kept.
    fn shown(&self, resolved: &Resolved, mask: &ReadMask) -> Result<Customer, StoreError> {
        match self.profiles.filter(|_| view::depth(mask) == Depth::Whole) {
            Some(profiles) => {
                profiles.read(self.rows, self.stamp, &resolved.identity, |state| view::customer(resolved, state, mask))
            }
            None => shown(self.rows, resolved, mask),
        }
    }
}

/// A customer by what its rows hold now.
pub(super) fn shown(rows: &CustomerRows<'_>, resolved: &Resolved, mask: &ReadMask) -> Result<Customer, StoreError> {
    Ok(view::customer(resolved, &rows.state_to(&resolved.identity, view::depth(mask))?, mask))
}
