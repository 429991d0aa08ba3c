//! Laws of the fold of definitions: neither the split into sets nor copies of sets matter, versions count up, and a set is taken
//! whole or not at all.
#![cfg(test)]

use std::collections::BTreeMap;

use definition::{Body, Catalogue, Effect, Kind, Void};
use proptest::prelude::*;
use types::{
    Micros,
    record::{Definition, DefinitionSet, ProductReference, SegmentDefinition, StoreReference},
};

/// A history as a naive reader would write it down: each content that differs from the one before.
type History = BTreeMap<(Kind, String), Vec<Option<Body>>>;

fn body(kind: Kind, text: &str) -> Body {
    let text = text.to_owned();
    match kind {
        Kind::Product => Body::Product(ProductReference { brand: text, ..ProductReference::default() }),
        Kind::Store => Body::Store(StoreReference { region: text, ..StoreReference::default() }),
        Kind::Segment => Body::Segment(SegmentDefinition { expression: text, ..SegmentDefinition::default() }),
    }
}

fn definition(kind: Kind, name: &str, text: Option<&str>) -> Definition {
    let body = text.map(|text| body(kind, text));
    Definition {
        kind: kind.to_proto().into(),
        name: name.to_owned(),
        deleted: body.is_none(),
        body,
        ..Definition::default()
    }
}

/// Few names and contents, so that they meet.
fn any_definition() -> impl Strategy<Value = Definition> {
    let text = prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))];
    (0_usize..3, 0_u8..3, text).prop_map(|(kind, name, text)| definition(Kind::ALL[kind], &format!("n{name}"), text))
}

/// Consecutive sets of the given sizes; one is cut short where it would name something twice.
fn split(definitions: &[Definition], sizes: &[usize]) -> Vec<DefinitionSet> {
    let mut sets: Vec<DefinitionSet> = Vec::new();
    let mut sizes = sizes.iter().cycle();
    let mut left = 0;
    for definition in definitions {
        let named_already = |set: &DefinitionSet| {
            set.definitions.iter().any(|held| (held.kind, &held.name) == (definition.kind, &definition.name))
        };
        if left == 0 || sets.last().is_some_and(named_already) {
            left = *sizes.next().unwrap();
            sets.push(DefinitionSet { set_id: format!("set {}", sets.len()), ..DefinitionSet::default() });
        }
        left -= 1;
        sets.last_mut().unwrap().definitions.push(definition.clone());
    }
    sets
}

/// What a fold of sets makes, version by version.
fn folded<'s>(sets: impl IntoIterator<Item = &'s DefinitionSet>) -> (Catalogue, History) {
    let (mut catalogue, mut history) = (Catalogue::default(), History::new());
    for (offset, set) in sets.into_iter().enumerate() {
        if let Effect::Versions(versions) = catalogue.fold(set, Micros(7), offset as u64) {
            for version in versions {
                let versions = history.entry((version.kind, version.name.clone())).or_default();
                versions.push(version.body.clone());
                assert_eq!(version.number as usize, versions.len(), "versions count up by one");
            }
        }
    }
    (catalogue, history)
}

fn naive(definitions: &[Definition]) -> History {
    let mut history = History::new();
    for definition in definitions {
        let name = (Kind::of(definition.kind).unwrap(), definition.name.clone());
        let before = history.get(&name).and_then(|versions| versions.last().cloned().flatten());
        if before != definition.body {
            history.entry(name).or_default().push(definition.body.clone());
        }
    }
    history
}

