//! Laws of identity: the same evidence in any order gives the same customers, as the naive reference has them; limits hold;
//! nobody is lost; and operators' decisions do what they say.
#![cfg(test)]

use std::collections::BTreeSet;

use identity::{Component, Resolution, Rules, resolve};
use proptest::prelude::*;
use types::{Identifier, record::IdentityAction};

#[path = "laws/reference.rs"]
mod reference;
#[path = "laws/world.rs"]
mod world;

use reference::{Customers, World};
use world::{Held, Told, any_rules, any_told, id, key};

fn resolution(held: &Held, rules: &Rules, start: &Identifier) -> (Component, Resolution) {
    let Ok(component) = Component::around(held, rules, key().identifier_id(start));
    let resolution = resolve(&component, rules);
    (component, resolution)
}

fn told(told: &[Told], start: &Identifier) -> Resolution {
    resolution(&Held::of(told), &Rules::default(), start).1
}

fn names(resolution: &Resolution) -> Vec<Vec<String>> {
    let of = |customer: &identity::CustomerIdentity| {
        customer.identifiers.iter().map(|(_, node)| node.identifier.to_string()).collect()
    };
    let mut names: Vec<Vec<String>> = resolution.customers.iter().map(of).collect();
    names.sort();
    names
}

fn touch(time: i64, set: &[Identifier]) -> Told {
    Told::Touchpoint(time, set.to_vec(), true)
}

#[test]
fn two_user_ids_on_one_device_stay_two_customers() {
    let (tablet, ann, bob) = (id("device_id", "tablet"), id("user_id", "ann"), id("user_id", "bob"));
    let sets = [touch(1, &[tablet.clone(), ann]), touch(2, &[tablet.clone(), bob])];
    let resolution = told(&sets, &tablet);
    assert_eq!(names(&resolution), [vec!["user_id:ann", "device_id:tablet"], vec!["user_id:bob"]]);
    assert_eq!(resolution.refused.len(), 1);
    assert_eq!(resolution.refused[0].refusal.name(), "limit");
    let bob = resolution.customers.iter().find(|customer| customer.identifiers.len() == 1).unwrap();
    assert_eq!(bob.fragments.len(), 1, "what bob did on the tablet is bob's");
}

#[test]
fn a_customer_is_known_by_the_earliest_identifier() {
    let (card, ann, cookie) = (id("loyalty_card", "1"), id("user_id", "ann"), id("anonymous_id", "x"));
    let sets = [
        touch(5, &[card.clone(), ann.clone()]),
        touch(1, std::slice::from_ref(&cookie)),
        touch(9, &[cookie.clone(), ann]),
    ];
    let resolution = told(&sets, &card);
    assert_eq!(resolution.customers.len(), 1);
    assert_eq!(resolution.customers[0].id, key().identifier_id(&cookie));
    assert_eq!(names(&resolution), [["user_id:ann", "loyalty_card:1", "anonymous_id:x"]]);
    assert_eq!(resolution.customers[0].joining.len(), 2, "two links hold three identifiers together");
}

#[test]
fn a_receipt_is_claimed_by_a_later_link() {
    let (receipt, card) = (id("receipt", "o1"), id("loyalty_card", "7"));
    let alone = touch(1, std::slice::from_ref(&receipt));
    assert!(!told(std::slice::from_ref(&alone), &receipt).customers[0].is_known());
    let resolution = told(&[alone, touch(2, &[receipt, card.clone()])], &card);
    assert_eq!((resolution.customers.len(), resolution.customers[0].fragments.len()), (1, 2));
    assert!(resolution.customers[0].is_known());
}

#[test]
fn a_kiosk_is_shared_once_too_many_cards_were_seen_at_it() {
    let (kiosk, first) = (id("device_id", "kiosk"), id("loyalty_card", "0"));
    let visit = |number: i64| touch(number, &[kiosk.clone(), id("loyalty_card", &number.to_string())]);
    let few: Vec<Told> = (0..20).map(visit).collect();
    assert_eq!(told(&few, &kiosk).refused[0].refusal.name(), "limit", "twenty are no crowd");
    let many: Vec<Told> = (0..21).map(visit).collect();
    let held = Held::of(&many);
    let (component, seen) = resolution(&held, &Rules::default(), &first);
    assert_eq!(names(&seen), [["loyalty_card:0"]], "the walk ends at the kiosk");
    assert_eq!(seen.refused[0].refusal.name(), "shared");
    let words = seen.refused[0].refusal.describe(&component, seen.refused[0].link);
    assert!(words.contains("device_id:kiosk"), "{words}");
    assert_eq!(seen.customers[0].fragments.len(), 1, "what was done at the kiosk is the card's");
    let (_, alone) = resolution(&held, &Rules::default(), &kiosk);
    assert_eq!((names(&alone), alone.customers[0].fragments.len()), (vec![vec!["device_id:kiosk".to_owned()]], 0));
    assert_eq!(alone.refused.len(), 21);
}

