//! Over a journal in memory that fails on demand: nothing is lost, what comes again has the same bytes, a topic of others is refused.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use journal::{AppendError, PollLimits, ReadError, Reader, Record, Topology, memory::MemoryJournal};
use store::{
    StoreSettings,
    published::{
        PUBLISHED_FORMAT_VERSION, PublishedManifest,
        memberships::{MembershipCause, MembershipChange, MembershipsTold},
    },
};
use types::{IdentifierId, Micros};

use super::*;
use crate::relay::RelayFormat;

/// A topic of which some appends are carried out and then told as failed.
struct Topic {
    inner: MemoryJournal,
    appends: AtomicU64,
    fails_each: u64,
}

#[async_trait]
impl Journal for Topic {
    fn topology(&self) -> Topology {
        self.inner.topology()
    }

    fn record_bytes_max(&self) -> usize {
        self.inner.record_bytes_max()
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        let positions = self.inner.append(records).await?;
        let count = self.appends.fetch_add(1, Ordering::Relaxed);
        if self.fails_each > 0 && count % self.fails_each == self.fails_each - 1 {
            return Err(AppendError::Unavailable { reason: "the answer was lost".to_owned() });
        }
        Ok(positions)
    }

    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
        self.inner.reader(from)
    }

    fn ends(&self) -> Result<Vec<u64>, ReadError> {
        self.inner.ends()
    }

    fn starts(&self) -> Result<Vec<u64>, ReadError> {
        self.inner.starts()
    }
}

fn topic(fails_each: u64) -> Arc<Topic> {
    Arc::new(Topic { inner: MemoryJournal::new(3), appends: AtomicU64::new(0), fails_each })
}

fn change(customer: u8) -> MembershipChange {
    MembershipChange {
        customer: IdentifierId([customer; 16]),
        segment: "s".into(),
        version: 1,
        entered: true,
        effective_at: Micros(1),
        correction: false,
        cause: MembershipCause::Time,
        generation: 1,
        observed_at: Micros(2),
        applied: BTreeMap::new(),
    }
}

fn published(dir: &std::path::Path) -> Arc<Published> {
    let manifest = PublishedManifest { format_version: PUBLISHED_FORMAT_VERSION, ..PublishedManifest::default() };
    Arc::new(Published::open(&StoreSettings::small(dir), &manifest).unwrap())
}

fn tell(published: &Published, customers: impl Iterator<Item = u8>, kept_max: u64) -> MembershipsTold {
    let changes: Vec<MembershipChange> = customers.map(change).collect();
    let told = published.memberships_told().unwrap();
    published.tell_memberships(told, &BTreeMap::new(), &changes, kept_max).unwrap()
}

/// Shows another text each time that it is asked, as identifiers do that were linked meanwhile.
fn settings() -> RelaySettings {
    let asked = AtomicU64::new(0);
    RelaySettings {
        format: RelayFormat::Json,
        shown: Box::new(move |changes| {
            let again = asked.fetch_add(1, Ordering::Relaxed);
            let shown = |(sequence, change): &(u64, MembershipChange)| proto::segment::MembershipChange {
                change_id: format!("change-{sequence}"),
                sequence: *sequence,
                customer_id: change.customer.to_string(),
                segment: format!("shown {again}"),
                ..Default::default()
            };
            Ok(changes.iter().map(shown).collect())
        }),
    }
}

fn all(topic: &Topic) -> Vec<Record> {
    let from = (0..3).map(|partition| Position { partition, offset: 0 }).collect();
    let mut reader = topic.reader(from).unwrap();
    let limits = PollLimits { records_max: 100_000, bytes_max: 1 << 30 };
    let mut records = Vec::new();
    loop {
        let more = reader.poll(limits, Duration::from_millis(1)).unwrap();
        if more.is_empty() {
            return records;
        }
        records.extend(more);
    }
}

fn id(record: &Record) -> &[u8] {
    &record.headers.iter().find(|header| header.name == "ce_id").unwrap().value
}

