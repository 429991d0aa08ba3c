//! Opening the state: options of each key kind, and the checks against the manifest.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Options, SliceTransform, WriteOptions,
};

use crate::{
    batch::Batch,
    changes::{Changes, Follower, Stamp, Subject, Trails},
    error::{OpenError, StoreError},
    family::{self, Decisions, Family, Manifests, Shape, Touched},
    manifest::Manifest,
    snapshot::Snapshot,
};

/// Memory for cached blocks of one database or of several; each clone is the same memory.
#[derive(Clone)]
pub struct BlockCache {
    cache: Cache,
    bytes: usize,
}

impl BlockCache {
    /// So many bytes at most.
    pub fn new(bytes: usize) -> Self {
        // Not the LRU cache: that is cut into up to 64 parts, and what is larger than a part – a file's filter, once there are
        // millions of rows – is never kept, but read and checked anew at each look.
        Self { cache: Cache::new_hyper_clock_cache(bytes, 0), bytes }
    }

    /// Most bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl std::fmt::Debug for BlockCache {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BlockCache({} of {} bytes used)", self.cache.get_usage(), self.bytes)
    }
}

/// How the state is opened.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Directory of the state; created if absent.
    pub dir: PathBuf,
    /// Memory for cached blocks; one cache can be that of many databases.
    pub cache: BlockCache,
    /// Bytes of memory for writes not yet in files, over all key kinds.
    pub write_buffer_bytes: usize,
    /// Whether each batch is on disk before the write returns; off only where the journal is replayed after a crash anyway.
    pub sync: bool,
}

impl StoreSettings {
    /// A database of little memory that waits for the disk at no write.
    pub fn small(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), cache: BlockCache::new(1 << 20), write_buffer_bytes: 1 << 20, sync: false }
    }
}

/// The open state. One process at a time; any number of readers beside one writer a shard.
pub struct Store {
    pub(crate) db: DB,
    pub(crate) settings: StoreSettings,
    sync: AtomicBool,
    manifest: Manifest,
    pub(crate) changes: Changes,
    /// Whether anybody has ever decided anything; before it shows.
    decided: AtomicBool,
    // Behind the database, so that its files are closed when they are removed.
    doomed: Doomed,
}

/// Whether the files go once they are closed.
struct Doomed {
    dir: PathBuf,
    removed: AtomicBool,
}

impl Drop for Doomed {
    fn drop(&mut self) {
        if self.removed.load(Ordering::Relaxed)
            && let Err(error) = fs::remove_dir_all(&self.dir)
        {
            tracing::warn!(dir = %self.dir.display(), %error, "a dropped state is removed at the next start");
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Store({})", self.db.path().display())
    }
}

impl Store {
    /// Opens the state, or creates it with this manifest.
    ///
    /// # Errors
    /// `InUse`, `Incompatible`, `OtherRules` or `Failed`.
    pub fn open(settings: &StoreSettings, manifest: &Manifest) -> Result<Self, OpenError> {
        let store = Self::open_under_its_rules(settings, manifest)?;
        store.manifest.check_rules(manifest, &settings.dir)?;
        Ok(store)
    }

    /// The same, whatever identity rules it was folded under: `manifest` says which.
    ///
    /// # Errors
    /// `InUse`, `Incompatible` or `Failed`.
    pub fn open_under_its_rules(settings: &StoreSettings, manifest: &Manifest) -> Result<Self, OpenError> {
        let descriptors = family::ALL.map(|shape| descriptor(settings, shape));
        let options = database_options(settings);
        let db = DB::open_cf_descriptors(&options, &settings.dir, descriptors)
            .map_err(|error| open_error(&settings.dir, &error))?;
        Self::opened(db, settings, manifest)
    }

    /// Opens a state that nobody writes to, and leaves its files as they are; whatever identity rules it was folded under.
    ///
    /// # Errors
    /// `Incompatible` or `Failed`.
    pub fn open_read_only(settings: &StoreSettings, manifest: &Manifest) -> Result<Self, OpenError> {
        let mut options = database_options(settings);
        options.create_if_missing(false);
        options.create_missing_column_families(false);
        let held = DB::list_cf(&options, &settings.dir).map_err(|error| open_error(&settings.dir, &error))?;
        // A state from before there was an outbox has none, and nobody reads it here.
        let there = |shape: &Shape| shape.name != Touched::NAME || held.iter().any(|name| name == shape.name);
        let descriptors = family::ALL.into_iter().filter(there);
        let descriptors = descriptors.map(|shape| descriptor(settings, shape));
        let db = DB::open_cf_descriptors_read_only(&options, &settings.dir, descriptors, false)
            .map_err(|error| open_error(&settings.dir, &error))?;
        Self::opened(db, settings, manifest)
    }

