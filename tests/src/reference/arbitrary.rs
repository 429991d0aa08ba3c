//! Random touchpoints that meet: few people, orders, stores, instants and names, so that copies, conflicts, ties and refused
//! links occur; decisions about the same people; and any way to fold them all.

use proptest::prelude::*;
use prost_types::value::Kind as Value;
use types::{
    Kind, Micros,
    record::{
        Campaign, Consent, ConsentStatus, Coupon, Identifier, IdentityAction, IdentityDecision, Item, Money, Order,
        Score, Touchpoint,
    },
};

use crate::pipeline::{
    Arrival, Received,
    runs::{Crash, Run},
};

fn identifier() -> impl Strategy<Value = Identifier> {
    let namespace = prop::sample::select(vec!["user_id", "email", "loyalty_card", "device_id"]);
    (namespace, 0..4_u8).prop_map(|(namespace, number)| {
        let value = if namespace == "email" { format!("a{number}@shop.example") } else { format!("v{number}x") };
        Identifier { namespace: namespace.into(), value }
    })
}

/// Up to four decimals, so that products have eight.
fn money(currency: &'static str) -> impl Strategy<Value = Option<Money>> {
    let amount =
        prop_oneof![(0..90_000_i64).prop_map(|cents| (cents * 100, 2)), (0..90_000_i64).prop_map(|part| (part, 4))];
    prop::option::of(amount.prop_map(move |(parts, places)| Money {
        amount: types::Decimal(parts * 100).to_text(places),
        currency_code: currency.into(),
    }))
}

fn item(currency: &'static str) -> impl Strategy<Value = Item> {
    let texts = (prop::sample::select(vec!["", "tea", "cups"]), prop::sample::select(vec!["", "2", "0.5", "1.25"]));
    (texts, money(currency), money(currency), 0..3_u8).prop_map(|((category, quantity), price, discount, product)| {
        Item {
            product_id: format!("p{product}"),
            category: category.into(),
            quantity: quantity.into(),
            price,
            discount,
            ..Item::default()
        }
    })
}

fn order(currency: &'static str) -> impl Strategy<Value = (Order, Vec<Item>)> {
    let amounts = (money(currency), money(currency), money(currency));
    let ids = (0..4_u8, prop::sample::select(vec!["", "", "r1", "r2"]));
    (ids, amounts, prop::collection::vec(item(currency), 1..3)).prop_map(
        |((order, refund_id), (total, discount, refund), items)| {
            let order = Order { order_id: format!("o{order}"), total, discount, refund, refund_id: refund_id.into() };
            (order, items)
        },
    )
}

fn member() -> impl Strategy<Value = (prost_types::Struct, Vec<Consent>, Score)> {
    let city = prop::sample::select(vec!["", "Wien", "Graz"]);
    let purpose = prop::sample::select(vec!["email", "sms"]);
    let scale = prop::sample::select(vec!["nps", "csat"]);
    (city, purpose, any::<bool>(), scale, 0..21_u8).prop_map(|(city, purpose, granted, scale, halves)| {
        let kind = if city.is_empty() { Value::NullValue(0) } else { Value::StringValue(city.to_owned()) };
        let fields = [("city".to_owned(), prost_types::Value { kind: Some(kind) })].into();
        let status = if granted { ConsentStatus::Granted } else { ConsentStatus::Denied };
        let consent = Consent { purpose: purpose.into(), status: status.into() };
        let score = Score { scale: scale.into(), value: f64::from(halves) / 2.0 };
        (prost_types::Struct { fields }, vec![consent], score)
    })
}

/// Orders are as frequent as everything else together.
fn kind() -> impl Strategy<Value = Kind> {
    let orders = vec![
        Kind::OrderCompleted,
        Kind::OrderCompleted,
        Kind::OrderLineCompleted,
        Kind::OrderCancelled,
        Kind::OrderRefunded,
        Kind::OrderReturned,
    ];
    prop_oneof![prop::sample::select(orders), prop::sample::select(Kind::ALL)]
}

/// A touchpoint that ingest takes.
pub fn touchpoint() -> impl Strategy<Value = Touchpoint> {
    let currency = prop::sample::select(vec!["EUR", "EUR", "EUR", "USD"]);
    let facts = currency.prop_flat_map(|currency| (order(currency), money(currency)));
    let head = (kind(), 0..9_u8, prop::collection::vec(identifier(), 0..4), 0..40_i64);
    let place = (prop::sample::select(vec!["", "s1", "s2"]), prop::sample::select(vec!["", "web", "store"]), 0..3_u8);
    (head, facts, place, member(), 1..90_i64).prop_map(
        |((kind, message, mut who, days), ((order, items), cost), (store, channel, campaign), member, points)| {
            let of_orders = kind.name().starts_with("order_");
            let (traits, consents, score) = member;
            if who.is_empty() && !of_orders {
                who.push(Identifier { namespace: "device_id".into(), value: "v0x".into() });
            }
            let needs_store = kind.name().starts_with("store_") || kind.name().starts_with("zone_");
            Touchpoint {
                source: if message % 2 == 0 { "till".into() } else { "app".into() },
                message_id: format!("m{message}"),
                kind: kind.name().into(),
                identifiers: who,
                // Now and then at the same instant, and over the end of months.
                occurred_at: Some(prost_types::Timestamp { seconds: days / 2 * 259_200, nanos: 0 }),
                store_id: if needs_store && store.is_empty() { "s3".into() } else { store.into() },
                zone_id: "z".into(),
                channel: channel.into(),
                campaign: (campaign > 0).then(|| Campaign { name: format!("c{campaign}"), ..Campaign::default() }),
                order: of_orders.then_some(order),
                items,
                coupon: Some(Coupon { coupon_id: "k".into(), ..Coupon::default() }),
                marketing_message_id: "mm".into(),
                case_id: "case".into(),
                search_query: format!("q{campaign}"),
                score: Some(score),
                duration: Some(prost_types::Duration { seconds: points, nanos: 500 }),
                traits: Some(traits),
                consents,
                points,
                cost: cost.or_else(|| {
                    kind.requires()
                        .contains(&types::kind::Required::Cost)
                        .then(|| Money { amount: "1.50".into(), currency_code: "EUR".into() })
                }),
                ..Touchpoint::default()
            }
        },
    )
}

