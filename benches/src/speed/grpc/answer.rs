//! The answer that is ready: a customer with the fields that a shop asks for at the till, of about 300 bytes.

use proto::customer::{
    AppliedOffset, Customer, CustomerIdentifier, CustomerRef, CustomerResult, MetricValue, MoneyAmounts, customer_ref,
    metric_value::Value,
};
use types::record::{Identifier, Money};

use crate::sample;

/// Who is asked for.
pub(super) fn reference() -> CustomerRef {
    CustomerRef { r#ref: Some(customer_ref::Ref::Identifier(card())) }
}

/// That customer.
pub(super) fn customer() -> Customer {
    let metrics = [
        ("orders", Value::Count(17)),
        ("last_store", Value::Text("sh-017".to_owned())),
        ("net_30d", amounts("1289.50")),
        ("net_90d", amounts("3120.00")),
    ];
    Customer {
        customer_id: "0f8fad5b-d9cb-869f-a165-70867728950e".to_owned(),
        identifiers: [card(), phone()].map(identifier).into(),
        metrics: metrics.map(|(name, value)| (name.to_owned(), MetricValue { value: Some(value) })).into(),
        touchpoint_count: 117,
        last_touchpoint_at: Some(sample::occurred_at(117, 0).to_proto()),
        ..Default::default()
    }
}

/// Positions of four shards.
pub(super) fn applied() -> Vec<AppliedOffset> {
    (0..4).map(|partition| AppliedOffset { partition, next_offset: 1_250_000 + u64::from(partition) }).collect()
}

/// A customer in a batch.
pub(super) fn result(customer: &Customer) -> CustomerResult {
    CustomerResult { customer: Some(customer.clone()) }
}

fn identifier(identifier: Identifier) -> CustomerIdentifier {
    let identifier_id = "c9a646d3-9c61-8cb7-bf5d-0cd2e9f3ba2f".to_owned();
    let first_seen_at = Some(sample::occurred_at(0, 0).to_proto());
    CustomerIdentifier { identifier: Some(identifier), identifier_id, first_seen_at }
}

fn card() -> Identifier {
    Identifier { namespace: "loyalty_card".to_owned(), value: "620000123456".to_owned() }
}

fn phone() -> Identifier {
    Identifier { namespace: "phone".to_owned(), value: "+8613800123456".to_owned() }
}

fn amounts(amount: &str) -> Value {
    let money = Money { amount: amount.to_owned(), currency_code: "CNY".to_owned() };
    Value::Money(MoneyAmounts { amounts: vec![money] })
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn the_customer_is_of_the_size_that_is_claimed() {
        let size = customer().encoded_len();
        assert!((280..=340).contains(&size), "{size} bytes");
    }
}