    fn opened(db: DB, settings: &StoreSettings, manifest: &Manifest) -> Result<Self, OpenError> {
        let mut store = Self {
            db,
            settings: settings.clone(),
            sync: AtomicBool::new(settings.sync),
            manifest: manifest.clone(),
            changes: Changes::default(),
            decided: AtomicBool::new(false),
            doomed: Doomed { dir: settings.dir.clone(), removed: AtomicBool::new(false) },
        };
        store.hold_manifest(&settings.dir)?;
        store.hold_decided()?;
        Ok(store)
    }

    /// What the state is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether each later batch is on disk before its write returns.
    pub fn set_sync(&self, sync: bool) {
        self.sync.store(sync, Ordering::Relaxed);
    }

    /// Has the directory removed once nobody reads the state any more.
    pub fn remove_when_closed(&self) {
        self.doomed.removed.store(true, Ordering::Relaxed);
    }

    /// How many writes are complete; to be taken before the snapshot that something is remembered of.
    pub fn stamp(&self) -> Stamp {
        self.changes.stamp()
    }

    /// Whether none of these has changed since a stamp in what a snapshot taken before this call shows. By chance it may say no
    /// although none has.
    pub fn unchanged<'a>(&self, since: Stamp, subjects: impl IntoIterator<Item = &'a Subject>) -> bool {
        self.changes.unchanged(since, subjects)
    }

    /// Remembers, from now on, which subjects change.
    pub fn follow(&self) -> Follower {
        self.changes.follow()
    }

    /// Remembers, from now on and in at most so many bytes, which months and orders of a fragment change.
    pub fn trails(&self, bytes_max: usize) -> Arc<Trails> {
        self.changes.trails(bytes_max)
    }

    /// A consistent view of everything written so far.
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(self)
    }

    /// Writes a batch, all or nothing.
    ///
    /// # Errors
    /// `Write`: nothing of it is kept.
    pub fn write(&self, mut batch: Batch) -> Result<(), StoreError> {
        self.write_out(&mut batch)
    }

    /// The same of a batch that is empty afterwards and serves again: to whoever writes again and again, memory that comes fresh from
    /// the system costs more than what is put there.
    ///
    /// # Errors
    /// As `write`; it is empty then too.
    pub fn write_out(&self, batch: &mut Batch) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(self.sync.load(Ordering::Relaxed));
        self.write_with(batch, &options)
    }

    /// Writes a batch, all or nothing, without waiting for the disk: for what is done again if a power failure takes it back.
    ///
    /// # Errors
    /// `Write`: nothing of it is kept.
    pub fn write_unsynced(&self, mut batch: Batch) -> Result<(), StoreError> {
        self.write_with(&mut batch, &WriteOptions::default())
    }

    fn write_with(&self, batch: &mut Batch, options: &WriteOptions) -> Result<(), StoreError> {
        if batch.concerns::<Decisions>() {
            self.decided.store(true, Ordering::SeqCst);
        }
        let subjects = batch.subjects();
        let rows = batch.write_batch(&self.db);
        let written = self.changes.write(&subjects, batch.rows(), || self.db.write_opt(rows, options));
        batch.clear();
        written.map_err(|error| StoreError::Write(error.to_string()))
    }

    /// Whether no snapshot taken so far shows a decision.
    pub(crate) fn is_undecided(&self) -> bool {
        !self.decided.load(Ordering::SeqCst)
    }

    fn hold_decided(&mut self) -> Result<(), StoreError> {
        let decided = !self.snapshot().is_empty::<Decisions>()?;
        self.decided.store(decided, Ordering::SeqCst);
        Ok(())
    }

    /// Has everything written so far on disk, if writes do not wait for it anyway.
    ///
    /// # Errors
    /// `Write`.
    pub fn settle(&self) -> Result<(), StoreError> {
        if self.sync.load(Ordering::Relaxed) { Ok(()) } else { self.flush() }
    }

    /// Puts everything written so far into files and syncs the log, for an orderly end.
    ///
    /// # Errors
    /// `Write`.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.db.flush_wal(true).map_err(|error| StoreError::Write(error.to_string()))
    }

    /// Compares with the manifest that is there, but for its rules; writes one where there is none.
    fn hold_manifest(&mut self, dir: &Path) -> Result<(), OpenError> {
        let held = self.snapshot().get::<Manifests>(&())?;
        match held {
            Some(held) => {
                held.check(&self.manifest, dir)?;
                self.manifest = held;
            }
            None => {
                let mut batch = Batch::default();
                batch.put::<Manifests>(&(), &self.manifest);
                self.write(batch)?;
                self.flush()?;
            }
        }
        Ok(())
    }

    /// The handle of a family by its shape.
    pub(crate) fn shaped(&self, shape: Shape) -> &rocksdb::ColumnFamily {
        self.db.cf_handle(shape.name).expect("opened with every family")
    }

    /// The handle of a family, all of which exist once the state is open.
    pub(crate) fn handle<F: Family>(&self) -> &rocksdb::ColumnFamily {
        self.db.cf_handle(F::NAME).expect("opened with every family")
    }
}

