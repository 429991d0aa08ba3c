//! A new generation is loaded all together: what is seen of it meanwhile, that nobody can serve it before its end, and that it can be
//! dropped or stopped in the middle and leaves nothing behind.
#![cfg(test)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use journal::{
    AppendError, Journal, NewRecord, PollLimits, Position, ReadError, Reader, Record, Topology, memory::MemoryJournal,
};
use projector::{Generations, GenerationsSettings, Journals, Rebuilds};
use proto::admin::{
    DiffRebuildResponse, PromoteRebuildRequest, RebuildState, rebuild_service_server::RebuildService as _,
};
use tests::{
    pipeline::{Arrival, journals, manifest, projector_settings},
    process::wait_a_little,
    touchpoints::{order, touchpoint},
};
use types::Micros;

const PARTITIONS: u32 = 3;
/// Touchpoints of the journal; as many records and a fifth more are copies, conflicts or nothing that can be read.
const TOUCHPOINTS: i64 = 3_000;
const OPEN: usize = usize::MAX;

/// A journal that gives out so many more records and then no more, until it is told otherwise.
struct Gated {
    inner: MemoryJournal,
    left: Arc<AtomicUsize>,
    /// Whether it answers at all.
    broken: Arc<AtomicBool>,
    failures: Arc<AtomicU64>,
}

struct GatedReader {
    inner: Box<dyn Reader>,
    left: Arc<AtomicUsize>,
    broken: Arc<AtomicBool>,
    failures: Arc<AtomicU64>,
}

impl Gated {
    fn gate(&self, left: usize) {
        self.left.store(left, Ordering::SeqCst);
    }
}

#[async_trait]
impl Journal for Gated {
    fn topology(&self) -> Topology {
        self.inner.topology()
    }

    fn record_bytes_max(&self) -> usize {
        self.inner.record_bytes_max()
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        self.inner.append(records).await
    }

    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
        let (left, broken, failures) = (Arc::clone(&self.left), Arc::clone(&self.broken), Arc::clone(&self.failures));
        Ok(Box::new(GatedReader { inner: self.inner.reader(from)?, left, broken, failures }))
    }

    fn ends(&self) -> Result<Vec<u64>, ReadError> {
        self.inner.ends()
    }

    fn starts(&self) -> Result<Vec<u64>, ReadError> {
        self.inner.starts()
    }
}

impl Reader for GatedReader {
    fn poll(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<Record>, ReadError> {
        if self.broken.load(Ordering::SeqCst) {
            self.failures.fetch_add(1, Ordering::SeqCst);
            return Err(ReadError::NoSuchPartition { partition: 99, partitions: PARTITIONS });
        }
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            thread::park_timeout(wait);
            return Ok(Vec::new());
        }
        let records = self.inner.poll(PollLimits { records_max: limits.records_max.min(left), ..limits }, wait)?;
        if left != OPEN {
            self.left.fetch_sub(records.len(), Ordering::SeqCst);
        }
        Ok(records)
    }
}

fn records() -> Vec<NewRecord> {
    let one = |number: i64| {
        let (message, who) = (format!("m{number}"), format!("user_id:u{}", number % 50));
        let at = Micros(1_900_000_000_000_000 + number);
        let order = order(&message, number * 500, &who, &format!("o{}", number % 900), "2.50");
        let other = touchpoint("application_opened", &message, number, &who);
        let again = match number % 20 {
            0 => Some(Arrival::from((order.clone(), Micros(at.0 - 1_000_000))).record(PARTITIONS)),
            5 => Some(Arrival::from((other, at)).record(PARTITIONS)),
            10 | 15 => Some(NewRecord { value: b"\xff".to_vec(), ..NewRecord::default() }),
            _ => None,
        };
        [Some(Arrival::from((order, at)).record(PARTITIONS)), again]
    };
    (0..TOUCHPOINTS).flat_map(one).flatten().collect()
}

fn journal() -> (Arc<Gated>, u64) {
    journal_of(records())
}

fn journal_of(records: Vec<NewRecord>) -> (Arc<Gated>, u64) {
    let (left, broken, failures) = (Arc::new(AtomicUsize::new(OPEN)), Arc::default(), Arc::default());
    let journal = Arc::new(Gated { inner: MemoryJournal::new(PARTITIONS), left, broken, failures });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(journal.append(records)).unwrap();
    let total = journal.ends().unwrap().iter().sum();
    (journal, total)
}

fn open(data_dir: &Path, journal: &Arc<Gated>) -> Arc<Generations> {
    let settings = GenerationsSettings {
        data_dir: data_dir.to_owned(),
        manifest: manifest(journal.as_ref()),
        cache: store::BlockCache::new(8 << 20),
        write_buffer_bytes: 8 << 20,
        sync: false,
        // So little that entries go through files.
        rebuild_memory_bytes: 1 << 20,
        projector: projector_settings(100),
        clock: || Micros(1),
    };
    let touchpoints: Arc<dyn Journal> = Arc::clone(journal) as Arc<dyn Journal>;
    let journals = Journals { touchpoints: Arc::clone(&touchpoints), ..journals(&touchpoints) };
    Arc::new(Generations::open(settings, journals).unwrap())
}

fn until(what: &str, mut there: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < end, "{what}");
        wait_a_little();
    }
}

