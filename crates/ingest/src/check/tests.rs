//! Every refusal, by table: what is sent, which reason and field answer, and which words of the remedy show.

use prost_types::{Duration, Timestamp, Value};
use types::limits::{AHEAD_MICROS_MAX, DURATION_SECONDS_MAX, POINTS_MAX};
use types::record::{Consent, Coupon, Item, Order, Score};

use super::*;
use crate::fixtures::{NOW, full, identifier, least, money, nested, number_value, text_value, values};

mod kinds;
mod walk;

/// One touchpoint and the finding that must be the only one against it.
type Row = (fn(&mut Touchpoint), Reason, &'static str, &'static str);

fn findings_of(touchpoint: &Touchpoint) -> Vec<Finding> {
    check(touchpoint, NOW, &Catalogue::default())
}

fn changed(change: impl FnOnce(&mut Touchpoint)) -> Touchpoint {
    let mut touchpoint = least();
    change(&mut touchpoint);
    touchpoint
}

fn hold(rows: &[Row]) {
    for (change, reason, field, words) in rows {
        let findings = findings_of(&changed(change));
        let [finding] = findings.as_slice() else { panic!("{field} {words}: {findings:?}") };
        assert_eq!((finding.reason(), finding.field.as_str()), (*reason, *field), "{finding:?}");
        assert!(finding.description.contains(words), "{words} in {finding:?}");
    }
}

fn item(quantity: &str) -> Item {
    Item { product_id: "p".into(), quantity: quantity.into(), ..Item::default() }
}

fn priced(amount: &str, currency: &str) -> Item {
    Item { price: Some(money(amount, currency)), ..item("") }
}

fn total(amount: &str, currency: &str) -> Order {
    Order { order_id: "o".into(), total: Some(money(amount, currency)), ..Order::default() }
}

#[test]
fn good_touchpoints_have_no_findings() {
    assert_eq!(findings_of(&least()), []);
    assert_eq!(findings_of(&full()), []);
}

#[test]
fn heads() {
    hold(&[
        (|t| t.source.clear(), Reason::Required, "source", "name the system"),
        (|t| t.source = "p".repeat(65), Reason::TooLong, "source", "limit is 64"),
        (|t| t.source = "my pos".into(), Reason::Malformed, "source", "without spaces"),
        (|t| t.source = "kasse-ä".into(), Reason::Malformed, "source", "visible ASCII"),
        (|t| t.message_id.clear(), Reason::Required, "message_id", "every retry"),
        (|t| t.message_id = "m".repeat(257), Reason::TooLong, "message_id", "limit is 256"),
        (|t| t.kind.clear(), Reason::Required, "kind", "`order_completed`"),
        (|t| t.kind = "k".repeat(65), Reason::TooLong, "kind", "limit is 64"),
        (|t| t.kind = "Order Complete".into(), Reason::UnknownKind, "kind", "did you mean `order_completed`?"),
        (|t| t.kind = "qqq".into(), Reason::UnknownKind, "kind", "configure it"),
        (|t| t.received_at = Some(NOW.to_proto()), Reason::NotYoursToSet, "received_at", "leave the field out"),
    ]);
}

#[test]
fn times() {
    fn at(seconds: i64, nanos: i32) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos })
    }
    hold(&[
        (|t| t.occurred_at = None, Reason::Required, "occurred_at", "in UTC"),
        (|t| t.occurred_at = at(1, -1), Reason::Malformed, "occurred_at", "999,999,999"),
        (|t| t.occurred_at = at(1, 1_000_000_000), Reason::Malformed, "occurred_at", "999,999,999"),
        (|t| t.occurred_at = at(-1, 0), Reason::TimeOutOfRange, "occurred_at", "before 1970"),
        (|t| t.occurred_at = at(i64::MIN, 0), Reason::TimeOutOfRange, "occurred_at", "before 1970"),
        (|t| t.occurred_at = at(i64::MAX, 0), Reason::TimeOutOfRange, "occurred_at", "not milliseconds"),
        (
            |t| t.occurred_at = Some(Micros(NOW.0 + AHEAD_MICROS_MAX + 1).to_proto()),
            Reason::TimeOutOfRange,
            "occurred_at",
            "clock and zone",
        ),
    ]);
    let latest = changed(|t| t.occurred_at = Some(Micros(NOW.0 + AHEAD_MICROS_MAX).to_proto()));
    assert_eq!(findings_of(&latest), []);
    assert_eq!(findings_of(&changed(|t| t.occurred_at = at(0, 0))), []);
}

