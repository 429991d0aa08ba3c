//! The topic `membership-changes`, read with Kafka alone: nothing is lost over kills and a broker that dies, copies are equal, one
//! customer's changes are in order, and replayed it is the memberships of now. A topic of another feed is refused.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use journal::{Record, kafka::Cleanup};
use prost::Message as _;
use proto::segment::{MembershipChange, MembershipChangeType};
use tests::{
    client::{accept, connect},
    feeding::{generate, import},
    fleet::Settings,
    kafka::{Cluster, all, brokers, open_topic, prefix, run_tool},
    process::{Server, wait_a_little},
    touchpoints::order,
};

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;
const PARTITIONS: u32 = 4;
const CHANGE_BYTES_MAX: usize = 900 << 10;
const SEGMENTS: [(&str, &str); 3] = [
    ("buyers", "orders().count() >= 2"),
    ("lately", r#"touchpoints().within("3d").count() >= 3"#),
    ("quiet", r#"touchpoints().within("1d").count() == 0 && touchpoints().count() > 2"#),
];

fn settings(brokers: &str, prefix: &str) -> Settings {
    Settings::new(brokers, prefix, PARTITIONS)
        .with("PATRON_SEGMENTS_CLOCK", "watermark")
        .with("PATRON_PUBLISH_MEMBERSHIP_CHANGES_TOPIC", "membership-changes")
}

fn define(server: &Server, dir: &Path) {
    let file = dir.join("segments.toml");
    let segment = |(name, expression)| format!("[[segment]]\nname = \"{name}\"\nexpression = '{expression}'\n");
    std::fs::write(&file, SEGMENTS.map(segment).concat()).unwrap();
    server.ask(&["segment", "apply", file.to_str().unwrap()]);
}

fn members(server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    let of = |segment: &str| {
        let lines = server.ask(&["segment", "members", segment, "--output", "ndjson"]);
        let id = |line: &str| {
            let member: serde_json::Value = serde_json::from_str(line).unwrap();
            member["customer"]["customerId"].as_str().unwrap().to_owned()
        };
        lines.lines().map(id).collect()
    };
    SEGMENTS.iter().map(|(name, _)| ((*name).to_owned(), of(name))).collect()
}

fn header(record: &Record, name: &str) -> String {
    let found = record.headers.iter().find(|header| header.name == name);
    String::from_utf8(found.unwrap_or_else(|| panic!("no header {name}: {record:?}")).value.clone()).unwrap()
}

fn change(record: &Record) -> MembershipChange {
    match header(record, "content-type").as_str() {
        "application/json" => proto::json::from_str(std::str::from_utf8(&record.value).unwrap()).unwrap(),
        "application/protobuf" => MembershipChange::decode(record.value.as_slice()).unwrap(),
        other => panic!("{other}"),
    }
}

/// What a consumer makes of the topic: copies dropped by id, and each record held to all that is promised of it.
fn consumed(brokers: &str, topic: &str) -> BTreeMap<u64, MembershipChange> {
    let topic = open_topic(brokers, topic, PARTITIONS, Cleanup::Any, CHANGE_BYTES_MAX);
    let (mut met, mut last): (BTreeMap<String, Record>, BTreeMap<String, u64>) = Default::default();
    let (mut changes, mut sources) = (BTreeMap::new(), BTreeSet::new());
    for record in all(&topic) {
        let (id, change) = (header(&record, "ce_id"), change(&record));
        if let Some(held) = met.get(&id) {
            let parts = |record: &Record| record.clone().into_parts();
            assert_eq!(parts(held), parts(&record), "a copy differs");
            continue;
        }
        let customer = change.customer_id.clone();
        assert_eq!((id.as_str(), record.key.as_slice()), (change.change_id.as_str(), customer.as_bytes()));
        assert_eq!(record.position.partition, journal::partition_of(customer.as_bytes(), PARTITIONS));
        let kind = if change.r#type() == MembershipChangeType::Entered { "entered" } else { "left" };
        for (name, value) in [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_type", format!("patron.segment.v1.{kind}")),
            ("ce_subject", customer.clone()),
            ("ce_segment", change.segment.clone()),
            ("ce_sequence", format!("{:020}", change.sequence)),
            ("ce_time", types::Micros::from_proto(change.effective_at.as_ref().unwrap()).to_string()),
        ] {
            assert_eq!(header(&record, name), value, "{name}");
        }
        sources.insert(header(&record, "ce_source"));
        let before = last.insert(customer, change.sequence);
        assert!(before.is_none_or(|before| before < change.sequence), "out of order: {change:?} after {before:?}");
        assert!(changes.insert(change.sequence, change).is_none(), "one change under two ids");
        met.insert(id, record);
    }
    assert!(sources.len() <= 1, "{sources:?}");
    changes
}

fn replay(changes: &BTreeMap<u64, MembershipChange>) -> BTreeMap<String, BTreeSet<String>> {
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for change in changes.values() {
        let (of, customer) = (members.entry(change.segment.clone()).or_default(), change.customer_id.clone());
        let entered = change.r#type() == MembershipChangeType::Entered;
        assert!(if entered { of.insert(customer) } else { of.remove(&customer) }, "twice: {change:?}");
    }
    members
}

/// Some time, another each time: a kill must come wherever it may.
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is not one of anything to wait for")]
fn another_moment(kill: u64) {
    std::thread::sleep(Duration::from_millis(400 + kill * 173 % 800));
}

/// Only 20 changes may be kept, so that whatever is not relayed yet would be forgotten if it were not held back.
#[test]
fn kills_and_a_broker_that_dies_lose_no_change() {
    let kills: u64 = std::env::var("PATRON_RELAY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let (dir, cluster) = (tempfile::tempdir().unwrap(), Cluster::start(1));
    let (data, file) = (dir.path().join("data"), dir.path().join("month.ndjson"));
    generate(&file, 20_000);
    let settings = settings(&cluster.brokers, "").with("PATRON_PUBLISH_MEMBERSHIP_CHANGES_MAX", "20");
    let mut server = settings.up(&data);
    define(&server, dir.path());
    for kill in 0..kills {
        let mut importing = import(&file, &server.grpc);
        another_moment(kill);
        if kill == kills / 2 {
            cluster.kill_node(1);
            another_moment(kill);
            cluster.start_node(1);
            another_moment(kill);
        }
        server.kill();
        // It would wait for the server to come back under its old address.
        importing.kill().unwrap();
        importing.wait().unwrap();
        server = settings.up(&data);
    }
    server.ask(&["import", file.to_str().unwrap()]);
    server.caught_up();
    let since = Instant::now();
    loop {
        let (changes, now) = (consumed(&cluster.brokers, "membership-changes"), members(&server));
        if replay(&changes) == now {
            assert!(changes.keys().copied().eq(1..=changes.len() as u64), "a change is missing");
            assert!(changes.len() > 1_000 && now.values().all(|members| !members.is_empty()), "the world is too small");
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(180), "{} changes are not the members", changes.len());
        wait_a_little();
    }
    // All is relayed: now the feed keeps no more than it was told to.
    let watched = server.run(&["segment", "watch", "--output", "ndjson"]);
    assert!(String::from_utf8_lossy(&watched.stderr).contains("no longer kept"), "{watched:?}");
}

fn until_relayed(brokers: &str, topic: &str, count: usize) -> BTreeMap<u64, MembershipChange> {
    let since = Instant::now();
    loop {
        let changes = consumed(brokers, topic);
        if changes.len() >= count {
            return changes;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{changes:#?}");
        wait_a_little();
    }
}

async fn buy(server: &Server, customer: u32, order_id: u32) {
    let (id, second) = (format!("o{order_id}"), MARCH + i64::from(order_id));
    accept(&connect(server).await, order(&id, second, &format!("loyalty_card:{customer}"), &id, "20.00")).await;
}

/// What a command that must not come up says.
fn refused(mut command: Command) -> String {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn both_formats_say_what_the_feed_says_and_one_projector_alone_relays() {
    let (dir, brokers, prefix) = (tempfile::tempdir().unwrap(), brokers(), prefix("relay"));
    let topic = format!("{prefix}membership-changes");
    let json = settings(&brokers, &prefix);
    let protobuf = json.clone().with("PATRON_PUBLISH_MEMBERSHIP_CHANGES_FORMAT", "protobuf");
    let data = dir.path().join("first");
    let server = protobuf.up(&data);
    define(&server, dir.path());
    for order in 0..4 {
        buy(&server, 1_000 + order % 2, order).await;
    }
    until_relayed(&brokers, &topic, 2);
    assert!(server.terminate().success());
    let server = json.up(&data);
    for order in 4..6 {
        buy(&server, 1_002, order).await;
    }
    let changes = until_relayed(&brokers, &topic, 3);
    let since = Instant::now();
    while server.metric("patron_membership_relay_lag_changes") != Some(0.0) {
        assert!(since.elapsed() < Duration::from_secs(60), "it says that it lags");
        wait_a_little();
    }
    assert_eq!(server.metric("patron_membership_changes_relayed_total"), Some(1.0), "of this process");
    assert_eq!(server.metric("patron_membership_relay_halted"), Some(0.0));
    let read = open_topic(&brokers, &topic, PARTITIONS, Cleanup::Any, CHANGE_BYTES_MAX);
    let formats: BTreeSet<String> = all(&read).iter().map(|record| header(record, "content-type")).collect();
    assert_eq!(formats, ["application/json".to_owned(), "application/protobuf".to_owned()].into());
    let watched = server.ask(&["segment", "watch", "--output", "ndjson"]);
    let watched: Vec<serde_json::Value> = watched.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for change in changes.values() {
        let told = watched.iter().map(|message| &message["change"]).find(|told| told["changeId"] == *change.change_id);
        assert_eq!(Some(&proto::json::to_value(change)), told);
    }
    // The stateless front shows the same history as the projector behind it.
    let (front, asked) =
        (json.query(&[&server], None), ["segment", "history", "loyalty_card:1000", "--output", "ndjson"]);
    assert_eq!(front.ask(&asked), server.ask(&asked));
    assert!(!front.ask(&asked).is_empty());

    // A second feed on the same topic is refused; a replica that relays nothing is not.
    let second = dir.path().join("second");
    let mut relaying = json.command("projector");
    relaying.arg("--data-dir").arg(&second);
    let said = refused(relaying);
    assert!(said.contains("publish.membership_changes.topic") && said.contains("exactly one projector"), "{said}");
    drop(json.clone().with("PATRON_PUBLISH_MEMBERSHIP_CHANGES_TOPIC", "").projector(&second, None));

    // A topic that was made again is filled anew, with the same ids.
    assert!(server.terminate().success());
    run_tool("org.apache.kafka.tools.TopicCommand", &brokers, &["--delete", "--topic", &topic]);
    drop(read);
    let server = json.up(&data);
    let again = until_relayed(&brokers, &topic, changes.len());
    let ids = |changes: &BTreeMap<u64, MembershipChange>| -> Vec<String> {
        changes.values().map(|change| change.change_id.clone()).collect()
    };
    assert_eq!(ids(&again), ids(&changes));
    drop(server);
}
