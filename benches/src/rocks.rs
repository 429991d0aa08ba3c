//! Opens RocksDB with the options of each column family spelt out, and asks it what it wrote.

use std::path::Path;

use anyhow::{Context, Result};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompactionStyle, DBCompressionType,
    DataBlockIndexType, Options, WaitForCompactOptions, WriteBatch, WriteOptions, statistics::Ticker,
};

/// What tells one column family from another.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Size of a block before compression, in bytes.
    pub block_bytes: usize,
    /// Bits a key in the Bloom filter; none without a filter.
    pub bloom_bits: Option<f64>,
    /// Compression of all levels.
    pub compression: DBCompressionType,
    /// The most bytes of a dictionary of Zstandard, for each file; none where it is 0.
    pub dictionary_bytes: i32,
    /// Whether blocks carry a hash index for point reads.
    pub block_hash: bool,
    /// Whether the last level has no filter ("optimize filters for hits").
    pub hits: bool,
    /// Whether index and filter blocks live in the block cache, those of level 0 pinned.
    pub cached_filters: bool,
    /// Whether memtables have a Bloom filter over whole keys.
    pub memtable_bloom: bool,
    /// Universal compaction instead of by levels.
    pub universal: bool,
    /// Size of a memtable, in bytes.
    pub memtable_bytes: usize,
}

impl Shape {
    /// 16 KiB blocks, LZ4, Bloom of 10 bits, levels, memtables of 64 MiB.
    pub const USUAL: Self = Self {
        block_bytes: 16 << 10,
        bloom_bits: Some(10.0),
        compression: DBCompressionType::Lz4,
        dictionary_bytes: 0,
        block_hash: false,
        hits: false,
        cached_filters: false,
        memtable_bloom: false,
        universal: false,
        memtable_bytes: 64 << 20,
    };

    /// The options of a column family of this shape.
    pub fn options(&self, cache: &Cache) -> Options {
        let mut options = Options::default();
        options.set_block_based_table_factory(&self.table(cache));
        options.set_compression_type(self.compression);
        if self.dictionary_bytes > 0 {
            options.set_compression_options(-14, 3, 0, self.dictionary_bytes);
            options.set_zstd_max_train_bytes(100 * self.dictionary_bytes);
        }
        options.set_optimize_filters_for_hits(self.hits);
        options.set_write_buffer_size(self.memtable_bytes);
        options.set_max_write_buffer_number(4);
        options.set_max_bytes_for_level_base(4 * self.memtable_bytes as u64);
        options.set_target_file_size_base(self.memtable_bytes as u64);
        options.set_memtable_whole_key_filtering(self.memtable_bloom);
        options.set_memtable_prefix_bloom_ratio(if self.memtable_bloom { 0.05 } else { 0.0 });
        if self.universal {
            options.set_compaction_style(DBCompactionStyle::Universal);
        }
        options
    }

    fn table(&self, cache: &Cache) -> BlockBasedOptions {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(cache);
        table.set_block_size(self.block_bytes);
        table.set_format_version(6);
        if let Some(bits) = self.bloom_bits {
            table.set_bloom_filter(bits, false);
        }
        if self.block_hash {
            table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
        }
        table.set_cache_index_and_filter_blocks(self.cached_filters);
        table.set_pin_l0_filter_and_index_blocks_in_cache(self.cached_filters);
        table
    }
}

/// An open database with the options that its statistics hang on.
pub struct Base {
    /// The database.
    pub db: DB,
    options: Options,
}

/// Opens a database; `direct` reads past the page cache of the operating system.
///
/// # Errors
/// What RocksDB says.
pub fn open(dir: &Path, families: &[(&str, Shape)], cache: &Cache, direct: bool) -> Result<Base> {
    open_with(dir, families, cache, |options| options.set_use_direct_reads(direct))
}

