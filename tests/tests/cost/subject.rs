//! What is measured: folding a fixed journal, by the projector into a state on disk, or by the pure fold in memory.
//!
//! Owns the workload. It runs in a process of its own that does nothing else.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use journal::{
    Journal, PollLimits, Position,
    embedded::{EmbeddedConfig, EmbeddedJournal},
};
use patron::generate::{Generator, Settings};
use profile::{Fact, State};
use projector::{Projector, ProjectorSettings};
use prost::Message;
use stats_alloc::Region;
use tests::pipeline::{hash_key, journals, open_store, record};
use tokio::runtime::{Builder, Runtime};
use types::{
    ContentHash, FragmentId, Identifier, IdentifierId, Micros, Progress,
    record::{Envelope, Touchpoint},
};

/// What folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The projector's whole path: from the journal's records to one durable write a batch.
    Projector,
    /// `profile::State::add` over touchpoints that are decoded before.
    Profile,
}

/// How much it folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Until nearly every fragment is there.
    Warm,
    /// That, and `STEADY` more touchpoints.
    Steady,
}

/// Touchpoints of the first run, and how many more are in the second.
const WARM: usize = 4_096;
/// How many more touchpoints the second run has.
pub(crate) const STEADY: usize = 4_096;
/// Few enough that they come again and again, too many for a batch to touch them all.
const CUSTOMERS: u64 = 400;
const BATCH_RECORDS: usize = 512;
const BATCH_BYTES: usize = 1 << 20;
/// All fragments find room.
const WARM_BYTES: usize = 8 << 20;

const WAIT_MAX: Duration = Duration::from_secs(600);

const ASKED: &str = "PATRON_COST_SUBJECT";

/// Where the workload lies and what to do with it, as the environment says it.
pub(crate) fn environment(subject: Subject, length: Length, dir: &Path) -> [(&'static str, String); 3] {
    let dir = dir.to_str().expect("UTF-8").to_owned();
    [(ASKED, format!("{subject:?}")), ("PATRON_COST_LENGTH", format!("{length:?}")), ("PATRON_COST_DIR", dir)]
}

/// Runs the subject that the environment asks for and notes its heap allocations; false if it asks for none.
pub(crate) fn run_if_asked() -> bool {
    let Ok(subject) = env::var(ASKED) else { return false };
    let dir = PathBuf::from(env::var("PATRON_COST_DIR").expect("set with the subject"));
    let length = match env::var("PATRON_COST_LENGTH").as_deref() {
        Ok("Warm") => Length::Warm,
        _ => Length::Steady,
    };
    let state = tempfile::tempdir_in(&dir).expect("a folder");
    let region = Region::new(crate::COUNTED);
    match subject.as_str() {
        "Projector" => project(&journal_dir(&dir, length), state.path()),
        _ => fold(&journal_dir(&dir, Length::Steady), length),
    }
    let counted = region.change();
    fs::write(noted(&dir, length), (counted.allocations + counted.reallocations).to_string()).expect("a file");
    true
}

/// Where a run of that length notes its heap allocations.
pub(crate) fn noted(dir: &Path, length: Length) -> PathBuf {
    dir.join(format!("{length:?}.allocations"))
}

/// Writes the journals that are folded: always the same touchpoints, as ingest seals them.
pub(crate) fn prepare(dir: &Path) {
    let start = Micros::parse_rfc3339("2026-03-01T00:00:00Z").expect("a time");
    let touchpoints = (WARM + STEADY) as u64;
    let settings = Settings { seed: 5, customers: CUSTOMERS, touchpoints, start, days: 60, uniform: false };
    let made = Generator::new(settings).expect("in range").map(|touchpoint| {
        let received_at = Micros(touchpoint.occurred().0 + 1_000_000);
        record(&(touchpoint, received_at), 1)
    });
    let records: Vec<_> = made.collect();
    for (length, many) in [(Length::Warm, WARM), (Length::Steady, WARM + STEADY)] {
        let dir = journal_dir(dir, length);
        fs::create_dir_all(&dir).expect("a folder");
        runtime()
            .block_on(open(&dir).append(records.iter().take(many).cloned().collect()))
            .expect("the journal takes all");
    }
}

fn journal_dir(dir: &Path, length: Length) -> PathBuf {
    dir.join(format!("{length:?}.journal"))
}

fn open(dir: &Path) -> Arc<EmbeddedJournal> {
    let config = EmbeddedConfig { fsync: false, ..EmbeddedConfig::new(dir, 1) };
    Arc::new(EmbeddedJournal::open(config).expect("the journal opens"))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn project(journal: &Path, state: &Path) {
    let journal = open(journal);
    let store = open_store(state, journal.as_ref());
    let (batch_records_max, batch_bytes_max, warm_bytes) = (BATCH_RECORDS, BATCH_BYTES, WARM_BYTES);
    let settings = ProjectorSettings { hash_key: hash_key(), batch_records_max, batch_bytes_max, warm_bytes };
    let end = journal.ends().expect("the journal answers").iter().sum::<u64>();
    let projector = Projector::start(store, &journals(&(journal as Arc<dyn Journal>)), settings).expect("it starts");
    let mut progress = projector.progress();
    let all = |progress: &Progress| progress.applied.get(&0).is_some_and(|applied| *applied == end);
    let folded = async { tokio::time::timeout(WAIT_MAX, progress.wait_for(all)).await.map(drop) };
    runtime().block_on(folded).expect("folded in time");
    projector.stop();
}

fn fold(journal: &Path, length: Length) {
    let key = hash_key();
    let touchpoints = touchpoints(journal);
    let mut states: BTreeMap<FragmentId, State> = BTreeMap::new();
    let folded = if length == Length::Warm { WARM } else { WARM + STEADY };
    for (fragment, content, touchpoint) in touchpoints.iter().take(folded) {
        states.entry(*fragment).or_default().add(&Fact::new(touchpoint, *content), &key);
    }
}

fn touchpoints(journal: &Path) -> Vec<(FragmentId, ContentHash, Touchpoint)> {
    let mut reader = open(journal).reader(vec![Position { partition: 0, offset: 0 }]).expect("from the start");
    let limits = PollLimits { records_max: WARM + STEADY, bytes_max: usize::MAX };
    let mut read = Vec::new();
    while read.len() < WARM + STEADY {
        let records = reader.poll(limits, WAIT_MAX).expect("the journal answers");
        read.extend(records.iter().map(|record| keyed(&record.value)));
    }
    read
}

fn keyed(value: &[u8]) -> (FragmentId, ContentHash, Touchpoint) {
    let key = hash_key();
    let envelope = Envelope::decode(value).expect("ingest sealed it");
    let touchpoint = Touchpoint::decode(envelope.payload.as_slice()).expect("ingest sealed it");
    let ids = touchpoint.identifiers.iter().map(|message| key.identifier_id(&Identifier::from(message)));
    let mut ids: Vec<IdentifierId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    (key.fragment_id(&ids), key.content_hash(&envelope.payload), touchpoint)
}
