//! The feed of memberships through the real process: entered and left at their instants, caused by touchpoints, time, decisions,
//! definitions; nothing lost and nothing twice over kills and reconnects.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tests::{
    client::{accept, connect, who},
    process::{Server, binary, wait_a_little},
    touchpoints::{identifier_of, order, touchpoint},
};

/// 2026-03-01T00:00:00Z.
const MARCH: i64 = 1_772_323_200;
const DAY: i64 = 86_400;

fn define(server: &Server, dir: &Path, toml: &str) {
    let file = dir.join("definitions.toml");
    std::fs::write(&file, toml).unwrap();
    server.ask(&["segment", "apply", file.to_str().unwrap()]);
}

fn segment(name: &str, expression: &str) -> String {
    format!("[[segment]]\nname = \"{name}\"\nexpression = '{expression}'\n")
}

/// A change, as far as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    sequence: u64,
    id: String,
    segment: String,
    customer: String,
    entered: bool,
    effective_at: String,
    cause: String,
    correction: bool,
}

/// Changes after a cursor until there are none, and the cursor behind them.
fn changes(server: &Server, cursor: &str) -> (Vec<Told>, String) {
    let mut arguments = vec!["segment", "watch", "--output", "ndjson"];
    if !cursor.is_empty() {
        arguments.extend(["--from", cursor]);
    }
    read(&server.ask(&arguments), cursor)
}

fn read(lines: &str, cursor: &str) -> (Vec<Told>, String) {
    let (mut told, mut last) = (Vec::new(), cursor.to_owned());
    for line in lines.lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        last = message["cursor"].as_str().unwrap_or_default().to_owned();
        let change = &message["change"];
        if change.is_null() {
            continue;
        }
        let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
        told.push(Told {
            sequence: text("sequence").parse().unwrap(),
            id: text("changeId"),
            segment: text("segment"),
            customer: text("customerId"),
            entered: text("type").ends_with("ENTERED"),
            effective_at: text("effectiveAt"),
            cause: text("cause").replace("MEMBERSHIP_CHANGE_CAUSE_", ""),
            correction: change["correction"].as_bool().unwrap_or_default(),
        });
    }
    (told, last)
}

