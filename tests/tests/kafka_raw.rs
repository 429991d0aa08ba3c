//! Raw topics of others: read by several processes at once, none lost, none doubled; what is broken lies among the dead letters
//! with its reason and its bytes, and nothing stalls.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use journal::{Journal as _, NewRecord, kafka::Cleanup};
use prost::Message as _;
use tests::{
    fleet::Settings,
    kafka::{all, brokers, open_topic, prefix, put, put_nulls, raw_topic},
    process::{Server, wait_a_little},
    touchpoints::order,
};
use types::dead_letter::DeadLetterRecord;

/// A configuration with raw topics: (topic, format).
fn config(dir: &Path, name: &str, topics: &[(&str, &str)]) -> PathBuf {
    let mut text = String::new();
    for (topic, format) in topics {
        text += &format!("[ingest.raw_topics.{topic}]\nformat = \"{format}\"\nsource = \"app\"\n");
    }
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A Segment message of an order, with a message id or without.
fn segment(n: usize, message_id: bool) -> Vec<u8> {
    let id = if message_id { format!(r#""messageId":"m{n}","#) } else { String::new() };
    format!(
        r#"{{"type":"track","event":"Order Completed",{id}"userId":"u{}","timestamp":"2026-03-01T10:15:00Z",
        "properties":{{"order_id":"o{n}","total":{}.10,"currency":"EUR","products":[{{"product_id":"tea","quantity":2}}]}}}}"#,
        n % 500,
        n % 90 + 1,
    )
    .into_bytes()
}

fn protobuf(n: usize) -> Vec<u8> {
    order(&format!("p{n}"), 1_772_000_000, &format!("user_id:u{}", n % 500), &format!("p{n}"), "3.20").encode_to_vec()
}

fn shards(server: &Server) -> Vec<serde_json::Value> {
    let status: serde_json::Value = serde_json::from_str(&server.ask(&["status", "--output", "json"])).unwrap();
    status["shards"].as_array().cloned().unwrap_or_default()
}

fn sum(server: &Server, what: &str) -> u64 {
    shards(server).iter().filter_map(|shard| shard[what].as_str()?.parse::<u64>().ok()).sum()
}

fn until_touchpoints(server: &Server, wanted: u64) {
    let until = Instant::now() + Duration::from_secs(120);
    while sum(server, "touchpoints") < wanted {
        assert!(Instant::now() < until, "{} of {wanted} came", sum(server, "touchpoints"));
        wait_a_little();
    }
}

fn groups(ingest: &Server) -> BTreeMap<String, u64> {
    let said: serde_json::Value =
        serde_json::from_str(&ingest.ask(&["dead-letters", "list", "--output", "json"])).unwrap();
    let groups = said["groups"].as_array().cloned().unwrap_or_default();
    let group = |group: &serde_json::Value| {
        (group["reason"].as_str().unwrap().to_owned(), group["count"].as_str().unwrap().parse().unwrap())
    };
    let mut counts = BTreeMap::new();
    groups.iter().map(group).for_each(|(reason, count): (String, u64)| *counts.entry(reason).or_default() += count);
    counts
}

fn until_letters(ingest: &Server, wanted: u64) -> BTreeMap<String, u64> {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let groups = groups(ingest);
        if groups.values().sum::<u64>() >= wanted {
            return groups;
        }
        assert!(Instant::now() < until, "{groups:?} of {wanted}");
        wait_a_little();
    }
}

/// Members come, go and die while the topic is read: every record counts once, whoever read it how often.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the moments of a storm are a matter of time")]
async fn a_rebalance_storm_neither_loses_nor_doubles() {
    const MESSAGES: usize = 60_000;
    let (dir, brokers, prefix) = (tempfile::tempdir().unwrap(), brokers(), prefix("storm"));
    let topics = [format!("{prefix}json"), format!("{prefix}protobuf")];
    let file = config(
        dir.path(),
        "patron.toml",
        &[(topics[0].as_str(), "segment_json"), (topics[1].as_str(), "touchpoint_protobuf")],
    );
    let (json, protobufs) = (raw_topic(&brokers, &topics[0], 8), raw_topic(&brokers, &topics[1], 4));
    let settings = Settings::new(&brokers, &prefix, 8).with("PATRON_KAFKA_PROPERTIES_SESSION_TIMEOUT_MS", "6000");
    let projector = settings.projector(&dir.path().join("data"), None);
    let mut members = vec![settings.ingest(None, Some(&file))];
    // A quarter names no message id: those are named by their place.
    let feeding = tokio::spawn(async move {
        for from in (0..MESSAGES).step_by(2_000) {
            put(&json, (from..from + 2_000).map(|n| segment(n, n % 4 != 0))).await;
            put(&protobufs, (from / 10..from / 10 + 200).map(protobuf)).await;
        }
    });
    for round in 0..6 {
        std::thread::sleep(Duration::from_millis(700));
        members.push(settings.ingest(None, Some(&file)));
        std::thread::sleep(Duration::from_millis(500));
        if round % 2 == 0 {
            members.remove(0).kill();
        } else {
            assert!(members.remove(0).terminate().success());
        }
    }
    feeding.await.unwrap();
    let expected = (MESSAGES + MESSAGES / 10) as u64;
    until_touchpoints(&projector, expected);
    // Whatever was under way twice has come by now, or comes as a copy.
    std::thread::sleep(Duration::from_secs(2));
    projector.caught_up();
    assert_eq!(sum(&projector, "touchpoints"), expected);
    assert_eq!(sum(&projector, "conflicts"), 0);
    assert_eq!(groups(&members[0]), BTreeMap::new());
    // All customers and all their money.
    let customers =
        projector.ask(&["customer", "list", "--output", "ndjson", "--fields", "customer_id,metrics.orders"]);
    assert_eq!(customers.lines().count(), 500);
}

