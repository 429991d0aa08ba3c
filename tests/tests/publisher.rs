//! The publisher's law, over a real state: whatever comes in which order, and whenever it is told in whichever pieces, what was told
//! is what is, of identities and of memberships; the changes replayed over what was told before lead there, without a gap and without a word too many.
#![cfg(test)]

#[path = "publisher/memberships.rs"]
mod memberships;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use identity::Rules;
use journal::{Journal, NewRecord, memory::MemoryJournal};
use projector::publisher::Ended;
use projector::{Beside, Journals, Projector, Served, Teller, TellerSettings};
use proptest::prelude::*;
use prost::Message as _;
use store::{
    CustomerRows, Published, StoreSettings,
    family::Touched,
    published::{Cause, IdentityChange, PublishedManifest},
    snapshot::Range,
};
use tests::{
    pipeline::{hash_key, journals, open_store, projector_settings, record},
    touchpoints::identifier_of,
};
use types::{
    IdentifierId, Micros, Progress,
    record::{Envelope, FORMAT_VERSION, IdentityAction, IdentityDecision, PayloadType},
};

/// What happens, one after the other.
#[derive(Clone, Debug)]
enum Step {
    /// A touchpoint at a second that carries these identifiers; some share a message id.
    Touchpoint(u8, i64, BTreeSet<&'static str>),
    /// An operator's decision at a second.
    Decision(i64, IdentityAction, &'static str, &'static str),
    /// What is folded is told.
    Tell,
    /// The same after a restart, in pieces of so many.
    Restart(usize),
    /// It is told as far as the first piece.
    Begin,
    /// A segment is defined anew, by this number.
    Define(usize),
    /// Another generation is said to be served, under rules of this number.
    Rules(usize),
}

const NAMES: [&str; 9] = [
    "user_id:ann",
    "user_id:bob",
    "loyalty_card:1x",
    "loyalty_card:2x",
    "email:a@shop.example",
    "email:b@shop.example",
    "device_id:d1xx",
    "device_id:d2xx",
    "ip_address:10.0.0.1",
];

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(NAMES.to_vec());
    let carried = prop::collection::btree_set(name(), 1..4);
    let actions =
        vec![IdentityAction::Link, IdentityAction::Unlink, IdentityAction::Separate, IdentityAction::Withdraw];
    prop_oneof![
        8 => (0..30_u8, 0..50_i64, carried).prop_map(|(message, second, who)| Step::Touchpoint(message, second, who)),
        3 => (0..50_i64, prop::sample::select(actions), name(), name())
            .prop_filter("two", |(.., left, right)| left != right)
            .prop_map(|(second, action, left, right)| Step::Decision(second, action, left, right)),
        3 => Just(Step::Tell),
        1 => (1..5_usize).prop_map(Step::Restart),
        1 => Just(Step::Begin),
        1 => (1..4_usize).prop_map(Step::Define),
        1 => (0..2_usize).prop_map(Step::Rules),
    ]
}

/// Limits that are met soon.
fn rules(number: usize) -> Arc<Rules> {
    let mut rules = Rules { identifiers_max: 5, ..Rules::default() };
    rules.sharing.insert("device_id".into(), 2);
    rules.limits.insert("email".into(), 1 + u32::try_from(number).unwrap());
    Arc::new(rules)
}

fn decision_record(second: i64, action: IdentityAction, left: &str, right: &str) -> NewRecord {
    let decision = IdentityDecision {
        decision_id: format!("{second}"),
        action: action.into(),
        left: Some(identifier_of(left)),
        right: Some(identifier_of(right)),
        reason: "r".into(),
        operator: "o".into(),
        decided_at: Some(prost_types::Timestamp { seconds: second, nanos: 0 }),
    };
    let envelope = Envelope {
        format_version: FORMAT_VERSION,
        partition_key: vec![0; 16],
        source: store::decision::SOURCE.into(),
        received_at: Some(Micros(9).to_proto()),
        payload_type: PayloadType::IdentityDecision.into(),
        payload: decision.encode_to_vec(),
        ..Envelope::default()
    };
    NewRecord { partition: 0, key: vec![0; 16], value: envelope.encode_to_vec(), headers: Vec::new() }
}

