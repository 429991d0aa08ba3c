//! Records folded all together give the state that they give one batch after the other: every row of it, and the digest. Over random
//! worlds with copies, conflicts, decisions and what cannot be read, in memory or through files, on one thread or several.
#![cfg(test)]

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Instant};

use journal::{Journal, NewRecord, PollLimits, memory::MemoryJournal};
use projector::{
    Projector,
    bulk::{BulkError, BulkProgress, BulkSettings, Loaded, Unfit, load},
    replay::replay,
};
use proptest::prelude::*;
use prost::Message as _;
use store::{
    Batch, Store, StoreError,
    compare::{RowDifference, compare, folded_families},
    digest::StateDigest,
    family::Shards,
};
use tests::{
    pipeline::{Arrival, hash_key, journals, open_store, projector_settings},
    process::wait_a_little,
    reference::arbitrary,
    touchpoints::{order, touchpoint},
};
use types::{Micros, record::Envelope};

/// How records are loaded.
#[derive(Clone, Copy, Debug)]
struct How {
    memory_bytes: usize,
    threads: usize,
}

/// Everything in memory, and so little memory that every entry goes through a file and every piece is read in many ranges.
fn how() -> impl Strategy<Value = How> {
    let memory_bytes = prop::sample::select(vec![1_usize, 2 << 10, 32 << 10, 8 << 20]);
    (memory_bytes, 1..4_usize).prop_map(|(memory_bytes, threads)| How { memory_bytes, threads })
}

fn settings(how: How) -> BulkSettings {
    let How { memory_bytes, threads } = how;
    BulkSettings { hash_key: hash_key(), memory_bytes, threads, patient: false }
}

fn journal_of(records: Vec<NewRecord>, partitions: u32) -> Arc<dyn Journal> {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new(partitions));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(journal.append(records)).unwrap();
    journal
}

/// A record that no fold takes: rubbish, a touchpoint of nobody, or something of an unknown type.
fn unreadable(kind: u8, partition: u32) -> NewRecord {
    let envelope = |payload_type, payload: Vec<u8>| Envelope {
        format_version: 2,
        partition_key: vec![7; 16],
        source: "test".into(),
        received_at: Some(Micros(1).to_proto()),
        payload_type,
        payload,
        ..Envelope::default()
    };
    let value = match kind % 4 {
        0 => b"\xff".to_vec(),
        1 => envelope(1, b"\xff".to_vec()).encode_to_vec(),
        2 => envelope(1, types::record::Touchpoint::default().encode_to_vec()).encode_to_vec(),
        _ => envelope(77, Vec::new()).encode_to_vec(),
    };
    NewRecord { partition, key: b"k".to_vec(), value, headers: Vec::new() }
}

/// What the ordinary fold makes of everything below the offsets.
fn folded(dir: &Path, journal: &Arc<dyn Journal>, until: &BTreeMap<u32, u64>, records_max: usize) -> Arc<Store> {
    let store = open_store(dir, journal.as_ref());
    let limits = PollLimits { records_max, bytes_max: 1 << 20 };
    replay(&store, journal.as_ref(), &hash_key(), limits, until, &mut |_| true).unwrap();
    store
}

fn loaded(dir: &Path, journal: &Arc<dyn Journal>, until: &BTreeMap<u32, u64>, how: How) -> Arc<Store> {
    let store = open_store(dir, journal.as_ref());
    let Loaded::Whole(shards) = load(&store, journal.as_ref(), &settings(how), until, &mut |_| true).unwrap() else {
        panic!("these records are fit for it");
    };
    assert_eq!(store.snapshot().shards().unwrap(), shards.into_iter().collect::<Vec<_>>());
    store
}

fn digest(store: &Store) -> StateDigest {
    StateDigest::of(&store.snapshot(), &identity::Rules::default(), &hash_key()).unwrap()
}

/// Rows that differ, over all families.
fn differences(left: &Store, right: &Store) -> Vec<RowDifference> {
    let (left, right) = (left.snapshot(), right.snapshot());
    let mut found = Vec::new();
    for family in folded_families() {
        let each = |_, difference| {
            found.extend(difference);
            Ok::<(), StoreError>(())
        };
        compare(&left, &right, family, each).unwrap();
    }
    found
}

