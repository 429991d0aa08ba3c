//! Orders by example: reported twice, line by line, cancelled, refunded and returned in any order of arrival.
#![cfg(test)]

use profile::{Fact, State, view};
use types::{
    HashKey,
    record::{Item, Money, Order, Touchpoint},
};

fn money(amount: &str) -> Option<Money> {
    Some(Money { amount: amount.into(), currency_code: "EUR".into() })
}

fn touchpoint(kind: &str, message_id: &str, order: Order) -> Touchpoint {
    Touchpoint {
        source: "pos".into(),
        message_id: message_id.into(),
        kind: kind.into(),
        occurred_at: Some(prost_types::Timestamp { seconds: 1_000, nanos: 0 }),
        order: Some(Order { order_id: "o1".into(), ..order }),
        ..Touchpoint::default()
    }
}

fn total(amount: &str) -> Order {
    Order { total: money(amount), ..Order::default() }
}

fn refund(amount: &str, refund_id: &str) -> Order {
    Order { refund: money(amount), refund_id: refund_id.into(), ..Order::default() }
}

fn item(quantity: &str, price: &str) -> Item {
    Item { product_id: "p".into(), quantity: quantity.into(), price: money(price), ..Item::default() }
}

/// The metric's text, whichever way round the touchpoints came.
fn metric(touchpoints: &[Touchpoint], name: &str) -> Option<String> {
    let shown = |touchpoints: &mut dyn Iterator<Item = &Touchpoint>| {
        let key = HashKey::derive("test");
        let mut state = State::default();
        touchpoints.for_each(|touchpoint| state.add(&Fact::new(touchpoint, key.content_hash(&[])), &key));
        view::metrics(&state).remove(name).map(|value| match value {
            view::Value::Count(count) => count.to_string(),
            view::Value::Decimal(sum) => sum.to_text(),
            view::Value::Money(amounts) => amounts.to_proto()[0].amount.clone(),
            other => format!("{other:?}"),
        })
    };
    let forwards = shown(&mut touchpoints.iter());
    assert_eq!(forwards, shown(&mut touchpoints.iter().rev()));
    forwards
}

#[test]
fn an_order_reported_by_till_and_app_counts_once() {
    let reports =
        [touchpoint("order_completed", "till", total("10.00")), touchpoint("order_completed", "app", total("10.00"))];
    assert_eq!(metric(&reports, "orders").as_deref(), Some("1"));
    assert_eq!(metric(&reports, "net").as_deref(), Some("10.00"));
}

#[test]
fn lines_add_up_and_a_whole_report_wins_over_them() {
    let line = |message_id: &str, quantity: &str, price: &str| Touchpoint {
        items: vec![item(quantity, price)],
        ..touchpoint("order_line_completed", message_id, Order::default())
    };
    let mut touchpoints = vec![line("1", "2", "1.25"), line("2", "1", "4")];
    assert_eq!(metric(&touchpoints, "net").as_deref(), Some("6.50"));
    assert_eq!(metric(&touchpoints, "units").as_deref(), Some("3"));
    touchpoints.push(touchpoint("order_completed", "3", total("6.00")));
    assert_eq!(metric(&touchpoints, "net").as_deref(), Some("6.00"));
    assert_eq!(metric(&touchpoints, "orders").as_deref(), Some("1"));
}

#[test]
fn a_cancel_takes_the_whole_order_out() {
    let touchpoints = [
        touchpoint("order_completed", "1", total("10.00")),
        touchpoint("order_cancelled", "2", Order::default()),
        touchpoint("order_refunded", "3", refund("10.00", "")),
    ];
    assert_eq!(metric(&touchpoints, "orders"), None);
    assert_eq!(metric(&touchpoints, "orders_cancelled").as_deref(), Some("1"));
    assert_eq!(metric(&touchpoints, "net"), None);
}

#[test]
fn refunds_with_an_id_count_once_and_others_add_up() {
    let touchpoints = [
        touchpoint("order_completed", "1", total("50.00")),
        touchpoint("order_refunded", "2", refund("10.00", "r1")),
        touchpoint("order_refunded", "3", refund("10.00", "r1")),
        touchpoint("order_refunded", "4", refund("1.00", "")),
        touchpoint("order_refunded", "5", refund("1.00", "")),
    ];
    assert_eq!(metric(&touchpoints, "refunds").as_deref(), Some("12.00"));
    assert_eq!(metric(&touchpoints, "net").as_deref(), Some("38.00"));
}

#[test]
fn a_return_and_its_refund_under_one_id_give_the_money_back_once() {
    let goods =
        Touchpoint { items: vec![item("2", "5.00")], ..touchpoint("order_returned", "2", refund("10.00", "r1")) };
    let touchpoints = [
        touchpoint("order_completed", "1", total("50.00")),
        goods,
        touchpoint("order_refunded", "3", refund("10.00", "r1")),
    ];
    assert_eq!(metric(&touchpoints, "net").as_deref(), Some("40.00"));
    assert_eq!(metric(&touchpoints, "returned_units").as_deref(), Some("2"));
    assert_eq!(metric(&touchpoints, "refunds"), None);
}

#[test]
fn a_return_of_an_order_nobody_reported_still_counts() {
    let goods = Touchpoint { items: vec![item("3", "0.001")], ..touchpoint("order_returned", "1", Order::default()) };
    assert_eq!(metric(&[goods], "net").as_deref(), Some("0.00"));
}