/// A state that is folded on and on, and what is told of it.
struct World {
    runtime: tokio::runtime::Runtime,
    journal: Arc<dyn Journal>,
    definitions: Arc<dyn Journal>,
    /// How many sets of definitions there are.
    defined: u64,
    projector: Projector,
    served: Served,
    published: Arc<Published>,
    teller: Teller,
    /// What a reader of the feed believes.
    believed: BTreeMap<IdentifierId, IdentifierId>,
    sequence: u64,
    _dir: tempfile::TempDir,
}

fn teller(published: &Arc<Published>, piece_max: usize) -> Teller {
    let settings = TellerSettings { hash_key: hash_key(), changes_max: 0, piece_max, clock: || Micros(1) };
    Teller::new(Arc::clone(published), settings).unwrap().with_members(memberships::members(published))
}

impl World {
    fn new(batch_records_max: usize, piece_max: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new(2));
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(&dir.path().join("state"), journal.as_ref());
        let settings = projector_settings(batch_records_max);
        let beside = Beside { touches: true, ..Beside::default() };
        let definitions = memberships::defined(&runtime);
        let both = Journals { definitions: Arc::clone(&definitions), ..journals(&journal) };
        let projector = Projector::start_beside(Arc::clone(&store), &both, settings, beside).unwrap();
        let (progress, touching) = (projector.progress(), projector.touching());
        let served = Served { number: 1, store, rules: rules(0), progress, touching };
        let settings = StoreSettings::small(dir.path().join("published"));
        let published = Arc::new(Published::open(&settings, &PublishedManifest::default()).unwrap());
        let teller = teller(&published, piece_max);
        let (defined, believed, sequence, _dir) = (1, BTreeMap::new(), 0, dir);
        Self { runtime, journal, definitions, defined, projector, served, published, teller, believed, sequence, _dir }
    }

    fn append(&self, record: NewRecord) {
        self.runtime.block_on(self.journal.append(vec![record])).unwrap();
    }

    fn folded(&self) {
        let ends = self.journal.ends().unwrap();
        let all = |progress: &Progress| {
            let applied = |partition| progress.applied.get(&partition).copied().unwrap_or_default();
            let folded = (0..).zip(&ends).all(|(partition, end)| applied(partition) >= *end);
            folded && progress.definitions.applied == self.defined
        };
        let mut progress = self.projector.progress();
        let reached = async { tokio::time::timeout(Duration::from_secs(60), progress.wait_for(all)).await.map(drop) };
        self.runtime.block_on(reached).unwrap();
    }

    /// One step after the other, each folded before the next.
    fn go(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
            self.folded();
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Touchpoint(message, second, who) => {
                let mut names = who.iter();
                let mut one = memberships::seen(*message, *second, names.next().unwrap());
                one.identifiers.extend(names.map(|name| identifier_of(name)));
                self.append(record(&(one, Micros(1_000_000_000)), 2));
            }
            Step::Decision(second, action, left, right) => self.append(decision_record(*second, *action, left, right)),
            Step::Tell => self.tell(),
            Step::Restart(piece_max) => {
                self.teller = teller(&self.published, *piece_max);
                self.tell();
            }
            Step::Begin => self.begin(),
            Step::Define(number) => {
                self.defined += 1;
                self.runtime.block_on(self.definitions.append(vec![memberships::anew(*number, self.defined)])).unwrap();
            }
            Step::Rules(number) => {
                self.served.number += 1;
                self.served.rules = rules(*number);
                self.tell();
            }
        }
    }

    /// Tells all there is: a round that looks at everybody first leaves what was touched to the next.
    fn tell(&mut self) {
        self.folded();
        for _ in 0..2 {
            self.teller.round(&self.served, &|| true, &|_| {}).unwrap();
        }
        self.read();
        self.check();
    }

    /// Tells until it is told to stop, which it does after a piece.
    fn begin(&mut self) {
        self.folded();
        let ended = self.teller.round(&self.served, &|| false, &|_| {});
        assert!(matches!(ended, Ok(_) | Err(Ended::Over)), "{ended:?}");
        self.read();
        for name in NAMES {
            let id = hash_key().identifier_id(&types::Identifier::parse(name).unwrap());
            if let Some(holder) = self.published.holders(&[id]).unwrap()[0] {
                self.believed.entry(id).or_insert(holder.customer);
            }
        }
    }

    /// Reads as somebody who follows the feed.
    fn read(&mut self) {
        for (sequence, change) in self.published.changes(self.sequence, 10_000).unwrap() {
            assert_eq!(sequence, self.sequence + 1, "the feed is dense");
            self.sequence = sequence;
            self.follow(&change);
        }
    }

    fn follow(&mut self, change: &IdentityChange) {
        assert_ne!(change.from, change.to);
        for identifier in &change.identifiers {
            let believed = self.believed.insert(*identifier, change.to);
            assert_eq!(believed, Some(change.from), "it was told to be there, and told before");
        }
        let applied: u64 = change.applied.values().sum();
        assert!(applied > 0);
        match change.cause {
            Cause::Touchpoint(partition, offset) | Cause::Decision(partition, offset) => {
                assert!(offset < change.applied[&partition], "{change:?}");
            }
            Cause::Rebuild => assert_eq!(change.generation, self.served.number),
        }
    }

    fn check(&mut self) {
        let snapshot = self.served.store.snapshot();
        let key = hash_key();
        let ids = NAMES.map(|name| key.identifier_id(&types::Identifier::parse(name).unwrap()));
        let (rows, mut customers) = (CustomerRows::new(&snapshot, &self.served.rules, &key), BTreeMap::new());
        for (name, id) in NAMES.into_iter().zip(ids) {
            let now = rows.find(id).unwrap().map(|resolved| {
                let now = resolved.identity.id;
                customers.insert(now, resolved);
                now
            });
            let told = self.published.holders(&[id]).unwrap()[0].map(|holder| holder.customer);
            assert_eq!(told, now, "{name}");
            if let Some(now) = now {
                assert_eq!(*self.believed.entry(id).or_insert(now), now, "{name}: the feed leads there");
            }
        }
        memberships::check(&self.published, &snapshot, &rows, &customers, &ids);
        assert_eq!(snapshot.scan::<Touched>(&Range::all()).count(), 0, "what was told is no longer owed");
        let mut applied = self.projector.progress().borrow().applied.clone();
        if applied.values().all(|next| *next == 0) {
            applied.clear();
        }
        assert_eq!(self.published.told().unwrap().covered, applied);
    }
}

