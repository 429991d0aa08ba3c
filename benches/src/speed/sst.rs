//! Rebuilding: sorted files are written outside the database and then ingested.

use std::{
    hint::black_box,
    path::{Path, PathBuf},
};

use anyhow::Result;
use rocksdb::{Cache, IngestExternalFileOptions, SstFileWriter};

use super::timeline::{Row, Source};
use crate::{
    measure::{Figure, measure_prepared},
    plan::Plan,
    rocks::{self, Shape},
    table::Section,
};

const FAMILY: (&str, Shape) = ("timeline", Shape { bloom_bits: None, ..Shape::USUAL });
const FILES: usize = 4;

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let mut rows = Source::new(plan.timeline() as u64 / 8).rows(plan.timeline());
    let sort = sort(plan, &rows);
    rows.sort_unstable_by_key(|row| row.key);
    let cache = Cache::new_lru_cache(64 << 20);
    let paths: Vec<PathBuf> = (0..FILES).map(|file| dir.join(format!("rows-{file}.sst"))).collect();
    let write = measure_prepared(
        "SstFileWriter, sorted rows, LZ4",
        plan.passes(),
        rows.len() as u64,
        || (),
        |()| {
            write_files(&rows, &paths, &cache);
        },
    );
    let figures = vec![sort, write, copies(plan, dir, &rows, &cache), ingest(plan, dir, &rows, &paths, &cache)];
    let note = format!(
        "{} timeline rows in {FILES} files; \"ingest\" is opening them by move into an empty database.",
        rows.len()
    );
    Ok(Section { title: "Sorted files", note, figures })
}

/// Keys and where their rows lie are sorted; the envelopes stay where they are.
fn sort(plan: &Plan, rows: &[Row]) -> Figure {
    let unsorted: Vec<([u8; 40], u32)> = rows.iter().map(|row| row.key).zip(0..).collect();
    let name = "sort of timeline keys and the places of their rows";
    measure_prepared(
        name,
        plan.passes(),
        rows.len() as u64,
        || unsorted.clone(),
        |mut keys| {
            keys.sort_unstable_by_key(|(key, _)| *key);
            black_box(keys);
        },
    )
}

/// A copy row is the copy key, and where its touchpoint lies.
fn copies(plan: &Plan, dir: &Path, rows: &[Row], cache: &Cache) -> Figure {
    let mut copies: Vec<(&[u8], &[u8])> = rows.iter().map(|row| (&row.key[24..], row.key.as_slice())).collect();
    copies.sort_unstable();
    let (options, path) = (Shape::USUAL.options(cache), dir.join("copies.sst"));
    let name = "SstFileWriter, copy rows, LZ4, Bloom 10";
    measure_prepared(
        name,
        plan.passes(),
        rows.len() as u64,
        || (),
        |()| {
            let mut writer = SstFileWriter::create(&options);
            writer.open(&path).expect("the folder takes it");
            copies.iter().for_each(|(key, value)| writer.put(key, value).expect("rows are sorted"));
            writer.finish().expect("the disk takes it");
        },
    )
}

fn write_files(rows: &[Row], paths: &[PathBuf], cache: &Cache) {
    let options = FAMILY.1.options(cache);
    for (rows, path) in rows.chunks(rows.len().div_ceil(FILES)).zip(paths) {
        let mut writer = SstFileWriter::create(&options);
        writer.open(path).expect("the folder takes it");
        rows.iter().for_each(|row| writer.put(row.key, &row.envelope).expect("rows are sorted"));
        writer.finish().expect("the disk takes it");
    }
}

fn ingest(plan: &Plan, dir: &Path, rows: &[Row], paths: &[PathBuf], cache: &Cache) -> Figure {
    let mut pass = 0;
    let prepare = || {
        pass += 1;
        write_files(rows, paths, cache);
        rocks::open(&dir.join(format!("ingest-{pass}")), &[FAMILY], cache, false).expect("a fresh database opens")
    };
    let figure = measure_prepared("ingest, per row", plan.passes(), rows.len() as u64, prepare, |base| {
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        let family = base.family(FAMILY.0);
        base.db.ingest_external_file_cf_opts(family, &options, paths.to_vec()).expect("the files fit");
    });
    let millis = figure.wall.median * rows.len() as f64 / 1e6;
    figure.remark(format!("{:.1} ms a file", millis / FILES as f64))
}