#[test]
fn identifiers() {
    hold(&[
        (|t| t.identifiers = vec![identifier("", "v")], Reason::Required, "identifiers[0].namespace", "`loyalty_card`"),
        (
            |t| t.identifiers.push(identifier("e-mail", "v")),
            Reason::Malformed,
            "identifiers[1].namespace",
            "letters, digits",
        ),
        (
            |t| t.identifiers.push(identifier(&"n".repeat(65), "v")),
            Reason::TooLong,
            "identifiers[1].namespace",
            "is 64",
        ),
        (
            |t| t.identifiers.push(identifier("email", &"v".repeat(513))),
            Reason::TooLong,
            "identifiers[1].value",
            "is 512",
        ),
        (|t| t.identifiers = vec![identifier("email", "v"); 17], Reason::TooLong, "identifiers", "limit is 16"),
    ]);
}

#[test]
fn amounts() {
    hold(&[
        (
            |t| t.items = vec![item(""), priced("12,30", "EUR")],
            Reason::BadAmount,
            "items[1].price.amount",
            "with a point",
        ),
        (|t| t.items = vec![priced("NaN", "EUR")], Reason::BadAmount, "items[0].price.amount", "no decimal number"),
        (|t| t.items = vec![priced("", "EUR")], Reason::BadAmount, "items[0].price.amount", "no decimal number"),
        (|t| t.cost = Some(money("1.2345678", "EUR")), Reason::BadAmount, "cost.amount", "after the point"),
        (|t| t.cost = Some(money("1", "EURO")), Reason::BadCurrency, "cost.currency_code", "three letters"),
        (|t| t.order = Some(total("1000000000000", "EUR")), Reason::BadAmount, "order.total.amount", "before"),
        (|t| t.order = Some(total("1", "")), Reason::BadCurrency, "order.total.currency_code", "ISO 4217"),
        (
            |t| t.order = Some(Order { discount: Some(money("-1", "EUR")), ..Order::default() }),
            Reason::BadAmount,
            "order.discount.amount",
            "without a sign",
        ),
        (
            |t| t.items = vec![Item { discount: Some(money("-1", "EUR")), ..item("") }],
            Reason::BadAmount,
            "items[0].discount.amount",
            "negative",
        ),
        (
            |t| (t.order, t.items) = (Some(total("1", "EUR")), vec![item(""), item(""), priced("1", "USD")]),
            Reason::BadCurrency,
            "items[2].price.currency_code",
            "EUR in order.total; an order and its items have one currency",
        ),
    ]);
    let adjustment = changed(|t| (t.items, t.cost) = (vec![priced("-5", "EUR")], Some(money("1", "USD"))));
    assert_eq!(findings_of(&adjustment), [], "negative prices, and costs in another currency");
}

#[test]
fn numbers() {
    fn score(scale: &str, value: f64) -> Option<Score> {
        Some(Score { scale: scale.into(), value })
    }
    hold(&[
        (|t| t.items = vec![item("1 kg")], Reason::Malformed, "items[0].quantity", "leave it out"),
        (|t| t.items = vec![item("-1")], Reason::OutOfRange, "items[0].quantity", "came back"),
        (|t| t.items = vec![item("1000000000.000001")], Reason::OutOfRange, "items[0].quantity", "check the unit"),
        (|t| t.items = vec![item(""), Item::default()], Reason::Required, "items[1]", "product_id"),
        (|t| t.items = vec![item(""); 1_001], Reason::TooLong, "items", "limit is 1000"),
        (|t| t.score = score("", 3.0), Reason::Required, "score.scale", "`nps`"),
        (|t| t.score = score("nps", f64::NAN), Reason::OutOfRange, "score.value", "finite"),
        (|t| t.score = score("nps", f64::NEG_INFINITY), Reason::OutOfRange, "score.value", "finite"),
        (|t| t.score = score("nps", 1.1e9), Reason::OutOfRange, "score.value", "on its scale"),
        (
            |t| t.duration = Some(Duration { seconds: -1, nanos: 0 }),
            Reason::OutOfRange,
            "duration",
            "how long it lasted",
        ),
        (|t| t.duration = Some(Duration { seconds: 1, nanos: -1 }), Reason::OutOfRange, "duration", "negative"),
        (|t| t.duration = Some(Duration { seconds: 1, nanos: i32::MAX }), Reason::Malformed, "duration", "999,999,999"),
        (
            |t| t.duration = Some(Duration { seconds: DURATION_SECONDS_MAX + 1, nanos: 0 }),
            Reason::OutOfRange,
            "duration",
            "not milliseconds",
        ),
        (|t| t.points = -1, Reason::OutOfRange, "points", "both positive"),
        (|t| t.points = POINTS_MAX + 1, Reason::OutOfRange, "points", "1000000000000"),
    ]);
}

