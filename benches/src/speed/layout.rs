//! Options that decide the layout, one changed at a time: of a family that is asked by key, and of the timeline.

use std::{hint::black_box, path::Path};

use anyhow::Result;
use rocksdb::{Cache, DBCompressionType};

use super::{
    copies::{self, Queries},
    timeline::{Row, Source},
};
use crate::{
    measure::{Figure, measure, measure_prepared},
    plan::{BATCH_ROWS, Plan},
    rocks::{self, Base, Shape},
    sample,
    table::Section,
};

/// Memtables an eighth of the usual, so that a small database has the levels of a large one.
const SMALL: Shape = Shape { memtable_bytes: 8 << 20, ..Shape::USUAL };
const TIMELINE: Shape = Shape { bloom_bits: None, ..SMALL };

const BY_KEY: [(&str, Shape); 8] = [
    ("16 KiB, LZ4, Bloom 10", SMALL),
    ("4 KiB, LZ4, Bloom 10", Shape { block_bytes: 4 << 10, ..SMALL }),
    ("16 KiB, no compression, Bloom 10", Shape { compression: DBCompressionType::None, ..SMALL }),
    ("4 KiB, no compression, Bloom 10", Shape { block_bytes: 4 << 10, compression: DBCompressionType::None, ..SMALL }),
    ("4 KiB, no compression, hash index in blocks", HASHED),
    ("4 KiB, no compression, Bloom 14", Shape { bloom_bits: Some(14.0), block_hash: false, ..HASHED }),
    ("4 KiB, no compression, no filter in the last level", Shape { hits: true, block_hash: false, ..HASHED }),
    (
        "4 KiB, no compression, filter and index in the block cache",
        Shape { cached_filters: true, block_hash: false, ..HASHED },
    ),
];
const HASHED: Shape = Shape { block_bytes: 4 << 10, compression: DBCompressionType::None, block_hash: true, ..SMALL };

const BY_RANGE: [(&str, Shape); 6] = [
    ("levels, 16 KiB, LZ4", TIMELINE),
    ("levels, 4 KiB, LZ4", Shape { block_bytes: 4 << 10, ..TIMELINE }),
    ("levels, 32 KiB, LZ4", Shape { block_bytes: 32 << 10, ..TIMELINE }),
    ("levels, 16 KiB, no compression", Shape { compression: DBCompressionType::None, ..TIMELINE }),
    ("levels, 16 KiB, Zstandard", Shape { compression: DBCompressionType::Zstd, ..TIMELINE }),
    ("universal, 16 KiB, LZ4", Shape { universal: true, ..TIMELINE }),
];

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let mut figures = Vec::new();
    let keys = sample::keys(plan.copies() / 8, 40);
    for (number, (name, shape)) in BY_KEY.iter().enumerate() {
        figures.extend(by_key(plan, &dir.join(format!("by-key-{number}")), name, *shape, &keys)?);
    }
    for memtable_bloom in [false, true] {
        figures.extend(in_memtable(plan, &dir.join(format!("memtable-{memtable_bloom}")), memtable_bloom)?);
    }
    for (number, (name, shape)) in BY_RANGE.iter().enumerate() {
        figures.extend(by_range(plan, &dir.join(format!("by-range-{number}")), name, *shape)?);
    }
    let note = format!(
        "By key: {} copy rows, brought into one level, asked in sorted batches, from memory. By range: {} timeline rows written \
         without WAL; then, brought into one level, whole fragments of about 32 rows are read. Memtables of 8 MiB, to have the levels of a larger database. Amplification is bytes \
         flushed and compacted by byte given.",
        keys.len(),
        plan.timeline()
    );
    Ok(Section { title: "Options", note, figures })
}

fn by_key(plan: &Plan, dir: &Path, name: &str, shape: Shape, keys: &[[u8; 16]]) -> Result<Vec<Figure>> {
    let base = rocks::open(dir, &[("copies", shape)], &Cache::new_lru_cache(512 << 20), false)?;
    copies::fill(&base, "copies", keys)?;
    base.compact("copies")?;
    let per_key = |bytes: u64| bytes as f64 / keys.len() as f64;
    let (file, memory) = (per_key(base.file_bytes("copies")), per_key(base.reader_bytes("copies")));
    let remark = format!("a key takes {file:.1} B on disk, {memory:.2} B of filter and index in memory");
    let figures = copies::both_batched(plan, &base, "copies", &Queries::of(plan, keys));
    let named = |(mut figure, which): (Figure, &str)| {
        figure.name = format!("{name}: {which}");
        figure.remark(remark.clone())
    };
    Ok(figures.into_iter().zip(["absent", "present"]).map(named).collect())
}

