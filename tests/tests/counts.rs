//! Counts by what is kept are those of a walk: random expressions over a random world that goes on, in which people are joined and
//! parted, touchpoints come late, identifiers cease to link, definitions change and time passes.
#![cfg(test)]

use std::{collections::BTreeSet, sync::LazyLock, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use proptest::prelude::*;
use proto::segment::{CountExpressionRequest, CountSegmentRequest};
use tests::touchpoints::{identifier_of, order, touchpoint};
use types::{
    Micros,
    record::{IdentityAction, Touchpoint},
};

#[path = "counts/expressions.rs"]
mod expressions;
#[path = "counts/world.rs"]
mod world;

use expressions::{SEGMENTS, any_definition, any_expression};
use world::World;

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;
const HOUR: i64 = 3_600;
const DAYS: i64 = 40;
const RECEIVED: Micros = Micros((MARCH + 60 * 24 * HOUR) * 1_000_000);
const MEMORY: usize = 64 << 20;

const NAMES: [&str; 11] = [
    "user_id:ann",
    "user_id:bob",
    "loyalty_card:1x",
    "loyalty_card:2x",
    "email:a@shop.example",
    "email:b@shop.example",
    "device_id:d1xx",
    "device_id:d2xx",
    "ip_address:10.0.0.1",
    "ip_address:10.0.0.2",
    "receipt:r1",
];

/// What happens, one after the other.
#[derive(Clone, Debug)]
enum Step {
    /// A touchpoint of a number, at an hour, that carries these identifiers; some share a number and so a message id.
    Touchpoint(u8, What, i64, BTreeSet<&'static str>),
    Decision(i64, IdentityAction, &'static str, &'static str),
    Define(&'static str, String),
    /// Another generation is served, under rules that allow so many e-mail addresses.
    Rebuild(u32),
    Count(Count),
}

#[derive(Clone, Copy, Debug)]
enum What {
    View,
    Order,
    Named(&'static str, bool),
    Consent(bool),
}

#[derive(Clone, Debug)]
struct Count {
    expressions: Vec<String>,
    /// The hour; by the clock where there is none.
    as_of: Option<i64>,
    receipts: bool,
    sample: i32,
    overlaps: bool,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        3 => Just(What::View),
        3 => Just(What::Order),
        2 => (prop::sample::select(vec!["Lyon", "Graz"]), any::<bool>()).prop_map(|(city, vip)| What::Named(city, vip)),
        1 => any::<bool>().prop_map(What::Consent),
    ]
}

fn count() -> impl Strategy<Value = Count> {
    let expressions = prop::collection::vec(any_expression(), 1..4);
    let as_of = prop_oneof![2 => Just(None), 1 => (0..DAYS).prop_map(|day| Some(day * 24)), 1 => Just(Some(24 * 20))];
    (expressions, as_of, any::<bool>(), 0..4_i32, any::<bool>()).prop_map(
        |(expressions, as_of, receipts, sample, overlaps)| Count { expressions, as_of, receipts, sample, overlaps },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(NAMES.to_vec());
    let carried = prop::collection::btree_set(name(), 1..4);
    let actions =
        vec![IdentityAction::Link, IdentityAction::Unlink, IdentityAction::Separate, IdentityAction::Withdraw];
    prop_oneof![
        8 => (0..60_u8, what(), 0..DAYS * 24, carried)
            .prop_map(|(number, what, hour, who)| Step::Touchpoint(number, what, hour, who)),
        2 => (0..DAYS * 24, prop::sample::select(actions), name(), name())
            .prop_filter("two", |(.., left, right)| left != right)
            .prop_map(|(hour, action, left, right)| Step::Decision(hour, action, left, right)),
        1 => any_definition().prop_map(|(name, expression)| Step::Define(name, expression)),
        1 => (1..3_u32).prop_map(Step::Rebuild),
        6 => count().prop_map(Step::Count),
    ]
}

fn made(number: u8, what: What, hour: i64, who: &BTreeSet<&'static str>) -> Touchpoint {
    let (message, second) = (format!("m{number}"), MARCH + hour * HOUR);
    let mut names = who.iter();
    let first = names.next().unwrap();
    let of_kind = |kind: &str| touchpoint(kind, &message, second, first);
    let mut one = match what {
        What::View => of_kind("page_viewed"),
        What::Order => order(&message, second, first, &message, "20.00"),
        What::Named(city, vip) => {
            let value = |kind| prost_types::Value { kind: Some(kind) };
            let city = value(prost_types::value::Kind::StringValue(city.into()));
            let vip = value(prost_types::value::Kind::BoolValue(vip));
            let fields = [("city".to_owned(), city), ("vip".to_owned(), vip)].into();
            Touchpoint { traits: Some(prost_types::Struct { fields }), ..of_kind("identified") }
        }
        What::Consent(granted) => {
            Touchpoint { consents: vec![expressions::consent(granted)], ..of_kind("consent_changed") }
        }
    };
    one.identifiers.extend(names.map(|name| identifier_of(name)));
    one
}

fn instant(hour: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: MARCH + hour * HOUR, nanos: 0 }
}

impl World {
    fn with_segments(memory: usize) -> Self {
        Self::with_segments_for(memory, Duration::from_secs(600))
    }

    fn with_segments_for(memory: usize, idle: Duration) -> Self {
        let mut world = Self::new(memory, idle);
        world.define("inner", "metrics.orders > 0");
        world.define("outer", r#"segment("inner") && traits.city == "Lyon""#);
        world
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Touchpoint(number, what, hour, who) => self.publish(made(*number, *what, *hour, who), RECEIVED),
            Step::Decision(hour, action, left, right) => self.decide(MARCH + hour * HOUR, *action, left, right),
            Step::Define(name, expression) => self.define(name, expression),
            Step::Rebuild(emails_max) => self.rebuild(*emails_max),
            Step::Count(count) => self.count(count),
        }
    }

    fn count(&mut self, count: &Count) {
        self.folded();
        for expression in &count.expressions {
            let request = CountExpressionRequest {
                expression: expression.clone(),
                as_of: count.as_of.map(instant),
                include_receipts: count.receipts,
                sample_size: count.sample,
                overlap_with: SEGMENTS.iter().filter(|_| count.overlaps).map(|name| (*name).to_owned()).collect(),
                ..CountExpressionRequest::default()
            };
            let [kept, walked] = self.expression(&request);
            assert_eq!(kept, walked, "{request:?}");
        }
        let request = CountSegmentRequest {
            segment: "outer".into(),
            as_of: count.as_of.map(instant),
            include_receipts: count.receipts,
            ..CountSegmentRequest::default()
        };
        let [kept, walked] = self.segment(&request);
        assert_eq!(kept, walked, "{request:?}");
    }
}

fn cases() -> u32 {
    let asked = std::env::var("PATRON_COUNT_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_a_walk(steps in prop::collection::vec(step(), 1..60), last in count()) {
        let mut world = World::with_segments(MEMORY);
        steps.iter().for_each(|step| world.step(step));
        world.count(&last);
        world.count(&last);
    }
}

fn asking(expression: &str) -> CountExpressionRequest {
    CountExpressionRequest { expression: expression.into(), ..CountExpressionRequest::default() }
}

impl World {
    /// What both say of an expression; how often everybody was walked through for what is kept, and how many were asked again.
    fn asked(&mut self, request: &CountExpressionRequest, metrics: &PrometheusHandle) -> (i64, u64, u64) {
        self.folded();
        let before = METRICS.map(|name| counter(metrics, name));
        let [kept, walked] = self.expression(request);
        let [walks, again] = METRICS.map(|name| counter(metrics, name));
        assert_eq!(kept, walked, "{request:?}");
        (kept.count, walks - before[0], again - before[1])
    }
}

/// The process's; tests take turns.
static RECORDED: LazyLock<PrometheusHandle> = LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

const METRICS: [&str; 2] = ["patron_count_walks_total", "patron_count_customers_asked_again_total"];

fn counter(metrics: &PrometheusHandle, name: &str) -> u64 {
    let rendered = metrics.render();
    let line = rendered.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |count| count.parse().unwrap())
}

#[test]
fn only_what_is_new_is_walked_for_and_only_who_changed_is_asked_again() {
    let metrics = &*RECORDED;
    let mut world = World::with_segments(MEMORY);
    let bought = |number: u8, hour: i64, who: &'static str| made(number, What::Order, hour, &BTreeSet::from([who]));
    for (number, who) in (0..).zip(&NAMES[..6]) {
        world.publish(bought(number, 24, who), RECEIVED);
    }
    let both = asking(r#"orders().within("10d").count() > 0 && !(metrics.orders > 1)"#);
    assert_eq!(world.asked(&both, metrics), (6, 1, 0), "everybody, once");
    assert_eq!(world.asked(&both, metrics), (6, 0, 0), "and never again");
    let other = asking(r#"metrics.orders > 1 || orders().within("10d").count() > 0"#);
    assert_eq!(world.asked(&other, metrics), (6, 0, 0), "of the same conditions");
    assert_eq!(world.asked(&asking("metrics.orders>1"), metrics), (0, 0, 0), "however they are written");
    let named = asking(r#"segment("inner") && metrics.orders > 1"#);
    assert_eq!(world.asked(&named, metrics), (0, 1, 0), "but for a new one");

    world.publish(bought(10, 25, NAMES[0]), RECEIVED);
    assert_eq!(world.asked(&both, metrics), (5, 0, 1), "who bought again");
    world.decide(MARCH, IdentityAction::Link, NAMES[1], NAMES[2]);
    assert_eq!(world.asked(&both, metrics), (3, 0, 1), "two who are one, and bought twice");
    world.decide(MARCH + 1, IdentityAction::Unlink, NAMES[1], NAMES[2]);
    assert_eq!(world.asked(&both, metrics), (5, 0, 2), "and are two again");
    // By the clock, ten days have passed for all but the one who moves it.
    world.publish(bought(11, 24 * 20, NAMES[3]), RECEIVED);
    let (count, walks, again) = world.asked(&both, metrics);
    assert_eq!((count, walks), (0, 0));
    assert!(again >= 6, "time has changed it for all: {again}");
    let then = CountExpressionRequest { as_of: Some(instant(48)), ..both.clone() };
    assert_eq!(world.asked(&then, metrics), (5, 1, 0), "another instant has bitmaps of its own");
    assert_eq!(world.asked(&then, metrics), (5, 0, 0));
    world.publish(bought(12, 47, NAMES[4]), RECEIVED);
    assert_eq!(world.asked(&then, metrics), (4, 0, 1), "and what comes late is in it");
    assert_eq!(world.asked(&both, metrics).1, 0, "beside the other");

    world.define("inner", "metrics.orders > 5");
    assert_eq!(world.asked(&named, metrics), (0, 1, 0), "a segment is what it is now");

    // More than is worth asking one by one.
    for user in 0..600 {
        world.publish(
            order(&format!("u{user}"), MARCH, &format!("user_id:u{user}"), &format!("u{user}"), "1.00"),
            RECEIVED,
        );
    }
    assert_eq!(world.asked(&named, metrics).1, 1, "a walk is cheaper");
    world.rebuild(1);
    assert_eq!(world.asked(&named, metrics).1, 1, "another state is another beginning");
    drop(world);

    let mut small = World::with_segments(1);
    small.publish(bought(1, 24, NAMES[0]), RECEIVED);
    let (count, ..) = small.asked(&both, metrics);
    assert_eq!((count, small.asked(&both, metrics).1), (1, 0), "without memory nothing is kept");
    drop(small);

    let mut idle = World::with_segments_for(MEMORY, Duration::from_millis(1));
    idle.publish(bought(1, 24, NAMES[0]), RECEIVED);
    assert_eq!(idle.asked(&both, metrics), (1, 1, 0));
    idle.until(|| counter(metrics, "patron_count_customers") == 0);
    assert_eq!(idle.asked(&both, metrics), (1, 1, 0), "what nobody asked for any more has gone");
}

/// A shared device that gains one neighbour too many lets everybody go: who is whom changes for those who were not touched. They are
/// found without a walk.
#[test]
fn whom_an_identifier_links_no_more_is_counted_apart() {
    let mut world = World::with_segments(MEMORY);
    let [ann, bob, card, card_2, ..] = NAMES;
    let view = |world: &World, number, who: &[&'static str]| {
        world.publish(made(number, What::Order, 24, &who.iter().copied().collect()), RECEIVED);
    };
    let (metrics, request) = (&*RECORDED, asking("metrics.orders > 0"));
    for (number, who, wanted) in [
        (1, vec!["device_id:d1xx", ann], 1),
        (2, vec!["device_id:d1xx", card], 1),
        (3, vec!["device_id:d1xx"], 1),
        (4, vec!["device_id:d1xx", bob], 4),
        (5, vec!["device_id:d1xx", card_2], 5),
        (6, vec!["device_id:d1xx", "ip_address:10.0.0.1"], 6),
        (7, vec!["ip_address:10.0.0.1"], 6),
        (8, vec!["device_id:d2xx", "ip_address:10.0.0.1"], 7),
    ] {
        view(&world, number, &who);
        let (count, walks, _) = world.asked(&request, metrics);
        assert_eq!((count, walks), (wanted, u64::from(number == 1)), "{who:?}");
    }
}