/// What a poisoned message is, beside the reason that it must be given.
fn poison(n: usize) -> (Vec<u8>, &'static str) {
    match n % 6 {
        0 => (br#"{"type":"track","event":"Order Completed","userId":"u1""#.to_vec(), "malformed"),
        1 => ([br#"{"type":"track","userId":"#.as_slice(), b"\xff\xfe\"}"].concat(), "malformed"),
        2 => ("[".repeat(100_000).into_bytes(), "malformed"),
        3 => (
            br#"{"type":"track","event":"Sofa Sat Upon","userId":"u1","timestamp":"2026-03-01T10:15:00Z"}"#.to_vec(),
            "unknown_kind",
        ),
        4 => (Vec::new(), "malformed"),
        _ => (
            format!(r#"{{"type":"identify","userId":"u1","traits":{{"a":{}1{}}}}}"#, "[".repeat(120), "]".repeat(120))
                .into_bytes(),
            "too_long",
        ),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_stalls_nothing_and_lies_among_the_dead_letters_with_its_bytes() {
    const MESSAGES: usize = 100_000;
    let (dir, brokers, prefix) = (tempfile::tempdir().unwrap(), brokers(), prefix("poison"));
    let topics = [format!("{prefix}json"), format!("{prefix}protobuf")];
    let all_topics = [(topics[0].as_str(), "segment_json"), (topics[1].as_str(), "touchpoint_protobuf")];
    let file = config(dir.path(), "patron.toml", &all_topics);
    let (json, protobufs) = (raw_topic(&brokers, &topics[0], 8), raw_topic(&brokers, &topics[1], 2));
    let settings = Settings::new(&brokers, &prefix, 8);
    let projector = settings.projector(&dir.path().join("data"), None);
    let ingest = settings.ingest(None, Some(&file));
    let mut poisoned: BTreeMap<Vec<u8>, &str> = BTreeMap::new();
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let mut values = Vec::with_capacity(MESSAGES);
    for n in 0..MESSAGES {
        if n % 100 == 0 {
            let (value, reason) = poison(n / 100);
            *expected.entry(reason.to_owned()).or_default() += 1;
            poisoned.insert(value.clone(), reason);
            values.push(value);
        } else {
            values.push(segment(n, n % 2 == 0));
        }
    }
    put(&json, values).await;
    // Ten megabytes that are well-formed, and protobuf that is none.
    let huge =
        format!(r#"{{"type":"identify","userId":"u1","traits":{{"a":"{}"}}}}"#, "x".repeat(10_000_000)).into_bytes();
    let broken = [vec![0xff; 40], protobuf(1)[..20].to_vec()];
    put(&json, [huge.clone()]).await;
    put(&protobufs, broken.clone()).await;
    put_nulls(&brokers, &topics[0], 5);
    // A key larger than any dead letter: what is kept of it says where it lies.
    let large = NewRecord { key: vec![b'k'; 33 << 20], value: b"{".to_vec(), ..NewRecord::default() };
    json.append(vec![large]).await.unwrap();
    *expected.entry("malformed".to_owned()).or_default() += 1;
    poisoned.insert(huge, "too_long");
    poisoned.extend(broken.into_iter().map(|value| (value, "undecodable_protobuf")));
    for (reason, count) in [("too_long", 1), ("undecodable_protobuf", 2), ("null_value", 5)] {
        *expected.entry(reason.to_owned()).or_default() += count;
    }

    let good = (MESSAGES - MESSAGES / 100) as u64;
    until_touchpoints(&projector, good);
    let found = until_letters(&ingest, expected.values().sum());
    assert_eq!(found, expected);
    assert_eq!(sum(&projector, "touchpoints"), good);

    // Every letter carries the original bytes, Kafka Connect's headers and where it lay.
    let letters = open_topic(&brokers, &format!("{prefix}dead-letters"), 1, Cleanup::Compact, 32 << 20);
    let mut bytes_met = BTreeSet::new();
    for record in all(&letters) {
        let connect: BTreeSet<&str> =
            record.headers.iter().filter_map(|header| header.name.strip_prefix("__connect.errors.")).collect();
        for name in ["topic", "partition", "offset", "stage", "exception.class.name", "exception.message"] {
            assert!(connect.contains(name), "{connect:?}");
        }
        let Some(DeadLetterRecord::Letter(letter)) = DeadLetterRecord::decode(record.into_parts()) else {
            panic!("no letter")
        };
        match &letter.value {
            Some(value) => {
                assert_eq!(poisoned.get(value).copied(), Some(letter.cause.reason.as_str()), "{letter:?}");
                bytes_met.insert(value.clone());
            }
            None if letter.value_left_out => {
                assert_eq!((letter.cause.reason.as_str(), &letter.key), ("malformed", &None))
            }
            None => assert_eq!(letter.cause.reason, "null_value"),
        }
    }
    assert_eq!(bytes_met.len(), poisoned.len());

    redrive_after_a_fix(&settings, dir.path(), ingest, &projector, &expected, &all_topics, good);
}

/// The operator names the kind that was missing: redriven letters count once, and dropped ones are gone.
fn redrive_after_a_fix(
    settings: &Settings,
    dir: &Path,
    ingest: Server,
    projector: &Server,
    expected: &BTreeMap<String, u64>,
    topics: &[(&str, &str)],
    good: u64,
) {
    let refused = ingest.run(&["dead-letters", "redrive", "--reason", "unknown_kind"]);
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stdout).contains("still refused, unknown_kind")
    );
    assert!(ingest.terminate().success());
    let file = config(dir, "fixed.toml", topics);
    let ingest = settings.clone().with("PATRON_KINDS_CUSTOM", "sofa_sat_upon").ingest(None, Some(&file));
    let example = ingest.ask(&["dead-letters", "list", "--each", "--reason", "unknown_kind", "--output", "ndjson"]);
    let example: serde_json::Value = serde_json::from_str(example.lines().next().unwrap()).unwrap();
    let shown = ingest.ask(&["dead-letters", "show", example["id"].as_str().unwrap()]);
    assert!(shown.contains("unknown_kind") && shown.contains("Sofa Sat Upon"), "{shown}");
    for _ in 0..2 {
        ingest.ask(&["dead-letters", "redrive", "--reason", "unknown_kind"]);
    }
    let mended = expected["unknown_kind"];
    until_touchpoints(projector, good + mended);
    projector.caught_up();
    assert_eq!(sum(projector, "touchpoints"), good + mended);
    let mut left = expected.clone();
    left.remove("unknown_kind");
    assert_eq!(groups(&ingest), left);
    assert!(!ingest.run(&["dead-letters", "drop"]).status.success());
    ingest.ask(&["dead-letters", "drop", "--reason", "malformed"]);
    left.remove("malformed");
    assert_eq!(groups(&ingest), left);
}

/// Undecodable records on `touchpoints` itself go to the dead letters too, and the shard goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_shard_cannot_read_becomes_a_dead_letter_and_the_shard_goes_on() {
    let (dir, brokers, prefix) = (tempfile::tempdir().unwrap(), brokers(), prefix("undecodable"));
    let settings = Settings::new(&brokers, &prefix, 2);
    let patron = settings.up(&dir.path().join("data"));
    let touchpoints = open_topic(&brokers, &format!("{prefix}touchpoints"), 2, Cleanup::Keep, 4 << 20);
    // The last reads as an envelope of version 99, and is none.
    put(&touchpoints, [b"no envelope".to_vec(), b"\xff\xff".to_vec(), b"\x08\x63".to_vec()]).await;
    let connection = tests::client::connect(&patron).await;
    let position = tests::client::accept(&connection, order("1", 1_000, "user_id:ann", "o1", "5.00")).await;
    let customer = tests::client::customer(&connection, "user_id:ann", Some(position)).await.unwrap();
    assert_eq!(tests::client::count(&customer, "orders"), 1);
    assert_eq!(until_letters(&patron, 3), BTreeMap::from([("undecodable_envelope".to_owned(), 3)]));
    let shown = patron.ask(&["dead-letters", "list", "--each", "--output", "ndjson"]);
    assert!(shown.contains("patron-projector"), "{shown}");
    // What was dropped stays dropped, though a new state meets the same records again.
    patron.ask(&["dead-letters", "drop", "--reason", "undecodable_envelope"]);
    let replica = settings.projector(&dir.path().join("replica"), None);
    replica.caught_up();
    assert_eq!(groups(&patron), BTreeMap::new());
}
