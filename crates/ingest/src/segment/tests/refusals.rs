//! Every refusal, by table: what is sent, which reason and field answer, and which words of the remedy show.

use types::limits::TOUCHPOINT_BYTES_MAX;

use super::*;

fn hold(rows: &[(&str, Reason, &str, &str)]) {
    for (message, reason, field, words) in rows {
        let findings = findings_of(message);
        let [finding] = findings.as_slice() else { panic!("{message}: {findings:?}") };
        assert_eq!((finding.reason(), finding.field.as_str()), (*reason, *field), "{message}: {finding:?}");
        assert!(finding.description.contains(words), "{words} in {finding:?}");
    }
}

#[test]
fn what_is_no_message() {
    hold(&[
        ("", Reason::Malformed, "", "line 1 column 0"),
        ("{\"type\": \"page\",\n  userId: 1}", Reason::Malformed, "", "line 2 column 3"),
        (r#"{"type": "page"} {"type": "page"}"#, Reason::Malformed, "", "send one JSON object"),
        (r#"{"type": "page"}]"#, Reason::Malformed, "", "trailing characters"),
        (r#"{"type": "page", "userId": 01}"#, Reason::Malformed, "", "invalid number"),
        ("7", Reason::Malformed, "", "it is a number; one record is one message"),
        (r#"[{"type": "page"}]"#, Reason::Malformed, "", "it is a list; one record is one message"),
        (r#"{"batch": [{"type": "page"}]}"#, Reason::Malformed, "batch", "send each message by itself"),
        (r#"{"userId": "u"}"#, Reason::Required, "type", "not given; send one of `identify`"),
        (r#"{"type": "capture"}"#, Reason::UnknownKind, "type", "`capture` is no call"),
        (r#"{"type": "page", "a": {"b": 1, "b": 2}}"#, Reason::Malformed, "a.b", "twice"),
        (r#"{"type": "page", "\u0074ype": "page"}"#, Reason::Malformed, "type", "twice"),
        (r#"{"type": "page", "properties": {"a": ["\ud800"]}}"#, Reason::Malformed, "properties.a[0]", "surrogate"),
        (r#"{"type": "page", "properties": {"\udc00": 1}}"#, Reason::Malformed, "properties", "surrogate"),
    ]);
}

#[test]
fn broken_utf8_is_told_by_its_place_alone() {
    let findings = read(b"{\"type\": \"\xff\xfe\"}", "web").unwrap_err();
    assert_eq!((findings[0].reason(), findings[0].field.as_str()), (Reason::Malformed, ""));
    assert_eq!(findings[0].description, "it is no UTF-8 from byte 10 on; send JSON in UTF-8");
}

#[test]
fn bounds() {
    let large = format!(r#"{{"type": "page", "name": "{}"}}"#, "x".repeat(TOUCHPOINT_BYTES_MAX));
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"type": "page", "userId": "u", "properties": {{"a": {open}{close}}}}}"#)
    };
    assert_eq!(admitted(&nested(15)).kind, "page_viewed");
    let bottomless = nested(400_000);
    let path = format!("properties.a{}", "[0]".repeat(17));
    hold(&[
        (&large, Reason::TooLong, "", "the limit is 1048576"),
        (&nested(18), Reason::TooLong, &path, "nested more than 18 deep"),
        (&bottomless, Reason::TooLong, &path, "flatten it"),
    ]);
}

#[test]
fn wrong_types_and_texts() {
    let context = |inner: &str| format!(r#"{{"type": "page", "context": {{{inner}}}}}"#);
    let order = |inner: &str| track("Order Completed", &format!(r#"{{"order_id": "A", "currency": "EUR", {inner}}}"#));
    hold(&[
        (r#"{"type": ["page"], "userId": "u"}"#, Reason::UnknownKind, "type", "it is a list; send one of"),
        (r#"{"type": "page", "userId": {"id": 1}}"#, Reason::Malformed, "userId", "it is an object"),
        (r#"{"type": "page", "userId": 1e999}"#, Reason::Malformed, "userId", "such an exponent"),
        (r#"{"type": "page", "context": "c"}"#, Reason::Malformed, "context", "send an object"),
        (r#"{"type": "page", "timestamp": "yesterday"}"#, Reason::Malformed, "timestamp", "with an offset"),
        (r#"{"type": "page", "timestamp": 1772360100250}"#, Reason::Malformed, "timestamp", "ISO 8601"),
        (r#"{"type": "page", "timestamp": "2026-03-01T10:15:00"}"#, Reason::Malformed, "timestamp", "offset"),
        (r#"{"type": "page", "originalTimestamp": true}"#, Reason::Malformed, "originalTimestamp", "true or false"),
        (r#"{"type": "group", "userId": "u"}"#, Reason::Required, "groupId", "name the group"),
        (r#"{"type": "track", "userId": "u"}"#, Reason::Required, "event", "name what happened"),
        (r#"{"type": "track", "event": {"name": "x"}}"#, Reason::Malformed, "event", "it is an object"),
        (r#"{"type": "track", "event": " "}"#, Reason::Required, "event", "not given"),
        (&track("Größe gewählt", "{}"), Reason::UnknownKind, "event", "letters a to z"),
        (&track("2 for 1", "{}"), Reason::UnknownKind, "event", "a letter first"),
        (&context(r#""traits": {"email": ["a@b.shop"]}"#), Reason::Malformed, "context.traits.email", "a list"),
        (&context(r#""externalIds": {}"#), Reason::Malformed, "context.externalIds", "send a list"),
        (&context(r#""externalIds": ["c-1"]"#), Reason::Malformed, "context.externalIds[0]", "send an object"),
        (&context(r#""externalIds": [{"id": "1"}]"#), Reason::Malformed, "context.externalIds[0].type", "namespace"),
        (&order(r#""total": "12,30""#), Reason::BadAmount, "properties.total", "with a point"),
        (&order(r#""total": 1e30"#), Reason::BadAmount, "properties.total", "before"),
        (&order(r#""total": 1e999999999999999999999"#), Reason::BadAmount, "properties.total", "no decimal number"),
        (&order(r#""total": 0.1234567"#), Reason::BadAmount, "properties.total", "after the point"),
        (&order(r#""total": [1]"#), Reason::Malformed, "properties.total", "it is a list; send a number"),
        (&order(r#""products": ["CUP-1"]"#), Reason::Malformed, "properties.products[0]", "send an object"),
        (
            &order(r#""products": [{"sku": "a"}, {"sku": "b", "quantity": "1 kg"}]"#),
            Reason::Malformed,
            "properties.products[1].quantity",
            "without separators, unit",
        ),
        (&track("Products Searched", r#"{"query": {"a": 1}}"#), Reason::Malformed, "properties.query", "send a text"),
        (&track("Points Earned", r#"{"points": 1.5}"#), Reason::OutOfRange, "properties.points", "whole points"),
    ]);
}

#[test]
fn all_findings_are_told_at_once() {
    let message = r#"{"type": "track", "event": "Order Completed", "userId": [], "timestamp": "?",
        "properties": {"order_id": {}, "total": "x", "products": {}}}"#;
    let fields: Vec<String> = findings_of(message).into_iter().map(|finding| finding.field).collect();
    assert_eq!(
        fields,
        [
            "timestamp",
            "userId",
            "properties.order_id",
            "properties.total",
            "properties.products",
            "properties.currency"
        ]
    );
}
