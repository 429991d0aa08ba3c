//! A consistent view of the state at one instant: single rows, many rows at once, and scans.

use std::{marker::PhantomData, ops::ControlFlow};

use rocksdb::{DB, DBRawIterator, Direction, IteratorMode, ReadOptions, SnapshotWithThreadMode};

use crate::{
    error::StoreError,
    family::{Family, Shape, Shards, shards::ShardRow},
    open::Store,
};

/// Key and value as they lie on disk.
pub type RawRow = (Box<[u8]>, Box<[u8]>);

/// The state as of one write; later writes do not show.
pub struct Snapshot<'a> {
    store: &'a Store,
    inner: SnapshotWithThreadMode<'a, DB>,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Snapshot of {:?}", self.store)
    }
}

/// Which rows a scan returns, and which way round.
#[derive(Clone, Debug)]
pub struct Range {
    /// The least key.
    pub from: Vec<u8>,
    /// The first key that is not in it; `None` for no end.
    pub before: Option<Vec<u8>>,
    /// From the greatest key down.
    pub backwards: bool,
}

impl Range {
    /// All rows.
    pub fn all() -> Self {
        Self { from: Vec::new(), before: None, backwards: false }
    }

    /// All rows whose key starts with a prefix.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.to_vec(), before: successor(prefix), backwards: false }
    }
}

/// The least bytes that are greater than everything that starts with a prefix; `None` if there are none.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix.get(..=kept)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, inner: store.db.snapshot() }
    }

    /// One row.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn get<F: Family>(&self, key: &F::Key) -> Result<Option<F::Value>, StoreError> {
        let found = self.store.db.get_pinned_cf_opt(self.store.handle::<F>(), F::encode_key(key), &self.options());
        found.map_err(read_error)?.map(|bytes| decode_value::<F>(&bytes)).transpose()
    }

    /// Many rows, in the order of the keys.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn multi_get<F: Family>(&self, keys: &[F::Key]) -> Result<Vec<Option<F::Value>>, StoreError> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(keys.len()));
        for key in keys {
            F::write_key(key, &mut bytes);
            ends.push(bytes.len());
        }
        let mut begin = 0;
        let keys = ends
            .into_iter()
            .map(|end| bytes.get(std::mem::replace(&mut begin, end)..end).expect("places of bytes that were written"));
        let found = self.store.db.batched_multi_get_cf_opt(self.store.handle::<F>(), keys, false, &self.options());
        found
            .into_iter()
            .map(|row| row.map_err(read_error)?.map(|bytes| decode_value::<F>(&bytes)).transpose())
            .collect()
    }

    /// Rows of a range, in or against the order of their keys.
    pub fn scan<F: Family>(
        &self,
        range: &Range,
    ) -> impl Iterator<Item = Result<(F::Key, F::Value), StoreError>> + use<'_, 'a, F> {
        let mut options = self.options();
        options.set_total_order_seek(true);
        options.set_iterate_lower_bound(range.from.clone());
        if let Some(before) = &range.before {
            options.set_iterate_upper_bound(before.clone());
        }
        let mode = match (range.backwards, &range.before) {
            (false, _) => IteratorMode::From(&range.from, Direction::Forward),
            (true, _) => IteratorMode::End,
        };
        let rows = self.store.db.iterator_cf_opt(self.store.handle::<F>(), options, mode);
        rows.map(|row| row.map_err(read_error).and_then(|(key, value)| F::decode(&key, &value)))
    }

    /// Rows from the least key on whose prefix, as long as the family's, is that of `from`; uses the prefix filter.
    pub fn scan_prefix<F: Family>(
        &self,
        from: &[u8],
    ) -> impl Iterator<Item = Result<(F::Key, F::Value), StoreError>> + use<'_, 'a, F> {
        debug_assert!(F::PREFIX_BYTES > 0 && from.len() >= F::PREFIX_BYTES, "a prefix of {}", F::NAME);
        let mut options = self.options();
        options.set_prefix_same_as_start(true);
        let mode = IteratorMode::From(from, Direction::Forward);
        let rows = self.store.db.iterator_cf_opt(self.store.handle::<F>(), options, mode);
        rows.map(|row| row.map_err(read_error).and_then(|(key, value)| F::decode(&key, &value)))
    }

    /// Rows of one prefix after the other, by one iterator.
    pub(crate) fn prefixes<F: Family>(&self) -> Prefixes<'_, F> {
        let mut options = self.options();
        options.set_prefix_same_as_start(true);
        Prefixes { rows: self.store.db.raw_iterator_cf_opt(self.store.handle::<F>(), options), family: PhantomData }
    }

    /// Rows of one prefix after the other, as they lie, by one iterator.
    pub(crate) fn onward<F: Family>(&self) -> Onward<'_, F> {
        let mut options = self.options();
        options.set_total_order_seek(true);
        let rows = self.store.db.raw_iterator_cf_opt(self.store.handle::<F>(), options);
        Onward { rows, last: Vec::new(), family: PhantomData }
    }

    /// Whether a family has no row at all.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn is_empty<F: Family>(&self) -> Result<bool, StoreError> {
        Ok(self.scan::<F>(&Range::all()).next().transpose()?.is_none())
    }

    /// Whether it is known without a read that nobody has decided anything.
    pub(crate) fn is_undecided(&self) -> bool {
        self.store.is_undecided()
    }

    /// All rows of a family as they lie on disk, in the order of their keys; blocks read for it do not push others out of the cache.
    pub(crate) fn scan_raw(&self, family: Shape) -> impl Iterator<Item = Result<RawRow, StoreError>> + use<'_, 'a> {
        let mut options = self.options();
        options.set_total_order_seek(true);
        options.fill_cache(false);
        let rows = self.store.db.iterator_cf_opt(self.store.shaped(family), options, IteratorMode::Start);
        rows.map(|row| row.map_err(read_error))
    }

    /// All shards by partition.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn shards(&self) -> Result<Vec<(u32, ShardRow)>, StoreError> {
        self.scan::<Shards>(&Range::all()).collect()
    }

    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.inner);
        options
    }
}

