//! `patron verify` and the scrubber: a right state is found right while ingest goes on; each kind of damage is found and named.
#![cfg(test)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use store::{
    Batch, Snapshot,
    family::{Fragments, Incidence, Orders, Timeline, fragments::FragmentRow, timeline::TimelineKey},
    snapshot::Range,
};
use tests::{
    client::{accept, connect},
    feeding,
    pipeline::open_left_behind,
    process::{Server, wait_a_little},
    touchpoints::{identifier_of, order, touchpoint},
};
use types::{FragmentId, record::Envelope};

/// What a verify said.
struct Verified {
    code: Option<i32>,
    differences: Vec<Value>,
    summary: Value,
}

fn verify(server: &Server, arguments: &[&str]) -> Verified {
    let output = server.run(&[&["verify", "--output", "json"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let steps: Vec<Value> = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{complaints}"));
    let differences = steps.iter().filter_map(|step| step.get("difference").cloned()).collect();
    let summary = steps.iter().find_map(|step| step.get("summary").cloned());
    Verified { code: output.status.code(), differences, summary: summary.expect("a summary") }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

impl Verified {
    /// The difference of a field, which must be there.
    fn of(&self, part: &str, field: &str) -> &Value {
        let of_it = |difference: &&Value| text(difference, "part") == part && text(difference, "field") == field;
        self.differences.iter().find(of_it).unwrap_or_else(|| panic!("no {part}: {field} in {:#?}", self.differences))
    }
}

/// Ann has two orders and a visit, Bob a visit.
async fn feed(server: &Server) {
    let connection = connect(server).await;
    let mut both = order("m1", 1_000, "loyalty_card:ann", "o1", "20.00");
    both.identifiers.push(identifier_of("email:ann@shop.example"));
    accept(&connection, both).await;
    accept(&connection, order("m2", 2_000, "loyalty_card:ann", "o2", "5.50")).await;
    accept(&connection, touchpoint("page_viewed", "m3", 3_000, "loyalty_card:ann")).await;
    accept(&connection, touchpoint("page_viewed", "m4", 4_000, "loyalty_card:bob")).await;
    server.caught_up();
}

/// A state of Ann and Bob, changed while the server was stopped.
async fn damaged(dir: &Path, environment: &[(&str, &str)], damage: impl FnOnce(&Snapshot<'_>, &mut Batch)) -> Server {
    let server = Server::start(dir).unwrap();
    feed(&server).await;
    assert!(server.terminate().success());
    let store = open_left_behind(dir);
    let mut batch = Batch::default();
    damage(&store.snapshot(), &mut batch);
    assert!(!batch.is_empty());
    store.write(batch).unwrap();
    drop(store);
    Server::start_with(dir, environment).unwrap()
}

/// The fragment of exactly these identifiers.
fn fragment(snapshot: &Snapshot<'_>, identifiers: &[&str]) -> (FragmentId, FragmentRow) {
    let spelt =
        |row: &FragmentRow| row.identifiers.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>();
    let wanted = identifiers.iter().map(ToString::to_string).collect();
    let mut rows = snapshot.scan::<Fragments>(&Range::all()).map(Result::unwrap);
    rows.find(|(_, row)| spelt(row) == wanted).expect("there is such a fragment")
}

fn customer_id(server: &Server, identifier: &str) -> String {
    let answer: Value =
        serde_json::from_str(&server.ask(&["customer", "get", identifier, "--output", "json"])).unwrap();
    text(&answer["customer"], "customerId").to_owned()
}

fn concerned(difference: &Value) -> Vec<&str> {
    difference["touchpoints"].as_array().unwrap().iter().map(|touchpoint| text(touchpoint, "messageId")).collect()
}

#[test]
fn a_right_state_is_right_while_ingest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("touchpoints.ndjson");
    feeding::generate(&file, 20_000);
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("verify/left-over")).unwrap();
    let server = Server::start(&data).unwrap();
    assert!(!data.join("verify").exists(), "what another verify left is removed at the start");
    let mut import = feeding::import(&file, &server.grpc);
    let mut busy = 0;
    let until = Instant::now() + Duration::from_secs(300);
    while import.try_wait().unwrap().is_none() && Instant::now() < until {
        let found = verify(&server, &[]);
        assert_eq!((found.code, found.differences.len()), (Some(0), 0), "{:#?} {}", found.differences, found.summary);
        busy += 1;
    }
    assert!(import.wait().unwrap().success() && busy > 0);
    server.caught_up();
    let found = verify(&server, &[]);
    assert_eq!((found.code, found.differences.len()), (Some(0), 0));
    assert!(text(&found.summary, "touchpoints").parse::<u64>().unwrap() > 10_000, "{}", found.summary);
    for family in ["fragments", "months", "orders", "timeline", "copies", "incidence", "shards"] {
        assert!(found.summary["rows"][family].is_string(), "{family} in {}", found.summary);
    }
    assert!(!data.join("verify").exists(), "its own state is removed at the end");
    let sampled = verify(&server, &["--sample", "50", "--seed", "3"]);
    assert_eq!((sampled.code, sampled.differences.len()), (Some(0), 0), "{:#?}", sampled.differences);
    assert_eq!(text(&sampled.summary, "customers"), "50");
    assert_eq!(verify(&server, &["--sample", "50", "--seed", "3"]).summary, sampled.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_count_is_found_with_customer_field_and_both_values() {
    let dir = tempfile::tempdir().unwrap();
    let server = damaged(dir.path(), &[], |snapshot, batch| {
        let (id, mut row) = fragment(snapshot, &["loyalty_card:ann"]);
        row.core.touchpoints += 1;
        batch.put::<Fragments>(&id, &row);
    })
    .await;
    let found = verify(&server, &[]);
    assert_eq!((found.code, found.differences.len()), (Some(1), 1), "{:#?}", found.differences);
    let difference = found.of("fragments", "touchpoint_count");
    assert_eq!((text(difference, "held"), text(difference, "expected")), ("3", "2"));
    assert_eq!(text(difference, "customerId"), customer_id(&server, "loyalty_card:ann"));
    assert_eq!(text(&difference["identifiers"][0], "value"), "ann");
    assert_eq!(concerned(difference), ["m2", "m3"]);
    assert_eq!(found.summary["differingRows"], serde_json::json!({"fragments": "1"}));
    let table = server.run(&["verify"]);
    let said = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(said.contains("fragments: touchpoint_count") && said.contains("loyalty_card:ann"), "{said}");
    let sampled = verify(&server, &["--sample", "100"]);
    assert_eq!(sampled.code, Some(1));
    assert_eq!(text(sampled.of("fragments", "touchpoint_count"), "expected"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_order_is_found_in_the_words_of_the_view() {
    let dir = tempfile::tempdir().unwrap();
    let server = damaged(dir.path(), &[], |snapshot, batch| {
        let (id, _) = fragment(snapshot, &["loyalty_card:ann"]);
        let (key, mut facts) = snapshot.scan_prefix::<Orders>(&id.0).next().unwrap().unwrap();
        facts.cancelled_at = Some(types::Micros(1));
        batch.put::<Orders>(&key, &facts);
    })
    .await;
    let found = verify(&server, &[]);
    assert_eq!(found.code, Some(1));
    let (orders, net) = (found.of("orders", "metrics.orders_cancelled"), found.of("orders", "metrics.net"));
    assert_eq!((text(orders, "held"), orders.get("expected").is_some()), ("1", false));
    assert_eq!((net.get("held").is_some(), text(net, "expected")), (false, "5.5 EUR"));
    assert_eq!(concerned(net), ["m2"]);
    assert_eq!(text(net, "customerId"), customer_id(&server, "loyalty_card:ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_incidence_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut lost = String::new();
    let server = damaged(dir.path(), &[], |snapshot, batch| {
        let (id, _) = fragment(snapshot, &["loyalty_card:bob"]);
        let mut rows = snapshot.scan::<Incidence>(&Range::all()).map(Result::unwrap);
        let (key, ()) = rows.find(|((_, fragment), ())| *fragment == id).unwrap();
        lost = key.0.to_string();
        batch.delete::<Incidence>(&key);
    })
    .await;
    let found = verify(&server, &[]);
    assert_eq!((found.code, found.differences.len()), (Some(1), 1), "{:#?}", found.differences);
    let difference = found.of("incidence", &format!("identifier {lost}"));
    assert_eq!((difference.get("held").is_some(), text(difference, "expected")), (false, "leads to the fragment"));
    assert_eq!(text(&difference["identifiers"][0], "value"), "bob");
    assert_eq!(text(difference, "customerId"), lost, "an identifier's id is its customer's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_touchpoint_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let server = damaged(dir.path(), &[], |snapshot, batch| {
        let (id, _) = fragment(snapshot, &["loyalty_card:ann"]);
        let (key, mut row): (TimelineKey, _) = snapshot.scan_prefix::<Timeline>(&id.0).next().unwrap().unwrap();
        let mut envelope: Envelope = prost::Message::decode(row.envelope.as_slice()).unwrap();
        let mut said: types::record::Touchpoint = prost::Message::decode(envelope.payload.as_slice()).unwrap();
        said.store_id = "s9".into();
        envelope.payload = prost::Message::encode_to_vec(&said);
        row.envelope = prost::Message::encode_to_vec(&envelope);
        batch.put::<Timeline>(&key, &row);
    })
    .await;
    let found = verify(&server, &[]);
    assert_eq!((found.code, found.differences.len()), (Some(1), 1), "{:#?}", found.differences);
    let difference = found.of("timeline", "touchpoint.storeId");
    assert_eq!((text(difference, "held"), text(difference, "expected")), ("\"s9\"", "\"s1\""));
    assert_eq!(concerned(difference), ["m2"]);
    // By itself the fragment does not know which of the two is right; the journal does.
    let sampled = verify(&server, &["--sample", "100", "--seed", "1"]);
    assert_eq!(sampled.code, Some(1));
    assert_eq!(text(sampled.of("journal", "touchpoint.storeId"), "expected"), "\"s1\"");
    assert_eq!(concerned(sampled.of("copies", "row")), ["m2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scrubber_finds_drift_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let server = damaged(dir.path(), &[("PATRON_SCRUB_FRAGMENTS_PER_SECOND", "200")], |snapshot, batch| {
        let (id, mut row) = fragment(snapshot, &["loyalty_card:bob"]);
        row.core.touchpoints = 7;
        batch.put::<Fragments>(&id, &row);
    })
    .await;
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let metrics = get(&server.http, "/metrics");
        let counter = |name: &str| -> u64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|number| number.trim().parse().ok()).unwrap_or_default()
        };
        if counter("patron_drift_total{part=\"fragments\"}") > 0 {
            assert!(counter("patron_scrubbed_fragments_total") > 0, "{metrics}");
            assert_eq!(counter("patron_drift_total{part=\"orders\"}"), 0, "{metrics}");
            return;
        }
        assert!(Instant::now() < until, "no drift was found: {metrics}");
        wait_a_little();
    }
}

fn get(http: &str, path: &str) -> String {
    let address = http.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
