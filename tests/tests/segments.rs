//! Segments through the real process: defined, asked at an instant, proved; late touchpoints, separations and changed definitions
//! are in the next answer; what is documented works.
#![cfg(test)]

use std::path::Path;

use patron::client::Server as Connection;
use proto::segment::{CheckMembershipRequest, CountSegmentRequest, ExplainMembershipRequest, Membership, ProofOutcome};
use tests::{
    client::{accept, connect, who},
    process::Server,
    touchpoints::{identifier_of, order, touchpoint},
};
use types::{Micros, record::Position};

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;
const DAY: i64 = 86_400;
const CLOCK: &str = "fixed:2026-03-31T00:00:00Z";

fn server(dir: &Path) -> Server {
    Server::start_with(dir, &[("PATRON_SEGMENTS_CLOCK", CLOCK)]).unwrap()
}

fn apply(server: &Server, dir: &Path, toml: &str) -> std::process::Output {
    let file = dir.join("definitions.toml");
    std::fs::write(&file, toml).unwrap();
    server.run(&["segment", "apply", file.to_str().unwrap()])
}

fn defined(server: &Server, dir: &Path, toml: &str) {
    let output = apply(server, dir, toml);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn buys(connection: &Connection, identifier: &str, id: &str, second: i64) -> Position {
    accept(connection, order(id, second, identifier, id, "20.00")).await
}

async fn membership(connection: &Connection, identifier: &str, segment: &str, at: i64, after: Position) -> Membership {
    let request = CheckMembershipRequest {
        customers: who(identifier).into_iter().collect(),
        segments: vec![segment.into()],
        as_of: Some(Micros(at * 1_000_000).to_proto()),
        min_position: vec![after],
    };
    let mut answer = connection.segments().check_membership(request).await.unwrap().into_inner();
    answer.results[0].memberships.pop().unwrap()
}

async fn count(connection: &Connection, segment: &str, after: Position) -> i64 {
    let request = CountSegmentRequest { segment: segment.into(), min_position: vec![after], ..Default::default() };
    connection.segments().count_segment(request).await.unwrap().into_inner().count
}

const RECENT: &str = r#"
[[segment]]
name = "recent"
description = "Bought within ten days."
expression = 'touchpoints("order_completed").within("10d").count() > 0'

[[segment]]
name = "not_recent"
expression = '!segment("recent")'
"#;

#[tokio::test]
async fn a_window_ends_at_its_microsecond_and_late_touchpoints_are_in_the_next_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    let connection = connect(&server).await;
    defined(&server, dir.path(), RECENT);
    let bought = buys(&connection, "loyalty_card:1", "o1", MARCH).await;

    let inside = membership(&connection, "loyalty_card:1", "recent", MARCH + 10 * DAY - 1, bought).await;
    assert!(inside.member);
    assert_eq!(inside.changes_at.unwrap().seconds, MARCH + 10 * DAY);
    let outside = membership(&connection, "loyalty_card:1", "recent", MARCH + 10 * DAY, bought).await;
    assert_eq!((outside.member, outside.changes_at), (false, None));
    let other = membership(&connection, "loyalty_card:1", "not_recent", MARCH + 10 * DAY, bought).await;
    assert!(other.member);
    // By the fixed clock the window is over; a late touchpoint brings the customer back.
    assert_eq!((count(&connection, "recent", bought).await, count(&connection, "not_recent", bought).await), (0, 1));
    let late = buys(&connection, "loyalty_card:1", "o2", MARCH + 25 * DAY).await;
    assert_eq!((count(&connection, "recent", late).await, count(&connection, "not_recent", late).await), (1, 0));
    // Before the first touchpoint nobody was in.
    assert!(!membership(&connection, "loyalty_card:1", "recent", MARCH - 1, late).await.member);
}

