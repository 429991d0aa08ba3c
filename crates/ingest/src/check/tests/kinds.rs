//! Every kind with nothing but its head, and what it then asks for; and with what it asks for.

use types::Kind;
use types::kind::Required;

use super::*;

/// Which field answers for what a kind lacks.
fn field_of(kind: Kind, required: Required) -> &'static str {
    let back = matches!(kind, Kind::OrderRefunded | Kind::OrderReturned);
    match required {
        Required::Store => "store_id",
        Required::Zone => "zone_id",
        Required::Duration => "duration",
        Required::OrderId => "order.order_id",
        Required::Items => "items",
        Required::ItemsOrTotal if back => "order.refund",
        Required::ItemsOrTotal => "order.total",
        Required::MarketingMessage => "marketing_message_id",
        Required::Coupon => "coupon.coupon_id",
        Required::Case => "case_id",
        Required::Score => "score",
        Required::Traits => "traits",
        Required::Consents => "consents",
        Required::Points => "points",
        Required::Cost => "cost",
        Required::SearchQuery => "search_query",
    }
}

#[test]
fn every_kind_asks_for_what_it_requires() {
    for kind in Kind::ALL {
        let findings = findings_of(&changed(|t| t.kind = kind.name().into()));
        let expected: Vec<&str> = kind.requires().iter().map(|required| field_of(*kind, *required)).collect();
        let fields: Vec<&str> = findings.iter().map(|finding| finding.field.as_str()).collect();
        assert_eq!(fields, expected, "{}", kind.name());
        assert!(
            findings.iter().all(|finding| finding.reason() == Reason::Required && finding.description.contains("; "))
        );
    }
}

#[test]
fn every_kind_takes_what_has_everything() {
    for kind in Kind::ALL {
        let mut touchpoint = full();
        touchpoint.kind = kind.name().into();
        assert_eq!(findings_of(&touchpoint), [], "{}", kind.name());
    }
}

#[test]
fn one_of_items_and_amount_is_enough() {
    for (kind, order) in [
        ("order_completed", total("1", "EUR")),
        ("order_refunded", Order { order_id: "o".into(), refund: Some(money("1", "EUR")), ..Order::default() }),
    ] {
        let by_amount = changed(|t| (t.kind, t.order) = (kind.into(), Some(order)));
        assert_eq!(findings_of(&by_amount), []);
        let order = Order { order_id: "o".into(), ..Order::default() };
        let by_items = changed(|t| (t.kind, t.order, t.items) = (kind.into(), Some(order), vec![item("")]));
        assert_eq!(findings_of(&by_items), []);
    }
    let total_of_a_refund = changed(|t| (t.kind, t.order) = ("order_refunded".into(), Some(total("1", "EUR"))));
    assert_eq!(
        findings_of(&total_of_a_refund)[0].field,
        "order.refund",
        "a total does not say how much was given back"
    );
}
