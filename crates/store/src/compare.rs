//! Comparing two states row by row, whatever their rows mean: families that are added later are compared too.
//!
//! Owns the walk in step over both. Never says why rows differ.

use std::cmp::Ordering;

use crate::{
    error::StoreError,
    family::{self, Family as _, Manifests, Shape, Touched},
    snapshot::{RawRow, Snapshot},
};

/// A row that two states do not have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// Name of the column family.
    pub family: &'static str,
    /// The key as it lies on disk.
    pub key: Box<[u8]>,
    /// The value in the first state; `None` if it has no such row.
    pub left: Option<Box<[u8]>>,
    /// The value in the second state.
    pub right: Option<Box<[u8]>>,
}

/// How many rows a family has, over both states, and how many of them differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Distinct keys.
    pub rows: u64,
    /// Those whose rows differ.
    pub differing: u64,
}

/// Families that are folded from the journal, by name: all but the manifest, which says what a state is, and
/// what is still to be told, which depends on when it was told.
pub fn folded_families() -> impl Iterator<Item = &'static str> {
    shapes().map(|shape| shape.name)
}

fn shapes() -> impl Iterator<Item = Shape> {
    family::ALL.into_iter().filter(|shape| shape.name != Manifests::NAME && shape.name != Touched::NAME)
}

/// Compares all rows of one family, given by its name, and calls `each` with every difference in the order of keys. Takes no
/// more memory than two rows.
///
/// # Errors
/// Those of the store and of `each`, which ends the walk. A name that is no family's compares nothing.
pub fn compare<E: From<StoreError>>(
    left: &Snapshot<'_>,
    right: &Snapshot<'_>,
    family: &str,
    mut each: impl FnMut(u64, Option<RowDifference>) -> Result<(), E>,
) -> Result<Compared, E> {
    let mut compared = Compared::default();
    let Some(shape) = shapes().find(|shape| shape.name == family) else { return Ok(compared) };
    let (mut left, mut right) = (left.scan_raw(shape), right.scan_raw(shape));
    let (mut one, mut other) = (left.next().transpose()?, right.next().transpose()?);
    while let Some(order) = order(one.as_ref(), other.as_ref()) {
        let held = if order.is_le() { std::mem::replace(&mut one, left.next().transpose()?) } else { None };
        let wanted = if order.is_ge() { std::mem::replace(&mut other, right.next().transpose()?) } else { None };
        compared.rows += 1;
        let difference = difference(shape.name, held, wanted);
        compared.differing += u64::from(difference.is_some());
        each(compared.rows, difference)?;
    }
    Ok(compared)
}

/// Which of the two rows comes first; `None` at the end of both.
fn order(left: Option<&RawRow>, right: Option<&RawRow>) -> Option<Ordering> {
    match (left, right) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some((left, _)), Some((right, _))) => Some(left.cmp(right)),
    }
}

fn difference(family: &'static str, left: Option<RawRow>, right: Option<RawRow>) -> Option<RowDifference> {
    let key = left.as_ref().or(right.as_ref()).map(|(key, _)| key.clone())?;
    let (left, right) = (left.map(|(_, value)| value), right.map(|(_, value)| value));
    (left != right).then_some(RowDifference { family, key, left, right })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Batch, Manifest, Store, StoreSettings,
        family::{Incidence, Shards, shards::ShardRow},
    };
    use types::{FragmentId, IdentifierId};

    fn state(dir: &std::path::Path, shards: &[(u32, u64)]) -> Store {
        let store = Store::open(&StoreSettings::small(dir), &Manifest::default()).unwrap();
        let mut batch = Batch::default();
        for (partition, applied) in shards {
            batch.put::<Shards>(partition, &ShardRow { applied: *applied, ..ShardRow::default() });
        }
        batch.put::<Incidence>(&(IdentifierId([1; 16]), FragmentId([2; 16])), &());
        store.write(batch).unwrap();
        store
    }

    #[test]
    fn rows_of_either_side_and_changed_ones_are_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let left = state(&dir.path().join("left"), &[(0, 1), (1, 5), (3, 7)]);
        let right = state(&dir.path().join("right"), &[(0, 1), (1, 6), (2, 2)]);
        let (left, right) = (left.snapshot(), right.snapshot());
        let mut found = Vec::new();
        let each = |_, difference: Option<RowDifference>| {
            found.extend(difference.map(|row| (row.key, row.left.is_some(), row.right.is_some())));
            Ok::<(), StoreError>(())
        };
        let compared = compare(&left, &right, Shards::NAME, each).unwrap();
        assert_eq!(compared, Compared { rows: 4, differing: 3 });
        let key = |partition: u32| Shards::encode_key(&partition).into_boxed_slice();
        assert_eq!(found, [(key(1), true, true), (key(2), false, true), (key(3), true, false)]);
        let same = compare(&left, &right, Incidence::NAME, |_, _| Ok::<(), StoreError>(())).unwrap();
        assert_eq!(same, Compared { rows: 1, differing: 0 });
        assert!(folded_families().all(|name| name != Manifests::NAME && name != Touched::NAME));
        assert!(folded_families().count() > 7);
    }
}
