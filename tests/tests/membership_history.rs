//! A customer's history through the real process: it is the feed, of that customer alone, over merges and pages.
#![cfg(test)]

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use proto::{
    customer::TimelineOrder,
    segment::{GetMembershipHistoryRequest, MembershipChange},
};
use serde_json::Value;
use tests::{
    client::{accept, connect, who},
    process::{Server, wait_a_little},
    touchpoints::{identifier_of, order, touchpoint},
};
use tonic::Code;

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;
const DAY: i64 = 86_400;
const CLOCK: (&str, &str) = ("PATRON_SEGMENTS_CLOCK", "watermark");

fn define(server: &Server, dir: &Path) {
    let file = dir.join("segments.toml");
    let segments =
        [("recent", r#"touchpoints("order_completed").within("10d").count() > 0"#), ("twice", "orders().count() >= 2")];
    let segment = |(name, expression)| format!("[[segment]]\nname = \"{name}\"\nexpression = '{expression}'\n");
    std::fs::write(&file, segments.map(segment).concat()).unwrap();
    server.ask(&["segment", "apply", file.to_str().unwrap()]);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All that the feed has told, in order.
fn feed(server: &Server) -> Vec<Value> {
    let told = lines(&server.ask(&["segment", "watch", "--output", "ndjson"]));
    told.into_iter().map(|message| message["change"].clone()).filter(|change| !change.is_null()).collect()
}

fn until(server: &Server, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let since = Instant::now();
    loop {
        let told = feed(server);
        if holds(&told) {
            return told;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{told:#?}");
        wait_a_little();
    }
}

fn history(server: &Server, arguments: &[&str]) -> Vec<Value> {
    lines(&server.ask(&[&["segment", "history"], arguments, &["--output", "ndjson"]].concat()))
}

fn customers(told: &[Value]) -> BTreeSet<String> {
    told.iter().map(|change| change["customerId"].as_str().unwrap().to_owned()).collect()
}

async fn tell_a_world(server: &Server, dir: &Path) {
    let connection = connect(server).await;
    define(server, dir);
    accept(&connection, order("a1", MARCH, "loyalty_card:1", "a1", "20.00")).await;
    accept(&connection, order("b1", MARCH + DAY, "email:ann@shop.example", "b1", "20.00")).await;
    accept(&connection, order("c1", MARCH + DAY, "loyalty_card:9", "c1", "20.00")).await;
    until(server, |told| customers(told).len() == 3);
    // The two become one, who bought twice; a third one stays apart.
    let mut both = touchpoint("page_viewed", "d1", MARCH + 2 * DAY, "loyalty_card:1");
    both.identifiers.push(identifier_of("email:ann@shop.example"));
    accept(&connection, both).await;
    until(server, |told| told.iter().any(|change| change["segment"] == "twice"));
    // Time brings everybody out, and one of them in again.
    accept(&connection, touchpoint("page_viewed", "e1", MARCH + 30 * DAY, "anonymous_id:e")).await;
    until(server, |told| told.iter().filter(|change| change["cause"] == "MEMBERSHIP_CHANGE_CAUSE_TIME").count() >= 2);
    accept(&connection, order("a2", MARCH + 30 * DAY, "email:ann@shop.example", "a2", "20.00")).await;
    until(server, |told| told.last().is_some_and(|change| change["effectiveAt"] == "2026-03-31T00:00:00Z"));
}

#[tokio::test]
async fn a_history_is_the_feed_of_one_customer_over_a_merge() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &[CLOCK]).unwrap();
    tell_a_world(&server, dir.path()).await;
    let (told, other) = (feed(&server), history(&server, &["loyalty_card:9"]));
    let others = customers(&other);
    let own: Vec<Value> =
        told.iter().filter(|change| !others.contains(change["customerId"].as_str().unwrap())).cloned().collect();
    assert_eq!(customers(&own).len(), 2, "both ids from before the merge: {own:#?}");
    assert!(own.len() >= 6 && other.len() == 2, "the world is too small: {told:#?}");

    // By any identifier and by any id that it ever had.
    let ids: Vec<String> = customers(&own).into_iter().collect();
    for name in [ids[0].as_str(), &ids[1], "loyalty_card:1", "email:ann@shop.example"] {
        assert_eq!(history(&server, &[name, "--oldest-first"]), own, "{name}");
    }
    let mut newest_first = own.clone();
    newest_first.reverse();
    assert_eq!(history(&server, &["loyalty_card:1"]), newest_first);
    assert_eq!(history(&server, &["loyalty_card:1", "--limit", "2"]), newest_first[..2]);
    let twice: Vec<Value> = own.iter().filter(|change| change["segment"] == "twice").cloned().collect();
    assert_eq!(history(&server, &["loyalty_card:1", "twice", "--oldest-first"]), twice);
    assert_eq!(history(&server, &["loyalty_card:1", "unknown"]), [] as [Value; 0]);
    let table = server.ask(&["segment", "history", "loyalty_card:1", "recent"]);
    assert!(table.contains("entered") && table.contains("time") && table.contains("2026-03-12T00:00:00Z"), "{table}");

    pages(&server, &own).await;
    let nobody = server.run(&["segment", "history", "loyalty_card:404"]);
    assert!(!nobody.status.success() && String::from_utf8_lossy(&nobody.stderr).contains("no touchpoint carries"));

    // What is no longer kept is gone from the history too, and said to be.
    drop(server);
    let server = Server::start_with(&data, &[CLOCK, ("PATRON_PUBLISH_MEMBERSHIP_CHANGES_MAX", "4")]).unwrap();
    let connection = connect(&server).await;
    accept(&connection, order("f1", MARCH + 60 * DAY, "loyalty_card:77", "f1", "20.00")).await;
    let since = Instant::now();
    // Time alone has brought the first customer out once more.
    let left = loop {
        let (new, left) = (history_or_none(&server, "loyalty_card:77"), history(&server, &["loyalty_card:1"]));
        if !new.is_empty() && left.first().is_some_and(|change| change["effectiveAt"] == "2026-04-10T00:00:00Z") {
            break left;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{new:#?}, {left:#?}");
        wait_a_little();
    };
    let request = GetMembershipHistoryRequest { customer: who("loyalty_card:1"), ..Default::default() };
    let forgotten = connection.segments().get_membership_history(request).await.unwrap().into_inner().forgotten;
    assert_eq!(forgotten, told.len() as u64 + 2 - 4);
    let is_kept = |change: &&Value| change["sequence"].as_str().unwrap().parse::<u64>().unwrap() > forgotten;
    let kept: Vec<Value> = newest_first.iter().filter(is_kept).cloned().collect();
    assert!(!kept.is_empty() && kept.len() < own.len());
    assert_eq!(left[1..], kept);
    let said = server.ask(&["segment", "history", "loyalty_card:1"]);
    assert!(said.contains("no longer kept"), "{said}");
}

/// Of somebody who may not be there yet.
fn history_or_none(server: &Server, customer: &str) -> Vec<Value> {
    let answer = server.run(&["segment", "history", customer, "--output", "ndjson"]);
    lines(&String::from_utf8(answer.stdout).unwrap())
}

/// Pages of any size come to the same, and a token is good for its request alone.
async fn pages(server: &Server, own: &[Value]) {
    let connection = connect(server).await;
    for (page_size, segments) in [(1, vec![]), (2, vec![]), (5, vec![]), (1, vec!["recent".to_owned()])] {
        let mut request = GetMembershipHistoryRequest {
            customer: who("loyalty_card:1"),
            segments: segments.clone(),
            page_size,
            order: TimelineOrder::OldestFirst.into(),
            ..Default::default()
        };
        let mut read: Vec<MembershipChange> = Vec::new();
        loop {
            let page = connection.segments().get_membership_history(request.clone()).await.unwrap().into_inner();
            assert!(page.changes.len() <= page_size as usize);
            read.extend(page.changes);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        let read: Vec<Value> = read.iter().map(proto::json::to_value).collect();
        let wanted = own.iter().filter(|change| segments.is_empty() || change["segment"] == segments[0]);
        assert_eq!(read, wanted.cloned().collect::<Vec<_>>(), "{page_size}");
    }
    let mut request =
        GetMembershipHistoryRequest { customer: who("loyalty_card:1"), page_size: 1, ..Default::default() };
    let page = connection.segments().get_membership_history(request.clone()).await.unwrap().into_inner();
    request.page_token = page.next_page_token;
    request.segments = vec!["recent".into()];
    let refused = connection.segments().get_membership_history(request.clone()).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("page_token"), "{refused}");
    request = GetMembershipHistoryRequest { page_size: 1_001, page_token: String::new(), ..request };
    let refused = connection.segments().get_membership_history(request).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("page_size"), "{refused}");
}