/// Changes until a condition holds, from the beginning.
fn until(server: &Server, holds: impl Fn(&[Told]) -> bool) -> Vec<Told> {
    let since = Instant::now();
    loop {
        let (told, _) = changes(server, "");
        if holds(&told) {
            return told;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{told:#?}");
        wait_a_little();
    }
}

fn replay(told: &[Told]) -> BTreeMap<String, BTreeSet<String>> {
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for change in told {
        let of = members.entry(change.segment.clone()).or_default();
        let customer = change.customer.clone();
        assert!(if change.entered { of.insert(customer) } else { of.remove(&customer) }, "twice: {change:?}");
    }
    members.retain(|_, of| !of.is_empty());
    members
}

fn members(server: &Server, segment: &str) -> BTreeSet<String> {
    let lines = server.ask(&["segment", "members", segment, "--output", "ndjson"]);
    let id = |line: &str| {
        let member: serde_json::Value = serde_json::from_str(line).unwrap();
        member["customer"]["customerId"].as_str().unwrap().to_owned()
    };
    lines.lines().map(id).collect()
}

/// Some time, another each time: a kill must come wherever it may.
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is not one of anything to wait for")]
fn another_moment(kill: u32) {
    std::thread::sleep(Duration::from_millis(300 + u64::from(kill) * 137 % 900));
}

#[tokio::test]
async fn touchpoints_time_decisions_and_definitions_move_memberships() {
    let dir = tempfile::tempdir().unwrap();
    let clock = [("PATRON_SEGMENTS_CLOCK", "watermark")];
    let server = Server::start_with(&dir.path().join("data"), &clock).unwrap();
    let connection = connect(&server).await;
    let recent = segment("recent", r#"touchpoints("order_completed").within("10d").count() > 0"#);
    let twice = segment("twice", "orders().count() >= 2");
    define(&server, dir.path(), &format!("{recent}{twice}"));
    // The publisher has seen the definitions once it tells a member of them; from here on touchpoints are the cause.
    accept(&connection, order("w1", MARCH - 30 * DAY, "loyalty_card:7", "w1", "20.00")).await;
    accept(&connection, order("w2", MARCH - 29 * DAY, "loyalty_card:7", "w2", "20.00")).await;
    let warm = until(&server, |told| told.iter().any(|one| one.segment == "twice")).last().unwrap().customer.clone();
    let until = |server: &Server, holds: &dyn Fn(&[Told]) -> bool| {
        let others = |told: &[Told]| told.iter().filter(|one| one.customer != warm).cloned().collect::<Vec<_>>();
        others(&until(server, |told| holds(&others(told))))
    };

    // One after the other: while a touchpoint waits to be folded the watermark holds back, and what lies ahead of it comes by time.
    accept(&connection, order("a1", MARCH, "loyalty_card:1", "a1", "20.00")).await;
    until(&server, &|told| told.len() == 1);
    accept(&connection, order("b1", MARCH + DAY, "email:ann@shop.example", "b1", "20.00")).await;
    let told = until(&server, &|told| told.len() == 2);
    assert!(told.iter().all(|change| change.entered && change.segment == "recent" && change.cause == "TOUCHPOINT"));
    assert_eq!(told[0].effective_at, "2026-03-01T00:00:00Z");

    // Somebody else's touchpoint moves the clock: one leaves at the very instant, without a touchpoint of its own.
    accept(&connection, touchpoint("page_viewed", "c1", MARCH + 10 * DAY + 3_600, "anonymous_id:c")).await;
    let told = until(&server, &|told| told.len() == 3);
    let left = &told[2];
    assert_eq!(
        (left.entered, left.cause.as_str(), left.effective_at.as_str()),
        (false, "TIME", "2026-03-11T00:00:00Z")
    );

    // A late touchpoint brings it back as of the instant that was told last.
    accept(&connection, order("a2", MARCH + 5 * DAY, "loyalty_card:1", "a2", "20.00")).await;
    let told = until(&server, &|told| told.len() == 5);
    let back: BTreeSet<(&str, bool, bool)> =
        told[3..].iter().map(|change| (change.segment.as_str(), change.entered, change.correction)).collect();
    assert_eq!(back, [("recent", true, true), ("twice", true, true)].into());

    // Two customers become one, and two again: the id that is no more has left.
    let mut both = touchpoint("page_viewed", "d1", MARCH + 10 * DAY + 3_601, "loyalty_card:1");
    both.identifiers.push(identifier_of("email:ann@shop.example"));
    accept(&connection, both).await;
    until(&server, &|told| replay(told).values().flatten().collect::<BTreeSet<_>>().len() == 1 && told.len() > 5);
    let reason = ["--reason", "two persons"];
    server.ask(&[&["identity", "separate", "loyalty_card:1", "email:ann@shop.example"], &reason[..]].concat());
    let told = until(&server, &|told| replay(told)["recent"].len() == 2);
    assert!(told.iter().any(|change| change.cause == "DECISION"), "{told:#?}");

    // A changed definition tells the difference; a deleted one that all have left.
    define(&server, dir.path(), &segment("twice", "orders().count() >= 1"));
    until(&server, &|told| replay(told).get("twice").is_some_and(|members| members.len() == 2));
    server.ask(&["segment", "delete", "recent"]);
    let told = until(&server, &|told| !replay(told).contains_key("recent"));
    assert_eq!(told.last().unwrap().cause, "DEFINITION");
    let mut twice = members(&server, "twice");
    twice.remove(&warm);
    assert_eq!(replay(&told)["twice"], twice);
    assert!(
        connection
            .customers()
            .get_customer(proto::customer::GetCustomerRequest { customer: who("loyalty_card:1"), ..Default::default() })
            .await
            .is_ok()
    );
}

/// By the wall's clock, seconds: nobody leaves early, everybody leaves within the bound, with the exact instant.
#[tokio::test]
async fn deadlines_are_told_in_time_and_never_early() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let connection = connect(&server).await;
    define(
        &server,
        dir.path(),
        &segment("here", r#"touchpoints("zone_entered").last().occurred_at > now - duration("3s")"#),
    );
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at = i64::try_from(now).unwrap();
    for customer in 1_000..1_200 {
        let card = format!("loyalty_card:{customer}");
        let mut entered = touchpoint("zone_entered", &format!("z{customer}"), at, &card);
        entered.store_id = "s1".into();
        entered.zone_id = "entrance".into();
        accept(&connection, entered).await;
    }
    let told = until(&server, |told| told.iter().filter(|change| !change.entered).count() == 200);
    for left in told.iter().filter(|change| !change.entered) {
        assert_eq!((left.cause.as_str(), left.correction), ("TIME", false));
        let effective = types::Micros::parse_rfc3339(&left.effective_at).unwrap();
        assert_eq!(effective.0, (at + 3) * 1_000_000, "to the microsecond");
    }
    let noticed = server.ask(&["segment", "watch", "--output", "ndjson"]);
    for line in noticed.lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(observed) = message["change"]["observedAt"].as_str() else { continue };
        let observed = types::Micros::parse_rfc3339(observed).unwrap();
        let effective = types::Micros::parse_rfc3339(message["change"]["effectiveAt"].as_str().unwrap()).unwrap();
        assert!(effective <= observed, "early: {line}");
    }
}

/// What deadlines will bring is worked out before they come. Where a touchpoint or another version of the segment comes in between, what
/// is told is what holds then; what the segment does not read changes nothing.
#[tokio::test]
async fn what_comes_before_a_deadline_moves_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let connection = connect(&server).await;
    let here = |span: u32| {
        segment("here", &format!(r#"touchpoints("zone_entered").within("{span}s").count() > 0 && !has(traits.gone)"#))
    };
    define(&server, dir.path(), &here(12));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at = i64::try_from(now).unwrap();
    let enters = |id: String, at: i64, card: &str| {
        let mut entered = touchpoint("zone_entered", &id, at, card);
        entered.store_id = "s1".into();
        entered.zone_id = "entrance".into();
        entered
    };
    let cards: Vec<String> = (1_000..1_030).map(|number| format!("loyalty_card:{number}")).collect();
    for card in &cards {
        accept(&connection, enters(format!("first-{card}"), at, card)).await;
    }
    until(&server, |told| told.len() == cards.len());
    // Time to be looked at ahead.
    tokio::time::sleep(Duration::from_millis(800)).await;
    for (number, card) in cards.iter().enumerate() {
        match number % 3 {
            0 => drop(accept(&connection, enters(format!("again-{card}"), at + 1, card)).await),
            1 => drop(accept(&connection, touchpoint("page_viewed", &format!("page-{card}"), at + 1, card)).await),
            _ => {}
        }
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    define(&server, dir.path(), &here(15));
    let told = until(&server, |told| told.len() == 2 * cards.len());
    let left: Vec<&Told> = told.iter().filter(|change| !change.entered).collect();
    assert_eq!(left.len(), cards.len());
    let mut instants: BTreeMap<String, usize> = BTreeMap::new();
    for change in left {
        assert_eq!((change.cause.as_str(), change.correction), ("TIME", false), "{change:?}");
        *instants.entry(change.effective_at.clone()).or_default() += 1;
    }
    let instant = |second: i64| types::Micros(second * 1_000_000).to_string();
    assert_eq!(instants, BTreeMap::from([(instant(at + 15), 20), (instant(at + 16), 10)]));
}

/// The server is killed again and again during an import, the watcher reconnects from its cursor: the collected feed has no gap
/// and no double, and replayed it is the membership at the end.
#[test]
fn kills_and_reconnects_lose_nothing_and_double_nothing() {
    let kills: u32 = std::env::var("PATRON_FEED_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let environment = [("PATRON_SEGMENTS_CLOCK", "watermark")];
    let file = dir.path().join("touchpoints.ndjson");
    let made = Command::new(binary())
        .args(["generate", "--seed", "7", "--customers", "300", "--touchpoints", "12000", "--to"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut server = Server::start_with(&data, &environment).unwrap();
    let segments = [
        ("buyers", "orders().count() >= 2"),
        ("lately", r#"touchpoints().within("3d").count() >= 3"#),
        ("quiet", r#"touchpoints().within("1d").count() == 0 && touchpoints().count() > 2"#),
    ];
    let toml: String = segments.iter().map(|(name, expression)| segment(name, expression)).collect();
    define(&server, dir.path(), &toml);
    let (mut told, mut cursor): (Vec<Told>, String) = (Vec::new(), String::new());
    for kill in 0..kills {
        let mut import = Command::new(binary());
        import.arg("import").arg(&file).env("PATRON_SERVER", &server.grpc);
        let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut watch = Command::new(binary());
        watch.args(["segment", "watch", "--follow", "--output", "ndjson"]).env("PATRON_SERVER", &server.grpc);
        if !cursor.is_empty() {
            watch.args(["--from", &cursor]);
        }
        let watch = watch.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        another_moment(kill);
        server.kill();
        // It would wait for the server to come back under its old address.
        import.kill().unwrap();
        import.wait().unwrap();
        let collected = watch.wait_with_output().unwrap();
        let (more, last) = read(&String::from_utf8(collected.stdout).unwrap(), &cursor);
        told.extend(more);
        cursor = last;
        server = Server::start_with(&data, &environment).unwrap();
    }
    server.ask(&["import", file.to_str().unwrap()]);
    server.caught_up();
    let since = Instant::now();
    loop {
        let (more, last) = changes(&server, &cursor);
        told.extend(more);
        cursor = last;
        let replayed = replay(&told);
        let now: BTreeMap<String, BTreeSet<String>> =
            segments.iter().map(|(name, _)| ((*name).to_owned(), members(&server, name))).collect();
        let now: BTreeMap<_, _> = now.into_iter().filter(|(_, of)| !of.is_empty()).collect();
        if replayed == now {
            assert!(now.len() == 3 && told.iter().any(|change| !change.entered), "the world is too small");
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(120), "{} changes: {replayed:?} against {now:?}", told.len());
        wait_a_little();
    }
    assert!(told.iter().zip(1..).all(|(change, sequence)| change.sequence == sequence), "a gap");
    let ids: BTreeSet<&str> = told.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids.len(), told.len(), "an id was told twice");
}
