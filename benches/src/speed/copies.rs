//! The copy check: is this 16-byte key there already? Nearly always it is not.

use std::{hint::black_box, path::Path};

use anyhow::Result;
use rand::{RngExt, seq::SliceRandom};
use rocksdb::Cache;

use crate::{
    measure::{Figure, measure},
    plan::{BATCH_ROWS, Plan},
    rocks::{self, Base, Shape},
    sample,
    table::Section,
};

type Key = [u8; 16];

/// Bytes of a copy's row: fragment id, occurred_at, content hash.
pub(super) const VALUE_BYTES: usize = 40;

const BLOOM: (&str, Shape) = ("bloom", Shape { memtable_bytes: 16 << 20, ..Shape::USUAL });
const PLAIN: (&str, Shape) = ("plain", Shape { bloom_bits: None, ..BLOOM.1 });

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let keys = sample::keys(plan.copies(), 10);
    let queries = Queries::of(plan, &keys);
    let path = dir.join("copies");
    let mut figures = Vec::new();
    let base = rocks::open(&path, &[BLOOM, PLAIN], &Cache::new_lru_cache(1 << 30), false)?;
    for (family, _) in [BLOOM, PLAIN] {
        fill(&base, family, &keys)?;
        figures.extend(warm(plan, &base, family, &queries));
    }
    let levels = base.levels(BLOOM.0);
    drop(base);
    figures.extend(cold(plan, &path, &queries)?);
    let note = format!(
        "{} keys of 16 B with {VALUE_BYTES} B, loaded in random order, compacted as it came ({levels}); block cache 1 GiB, \
         \"disk\" rows: 8 MiB and reads past the page cache. Batches of {BATCH_ROWS}.",
        keys.len()
    );
    Ok(Section { title: "Copy check", note, figures })
}

/// An absent and a present copy, by the call that the projector uses, from memory.
///
/// # Errors
/// RocksDB's.
pub fn checks(plan: &Plan, dir: &Path) -> Result<Vec<Figure>> {
    let keys = sample::keys(plan.copies(), 10);
    let base = rocks::open(&dir.join("checks"), &[BLOOM], &Cache::new_lru_cache(1 << 30), false)?;
    fill(&base, BLOOM.0, &keys)?;
    Ok(both_batched(plan, &base, BLOOM.0, &Queries::of(plan, &keys)))
}

/// Keys asked for: all present, or all absent.
pub(super) struct Queries {
    present: Vec<Key>,
    absent: Vec<Key>,
}

impl Queries {
    pub(super) fn of(plan: &Plan, keys: &[Key]) -> Self {
        let mut random = sample::random(11);
        let present = (0..plan.pass_rows()).map(|_| keys[random.random_range(0..keys.len())]).collect();
        Self { present, absent: sample::keys(plan.pass_rows(), 12) }
    }

    fn both(&self) -> [(&'static str, &[Key]); 2] {
        [("absent", &self.absent), ("present", &self.present)]
    }
}

/// Loads the keys in random order and lets compaction come to rest.
pub(super) fn fill(base: &Base, family: &str, keys: &[Key]) -> Result<()> {
    base.load(family, rows(keys).into_iter())
}

/// The keys' rows, in random order.
pub(super) fn rows(keys: &[Key]) -> Vec<(Key, Vec<u8>)> {
    let (mut shuffled, mut random) = (keys.to_vec(), sample::random(14));
    shuffled.shuffle(&mut sample::random(13));
    let mut value = |sequence| {
        let time = sample::occurred_at(sequence, 0).0.to_be_bytes();
        [sample::key(&mut random).as_slice(), &time, &sample::key(&mut random)].concat()
    };
    shuffled.into_iter().zip(0..).map(|(key, sequence)| (key, value(sequence % 9_999))).collect()
}

/// Reads from memory, by three calls.
fn warm(plan: &Plan, base: &Base, family: &str, queries: &Queries) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (which, keys) in queries.both() {
        figures.push(point(plan, base, family, which, keys));
        figures.push(multi(plan, base, family, which, keys));
        figures.push(batched(plan, base, family, which, keys));
    }
    figures
}

/// Reads from the disk.
fn cold(plan: &Plan, path: &Path, queries: &Queries) -> Result<Vec<Figure>> {
    let base = rocks::open(path, &[BLOOM, PLAIN], &Cache::new_lru_cache(8 << 20), true)?;
    let mut figures = Vec::new();
    for (family, _) in [BLOOM, PLAIN] {
        for (which, keys) in queries.both() {
            let few = &keys[..keys.len() / 8];
            let mut figure = batched(plan, &base, family, which, few);
            figure.name = format!("disk, {}", figure.name);
            figures.push(figure);
        }
    }
    Ok(figures)
}

fn point(plan: &Plan, base: &Base, family: &str, which: &str, keys: &[Key]) -> Figure {
    let (name, handle) = (format!("{family}, {which}: get_pinned_cf"), base.family(family));
    let mut found = 0;
    let figure = measure(&name, plan.passes(), keys.len() as u64, || {
        let there = |key: &&Key| base.db.get_pinned_cf(handle, key).expect("the database reads").is_some();
        found = black_box(keys.iter().filter(there).count());
    });
    expect(which, found, keys.len());
    figure
}

fn multi(plan: &Plan, base: &Base, family: &str, which: &str, keys: &[Key]) -> Figure {
    let (name, handle) = (format!("{family}, {which}: multi_get_cf"), base.family(family));
    let mut found = 0;
    let figure = measure(&name, plan.passes(), keys.len() as u64, || {
        let of_batch = |batch: &[Key]| {
            let values = base.db.multi_get_cf(batch.iter().map(|key| (handle, key)));
            values.into_iter().filter(|value| value.as_ref().expect("the database reads").is_some()).count()
        };
        found = black_box(keys.chunks(BATCH_ROWS).map(of_batch).sum());
    });
    expect(which, found, keys.len());
    figure
}

/// Sorted within the batch first, which is part of the time.
pub(super) fn batched(plan: &Plan, base: &Base, family: &str, which: &str, keys: &[Key]) -> Figure {
    let (name, handle) = (format!("{family}, {which}: batched_multi_get_cf, sorted"), base.family(family));
    let mut found = 0;
    let figure = measure(&name, plan.passes(), keys.len() as u64, || {
        let of_batch = |batch: &[Key]| {
            let mut sorted = batch.to_vec();
            sorted.sort_unstable();
            let values = base.db.batched_multi_get_cf(handle, &sorted, true);
            values.into_iter().filter(|value| value.as_ref().expect("the database reads").is_some()).count()
        };
        found = black_box(keys.chunks(BATCH_ROWS).map(of_batch).sum());
    });
    expect(which, found, keys.len());
    figure
}

/// The absent and the present of a family, by the call that the projector uses.
pub(super) fn both_batched(plan: &Plan, base: &Base, family: &str, queries: &Queries) -> Vec<Figure> {
    queries.both().map(|(which, keys)| batched(plan, base, family, which, keys)).into()
}

fn expect(which: &str, found: usize, asked: usize) {
    assert_eq!(found, if which == "present" { asked } else { 0 }, "the timed reads found what they should");
}
