//! Short ways to make touchpoints.

use types::record::{Identifier, Item, Money, Order, Touchpoint};

/// A touchpoint of a kind at a second since 1970, by one identifier `NAMESPACE:VALUE`.
pub fn touchpoint(kind: &str, message_id: &str, second: i64, identifier: &str) -> Touchpoint {
    Touchpoint {
        source: "test".into(),
        message_id: message_id.into(),
        kind: kind.into(),
        identifiers: vec![identifier_of(identifier)],
        occurred_at: Some(prost_types::Timestamp { seconds: second, nanos: 0 }),
        ..Touchpoint::default()
    }
}

/// A completed order with a total in EUR.
pub fn order(message_id: &str, second: i64, identifier: &str, order_id: &str, total: &str) -> Touchpoint {
    Touchpoint {
        order: Some(Order { order_id: order_id.into(), total: money(total), ..Order::default() }),
        items: vec![Item { product_id: "p".into(), category: "tea".into(), ..Item::default() }],
        store_id: "s1".into(),
        ..touchpoint("order_completed", message_id, second, identifier)
    }
}

/// An identifier from `NAMESPACE:VALUE`.
pub fn identifier_of(text: &str) -> Identifier {
    let identifier = types::Identifier::parse(text).expect("tests name identifiers as NAMESPACE:VALUE");
    (&identifier).into()
}

/// An amount in EUR.
pub fn money(amount: &str) -> Option<Money> {
    Some(Money { amount: amount.into(), currency_code: "EUR".into() })
}