proptest! {
    #[test]
    fn the_split_into_sets_does_not_matter(
        definitions in prop::collection::vec(any_definition(), 0..40),
        sizes in prop::collection::vec(1_usize..6, 1..5),
    ) {
        let sets = split(&definitions, &sizes);
        let (catalogue, history) = folded(&sets);
        prop_assert_eq!(&history, &naive(&definitions));
        for ((kind, name), versions) in history {
            prop_assert_eq!(&catalogue.newest(kind, &name).unwrap().body, versions.last().unwrap());
            prop_assert_eq!(catalogue.get(kind, &name).is_some(), versions.last().unwrap().is_some());
        }
    }

    #[test]
    fn copies_of_sets_do_not_matter(
        definitions in prop::collection::vec(any_definition(), 0..40),
        copies in prop::collection::vec((0_usize..20, 0_usize..20), 0..10),
    ) {
        let sets = split(&definitions, &[2, 3]);
        let mut with_copies: Vec<&DefinitionSet> = sets.iter().collect();
        for (which, later) in copies {
            if let Some(set) = sets.get(which) {
                let first = with_copies.iter().position(|held| held.set_id == set.set_id).unwrap();
                with_copies.insert((first + 1 + later).min(with_copies.len()), set);
            }
        }
        prop_assert_eq!(folded(&sets).1, folded(with_copies).1);
    }

    #[test]
    fn applying_what_is_there_makes_no_version(definitions in prop::collection::vec(any_definition(), 1..40)) {
        let (mut catalogue, _) = folded(&split(&definitions, &[4]));
        for kind in Kind::ALL {
            let again: Vec<Definition> = catalogue.living(kind).map(|version| version.to_definition()).collect();
            if !again.is_empty() {
                let set = DefinitionSet { set_id: format!("again {kind}"), definitions: again, ..DefinitionSet::default() };
                prop_assert_eq!(catalogue.fold(&set, Micros(8), 99), Effect::Versions(Vec::new()));
            }
        }
    }
}

fn set(id: &str, definitions: Vec<Definition>) -> DefinitionSet {
    DefinitionSet { set_id: id.to_owned(), definitions, ..DefinitionSet::default() }
}

fn expecting(version: u32, definition: Definition) -> Definition {
    Definition { expected_version: Some(version), ..definition }
}

#[test]
fn of_two_that_expect_the_same_version_the_first_wins_and_the_other_is_void_whole() {
    let mut catalogue = Catalogue::default();
    let red = expecting(0, definition(Kind::Store, "s1", Some("red")));
    assert!(
        matches!(catalogue.fold(&set("1", vec![red]), Micros(1), 0), Effect::Versions(versions) if versions.len() == 1)
    );
    let other = definition(Kind::Product, "p1", Some("other"));
    let blue = expecting(0, definition(Kind::Store, "s1", Some("blue")));
    let late = set("2", vec![other.clone(), blue]);
    let superseded = Void::Superseded { kind: Kind::Store, name: "s1".into(), expected: 0, found: 1 };
    assert_eq!(catalogue.fold(&late, Micros(2), 1), Effect::Void(superseded));
    assert!(catalogue.get(Kind::Product, "p1").is_none(), "nothing of a void set counts");
    // A void set stays void when a copy of it comes, whatever is there by then.
    let gone = expecting(1, definition(Kind::Store, "s1", None));
    assert!(matches!(catalogue.fold(&set("3", vec![gone]), Micros(3), 2), Effect::Versions(_)));
    assert_eq!(catalogue.fold(&late, Micros(4), 3), Effect::Void(Void::Repeated));
    assert_eq!(catalogue.newest(Kind::Store, "s1").map(|version| version.number), Some(2));
    // A name that was deleted goes on counting.
    let again = expecting(2, definition(Kind::Store, "s1", Some("green")));
    catalogue.fold(&set("4", vec![again, other]), Micros(5), 4);
    assert_eq!(catalogue.get(Kind::Store, "s1").map(|version| version.number), Some(3));
    assert_eq!((catalogue.names(), catalogue.living(Kind::Store).count()), (2, 1));
}

#[test]
fn what_ingest_never_writes_is_void() {
    let store = definition(Kind::Store, "s1", Some("red"));
    let wrong_body = Definition { kind: Kind::Product.to_proto().into(), ..store.clone() };
    let both = Definition { deleted: true, ..store.clone() };
    let nameless = Definition { name: String::new(), ..store.clone() };
    for bad in [vec![], vec![wrong_body], vec![both], vec![nameless], vec![store.clone(), store.clone()]] {
        let mut catalogue = Catalogue::default();
        let effect = catalogue.fold(&set("bad", bad), Micros(1), 0);
        assert!(matches!(effect, Effect::Void(Void::Malformed(_))), "{effect:?}");
        assert_eq!(catalogue.names(), 0);
    }
    let nobody = set("", vec![store]);
    assert!(matches!(Catalogue::default().fold(&nobody, Micros(1), 0), Effect::Void(Void::Malformed(_))));
}
