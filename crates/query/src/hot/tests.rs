//! When an answer may be given again, what it covers, and how much is kept.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use identity::Rules;
use profile::Core;
use prost::Message as _;
use prost_types::FieldMask;
use proto::customer::{AppliedOffset, Customer};
use store::{
    Batch, CustomerRows, Manifest, StoreSettings,
    family::{Fragments, Incidence, Shards, fragments::FragmentRow, shards::ShardRow},
};
use types::{FragmentId, HashKey, Identifier, IdentifierId, Micros, Progress, TotalOrder};

use super::{answers::ENTRY_BYTES, *};
use crate::customer_service::Sought;

struct Ground {
    store: Arc<Store>,
    rules: Rules,
    hash_key: HashKey,
    _dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = StoreSettings::small(dir.path());
        let manifest = Manifest { partitions: 2, ..Manifest::default() };
        let store = Arc::new(Store::open(&settings, &manifest).unwrap());
        Self { store, rules: Rules::default(), hash_key: HashKey::derive("test"), _dir: dir }
    }

    fn id(&self, value: &str) -> IdentifierId {
        self.hash_key.identifier_id(&Identifier::new("user_id", value))
    }

    /// Writes what is known of a user, who has one fragment, and how far the first shard is with it.
    fn write(&self, value: &str, touchpoints: u64) {
        let fragment = self.hash_key.fragment_id(&[self.id(value)]);
        let content = self.hash_key.content_hash(b"first");
        let first = TotalOrder { occurred_at: Micros(1), source: "s".into(), message_id: "m".into(), content };
        let core = Core { touchpoints, first: Some(first), ..Core::default() };
        let row = FragmentRow { identifiers: vec![Identifier::new("user_id", value)], core, lost: None };
        let mut batch = Batch::default();
        batch.put::<Fragments>(&fragment, &row);
        batch.put::<Incidence>(&(self.id(value), fragment), &());
        batch.put::<Shards>(&0, &ShardRow { applied: touchpoints, ..ShardRow::default() });
        batch.put::<Shards>(&1, &ShardRow::default());
        self.store.write(batch).unwrap();
    }

    /// Works an answer out, with something that happens after the stamp and before the snapshot.
    fn answer(&self, value: &str, meanwhile: impl FnOnce()) -> (Answer, Vec<AppliedOffset>) {
        let stamp = self.store.stamp();
        meanwhile();
        let snapshot = self.store.snapshot();
        let applied = crate::context::applied(&snapshot).unwrap();
        let rows = CustomerRows::new(&snapshot, &self.rules, &self.hash_key);
        let read = |rows: &CustomerRows<'_>| {
            let Some(found) = rows.find(self.id(value))? else { return Ok(None) };
            rows.state(&found.identity).map(|state| Some(state.core.touchpoints))
        };
        let (touchpoints, subjects) = rows.noting::<_, store::StoreError>(read).unwrap();
        let touchpoints = touchpoints.map(counted);
        (Answer::new(stamp, &someone(1), &subjects.unwrap(), touchpoints.as_ref()), applied)
    }

    fn answers(&self) -> Answers {
        Answers::new(1 << 20, &self.store)
    }
}

fn counted(touchpoints: u64) -> Customer {
    Customer { touchpoint_count: i64::try_from(touchpoints).unwrap(), ..Customer::default() }
}

/// The touchpoints of whoever is in an answer.
fn count(answer: &Answer) -> Option<u64> {
    let customer = answer.customer()?;
    Some(Customer::decode(customer).unwrap().touchpoint_count.try_into().unwrap())
}

fn someone(number: u64) -> Sought {
    Sought::id(IdentifierId(u128::from(number).to_be_bytes()))
}

const MASK: u32 = 0;

fn get(answers: &Answers, sought: Sought) -> Option<Answer> {
    answers.get(&[sought], MASK).remove(0)
}

fn progress(told: [u64; 2]) -> Progress {
    Progress { applied: BTreeMap::from([(0, told[0]), (1, told[1])]), ..Progress::default() }
}

fn offsets(applied: &[AppliedOffset]) -> Vec<u64> {
    applied.iter().map(|offset| offset.next_offset).collect()
}

#[test]
fn an_answer_holds_until_somebody_on_whom_it_depends_is_written() {
    let ground = Ground::new();
    ground.write("ann", 1);
    let (ann, _) = ground.answer("ann", || ());
    assert_eq!(count(&ann), Some(1));
    assert_eq!(ann.subjects().count(), 2, "her identifier and her fragment");
    ground.write("bob", 2);
    assert!(ann.holds(&ground.store), "that was somebody else");
    ground.write("ann", 3);
    assert!(!ann.holds(&ground.store));
}

