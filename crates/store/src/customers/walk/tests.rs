//! A walk meets exactly those who are found one by one, each once, in however many parts.

use std::collections::BTreeSet;

use identity::Rules;
use profile::Core;
use proptest::{collection, prelude::*};
use prost::Message as _;
use types::{
    HashKey, Identifier, Micros, TotalOrder,
    record::{self, Envelope, IdentityAction, IdentityDecision},
};

use super::*;
use crate::{
    Batch, Manifest, Store, StoreSettings,
    family::{Incidence, fragments::FragmentRow, timeline::TimelineRow},
};

/// Of each namespace one that links, one of a shared device, one that is weak and one that stands for nobody.
const POOL: [(&str, &str); 12] = [
    ("user_id", "ann"),
    ("user_id", "bob"),
    ("user_id", "cleo"),
    ("email", "ann@example.com"),
    ("email", "none@example.com"),
    ("loyalty_card", "1"),
    ("loyalty_card", "2"),
    ("device_id", "kiosk"),
    ("device_id", "phone"),
    ("ip_address", "192.0.2.1"),
    ("ip_address", "192.0.2.2"),
    ("receipt", "r1"),
];

/// What is known of a set of identifiers: a touchpoint that counts, one that lost, or nothing that was seen.
#[derive(Clone, Copy, Debug)]
enum Said {
    Counts(i64),
    Lost(i64),
    Nothing,
}

#[derive(Clone, Debug)]
struct World {
    fragments: Vec<(BTreeSet<usize>, Said)>,
    decisions: Vec<(usize, usize, bool, i64)>,
}

fn any_world() -> impl Strategy<Value = World> {
    let who = || 0..POOL.len();
    let said = prop_oneof![6 => (1..100_i64).prop_map(Said::Counts), 1 => (1..100_i64).prop_map(Said::Lost), 1 => Just(Said::Nothing)];
    let fragments = collection::vec((collection::btree_set(who(), 1..4), said), 0..14);
    let decisions = collection::vec((who(), who(), any::<bool>(), 1..100_i64), 0..4);
    (fragments, decisions).prop_map(|(fragments, decisions)| World { fragments, decisions })
}

fn identifier(number: usize) -> Identifier {
    let (namespace, value) = POOL[number];
    Identifier::new(namespace, value)
}

fn rules() -> Rules {
    let mut rules = Rules::default();
    rules.sharing.insert("device_id".to_owned(), 2);
    rules.blocked.insert("email".to_owned(), BTreeSet::from(["none@*".to_owned()]));
    rules
}

fn written(world: &World, hash_key: &HashKey) -> (Store, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreSettings::small(dir.path()), &Manifest::default()).unwrap();
    let mut batch = Batch::default();
    for (set, said) in &world.fragments {
        let mut identifiers: Vec<_> =
            set.iter().map(|number| (hash_key.identifier_id(&identifier(*number)), identifier(*number))).collect();
        identifiers.sort_by_key(|(id, _)| *id);
        let ids: Vec<IdentifierId> = identifiers.iter().map(|(id, _)| *id).collect();
        let fragment = hash_key.fragment_id(&ids);
        let first = |time| {
            let content = hash_key.content_hash(&fragment.0);
            Some(TotalOrder { occurred_at: Micros(time), source: "s".into(), message_id: "m".into(), content })
        };
        let (first, lost) = match *said {
            Said::Counts(time) => (first(time), None),
            Said::Lost(time) => (None, first(time)),
            Said::Nothing => (None, None),
        };
        let core = Core { touchpoints: u64::from(first.is_some()), first, ..Core::default() };
        let identifiers = identifiers.into_iter().map(|(_, held)| held).collect();
        batch.put::<Fragments>(&fragment, &FragmentRow { identifiers, core, lost });
        ids.iter().for_each(|id| batch.put::<Incidence>(&(*id, fragment), &()));
    }
    for (left, right, links, time) in world.decisions.iter().filter(|(left, right, ..)| left != right) {
        decide(&mut batch, hash_key, (*left, *right), *links, *time);
    }
    store.write(batch).unwrap();
    (store, dir)
}

fn decide(batch: &mut Batch, hash_key: &HashKey, (left, right): (usize, usize), links: bool, time: i64) {
    let named = |number| {
        let Identifier { namespace, value, .. } = identifier(number);
        Some(record::Identifier { namespace, value })
    };
    let action = if links { IdentityAction::Link } else { IdentityAction::Separate };
    let decision = IdentityDecision {
        decision_id: format!("{left} {right} {time}"),
        action: action.into(),
        left: named(left),
        right: named(right),
        decided_at: Some(Micros(time).to_proto()),
        ..IdentityDecision::default()
    };
    let payload = decision.encode_to_vec();
    let content = hash_key.content_hash(&payload);
    let envelope = Envelope { payload, ..Envelope::default() }.encode_to_vec();
    let row = TimelineRow { partition: 0, offset: 0, envelope };
    for number in [left, right] {
        batch.put::<Decisions>(&(hash_key.identifier_id(&identifier(number)), content), &row);
    }
}

/// A customer as it is compared: its id, its identifiers and its fragments.
type Met = (IdentifierId, BTreeSet<IdentifierId>, BTreeSet<FragmentId>);

fn met(customer: &Resolved) -> Met {
    let identity = &customer.identity;
    let identifiers = identity.identifiers.iter().map(|(id, _)| *id).collect();
    (identity.id, identifiers, identity.fragments.iter().copied().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn everybody_is_met_once_in_however_many_parts(world in any_world()) {
        let (hash_key, rules) = (HashKey::derive("walks"), rules());
        let (store, _dir) = written(&world, &hash_key);
        let snapshot = store.snapshot();
        let found = |number: usize| {
            let rows = CustomerRows::new(&snapshot, &rules, &hash_key);
            rows.find(hash_key.identifier_id(&identifier(number))).unwrap().map(|found| met(&found))
        };
        let expected: BTreeSet<Met> = (0..POOL.len()).filter_map(found).collect();
        let expected: Vec<Met> = expected.into_iter().collect();
        for parts in [1, 2, 5, 256] {
            let mut everybody = Vec::new();
            for part in Part::split(parts) {
                let rows = CustomerRows::new(&snapshot, &rules, &hash_key);
                rows.for_each_in(&part, |customer| { everybody.push(met(&customer)); Ok::<(), StoreError>(()) }).unwrap();
            }
            everybody.sort();
            prop_assert_eq!(&everybody, &expected, "{} parts", parts);
        }
    }
}

#[test]
fn parts_cover_all_without_a_gap() {
    for parts in [1, 2, 3, 7, 256, 1_000] {
        let split = Part::split(parts);
        assert_eq!(split.len(), parts.min(256));
        assert!(split.first().unwrap().0.from.is_empty());
        assert_eq!(split.last().unwrap().0.before, None);
        for pair in split.windows(2) {
            assert_eq!(pair[0].0.before.as_ref(), Some(&pair[1].0.from));
        }
    }
}