fn all_folded(generations: &Generations) {
    until("all is folded", || {
        let rebuild = generations.overview();
        [rebuild.live, rebuild.building].iter().flatten().all(|generation| generation.lag == 0)
    });
}

/// Starts a rebuild whose load stands in the middle of the journal.
fn start_and_stand(generations: &Generations, journal: &Gated) {
    journal.gate(1_000);
    generations.start(None).unwrap();
    until("it reads up to the gate", || generations.overview().records_folded == 500);
}

fn assert_equal(generations: &Generations) {
    let found: DiffRebuildResponse = generations.compare(10, &AtomicBool::new(false)).unwrap();
    assert!(found.same_offsets && found.live_customers == 50 && found.same == 50, "{found:?}");
    assert!(found.digests.len() > 5 && found.digests.iter().all(|part| part.live == part.other), "{found:?}");
}

fn dir_of(data_dir: &Path, number: u32) -> std::path::PathBuf {
    data_dir.join(format!("generations/{number:08}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_seen_and_cannot_be_served_before_its_end() {
    let data = tempfile::tempdir().unwrap();
    let (journal, total) = tokio::task::spawn_blocking(journal).await.unwrap();
    let generations = open(data.path(), &journal);
    all_folded(&generations);
    start_and_stand(&generations, &journal);
    let rebuild = generations.overview();
    let building = rebuild.building.clone().unwrap();
    assert_eq!((rebuild.state(), building.lag, rebuild.records_total), (RebuildState::Building, total, total));
    assert!(building.applied.values().all(|offset| *offset == 0), "nothing of it is there yet");
    assert!(rebuild.remaining.is_some() && rebuild.records_per_second > 0.0, "{rebuild:?}");
    assert!(dir_of(data.path(), 2).join("bulk").is_dir());

    let rebuilds = Rebuilds::new(Arc::clone(&generations), Arc::new(|| Ok(identity::Rules::default())));
    let force = || tonic::Request::new(PromoteRebuildRequest { force: true, ..PromoteRebuildRequest::default() });
    let refused = rebuilds.promote_rebuild(force()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert!(refused.message().contains("it is being loaded") && refused.message().contains("abort"), "{refused:?}");

    // A journal that does not answer is said to be so, and asked again.
    journal.broken.store(true, Ordering::SeqCst);
    until("it says why it stands still", || {
        generations.overview().building.is_some_and(|building| building.halted.contains("partition 99"))
    });
    journal.broken.store(false, Ordering::SeqCst);
    journal.gate(OPEN);
    all_folded(&generations);
    let rebuild = generations.overview();
    assert_eq!((rebuild.records_folded, rebuild.building.unwrap().halted.as_str()), (total, ""));
    assert_equal(&generations);
    rebuilds.promote_rebuild(force()).await.unwrap();
    assert!(!dir_of(data.path(), 2).join("bulk").exists());
    // What comes in is folded into both.
    let more = touchpoint("application_opened", "new", 1, "user_id:u1");
    journal.append(vec![Arrival::from((more, Micros(1_900_000_000_000_000))).record(PARTITIONS)]).await.unwrap();
    until("both have it", || {
        let rebuild = generations.overview();
        [rebuild.live, rebuild.previous].iter().flatten().all(|generation| generation.lag == 0)
    });
    assert_equal(&generations);
    generations.stop();
}

#[test]
fn it_is_dropped_in_the_middle() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = journal();
    let generations = open(data.path(), &journal);
    all_folded(&generations);
    start_and_stand(&generations, &journal);
    generations.abort().unwrap();
    assert!(generations.overview().building.is_none());
    until("its files go", || !dir_of(data.path(), 2).exists());
    journal.gate(OPEN);
    generations.start(None).unwrap();
    all_folded(&generations);
    assert_equal(&generations);
    generations.stop();
}

#[test]
fn it_is_begun_anew_after_a_stop_in_the_middle() {
    let data = tempfile::tempdir().unwrap();
    let (journal, total) = journal();
    let generations = open(data.path(), &journal);
    all_folded(&generations);
    start_and_stand(&generations, &journal);
    generations.stop();
    drop(generations);
    assert!(dir_of(data.path(), 2).is_dir() && !dir_of(data.path(), 2).join("bulk").exists());
    journal.gate(OPEN);
    let generations = open(data.path(), &journal);
    all_folded(&generations);
    assert_eq!(generations.overview().records_folded, total);
    assert_equal(&generations);
    generations.stop();
}

#[test]
fn what_is_mostly_conflicts_is_folded_batch_by_batch() {
    let data = tempfile::tempdir().unwrap();
    let conflicting = (0..6_000).map(|number| {
        let (message, who) = (format!("m{}", number / 2), format!("user_id:u{}", number / 2 % 50));
        let one = touchpoint("application_opened", &message, number, &who);
        Arrival::from((one, Micros(1_900_000_000_000_000))).record(PARTITIONS)
    });
    let (journal, total) = journal_of(conflicting.collect());
    let generations = open(data.path(), &journal);
    all_folded(&generations);
    generations.start(None).unwrap();
    all_folded(&generations);
    assert_eq!(generations.overview().records_folded, total);
    assert_equal(&generations);
    generations.stop();
}
