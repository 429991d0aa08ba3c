//! A profile given out is that of the look-up's snapshot, whichever way writes, stamps, snapshots and reads overlap.

use identity::Rules;
use profile::{Core, MonthActivity, OrderFacts, activity::Tally};
use proptest::prelude::*;
use store::{
    Batch, Manifest, StoreSettings,
    family::{Fragments, Months, Orders, fragments::FragmentRow},
};
use types::{HashKey, Micros, OrderKey, time::Month};

use super::*;

struct Ground {
    store: Store,
    rules: Rules,
    hash_key: HashKey,
    _dir: tempfile::TempDir,
}

/// A row of one of four fragments: a month below this number, an order from it on. More orders than are remembered of a fragment.
const MONTHS: u8 = 4;
const ROWS: u8 = 60;

#[derive(Clone, Copy, Debug)]
struct Write {
    fragment: u8,
    row: u8,
    /// Of how many rows, one after the other.
    rows: u8,
    /// What they say; nothing where they are deleted.
    value: Option<u64>,
}

/// A look-up of a customer who has these fragments, and what happens meanwhile.
#[derive(Clone, Debug)]
struct Look {
    customer: u8,
    fragments: Vec<u8>,
    after_stamp: Vec<Write>,
    after_snapshot: Vec<Write>,
    /// Somebody else looks the same customer up in between.
    other: bool,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreSettings::small(dir.path()), &Manifest::default()).unwrap();
        Self { store, rules: Rules::default(), hash_key: HashKey::derive("test"), _dir: dir }
    }

    fn write(&self, write: Write) {
        let (fragment, mut batch) = (fragment(write.fragment), Batch::default());
        let core = Core { touchpoints: write.value.unwrap_or_default(), ..Core::default() };
        batch.put::<Fragments>(&fragment, &FragmentRow { identifiers: Vec::new(), core, lost: None });
        for row in write.row..write.row.saturating_add(write.rows).min(ROWS) {
            let (month, order) = ((fragment, Month(row.into())), (fragment, OrderKey([row; 16])));
            match write.value {
                Some(value) if row < MONTHS => batch.put::<Months>(&month, &activity(value)),
                Some(value) => batch.put::<Orders>(&order, &facts(value)),
                None if row < MONTHS => batch.delete::<Months>(&month),
                None => batch.delete::<Orders>(&order),
            }
        }
        self.store.write(batch).unwrap();
    }

    /// Asserts that the profile is what a walk over the same snapshot gives.
    fn look(&self, profiles: &Profiles, look: &Look) {
        let stamp = self.store.stamp();
        look.after_stamp.iter().for_each(|write| self.write(*write));
        let snapshot = self.store.snapshot();
        look.after_snapshot.iter().for_each(|write| self.write(*write));
        let rows = || CustomerRows::new(&snapshot, &self.rules, &self.hash_key);
        if look.other {
            self.look(
                profiles,
                &Look { after_stamp: Vec::new(), after_snapshot: Vec::new(), other: false, ..look.clone() },
            );
        }
        let customer = customer(look.customer, &look.fragments);
        let read = profiles.read(&rows(), stamp, &customer, State::clone).unwrap();
        assert_eq!(read, rows().state(&customer).unwrap(), "{look:?}");
    }
}

fn fragment(number: u8) -> FragmentId {
    FragmentId([number; 16])
}

fn customer(number: u8, fragments: &[u8]) -> CustomerIdentity {
    CustomerIdentity {
        id: IdentifierId([number; 16]),
        identifiers: Vec::new(),
        fragments: fragments.iter().copied().map(fragment).collect(),
        joining: Vec::new(),
        refused: Vec::new(),
    }
}

fn activity(value: u64) -> MonthActivity {
    let mut activity = MonthActivity::default();
    let store = activity.tallies.entry(profile::activity::Dimension::Store).or_default();
    store.insert("s1".to_owned(), Tally { count: value, ..Tally::default() });
    activity
}

fn facts(value: u64) -> OrderFacts {
    OrderFacts { completed_at: Some(Micros(i64::try_from(value).unwrap())), ..OrderFacts::default() }
}

fn any_write() -> impl Strategy<Value = Write> {
    let rows = prop_oneof![4 => Just(1_u8), 1 => 1..ROWS];
    (0..4_u8, 0..ROWS, rows, prop::option::weighted(0.8, 0..1_000_u64)).prop_map(|(fragment, row, rows, value)| Write {
        fragment,
        row,
        rows,
        value,
    })
}

fn any_look() -> impl Strategy<Value = Look> {
    let fragments = prop_oneof![3 => Just(vec![0, 1]), 1 => Just(vec![0]), 1 => Just(vec![0, 1, 2, 3])];
    let writes = || prop::collection::vec(any_write(), 0..3);
    (0..2_u8, fragments, writes(), writes(), any::<bool>()).prop_map(
        |(customer, fragments, after_stamp, after_snapshot, other)| Look {
            customer,
            fragments,
            after_stamp,
            after_snapshot,
            other,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_profile_is_that_of_the_snapshot(looks in prop::collection::vec((any_look(), any_write()), 1..40), little in any::<bool>()) {
        let ground = Ground::new();
        // In a little memory, profiles and what is known of fragments come and go.
        let profiles = Profiles::new(if little { 24 << 10 } else { 4 << 20 }, &ground.store);
        for (look, write) in looks {
            ground.look(&profiles, &look);
            ground.write(write);
        }
    }
}

#[test]
fn a_profile_is_that_of_the_snapshot_while_others_write() {
    const WRITES: u64 = 4_000;
    let ground = Ground::new();
    let profiles = Profiles::new(4 << 20, &ground.store);
    let done = std::sync::atomic::AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..WRITES {
                let (fragment, row) = ((number % 2) as u8, (number / 2 % 6) as u8);
                ground.write(Write { fragment, row, rows: 3, value: Some(number) });
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let look = || {
            let look = Look {
                customer: 0,
                fragments: vec![0, 1],
                after_stamp: Vec::new(),
                after_snapshot: Vec::new(),
                other: false,
            };
            let mut looks = 0_u64;
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                ground.look(&profiles, &look);
                looks += 1;
            }
            looks
        };
        let others: Vec<_> = (0..2).map(|_| scope.spawn(look)).collect();
        others.into_iter().map(|other| other.join().unwrap()).sum::<u64>()
    });
    assert!(looks > 100 && !profiles.held.is_empty(), "{looks} looks");
}

#[test]
fn what_is_kept_stays_within_its_memory() {
    let ground = Ground::new();
    let bytes_max = 512 << 10;
    let profiles = Profiles::new(bytes_max, &ground.store);
    for number in 0..200_u8 {
        ground.write(Write { fragment: number, row: 0, rows: ROWS, value: Some(1) });
        let look = Look {
            customer: number,
            fragments: vec![number],
            after_stamp: Vec::new(),
            after_snapshot: Vec::new(),
            other: false,
        };
        ground.look(&profiles, &look);
        assert!(profiles.held.weight() <= bytes_max as u64);
    }
}