/// How a touchpoint comes again.
#[derive(Clone, Debug)]
enum Again {
    Copy,
    Conflict(Box<Touchpoint>, bool),
}

fn again() -> impl Strategy<Value = Again> {
    let conflict = (touchpoint(), any::<bool>()).prop_map(|(other, more)| Again::Conflict(Box::new(other), more));
    prop_oneof![Just(Again::Copy), conflict]
}

/// Touchpoints in any order, at any time, some again as equal copies, some with another content.
pub fn received(most: usize) -> impl Strategy<Value = Vec<Received>> {
    let one = (touchpoint(), prop::collection::vec(again(), 0..3));
    let arrivals = prop::collection::vec(one, 1..most).prop_map(|list| {
        let mut arrivals = Vec::new();
        for (touchpoint, again) in list {
            arrivals.extend(again.into_iter().map(|again| repeated(&touchpoint, again)));
            arrivals.push(touchpoint);
        }
        arrivals
    });
    arrivals.prop_shuffle().prop_flat_map(|touchpoints| {
        let times = prop::collection::vec(0..20_i64, touchpoints.len());
        times.prop_map(move |times| touchpoints.iter().cloned().zip(times.into_iter().map(receipt)).collect())
    })
}

/// The same name, and at least the same identifiers.
fn repeated(touchpoint: &Touchpoint, again: Again) -> Touchpoint {
    let Touchpoint { source, message_id, identifiers, .. } = touchpoint.clone();
    match again {
        Again::Copy => touchpoint.clone(),
        Again::Conflict(other, more) => {
            let mut who = identifiers;
            if more {
                who.extend(other.identifiers.clone());
            }
            if who.is_empty() {
                who.clone_from(&other.identifiers);
            }
            Touchpoint { source, message_id, identifiers: who, ..*other }
        }
    }
}

fn receipt(second: i64) -> Micros {
    Micros(1_900_000_000_000_000 + second * 1_000_000)
}

/// Decisions about one pair, few enough of a kind that some are equal; each when it is received.
fn decisions() -> impl Strategy<Value = Vec<(IdentityDecision, Micros)>> {
    use IdentityAction::{Link, Separate, Unlink, Withdraw};
    let pair = (identifier(), identifier()).prop_filter("two identifiers", |(left, right)| left != right);
    let action = prop::sample::select(vec![Link, Unlink, Separate, Withdraw]);
    let one = (action, 0..3_u8, 0..5_i64, (0..20_i64).prop_map(receipt));
    (pair, prop::collection::vec(one, 1..4)).prop_map(|((one, other), list)| {
        let (one, other) = (types::Identifier::from(&one), types::Identifier::from(&other));
        let decision = |(action, number, days, received_at): (IdentityAction, u8, i64, Micros)| {
            let decision = IdentityDecision {
                decision_id: format!("d{number}"),
                action: action.into(),
                left: Some((&one).min(&other).into()),
                right: Some((&one).max(&other).into()),
                reason: "they said so".into(),
                operator: "desk".into(),
                decided_at: Some(prost_types::Timestamp { seconds: days * 864_000, nanos: 0 }),
            };
            (decision, received_at)
        };
        list.into_iter().map(decision).collect()
    })
}

/// Touchpoints and operators' decisions about those whom they name, in any order.
pub fn arrivals(most: usize) -> impl Strategy<Value = Vec<Arrival>> {
    let decided = prop::collection::vec(decisions(), 0..5);
    let all = (received(most), decided).prop_map(|(received, decided)| {
        let decided = decided.into_iter().flatten().map(|(decision, at)| Arrival::Decision(decision, at));
        received.into_iter().map(Arrival::from).chain(decided).collect::<Vec<Arrival>>()
    });
    all.prop_shuffle()
}

/// Any way to fold, with up to two crashes.
pub fn run() -> impl Strategy<Value = Run> {
    let crash = (0..=1_000_usize, 0..=1_000_u64).prop_map(|(after, kept)| Crash { after, kept });
    let partitions = prop::sample::select(vec![1_u32, 2, 5, 16]);
    let batch = prop::sample::select(vec![1_usize, 2, 7, 4_096]);
    (partitions, batch, prop::collection::vec(crash, 0..3)).prop_map(|(partitions, batch_records_max, crashes)| Run {
        partitions,
        batch_records_max,
        crashes,
    })
}