/// An iterator that is moved from prefix to prefix: to make one costs more than to move it. Uses the prefix filter.
pub(crate) struct Prefixes<'a, F> {
    rows: DBRawIterator<'a>,
    family: PhantomData<F>,
}

impl<F: Family> Prefixes<'_, F> {
    /// Calls `each` with the rows from the least key on whose prefix, as long as the family's, is that of `from`, until it breaks off.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub(crate) fn each(
        &mut self,
        from: &[u8],
        mut each: impl FnMut(F::Key, F::Value) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        debug_assert!(F::PREFIX_BYTES > 0 && from.len() >= F::PREFIX_BYTES, "a prefix of {}", F::NAME);
        self.rows.seek(from);
        while let Some((key, value)) = self.rows.item() {
            let (key, value) = F::decode(key, value)?;
            if each(key, value)?.is_break() {
                return Ok(());
            }
            self.rows.next();
        }
        self.rows.status().map_err(read_error)
    }
}

/// An iterator over a whole family for who reads one prefix after the other as they lie: the rows of the next are found a step ahead.
pub(crate) struct Onward<'a, F> {
    rows: DBRawIterator<'a>,
    /// The prefix that was read last; the iterator stands at the first row behind it. Empty before.
    last: Vec<u8>,
    family: PhantomData<F>,
}

/// So many rows of others are passed over; what lies farther ahead is sought.
const PASSED_OVER_MAX: usize = 16;

impl<F: Family> Onward<'_, F> {
    /// Calls `each` with the rows whose keys start with a prefix. One that lies before the last is sought, too.
    ///
    /// # Errors
    /// `Read` or `Damaged`, and those of `each`.
    pub(crate) fn each(
        &mut self,
        prefix: &[u8],
        mut each: impl FnMut(F::Key, F::Value) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.go_to(prefix);
        while let Some((key, value)) = self.rows.item().filter(|(key, _)| key.starts_with(prefix)) {
            let (key, value) = F::decode(key, value)?;
            each(key, value)?;
            self.rows.next();
        }
        self.rows.status().map_err(read_error)
    }

    fn go_to(&mut self, prefix: &[u8]) {
        let ahead = !self.last.is_empty() && self.last.as_slice() < prefix;
        self.last.clear();
        self.last.extend_from_slice(prefix);
        for _ in 0..PASSED_OVER_MAX * usize::from(ahead) {
            // At the end there is nothing ahead either.
            if self.rows.key().is_none_or(|key| key >= prefix) {
                return;
            }
            self.rows.next();
        }
        self.rows.seek(prefix);
    }
}

fn decode_value<F: Family>(bytes: &[u8]) -> Result<F::Value, StoreError> {
    F::decode_value(bytes).map_err(|what| StoreError::Damaged { family: F::NAME, what })
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
pub(crate) fn read_error(error: rocksdb::Error) -> StoreError {
    StoreError::Read(error.to_string())
}
