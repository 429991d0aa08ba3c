//! Any customer at any instant: what was known then is what was answered then, and what had occurred by then is what a fresh fold
//! of nothing else gives – profile, identifiers, links and timeline.
#![cfg(test)]

use std::{collections::BTreeMap, path::Path, time::SystemTime};

use patron::client::Server as Connection;
use prost_types::Timestamp;
use proto::{
    customer::{Customer, ExplainCustomerRequest, GetCustomerRequest, ListTouchpointsRequest},
    ingest::DecideIdentityRequest,
};
use tests::{
    client::{accept, connect, publish, who},
    process::{Server, command},
    touchpoints::{identifier_of, order, touchpoint},
};
use tonic::Code;
use types::{
    Identifier, Micros,
    record::{IdentityAction, Position, Touchpoint},
};

const INSTANTS: usize = 20;
const CUSTOMERS: usize = 50;

/// A moment of a request.
#[derive(Clone, Copy, Default)]
struct Moment {
    as_of: Option<Micros>,
    known_at: Option<Micros>,
}

fn timestamp(at: Option<Micros>) -> Option<Timestamp> {
    at.map(Micros::to_proto)
}

/// The customer who held an identifier, and the message ids of the timeline; `None` if nobody did.
async fn answer(connection: &Connection, identifier: &str, moment: Moment) -> Option<(Customer, Vec<String>)> {
    let (as_of, known_at) = (timestamp(moment.as_of), timestamp(moment.known_at));
    let request = GetCustomerRequest { customer: who(identifier), as_of, known_at, ..GetCustomerRequest::default() };
    let customer = match connection.customers().get_customer(request).await {
        Ok(answer) => answer.into_inner().customer.expect("an answer has a customer"),
        Err(status) if status.code() == Code::NotFound => return None,
        Err(status) => panic!("{identifier}: {status}"),
    };
    let request = ListTouchpointsRequest {
        customer: who(identifier),
        page_size: 1_000,
        as_of,
        known_at,
        ..ListTouchpointsRequest::default()
    };
    let page = connection.customers().list_touchpoints(request).await.expect("the customer is there").into_inner();
    let line = |entry: proto::customer::TimelineEntry| match (entry.touchpoint, entry.decision) {
        (Some(touchpoint), _) => format!("{} {:?}", touchpoint.message_id, entry.identity_events),
        (None, decision) => format!("{decision:?}"),
    };
    Some((customer, page.entries.into_iter().map(line).collect()))
}

async fn answers(
    connection: &Connection,
    names: &[String],
    moment: Moment,
) -> BTreeMap<String, Option<(Customer, Vec<String>)>> {
    let mut answers = BTreeMap::new();
    for name in names {
        answers.insert(name.clone(), answer(connection, name, moment).await);
    }
    answers
}

/// Touchpoints of a small chain, in no order, with conflicts: some message ids are there again with another time.
fn touchpoints(dir: &Path) -> Vec<Touchpoint> {
    let path = dir.join("generated.ndjson");
    let to = path.to_str().expect("UTF-8");
    let generate = ["generate", "--seed", "5", "--customers", "80", "--touchpoints", "2500", "--to", to];
    assert!(command(&generate).status().expect("patron runs").success());
    let text = std::fs::read_to_string(&path).expect("it was written");
    let mut all: Vec<Touchpoint> =
        text.lines().map(|line| proto::json::from_str(line).expect("canonical JSON")).collect();
    let days = |touchpoint: &Touchpoint, number: i64| Touchpoint {
        occurred_at: touchpoint.occurred_at.map(|at| Timestamp { seconds: at.seconds + number * 86_400, ..at }),
        store_id: "elsewhere".into(),
        ..touchpoint.clone()
    };
    let conflicts: Vec<Touchpoint> =
        (0_i64..).zip(&all).filter(|(at, _)| at % 23 == 0).map(|(at, one)| days(one, at % 7 - 3)).collect();
    all.extend(conflicts);
    // A fixed order that has nothing to do with time.
    all.sort_by_key(|one| HASH.content_hash(&prost::Message::encode_to_vec(one)));
    all
}

static HASH: std::sync::LazyLock<types::HashKey> = std::sync::LazyLock::new(|| types::HashKey::derive("order"));

/// Names of fifty people, spread over all.
fn names(all: &[Touchpoint]) -> Vec<String> {
    let mut names: Vec<String> = all
        .iter()
        .flat_map(|touchpoint| &touchpoint.identifiers)
        .map(|message| Identifier::from(message).to_string())
        .collect();
    names.sort();
    names.dedup();
    let step = names.len() / CUSTOMERS;
    names.into_iter().step_by(step).take(CUSTOMERS).collect()
}

async fn decide(connection: &Connection, action: IdentityAction, left: &str, right: &str, at: Micros) -> Position {
    let request = DecideIdentityRequest {
        action: action.into(),
        left: Some(identifier_of(left)),
        right: Some(identifier_of(right)),
        reason: "said so at the desk".into(),
        operator: "ann".into(),
        decision_id: format!("{action:?} {left} {right} {at}"),
        decided_at: Some(at.to_proto()),
    };
    let answer = connection.identity().decide_identity(request).await.expect("a decision is taken");
    answer.into_inner().position.expect("it lies somewhere")
}

fn now() -> Micros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Micros(i64::try_from(since.as_micros()).expect("before the year 292,000"))
}

