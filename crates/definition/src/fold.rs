//! The fold of one set: which versions it makes, or why it makes none.
//!
//! The only place that says so; whoever holds versions – in memory or on disk – tells what it holds through `Held`.

use std::{collections::BTreeSet, sync::Arc};

use types::record::{Definition, DefinitionSet};

use crate::{About, Kind, Version};

/// Whoever holds what the sets before have made.
pub trait Held {
    /// Why it cannot say.
    type Error;

    /// The newest version of a name, a deleted one too.
    ///
    /// # Errors
    /// It cannot be read.
    fn newest(&self, kind: Kind, name: &str) -> Result<Option<Arc<Version>>, Self::Error>;

    /// Whether a set of this name came before, void or not.
    ///
    /// # Errors
    /// It cannot be read.
    fn has_set(&self, set_id: &str) -> Result<bool, Self::Error>;
}

/// What a set does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// These versions are new, in the order of the set; none where it says what was said already.
    Versions(Vec<Arc<Version>>),
    /// Nothing, whole.
    Void(Void),
}

/// Why a set does nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// A copy of a set that came before.
    #[error("a set of this name was applied before")]
    Repeated,
    /// It is none that ingest writes.
    #[error("{0}")]
    Malformed(String),
    /// Somebody else was first.
    #[error("{kind}/{name} is at version {found}, but version {expected} was expected")]
    Superseded {
        /// Kind of the definition.
        kind: Kind,
        /// Its name.
        name: String,
        /// The version that the set expects.
        expected: u32,
        /// The newest version; 0 for none.
        found: u32,
    },
}

/// What a set does to what is held.
///
/// # Errors
/// Those of `held`.
pub fn effect<H: Held>(set: &DefinitionSet, about: &Arc<About>, held: &H) -> Result<Effect, H::Error> {
    if held.has_set(&set.set_id)? {
        return Ok(Effect::Void(Void::Repeated));
    }
    let named = match named(set) {
        Ok(named) => named,
        Err(what) => return Ok(Effect::Void(Void::Malformed(what))),
    };
    let mut versions = Vec::new();
    for (kind, definition) in named {
        let newest = held.newest(kind, &definition.name)?;
        let found = newest.as_ref().map_or(0, |version| version.number);
        if let Some(expected) = definition.expected_version.filter(|expected| *expected != found) {
            let name = definition.name.clone();
            return Ok(Effect::Void(Void::Superseded { kind, name, expected, found }));
        }
        if newest.and_then(|version| version.body.clone()) != definition.body {
            versions.push(Arc::new(version(kind, definition, found, about)));
        }
    }
    Ok(Effect::Versions(versions))
}

/// All that a set expects and that is not so; `effect` tells the first alone.
///
/// # Errors
/// Those of `held`.
pub fn superseded<H: Held>(set: &DefinitionSet, held: &H) -> Result<Vec<Void>, H::Error> {
    let mut voids = Vec::new();
    for definition in &set.definitions {
        let (Some(kind), Some(expected)) = (Kind::of(definition.kind), definition.expected_version) else { continue };
        let found = held.newest(kind, &definition.name)?.map_or(0, |version| version.number);
        if found != expected {
            voids.push(Void::Superseded { kind, name: definition.name.clone(), expected, found });
        }
    }
    Ok(voids)
}

/// Whether a newer Patron wrote the set: it defines a kind of thing that is not known here.
pub fn is_newer(set: &DefinitionSet) -> bool {
    let known = Kind::ALL.map(|kind| i32::from(kind.to_proto())).into_iter().max().unwrap_or_default();
    set.definitions.iter().any(|definition| definition.kind > known)
}

fn version(kind: Kind, definition: &Definition, found: u32, about: &Arc<About>) -> Version {
    Version {
        kind,
        name: definition.name.clone(),
        number: found.saturating_add(1),
        body: definition.body.clone(),
        about: Arc::clone(about),
    }
}

/// The definitions with their kinds, or why the set is none.
fn named(set: &DefinitionSet) -> Result<Vec<(Kind, &Definition)>, String> {
    if set.set_id.is_empty() || set.definitions.is_empty() {
        return Err("a set without a name or without definitions".to_owned());
    }
    let (mut named, mut seen) = (Vec::with_capacity(set.definitions.len()), BTreeSet::new());
    for (index, definition) in set.definitions.iter().enumerate() {
        let kind = kind_of(definition).ok_or_else(|| format!("definitions[{index}] has no body of its kind"))?;
        if definition.name.is_empty() || definition.name.contains('\0') {
            return Err(format!("definitions[{index}] has no name"));
        }
        if !seen.insert((kind, definition.name.as_str())) {
            return Err(format!("definitions[{index}] names {kind}/{} again", definition.name));
        }
        named.push((kind, definition));
    }
    Ok(named)
}

/// The kind, where the body is of that kind, or absent because the definition says "deleted".
pub(crate) fn kind_of(definition: &Definition) -> Option<Kind> {
    let kind = Kind::of(definition.kind)?;
    let fits = match &definition.body {
        None => definition.deleted,
        Some(body) => !definition.deleted && Kind::of_body(body) == kind,
    };
    fits.then_some(kind)
}
