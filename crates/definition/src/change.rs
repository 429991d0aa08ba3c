//! What a set would change: each of its definitions beside the newest version.

use std::sync::Arc;

use types::record::{Definition, DefinitionSet};

use crate::{Body, Catalogue, Kind, Version, fold::kind_of};

/// What happens to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It meant nothing before.
    Added,
    /// It means something else.
    Changed,
    /// It says what was said already.
    Unchanged,
    /// It means nothing any more.
    Deleted,
}

/// One definition of a set beside what there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What happens.
    pub what: What,
    /// Kind of the definition.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The newest version, a deleted one too.
    pub before: Option<Arc<Version>>,
    /// What the name means then.
    pub after: Option<Body>,
}

/// The changes of a set, in its order. What is no definition of a kind is passed over: `form` tells of it.
pub fn changes(set: &DefinitionSet, catalogue: &Catalogue) -> Vec<Change> {
    set.definitions.iter().filter_map(|definition| change(definition, catalogue)).collect()
}

fn change(definition: &Definition, catalogue: &Catalogue) -> Option<Change> {
    let kind = kind_of(definition)?;
    let before = catalogue.newest(kind, &definition.name).cloned();
    let held = before.as_ref().and_then(|version| version.body.as_ref());
    let what = match (held, &definition.body) {
        (held, body) if held == body.as_ref() => What::Unchanged,
        (None, _) => What::Added,
        (Some(_), Some(_)) => What::Changed,
        (Some(_), None) => What::Deleted,
    };
    Some(Change { what, kind, name: definition.name.clone(), before, after: definition.body.clone() })
}
