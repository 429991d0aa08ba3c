//! Laws of the fold: any permutation, duplication-free split and merge order of the same touchpoints give the same state.
#![cfg(test)]

use profile::{Fact, State};
use proptest::prelude::*;
use types::{
    HashKey, Kind,
    record::{Consent, ConsentStatus, Item, Money, Order, Score, Touchpoint},
};

fn money(cents: i64) -> Option<Money> {
    Some(Money { amount: types::Decimal(cents * 10_000).to_text(2), currency_code: "EUR".into() })
}

fn text(range: u8) -> impl Strategy<Value = String> {
    (0..range).prop_map(|number| if number == 0 { String::new() } else { format!("t{number}") })
}

fn any_item() -> impl Strategy<Value = Item> {
    (text(4), 1..4_i64, -500..5_000_i64, prop::option::of(0..100_i64)).prop_map(
        |(category, quantity, price, discount)| Item {
            product_id: "p".into(),
            category,
            quantity: quantity.to_string(),
            price: money(price),
            discount: discount.and_then(money),
            ..Item::default()
        },
    )
}

fn any_order() -> impl Strategy<Value = Order> {
    (1..4_u8, prop::option::of(0..9_000_i64), prop::option::of(0..900_i64), text(3)).prop_map(
        |(id, total, refund, refund_id)| Order {
            order_id: format!("o{id}"),
            total: total.and_then(money),
            refund: refund.and_then(money),
            refund_id,
            ..Order::default()
        },
    )
}

/// Touchpoints of few orders, stores and days, so that they meet; times repeat, so that ties occur.
fn any_touchpoint() -> impl Strategy<Value = Touchpoint> {
    let facts = (prop::sample::select(Kind::ALL), 0..200_i64, text(4), text(3), any_order());
    let more = (prop::collection::vec(any_item(), 0..3), any::<bool>(), 0..5_i64, text(3), 0..9_u8);
    (facts, more).prop_map(|((kind, hours, store_id, channel, order), (items, granted, points, city, score))| {
        let status = if granted { ConsentStatus::Granted } else { ConsentStatus::Denied };
        let city =
            prost_types::Value { kind: (!city.is_empty()).then_some(prost_types::value::Kind::StringValue(city)) };
        Touchpoint {
            source: "pos".into(),
            kind: kind.name().into(),
            occurred_at: Some(prost_types::Timestamp { seconds: hours * 7_200, nanos: 0 }),
            store_id,
            channel,
            order: Some(order),
            items,
            consents: vec![Consent { purpose: "email".into(), status: status.into() }],
            points,
            score: Some(Score { scale: "nps".into(), value: f64::from(score) }),
            cost: money(points),
            duration: Some(prost_types::Duration { seconds: points, nanos: 5 }),
            traits: Some(prost_types::Struct { fields: [("city".to_owned(), city)].into() }),
            ..Touchpoint::default()
        }
    })
}

fn any_touchpoints() -> impl Strategy<Value = Vec<Touchpoint>> {
    prop::collection::vec(any_touchpoint(), 0..25).prop_map(|mut touchpoints| {
        for (number, touchpoint) in touchpoints.iter_mut().enumerate() {
            touchpoint.message_id = number.to_string();
        }
        touchpoints
    })
}

fn fold(touchpoints: &[Touchpoint]) -> State {
    let key = HashKey::derive("test");
    let mut state = State::default();
    for touchpoint in touchpoints {
        let content = key.content_hash(touchpoint.message_id.as_bytes());
        state.add(&Fact::new(touchpoint, content), &key);
    }
    state
}

#[expect(clippy::disallowed_methods, reason = "the number of cases is the test runner's to set")]
fn cases() -> u32 {
    std::env::var("PATRON_LAW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Order does not matter, nor does how touchpoints are split into parts or in which order the parts are merged; the encoded
    /// bytes are equal too.
    #[test]
    fn permutation_and_partition((touchpoints, shuffled) in any_touchpoints().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())), cut in 0..25_usize) {
        let whole = fold(&touchpoints);
        prop_assert_eq!(&fold(&shuffled), &whole);
        let (left, right) = shuffled.split_at(cut.min(shuffled.len()));
        let (left, right) = (fold(left), fold(right));
        let (mut one, mut other) = (left.clone(), right.clone());
        one.merge(right.clone());
        other.merge(left.clone());
        prop_assert_eq!(&one, &whole);
        prop_assert_eq!(&other, &whole);
        prop_assert_eq!(postcard::to_stdvec(&one.core).unwrap(), postcard::to_stdvec(&whole.core).unwrap());
        let metrics = profile::view::metrics(&one);
        prop_assert_eq!(&metrics, &profile::view::metrics(&whole));
        // Those that are wanted are the same without the others.
        let wanted = |name: &str| name.len() % 3 == cut % 3;
        let some = profile::view::metrics_of(&one, &wanted);
        prop_assert_eq!(some, metrics.into_iter().filter(|(name, _)| wanted(name)).collect());
    }

    /// Nothing is neutral: merging an empty state changes nothing, either way round.
    #[test]
    fn empty_is_neutral(touchpoints in any_touchpoints()) {
        let whole = fold(&touchpoints);
        let (mut left, mut right) = (whole.clone(), State::default());
        left.merge(State::default());
        right.merge(whole.clone());
        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&right, &whole);
    }
}