fn assert_same(left: &Store, right: &Store) {
    assert_eq!(differences(left, right), []);
    assert_eq!(digest(left).parts, digest(right).parts);
}

/// Runs a projector until everything in the journal is folded.
fn fold_on(store: &Arc<Store>, journal: &Arc<dyn Journal>) {
    let settings = projector_settings(7);
    let projector = Projector::start(Arc::clone(store), &journals(journal), settings).unwrap();
    let (ends, began) = (journal.ends().unwrap(), Instant::now());
    while (0..).zip(&ends).any(|(partition, end)| projector.progress().borrow().applied[&partition] < *end) {
        assert!(began.elapsed().as_secs() < 60, "not folded");
        wait_a_little();
    }
    projector.stop();
}

fn cases() -> u32 {
    std::env::var("PATRON_STORE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn all_together_is_one_after_the_other(
        arrivals in arbitrary::arrivals(25),
        rubbish in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        partitions in prop::sample::select(vec![1_u32, 2, 5, 16]),
        how in how(),
        records_max in prop::sample::select(vec![1_usize, 7, 4_096]),
        thousandths in prop::sample::select(vec![1_000_u64, 1_000, 700, 0]),
    ) {
        let mut records: Vec<NewRecord> = arrivals.iter().map(|arrival| arrival.record(partitions)).collect();
        for (place, kind) in rubbish {
            records.insert(place.index(records.len()), unreadable(kind, u32::from(kind) % partitions));
        }
        let journal = journal_of(records, partitions);
        let until: BTreeMap<u32, u64> = (0..).zip(journal.ends().unwrap().iter().map(|end| end * thousandths / 1_000)).collect();
        let dir = tempfile::tempdir().unwrap();
        let expected = folded(&dir.path().join("folded"), &journal, &until, records_max);
        let found = loaded(&dir.path().join("loaded"), &journal, &until, how);
        prop_assume!(until.values().sum::<u64>() > 0);
        prop_assert_eq!(differences(&expected, &found), []);
        prop_assert_eq!(digest(&expected).parts, digest(&found).parts);
        prop_assert!(!dir.path().join("loaded").join("bulk").exists());
        // From there on it is folded as any other.
        fold_on(&expected, &journal);
        fold_on(&found, &journal);
        prop_assert_eq!(differences(&expected, &found), []);
    }
}

/// Few customers with long timelines and many with short ones; every tenth comes twice, every fiftieth in conflict.
fn crowd(count: i64, partitions: u32) -> Vec<NewRecord> {
    let one = |number: i64| {
        let who = if number % 3 == 0 { "user_id:often".to_owned() } else { format!("user_id:u{}", number % 997) };
        let (message, at) = (format!("m{number}"), Micros(1_900_000_000_000_000 - number));
        let order = order(&message, number * 500, &who, &format!("o{}", number % 4_001), "2.50");
        let again = touchpoint("application_opened", &message, number, &who);
        let copy = (number % 10 == 0).then(|| Arrival::from((order.clone(), Micros(at.0 - 5))));
        let conflict = (number % 50 == 0).then(|| Arrival::from((again, at)));
        [Some(Arrival::from((order, at))), copy, conflict]
    };
    (0..count).flat_map(one).flatten().map(|arrival| arrival.record(partitions)).collect()
}

fn ends(journal: &Arc<dyn Journal>) -> BTreeMap<u32, u64> {
    (0..).zip(journal.ends().unwrap()).collect()
}

#[test]
fn more_than_fits_into_memory_goes_through_files() {
    let (dir, journal) = (tempfile::tempdir().unwrap(), journal_of(crowd(12_000, 3), 3));
    let until = ends(&journal);
    let expected = folded(&dir.path().join("folded"), &journal, &until, 4_096);
    let counts = expected.snapshot().shards().unwrap();
    assert!(counts.iter().all(|(_, shard)| shard.copies > 100 && shard.conflicts > 10), "{counts:?}");
    for (memory_bytes, threads) in [(64 << 20, 2), (256 << 10, 2), (256 << 10, 1), (1 << 20, 5)] {
        let found = loaded(
            &dir.path().join(format!("loaded-{memory_bytes}-{threads}")),
            &journal,
            &until,
            How { memory_bytes, threads },
        );
        assert_same(&expected, &found);
    }
}