/// Decisions of the middle of March about names that occur, two for each part.
fn decision(part: usize, names: &[String]) -> (IdentityAction, String, String, Micros) {
    use IdentityAction::{Link, Separate, Unlink, Withdraw};
    let action = [Link, Separate, Unlink, Withdraw][part % 4];
    let (left, right) = (&names[part % 7], &names[(part * 3 + 1) % names.len()]);
    let day = i64::try_from(part).expect("few parts");
    (action, left.clone(), right.clone(), Micros((1_772_323_200 + day * 100_000) * 1_000_000))
}

#[tokio::test]
async fn as_known_then_is_as_answered_then() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let all = touchpoints(dir.path());
    let names = names(&all);
    let mut seen = Vec::new();
    for (part, batch) in all.chunks(all.len().div_ceil(INSTANTS)).enumerate() {
        publish(&connection, batch.to_vec()).await.unwrap();
        let (action, left, right, at) = decision(part, &names);
        if left != right {
            decide(&connection, action, &left, &right, at).await;
        }
        server.caught_up();
        let moment = Moment { known_at: Some(now()), ..Moment::default() };
        seen.push((moment, answers(&connection, &names, Moment::default()).await));
    }
    assert_eq!(seen.len(), INSTANTS);
    for (at, (moment, then)) in seen.iter().enumerate() {
        for (name, expected) in then {
            assert_eq!(&answer(&connection, name, *moment).await, expected, "{name} as known at instant {at}");
        }
    }
    let known = |at: usize| seen[at].1.values().flatten().count();
    assert!(known(0) < known(INSTANTS - 1), "more are known later");
    assert_ne!(seen[INSTANTS / 2].1, seen[INSTANTS - 1].1);
}

#[tokio::test]
async fn as_of_then_is_a_fold_of_what_had_occurred() {
    let (dir, other_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (server, grown) = (Server::start(dir.path()).unwrap(), Server::start(other_dir.path()).unwrap());
    let (whole, growing) = (connect(&server).await, connect(&grown).await);
    let all = touchpoints(dir.path());
    let names = names(&all);
    publish(&whole, all.clone()).await.unwrap();
    let decisions: Vec<_> =
        (0..INSTANTS).map(|part| decision(part, &names)).filter(|(_, left, right, _)| left != right).collect();
    for (action, left, right, at) in &decisions {
        decide(&whole, *action, left, right, *at).await;
    }
    server.caught_up();
    let mut in_time: Vec<Touchpoint> = all;
    in_time.sort_by_key(Touchpoint::occurred);
    let step = in_time.len().div_ceil(INSTANTS);
    let mut told = Micros(i64::MIN);
    let mut answered = 0;
    for instant in in_time.chunks(step).filter_map(|chunk| chunk.last().map(Touchpoint::occurred)) {
        let new = |at: Micros| at > told && at <= instant;
        let batch: Vec<Touchpoint> = in_time.iter().filter(|one| new(one.occurred())).cloned().collect();
        publish(&growing, batch).await.unwrap();
        for (action, left, right, at) in decisions.iter().filter(|(_, _, _, at)| new(*at)) {
            decide(&growing, *action, left, right, *at).await;
        }
        told = instant;
        grown.caught_up();
        let moment = Moment { as_of: Some(instant), ..Moment::default() };
        for (name, expected) in answers(&growing, &names, Moment::default()).await {
            assert_eq!(answer(&whole, &name, moment).await, expected, "{name} as of {instant}");
            answered += usize::from(expected.is_some());
        }
    }
    assert!(answered > INSTANTS * CUSTOMERS / 4, "only {answered} answers were compared");
}

#[tokio::test]
async fn a_field_is_explained_by_the_touchpoints_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    const MARCH: i64 = 1_772_323_200;
    let mut both = touchpoint("identifiers_linked", "link", MARCH, "loyalty_card:1");
    both.identifiers.push(identifier_of("email:ann@shop.test.eu"));
    accept(&connection, both).await;
    accept(&connection, order("first", MARCH + 1, "loyalty_card:1", "o1", "2.00")).await;
    accept(&connection, order("second", MARCH + 2, "email:ann@shop.test.eu", "o2", "3.00")).await;
    accept(&connection, touchpoint("page_viewed", "page", MARCH + 3, "loyalty_card:1")).await;
    let last =
        decide(&connection, IdentityAction::Link, "loyalty_card:1", "user_id:ann", Micros(MARCH * 1_000_000)).await;
    let ask = |field: &str| ExplainCustomerRequest {
        customer: who("loyalty_card:1"),
        field: field.into(),
        min_position: vec![last],
        ..ExplainCustomerRequest::default()
    };
    let explained = async |field: &str| connection.customers().explain_customer(ask(field)).await;
    let net = explained("metrics.net").await.unwrap().into_inner();
    let behind: Vec<&str> = net.contributions.iter().map(|one| one.message_id.as_str()).collect();
    assert_eq!((behind.as_slice(), net.contribution_count), (["second", "first"].as_slice(), 2));
    assert!(net.contributions[0].value.contains("3.00"), "{:?}", net.contributions[0]);
    assert!(net.contributions.iter().all(|one| one.position.is_some()));
    let links: Vec<(&str, bool)> =
        net.joining_links.iter().map(|link| (link.message_id.as_str(), link.decided)).collect();
    assert_eq!(links.len(), 2, "{links:?}");
    assert!(links[0].1 && links[1] == ("link", false), "an operator's link is taken first: {links:?}");
    assert_eq!(net.decisions.len(), 1);
    let last = explained("last_touchpoint_at").await.unwrap().into_inner();
    assert_eq!(last.contributions.iter().map(|one| one.message_id.as_str()).collect::<Vec<_>>(), ["page"]);
    let status = explained("metric.net").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("metrics"), "{}", status.message());
}