/// Opens a database with one more setting.
///
/// # Errors
/// What RocksDB says.
pub fn open_with(
    dir: &Path,
    families: &[(&str, Shape)],
    cache: &Cache,
    set: impl FnOnce(&mut Options),
) -> Result<Base> {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_max_background_jobs(2);
    options.set_max_open_files(-1);
    options.enable_statistics();
    set(&mut options);
    let described = families.iter().map(|(name, shape)| ColumnFamilyDescriptor::new(*name, shape.options(cache)));
    let db = DB::open_cf_descriptors(&options, dir, described).context("open the database")?;
    Ok(Base { db, options })
}

impl Base {
    /// A column family by its name.
    pub fn family(&self, name: &str) -> &ColumnFamily {
        self.db.cf_handle(name).expect("families are named when the database is opened")
    }

    /// Puts rows into the memtable, in batches, without the write-ahead log.
    ///
    /// # Errors
    /// What RocksDB says.
    pub fn put<K: AsRef<[u8]>>(&self, name: &str, rows: impl Iterator<Item = (K, Vec<u8>)>) -> Result<()> {
        let (family, mut batch) = (self.family(name), WriteBatch::default());
        for (key, value) in rows {
            batch.put_cf(family, key, value);
            if batch.len() == crate::plan::BATCH_ROWS {
                self.db.write_without_wal(std::mem::take(&mut batch))?;
            }
        }
        Ok(self.db.write_without_wal(batch)?)
    }

    /// Puts rows and lets flush and compaction come to rest.
    ///
    /// # Errors
    /// What RocksDB says.
    pub fn load<K: AsRef<[u8]>>(&self, name: &str, rows: impl Iterator<Item = (K, Vec<u8>)>) -> Result<()> {
        self.put(name, rows)?;
        self.db.flush_cf(self.family(name))?;
        self.settle()
    }

    /// Waits until nothing is left to flush or compact.
    ///
    /// # Errors
    /// What RocksDB says.
    pub fn settle(&self) -> Result<()> {
        let mut wait = WaitForCompactOptions::default();
        wait.set_flush(true);
        Ok(self.db.wait_for_compact(&wait)?)
    }

    /// Brings a family into one level, so that what is left to tell two shapes apart is the shape.
    ///
    /// # Errors
    /// What RocksDB says.
    pub fn compact(&self, name: &str) -> Result<()> {
        self.db.compact_range_cf(self.family(name), None::<&[u8]>, None::<&[u8]>);
        self.settle()
    }

    /// Bytes flushed and compacted since the database was opened.
    pub fn written_bytes(&self) -> u64 {
        self.options.get_ticker_count(Ticker::FlushWriteBytes)
            + self.options.get_ticker_count(Ticker::CompactWriteBytes)
    }

    /// Bytes of a family's files.
    pub fn file_bytes(&self, name: &str) -> u64 {
        let property = rocksdb::properties::TOTAL_SST_FILES_SIZE;
        self.db.property_int_value_cf(self.family(name), property).ok().flatten().unwrap_or_default()
    }

    /// Bytes that index and filter blocks of open files take in memory outside the block cache.
    pub fn reader_bytes(&self, name: &str) -> u64 {
        let property = rocksdb::properties::ESTIMATE_TABLE_READERS_MEM;
        self.db.property_int_value_cf(self.family(name), property).ok().flatten().unwrap_or_default()
    }

    /// How many files lie in each level that has any, e.g. `L0:2 L6:11`.
    pub fn levels(&self, name: &str) -> String {
        let count = |level: usize| {
            let property = rocksdb::properties::num_files_at_level(level);
            self.db.property_int_value_cf(self.family(name), &property).ok().flatten().unwrap_or_default()
        };
        let counts = (0..7).map(|level| (level, count(level))).filter(|(_, files)| *files > 0);
        counts.map(|(level, files)| format!("L{level}:{files}")).collect::<Vec<_>>().join(" ")
    }
}

/// Options of a write.
pub fn write_options(wal: bool, sync: bool) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.disable_wal(!wal);
    options.set_sync(sync);
    options
}
