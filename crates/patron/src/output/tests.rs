use std::{cell::RefCell, rc::Rc};

use proto::customer::{
    Customer, CustomerIdentifier, GetCustomerResponse, MetricBreakdown, MetricValue, MoneyAmounts, TimelineEntry,
    metric_value::Value,
};
use types::record::{Identifier, Item, Money, Order, Touchpoint};

use super::*;

/// A writer whose text can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

fn euros(amount: &str) -> Money {
    Money { amount: amount.into(), currency_code: "EUR".into() }
}

fn customer() -> Customer {
    let value = |value| MetricValue { value: Some(value) };
    let net = value(Value::Money(MoneyAmounts { amounts: vec![euros("-12.30")] }));
    let by_store = [("wien".to_owned(), value(Value::Count(2))), ("graz".to_owned(), value(Value::Count(1)))].into();
    let breakdown = value(Value::Breakdown(MetricBreakdown { entries: by_store }));
    Customer {
        customer_id: "0f0f0f0f-0000-8000-8000-000000000000".into(),
        identifiers: vec![CustomerIdentifier {
            identifier: Some(Identifier { namespace: "email".into(), value: "a".repeat(120) }),
            ..CustomerIdentifier::default()
        }],
        metrics: [
            ("orders".to_owned(), value(Value::Count(3))),
            ("net".to_owned(), net),
            ("orders_by_store".to_owned(), breakdown),
        ]
        .into(),
        touchpoint_count: 4,
        ..Customer::default()
    }
}

#[test]
fn a_customer_fits_100_columns() {
    let text = customer::sections(&GetCustomerResponse { customer: Some(customer()), applied: Vec::new() });
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for part in ["Identifiers", "Metrics", "-12.30 EUR", "orders_by_store", "  graz"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("Refused links"));
}

#[test]
fn a_list_is_lines_an_array_or_ndjson() {
    for (format, expected) in
        [(Format::Json, "[\n  {\n"), (Format::Ndjson, "{\"customerId\""), (Format::Table, "CUSTOMER")]
    {
        let shared = Shared::default();
        let mut output = Output::to(format, Box::new(shared.clone()));
        output.begin_list(customer::LIST_HEAD).unwrap();
        for _ in 0..2 {
            output.item(&customer(), customer::line).unwrap();
        }
        output.end_list("").unwrap();
        let text = shared.text();
        assert!(text.starts_with(expected), "{text}");
        if format == Format::Json {
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read.as_array().unwrap().len(), 2);
        }
    }
}

#[test]
fn an_empty_list_is_an_empty_array() {
    let shared = Shared::default();
    let mut output = Output::to(Format::Json, Box::new(shared.clone()));
    output.begin_list("").unwrap();
    output.end_list("").unwrap();
    assert_eq!(shared.text(), "[]\n");
}

#[test]
fn a_timeline_line_says_what_was_bought() {
    let touchpoint = Touchpoint {
        kind: "order_completed".into(),
        source: "pos".into(),
        store_id: "wien".into(),
        occurred_at: Some(prost_types::Timestamp { seconds: 1_772_323_200, nanos: 5 }),
        order: Some(Order { order_id: "o-1".into(), total: Some(euros("9.90")), ..Order::default() }),
        items: vec![Item { name: "Tea".into(), quantity: "2".into(), price: Some(euros("4.95")), ..Item::default() }],
        ..Touchpoint::default()
    };
    let line = timeline::line(&TimelineEntry { touchpoint: Some(touchpoint), ..TimelineEntry::default() });
    assert_eq!(
        line,
        "2026-03-01 00:00:00  order_completed       pos           wien              o-1  9.90 EUR  2 x Tea at 4.95 EUR"
    );
}

#[test]
fn durations() {
    for (seconds, text) in [(5, "5s"), (65, "1m 05s"), (3_723, "1h 02m 03s")] {
        assert_eq!(value::duration(&prost_types::Duration { seconds, nanos: 0 }), text);
    }
}
