//! Laws of the whole path: the same set of touchpoints gives the same digest, whatever the order of arrival, the copies, the
//! number of partitions and the size of batches.
#![cfg(test)]

use proptest::prelude::*;
use tests::pipeline::{Received, digest_of};
use types::{
    Micros,
    record::{Identifier, Item, Money, Order, Touchpoint},
};

fn identifier() -> impl Strategy<Value = Identifier> {
    let namespace = prop::sample::select(vec!["user_id", "email", "loyalty_card", "device_id"]);
    (namespace, 0..4_u8)
        .prop_map(|(namespace, value)| Identifier { namespace: namespace.into(), value: format!("v{value}x") })
}

/// Few message ids, so that copies and conflicts occur; few customers, orders and instants, so that they meet.
fn touchpoint() -> impl Strategy<Value = Touchpoint> {
    let kinds = prop::sample::select(vec![
        "order_completed",
        "order_returned",
        "order_cancelled",
        "store_entered",
        "points_earned",
    ]);
    let who = prop::collection::vec(identifier(), 1..3);
    (kinds, 0..12_u8, who, 0..6_i64, 1..4_u8, 1..900_i64).prop_map(
        |(kind, message, identifiers, month, order, cents)| {
            let amount = Some(Money { amount: types::Decimal(cents * 10_000).to_text(2), currency_code: "EUR".into() });
            let of_orders = kind.starts_with("order");
            Touchpoint {
                source: "till".into(),
                message_id: format!("m{message}"),
                kind: kind.into(),
                identifiers,
                occurred_at: Some(prost_types::Timestamp { seconds: month * 2_600_000, nanos: 0 }),
                store_id: "s1".into(),
                points: if kind == "points_earned" { cents } else { 0 },
                order: of_orders.then(|| Order {
                    order_id: format!("o{order}"),
                    total: (kind == "order_completed").then(|| amount.clone()).flatten(),
                    refund: (kind == "order_returned").then(|| amount.clone()).flatten(),
                    ..Order::default()
                }),
                items: if of_orders {
                    vec![Item { product_id: "p".into(), category: "tea".into(), ..Item::default() }]
                } else {
                    vec![]
                },
                ..Touchpoint::default()
            }
        },
    )
}

/// Touchpoints as first received, and the same again: shuffled, some of them several times, received at other times.
fn arrivals() -> impl Strategy<Value = (Vec<Received>, Vec<Received>)> {
    let copies = prop::collection::vec((touchpoint(), 1..3_usize), 1..40);
    copies.prop_flat_map(|copies| {
        let once: Vec<Received> =
            (2_000_000_000_000_000..).zip(&copies).map(|(at, (one, _))| (one.clone(), Micros(at))).collect();
        let repeated = copies.iter().flat_map(|(one, times)| std::iter::repeat_n(one.clone(), *times));
        let again: Vec<Received> =
            (1_900_000_000_000_000..).map(Micros).zip(repeated).map(|(at, one)| (one, at)).collect();
        (Just(once), Just(again).prop_shuffle())
    })
}

fn cases() -> u32 {
    std::env::var("PATRON_STORE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_digest_depends_on_the_set_alone(
        (once, again) in arrivals(),
        partitions in prop::sample::select(vec![1_u32, 2, 5, 16]),
        batch in prop::sample::select(vec![1_usize, 2, 7, 4_096]),
    ) {
        let (expected, digest) = (digest_of(&once, 1, 4_096), digest_of(&again, partitions, batch));
        prop_assert_eq!(&digest.parts, &expected.parts);
        prop_assert_eq!(digest.state(), expected.state());
    }
}

#[test]
fn another_set_has_another_digest() {
    let touchpoint = |message: &str, total: &str| {
        (tests::touchpoints::order(message, 1_000, "user_id:ann", "o1", total), Micros(2_000_000_000))
    };
    let one = digest_of(&[touchpoint("1", "5.00")], 1, 10);
    for other in [
        vec![touchpoint("1", "5.01")],
        vec![touchpoint("2", "5.00")],
        vec![touchpoint("1", "5.00"), touchpoint("2", "5.00")],
    ] {
        assert_ne!(digest_of(&other, 1, 10).state(), one.state());
    }
}
