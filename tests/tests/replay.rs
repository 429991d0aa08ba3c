//! A replay stops exactly where it is told to: the state is that of the journal's records below, and of no others.
#![cfg(test)]

use std::{collections::BTreeMap, sync::Arc};

use journal::{Journal, PollLimits, memory::MemoryJournal};
use projector::replay::{ReplayError, replay};
use store::digest::StateDigest;
use tests::{
    pipeline::{Received, hash_key, open_store, record},
    touchpoints::order,
};
use types::Micros;

const PARTITIONS: u32 = 3;

fn received(count: i64) -> Vec<Received> {
    let one = |number: i64| {
        let (message, who) = (format!("m{number}"), format!("user_id:u{}", number % 7));
        (
            order(&message, number * 1_000, &who, &format!("o{}", number % 11), "2.50"),
            Micros(1_900_000_000_000_000 + number),
        )
    };
    (0..count).map(one).collect()
}

fn digest_of(
    journal: &dyn Journal,
    until: &BTreeMap<u32, u64>,
    records_max: usize,
) -> (StateDigest, BTreeMap<u32, u64>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), journal);
    let limits = PollLimits { records_max, bytes_max: 1 << 20 };
    replay(&store, journal, &hash_key(), limits, until, &mut |_| true).unwrap();
    let snapshot = store.snapshot();
    let applied = snapshot.shards().unwrap().into_iter().map(|(partition, shard)| (partition, shard.applied)).collect();
    (StateDigest::of(&snapshot, &identity::Rules::default(), &hash_key()).unwrap(), applied)
}

#[tokio::test]
async fn it_folds_what_lies_below_the_given_offsets_and_nothing_else() {
    let long: Arc<dyn Journal> = Arc::new(MemoryJournal::new(PARTITIONS));
    let records: Vec<_> = received(200).iter().map(|one| record(one, PARTITIONS)).collect();
    long.append(records).await.unwrap();
    let until: BTreeMap<u32, u64> = (0..).zip(long.ends().unwrap().into_iter().map(|end| end / 2)).collect();
    let short: Arc<dyn Journal> = Arc::new(MemoryJournal::new(PARTITIONS));
    for (partition, offset) in &until {
        let of_it = received(200)
            .iter()
            .map(|one| record(one, PARTITIONS))
            .filter(|one| one.partition == *partition)
            .take(*offset as usize)
            .collect();
        short.append(of_it).await.unwrap();
    }
    let (expected, _) = digest_of(short.as_ref(), &until, 4_096);
    for records_max in [1, 7, 4_096] {
        let (found, applied) = digest_of(long.as_ref(), &until, records_max);
        assert_eq!(applied, until);
        assert_eq!(found.parts, expected.parts);
    }
}

#[tokio::test]
async fn whoever_leaves_ends_it() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new(1));
    journal.append(received(5).iter().map(|one| record(one, 1)).collect()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path(), journal.as_ref());
    let limits = PollLimits { records_max: 1, bytes_max: 1 << 20 };
    let ended = replay(&store, journal.as_ref(), &hash_key(), limits, &BTreeMap::from([(0, 5)]), &mut |_| false);
    assert!(matches!(ended, Err(ReplayError::Left)), "{ended:?}");
}
