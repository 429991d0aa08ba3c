//! Rows of the store that a batch asks for, many at once: keys in their order, each once, in lists and not in trees.

use store::{Snapshot, StoreError, family::Family};

/// Rows by key, all of which are asked for before: those that are not there are here as `None`.
pub(crate) struct Loaded<K, V>(Vec<(K, Option<V>)>);

impl<K: Ord, V> Loaded<K, V> {
    /// Those of the store.
    pub(crate) fn of<F: Family<Key = K, Value = V>>(
        snapshot: &Snapshot<'_>,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Self, StoreError> {
        Ok(Self(rows::<F>(snapshot, keys)?.collect()))
    }

    /// The row of a key, if there is one.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let place = self.0.binary_search_by(|(held, _)| held.cmp(key)).ok()?;
        self.0.get(place)?.1.as_ref()
    }

    /// Puts the row of a key.
    pub(crate) fn put(&mut self, key: K, row: V) {
        match self.0.binary_search_by(|(held, _)| held.cmp(&key)) {
            Ok(place) => drop(self.0.get_mut(place).and_then(|held| held.1.replace(row))),
            Err(place) => self.0.insert(place, (key, Some(row))),
        }
    }

    /// All rows, in the order of their keys.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().filter_map(|(key, row)| Some((key, row.as_ref()?)))
    }
}

/// Keys in their order, each once.
pub(crate) fn distinct<K: Ord>(keys: impl IntoIterator<Item = K>) -> Vec<K> {
    let mut keys: Vec<K> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Rows of distinct keys, in their order.
pub(crate) fn rows<F: Family>(
    snapshot: &Snapshot<'_>,
    keys: impl IntoIterator<Item = F::Key>,
) -> Result<impl Iterator<Item = (F::Key, Option<F::Value>)>, StoreError>
where
    F::Key: Ord,
{
    let keys = distinct(keys);
    let rows = snapshot.multi_get::<F>(&keys)?;
    Ok(keys.into_iter().zip(rows))
}
