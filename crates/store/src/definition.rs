//! Definitions as they lie in a snapshot.

use std::sync::Arc;

use definition::{Catalogue, Held, Kind, Version};
use types::HashKey;

use crate::{
    error::StoreError,
    family::{
        DefinitionProgress, DefinitionSetIds, Definitions,
        definition_sets::DefinitionProgressRow,
        definitions::{VersionKey, VersionRow},
    },
    snapshot::{Range, Snapshot, successor},
};

/// What a snapshot holds of definitions, as their fold asks for it.
#[derive(Debug)]
pub struct HeldDefinitions<'a> {
    snapshot: &'a Snapshot<'a>,
    hash_key: &'a HashKey,
}

impl<'a> HeldDefinitions<'a> {
    /// Of a snapshot.
    pub fn new(snapshot: &'a Snapshot<'a>, hash_key: &'a HashKey) -> Self {
        Self { snapshot, hash_key }
    }
}

impl Held for HeldDefinitions<'_> {
    type Error = StoreError;

    fn newest(&self, kind: Kind, name: &str) -> Result<Option<Arc<Version>>, StoreError> {
        Ok(newest(self.snapshot, kind, name)?.map(Arc::new))
    }

    fn has_set(&self, set_id: &str) -> Result<bool, StoreError> {
        let id = self.hash_key.content_hash(set_id.as_bytes());
        Ok(self.snapshot.get::<DefinitionSetIds>(&id)?.is_some())
    }
}

/// The newest version of a name, a deleted one too.
///
/// # Errors
/// `Read` or `Damaged`; so everywhere here.
pub fn newest(snapshot: &Snapshot<'_>, kind: Kind, name: &str) -> Result<Option<Version>, StoreError> {
    let range = Range { backwards: true, ..Range::prefix(&VersionKey::name_prefix(kind, name)) };
    snapshot.scan::<Definitions>(&range).next().transpose().map(|found| found.map(whole))
}

/// One version of a name.
///
/// # Errors
/// As `newest`.
pub fn version(snapshot: &Snapshot<'_>, key: VersionKey) -> Result<Option<Version>, StoreError> {
    Ok(snapshot.get::<Definitions>(&key)?.map(|row| row.at(key)))
}

/// The versions of a range of keys.
pub fn versions<'s, 'a>(
    snapshot: &'s Snapshot<'a>,
    range: &Range,
) -> impl Iterator<Item = Result<Version, StoreError>> + use<'s, 'a> {
    snapshot.scan::<Definitions>(range).map(|row| row.map(whole))
}

/// The newest version of each name of a kind that comes after a name, deleted ones too, in the order of names.
pub fn newest_of<'s, 'a>(
    snapshot: &'s Snapshot<'a>,
    kind: Kind,
    after: Option<&str>,
) -> impl Iterator<Item = Result<Version, StoreError>> + use<'s, 'a> {
    let mut range = Range::prefix(&VersionKey::kind_prefix(kind));
    if let Some(first) = after.and_then(|after| successor(&VersionKey::name_prefix(kind, after))) {
        range.from = first;
    }
    let (mut rows, mut held) = (versions(snapshot, &range), None);
    std::iter::from_fn(move || {
        loop {
            match rows.next() {
                None => return held.take().map(Ok),
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(version)) => {
                    let before: Option<Version> = held.replace(version);
                    let next_name = held.as_ref().map(|version| &version.name);
                    if let Some(before) = before.filter(|before| Some(&before.name) != next_name) {
                        return Some(Ok(before));
                    }
                }
            }
        }
    })
}

/// All that is defined of some kinds, in memory, for those who evaluate it. Knows no names of sets.
///
/// # Errors
/// As `newest`.
pub fn catalogue(snapshot: &Snapshot<'_>, kinds: &[Kind]) -> Result<Catalogue, StoreError> {
    let mut newest = Vec::new();
    for kind in kinds {
        for version in newest_of(snapshot, *kind, None) {
            newest.push(Arc::new(version?));
        }
    }
    Ok(Catalogue::default().with(&newest))
}

/// How far `definitions` is folded.
///
/// # Errors
/// As `newest`.
pub fn progress(snapshot: &Snapshot<'_>) -> Result<DefinitionProgressRow, StoreError> {
    Ok(snapshot.get::<DefinitionProgress>(&())?.unwrap_or_default())
}

fn whole((key, row): (VersionKey, VersionRow)) -> Version {
    row.at(key)
}
