//! Writing timelines: fragments at random, times ascending, alone and together with what the same commit writes.

use std::path::Path;

use anyhow::Result;
use prost::Message;
use rand::RngExt;
use rocksdb::{Cache, WriteBatch};

use super::{batch::state, copies};
use crate::{
    measure::{Figure, measure_prepared},
    plan::{BATCH_ROWS, Plan},
    rocks::{self, Base, Shape, write_options},
    sample,
    table::Section,
};

/// What the projector's commits are made of, sorted and synced: timeline and copies alone, and with core and month.
///
/// # Errors
/// RocksDB's.
pub fn synced(plan: &Plan, dir: &Path) -> Result<Vec<Figure>> {
    let whole = Commit { name: "whole commit, sorted, sync", families: 5, ..PAIR };
    on_fresh(plan, &dir.join("synced"), 64 << 20, &[PAIR, whole])
}

/// One touchpoint's row: fragment id ‖ occurred_at ‖ copy key, and its envelope.
pub(super) struct Row {
    pub(super) key: [u8; 40],
    pub(super) envelope: Vec<u8>,
}

const FAMILIES: [(&str, Shape); 5] = [
    ("timeline", Shape { bloom_bits: None, ..Shape::USUAL }),
    ("copies", Shape::USUAL),
    ("fragments", Shape::USUAL),
    ("months", Shape::USUAL),
    ("meta", Shape::USUAL),
];

/// What a commit writes and how.
#[derive(Clone, Copy)]
struct Commit {
    name: &'static str,
    /// The first one, two or all five families.
    families: usize,
    /// Family after family, each in the order of its keys, instead of touchpoint after touchpoint.
    sorted: bool,
    /// RocksDB's insert hint, which helps where keys come sorted.
    hint: bool,
    sync: bool,
}

const BASIC: Commit = Commit { name: "timeline alone, WAL", families: 1, sorted: false, hint: false, sync: false };
const PAIR: Commit =
    Commit { name: "timeline and copies, sorted, sync", families: 2, sorted: true, sync: true, ..BASIC };
const WHOLE: Commit = Commit { name: "whole commit, WAL", families: 5, ..BASIC };

const COMMITS: [Commit; 10] = [
    BASIC,
    Commit { name: "timeline alone, sorted, WAL", sorted: true, ..BASIC },
    Commit { name: "timeline and copies, WAL", families: 2, ..BASIC },
    Commit { name: "timeline and copies, sorted, WAL", families: 2, sorted: true, ..BASIC },
    PAIR,
    WHOLE,
    Commit { name: "whole commit, sorted, WAL", sorted: true, ..WHOLE },
    Commit { name: "whole commit, sync", sync: true, ..WHOLE },
    Commit { name: "whole commit, sorted, sync", sorted: true, sync: true, ..WHOLE },
    Commit { name: "whole commit, sorted, insert hint, sync", sorted: true, hint: true, sync: true, ..WHOLE },
];

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let mut figures = on_fresh(plan, &dir.join("memtable-64"), 64 << 20, &COMMITS)?;
    for (name, mebibytes) in
        [("whole commit, sorted, sync, memtables of 16 MiB", 16), ("whole commit, sorted, sync, memtables of 4 MiB", 4)]
    {
        let commit = Commit { name, sorted: true, sync: true, ..WHOLE };
        figures.extend(on_fresh(plan, &dir.join(format!("memtable-{mebibytes}")), mebibytes << 20, &[commit])?);
    }
    let note = format!(
        "Per touchpoint, in commits of {BATCH_ROWS}, one atomic batch each: a timeline row has a key of 40 B and an envelope of \
         about 250 B; \"whole\" adds a copy row (16 B, {} B), a core record and a month (300 B each) – every touchpoint another \
         fragment, so nothing coalesces – and one row of offsets a commit. Sorting is part of the time. Memtables of 64 MiB unless said.",
        copies::VALUE_BYTES
    );
    Ok(Section { title: "Timeline and whole commits", note, figures })
}

/// Touchpoints that come in the order of time, each of a random fragment.
pub(super) struct Source {
    fragments: Vec<[u8; 16]>,
    random: rand_chacha::ChaCha8Rng,
    sequence: u64,
}

impl Source {
    pub(super) fn new(fragments: u64) -> Self {
        let count = usize::try_from(fragments).expect("samples fit in memory");
        Self { fragments: sample::keys(count, 30), random: sample::random(31), sequence: 0 }
    }