pub(crate) fn open_error(dir: &Path, error: &rocksdb::Error) -> OpenError {
    let reason = error.to_string();
    if reason.contains("While lock file:") || reason.contains("lock hold by current process") {
        return OpenError::InUse { dir: dir.to_owned() };
    }
    OpenError::Failed { dir: dir.to_owned(), reason }
}

/// Most bytes of the write-ahead log before what it holds is put into files: a start after a kill reads all of it.
const WAL_BYTES_MAX: u64 = 128 << 20;

pub(crate) fn database_options(settings: &StoreSettings) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_db_write_buffer_size(settings.write_buffer_bytes);
    options.set_max_background_jobs(2);
    options.set_max_open_files(1_024);
    options.set_bytes_per_sync(1 << 20);
    options.set_keep_log_file_num(4);
    options.set_enable_pipelined_write(false);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    // After a kill everybody waits: what the log holds comes into memory, and stays in the log until it is put into files as ever.
    options.get_options_from_string("avoid_flush_during_recovery=true").expect("an option that RocksDB has")
}

/// Most bytes of a memtable.
const MEMTABLE_BYTES_MAX: usize = 64 << 20;

/// Files of level 0 before they are compacted: keys are hashes, so each compaction writes most of the level below anew. Writes are slowed
/// down at 20 and wait at 36, as RocksDB has it.
const LEVEL_0_FILES: i32 = 10;

pub(crate) fn descriptor(settings: &StoreSettings, shape: Shape) -> ColumnFamilyDescriptor {
    ColumnFamilyDescriptor::new(shape.name, family_options(settings, shape))
}

/// Bloom filters of files and memtables answer "no such copy" and "no such fragment" without reading; a prefix is filtered
/// likewise.
pub(crate) fn family_options(settings: &StoreSettings, shape: Shape) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&settings.cache.cache);
    table.set_block_size(shape.block_bytes);
    table.set_bloom_filter(10.0, false);
    table.set_whole_key_filtering(shape.whole_keys);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(6);
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_compression_type(if shape.compressed { DBCompressionType::Lz4 } else { DBCompressionType::None });
    options.set_level_compaction_dynamic_level_bytes(true);
    // The filter of a memtable is a share of its size, and is there as soon as the memtable is: of what a database may hold in
    // memory those of all families together must take a small part, or it flushes at every write.
    options.set_write_buffer_size((settings.write_buffer_bytes / 4).clamp(1 << 20, MEMTABLE_BYTES_MAX));
    options.set_max_write_buffer_number(4);
    options.set_level_zero_file_num_compaction_trigger(LEVEL_0_FILES);
    options.set_memtable_prefix_bloom_ratio(0.05);
    options.set_memtable_whole_key_filtering(shape.whole_keys);
    if shape.prefix_bytes > 0 {
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(shape.prefix_bytes));
    }
    options
}

#[cfg(test)]
mod tests;
