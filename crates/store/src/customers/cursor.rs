//! The iterators by which a reader of customers finds the rows of a prefix: one that is moved anywhere, and one that a walk takes along.

use std::{cell::Cell, ops::ControlFlow};

use crate::{
    error::StoreError,
    family::Family,
    snapshot::{Onward, Prefixes, Snapshot},
};

/// Two iterators, each once it was needed.
pub(super) struct Cursor<'a, F> {
    anywhere: Cell<Option<Prefixes<'a, F>>>,
    onward: Cell<Option<Onward<'a, F>>>,
}

impl<F> Default for Cursor<'_, F> {
    fn default() -> Self {
        Self { anywhere: Cell::new(None), onward: Cell::new(None) }
    }
}

impl<'a, F: Family> Cursor<'a, F> {
    /// Calls `each` with the rows from the least key on whose prefix is that of `from`, until it breaks off. Where `each` asks for another
    /// prefix, that is read by an iterator of its own.
    ///
    /// # Errors
    /// Those of the store and of `each`.
    pub(super) fn each(
        &self,
        snapshot: &'a Snapshot<'a>,
        from: &[u8],
        each: impl FnMut(F::Key, F::Value) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.anywhere.take().unwrap_or_else(|| snapshot.prefixes());
        let read = rows.each(from, each);
        self.anywhere.set(Some(rows));
        read
    }

    /// Calls `each` with all rows of a prefix, where the next one that is asked for mostly lies a little ahead.
    ///
    /// # Errors
    /// Those of the store and of `each`.
    pub(super) fn each_onward(
        &self,
        snapshot: &'a Snapshot<'a>,
        prefix: &[u8],
        each: impl FnMut(F::Key, F::Value) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.onward.take().unwrap_or_else(|| snapshot.onward());
        let read = rows.each(prefix, each);
        self.onward.set(Some(rows));
        read
    }
}