#[test]
fn whoever_leaves_ends_it_and_nothing_is_left() {
    let (dir, journal) = (tempfile::tempdir().unwrap(), journal_of(crowd(12_000, 3), 3));
    let until = ends(&journal);
    let how = How { memory_bytes: 256 << 10, threads: 2 };
    let expected = folded(&dir.path().join("folded"), &journal, &until, 4_096);
    let store = open_store(&dir.path().join("loaded"), journal.as_ref());
    let total: u64 = until.values().sum();
    let mut left = 0;
    for part in 0..8_u64 {
        // Leaves at once, while it reads, while it folds.
        let mut told = |progress: &BulkProgress| progress.records < total * part / 8;
        match load(&store, journal.as_ref(), &settings(how), &until, &mut told) {
            Err(BulkError::Left) => left += 1,
            other => panic!("{other:?}"),
        }
        assert!(store.is_unfolded().unwrap());
        assert!(!dir.path().join("loaded/bulk").exists());
    }
    assert_eq!(left, 8);
    assert!(matches!(load(&store, journal.as_ref(), &settings(how), &until, &mut |_| true), Ok(Loaded::Whole(_))));
    assert_same(&expected, &store);
}

/// The files are in the state, and the machine dies before anything accounts for them.
#[test]
fn rows_without_offsets_are_loaded_anew() {
    let (dir, how) = (tempfile::tempdir().unwrap(), How { memory_bytes: 1 << 20, threads: 2 });
    let one = |number: i64| {
        let who = format!("user_id:u{}", number % 91);
        let order = order(&format!("m{number}"), number * 500, &who, &format!("o{number}"), "2.50");
        Arrival::from((order, Micros(1_900_000_000_000_000))).record(3)
    };
    let journal = journal_of((0..2_000).map(one).collect(), 3);
    let until = ends(&journal);
    let expected = folded(&dir.path().join("folded"), &journal, &until, 4_096);
    let store = loaded(&dir.path().join("loaded"), &journal, &until, how);
    let mut batch = Batch::default();
    until.keys().for_each(|partition| batch.delete::<Shards>(partition));
    store.write(batch).unwrap();
    drop(store);
    std::fs::create_dir(dir.path().join("loaded/bulk")).unwrap();
    std::fs::write(dir.path().join("loaded/bulk/timeline-1.sst"), b"half a file").unwrap();
    let found = loaded(&dir.path().join("loaded"), &journal, &until, how);
    assert_same(&expected, &found);
    assert!(!dir.path().join("loaded/bulk").exists());
}

#[test]
fn records_of_a_newer_version_and_too_many_conflicts_are_left_to_the_ordinary_fold() {
    let how = How { memory_bytes: 1 << 20, threads: 2 };
    let newer = Envelope {
        format_version: 99,
        partition_key: vec![7; 16],
        source: "test".into(),
        received_at: Some(Micros(1).to_proto()),
        ..Envelope::default()
    };
    let mut records = crowd(100, 1);
    records.push(NewRecord { value: newer.encode_to_vec(), ..NewRecord::default() });
    let conflicts = (0..6_000).map(|number| {
        let one = touchpoint("application_opened", &format!("m{}", number / 2), number, "user_id:u");
        Arrival::from((one, Micros(1_900_000_000_000_000))).record(1)
    });
    for (records, unfit) in [(records, Unfit::Newer(99)), (conflicts.collect(), Unfit::TooManyAside)] {
        let (dir, journal) = (tempfile::tempdir().unwrap(), journal_of(records, 1));
        let store = open_store(dir.path(), journal.as_ref());
        let found = load(&store, journal.as_ref(), &settings(how), &ends(&journal), &mut |_| true).unwrap();
        assert_eq!(found, Loaded::Unfit(unfit));
        assert!(store.is_unfolded().unwrap());
        assert_eq!(digest(&store).parts.len(), 0);
    }
}
