//! The ids under which somebody who was asked for may lie: that of the identifier's normal form now, and that of version 1 of
//! the journal's format, whose identifiers stay as they were written.

use store::{CustomerRows, Resolved, Snapshot, StoreError};
use tonic::Status;
use types::{Identifier, IdentifierId, normal_form::is_plain};

use crate::{context::Context, status};

/// Who is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought {
    pub(crate) id: IdentifierId,
    /// The older form's, where it is another.
    pub(crate) before: Option<IdentifierId>,
}

impl Sought {
    /// A customer's id.
    pub(crate) fn id(id: IdentifierId) -> Self {
        Self { id, before: None }
    }

    /// An identifier as the caller wrote it.
    pub(super) fn identifier(context: &Context, namespace: &str, value: &str) -> Self {
        if is_plain(namespace, value) {
            return Self::id(context.hash_key.identifier_id_of(namespace, value));
        }
        let asked = Identifier::new(namespace, value);
        let normal = asked.normalised(&context.normaliser);
        let before = asked.normalised_in_version_1();
        let id = |identifier| context.hash_key.identifier_id(identifier);
        Self { id: id(&normal), before: (before != normal).then(|| id(&before)) }
    }

    /// Who is held by it: by the normal form or, where nobody is, by the older one.
    pub(super) fn find(self, rows: &CustomerRows<'_>) -> Result<Option<Resolved>, StoreError> {
        match (rows.find(self.id)?, self.before) {
            (None, Some(before)) => rows.find(before),
            (found, _) => Ok(found),
        }
    }

    /// The id to look up: that of the normal form, unless nobody has it and somebody has the older form.
    pub(crate) fn held(self, context: &Context, snapshot: &Snapshot<'_>) -> Result<IdentifierId, Status> {
        let Some(before) = self.before else { return Ok(self.id) };
        let rows = CustomerRows::new(snapshot, &context.rules, &context.hash_key);
        let is_held = |id| rows.find(id).map(|found| found.is_some()).map_err(|error| status::store_failed(&error));
        Ok(if !is_held(self.id)? && is_held(before)? { before } else { self.id })
    }
}
