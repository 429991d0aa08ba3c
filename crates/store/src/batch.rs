//! A batch: rows of any kinds that are written together or not at all.

use rocksdb::{DB, WriteBatch};
use types::FragmentId;

use crate::{
    changes::{FOLLOWED, Row, Subject},
    error::StoreError,
    family::{Family, Months, Orders},
};

/// Families whose rows are told one by one to whoever keeps what it read of a fragment.
const TRAILED: [&str; 2] = [Months::NAME, Orders::NAME];

/// Where rows are put: a batch, or files of sorted rows.
pub trait RowSink {
    /// Puts a row whose value `write` puts behind the bytes that it is given.
    ///
    /// # Errors
    /// `Write`, where rows go to the disk at once.
    fn put_written<F: Family>(&mut self, key: &F::Key, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError>;

    /// Puts a row.
    ///
    /// # Errors
    /// As `put_written`.
    fn put<F: Family>(&mut self, key: &F::Key, value: &F::Value) -> Result<(), StoreError> {
        self.put_written::<F>(key, |bytes| F::write_value(value, bytes))
    }
}

/// Rows to put and delete. The last word on a key wins.
#[derive(Debug, Default)]
pub struct Batch {
    /// Keys and values, one after the other: memory is asked for a few times a batch, not for each row.
    bytes: Vec<u8>,
    changes: Vec<Change>,
    /// Families, and keys from the first to before the second, whose rows go before any is put.
    ranges: Vec<(usize, Vec<u8>, Vec<u8>)>,
    /// Names of the families, each once, in the order in which they came.
    families: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    /// Place in `families`.
    family: usize,
    /// Where the key begins and where it ends.
    key: (usize, usize),
    /// Where the value ends that follows the key; `None` for a row to delete.
    value_end: Option<usize>,
}

impl Batch {
    /// Puts a row.
    pub fn put<F: Family>(&mut self, key: &F::Key, value: &F::Value) {
        self.put_written::<F>(key, |bytes| F::write_value(value, bytes));
    }

    /// Puts a row whose value `write` puts behind the bytes that it is given.
    pub fn put_written<F: Family>(&mut self, key: &F::Key, write: impl FnOnce(&mut Vec<u8>)) {
        let (family, key) = (self.family(F::NAME), self.key::<F>(key));
        write(&mut self.bytes);
        self.changes.push(Change { family, key, value_end: Some(self.bytes.len()) });
    }

    /// Deletes a row.
    pub fn delete<F: Family>(&mut self, key: &F::Key) {
        let (family, key) = (self.family(F::NAME), self.key::<F>(key));
        self.changes.push(Change { family, key, value_end: None });
    }

    /// Deletes all rows from one key to another, that one included, but for what this batch puts.
    pub fn delete_range<F: Family>(&mut self, from: &F::Key, to: &F::Key) {
        debug_assert!(
            !FOLLOWED.contains(&F::NAME) && !TRAILED.contains(&F::NAME),
            "whoever keeps what depends on rows of {} hears of keys alone",
            F::NAME
        );
        let family = self.family(F::NAME);
        let mut end = F::encode_key(to);
        end.push(0);
        self.ranges.push((family, F::encode_key(from), end));
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        empty(&mut self.bytes);
        empty(&mut self.changes);
        self.ranges.clear();
        self.families.clear();
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.changes.len() + self.ranges.len()
    }

    /// Bytes of all keys and values.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.ranges.is_empty()
    }

    fn key<F: Family>(&mut self, key: &F::Key) -> (usize, usize) {
        let begin = self.bytes.len();
        F::write_key(key, &mut self.bytes);
        (begin, self.bytes.len())
    }

    /// Neighbours are mostly of one family.
    fn family(&mut self, name: &'static str) -> usize {
        let place = self.families.iter().rposition(|held| *held == name);
        place.unwrap_or_else(|| {
            self.families.push(name);
            self.families.len() - 1
        })
    }

    fn bytes(&self, begin: usize, end: usize) -> &[u8] {
        self.bytes.get(begin..end).expect("places of bytes that were written")
    }

    /// Whether it changes rows of a family.
    pub(crate) fn concerns<F: Family>(&self) -> bool {
        self.families.contains(&F::NAME)
    }

    /// Whom it is about: each once for each row of a followed family.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let followed: Vec<bool> = self.families.iter().map(|name| FOLLOWED.contains(name)).collect();
        let of_followed = self.changes.iter().filter(|change| followed.get(change.family) == Some(&true));
        of_followed.filter_map(|change| self.bytes(change.key.0, change.key.1).first_chunk().copied()).collect()
    }

    /// The months and orders that it changes.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (FragmentId, Row)> + Clone {
        let place = |name| self.families.iter().position(|held| *held == name);
        let (months, orders) = (place(Months::NAME), place(Orders::NAME));
        self.changes.iter().filter_map(move |change| {
            let key = || self.bytes(change.key.0, change.key.1);
            if Some(change.family) == months {
                return Months::decode_key(key()).map(|(fragment, month)| (fragment, Row::Month(month)));
            }
            let order = (Some(change.family) == orders).then(|| Orders::decode_key(key())).flatten();
            order.map(|(fragment, order)| (fragment, Row::Order(order)))
        })
    }

    /// As RocksDB takes them, sorted by family and key: neighbours that are inserted together cost a half to a third of rows in any order. The sort
    /// is stable, so the last word on a key stays the last.
    pub(crate) fn write_batch(&mut self, db: &DB) -> WriteBatch {
        let mut changes = std::mem::take(&mut self.changes);
        changes.sort_by_key(|change| (change.family, self.bytes(change.key.0, change.key.1)));
        let families: Vec<_> =
            self.families.iter().map(|name| db.cf_handle(name).expect("opened with every family")).collect();
        let mut rows = WriteBatch::with_capacity_bytes(self.bytes.len() + changes.len() * ROW_OVERHEAD_BYTES);
        for (family, from, end) in &self.ranges {
            rows.delete_range_cf(families.get(*family).expect("a place in the list"), from, end);
        }
        for &Change { family, key: (begin, end), value_end } in &changes {
            let (family, key) = (families.get(family).expect("a place in the list"), self.bytes(begin, end));
            match value_end {
                Some(value_end) => rows.put_cf(family, key, self.bytes(end, value_end)),
                None => rows.delete_cf(family, key),
            }
        }
        self.changes = changes;
        rows
    }
}

impl RowSink for Batch {
    fn put_written<F: Family>(&mut self, key: &F::Key, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        Self::put_written::<F>(self, key, write);
        Ok(())
    }
}

/// What a row takes in RocksDB's batch beside key and value: a tag, the family's number and two lengths.
const ROW_OVERHEAD_BYTES: usize = 8;
/// Most bytes of memory that an empty batch keeps for keys and values, and for their places.
const KEPT_BYTES_MAX: usize = 32 << 20;

/// Empties a list; its memory stays unless it is very much.
fn empty<T>(list: &mut Vec<T>) {
    match list.capacity() * size_of::<T>() <= KEPT_BYTES_MAX {
        true => list.clear(),
        false => *list = Vec::new(),
    }
}
