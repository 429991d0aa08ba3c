//! Orders: which amount is what was paid, which is given back, and that a message says what a touchpoint written by hand says.

use types::record::{Coupon, Order};

use super::*;
use crate::fixtures::values;

const ORDER: &str = r#"{"checkout_id": "k-1", "order_id": "A-1001", "affiliation": "Shop", "total": 27.50, "subtotal": 22.50,
    "revenue": 25.00, "shipping": 3, "tax": 2, "discount": 2.5, "coupon": "SPRING", "currency": "USD", "products": [
    {"product_id": "green-tea", "sku": "GT-100", "name": "Green Tea", "price": 19, "quantity": 1, "category": "tea"},
    {"product_id": "cup", "name": "Cup", "price": 3, "quantity": 2, "category": "ware", "discount": "0.50"}]}"#;

#[test]
fn a_whole_order() {
    let touchpoint = tracked("Order Completed", ORDER);
    let order = touchpoint.order.as_ref().unwrap();
    assert_eq!(order.order_id, "A-1001");
    assert_eq!(
        (order.total.clone(), order.discount.clone()),
        (Some(money("27.50", "USD")), Some(money("2.50", "USD")))
    );
    assert_eq!(touchpoint.coupon.as_ref().unwrap().coupon_id, "SPRING");
    let lines: Vec<(&str, &str, Option<Money>, Option<Money>)> = touchpoint
        .items
        .iter()
        .map(|item| (item.product_id.as_str(), item.quantity.as_str(), item.price.clone(), item.discount.clone()))
        .collect();
    assert_eq!(
        lines,
        [
            ("green-tea", "", Some(money("19.00", "USD")), None),
            ("cup", "2", Some(money("3.00", "USD")), Some(money("0.50", "USD")))
        ]
    );
    assert_eq!(
        kept(&touchpoint),
        [
            r#"affiliation "Shop""#,
            r#"checkout_id "k-1""#,
            r#"products[0].sku "GT-100""#,
            "revenue 25",
            "shipping 3",
            "subtotal 22.5",
            "tax 2"
        ]
    );
}

