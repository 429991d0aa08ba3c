//! A state that is folded on and on, and two services over it: one that keeps bitmaps, and one that walks through everybody.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use definition::{About, Body, Kind};
use journal::{Journal, NewRecord, memory::MemoryJournal};
use projector::Projector;
use proto::segment::{
    CountExpressionRequest, CountExpressionResponse, CountSegmentRequest, CountSegmentResponse,
    segment_service_client::SegmentServiceClient, segment_service_server::SegmentServiceServer,
};
use query::{Contexts, CountSettings, JournalFacts, Live, SegmentQueries, Serving, Told};
use store::{
    Batch, Published, StoreSettings,
    family::{
        DefinitionProgress, Definitions,
        definitions::{VersionKey, VersionRow},
    },
    published::PublishedManifest,
};
use tests::{
    pipeline::{Arrival, hash_key, journals, open_store, projector_settings, record},
    touchpoints::identifier_of,
};
use tokio::sync::watch;
use types::{
    Micros, Progress,
    record::{IdentityAction, IdentityDecision, SegmentDefinition, Touchpoint},
};

type Client = SegmentServiceClient<SegmentServiceServer<SegmentQueries>>;

/// Metrics are the process's, and so is the number of scans at once.
static ONE_TEST_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Limits that are met soon.
fn rules(emails_max: u32) -> Arc<identity::Rules> {
    let mut rules = identity::Rules { identifiers_max: 5, ..identity::Rules::default() };
    rules.sharing.insert("device_id".into(), 2);
    rules.limits.insert("email".into(), emails_max);
    Arc::new(rules)
}

/// A state and its services.
pub(crate) struct World {
    runtime: tokio::runtime::Runtime,
    journal: Arc<MemoryJournal>,
    projector: Projector,
    served: Arc<Served>,
    /// Generations that were made.
    generations: usize,
    /// Segments by name.
    defined: BTreeMap<String, String>,
    kept: Client,
    walked: Client,
    dir: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

struct Served(Mutex<Live>);

impl Serving for Served {
    fn live(&self) -> Live {
        self.0.lock().unwrap().clone()
    }
}

struct Facts(Arc<MemoryJournal>);

impl JournalFacts for Facts {
    fn ids(&self) -> (String, String) {
        Default::default()
    }

    fn ends(&self) -> Option<Vec<u64>> {
        self.0.ends().ok()
    }
}

fn generation(journal: &Arc<MemoryJournal>, dir: &Path, rules: Arc<identity::Rules>) -> (Projector, Live) {
    let store = open_store(dir, journal.as_ref());
    let settings = projector_settings(3);
    let touchpoints: Arc<dyn Journal> = Arc::clone(journal) as Arc<dyn Journal>;
    let projector = Projector::start(Arc::clone(&store), &journals(&touchpoints), settings).unwrap();
    let progress = projector.progress();
    (projector, Live { store, rules, progress })
}

impl World {
    /// An empty one, whose counts may keep so many bytes for so long. Its clock is as far as its touchpoints are.
    pub(crate) fn new(memory_bytes_max: usize, idle: Duration) -> Self {
        let turn = ONE_TEST_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let journal = Arc::new(MemoryJournal::new(2));
        let dir = tempfile::tempdir().unwrap();
        let (projector, live) = generation(&journal, &dir.path().join("0"), rules(1));
        let served = Arc::new(Served(Mutex::new(live)));
        let settings = StoreSettings::small(dir.path().join("published"));
        let published = Published::open(&settings, &PublishedManifest::default()).unwrap();
        let contexts = Contexts {
            serving: Arc::clone(&served) as Arc<dyn Serving>,
            hash_key: hash_key(),
            normaliser: Default::default(),
            journal: Arc::new(Facts(Arc::clone(&journal))),
            wait_max: Duration::from_secs(10),
            kinds: Arc::default(),
            clock: segment::Clock::Watermark,
            caps: Arc::default(),
            told: Told { published: Arc::new(published), sweep: watch::channel(None).1 },
            counts: CountSettings { memory_bytes_max, idle },
            hot: Arc::new(query::Hot::new(query::HotSettings::default())),
            definer: None,
            zone: Default::default(),
            started_at: Micros(0),
        };
        let walking = CountSettings { memory_bytes_max: 0, ..contexts.counts };
        let walked =
            SegmentServiceClient::new(SegmentQueries::server(Contexts { counts: walking, ..contexts.clone() }));
        let kept = SegmentServiceClient::new(SegmentQueries::server(contexts));
        let defined = BTreeMap::new();
        Self { runtime, journal, projector, served, generations: 1, defined, kept, walked, dir, _turn: turn }
    }

