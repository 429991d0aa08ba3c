//! Opening the state: options of each key kind, and the checks against the manifest.

use std::path::{Path, PathBuf};

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Options, SliceTransform, WriteOptions,
};

use crate::{
    batch::Batch,
    error::{OpenError, StoreError},
    family::{self, Family, Manifests, Shape},
    manifest::Manifest,
    snapshot::Snapshot,
};

/// How the state is opened.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Directory of the state; created if absent.
    pub dir: PathBuf,
    /// Bytes of memory for cached blocks.
    pub cache_bytes: usize,
    /// Bytes of memory for writes not yet in files, over all key kinds.
    pub write_buffer_bytes: usize,
    /// Whether each batch is on disk before the write returns; off only where the journal is replayed after a crash anyway.
    pub sync: bool,
}

/// The open state. One process at a time; any number of readers beside one writer a shard.
pub struct Store {
    pub(crate) db: DB,
    sync: bool,
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
    /// `InUse`, `Incompatible` or `Failed`.
    pub fn open(settings: &StoreSettings, manifest: &Manifest) -> Result<Self, OpenError> {
        let cache = Cache::new_lru_cache(settings.cache_bytes);
        let descriptors =
            family::ALL.map(|shape| ColumnFamilyDescriptor::new(shape.name, family_options(&cache, shape)));
        let options = database_options(settings);
        let db = DB::open_cf_descriptors(&options, &settings.dir, descriptors)
            .map_err(|error| open_error(&settings.dir, &error))?;
        let store = Self { db, sync: settings.sync };
        store.check_manifest(manifest, &settings.dir)?;
        Ok(store)
    }

    /// A consistent view of everything written so far.
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(self)
    }

    /// Writes a batch, all or nothing.
    ///
    /// # Errors
    /// `Write`: nothing of it is kept.
    pub fn write(&self, batch: Batch) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(self.sync);
        let rows = batch.into_rows(&self.db);
        self.db.write_opt(rows, &options).map_err(|error| StoreError::Write(error.to_string()))
    }

    /// Puts everything written so far into files and syncs the log, for an orderly end.
    ///
    /// # Errors
    /// `Write`.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.db.flush_wal(true).map_err(|error| StoreError::Write(error.to_string()))
    }

    /// Bytes of all files of the state.
    pub fn live_bytes(&self) -> u64 {
        let size = |shape: &Shape| {
            let family = self.db.cf_handle(shape.name)?;
            self.db.property_int_value_cf(&family, rocksdb::properties::TOTAL_SST_FILES_SIZE).ok().flatten()
        };
        family::ALL.iter().filter_map(size).sum()
    }

    fn check_manifest(&self, wanted: &Manifest, dir: &Path) -> Result<(), OpenError> {
        match self.snapshot().get::<Manifests>(&())? {
            Some(held) => held.check(wanted, dir),
            None => {
                let mut batch = Batch::default();
                batch.put::<Manifests>(&(), wanted);
                Ok(self.write(batch)?)
            }
        }
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

fn open_error(dir: &Path, error: &rocksdb::Error) -> OpenError {
    let reason = error.to_string();
    if reason.contains("While lock file:") || reason.contains("lock hold by current process") {
        return OpenError::InUse { dir: dir.to_owned() };
    }
    OpenError::Failed { dir: dir.to_owned(), reason }
}

fn database_options(settings: &StoreSettings) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_db_write_buffer_size(settings.write_buffer_bytes);
    options.set_max_background_jobs(2);
    options.set_max_open_files(1_024);
    options.set_bytes_per_sync(1 << 20);
    options.set_keep_log_file_num(4);
    options.set_enable_pipelined_write(false);
    options
}

/// Bloom filters of files and memtables answer "no such copy" and "no such fragment" without reading; a prefix is filtered
/// likewise.
fn family_options(cache: &Cache, shape: Shape) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(shape.block_bytes);
    table.set_bloom_filter(10.0, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(6);
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_compression_type(if shape.compressed { DBCompressionType::Lz4 } else { DBCompressionType::None });
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_write_buffer_size(64 << 20);
    options.set_max_write_buffer_number(4);
    options.set_memtable_prefix_bloom_ratio(0.05);
    options.set_memtable_whole_key_filtering(true);
    if shape.prefix_bytes > 0 {
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(shape.prefix_bytes));
    }
    options
}
