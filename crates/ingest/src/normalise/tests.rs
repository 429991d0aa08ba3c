//! Normal form by table, and that it is one: applied twice it changes nothing.

use proptest::prelude::*;
use prost::Message as _;
use prost_types::{Struct, Timestamp};
use types::record::{Campaign, Consent, Device};

use super::*;
use crate::fixtures::{any_touchpoint, full, identifier, least, money, text_value, values};

fn normalised(mut touchpoint: Touchpoint) -> Touchpoint {
    trim(&mut touchpoint, &Normaliser::default());
    canonical(&mut touchpoint);
    touchpoint
}

#[test]
fn normal_form_stays_as_it_is() {
    assert_eq!(normalised(full()), full());
    assert_eq!(normalised(least()), least());
}

#[test]
fn identifiers_are_lowered_sorted_and_held_once() {
    let identifiers =
        [(" Anonymous_ID", "X "), ("EMAIL", " Jane@Shop.EU"), ("email", "jane@shop.eu"), ("user_id", "U1")];
    let sent = Touchpoint {
        identifiers: identifiers.iter().map(|(namespace, value)| identifier(namespace, value)).collect(),
        ..least()
    };
    let expected = [("user_id", "U1"), ("email", "jane@shop.eu"), ("anonymous_id", "X")];
    assert_eq!(normalised(sent).identifiers, expected.map(|(namespace, value)| identifier(namespace, value)));
}

#[test]
fn money_has_one_text() {
    for (sent, expected) in [
        (("12.3", "eur"), ("12.30", "EUR")),
        (("+012.300000", " Eur "), ("12.30", "EUR")),
        (("-0", "EUR"), ("0.00", "EUR")),
        (("0.125", "EUR"), ("0.125", "EUR")),
        (("1500.00", "JPY"), ("1500", "JPY")),
        (("1.5", "KWD"), ("1.500", "KWD")),
    ] {
        let cost = Some(money(sent.0, sent.1));
        let touchpoint = normalised(Touchpoint { cost, ..least() });
        assert_eq!(touchpoint.cost, Some(money(expected.0, expected.1)), "{sent:?}");
    }
}

#[test]
fn quantities_have_one_text() {
    for (sent, expected) in [("1", ""), (" 1.000 ", ""), ("", ""), ("2.50", "2.5"), ("+03", "3"), ("0", "0")] {
        let items = vec![Item { product_id: "p".into(), quantity: sent.into(), ..Item::default() }];
        assert_eq!(normalised(Touchpoint { items, ..least() }).items[0].quantity, expected, "{sent}");
    }
}

#[test]
fn times_and_scores_are_cut() {
    let occurred_at = Some(Timestamp { seconds: 5, nanos: 123_456_789 });
    let score = Some(Score { scale: "nps".into(), value: 8.123_456_789 });
    let touchpoint = normalised(Touchpoint { occurred_at, score, ..least() });
    assert_eq!(touchpoint.occurred_at.unwrap().nanos, 123_456_000);
    assert_eq!(touchpoint.score.unwrap().value, 8.123_457);
}

#[test]
fn what_is_empty_is_dropped() {
    let touchpoint = Touchpoint {
        campaign: Some(Campaign { name: " ".into(), ..Campaign::default() }),
        device: Some(Device::default()),
        order: Some(Order { total: Some(Money::default()), ..Order::default() }),
        coupon: Some(Coupon::default()),
        score: Some(Score::default()),
        cost: Some(money(" ", "")),
        traits: Some(Struct::default()),
        properties: Some(Struct::default()),
        ..least()
    };
    assert_eq!(normalised(touchpoint), least());
}

#[test]
fn consents_are_a_set() {
    let consent = |purpose: &str| Consent { purpose: purpose.into(), status: 1 };
    let touchpoint = Touchpoint { consents: vec![consent("sms"), consent("email"), consent(" sms")], ..least() };
    assert_eq!(normalised(touchpoint).consents, [consent("email"), consent("sms")]);
}

#[test]
fn names_of_traits_stay() {
    let touchpoint = Touchpoint { traits: Some(values([(" City ", text_value(" Wien "))])), ..least() };
    assert_eq!(normalised(touchpoint).traits, Some(values([(" City ", text_value("Wien"))])));
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(touchpoint in any_touchpoint()) {
        let once = normalised(touchpoint);
        prop_assert_eq!(normalised(once.clone()).encode_to_vec(), once.encode_to_vec());
    }
}