/// Rows that were just written and not flushed, in memtables of the usual size.
fn in_memtable(plan: &Plan, dir: &Path, memtable_bloom: bool) -> Result<Vec<Figure>> {
    let base = rocks::open(
        dir,
        &[("copies", Shape { memtable_bloom, ..Shape::USUAL })],
        &Cache::new_lru_cache(1 << 20),
        false,
    )?;
    let keys = sample::keys(plan.copies() / 8, 41);
    let name = if memtable_bloom { "memtable with Bloom filter" } else { "memtable" };
    let rows = keys.len() / (plan.passes() + 1);
    let mut portions = keys.chunks(rows);
    let prepare = || copies::rows(portions.next().unwrap_or_default());
    let put = measure_prepared("write", plan.passes(), rows as u64, prepare, |rows| {
        base.put("copies", rows.into_iter()).expect("the database writes");
    });
    let loaded = &keys[..rows * (plan.passes() + 1)];
    let mut figures = copies::both_batched(plan, &base, "copies", &Queries::of(plan, loaded));
    figures.push(put);
    for (figure, which) in figures.iter_mut().zip(["absent", "present", "write"]) {
        figure.name = format!("{name}: {which}");
        figure.remark = format!("{} rows, none flushed", loaded.len());
    }
    Ok(figures)
}

fn by_range(plan: &Plan, dir: &Path, name: &str, shape: Shape) -> Result<Vec<Figure>> {
    let base = rocks::open(dir, &[("timeline", shape)], &Cache::new_lru_cache(512 << 20), false)?;
    let mut source = Source::new(plan.timeline() as u64 / 32);
    let write = write_all(plan, &base, name, &mut source);
    base.compact("timeline")?;
    let scan = scan(plan, &base, name, &source);
    Ok(vec![write, scan])
}

/// All rows once, in passes; the last pass waits for compaction, so that its debt is seen in the remark alone.
fn write_all(plan: &Plan, base: &Base, name: &str, source: &mut Source) -> Figure {
    let (passes, handle) = (plan.passes(), base.family("timeline"));
    let rows = plan.timeline() / (passes + 1);
    let mut given = 0;
    let figure = measure_prepared(
        &format!("{name}: write"),
        passes,
        rows as u64,
        || source.rows(rows),
        |rows| {
            given += rows.iter().map(|row| row.key.len() + row.envelope.len()).sum::<usize>();
            rows.chunks(BATCH_ROWS).for_each(|rows| write(base, handle, rows));
        },
    );
    base.settle().expect("compaction comes to rest");
    let (file, written) = (base.file_bytes("timeline"), base.written_bytes());
    let (per_row, amplification) = (file / (rows * (passes + 1)) as u64, written as f64 / given as f64);
    figure.remark(format!("{per_row} B a row on disk, amplification {amplification:.1}, {}", base.levels("timeline")))
}

fn write(base: &Base, handle: &rocksdb::ColumnFamily, rows: &[Row]) {
    let mut batch = rocksdb::WriteBatch::default();
    rows.iter().for_each(|row| batch.put_cf(handle, row.key, &row.envelope));
    base.db.write_without_wal(batch).expect("the database writes");
}

/// Reads whole fragments, row by row; one operation is one fragment.
fn scan(plan: &Plan, base: &Base, name: &str, source: &Source) -> Figure {
    let fragments = source.some_fragments(if plan.quick { 500 } else { 4_000 });
    let mut rows = 0;
    let figure = measure(&format!("{name}: read a fragment"), plan.passes(), fragments.len() as u64, || {
        rows = black_box(fragments.iter().map(|fragment| rows_of(base, fragment)).sum());
    });
    figure.remark(format!("{:.1} rows each", rows as f64 / fragments.len() as f64))
}

fn rows_of(base: &Base, fragment: &[u8; 16]) -> usize {
    let mut options = rocksdb::ReadOptions::default();
    options.set_iterate_range(rocksdb::PrefixRange(fragment.as_slice()));
    let mut rows = base.db.raw_iterator_cf_opt(base.family("timeline"), options);
    rows.seek(fragment);
    let mut count = 0;
    while rows.valid() {
        black_box(rows.item());
        count += 1;
        rows.next();
    }
    count
}