    pub(super) fn rows(&mut self, count: usize) -> Vec<Row> {
        (0..count).map(|_| self.row()).collect()
    }

    /// Some fragments at random.
    pub(super) fn some_fragments(&self, count: usize) -> Vec<[u8; 16]> {
        let mut random = sample::random(33);
        (0..count).map(|_| self.fragments[random.random_range(0..self.fragments.len())]).collect()
    }

    fn row(&mut self) -> Row {
        self.sequence += 1;
        let customer = self.random.random_range(0..self.fragments.len());
        let micros = sample::occurred_at(0, 0).0 + i64::try_from(self.sequence).expect("samples are few") * 1_000;
        let mut key = [0; 40];
        key[..16].copy_from_slice(&self.fragments[customer]);
        key[16..24].copy_from_slice(&micros.to_be_bytes());
        key[24..].copy_from_slice(&sample::key(&mut self.random));
        Row { key, envelope: sample::envelope(customer as u64, self.sequence).encode_to_vec() }
    }
}

/// Measures commits one after the other on one new database.
fn on_fresh(plan: &Plan, dir: &Path, memtable_bytes: usize, commits: &[Commit]) -> Result<Vec<Figure>> {
    let families = FAMILIES.map(|(name, shape)| (name, Shape { memtable_bytes, ..shape }));
    let base = rocks::open(dir, &families, &Cache::new_lru_cache(512 << 20), false)?;
    let mut source = Source::new(plan.timeline() as u64 / 8);
    let mut figures = Vec::new();
    for commit in commits {
        base.settle()?;
        figures.push(measure_commit(plan, &base, &mut source, *commit));
    }
    Ok(figures)
}

fn measure_commit(plan: &Plan, base: &Base, source: &mut Source, commit: Commit) -> Figure {
    let (touchpoints, state) = (plan.pass_rows(), state(&mut sample::random(32)));
    let mut options = write_options(true, commit.sync);
    options.set_memtable_insert_hint_per_batch(commit.hint);
    let prepare = || source.rows(touchpoints);
    measure_prepared(commit.name, plan.passes(), touchpoints as u64, prepare, |mut rows| {
        for rows in rows.chunks_mut(BATCH_ROWS) {
            let batch =
                if commit.sorted { fill_sorted(base, rows, &state, commit) } else { fill(base, rows, &state, commit) };
            base.db.write_opt(batch, &options).expect("the database writes");
        }
    })
}

/// Touchpoint after touchpoint, as they came.
fn fill(base: &Base, rows: &[Row], state: &[u8], commit: Commit) -> WriteBatch {
    let [timeline, copies, fragments, months, meta] = FAMILIES.map(|(name, _)| base.family(name));
    let mut batch = WriteBatch::default();
    for row in rows {
        batch.put_cf(timeline, row.key, &row.envelope);
        if commit.families > 1 {
            batch.put_cf(copies, row.copy_key(), row.key);
        }
        if commit.families > 2 {
            batch.put_cf(fragments, row.fragment(), state);
            batch.put_cf(months, row.month(), state);
        }
    }
    batch.put_cf(meta, b"applied", rows.len().to_be_bytes());
    batch
}

/// Family after family, each in the order of its keys.
fn fill_sorted(base: &Base, rows: &mut [Row], state: &[u8], commit: Commit) -> WriteBatch {
    let [timeline, copies, fragments, months, meta] = FAMILIES.map(|(name, _)| base.family(name));
    let mut batch = WriteBatch::default();
    rows.sort_unstable_by_key(|row| row.key);
    rows.iter().for_each(|row| batch.put_cf(timeline, row.key, &row.envelope));
    if commit.families > 2 {
        rows.iter().for_each(|row| batch.put_cf(fragments, row.fragment(), state));
        rows.iter().for_each(|row| batch.put_cf(months, row.month(), state));
    }
    if commit.families > 1 {
        rows.sort_unstable_by(|one, other| one.copy_key().cmp(other.copy_key()));
        rows.iter().for_each(|row| batch.put_cf(copies, row.copy_key(), row.key));
    }
    batch.put_cf(meta, b"applied", rows.len().to_be_bytes());
    batch
}

impl Row {
    fn fragment(&self) -> &[u8] {
        &self.key[..16]
    }

    fn copy_key(&self) -> &[u8] {
        &self.key[24..]
    }

    fn month(&self) -> Vec<u8> {
        [self.fragment(), &[0, 0, 94, 219]].concat()
    }
}
