//! Rows of several files are read back in order; what an unfinished load left, before or after it was taken in, is gone.

use types::{FragmentId, IdentifierId};

use super::*;
use crate::{
    Batch, Manifest, StoreSettings,
    family::{Shards, shards::ShardRow},
    snapshot::Range,
};

fn open(dir: &Path) -> Store {
    Store::open(&StoreSettings::small(dir), &Manifest::default()).unwrap()
}

fn key(number: u8) -> (IdentifierId, FragmentId) {
    (IdentifierId([number; 16]), FragmentId([0; 16]))
}

fn load(bulk: &Bulk<'_>, numbers: impl Iterator<Item = u8>) {
    let mut sorted = bulk.sorted();
    for number in numbers {
        sorted.put::<Incidence>(&key(number), &()).unwrap();
    }
    sorted.finish().unwrap();
}

fn held(store: &Store) -> Vec<u8> {
    let snapshot = store.snapshot();
    let rows = snapshot.scan::<Incidence>(&Range::all()).map(|row| row.unwrap().0.0.0);
    rows.filter_map(|id| id.first().copied()).collect()
}

#[test]
fn files_become_rows() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let bulk = store.bulk().unwrap();
    load(&bulk, 100..200);
    load(&bulk, 0..100);
    assert!(held(&store).is_empty(), "nothing shows before");
    bulk.ingest().unwrap();
    assert_eq!(held(&store), (0..200).collect::<Vec<u8>>());
    let found: Vec<_> = store.snapshot().scan_prefix::<Incidence>(&[7; 16]).map(|row| row.unwrap().0).collect();
    assert_eq!(found, [key(7)]);
    assert!(!dir.path().join(DIR).exists());
}

#[test]
fn rows_out_of_order_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let bulk = store.bulk().unwrap();
    let mut sorted = bulk.sorted();
    sorted.put::<Incidence>(&key(2), &()).unwrap();
    assert!(matches!(sorted.put::<Incidence>(&key(1), &()), Err(StoreError::Write(_))));
}

#[test]
fn an_unfinished_load_leaves_nothing_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let bulk = store.bulk().unwrap();
    load(&bulk, 0..50);
    drop(bulk);
    assert!(!dir.path().join(DIR).exists());
    let bulk = store.bulk().unwrap();
    load(&bulk, 0..100);
    bulk.ingest().unwrap();
    drop(store);
    // As after a kill before the applied offsets.
    fs::create_dir(dir.path().join(DIR)).unwrap();
    let store = open(dir.path());
    assert!(store.is_unfolded().unwrap());
    let bulk = store.bulk().unwrap();
    assert!(held(&store).is_empty());
    load(&bulk, 90..110);
    bulk.ingest().unwrap();
    let mut batch = Batch::default();
    batch.put::<Shards>(&0, &ShardRow::default());
    store.write(batch).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(held(&store), (90..110).collect::<Vec<u8>>());
    assert!(!store.is_unfolded().unwrap());
}
