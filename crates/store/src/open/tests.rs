//! A state from before there was an outbox, a batch that serves again, and a filter that stays in memory.

use super::*;
use crate::family::{Incidence, Losers, touched::Touch};
use rocksdb::perf::{PerfContext, PerfMetric, PerfStatsLevel, set_perf_stats};
use types::{FragmentId, HashKey, IdentifierId};

#[test]
fn a_state_without_an_outbox_opens_and_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, manifest) = (dir.path().join("state"), Manifest::default());
    let settings = StoreSettings { sync: true, ..StoreSettings::small(dir) };
    let mut store = Store::open(&settings, &manifest).unwrap();
    store.db.drop_cf(Touched::NAME).unwrap();
    drop(store);
    let read_only = Store::open_read_only(&settings, &manifest).unwrap();
    assert!(read_only.snapshot().shards().unwrap().is_empty());
    drop(read_only);
    let store = Store::open(&settings, &manifest).unwrap();
    let (key, touch) = ((7, IdentifierId([1; 16])), Touch { since: types::Micros(5), ..Touch::default() });
    let mut batch = Batch::default();
    batch.put::<Touched>(&key, &touch);
    store.write_unsynced(batch).unwrap();
    assert_eq!(store.snapshot().get::<Touched>(&key).unwrap(), Some(touch));
}

#[test]
fn a_batch_that_serves_again_writes_nothing_of_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreSettings::small(dir.path()), &Manifest::default()).unwrap();
    let key = |number: u8| (u64::from(number), IdentifierId([number; 16]));
    let touch = |micros| Touch { since: types::Micros(micros), ..Touch::default() };
    let mut batch = Batch::default();
    batch.put::<Touched>(&key(1), &touch(1));
    batch.put::<Touched>(&key(2), &touch(2));
    batch.put::<Losers>(&loser(1), &());
    store.write_out(&mut batch).unwrap();
    assert!(batch.is_empty() && batch.bytes_len() == 0);

    batch.delete_range::<Touched>(&key(1), &key(1));
    batch.put::<Losers>(&loser(2), &());
    store.write_out(&mut batch).unwrap();
    let of_another = |store: &Store| {
        let held = |number| store.snapshot().get::<Touched>(&key(number)).unwrap();
        (held(1), held(2), [1, 2].map(|number| store.snapshot().get::<Losers>(&loser(number)).unwrap()))
    };
    assert_eq!(of_another(&store), (None, Some(touch(2)), [Some(()), Some(())]));

    batch.delete::<Losers>(&loser(1));
    batch.clear();
    batch.put::<Touched>(&key(1), &touch(3));
    store.write_out(&mut batch).unwrap();
    assert_eq!(
        of_another(&store),
        (Some(touch(3)), Some(touch(2)), [Some(()), Some(())]),
        "what was cleared is not written"
    );
}

/// The filter of half a million rows has 600 KB, which the cache has room for more than ten times.
#[test]
fn a_file_s_filter_is_read_once() {
    const ROWS: u64 = 500_000;
    let dir = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        write_buffer_bytes: 256 << 20,
        cache: BlockCache::new(8 << 20),
        ..StoreSettings::small(dir.path())
    };
    let store = Store::open(&settings, &Manifest::default()).unwrap();
    let hash_key = HashKey::derive("filters");
    let id = |number: u64| IdentifierId(hash_key.content_hash(&number.to_le_bytes()).0);
    let mut batch = Batch::default();
    for number in 0..ROWS {
        batch.put::<Incidence>(&(id(number), FragmentId([7; 16])), &());
    }
    store.write_out(&mut batch).unwrap();
    store.db.flush_cf(store.handle::<Incidence>()).unwrap();
    // Filters of level 0 stay in any case.
    let mut down = rocksdb::CompactOptions::default();
    down.set_bottommost_level_compaction(rocksdb::BottommostLevelCompaction::Force);
    store.db.compact_range_cf_opt(store.handle::<Incidence>(), None::<&[u8]>, None::<&[u8]>, &down);

    let (index_bytes, bits) = (store.index_bytes(), 10 * ROWS);
    assert!((bits / 8..bits / 4).contains(&index_bytes), "{index_bytes} bytes of filters and indexes");

    let snapshot = store.snapshot();
    let look = |number: u64| snapshot.scan_prefix::<Incidence>(&id(number).0).count();
    assert_eq!(look(0), 1);
    set_perf_stats(PerfStatsLevel::EnableCount);
    let mut perf = PerfContext::default();
    perf.reset();
    let found: usize = (ROWS..ROWS + 1_000).map(look).sum();
    let read = perf.metric(PerfMetric::BlockReadByte);
    set_perf_stats(PerfStatsLevel::Disable);
    assert_eq!(found, 0);
    // Where the filter wrongly knows one of these, as it does of a hundredth, a block of 4 KiB is looked into.
    assert!(read < 1_000_000, "{read} bytes read by a thousand looks for what is not there");
}

fn loser(number: u8) -> (types::FragmentId, types::CopyKey, types::ContentHash) {
    (types::FragmentId([number; 16]), types::CopyKey([number; 16]), types::ContentHash([number; 16]))
}