#[test]
fn devices_beyond_five_a_week_are_not_linked() {
    let ann = id("user_id", "ann");
    let device =
        |day: i64, number: i64| touch(day * 86_400_000_000, &[ann.clone(), id("device_id", &number.to_string())]);
    // Days 4 to 10 are one ISO week: 1970-01-05 was a Monday.
    let week: Vec<Told> = (0..7).map(|number| device(4 + number, number)).collect();
    let resolution = told(&week, &ann);
    assert_eq!(resolution.holder(key().identifier_id(&ann)).unwrap().identifiers.len(), 6);
    assert!(resolution.refused.iter().all(|refused| refused.refusal.name() == "limit_per_week"));
    let next = [week, vec![device(11, 7)]].concat();
    assert_eq!(told(&next, &ann).holder(key().identifier_id(&ann)).unwrap().identifiers.len(), 7);
}

#[test]
fn an_operator_has_the_last_word_until_it_is_withdrawn() {
    let (ann, card, mail) = (id("user_id", "ann"), id("loyalty_card", "7"), id("email", "a@b.c"));
    let mut story = vec![touch(1, &[ann.clone(), mail.clone()]), touch(2, &[mail.clone(), card.clone()])];
    let decide = |time, action| Told::Decision(time, action, ann.clone(), card.clone());
    let customers = |story: &[Told]| told(story, &mail).customers.len();
    let original = told(&story, &mail);
    assert_eq!(original.customers.len(), 1);
    story.push(decide(5, IdentityAction::Unlink));
    assert_eq!(customers(&story), 1, "only the path over the e-mail address joins them");
    story.push(decide(6, IdentityAction::Separate));
    story.push(touch(7, &[ann.clone(), card.clone()]));
    assert_eq!(customers(&story), 2, "nothing joins them, not even a later touchpoint with both");
    story.push(decide(8, IdentityAction::Link));
    assert_eq!(customers(&story), 1, "the last decision stands");
    story.retain(|one| !matches!(one, Told::Touchpoint(7, ..)));
    story.push(decide(9, IdentityAction::Withdraw));
    let undone = told(&story, &mail);
    assert_eq!((names(&undone), undone.customers[0].id), (names(&original), original.customers[0].id));
}

/// All customers as the real thing has them, asked for by each identifier, or by one of each customer.
fn all(held: &Held, rules: &Rules, by_each: bool) -> Customers {
    let mut customers = Customers::new();
    let world = world_of(held);
    for start in world_names(&world) {
        if !by_each && customers.values().any(|identifiers: &BTreeSet<Identifier>| identifiers.contains(&start)) {
            continue;
        }
        let (component, resolution) = resolution(held, rules, &start);
        let holder = resolution.holder(key().identifier_id(&start)).expect("nobody is lost");
        let known_by = component.nodes[&holder.id].identifier.clone();
        let identifiers: BTreeSet<Identifier> =
            holder.identifiers.iter().map(|(_, node)| node.identifier.clone()).collect();
        if let Some(held) = customers.insert(known_by, identifiers.clone()) {
            assert_eq!(held, identifiers, "from whichever of its identifiers one starts");
        }
    }
    customers
}

fn world_of(held: &Held) -> World<'_> {
    World { fragments: held.fragments.values().collect(), decisions: held.decisions.iter().collect() }
}

fn world_names(world: &World<'_>) -> BTreeSet<Identifier> {
    let said = world.fragments.iter().flat_map(|said| said.identifiers.iter().map(|(_, name)| name.clone()));
    said.chain(world.decisions.iter().flat_map(|decision| decision.ends.iter().map(|(_, end)| end.clone()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Ten permutations of a world under random rules: each gives the customers of the naive reference.
    #[test]
    fn any_order_gives_the_customers_of_the_reference(
        (told, orders) in any_told().prop_flat_map(|told| (Just(told.clone()), prop::collection::vec(Just(told).prop_shuffle(), 10))),
        rules in any_rules(),
    ) {
        let held = Held::of(&told);
        let expected = world_of(&held).customers(&rules);
        prop_assert_eq!(&all(&held, &rules, true), &expected);
        for order in orders {
            prop_assert_eq!(&all(&Held::of(&order), &rules, false), &expected);
        }
    }

    /// Every fragment belongs to exactly one customer, whoever is asked; and each refused link has a name to show.
    #[test]
    fn no_fragment_is_lost_or_doubled(told in any_told(), rules in any_rules()) {
        let held = Held::of(&told);
        let mut met = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for start in world_names(&world_of(&held)) {
            let (component, resolution) = resolution(&held, &rules, &start);
            let holder = resolution.holder(key().identifier_id(&start)).expect("nobody is lost");
            for at in &holder.refused {
                let refused = &resolution.refused[*at];
                prop_assert!(component.identifier(refused.link.0).is_some() && component.identifier(refused.link.1).is_some());
            }
            if seen.insert(holder.id) {
                for fragment in &holder.fragments {
                    prop_assert!(met.insert(*fragment), "{fragment} belongs to two customers");
                }
            }
        }
        prop_assert_eq!(met.len(), held.fragments.len());
    }
}

/// Cases for each law; `PATRON_LAW_CASES` asks for more. Each of the first law looks at ten permutations.
#[expect(clippy::disallowed_methods, reason = "the number of cases is the test runner's to set")]
fn cases() -> u32 {
    std::env::var("PATRON_LAW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}