/// Cases of the law; a tenth of a second or two each.
fn cases() -> u32 {
    std::env::var("PATRON_PUBLISHER_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_told_is_what_is(steps in prop::collection::vec(step(), 1..40), batch in 1..9_usize, piece in 1..5_usize) {
        let mut world = World::new(batch, piece);
        steps.iter().for_each(|step| world.step(step));
        world.step(&Step::Tell);
    }
}

/// A touchpoint of this number, at a second, that carries these.
fn carries(number: u8, second: i64, who: &[&'static str]) -> Step {
    Step::Touchpoint(number, second, who.iter().copied().collect())
}

#[test]
fn an_identifier_that_ceases_to_link_lets_everybody_go() {
    let mut world = World::new(100, 10);
    let carry = |number, who: &[&'static str]| carries(number, 5, who);
    let [user, other, card, card_2, ..] = NAMES;
    let device = "device_id:d1xx";
    world.step(&carry(1, &[device, user]));
    world.step(&carry(2, &[device, card]));
    world.step(&Step::Tell);
    assert_eq!(world.published.told().unwrap().last, 0, "a first appearance is no change");
    // The third neighbour is one too many; the first two touchpoints are told already and touched no more.
    world.step(&carry(3, &[device, other]));
    world.step(&Step::Tell);
    assert!(world.published.told().unwrap().last > 0, "somebody left");
    let last = world.sequence;
    world.step(&carry(4, &[device, card_2]));
    world.step(&Step::Tell);
    assert_eq!(world.sequence, last, "it links nobody any more");
}

#[test]
fn a_state_that_knows_less_than_what_was_told_waits() {
    let mut world = World::new(100, 10);
    world.step(&Step::Touchpoint(1, 5, BTreeSet::from([NAMES[0], NAMES[2]])));
    world.step(&Step::Tell);
    let told = world.published.told().unwrap();
    // As after the state was deleted: the same number, folded from the start.
    let fresh = World::new(1, 1);
    world.teller.round(&fresh.served, &|| true, &|_| {}).unwrap();
    let after = world.published.told().unwrap();
    assert_eq!((after.generation, after.last, &after.seen), (None, told.last, &told.seen));
    // Everybody is compared once it has caught up, and nothing differs.
    world.teller.round(&world.served, &|| true, &|_| {}).unwrap();
    assert_eq!(world.published.told().unwrap(), told);
}

/// What only such carry as link nobody is the strongest one's: where the e-mail address ceases to link, the card gets its touchpoint.
#[test]
fn what_ceases_to_link_leaves_touchpoints_to_another_that_links_nobody() {
    World::new(6, 1).go(&[
        carries(0, 0, &["ip_address:10.0.0.1", "loyalty_card:2x"]),
        carries(0, 0, &["device_id:d2xx", "loyalty_card:2x", "user_id:ann"]),
        carries(0, 0, &["email:b@shop.example", "loyalty_card:2x", "user_id:bob"]),
        carries(1, 0, &["email:b@shop.example", "loyalty_card:2x"]),
        carries(0, 0, &["email:b@shop.example", "user_id:ann"]),
        carries(0, 0, &["device_id:d1xx", "loyalty_card:2x"]),
        Step::Tell,
        carries(0, 0, &["email:b@shop.example", "loyalty_card:1x"]),
        carries(2, 21, &["email:a@shop.example", "email:b@shop.example", "ip_address:10.0.0.1"]),
        Step::Tell,
    ]);
}

/// Two users on one touchpoint that no rule lets be one: it was the first's, until that one ceases to link.
#[test]
fn what_ceases_to_link_leaves_touchpoints_to_whom_it_was_kept_from() {
    World::new(1, 1).go(&[
        carries(1, 0, &["email:b@shop.example", "user_id:ann", "user_id:bob"]),
        carries(0, 0, &["device_id:d1xx", "loyalty_card:1x", "user_id:ann"]),
        carries(0, 0, &["email:a@shop.example", "user_id:ann"]),
        Step::Tell,
        carries(0, 0, &["loyalty_card:2x", "user_id:ann"]),
        Step::Tell,
    ]);
}

/// A kiosk was the first one's alone when memberships were told, and of identity nothing was; then it links nobody.
#[test]
fn what_was_told_of_memberships_before_a_round_broke_off_is_looked_at_again() {
    World::new(1, 1).go(&[
        carries(0, 10, &["user_id:ann"]),
        Step::Tell,
        carries(4, 11, &["user_id:ann"]),
        carries(1, 12, &["device_id:d1xx"]),
        carries(3, 13, &["device_id:d1xx", "user_id:ann"]),
        Step::Begin,
        carries(6, 14, &["device_id:d1xx", "user_id:bob"]),
        carries(9, 15, &["device_id:d1xx", "loyalty_card:1x"]),
        Step::Tell,
    ]);
}

/// The look at everybody asks about the segment that is new; what came meanwhile is asked about all the same.
#[test]
fn touchpoints_that_come_with_a_definition_are_told_to_the_other_segments() {
    World::new(1, 10).go(&[
        carries(0, 10, &["user_id:ann"]),
        Step::Tell,
        Step::Define(3),
        carries(1, 12, &["user_id:ann"]),
        Step::Tell,
    ]);
}