#[test]
fn members() {
    fn consent(purpose: &str, status: i32) -> Consent {
        Consent { purpose: purpose.into(), status }
    }
    hold(&[
        (|t| t.consents = vec![consent("", 1)], Reason::Required, "consents[0].purpose", "what is decided on"),
        (|t| t.consents = vec![consent("sms", 0)], Reason::Required, "consents[0].status", "CONSENT_STATUS_GRANTED"),
        (|t| t.consents = vec![consent("sms", 7)], Reason::OutOfRange, "consents[0].status", "CONSENT_STATUS_DENIED"),
        (
            |t| t.consents = vec![consent("sms", 1), consent("sms", 2)],
            Reason::Malformed,
            "consents[1].status",
            "one decision a purpose",
        ),
        (|t| t.consents = vec![consent("sms", 1); 257], Reason::TooLong, "consents", "limit is 256"),
        (|t| t.traits = Some(values([("", text_value("x"))])), Reason::Required, "traits.", "a name"),
        (|t| t.traits = Some(values([("a", Value::default())])), Reason::Malformed, "traits.a", "null"),
        (|t| t.traits = Some(values([("a", number_value(f64::NAN))])), Reason::OutOfRange, "traits.a", "finite"),
        (|t| t.traits = Some(values([("a", text_value(&"x".repeat(513)))])), Reason::TooLong, "traits.a", "512"),
        (
            |t| t.properties = Some(values([("a", number_value(f64::INFINITY))])),
            Reason::OutOfRange,
            "properties.a",
            "leave the name out",
        ),
        (|t| t.properties = Some(values([("a", nested(17))])), Reason::TooLong, PATH_OF_16, "flatten"),
        (|t| t.traits = Some(many_values(257)), Reason::TooLong, "traits", "limit is 256"),
        (
            |t| t.coupon = Some(Coupon { offer_id: "x".repeat(513), ..Coupon::default() }),
            Reason::TooLong,
            "coupon.offer_id",
            "512",
        ),
    ]);
    let long_property =
        changed(|t| t.properties = Some(values([("a", text_value(&"x".repeat(5_000))), ("b", nested(15))])));
    assert_eq!(findings_of(&long_property), [], "texts of properties are bounded by the touchpoint's size alone");
}

const PATH_OF_16: &str = "properties.a.in.in.in.in.in.in.in.in.in.in.in.in.in.in.in";

fn many_values(count: usize) -> prost_types::Struct {
    prost_types::Struct { fields: (0..count).map(|index| (index.to_string(), number_value(1.0))).collect() }
}

#[test]
fn all_findings_are_listed_up_to_the_limit() {
    let bad = changed(|t| (t.source, t.points, t.items) = (String::new(), -1, vec![item("x"), item("-1")]));
    let fields: Vec<String> = findings_of(&bad).into_iter().map(|finding| finding.field).collect();
    assert_eq!(fields, ["source", "items[0].quantity", "items[1].quantity", "points"]);
    let findings = findings_of(&changed(|t| t.items = vec![item("x"); 1_000]));
    assert_eq!(findings.len(), FINDINGS_MAX);
    assert!(findings[FINDINGS_MAX - 1].description.ends_with("not listed)"));
}

#[test]
fn one_that_is_too_large_has_that_finding_alone() {
    let huge = changed(|t| t.properties = Some(values([("a", text_value(&"x".repeat(TOUCHPOINT_BYTES_MAX)))])));
    let finding = size(&huge).unwrap();
    assert_eq!((finding.reason(), finding.field.as_str()), (Reason::TooLong, ""));
    assert!(size(&full()).is_none());
}

#[test]
fn custom_kinds_require_nothing() {
    let catalogue = Catalogue::with_custom(["wifi_seen".to_owned()]).unwrap();
    let touchpoint = changed(|t| t.kind = "wifi_seen".into());
    assert_eq!(check(&touchpoint, NOW, &catalogue), []);
}
