//! What other crates know of definitions that this one does not: a hook that sees the whole catalogue as it would be.

use crate::{Catalogue, Kind};

/// What is wrong with one field of one definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Kind of the definition.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The field, e.g. `segment.expression`; empty for the definition itself.
    pub field: String,
    /// What is wrong, and the remedy.
    pub description: String,
}

/// Checks what definitions mean, e.g. that the expressions of segments can be evaluated.
pub trait Check: Send + Sync {
    /// Everything that is wrong with the catalogue as it would be, in any order. Names that the set does not touch may be found
    /// too: a set that deletes what others need is refused.
    fn check(&self, next: &Catalogue) -> Vec<Finding>;
}

/// Finds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCheck;

impl Check for NoCheck {
    fn check(&self, _: &Catalogue) -> Vec<Finding> {
        Vec::new()
    }
}
