//! What compaction costs: by levels and universal, under four compressions, until nothing is left to compact.

use std::{path::Path, time::Instant};

use anyhow::Result;
use rocksdb::{Cache, DBCompressionType, WriteBatch};

use super::timeline::{Row, Source};
use crate::{
    measure::{Figure, spread},
    plan::{BATCH_ROWS, Plan},
    rocks::{self, Base, Shape},
    table::Section,
    threads,
};

/// Memtables an eighth of the usual, so that a small database has the levels of a large one.
const SMALL: Shape = Shape { bloom_bits: None, memtable_bytes: 8 << 20, ..Shape::USUAL };
/// The most that is trained for each file.
const DICTIONARY_BYTES: i32 = 16 << 10;
const FAMILY: &str = "timeline";

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let rows = Source::new(plan.compacted() as u64 / 32).rows(plan.compacted());
    let mut figures = Vec::new();
    for (style, universal) in [("levels", false), ("universal", true)] {
        for (compression_name, compression, dictionary_bytes) in [
            ("no compression", DBCompressionType::None, 0),
            ("LZ4", DBCompressionType::Lz4, 0),
            ("Zstandard", DBCompressionType::Zstd, 0),
            ("Zstandard with a dictionary", DBCompressionType::Zstd, DICTIONARY_BYTES),
        ] {
            let shape = Shape { universal, compression, dictionary_bytes, ..SMALL };
            figures.push(of_shape(plan, dir, &format!("{style}, {compression_name}"), shape, &rows)?);
        }
    }
    let note = format!(
        "{} timeline rows at random fragments without WAL, memtables of 8 MiB, 16 KiB blocks, until flushes and compactions are at \
         rest; processor time is that of all threads. \"Written\" is bytes flushed and compacted by byte given. \
         {} runs, each into a new database.",
        rows.len(),
        runs(plan)
    );
    Ok(Section { title: "Compaction", note, figures })
}

fn runs(plan: &Plan) -> usize {
    if plan.quick { 1 } else { 3 }
}

fn of_shape(plan: &Plan, dir: &Path, name: &str, shape: Shape, rows: &[Row]) -> Result<Figure> {
    let per_row = |nanos: f64| nanos / rows.len() as f64;
    let (mut walls, mut cpus, mut threads, mut remark) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    for run in 0..runs(plan) {
        let path = dir.join(format!("{name}-{run}"));
        let base = rocks::open(&path, &[(FAMILY, shape)], &Cache::new_lru_cache(64 << 20), false)?;
        let (start, process, background) = (Instant::now(), threads::process_nanos(), background()?);
        write(&base, rows)?;
        base.settle()?;
        walls.push(per_row(start.elapsed().as_nanos() as f64));
        cpus.push(per_row(threads::process_nanos() - process));
        threads.push(per_row(self::background()? - background));
        remark = amounts(&base, rows);
        drop(base);
        std::fs::remove_dir_all(&path)?;
    }
    let threads = spread(threads).median;
    let figure =
        Figure { name: name.to_owned(), wall: spread(walls), cpu_nanos: spread(cpus).median, remark: String::new() };
    Ok(figure.remark(format!("{remark}, {threads:.0} ns a row in RocksDB's threads")))
}

fn write(base: &Base, rows: &[Row]) -> Result<()> {
    let handle = base.family(FAMILY);
    for rows in rows.chunks(BATCH_ROWS) {
        let mut batch = WriteBatch::default();
        rows.iter().for_each(|row| batch.put_cf(handle, row.key, &row.envelope));
        base.db.write_without_wal(batch)?;
    }
    Ok(())
}

fn amounts(base: &Base, rows: &[Row]) -> String {
    let given: usize = rows.iter().map(|row| row.key.len() + row.envelope.len()).sum();
    let (disk, written) = (base.file_bytes(FAMILY) as f64, base.written_bytes() as f64);
    let (disk, written) = (disk / rows.len() as f64, written / given as f64);
    format!("{disk:.0} B a row on disk, {written:.2} written, {}", base.levels(FAMILY))
}

/// What RocksDB's own threads spent so far, in nanoseconds.
fn background() -> Result<f64> {
    let threads = threads::by_name()?;
    Ok(threads.iter().filter(|(name, _)| name.starts_with("rocksdb:")).map(|(_, nanos)| nanos).sum())
}
