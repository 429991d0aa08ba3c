//! Segments that were ever told, by a small number each, so that the row of a customer in many segments stays small.
//!
//! Owns that a number stands for one name for ever, and which version of each everybody was told.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Published, families::ToldSegmentRows};
use crate::{
    batch::Batch,
    error::StoreError,
    family::{Family, from_postcard, to_postcard},
};

/// A segment that was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSegment {
    /// Its name.
    pub name: String,
    /// The version that everybody was told; `None` while it is still to be told, and where it is defined no more.
    pub version: Option<u32>,
}

/// All segments that were ever told.
#[derive(Clone, Debug, Default)]
pub struct ToldSegments {
    by_ordinal: BTreeMap<u32, ToldSegment>,
    ordinals: BTreeMap<String, u32>,
}

impl ToldSegments {
    /// The number of a segment.
    pub fn ordinal(&self, name: &str) -> Option<u32> {
        self.ordinals.get(name).copied()
    }

    /// The segment of a number.
    pub fn name(&self, ordinal: u32) -> Option<&str> {
        self.by_ordinal.get(&ordinal).map(|segment| segment.name.as_str())
    }

    /// Segments that mean something else than everybody was told, given the versions that they have now; those that are gone too.
    pub fn changed(&self, now: &BTreeMap<String, u32>) -> BTreeSet<String> {
        let told: BTreeMap<&str, u32> =
            self.by_ordinal.values().filter_map(|segment| Some((segment.name.as_str(), segment.version?))).collect();
        let new =
            now.iter().filter(|(name, version)| told.get(name.as_str()) != Some(version)).map(|(name, _)| name.clone());
        let gone = told.keys().filter(|name| !now.contains_key(**name)).map(|name| (*name).to_owned());
        new.chain(gone).collect()
    }

    fn of(rows: BTreeMap<u32, ToldSegment>) -> Self {
        let ordinals = rows.iter().map(|(ordinal, segment)| (segment.name.clone(), *ordinal)).collect();
        Self { by_ordinal: rows, ordinals }
    }

    /// The same with others beside: what was not told has no version.
    fn with(&self, names: impl IntoIterator<Item = String>) -> Self {
        let mut rows = self.by_ordinal.clone();
        for name in names {
            if self.ordinal(&name).is_none() {
                let ordinal = rows.last_key_value().map_or(0, |(last, _)| last + 1);
                rows.insert(ordinal, ToldSegment { name, version: None });
            }
        }
        Self::of(rows)
    }
}

impl Published {
    /// All segments that were ever told.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn told_segments(&self) -> Result<ToldSegments, StoreError> {
        Ok(ToldSegments::of(self.all::<ToldSegmentRows>()?))
    }

    /// Gives those of these names numbers that have none.
    ///
    /// # Errors
    /// `Unpublished`: none has.
    pub fn number_segments(
        &self,
        told: &ToldSegments,
        names: impl IntoIterator<Item = String>,
    ) -> Result<ToldSegments, StoreError> {
        let all = told.with(names);
        self.keep_segments(told, &all)?;
        Ok(all)
    }

    /// Everybody was told these versions, and no other segments.
    ///
    /// # Errors
    /// `Unpublished`: what was told before stays.
    pub fn tell_versions(&self, told: &ToldSegments, now: &BTreeMap<String, u32>) -> Result<ToldSegments, StoreError> {
        let mut all = told.with(now.keys().cloned());
        all.by_ordinal.values_mut().for_each(|segment| segment.version = now.get(&segment.name).copied());
        self.keep_segments(told, &all)?;
        Ok(all)
    }

    fn keep_segments(&self, before: &ToldSegments, after: &ToldSegments) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (ordinal, segment) in &after.by_ordinal {
            if before.by_ordinal.get(ordinal) != Some(segment) {
                batch.put::<ToldSegmentRows>(ordinal, segment);
            }
        }
        if batch.is_empty() { Ok(()) } else { self.write(batch, true) }
    }
}

impl Family for ToldSegmentRows {
    const NAME: &'static str = "told_segments";
    const PREFIX_BYTES: usize = 0;
    type Key = u32;
    type Value = ToldSegment;

    fn encode_key(ordinal: &u32) -> Vec<u8> {
        ordinal.to_be_bytes().to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<u32> {
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode_value(segment: &ToldSegment) -> Vec<u8> {
        to_postcard(segment)
    }

    fn decode_value(bytes: &[u8]) -> Result<ToldSegment, String> {
        from_postcard(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreSettings;

    fn versions(all: &[(&str, u32)]) -> BTreeMap<String, u32> {
        all.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
    }

    #[test]
    fn numbers_stay_and_changes_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        let published =
            Published::open(&StoreSettings::small(dir.path()), &crate::published::PublishedManifest::default())
                .unwrap();
        let told = published.number_segments(&ToldSegments::default(), ["b".to_owned(), "a".to_owned()]).unwrap();
        assert_eq!((told.ordinal("b"), told.ordinal("a"), told.name(1)), (Some(0), Some(1), Some("a")));
        assert_eq!(told.changed(&versions(&[("a", 1)])), BTreeSet::from(["a".to_owned()]));
        let told = published.tell_versions(&told, &versions(&[("a", 1), ("c", 4)])).unwrap();
        assert_eq!(told.changed(&versions(&[("a", 2), ("c", 4)])), BTreeSet::from(["a".to_owned()]));
        assert_eq!(told.changed(&versions(&[("a", 1), ("b", 1)])), BTreeSet::from(["b".to_owned(), "c".to_owned()]));
        let again = published.told_segments().unwrap();
        assert_eq!((again.ordinal("c"), again.ordinal("b")), (Some(2), Some(0)));
        assert!(again.changed(&versions(&[("a", 1), ("c", 4)])).is_empty());
    }
}
