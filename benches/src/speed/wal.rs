//! What the write-ahead log costs: none, unsynced, synced, and held back until it is flushed by hand.

use std::path::Path;

use anyhow::Result;
use rocksdb::{Cache, WriteBatch};

use super::batch::state;
use crate::{
    measure::{Figure, measure_prepared},
    plan::{BATCH_ROWS, Plan},
    rocks::{self, Base, Shape, write_options},
    sample,
    table::Section,
};

type Row = ([u8; 16], Vec<u8>);

const FAMILY: (&str, Shape) = ("fragments", Shape::USUAL);
const BATCHES: [usize; 4] = [BATCH_ROWS / 16, BATCH_ROWS / 4, BATCH_ROWS, 4 * BATCH_ROWS];

/// How what is written becomes durable.
#[derive(Clone, Copy)]
enum Mode {
    /// Not at all until the memtable is flushed.
    None,
    /// The operating system has it after each batch.
    Unsynced,
    /// The disk has it after each batch.
    Synced,
    /// RocksDB holds it back; after so many batches the operating system has it.
    Flushed { batches: usize },
    /// RocksDB holds it back; after so many batches the disk has it.
    FlushedSynced { batches: usize },
}

const MODES: [(&str, Mode); 7] = [
    ("no WAL", Mode::None),
    ("WAL, unsynced", Mode::Unsynced),
    ("WAL, synced", Mode::Synced),
    ("manual_wal_flush, each batch", Mode::Flushed { batches: 1 }),
    ("manual_wal_flush, each 4 batches", Mode::Flushed { batches: 4 }),
    ("manual_wal_flush, synced, each batch", Mode::FlushedSynced { batches: 1 }),
    ("manual_wal_flush, synced, each 4 batches", Mode::FlushedSynced { batches: 4 }),
];

impl Mode {
    fn manual(self) -> bool {
        matches!(self, Self::Flushed { .. } | Self::FlushedSynced { .. })
    }
}

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let mut figures = Vec::new();
    for (number, (name, mode)) in MODES.into_iter().enumerate() {
        let cache = Cache::new_lru_cache(64 << 20);
        let manual = |options: &mut rocksdb::Options| options.set_manual_wal_flush(mode.manual());
        let base = rocks::open_with(&dir.join(format!("wal-{number}")), &[FAMILY], &cache, manual)?;
        for rows in BATCHES {
            base.settle()?;
            figures.push(write(plan, &base, &format!("{name}, batches of {rows}"), mode, rows));
        }
    }
    let note = "One put of 300 B at a random key, sorted in the batch, into memtables of 64 MiB; filling the batch is part of the time, \
                flushing runs beside it. All bytes of a pass are as durable as the mode makes them when it ends.";
    Ok(Section { title: "Write-ahead log", note: note.into(), figures })
}

fn write(plan: &Plan, base: &Base, name: &str, mode: Mode, batch_rows: usize) -> Figure {
    let rows = plan.pass_rows();
    let options = write_options(!matches!(mode, Mode::None), matches!(mode, Mode::Synced));
    let (mut pass, handle) = (0, base.family(FAMILY.0));
    let prepare = || {
        pass += 1;
        rows_of(rows, batch_rows, pass)
    };
    measure_prepared(name, plan.passes(), rows as u64, prepare, |rows| {
        let count = rows.chunks(batch_rows).len();
        for (number, rows) in rows.chunks(batch_rows).enumerate() {
            let mut batch = WriteBatch::default();
            rows.iter().for_each(|(key, value)| batch.put_cf(handle, key, value));
            base.db.write_opt(batch, &options).expect("the database writes");
            flush(base, mode, number + 1, count);
        }
    })
}

fn flush(base: &Base, mode: Mode, written: usize, count: usize) {
    let (batches, sync) = match mode {
        Mode::None | Mode::Unsynced | Mode::Synced => return,
        Mode::Flushed { batches } => (batches, false),
        Mode::FlushedSynced { batches } => (batches, true),
    };
    if written.is_multiple_of(batches) || written == count {
        base.db.flush_wal(sync).expect("the disk takes it");
    }
}

fn rows_of(rows: usize, batch_rows: usize, pass: u64) -> Vec<Row> {
    let (keys, mut random) = (sample::keys(rows, 60 + pass), sample::random(59));
    let mut rows: Vec<Row> = keys.into_iter().map(|key| (key, state(&mut random))).collect();
    rows.chunks_mut(batch_rows).for_each(|rows| rows.sort_unstable_by_key(|(key, _)| *key));
    rows
}
