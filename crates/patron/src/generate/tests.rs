use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use types::{Kind, kind::Required};

use super::*;

fn settings(touchpoints: u64) -> Settings {
    let start = Micros::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
    Settings { seed: 42, customers: 1_000, touchpoints, start, days: 31, uniform: false }
}

fn generate(settings: Settings) -> Vec<Touchpoint> {
    Generator::new(settings).unwrap().collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let mut hasher = blake3::Hasher::new();
    for touchpoint in Generator::new(settings(1_000)).unwrap() {
        hasher.update(proto::json::to_line(&touchpoint).as_bytes()).update(b"\n");
    }
    assert_eq!(&hasher.finalize().to_hex()[..32], "c7377c8873f656bf9b01a0b90350f819");
}

#[test]
fn other_seeds_give_other_touchpoints() {
    assert_ne!(generate(settings(100)), generate(Settings { seed: 43, ..settings(100) }));
}

#[test]
fn every_kind_occurs() {
    let seen: BTreeSet<String> = generate(settings(5_000)).into_iter().map(|touchpoint| touchpoint.kind).collect();
    let absent: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| !seen.contains(kind.name())).collect();
    // Generated people are linked by what they do; nothing is said of their identifiers alone.
    assert_eq!(absent, [Kind::IdentifiersLinked]);
}

#[test]
fn what_is_wrong_on_purpose_stays_within_bounds() {
    let all = generate(settings(100_000));
    let mut first: BTreeMap<(String, String), Touchpoint> = BTreeMap::new();
    let (mut copies, mut delayed, mut late, mut newest) = (0, 0, 0, i64::MIN);
    for touchpoint in &all {
        let name = (touchpoint.source.clone(), touchpoint.message_id.clone());
        if let Some(original) = first.insert(name, touchpoint.clone()) {
            assert_eq!(&original, touchpoint, "a copy is equal");
            copies += 1;
            continue;
        }
        let behind = newest.saturating_sub(touchpoint.occurred().0);
        late += usize::from(behind > 86_000_000_000 && newest != i64::MIN);
        delayed += usize::from(behind > 59_000_000 && newest != i64::MIN);
        newest = newest.max(touchpoint.occurred().0);
    }
    assert!((400..800).contains(&copies), "{copies}");
    assert!((2_400..4_000).contains(&delayed), "{delayed}");
    assert!((120..300).contains(&late), "{late}");
}

#[test]
fn touchpoints_fill_the_span_and_do_not_leave_it() {
    let settings = settings(20_000);
    let end = settings.start.0 + 31 * 86_400_000_000;
    let times: Vec<i64> = generate(settings).iter().map(|touchpoint| touchpoint.occurred().0).collect();
    assert!(times.iter().all(|at| (settings.start.0..end).contains(at)));
    let middle = times.iter().filter(|at| **at < i64::midpoint(settings.start.0, end)).count();
    assert!((8_500..11_500).contains(&middle), "{middle}");
}

#[test]
fn sizes_and_people_are_as_in_a_shop() {
    let all = generate(settings(20_000));
    let bytes: usize = all.iter().map(|touchpoint| touchpoint.encoded_len()).sum();
    assert!((220..280).contains(&(bytes / all.len())), "{}", bytes / all.len());
    let nobody = all.iter().filter(|touchpoint| touchpoint.identifiers.is_empty()).count();
    assert!((1_000..4_000).contains(&nobody), "{nobody}");
    let namespaces: BTreeSet<&str> =
        all.iter().flat_map(|touchpoint| &touchpoint.identifiers).map(|id| id.namespace.as_str()).collect();
    assert_eq!(namespaces.len(), 7, "{namespaces:?}");
}

#[test]
fn some_orders_are_reported_by_two_sources() {
    let mut sources: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for touchpoint in generate(settings(20_000)).iter().filter(|touchpoint| touchpoint.kind == "order_completed") {
        sources.entry(touchpoint.order_id().to_owned()).or_default().insert(touchpoint.source.clone());
    }
    let (all, twice) = (sources.len(), sources.values().filter(|sources| sources.len() == 2).count());
    assert!(twice * 100 > all && twice * 10 < all, "{twice} of {all}");
}

