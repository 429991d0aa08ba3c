//! Bad input at the real door: each refusal names field, problem and remedy, and disturbs nothing else.
#![cfg(test)]

use proto::ingest::{Finding, Reason, publish_result::Outcome};
use tests::{
    client::{accept, connect, count, customer, publish},
    process::Server,
    touchpoints::{identifier_of, order, touchpoint},
};
use tonic::Code;
use types::record::{Money, Touchpoint};

/// A touchpoint that is good but for one thing.
fn bad(message_id: &str, spoil: impl FnOnce(&mut Touchpoint)) -> Touchpoint {
    let mut touchpoint = order(message_id, 1_700_000_000, "user_id:ann", message_id, "5.00");
    spoil(&mut touchpoint);
    touchpoint
}

fn total(amount: &str, currency_code: &str) -> Option<Money> {
    Some(Money { amount: amount.into(), currency_code: currency_code.into() })
}

fn set_total(touchpoint: &mut Touchpoint, amount: &str, currency: &str) {
    touchpoint.order.as_mut().unwrap().total = total(amount, currency);
}

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

/// What is bad, the reason, the field and a part of the description.
fn cases() -> Vec<(Touchpoint, Reason, &'static str, &'static str)> {
    vec![
        (bad("1", |one| one.kind = "order_complete".into()), Reason::UnknownKind, "kind", "order_completed"),
        (
            bad("2", |one| {
                one.identifiers.clear();
                one.order = None;
                one.kind = "page_viewed".into();
            }),
            Reason::NoIdentifier,
            "identifiers",
            "",
        ),
        (
            bad("3", |one| {
                one.identifiers = vec![identifier_of("email:null")];
                one.order = None;
                one.kind = "page_viewed".into();
            }),
            Reason::BlockedIdentifier,
            "identifiers",
            "",
        ),
        (bad("4", |one| set_total(one, "5.00", "EUX")), Reason::BadCurrency, "order.total", "ISO 4217"),
        (bad("5", |one| set_total(one, "five", "EUR")), Reason::BadAmount, "order.total", "12.30"),
        (bad("6", |one| set_total(one, "1.2345678", "EUR")), Reason::BadAmount, "order.total", ""),
        (bad("7", |one| one.occurred_at = at(4_000_000_000)), Reason::TimeOutOfRange, "occurred_at", ""),
        (bad("8", |one| one.occurred_at = at(-1)), Reason::TimeOutOfRange, "occurred_at", "1970"),
        (bad("9", |one| one.message_id = "m".repeat(10_240)), Reason::TooLong, "message_id", "256"),
        (bad("10", |one| one.search_query = "q".repeat(10 << 20)), Reason::TooLong, "", ""),
        (bad("11", |one| one.order = None), Reason::Required, "order.order_id", ""),
        (
            bad("13", |one| {
                one.items[0].price = total("900000000000", "EUR");
                one.items[0].quantity = "900000000".into();
            }),
            Reason::OutOfRange,
            "items[0].price.amount",
            "quantity",
        ),
        (bad("12", |one| one.received_at = at(1_700_000_000)), Reason::NotYoursToSet, "received_at", ""),
    ]
}

fn findings(outcome: Option<Outcome>) -> Vec<Finding> {
    match outcome {
        Some(Outcome::Rejected(rejected)) => rejected.findings,
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test]
async fn every_refusal_is_told_and_good_neighbours_are_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let (mut batch, mut expected) = (Vec::new(), Vec::new());
    for (number, (spoilt, reason, field, remedy)) in cases().into_iter().enumerate() {
        batch.push(spoilt);
        batch.push(order(&format!("good-{number}"), 1_700_000_000, "user_id:ann", &format!("good-{number}"), "1.00"));
        expected.push((reason, field, remedy));
    }
    let results = publish(&connection, batch).await.unwrap();
    let mut last = None;
    for (pair, (reason, field, remedy)) in results.chunks(2).zip(expected) {
        let found = findings(pair[0].outcome.clone());
        let first = found.first().unwrap();
        assert_eq!(first.reason(), reason, "{found:?}");
        assert!(first.field.starts_with(field) && first.description.contains(remedy), "{found:?}");
        assert!(first.description.len() < 400, "{found:?}");
        match &pair[1].outcome {
            Some(Outcome::Accepted(accepted)) => last = accepted.position,
            other => panic!("a good one was not accepted: {other:?}"),
        }
    }
    let ann = customer(&connection, "user_id:ann", last).await.unwrap();
    assert_eq!(count(&ann, "orders"), 13);
}

#[tokio::test]
async fn a_blocked_identifier_is_dropped_and_noted_where_another_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let mut with_null = touchpoint("page_viewed", "1", 1_700_000_000, "email:null");
    with_null.identifiers.push(identifier_of("user_id:bob"));
    let results = publish(&connection, vec![with_null]).await.unwrap();
    let Some(Outcome::Accepted(accepted)) = results[0].outcome.clone() else { panic!("{results:?}") };
    assert_eq!(accepted.notes[0].reason(), Reason::BlockedIdentifier);
    let bob = customer(&connection, "user_id:bob", accepted.position).await.unwrap();
    assert_eq!(bob.identifiers.len(), 1);
    let nobody = customer(&connection, "email:null", None).await.unwrap_err();
    assert_eq!(nobody.code(), Code::NotFound);
}

#[tokio::test]
async fn a_receipt_without_a_person_is_not_listed_and_is_claimed_by_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let mut anonymous = order("1", 1_700_000_000, "user_id:x", "order-9", "7.00");
    anonymous.identifiers.clear();
    let position = accept(&connection, anonymous).await;
    let receipt = customer(&connection, "receipt:order-9", Some(position)).await.unwrap();
    assert_eq!(count(&receipt, "orders"), 1);
    assert_eq!(server.ask(&["customer", "list", "--output", "ndjson"]).lines().count(), 0);
    assert_eq!(server.ask(&["customer", "list", "--output", "ndjson", "--include-receipts"]).lines().count(), 1);
    let mut claim = touchpoint("page_viewed", "2", 1_700_000_100, "loyalty_card:77");
    claim.identifiers.push(identifier_of("receipt:order-9"));
    let position = accept(&connection, claim).await;
    let member = customer(&connection, "loyalty_card:77", Some(position)).await.unwrap();
    assert_eq!((count(&member, "orders"), member.identifiers.len()), (1, 2));
    // The id under which the receipt was served still resolves.
    assert_eq!(customer(&connection, "receipt:order-9", None).await.unwrap().customer_id, member.customer_id);
    let by_old_id = server.ask(&["customer", "get", &receipt.customer_id, "--output", "json"]);
    assert!(by_old_id.contains(&member.customer_id), "{by_old_id}");
}