#[test]
fn nobody_holds_until_somebody_comes() {
    let ground = Ground::new();
    let (nobody, _) = ground.answer("ann", || ());
    assert!(nobody.customer().is_none() && nobody.holds(&ground.store));
    ground.write("ann", 1);
    assert!(!nobody.holds(&ground.store));
}

#[test]
fn a_write_between_stamp_and_answer_is_never_missed() {
    let ground = Ground::new();
    ground.write("ann", 1);
    // The snapshot shows it, but nobody can know that from the stamp: it is read once more rather than once too few.
    let (ann, _) = ground.answer("ann", || ground.write("ann", 2));
    assert!(!ann.holds(&ground.store));
    // The snapshot lacks it.
    let (ann, applied) = ground.answer("ann", || ());
    ground.write("ann", 3);
    let answers = ground.answers();
    answers.keep(&someone(1), MASK, ann, &applied);
    assert!(!get(&answers, someone(1)).unwrap().holds(&ground.store));
}

/// Whoever answers while others write says nothing but what the state was at what it says to cover.
#[test]
fn answers_are_those_of_what_they_cover_while_others_write() {
    const WRITES: u64 = 2_000;
    let ground = Ground::new();
    let answers = ground.answers();
    let told = AtomicU64::new(0);
    let (mut remembered, mut last) = (0_u64, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=WRITES {
                ground.write(if number % 2 == 0 { "ann" } else { "bob" }, number);
                told.store(number, Ordering::SeqCst);
            }
        });
        while last < WRITES {
            let held = get(&answers, someone(1));
            let applied = answers.applied(&progress([told.load(Ordering::SeqCst), 0]));
            let (customer, covers) = match held.filter(|held| held.holds(&ground.store)) {
                Some(held) => {
                    remembered += 1;
                    (count(&held), offsets(&applied))
                }
                None => {
                    let (answer, applied) = ground.answer("ann", || ());
                    let covers = offsets(&applied);
                    let customer = count(&answer);
                    answers.keep(&someone(1), MASK, answer, &applied);
                    (customer, covers)
                }
            };
            let covers = covers.first().copied().unwrap_or_default();
            // Of every two writes the second is about Ann.
            assert_eq!(customer.unwrap_or_default(), covers / 2 * 2, "at {covers}");
            assert!(covers >= last, "no answer goes back");
            last = covers;
        }
    });
    // Nothing is written any more.
    let held = get(&answers, someone(1)).filter(|held| held.holds(&ground.store));
    remembered += u64::from(held.is_some());
    assert!(remembered > 0);
}

#[test]
fn what_an_answer_covers_is_what_snapshots_showed_and_what_was_told() {
    let ground = Ground::new();
    let answers = ground.answers();
    assert!(answers.applied(&progress([0, 0])).is_empty(), "as a snapshot says it before the first write");
    ground.write("ann", 5);
    let (ann, applied) = ground.answer("ann", || ());
    answers.keep(&someone(1), MASK, ann, &applied);
    assert_eq!(offsets(&answers.applied(&progress([0, 0]))), [5, 0], "the snapshot showed what is not told yet");
    assert_eq!(offsets(&answers.applied(&progress([4, 2]))), [5, 2]);
    assert_eq!(offsets(&answers.applied(&progress([9, 2]))), [9, 2]);
}

#[test]
fn no_more_is_kept_than_may_be() {
    let ground = Ground::new();
    let bytes_max = 256 << 10;
    let answers = Answers::new(bytes_max, &ground.store);
    let answer = |bytes: usize| {
        let customer = Customer { customer_id: "x".repeat(bytes), ..Customer::default() };
        Answer::new(ground.store.stamp(), &someone(1), &[[1; 16]; 2], Some(&customer))
    };
    for number in 0..10_000 {
        answers.keep(&someone(number), MASK, answer(300), &[]);
        assert!(answers.weight() <= bytes_max as u64);
    }
    let kept = (0..10_000).filter(|number| get(&answers, someone(*number)).is_some()).count();
    assert!((200..600).contains(&kept), "{kept} of about {}", bytes_max / (300 + ENTRY_BYTES + 32));
    answers.keep(&someone(10_000), MASK, answer(bytes_max), &[]);
    assert!(get(&answers, someone(10_000)).is_none(), "larger than all that there is");
    assert!(answers.weight() <= bytes_max as u64);
}