    /// Serves another generation, folded anew, under rules that allow a customer so many e-mail addresses.
    pub(crate) fn rebuild(&mut self, emails_max: u32) {
        let dir = self.dir.path().join(self.generations.to_string());
        let (projector, live) = generation(&self.journal, &dir, rules(emails_max));
        std::mem::replace(&mut self.projector, projector).stop();
        *self.served.0.lock().unwrap() = live;
        self.generations += 1;
        for (name, expression) in self.defined.clone() {
            self.define(&name, &expression);
        }
    }

    /// Publishes a touchpoint that is received at an instant.
    pub(crate) fn publish(&self, touchpoint: Touchpoint, received_at: Micros) {
        self.append(record(&(touchpoint, received_at), 2));
    }

    /// Publishes a decision that was taken at a second.
    pub(crate) fn decide(&self, second: i64, action: IdentityAction, left: &str, right: &str) {
        let decision = IdentityDecision {
            decision_id: format!("{second}"),
            action: action.into(),
            left: Some(identifier_of(left)),
            right: Some(identifier_of(right)),
            reason: "r".into(),
            operator: "o".into(),
            decided_at: Some(prost_types::Timestamp { seconds: second, nanos: 0 }),
        };
        self.append(Arrival::Decision(decision, Micros(9)).record(2));
    }

    fn append(&self, record: NewRecord) {
        self.runtime.block_on(self.journal.append(vec![record])).unwrap();
    }

    /// Defines a segment, as the fold of definitions writes it.
    pub(crate) fn define(&mut self, name: &str, expression: &str) {
        self.defined.insert(name.to_owned(), expression.to_owned());
        let store = self.served.live().store;
        let snapshot = store.snapshot();
        let newest = store::definition::newest(&snapshot, Kind::Segment, name).unwrap();
        let number = newest.map_or(0, |version| version.number) + 1;
        let body = SegmentDefinition { expression: expression.to_owned(), ..SegmentDefinition::default() };
        let row = VersionRow { body: Some(Body::Segment(body)), about: Arc::new(About::default()) };
        let mut progress = store::definition::progress(&snapshot).unwrap();
        progress.applied += 1;
        let mut batch = Batch::default();
        batch.put::<Definitions>(&VersionKey { kind: Kind::Segment, name: name.to_owned(), number }, &row);
        batch.put::<DefinitionProgress>(&(), &progress);
        store.write(batch).unwrap();
    }

    /// Waits until everything is folded.
    pub(crate) fn folded(&self) {
        let ends = self.journal.ends().unwrap();
        let all = |progress: &Progress| {
            let applied = |partition| progress.applied.get(&partition).copied().unwrap_or_default();
            (0..).zip(&ends).all(|(partition, end)| applied(partition) >= *end)
        };
        let mut progress = self.projector.progress();
        let reached = async { tokio::time::timeout(Duration::from_secs(60), progress.wait_for(all)).await.map(drop) };
        self.runtime.block_on(reached).unwrap();
    }

    /// Has the server's own work go on until something is so.
    pub(crate) fn until(&self, so: impl Fn() -> bool) {
        let looks = async {
            while !so() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let looked = async { tokio::time::timeout(Duration::from_secs(60), looks).await };
        self.runtime.block_on(looked).expect("in time");
    }

    /// What both say of an expression: of what is kept first.
    pub(crate) fn expression(&mut self, request: &CountExpressionRequest) -> [CountExpressionResponse; 2] {
        [&mut self.kept, &mut self.walked].map(|client| {
            let answer = self.runtime.block_on(client.count_expression(request.clone()));
            answer.unwrap_or_else(|status| panic!("{}: {status}", request.expression)).into_inner()
        })
    }

    /// What both say of a segment.
    pub(crate) fn segment(&mut self, request: &CountSegmentRequest) -> [CountSegmentResponse; 2] {
        [&mut self.kept, &mut self.walked].map(|client| {
            let answer = self.runtime.block_on(client.count_segment(request.clone()));
            answer.unwrap_or_else(|status| panic!("{}: {status}", request.segment)).into_inner()
        })
    }
}
