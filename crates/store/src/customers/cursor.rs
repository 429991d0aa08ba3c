//! The one iterator by which a reader of customers finds the rows of a prefix.

use std::{cell::Cell, ops::ControlFlow};

use crate::{
    error::StoreError,
    family::Family,
    snapshot::{Prefixes, Snapshot},
};

/// An iterator, once it was needed.
pub(super) struct Cursor<'a, F>(Cell<Option<Prefixes<'a, F>>>);

impl<F> Default for Cursor<'_, F> {
    fn default() -> Self {
        Self(Cell::new(None))
    }
}

impl<'a, F: Family> Cursor<'a, F> {
    /// Calls `each` with the rows whose keys start with a prefix, until it breaks off. Where `each` asks for another prefix, that
    /// is read by an iterator of its own.
    ///
    /// # Errors
    /// Those of the store and of `each`.
    pub(super) fn each(
        &self,
        snapshot: &'a Snapshot<'a>,
        prefix: &[u8],
        each: impl FnMut(F::Key, F::Value) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.0.take().unwrap_or_else(|| snapshot.prefixes());
        let read = rows.each(prefix, each);
        self.0.set(Some(rows));
        read
    }
}
