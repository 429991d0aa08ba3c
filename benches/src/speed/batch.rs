//! Writing states back: batches of 4,096 states over a million that are there.

use std::path::Path;

use anyhow::Result;
use rand::{Rng, RngExt};
use rocksdb::{Cache, WriteBatch, WriteOptions};

use crate::{
    measure::{Figure, measure_prepared},
    plan::{BATCH_ROWS, Plan},
    rocks::{self, Base, Shape, write_options},
    sample,
    table::Section,
};

type Row = ([u8; 16], Vec<u8>);

const FAMILY: (&str, Shape) = ("fragments", Shape::USUAL);
const VALUE_BYTES: usize = 300;

/// How the keys of a batch lie to each other.
#[derive(Clone, Copy)]
enum Order {
    Random,
    SortedInBatch,
    Consecutive,
}

/// All figures of this group.
///
/// # Errors
/// RocksDB's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let mut keys = sample::keys(plan.preload(), 20);
    keys.sort_unstable();
    let base = rocks::open(&dir.join("batch"), &[FAMILY], &Cache::new_lru_cache(512 << 20), false)?;
    let mut random = sample::random(21);
    base.load(FAMILY.0, keys.iter().map(|key| (key, state(&mut random))))?;
    let figures = variants(plan, &base, &keys)?;
    let note = format!(
        "One put into {} states of {VALUE_BYTES} B, memtables of 64 MiB; the time holds filling the batch of {BATCH_ROWS} and \
         writing it. Compaction runs beside it in RocksDB's own threads.",
        keys.len()
    );
    Ok(Section { title: "Write batches", note, figures })
}

fn variants(plan: &Plan, base: &Base, keys: &[[u8; 16]]) -> Result<Vec<Figure>> {
    let orders = [
        ("random keys", Order::Random),
        ("random keys sorted in the batch", Order::SortedInBatch),
        ("consecutive keys", Order::Consecutive),
    ];
    let mut figures = Vec::new();
    for (order_name, order) in orders {
        for (mode, options) in modes() {
            base.settle()?;
            figures.push(overwrite(plan, base, keys, &format!("{order_name}, {mode}"), order, &options));
        }
    }
    let mut hinted = write_options(true, true);
    hinted.set_memtable_insert_hint_per_batch(true);
    base.settle()?;
    let name = "random keys sorted in the batch, sync each batch, insert hint";
    figures.push(overwrite(plan, base, keys, name, Order::SortedInBatch, &hinted));
    Ok(figures)
}

fn modes() -> [(&'static str, WriteOptions); 3] {
    [
        ("no WAL", write_options(false, false)),
        ("WAL", write_options(true, false)),
        ("sync each batch", write_options(true, true)),
    ]
}

fn overwrite(plan: &Plan, base: &Base, keys: &[[u8; 16]], name: &str, order: Order, options: &WriteOptions) -> Figure {
    let (handle, mut random) = (base.family(FAMILY.0), sample::random(22));
    let rows = plan.pass_rows();
    measure_prepared(
        name,
        plan.passes(),
        rows as u64,
        || (0..rows / BATCH_ROWS).map(|_| batch_of(keys, order, &mut random)).collect::<Vec<_>>(),
        |batches| {
            for rows in &batches {
                let mut batch = WriteBatch::default();
                rows.iter().for_each(|(key, value)| batch.put_cf(handle, key, value));
                base.db.write_opt(batch, options).expect("the database writes");
            }
        },
    )
}

fn batch_of(keys: &[[u8; 16]], order: Order, random: &mut impl Rng) -> Vec<Row> {
    let start = random.random_range(0..keys.len() - BATCH_ROWS);
    let mut rows: Vec<Row> = (0..BATCH_ROWS)
        .map(|step| match order {
            Order::Consecutive => (keys[start + step], state(random)),
            Order::Random | Order::SortedInBatch => (keys[random.random_range(0..keys.len())], state(random)),
        })
        .collect();
    if matches!(order, Order::SortedInBatch) {
        rows.sort_unstable_by_key(|(key, _)| *key);
    }
    rows
}

/// A value that is half texts which repeat and half numbers which do not, as states are.
pub(super) fn state(random: &mut impl Rng) -> Vec<u8> {
    let mut value = b"order_completed store_entered sh-017 zh-CN gold ".repeat(4);
    value.resize(VALUE_BYTES, 0);
    random.fill_bytes(&mut value[VALUE_BYTES / 2..]);
    value
}
