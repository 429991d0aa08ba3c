//! Laws of identity: the same fragments in any order give the same customers, limits hold, and nobody is lost.
#![cfg(test)]

use std::{collections::BTreeMap, convert::Infallible};

use identity::{Component, Evidence, FragmentEvidence, Resolution, Rules, resolve};
use proptest::prelude::*;
use types::{ContentHash, FragmentId, HashKey, Identifier, IdentifierId, Micros, TotalOrder};

/// Fragments in memory, as a store would hold them.
#[derive(Default)]
struct Fragments(BTreeMap<FragmentId, FragmentEvidence>);

impl Evidence for Fragments {
    type Error = Infallible;

    fn fragments_of(&self, identifier: IdentifierId) -> Result<Vec<FragmentId>, Infallible> {
        let carries = |said: &FragmentEvidence| said.identifiers.iter().any(|(id, _)| *id == identifier);
        Ok(self.0.iter().filter(|(_, said)| carries(said)).map(|(id, _)| *id).collect())
    }

    fn fragment(&self, fragment: FragmentId) -> Result<Option<FragmentEvidence>, Infallible> {
        Ok(self.0.get(&fragment).cloned())
    }
}

fn place(time: i64) -> TotalOrder {
    TotalOrder {
        occurred_at: Micros(time),
        source: "pos".into(),
        message_id: time.to_string(),
        content: ContentHash([0; 16]),
    }
}

fn fragments(sets: &[(i64, Vec<Identifier>)]) -> Fragments {
    let key = HashKey::derive("test");
    let mut fragments = Fragments::default();
    for (time, set) in sets {
        let mut identifiers: Vec<_> =
            set.iter().map(|identifier| (key.identifier_id(identifier), identifier.clone())).collect();
        identifiers.sort();
        identifiers.dedup();
        let ids: Vec<_> = identifiers.iter().map(|(id, _)| *id).collect();
        let said = FragmentEvidence { identifiers, first: place(*time) };
        let held = fragments.0.entry(key.fragment_id(&ids)).or_insert_with(|| said.clone());
        if said.first < held.first {
            *held = said;
        }
    }
    fragments
}

fn resolution(sets: &[(i64, Vec<Identifier>)], start: &Identifier) -> Resolution {
    let start = HashKey::derive("test").identifier_id(start);
    let Ok(component) = Component::around(&fragments(sets), start);
    resolve(&component, &Rules::default())
}

fn id(namespace: &str, value: &str) -> Identifier {
    Identifier::new(namespace, value)
}

fn names(resolution: &Resolution) -> Vec<Vec<String>> {
    let of = |customer: &identity::CustomerIdentity| {
        customer.identifiers.iter().map(|(_, node)| node.identifier.to_string()).collect()
    };
    let mut names: Vec<Vec<String>> = resolution.customers.iter().map(of).collect();
    names.sort();
    names
}

#[test]
fn two_user_ids_on_one_device_stay_two_customers() {
    let sets = [
        (1, vec![id("device_id", "tablet"), id("user_id", "ann")]),
        (2, vec![id("device_id", "tablet"), id("user_id", "bob")]),
    ];
    let resolution = resolution(&sets, &id("device_id", "tablet"));
    assert_eq!(names(&resolution), [vec!["user_id:ann", "device_id:tablet"], vec!["user_id:bob"]]);
    assert_eq!(resolution.refused.len(), 1);
    assert!(resolution.refused[0].rule.contains("user_id"), "{}", resolution.refused[0].rule);
    let bob = resolution.customers.iter().find(|customer| customer.identifiers.len() == 1).unwrap();
    assert_eq!(bob.fragments.len(), 1, "what bob did on the tablet is bob's");
}

#[test]
fn a_customer_is_known_by_the_earliest_identifier() {
    let sets = [
        (5, vec![id("loyalty_card", "1"), id("user_id", "ann")]),
        (1, vec![id("anonymous_id", "x")]),
        (9, vec![id("anonymous_id", "x"), id("user_id", "ann")]),
    ];
    let resolution = resolution(&sets, &id("loyalty_card", "1"));
    assert_eq!(resolution.customers.len(), 1);
    assert_eq!(resolution.customers[0].id, HashKey::derive("test").identifier_id(&id("anonymous_id", "x")));
    assert_eq!(names(&resolution), [["user_id:ann", "loyalty_card:1", "anonymous_id:x"]]);
}

#[test]
fn a_receipt_is_claimed_by_a_later_link() {
    let alone = [(1, vec![id("receipt", "o1")])];
    assert!(!resolution(&alone, &id("receipt", "o1")).customers[0].is_known());
    let claimed = [(1, vec![id("receipt", "o1")]), (2, vec![id("receipt", "o1"), id("loyalty_card", "7")])];
    let resolution = resolution(&claimed, &id("loyalty_card", "7"));
    assert_eq!((resolution.customers.len(), resolution.customers[0].fragments.len()), (1, 2));
    assert!(resolution.customers[0].is_known());
}

fn any_identifier() -> impl Strategy<Value = Identifier> {
    let namespace = prop_oneof![Just("user_id"), Just("email"), Just("device_id"), Just("loyalty_card")];
    (namespace, 0..6_u8).prop_map(|(namespace, value)| Identifier::new(namespace, value.to_string()))
}

fn any_sets() -> impl Strategy<Value = Vec<(i64, Vec<Identifier>)>> {
    prop::collection::vec((0..20_i64, prop::collection::vec(any_identifier(), 1..4)), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Any permutation of evidence, and any identifier of a component to start from, gives the same customers.
    #[test]
    fn order_and_starting_point_do_not_matter((sets, shuffled) in any_sets().prop_flat_map(|sets| (Just(sets.clone()), Just(sets).prop_shuffle()))) {
        let start = &sets[0].1[0];
        let expected = resolution(&sets, start);
        prop_assert_eq!(&resolution(&shuffled, start), &expected);
        for customer in &expected.customers {
            for (_, node) in &customer.identifiers {
                prop_assert_eq!(&resolution(&sets, &node.identifier), &expected);
            }
        }
    }

    /// Every identifier and every fragment of the component belongs to exactly one customer, and no limit is broken.
    #[test]
    fn nobody_is_lost_and_limits_hold(sets in any_sets()) {
        let fragments = fragments(&sets);
        let start = HashKey::derive("test").identifier_id(&sets[0].1[0]);
        let Ok(component) = Component::around(&fragments, start);
        let rules = Rules::default();
        let resolution = resolve(&component, &rules);
        let identifiers: usize = resolution.customers.iter().map(|customer| customer.identifiers.len()).sum();
        let held: usize = resolution.customers.iter().map(|customer| customer.fragments.len()).sum();
        prop_assert_eq!((identifiers, held), (component.nodes.len(), component.fragments.len()));
        for customer in &resolution.customers {
            prop_assert!(customer.holds(customer.id));
            for namespace in ["user_id", "email", "device_id", "loyalty_card"] {
                let count = customer.identifiers.iter().filter(|(_, node)| node.identifier.namespace == namespace).count();
                prop_assert!(u32::try_from(count).unwrap() <= rules.limit(namespace));
            }
        }
    }
}

/// Cases for each law; `PATRON_LAW_CASES` asks for more.
#[expect(clippy::disallowed_methods, reason = "the number of cases is the test runner's to set")]
fn cases() -> u32 {
    std::env::var("PATRON_LAW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}