/// One spelling's older form may be held where another's is not; whoever is found by the form of all of them is found by each.
#[test]
fn spellings_share_what_does_not_depend_on_them() {
    let ground = Ground::new();
    let answers = ground.answers();
    let spelt = |before: Option<u8>| Sought { before: before.map(|byte| IdentifierId([byte; 16])), ..someone(1) };
    let spellings = [None, Some(1), Some(2)].map(spelt);
    let customer = counted(7);
    for one in &spellings {
        let found_by = |subjects: &[[u8; 16]], customer: Option<&Customer>| {
            answers.keep(one, MASK, Answer::new(ground.store.stamp(), one, subjects, customer), &[]);
            answers.get(&spellings, MASK).iter().map(Option::is_some).collect::<Vec<_>>()
        };
        let alone: Vec<_> = spellings.iter().map(|other| other.before == one.before).collect();
        assert_eq!(found_by(&[someone(1).id.0], Some(&customer)), [true; 3], "by the first id");
        assert_eq!(found_by(&[someone(1).id.0], None), alone, "nobody");
        if let Some(before) = one.before {
            assert_eq!(found_by(&[someone(1).id.0, before.0], Some(&customer)), alone, "by the older form");
        }
    }
}

/// Whatever parts they lie in, who is missing among them, and who is asked for twice.
#[test]
fn many_are_found_in_the_order_in_which_they_are_sought() {
    let ground = Ground::new();
    let answers = ground.answers();
    let numbers: Vec<u64> = (0..300).map(|number| number * 7 % 100).collect();
    for number in (0..100).filter(|number| number % 3 != 0) {
        let answer = Answer::new(ground.store.stamp(), &someone(number), &[], Some(&counted(number)));
        answers.keep(&someone(number), MASK, answer, &[]);
    }
    let sought: Vec<Sought> = numbers.iter().map(|number| someone(*number)).collect();
    let found: Vec<_> = answers.get(&sought, MASK).iter().map(|found| found.as_ref().and_then(count)).collect();
    let expected: Vec<_> = numbers.iter().map(|number| (number % 3 != 0).then_some(*number)).collect();
    assert_eq!(found, expected);
    assert!(answers.get(&sought, MASK + 1).iter().all(Option::is_none), "by another mask");
    assert!(answers.get(&[], MASK).is_empty());
}

#[test]
fn another_state_begins_anew() {
    let (one, other) = (Ground::new(), Ground::new());
    one.write("ann", 1);
    let hot = Hot::new(HotSettings { answers_bytes_max: 1 << 20, profiles_bytes_max: 1 << 20 });
    let (ann, applied) = one.answer("ann", || ());
    hot.answers(&one.store).unwrap().keep(&someone(1), MASK, ann, &applied);
    assert!(get(&hot.answers(&one.store).unwrap(), someone(1)).is_some());
    assert!(get(&hot.answers(&other.store).unwrap(), someone(1)).is_none(), "another generation is served");
    assert!(get(&hot.answers(&one.store).unwrap(), someone(1)).is_none(), "and gone back from");
    assert!(Hot::new(HotSettings::default()).answers(&one.store).is_none(), "turned off");
}

#[test]
fn what_depends_on_too_many_is_not_kept() {
    let ground = Ground::new();
    for users in [store::customers::SUBJECTS_MAX / 2, store::customers::SUBJECTS_MAX] {
        let fragments = |number: usize| FragmentId(u128::try_from(number).unwrap().to_be_bytes());
        let mut batch = Batch::default();
        (0..users).for_each(|number| batch.put::<Incidence>(&(ground.id("kiosk"), fragments(number)), &()));
        ground.store.write(batch).unwrap();
        let snapshot = ground.store.snapshot();
        let rows = CustomerRows::new(&snapshot, &ground.rules, &ground.hash_key);
        let (_, subjects) = rows.noting(|rows| rows.find(ground.id("kiosk"))).unwrap();
        assert_eq!(subjects.is_some(), users < store::customers::SUBJECTS_MAX, "{users}");
    }
}

#[test]
fn masks_are_checked_once_and_told_apart() {
    let masks = Masks::default();
    let mask = |paths: &[&str]| {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        masks.read(&[FieldMask { paths }.encode_to_vec().into()])
    };
    let traits = mask(&["traits"]).unwrap().number.unwrap();
    assert_eq!(mask(&["traits"]).unwrap().number, Some(traits));
    assert_ne!(mask(&["metrics"]).unwrap().number, Some(traits));
    let whole = masks.read(&[]).unwrap();
    assert!(whole.number.is_some() && whole.read.wants("metrics"));
    assert_eq!(mask(&["traits", "contact"]).unwrap().number, None, "it depends on the clock");
    assert_eq!(mask(&vec!["traits"; 1_000]).unwrap().number, None, "too long to be remembered");
    let refused = mask(&["trait"]).unwrap_err();
    assert!(refused.message().starts_with("read_mask: `trait` is no field"), "{}", refused.message());
}