#[test]
fn what_was_paid_is_the_best_amount_said() {
    for (amounts, total) in [
        (r#""total": 27.5, "value": 26, "revenue": 25"#, "27.50"),
        (r#""value": 26, "revenue": 25"#, "26.00"),
        (r#""revenue": 25"#, "25.00"),
        (r#""total": null, "value": "", "revenue": "25.10""#, "25.10"),
        (r#""total": 0, "revenue": 25"#, "0.00"),
    ] {
        let touchpoint = tracked("Order Completed", &format!(r#"{{"order_id": "A", "currency": "EUR", {amounts}}}"#));
        assert_eq!(touchpoint.order.unwrap().total, Some(money(total, "EUR")), "{amounts}");
    }
}

#[test]
fn an_order_on_its_way_has_paid_nothing() {
    let touchpoint = tracked("Checkout Started", ORDER);
    let order = Order { order_id: "A-1001".into(), ..Order::default() };
    assert_eq!((touchpoint.order.as_ref(), touchpoint.items.len()), (Some(&order), 2));
    assert_eq!(touchpoint.items[0].price, Some(money("19.00", "USD")));
    assert!(kept(&touchpoint).contains(&"total 27.5".to_owned()));
    assert!(kept(&touchpoint).contains(&r#"currency "USD""#.to_owned()), "of the amounts that stay");
}

#[test]
fn a_refund_says_how_much_went_back() {
    let back =
        tracked("Order Refunded", r#"{"order_id": "A-1001", "total": 5, "currency": "EUR", "refund_id": "r-1"}"#);
    let order = back.order.unwrap();
    assert_eq!((order.total, order.refund), (None, Some(money("5.00", "EUR"))));
    assert_eq!(order.refund_id, "r-1");
    let items =
        r#"{"order_id": "A-1001", "currency": "EUR", "products": [{"sku": "CUP-1", "price": 3, "quantity": 2}]}"#;
    assert_eq!(tracked("Order Refunded", items).items.len(), 1);
}

#[test]
fn an_order_without_a_currency_is_one_finding() {
    let findings = findings_of(&track("Order Completed", &ORDER.replace(r#""currency": "USD", "#, "")));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.reason(), finding.field.as_str()), (Reason::BadCurrency, "properties.currency"));
    assert!(finding.description.contains("three letters"), "{finding:?}");
    assert_eq!(tracked("Order Cancelled", r#"{"order_id": "A-1001"}"#).kind, "order_cancelled", "no amount, no need");
}

#[test]
fn the_documentation_says_what_happens() {
    let by_hand: Touchpoint = proto::json::from_str(block("json", 1)).unwrap();
    let by_hand = admit(by_hand, RECEIVED, &Catalogue::default(), &BLOCKED, &Normaliser::default()).unwrap().touchpoint;
    assert_eq!(admitted(block("json", 0)), by_hand);
}

#[test]
fn a_purchase_is_the_same_however_it_is_sent() {
    let sent = admitted(
        r#"{"type": "track", "event": "Order Completed", "messageId": "m-1", "userId": "u-1001", "anonymousId": "a-1",
            "channel": "browser", "timestamp": "2026-03-01T11:15:00.250+01:00",
            "context": {"traits": {"email": "Ann@Shop.example"}, "locale": "de-AT",
                        "campaign": {"name": "spring", "source": "newsletter", "medium": "email"}},
            "properties": {"order_id": "A-1001", "total": 23.8, "discount": "2.10", "currency": "eur", "coupon": "SPRING",
                "store_id": "s1", "gift": true, "products": [
                {"product_id": "green-tea", "name": "Green Tea", "category": "tea", "brand": "Leaf", "price": 12.95, "quantity": 2.0},
                {"sku": "CUP-1", "price": 0.1, "quantity": 1}]}}"#,
    );
    let by_hand = Touchpoint {
        source: "web".into(),
        message_id: "m-1".into(),
        kind: "order_completed".into(),
        identifiers: vec![
            identifier("anonymous_id", "a-1"),
            identifier("email", "ann@shop.example"),
            identifier("user_id", "u-1001"),
        ],
        occurred_at: Some(Micros::parse_rfc3339("2026-03-01T10:15:00.25Z").unwrap().to_proto()),
        store_id: "s1".into(),
        channel: "web".into(),
        campaign: Some(types::record::Campaign {
            name: "spring".into(),
            source: "newsletter".into(),
            medium: "email".into(),
        }),
        order: Some(Order {
            order_id: "A-1001".into(),
            total: Some(money("23.80", "EUR")),
            discount: Some(money("2.1", "EUR")),
            ..Order::default()
        }),
        items: vec![
            Item {
                product_id: "green-tea".into(),
                name: "Green Tea".into(),
                category: "tea".into(),
                brand: "Leaf".into(),
                quantity: "2".into(),
                price: Some(money("12.95", "EUR")),
                discount: None,
            },
            Item { product_id: "CUP-1".into(), price: Some(money("0.10", "EUR")), ..Item::default() },
        ],
        coupon: Some(Coupon { coupon_id: "SPRING".into(), offer_id: String::new() }),
        properties: Some(values([
            ("gift", prost_types::Value { kind: Some(ValueKind::BoolValue(true)) }),
            (
                "context",
                prost_types::Value {
                    kind: Some(ValueKind::StructValue(values([("locale", crate::fixtures::text_value("de-AT"))]))),
                },
            ),
        ])),
        ..Touchpoint::default()
    };
    let by_hand = admit(by_hand, RECEIVED, &Catalogue::default(), &BLOCKED, &Normaliser::default()).unwrap().touchpoint;
    assert_eq!(sent, by_hand);
}
