//! A disk that fills up, refuses or fails to sync.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;

const NO_SPACE: i32 = 28;

/// A disk with room for some more bytes.
#[derive(Debug)]
struct FaultyDisk {
    room_bytes: AtomicU64,
    syncs: AtomicBool,
    truncates: AtomicBool,
}

impl FaultyDisk {
    fn new() -> Arc<Self> {
        Arc::new(Self { room_bytes: u64::MAX.into(), syncs: true.into(), truncates: true.into() })
    }

    fn leave_room(&self, bytes: u64) {
        self.room_bytes.store(bytes, Ordering::SeqCst);
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path, content: &[u8]) -> io::Result<File> {
        if self.room_bytes.load(Ordering::SeqCst) < content.len() as u64 {
            return Err(io::Error::from_raw_os_error(NO_SPACE));
        }
        RealDisk.create(path, content)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        let room = self.room_bytes.load(Ordering::SeqCst).min(bytes.len() as u64);
        if room == bytes.len() as u64 {
            self.room_bytes.fetch_sub(room, Ordering::SeqCst);
            return RealDisk.write_at(file, bytes, at);
        }
        RealDisk.write_at(file, &bytes[..room as usize], at)?;
        Err(io::Error::from_raw_os_error(NO_SPACE))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.syncs.load(Ordering::SeqCst) { RealDisk.sync(file) } else { Err(io::Error::other("sync failed")) }
    }

    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        let works = self.truncates.load(Ordering::SeqCst);
        if works { RealDisk.truncate(file, bytes) } else { Err(io::Error::other("truncate failed")) }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_whole_calls_and_the_journal_goes_on_when_space_returns() {
    let (_dir, config) = folder(2);
    let disk = FaultyDisk::new();
    let journal = EmbeddedJournal::open_on(config.clone(), disk.clone()).unwrap();
    append_each(&journal, 0, &["before"]).await;
    let sizes = || [0, 1].map(|partition| fs::metadata(&segment_files(&config, partition)[0]).unwrap().len());
    let before = sizes();
    let call = || vec![record(0, "zero"), record(1, "one"), record(0, "zero again")];
    // A call of three records takes 122 bytes: 84 in partition 0, then 38 in partition 1.
    for room in 0..122 {
        disk.leave_room(room);
        let error = journal.append(call()).await.unwrap_err();
        assert!(matches!(error, AppendError::Full { .. }) && error.is_retriable(), "{room}: {error}");
        assert_eq!(sizes(), before, "{room}: nothing of the call remains");
        assert_eq!(journal.ends().unwrap(), [1, 0]);
    }
    disk.leave_room(u64::MAX);
    let positions = journal.append(call()).await.unwrap();
    let expected = [(0, 1), (1, 0), (0, 2)];
    assert_eq!(positions, expected.map(|(partition, offset)| Position { partition, offset }));
    drop(journal);
    let journal = EmbeddedJournal::open(config).unwrap();
    assert_eq!(values(&journal, 0), ["before", "zero", "zero again"]);
    assert_eq!(values(&journal, 1), ["one"]);
}

#[tokio::test]
async fn a_segment_that_cannot_be_created_refuses_the_call_and_is_created_later() {
    let (_dir, config) = folder(1);
    let config = EmbeddedConfig { segment_bytes_max: 64, ..config };
    let disk = FaultyDisk::new();
    let journal = EmbeddedJournal::open_on(config.clone(), disk.clone()).unwrap();
    append_each(&journal, 0, &["first"]).await;
    // Room for no header; then for a header, but not for the record behind it.
    for room in [10, 70, 0, 65] {
        disk.leave_room(room);
        let error = journal.append(vec![record(0, "x".repeat(100))]).await.unwrap_err();
        assert!(matches!(error, AppendError::Full { .. }), "{error}");
    }
    disk.leave_room(u64::MAX);
    append_each(&journal, 0, &["second", "third"]).await;
    drop(journal);
    assert_eq!(values(&EmbeddedJournal::open(config).unwrap(), 0), ["first", "second", "third"]);
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_until_a_restart() {
    let (_dir, config) = folder(2);
    let disk = FaultyDisk::new();
    let journal = EmbeddedJournal::open_on(config.clone(), disk.clone()).unwrap();
    append_each(&journal, 0, &["before"]).await;
    disk.syncs.store(false, Ordering::SeqCst);
    let call = || vec![record(0, "zero"), record(1, "one")];
    for _ in 0..2 {
        let error = journal.append(call()).await.unwrap_err();
        assert!(matches!(error, AppendError::Closed { .. }) && !error.is_retriable(), "{error}");
        assert!(error.to_string().contains("restart"), "{error}");
        disk.syncs.store(true, Ordering::SeqCst);
    }
    assert_eq!(journal.ends().unwrap(), [1, 0]);
    assert_eq!(values(&journal, 0), ["before"], "what is durable stays readable");
    drop(journal);
    let journal = EmbeddedJournal::open(config).unwrap();
    append_each(&journal, 0, &["after"]).await;
    assert_eq!(values(&journal, 0), ["before", "after"]);
}

#[tokio::test]
async fn a_half_written_commit_that_cannot_be_undone_stops_the_journal_and_a_restart_repairs_it() {
    let (_dir, config) = folder(1);
    let disk = FaultyDisk::new();
    let journal = EmbeddedJournal::open_on(config.clone(), disk.clone()).unwrap();
    append_each(&journal, 0, &["before"]).await;
    disk.leave_room(20);
    disk.truncates.store(false, Ordering::SeqCst);
    assert!(matches!(journal.append(vec![record(0, "half")]).await, Err(AppendError::Closed { .. })));
    disk.leave_room(u64::MAX);
    assert!(matches!(journal.append(vec![record(0, "more")]).await, Err(AppendError::Closed { .. })));
    drop(journal);
    assert_eq!(values(&EmbeddedJournal::open(config).unwrap(), 0), ["before"]);
}

/// What may happen to a journal.
#[derive(Debug, Clone)]
enum Step {
    /// A call: the partition and size of each record.
    Append(Vec<(u32, usize)>),
    /// The disk has so much room from now on.
    LeaveRoom(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((0..3_u32, 0..300_usize), 0..6).prop_map(Step::Append),
        1 => (0..1000_u64).prop_map(Step::LeaveRoom),
        1 => Just(Step::LeaveRoom(u64::MAX)),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The journal holds exactly what it accepted, in order, whatever the disk and restarts did.
    #[test]
    fn the_journal_holds_exactly_what_it_accepted(steps in prop::collection::vec(step(), 1..30), segment_bytes_max in 64..2000_u64) {
        let (_dir, config) = folder(3);
        let config = EmbeddedConfig { segment_bytes_max, fsync: false, ..config };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let disk = FaultyDisk::new();
        let mut journal = EmbeddedJournal::open_on(config.clone(), disk.clone()).unwrap();
        let mut model: [Vec<Vec<u8>>; 3] = Default::default();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::LeaveRoom(bytes) => disk.leave_room(bytes),
                Step::Reopen => {
                    drop(journal);
                    journal = EmbeddedJournal::open_on(config.clone(), disk.clone()).unwrap();
                }
                Step::Append(sizes) => {
                    let records: Vec<_> = sizes.iter().map(|(p, size)| record(*p, vec![n as u8; *size])).collect();
                    if runtime.block_on(journal.append(records.clone())).is_ok() {
                        records.into_iter().for_each(|record| model[record.partition as usize].push(record.value));
                    }
                }
            }
            let mut held: [Vec<Vec<u8>>; 3] = Default::default();
            for record in read_all(&journal).unwrap() {
                held[record.position.partition as usize].push(record.value);
            }
            prop_assert_eq!(&held, &model);
        }
    }
}
