//! Touchpoints for tests: one with every field, the least one, and any at all. Never compiled into the library.

use proptest::collection::{btree_map, vec};
use proptest::num::f64::ANY;
use proptest::option::of;
use proptest::prelude::*;
use prost_types::value::Kind as ValueKind;
use prost_types::{Duration, ListValue, Struct, Timestamp, Value};
use types::Micros;
use types::record::{
    Campaign, Consent, ConsentStatus, Coupon, Device, Identifier, Item, Money, Order, Score, Touchpoint,
};

/// The instant of receipt in tests: 2026-03-01T12:00:00Z.
pub(crate) const NOW: Micros = Micros(1_772_366_400_000_000);

pub(crate) fn money(amount: &str, currency_code: &str) -> Money {
    Money { amount: amount.into(), currency_code: currency_code.into() }
}

pub(crate) fn identifier(namespace: &str, value: &str) -> Identifier {
    Identifier { namespace: namespace.into(), value: value.into() }
}

pub(crate) fn text_value(text: &str) -> Value {
    Value { kind: Some(ValueKind::StringValue(text.into())) }
}

pub(crate) fn number_value(number: f64) -> Value {
    Value { kind: Some(ValueKind::NumberValue(number)) }
}

pub(crate) fn values(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Struct {
    Struct { fields: entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}

/// A text in `depth` structs.
pub(crate) fn nested(depth: usize) -> Value {
    (0..depth)
        .fold(text_value("deep"), |inner, _| Value { kind: Some(ValueKind::StructValue(values([("in", inner)]))) })
}

/// The least that gets in.
pub(crate) fn least() -> Touchpoint {
    Touchpoint {
        source: "pos".into(),
        message_id: "1".into(),
        kind: "page_viewed".into(),
        identifiers: vec![identifier("user_id", "u1")],
        occurred_at: Some(NOW.to_proto()),
        ..Touchpoint::default()
    }
}

/// Every field given, in normal form. No `..Default`: a new field must be added here, and with it to the tests that walk it.
pub(crate) fn full() -> Touchpoint {
    Touchpoint {
        source: "pos".into(),
        message_id: "m1".into(),
        kind: "order_completed".into(),
        identifiers: vec![identifier("loyalty_card", "c1"), identifier("email", "a@b.shop")],
        occurred_at: Some(NOW.to_proto()),
        received_at: None,
        store_id: "s1".into(),
        zone_id: "z1".into(),
        channel: "store".into(),
        visit_id: "v1".into(),
        campaign: Some(Campaign { name: "spring".into(), source: "newsletter".into(), medium: "email".into() }),
        device: Some(Device { r#type: "till".into(), os: "os 1".into(), app_version: "2.0".into() }),
        order: Some(Order {
            order_id: "o1".into(),
            total: Some(money("12.30", "EUR")),
            discount: Some(money("1.00", "EUR")),
            refund: Some(money("2.00", "EUR")),
            refund_id: "r1".into(),
        }),
        items: vec![full_item()],
        coupon: Some(Coupon { coupon_id: "k1".into(), offer_id: "f1".into() }),
        marketing_message_id: "mm1".into(),
        case_id: "case1".into(),
        score: Some(Score { scale: "nps".into(), value: 9.0 }),
        duration: Some(Duration { seconds: 60, nanos: 0 }),
        cost: Some(money("0.50", "USD")),
        points: 5,
        traits: Some(values([("city", text_value("Wien"))])),
        consents: vec![Consent { purpose: "email".into(), status: ConsentStatus::Granted.into() }],
        search_query: "red shoes".into(),
        properties: Some(values([("note", text_value("gift")), ("list", nested(3))])),
    }
}

fn full_item() -> Item {
    Item {
        product_id: "p1".into(),
        name: "Shoe".into(),
        category: "shoes".into(),
        brand: "b1".into(),
        quantity: "2".into(),
        price: Some(money("6.65", "EUR")),
        discount: Some(money("0.50", "EUR")),
    }
}

/// Any touchpoint: random and awkward texts, extreme numbers, some of them good.
pub(crate) fn any_touchpoint() -> impl Strategy<Value = Touchpoint> {
    (any_head(), any_order(), any_rest()).prop_map(|(head, order, rest)| Touchpoint {
        order: order.0,
        items: order.1,
        cost: order.2,
        coupon: order.3,
        score: order.4,
        duration: order.5,
        points: order.6,
        traits: rest.traits,
        properties: rest.properties,
        consents: rest.consents,
        store_id: rest.store_id,
        visit_id: rest.visit_id,
        search_query: rest.search_query,
        campaign: rest.campaign,
        ..head
    })
}

fn any_head() -> impl Strategy<Value = Touchpoint> {
    let kind = prop_oneof![Just("order_completed".to_owned()), Just("identified".to_owned()), any_text()];
    let identifiers = vec((any_text(), any_text()), 0..20);
    (any_text(), any_text(), kind, identifiers, of(any_time()), of(any_time())).prop_map(
        |(source, message_id, kind, identifiers, occurred_at, received_at)| Touchpoint {
            identifiers: identifiers.into_iter().map(|(namespace, value)| Identifier { namespace, value }).collect(),
            source,
            message_id,
            kind,
            occurred_at,
            received_at,
            ..Touchpoint::default()
        },
    )
}

type OrderParts = (Option<Order>, Vec<Item>, Option<Money>, Option<Coupon>, Option<Score>, Option<Duration>, i64);

fn any_order() -> impl Strategy<Value = OrderParts> {
    let order = (any_text(), of(any_money()), of(any_money()), of(any_money()), any_text()).prop_map(
        |(order_id, total, discount, refund, refund_id)| Order { order_id, total, discount, refund, refund_id },
    );
    let item = (any_text(), any_text(), any_text(), of(any_money()), of(any_money())).prop_map(
        |(product_id, name, quantity, price, discount)| Item {
            product_id,
            name,
            quantity,
            price,
            discount,
            ..Item::default()
        },
    );
    let coupon = (any_text(), any_text()).prop_map(|(coupon_id, offer_id)| Coupon { coupon_id, offer_id });
    let score = (any_text(), prop_oneof![ANY, -1e10..1e10]).prop_map(|(scale, value)| Score { scale, value });
    let duration = any_time().prop_map(|time| Duration { seconds: time.seconds, nanos: time.nanos });
    (of(order), vec(item, 0..5), of(any_money()), of(coupon), of(score), of(duration), any_number())
}

fn any_rest() -> impl Strategy<Value = Touchpoint> {
    let consent = (any_text(), -1..4).prop_map(|(purpose, status)| Consent { purpose, status });
    let campaign = any_text().prop_map(|name| Campaign { name, ..Campaign::default() });
    let texts = (any_text(), any_text(), any_text());
    (of(any_values()), of(any_values()), vec(consent, 0..4), of(campaign), texts).prop_map(
        |(traits, properties, consents, campaign, (store_id, visit_id, search_query))| Touchpoint {
            traits,
            properties,
            consents,
            campaign,
            store_id,
            visit_id,
            search_query,
            ..Touchpoint::default()
        },
    )
}

fn any_money() -> impl Strategy<Value = Money> {
    let currency = prop_oneof![Just(" eur ".to_owned()), Just("JPY".to_owned()), Just("KWD".to_owned()), any_text()];
    let amount = prop_oneof![r"[ +-]?[0-9]{1,13}(\.[0-9]{0,7})?", any_text()];
    (amount, currency).prop_map(|(amount, currency_code)| Money { amount, currency_code })
}

/// Texts that parsers, trimming and lower-casing like least.
const AWKWARD: &str = "| | Email |email|user_id|PHONE|0|null|-0|1.0|İ|Σ Σ|\u{feff}x\u{85}|\0";

fn any_text() -> impl Strategy<Value = String> {
    let awkward: Vec<String> = AWKWARD.split('|').map(str::to_owned).collect();
    prop_oneof![4 => proptest::sample::select(awkward), 3 => any::<String>(), 1 => " ?x{510,514}"]
}

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX), -5_i64..5, any::<i64>()]
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![0_i64..2_000_000_000, any_number()];
    let nanos = prop_oneof![0_i32..1_000_000_000, Just(i32::MIN), Just(i32::MAX), any::<i32>()];
    (seconds, nanos).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

fn any_values() -> impl Strategy<Value = Struct> {
    btree_map(any_text(), any_value(), 0..4).prop_map(|fields| Struct { fields })
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(None),
        any::<i32>().prop_map(|number| Some(ValueKind::NullValue(number))),
        ANY.prop_map(|number| Some(ValueKind::NumberValue(number))),
        any_text().prop_map(|text| Some(ValueKind::StringValue(text))),
        (17_usize..20).prop_map(|depth| nested(depth).kind),
    ];
    leaf.prop_map(|kind| Value { kind }).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3)
                .prop_map(|values| Value { kind: Some(ValueKind::ListValue(ListValue { values })) }),
            btree_map(any_text(), inner, 0..3)
                .prop_map(|fields| Value { kind: Some(ValueKind::StructValue(Struct { fields })) }),
        ]
    })
}