#[test]
fn few_customers_come_often_unless_all_come_alike() {
    let busiest = |uniform| {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for touchpoint in generate(Settings { uniform, ..settings(20_000) }) {
            for identifier in touchpoint.identifiers.iter().filter(|identifier| identifier.namespace == "user_id") {
                *counts.entry(identifier.value.clone()).or_default() += 1;
            }
        }
        counts.into_values().max().unwrap()
    };
    assert!(busiest(false) > 5 * busiest(true));
}

#[test]
fn by_user_id_alone_the_facts_stay_and_each_is_of_one_customer() {
    let named: Vec<Touchpoint> = Generator::new(settings(5_000)).unwrap().by_user_id_alone().collect();
    let facts = |touchpoints: &[Touchpoint]| -> Vec<Touchpoint> {
        touchpoints.iter().map(|one| Touchpoint { identifiers: Vec::new(), ..one.clone() }).collect()
    };
    let usual = generate(settings(5_000));
    assert_eq!(facts(&named), facts(&usual));
    for (named, usual) in named.iter().zip(&usual) {
        let [only] = named.identifiers.as_slice() else { panic!("{named:?}") };
        assert_eq!(only.namespace, "user_id");
        let said = usual.identifiers.iter().find(|identifier| identifier.namespace == "user_id");
        assert!(said.is_none_or(|said| said == only), "{usual:?}");
    }
}

#[test]
fn with_numbers_of_its_own_a_set_is_the_same_but_for_its_names() {
    let (usual, other) = (generate(settings(5_000)), Generator::new(settings(5_000)).unwrap().numbered_from(1 << 40));
    let other: Vec<Touchpoint> = other.collect();
    let names = |touchpoints: &[Touchpoint]| -> BTreeSet<String> {
        let of = |one: &Touchpoint| [one.message_id.clone(), one.visit_id.clone(), one.order_id().to_owned()];
        touchpoints.iter().flat_map(of).filter(|name| !name.is_empty()).collect()
    };
    assert!(names(&usual).is_disjoint(&names(&other)));
    assert_eq!(names(&usual).len(), names(&other).len());
    let facts = |touchpoints: &[Touchpoint]| -> Vec<(String, Micros, usize)> {
        touchpoints.iter().map(|one| (one.kind.clone(), one.occurred(), one.items.len())).collect()
    };
    assert_eq!(facts(&usual), facts(&other));
}

#[test]
fn every_touchpoint_carries_what_its_kind_requires() {
    for touchpoint in generate(settings(10_000)) {
        let kind = Kind::of_name(&touchpoint.kind).unwrap();
        for required in kind.requires() {
            assert!(carries(&touchpoint, *required), "{required:?} in {touchpoint:?}");
        }
        let somebody =
            !touchpoint.identifiers.is_empty() || !touchpoint.order_id().is_empty() || !touchpoint.visit_id.is_empty();
        assert!(somebody && touchpoint.received_at.is_none(), "{touchpoint:?}");
    }
}

fn carries(touchpoint: &Touchpoint, required: Required) -> bool {
    match required {
        Required::Store => !touchpoint.store_id.is_empty(),
        Required::Zone => !touchpoint.zone_id.is_empty(),
        Required::Duration => touchpoint.duration.is_some(),
        Required::OrderId => !touchpoint.order_id().is_empty(),
        Required::Items => !touchpoint.items.is_empty(),
        Required::ItemsOrTotal => {
            !touchpoint.items.is_empty()
                || touchpoint.order.as_ref().is_some_and(|order| order.total.is_some() || order.refund.is_some())
        }
        Required::MarketingMessage => !touchpoint.marketing_message_id.is_empty(),
        Required::Coupon => touchpoint.coupon.is_some(),
        Required::Case => !touchpoint.case_id.is_empty(),
        Required::Score => touchpoint.score.is_some(),
        Required::Traits => touchpoint.traits.is_some(),
        Required::Consents => !touchpoint.consents.is_empty(),
        Required::Points => touchpoint.points > 0,
        Required::Cost => touchpoint.cost.is_some(),
        Required::SearchQuery => !touchpoint.search_query.is_empty(),
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    assert!(Generator::new(Settings { customers: 0, ..settings(1) }).is_err());
    assert!(Generator::new(Settings { days: 0, ..settings(1) }).is_err());
    assert_eq!(generate(settings(0)).len(), 0);
}