#[tokio::test]
async fn memberships_follow_merges_and_separations() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    let connection = connect(&server).await;
    defined(&server, dir.path(), "[[segment]]\nname = \"twice\"\nexpression = 'orders().count() >= 2'\n");
    buys(&connection, "loyalty_card:1", "o1", MARCH).await;
    let bought = buys(&connection, "email:ann@shop.example", "o2", MARCH + 1).await;
    server.caught_up();
    assert_eq!(count(&connection, "twice", bought).await, 0);
    let mut both = touchpoint("identified", "both", MARCH + 2, "loyalty_card:1");
    both.identifiers.push(identifier_of("email:ann@shop.example"));
    both.traits = Some(prost_types::Struct::default());
    both.traits
        .as_mut()
        .unwrap()
        .fields
        .insert("city".into(), prost_types::Value { kind: Some(prost_types::value::Kind::StringValue("Lyon".into())) });
    let linked = accept(&connection, both).await;
    server.caught_up();
    assert_eq!(count(&connection, "twice", linked).await, 1);
    server.ask(&["identity", "separate", "loyalty_card:1", "email:ann@shop.example", "--reason", "two persons"]);
    server.caught_up();
    assert_eq!(count(&connection, "twice", linked).await, 0);
}

#[tokio::test]
async fn a_proof_names_values_bounds_and_touchpoints() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    let connection = connect(&server).await;
    defined(
        &server,
        dir.path(),
        r#"
[[segment]]
name = "regular"
expression = 'orders().within("90d").count() >= 2 && touchpoints("order_completed").within("60d").sum(t, t.net) >= 50'
"#,
    );
    buys(&connection, "loyalty_card:1", "o1", MARCH).await;
    let after = buys(&connection, "loyalty_card:1", "o2", MARCH + DAY).await;
    let request = ExplainMembershipRequest {
        customer: who("loyalty_card:1"),
        segment: "regular".into(),
        min_position: vec![after],
        ..ExplainMembershipRequest::default()
    };
    let answer = connection.segments().explain_membership(request).await.unwrap().into_inner();
    assert!(!answer.membership.unwrap().member);
    let proof = answer.proof.unwrap();
    assert_eq!((proof.text.as_str(), proof.outcome()), ("&&", ProofOutcome::False));
    let [orders, sum] = proof.parts.try_into().unwrap();
    assert_eq!((orders.outcome(), orders.value.as_str(), orders.bound.as_str()), (ProofOutcome::True, "2", "2"));
    assert_eq!(orders.order_count, 2);
    assert_eq!((sum.outcome(), sum.value.as_str(), sum.bound.as_str()), (ProofOutcome::False, "40", "50"));
    let behind: Vec<&str> = sum.touchpoints.iter().map(|one| one.message_id.as_str()).collect();
    assert_eq!(behind, ["o2", "o1"]);
    assert!(sum.touchpoints.iter().all(|one| one.position.is_some()));
    assert_eq!(sum.next_change_at.unwrap().seconds, MARCH + 60 * DAY);
    let told = server.ask(&["segment", "explain", "loyalty_card:1", "regular"]);
    assert!(told.contains("is not in regular") && told.contains("found 40 against 50"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_evaluated_is_refused_with_its_place_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    defined(&server, dir.path(), RECENT);
    for (toml, words) in [
        (
            "name = \"typo\"\nexpression = 'touchpoints(\"order_complete\").count() > 0'",
            "did you mean `order_completed`",
        ),
        ("name = \"recent\"\nexpression = 'segment(\"not_recent\")'", "circle"),
        (
            "name = \"deep\"\nexpression = '((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))'",
            "nesting",
        ),
    ] {
        let output = apply(&server, dir.path(), &format!("[[segment]]\n{toml}\n"));
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && complained.contains(words), "{toml}: {complained}");
    }
    let listed: serde_json::Value =
        serde_json::from_str(&server.ask(&["segment", "list", "--output", "json"])).unwrap();
    let names: Vec<&str> =
        listed["segments"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["not_recent", "recent"]);
    for (arguments, words) in [
        (vec!["segment", "count", "recnt"], "no segment `recnt`"),
        (vec!["segment", "count", "--expression", "metrics.order > 1"], "did you mean `orders`"),
    ] {
        let output = server.run(&arguments);
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && complained.contains(words), "{complained}");
    }
}

