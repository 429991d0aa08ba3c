//! A version of a definition, and what is known of the set that it came with.

use std::sync::Arc;

use types::{
    Micros,
    record::{self, Definition, DefinitionSet},
};

use crate::Kind;

/// What a definition says.
pub use record::definition::Body;

/// One version of what a name means.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its name, within the kind.
    pub name: String,
    /// 1, 2, 3, ... within the name.
    pub number: u32,
    /// What it is; `None` where it was deleted.
    pub body: Option<Body>,
    /// The set that it came with.
    pub about: Arc<About>,
}

/// Who applied a set, when and why, and where it lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Name of the set.
    pub set_id: String,
    /// Who applied it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, by ingest's clock.
    pub defined_at: Micros,
    /// When ingest accepted it.
    pub received_at: Micros,
    /// Its offset in `definitions`.
    pub offset: u64,
}

impl About {
    /// Of a set of the journal.
    pub fn of(set: &DefinitionSet, received_at: Micros, offset: u64) -> Self {
        Self {
            set_id: set.set_id.clone(),
            author: set.author.clone(),
            reason: set.reason.clone(),
            defined_at: set.defined_at.as_ref().map_or(Micros(0), Micros::from_proto),
            received_at,
            offset,
        }
    }
}

impl Version {
    /// Whether it says that the name means nothing any more.
    pub fn is_deleted(&self) -> bool {
        self.body.is_none()
    }

    /// The version as a definition that would say the same, expecting nothing.
    pub fn to_definition(&self) -> Definition {
        Definition {
            kind: self.kind.to_proto().into(),
            name: self.name.clone(),
            expected_version: None,
            deleted: self.is_deleted(),
            body: self.body.clone(),
        }
    }
}
