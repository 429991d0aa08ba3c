//! What was last told to the outside, apart from every generation: which customer holds each identifier, and the stream of changes
//! that said so.
//!
//! Owns that what was told and who holds whom are written together or not at all, and on disk before anybody hears of it. One
//! writer, the publisher, but for the row of the relay; any number of readers. Never works a difference out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
};

use rocksdb::{DB, Direction, IteratorMode, WriteOptions};
use types::IdentifierId;

use crate::{
    batch::Batch,
    error::{OpenError, StoreError},
    family::Family,
    open::{StoreSettings, database_options, descriptor, open_error},
    snapshot::read_error,
};

mod families;
mod history;
pub mod memberships;
mod relay;
mod rows;
#[cfg(test)]
mod tests;
pub mod told_segments;

use families::{Holders, IdentityChanges, PublishedManifests, Tolds};
pub use families::{PUBLISHED_FORMAT_VERSION, PublishedManifest};
pub use history::HistoryPart;
pub use relay::{RelayRecord, RelayRow};
pub use rows::{Cause, ChangeKind, Holder, IdentityChange, Told};

/// Name of the directory below the data directory.
const DIR: &str = "published";
/// Most changes that one write forgets: a lowered maximum is reached write by write.
const FORGOTTEN_MAX: u64 = 10_000;

/// What was told; open.
pub struct Published {
    db: DB,
    manifest: PublishedManifest,
    /// Sequence number up to which changes of memberships may be forgotten: all, unless they are relayed.
    relayed: AtomicU64,
}

impl std::fmt::Debug for Published {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Published({})", self.db.path().display())
    }
}

impl Published {
    /// Its directory in a data directory.
    pub fn dir(data_dir: &Path) -> PathBuf {
        data_dir.join(DIR)
    }

    /// Opens what was told, or begins with this manifest. What is told waits for the disk, whatever `settings.sync` says.
    ///
    /// # Errors
    /// `InUse`, `Incompatible` or `Failed`.
    pub fn open(settings: &StoreSettings, manifest: &PublishedManifest) -> Result<Self, OpenError> {
        let dir = &settings.dir;
        let descriptors = families::ALL.map(|shape| descriptor(settings, shape));
        let db = DB::open_cf_descriptors(&database_options(settings), dir, descriptors);
        let db = db.map_err(|error| open_error(dir, &error))?;
        let mut published = Self { db, manifest: manifest.clone(), relayed: AtomicU64::new(u64::MAX) };
        match published.get::<PublishedManifests>(&())? {
            Some(held) => {
                held.check(manifest, dir)?;
                published.manifest = held;
            }
            None => {
                let mut batch = Batch::default();
                batch.put::<PublishedManifests>(&(), manifest);
                published.write(batch, true)?;
            }
        }
        Ok(published)
    }

    /// Which feed this is: another one after its directory was deleted.
    pub fn feed(&self) -> [u8; 16] {
        self.manifest.feed
    }

    /// How far was told.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn told(&self) -> Result<Told, StoreError> {
        Ok(self.get::<Tolds>(&())?.unwrap_or_default())
    }

    /// Who was last told to hold each of these identifiers, in their order.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn holders(&self, identifiers: &[IdentifierId]) -> Result<Vec<Option<Holder>>, StoreError> {
        let keys: Vec<Vec<u8>> = identifiers.iter().map(Holders::encode_key).collect();
        let rows = self.db.batched_multi_get_cf(self.handle::<Holders>(), &keys, false);
        let decode = |bytes: rocksdb::DBPinnableSlice<'_>| decode_value::<Holders>(&bytes);
        rows.into_iter().map(|row| row.map_err(read_error)?.map(decode).transpose()).collect()
    }

    /// The changes after a sequence number, in order, at most so many.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn changes(&self, after: u64, max: usize) -> Result<Vec<(u64, IdentityChange)>, StoreError> {
        let first = IdentityChanges::encode_key(&after.saturating_add(1));
        let mode = IteratorMode::From(&first, Direction::Forward);
        let rows = self.db.iterator_cf(self.handle::<IdentityChanges>(), mode).take(max);
        let decode = |(key, value): (Box<[u8]>, Box<[u8]>)| {
            let sequence =
                IdentityChanges::decode_key(&key).ok_or_else(|| damaged::<IdentityChanges>("a key".into()))?;
            Ok((sequence, decode_value::<IdentityChanges>(&value)?))
        };
        rows.map(|row| row.map_err(read_error).and_then(decode)).collect()
    }

    /// Tells changes together with the holders that they lead to: gives them the next sequence numbers, forgets the oldest beyond
    /// `kept_max` (0 keeps all), and is on disk when it returns. What was told then.
    ///
    /// # Errors
    /// `Write`: nothing was told.
    pub fn tell(
        &self,
        mut told: Told,
        holders: &BTreeMap<IdentifierId, Holder>,
        changes: &[IdentityChange],
        kept_max: u64,
    ) -> Result<Told, StoreError> {
        let mut batch = Batch::default();
        holders.iter().for_each(|(identifier, holder)| batch.put::<Holders>(identifier, holder));
        for change in changes {
            told.last += 1;
            batch.put::<IdentityChanges>(&told.last, change);
        }
        if kept_max > 0 {
            let forgotten = told.last.saturating_sub(kept_max).min(told.forgotten.saturating_add(FORGOTTEN_MAX));
            (told.forgotten + 1..=forgotten).for_each(|sequence| batch.delete::<IdentityChanges>(&sequence));
            told.forgotten = told.forgotten.max(forgotten);
        }
        batch.put::<Tolds>(&(), &told);
        self.write(batch, true)?;
        Ok(told)
    }

    /// Keeps how far was told where nothing was to be said, without waiting for the disk.
    ///
    /// # Errors
    /// `Write`.
    pub fn note(&self, told: &Told) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.put::<Tolds>(&(), told);
        self.write(batch, false)
    }

    fn write(&self, mut batch: Batch, sync: bool) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.db
            .write_opt(batch.write_batch(&self.db), &options)
            .map_err(|error| StoreError::Unpublished(error.to_string()))
    }

    fn all<F: Family>(&self) -> Result<BTreeMap<F::Key, F::Value>, StoreError>
    where
        F::Key: Ord,
    {
        let rows = self.db.iterator_cf(self.handle::<F>(), IteratorMode::Start);
        let decode = |(key, value): (Box<[u8]>, Box<[u8]>)| {
            let key = F::decode_key(&key).ok_or_else(|| damaged::<F>("a key of another form".to_owned()))?;
            Ok((key, decode_value::<F>(&value)?))
        };
        rows.map(|row| row.map_err(read_error).and_then(decode)).collect()
    }

    fn get<F: Family>(&self, key: &F::Key) -> Result<Option<F::Value>, StoreError> {
        let found = self.db.get_pinned_cf(self.handle::<F>(), F::encode_key(key)).map_err(read_error)?;
        found.map(|bytes| decode_value::<F>(&bytes)).transpose()
    }

    fn handle<F: Family>(&self) -> &rocksdb::ColumnFamily {
        self.db.cf_handle(F::NAME).expect("opened with every family")
    }
}

fn decode_value<F: Family>(bytes: &[u8]) -> Result<F::Value, StoreError> {
    F::decode_value(bytes).map_err(damaged::<F>)
}

fn damaged<F: Family>(what: String) -> StoreError {
    StoreError::DamagedPublished { family: F::NAME, what }
}