#[tokio::test]
async fn lists_counts_samples_and_backtests_agree() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    let connection = connect(&server).await;
    defined(&server, dir.path(), RECENT);
    let mut last = None;
    for customer in 0..20 {
        let card = format!("loyalty_card:10{customer}");
        last = Some(buys(&connection, &card, &format!("o{customer}"), MARCH + customer * DAY + DAY / 2).await);
    }
    server.caught_up();
    assert_eq!(count(&connection, "recent", last.unwrap()).await, 0, "the last bought on the 20th");
    let at = "2026-03-16T00:00:00Z";
    let members = server.ask(&["segment", "members", "recent", "--as-of", at, "--output", "ndjson"]);
    let members: Vec<serde_json::Value> = members.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let id = |member: &serde_json::Value| member["customer"]["customerId"].as_str().unwrap().to_owned();
    let ids: Vec<String> = members.iter().map(id).collect();
    assert_eq!(ids.len(), 10, "those who bought from the 6th to the 15th");
    assert!(ids.is_sorted());
    assert!(members.iter().all(|member| member["leavesAt"].as_str().unwrap() > at));
    let rest = server.ask(&["segment", "members", "recent", "--as-of", at, "--after", &ids[3], "--output", "ndjson"]);
    assert_eq!(rest.lines().count(), 6);

    let expression = r#"touchpoints("order_completed").within("10d").count() > 0"#;
    let arguments = [
        "segment",
        "count",
        "--expression",
        expression,
        "--as-of",
        at,
        "--sample",
        "4",
        "--overlap",
        "recent",
        "--output",
        "json",
    ];
    let counted: serde_json::Value = serde_json::from_str(&server.ask(&arguments)).unwrap();
    assert_eq!((counted["count"].as_str(), counted["population"].as_str()), (Some("10"), Some("20")));
    assert_eq!(counted["overlaps"][0]["both"].as_str(), Some("10"));
    let sample: Vec<&str> =
        counted["sampleCustomerIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(sample, ids[..4]);

    let backtest = server.ask(&[
        "segment",
        "backtest",
        "recent",
        "--from",
        "2026-03-01T00:00:00Z",
        "--to",
        "2026-04-01T00:00:00Z",
        "--step",
        "5d",
        "--output",
        "ndjson",
    ]);
    let figure = |line: &str, name: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value[name].as_str().unwrap_or("0").parse::<i64>().unwrap()
    };
    let counts: Vec<i64> = backtest.lines().map(|line| figure(line, "count")).collect();
    assert_eq!(counts, [0, 5, 10, 10, 10, 5, 0]);
    let flow: i64 = backtest.lines().map(|line| figure(line, "entered") - figure(line, "left")).sum();
    assert_eq!(flow, 0);
}

#[tokio::test]
async fn a_percentile_takes_all_ties_and_names_its_cut() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    let connection = connect(&server).await;
    defined(
        &server,
        dir.path(),
        "[[segment]]\nname = \"top\"\nexpression = 'percentile(metrics.orders) >= 0.8'\n\
         [[segment]]\nname = \"top_twice\"\nexpression = 'segment(\"top\")'\n",
    );
    let mut last = None;
    for customer in 0..10 {
        for number in 0..=customer.min(7) {
            let card = format!("loyalty_card:10{customer}");
            last = Some(buys(&connection, &card, &format!("{customer}-{number}"), MARCH + number).await);
        }
    }
    server.caught_up();
    // Orders: 1 to 8, 8, 8. The value with eight before it is 8, and three have it.
    assert_eq!(count(&connection, "top", last.unwrap()).await, 3);
    assert_eq!(count(&connection, "top_twice", last.unwrap()).await, 3);
    let told = server.ask(&["segment", "count", "top"]);
    assert!(told.contains("metrics.orders @ 0.8") && told.contains("2026-03-31T00:00:00Z"), "{told}");
}

/// Whatever the documentation shows in a code block or table as an expression, and the segments that are handed out, compile.
#[test]
fn the_segments_handed_out_can_be_applied() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("data"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    server.ask(&["segment", "apply", root.join("deploy/segments/retail.toml").to_str().unwrap()]);
    let listed: serde_json::Value =
        serde_json::from_str(&server.ask(&["segment", "list", "--output", "json"])).unwrap();
    assert_eq!(listed["segments"].as_array().unwrap().len(), 20);
    let page = std::fs::read_to_string(root.join("docs/segments.md")).unwrap();
    let blocks: Vec<&str> = page.split("```cel\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        server.ask(&["segment", "count", "--expression", block]);
    }
}
