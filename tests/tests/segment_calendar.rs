//! The calendar of segments in the business's time zone, through the real process: months begin at its midnight, answers name it,
//! and another zone is told of everybody.
#![cfg(test)]

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use tests::{
    client::{accept, connect},
    process::{Server, command, wait_a_little},
    touchpoints::order,
};

/// 2026-03-31T16:00:00Z: midnight in Shanghai, the first of April there.
const APRIL_IN_SHANGHAI: i64 = 1_774_972_800;
const CLOCK: &str = "fixed:2026-03-31T20:00:00Z";

const SEGMENTS: &str = r#"
[[segment]]
name = "this_month"
expression = 'orders().in_current("month").count() > 0'

[[segment]]
name = "by_night"
expression = 'touchpoints("order_completed").last().occurred_at.getHours() < 6'

[[segment]]
name = "at_five_in_berlin"
expression = 'touchpoints("order_completed").last().occurred_at.getHours("Europe/Berlin") == 17'

[[segment]]
name = "top"
expression = 'percentile(metrics.orders) >= 0.5'
"#;

fn server(dir: &Path, zone: &str) -> Server {
    let environment = [("PATRON_SEGMENTS_CLOCK", CLOCK), ("PATRON_SEGMENTS_TIME_ZONE", zone)];
    Server::start_with(dir, &environment).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Identifiers of the members, and the first one's instant of leaving.
fn members(server: &Server, segment: &str) -> (BTreeSet<String>, String) {
    let lines = server.ask(&["segment", "members", segment, "--output", "ndjson"]);
    let members: Vec<Value> = lines.lines().map(json).collect();
    let card =
        |member: &Value| member["customer"]["identifiers"][0]["identifier"]["value"].as_str().unwrap().to_owned();
    let leaves = members.first().and_then(|first| first["leavesAt"].as_str()).unwrap_or_default().to_owned();
    (members.iter().map(card).collect(), leaves)
}

/// How many are in a segment by what was told.
fn told(server: &Server, segment: &str) -> i64 {
    let changes = server.ask(&["segment", "watch", segment, "--output", "ndjson"]);
    let changes = changes.lines().map(json).filter(|message| !message["change"].is_null());
    changes.map(|message| if message["change"]["type"].as_str().unwrap().ends_with("ENTERED") { 1 } else { -1 }).sum()
}

fn until_told(server: &Server, segment: &str, count: i64) {
    let since = Instant::now();
    while told(server, segment) != count {
        assert!(since.elapsed() < Duration::from_secs(60), "{segment}: {} told, not {count}", told(server, segment));
        wait_a_little();
    }
}

fn set(cards: &[&str]) -> BTreeSet<String> {
    cards.iter().map(|card| (*card).to_owned()).collect()
}

#[tokio::test]
async fn a_month_begins_at_the_zones_midnight_and_another_zone_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let shanghai = server(&data, "Asia/Shanghai");
    let connection = connect(&shanghai).await;
    accept(&connection, order("o1", APRIL_IN_SHANGHAI - 1, "loyalty_card:101", "o1", "20.00")).await;
    accept(&connection, order("o2", APRIL_IN_SHANGHAI, "loyalty_card:102", "o2", "20.00")).await;
    drop(connection);
    shanghai.caught_up();
    let file = dir.path().join("segments.toml");
    std::fs::write(&file, SEGMENTS).unwrap();
    shanghai.ask(&["segment", "apply", file.to_str().unwrap()]);

    let (only, leaves) = members(&shanghai, "this_month");
    assert_eq!((only, leaves.as_str()), (set(&["102"]), "2026-04-30T16:00:00Z"));
    assert_eq!(members(&shanghai, "by_night").0, set(&["102"]));
    assert_eq!(members(&shanghai, "at_five_in_berlin").0, set(&["101"]));
    let counted = json(&shanghai.ask(&["segment", "count", "top", "--output", "json"]));
    assert_eq!(
        (counted["cuts"][0]["cutAt"].as_str(), counted["timeZone"].as_str()),
        (Some("2026-03-31T16:00:00Z"), Some("Asia/Shanghai"))
    );
    assert!(shanghai.ask(&["segment", "count", "this_month"]).contains("Asia/Shanghai"));
    assert!(shanghai.ask(&["segment", "schema"]).contains("Asia/Shanghai"));
    let (from, to) = ("2026-03-31T15:59:59Z", "2026-03-31T16:00:00Z");
    let backtest = shanghai.ask(&["segment", "backtest", "this_month", "--from", from, "--to", to, "--step", "1s"]);
    assert_eq!(backtest.matches("days of Asia/Shanghai").count(), 2, "{backtest}");
    until_told(&shanghai, "this_month", 1);
    until_told(&shanghai, "by_night", 1);
    assert!(shanghai.terminate().success());

    // In UTC it is still March, and the afternoon.
    let utc = server(&data, "UTC");
    utc.caught_up();
    assert_eq!(members(&utc, "this_month"), (set(&["101", "102"]), "2026-04-01T00:00:00Z".to_owned()));
    assert_eq!(members(&utc, "by_night").0, set(&[]));
    assert_eq!(members(&utc, "at_five_in_berlin").0, set(&["101"]));
    until_told(&utc, "this_month", 2);
    until_told(&utc, "by_night", 0);
}

#[test]
fn a_zone_that_is_none_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for (zone, words) in
        [("Asia/Shangai", "did you mean `Asia/Shanghai`?"), ("", "is not known"), ("CEST", "is not known")]
    {
        let mut up = command(&["up", "--data-dir", dir.path().to_str().unwrap()]);
        let ended = up.env("PATRON_SEGMENTS_TIME_ZONE", zone).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && said.contains("segments.time_zone") && said.contains(words), "{said}");
    }
}