#[test]
fn answers_that_are_lost_lose_nothing_and_copies_are_equal() {
    let dir = tempfile::tempdir().unwrap();
    let (published, topic) = (published(dir.path()), topic(17));
    tell(&published, (0..1_500_u32).map(|n| u8::try_from(n % 40).unwrap()), 0);
    // A kill between any two writes is a relay that begins anew from what is on disk.
    while published.relay().unwrap().is_none_or(|row| row.acknowledged < 1_500) {
        let mut standing = Standing::open(Arc::clone(&published), topic.clone(), "t").unwrap();
        let settings = settings();
        while standing.step(&settings, &|| true).is_ok_and(|count| count > 0) {}
    }
    let records = all(&topic);
    let mut values: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    let mut last: BTreeMap<&[u8], u64> = BTreeMap::new();
    for record in &records {
        if values.get(id(record)).is_some_and(|held| *held != record.value) {
            panic!("a copy differs: {record:?}");
        }
        if values.insert(id(record), &record.value).is_none() {
            let shown: proto::segment::MembershipChange =
                proto::json::from_str(std::str::from_utf8(&record.value).unwrap()).unwrap();
            let before = last.insert(&record.key, shown.sequence);
            assert!(before.is_none_or(|before| before < shown.sequence), "out of order: {record:?}");
        }
    }
    assert_eq!(values.len(), 1_500);
    assert!(records.len() > values.len(), "nothing was sent twice");
}

#[test]
fn of_each_customer_one_change_is_under_way_at_once() {
    let record = |sequence, key: u8| RelayRecord { sequence, key: vec![key], value: Vec::new(), headers: Vec::new() };
    let records = [record(1, 1), record(2, 2), record(3, 1), record(4, 1), record(5, 3), record(6, 2)];
    let sequences = waves(&records).into_iter().map(|wave| wave.iter().map(|one| one.sequence).collect::<Vec<_>>());
    assert_eq!(sequences.collect::<Vec<_>>(), [vec![1, 2, 5], vec![3, 6], vec![4]]);
}

#[test]
fn a_topic_of_another_feed_and_a_gap_are_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let published = published(&dir.path().join("first"));
    let first = topic(0);
    tell(&published, 0..5, 0);
    let settings = settings();
    let mut standing = Standing::open(Arc::clone(&published), first.clone(), "t").unwrap();
    assert_eq!((standing.step(&settings, &|| true).unwrap(), standing.acknowledged()), (5, 5));
    drop((standing, published));

    let second = self::published(&dir.path().join("second"));
    let said = Standing::open(Arc::clone(&second), first.clone(), "t").unwrap_err().to_string();
    assert!(said.contains("another feed") && said.contains("exactly one projector"), "{said}");

    // Nothing is relayed while no topic is named, and so nothing is held back.
    let again = self::published(&dir.path().join("first"));
    let told = tell(&again, 5..20, 2);
    assert_eq!((told.forgotten, told.last), (18, 20));
    let said = Standing::open(Arc::clone(&again), first, "t").unwrap_err().to_string();
    assert!(said.contains("up to 5") && said.contains("up to 18") && said.contains("name another topic"), "{said}");

    // Another topic begins with what is kept.
    let other = topic(0);
    let mut standing = Standing::open(Arc::clone(&again), other.clone(), "u").unwrap();
    assert_eq!(standing.step(&settings, &|| true).unwrap(), 2);
    let ids: BTreeSet<Vec<u8>> = all(&other).iter().map(|record| id(record).to_vec()).collect();
    assert_eq!(ids, BTreeSet::from([b"change-19".to_vec(), b"change-20".to_vec()]));
}

#[test]
fn records_of_others_between_ours_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (published, topic) = (published(dir.path()), topic(0));
    let mut standing = Standing::open(published, topic, "t").unwrap();
    let at = |partition, offset| Position { partition, offset };
    assert_eq!(standing.foreign(&[at(0, 7), at(1, 3), at(0, 8)]), 0);
    assert_eq!(standing.foreign(&[at(0, 9), at(1, 6), at(2, 5)]), 2);
    assert_eq!(standing.foreign(&[at(1, 7)]), 0);
}
