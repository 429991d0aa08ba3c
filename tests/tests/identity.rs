//! Operators' decisions through the real process: they merge and part exactly, are seen and explained, survive a kill, and once
//! withdrawn leave the customers as they were.
#![cfg(test)]

use patron::client::Server as Connection;
use proto::{
    customer::{GetCustomerRequest, customer_ref},
    ingest::DecideIdentityRequest,
};
use tests::{
    client::{accept, connect, customer},
    feeding,
    process::{Server, wait_a_little},
    touchpoints::{identifier_of, touchpoint},
};
use tonic::Code;
use types::record::{IdentityAction, Position};

const MARCH: i64 = 1_772_323_200;

async fn together(connection: &Connection, message: &str, second: i64, left: &str, right: &str) -> Position {
    let mut both = touchpoint("page_viewed", message, second, left);
    both.identifiers.push(identifier_of(right));
    accept(connection, both).await
}

async fn decide(connection: &Connection, action: IdentityAction, left: &str, right: &str) -> Position {
    let request = DecideIdentityRequest {
        action: action.into(),
        left: Some(identifier_of(left)),
        right: Some(identifier_of(right)),
        reason: "the two spoke up".into(),
        operator: "desk".into(),
        ..DecideIdentityRequest::default()
    };
    let answer = connection.identity().decide_identity(request).await.expect("a decision is taken");
    answer.into_inner().position.expect("it lies somewhere")
}

#[tokio::test]
async fn a_separation_holds_over_every_path_and_later_touchpoints() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let (card, mail, phone) = ("loyalty_card:1", "email:ann@shop.test.eu", "wechat_unionid:w1");
    together(&connection, "a", MARCH, card, mail).await;
    let linked = together(&connection, "b", MARCH + 1, mail, phone).await;
    let before = customer(&connection, card, Some(linked)).await.unwrap();
    assert_eq!(before.identifiers.len(), 3);

    decide(&connection, IdentityAction::Separate, card, phone).await;
    let after = together(&connection, "c", MARCH + 2, card, phone).await;
    let ann = customer(&connection, card, Some(after)).await.unwrap();
    let other = customer(&connection, phone, Some(after)).await.unwrap();
    assert_ne!(ann.customer_id, other.customer_id);
    assert_eq!(ann.touchpoint_count + other.touchpoint_count, 3, "each touchpoint is one customer's");
    let rules: Vec<&str> = ann.refused_links.iter().map(|link| link.rule_name.as_str()).collect();
    assert!(rules.contains(&"separated"), "{rules:?}");
    assert!(ann.refused_links[0].rule.contains("the two spoke up"), "{:?}", ann.refused_links[0]);
    let told = server.ask(&["customer", "timeline", card]);
    assert!(told.contains("separate") && told.contains("not joined") && told.contains("joined"), "{told}");

    // Any id ever served resolves.
    for id in [&before.customer_id, &ann.customer_id, &other.customer_id] {
        let who = proto::customer::CustomerRef { r#ref: Some(customer_ref::Ref::CustomerId(id.clone())) };
        let request = GetCustomerRequest { customer: Some(who), ..GetCustomerRequest::default() };
        connection.customers().get_customer(request).await.expect("an id once served is answered for ever");
    }

    let withdrawn = decide(&connection, IdentityAction::Withdraw, phone, card).await;
    let whole = customer(&connection, phone, Some(withdrawn)).await.unwrap();
    assert_eq!((whole.identifiers.len(), whole.touchpoint_count, whole.customer_id), (3, 3, before.customer_id));
}

#[tokio::test]
async fn what_is_no_decision_is_refused_with_field_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let whole = DecideIdentityRequest {
        action: IdentityAction::Link.into(),
        left: Some(identifier_of("user_id:a")),
        right: Some(identifier_of("loyalty_card:b")),
        reason: "r".into(),
        operator: "o".into(),
        ..DecideIdentityRequest::default()
    };
    let wrong = [
        ("action", DecideIdentityRequest { action: 0, ..whole.clone() }),
        ("action", DecideIdentityRequest { action: 99, ..whole.clone() }),
        ("left.namespace", DecideIdentityRequest { left: None, ..whole.clone() }),
        ("left.value", DecideIdentityRequest { left: Some(identifier_of("user_id:null")), ..whole.clone() }),
        ("right", DecideIdentityRequest { right: Some(identifier_of("user_id: a ")), ..whole.clone() }),
        ("reason", DecideIdentityRequest { reason: "  ".into(), ..whole.clone() }),
        ("operator", DecideIdentityRequest { operator: "x".repeat(257), ..whole.clone() }),
        ("decision_id", DecideIdentityRequest { decision_id: "x".repeat(257), ..whole.clone() }),
        (
            "decided_at",
            DecideIdentityRequest {
                decided_at: Some(prost_types::Timestamp { seconds: 1 << 40, nanos: 0 }),
                ..whole.clone()
            },
        ),
    ];
    for (field, request) in wrong {
        let status = connection.identity().decide_identity(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(&format!("{field}:")), "{field}: {}", status.message());
    }
    connection.identity().decide_identity(whole).await.expect("the rest is right");
}

/// Pairs of identifiers that one touchpoint carries, from a file of touchpoints.
fn pairs(file: &std::path::Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).expect("it was written");
    let mut pairs = Vec::new();
    for line in text.lines() {
        let touchpoint: types::record::Touchpoint = proto::json::from_str(line).expect("canonical JSON");
        let names: Vec<String> =
            touchpoint.identifiers.iter().map(|one| types::Identifier::from(one).to_string()).collect();
        if let [left, right, ..] = names.as_slice() {
            pairs.push((left.clone(), right.clone()));
        }
    }
    pairs.sort();
    pairs.dedup();
    pairs
}

#[test]
fn decisions_replay_and_leave_no_trace_once_withdrawn() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("touchpoints.ndjson");
    feeding::generate(&file, 6_000);
    let server = Server::start(dir.path()).unwrap();
    server.ask(&["import", file.to_str().unwrap()]);
    let original = server.digest();
    let pairs = pairs(&file);
    let chosen: Vec<&(String, String)> = pairs.iter().step_by(pairs.len() / 20).take(20).collect();
    for (number, (left, right)) in chosen.iter().enumerate() {
        let action = if number % 2 == 0 { "unlink" } else { "separate" };
        server.ask(&["identity", action, left, right, "--reason", "two people", "--decision-id", &number.to_string()]);
    }
    let parted = server.digest();
    assert_ne!(parted["parts"]["customers"], original["parts"]["customers"]);
    assert_eq!(parted["parts"]["touchpoints"], original["parts"]["touchpoints"]);
    server.kill();

    // The state is gone: decisions come from the journal, as touchpoints do.
    std::fs::remove_dir_all(dir.path().join("generations")).unwrap();
    wait_a_little();
    let server = Server::start(dir.path()).unwrap();
    feeding::assert_same(&server.digest(), &parted);

    for (left, right) in &chosen {
        server.ask(&["identity", "withdraw", right, left, "--reason", "one person after all"]);
    }
    let restored = server.digest();
    assert_eq!(restored["parts"]["customers"], original["parts"]["customers"]);
    assert_ne!(restored["parts"]["decisions"], parted["parts"]["decisions"], "what was decided stays on record");
}
