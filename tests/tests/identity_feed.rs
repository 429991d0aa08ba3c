//! The feed of identity changes through the real process: what each change is called and what made it; nothing lost and nothing
//! twice over kills; promotions tell the difference and nothing else; what is not kept is an error with the remedy.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use patron::client::Server as Connection;
use proto::{
    customer::{
        BatchGetCustomersRequest, CustomerRef, IdentityChange, IdentityChangeCause as Cause,
        IdentityChangeKind as Kind, ListCustomersRequest, WatchIdentityChangesRequest, customer_ref,
    },
    ingest::DecideIdentityRequest,
};
use tests::{
    client::{accept, connect, customer},
    feeding,
    process::{Server, serving, up, wait_a_little},
    touchpoints::{identifier_of, touchpoint},
};
use tonic::Code;
use types::record::{IdentityAction, Position};

const MARCH: i64 = 1_772_323_200;
const PATIENCE: Duration = Duration::from_secs(60);

async fn seen(connection: &Connection, message: &str, second: i64, names: &[&str]) -> Position {
    let mut one = touchpoint("page_viewed", message, second, names[0]);
    one.identifiers.extend(names[1..].iter().map(|name| identifier_of(name)));
    accept(connection, one).await
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

/// The changes after a cursor, and the cursor behind them, once everything up to a position has been told.
async fn told(connection: &Connection, cursor: &str, position: Option<Position>) -> (Vec<IdentityChange>, String) {
    let until = Instant::now() + PATIENCE;
    loop {
        let request = WatchIdentityChangesRequest {
            cursor: cursor.to_owned(),
            end_when_sent: true,
            ..WatchIdentityChangesRequest::default()
        };
        let answer = connection.identity_feed().watch_identity_changes(request).await.expect("the feed is there");
        let (mut messages, mut changes, mut last, mut covered) =
            (answer.into_inner(), Vec::new(), String::new(), BTreeMap::new());
        while let Some(message) = messages.message().await.expect("it goes on") {
            changes.extend(message.change);
            last = message.cursor;
            covered = message.applied.iter().map(|offset| (offset.partition, offset.next_offset)).collect();
        }
        let covers = |place: &Position| covered.get(&place.partition).is_some_and(|next| *next > place.offset);
        if position.as_ref().is_none_or(covers) {
            return (changes, last);
        }
        assert!(Instant::now() < until, "not told: {position:?}, {covered:?}");
        wait_a_little();
    }
}

fn names(change: &IdentityChange) -> Vec<String> {
    let name = |moved: &proto::customer::MovedIdentifier| moved.identifier.as_ref().map(types::Identifier::from);
    let mut names: Vec<String> =
        change.identifiers.iter().map(|moved| name(moved).map_or("?".into(), |name| name.to_string())).collect();
    names.sort();
    names
}

#[tokio::test]
async fn each_change_says_what_became_of_whom_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let (card, mail) = ("loyalty_card:1", "email:ann@shop.test.eu");
    seen(&connection, "a", MARCH, &[card]).await;
    let alone = seen(&connection, "b", MARCH + 1, &[mail]).await;
    let by_card = customer(&connection, card, Some(alone)).await.unwrap().customer_id;
    let by_mail = customer(&connection, mail, Some(alone)).await.unwrap().customer_id;
    let (none, start) = told(&connection, "", Some(alone)).await;
    assert!(none.is_empty(), "a first appearance is no change: {none:?}");

    let joined = seen(&connection, "c", MARCH + 2, &[card, mail]).await;
    let (merged, cursor) = told(&connection, &start, Some(joined)).await;
    let only = |changes: Vec<IdentityChange>| match <[IdentityChange; 1]>::try_from(changes) {
        Ok([only]) => only,
        Err(changes) => panic!("one change was expected: {changes:?}"),
    };
    let merged = only(merged);
    assert_eq!((merged.kind(), merged.cause(), merged.sequence), (Kind::Merged, Cause::Touchpoint, 1));
    assert_eq!((&merged.from_customer_id, &merged.to_customer_id), (&by_mail, &by_card));
    assert_eq!((names(&merged), merged.position), (vec![mail.to_owned()], Some(joined)));

    let parted = decide(&connection, IdentityAction::Separate, card, mail).await;
    let (separated, cursor) = told(&connection, &cursor, Some(parted)).await;
    let separated = only(separated);
    assert_eq!((separated.kind(), separated.cause()), (Kind::Separated, Cause::Decision));
    assert_eq!((&separated.from_customer_id, &separated.to_customer_id), (&by_card, &by_mail));
    assert_eq!((names(&separated), separated.position), (vec![mail.to_owned()], Some(parted)));

    let together = decide(&connection, IdentityAction::Withdraw, mail, card).await;
    let (again, cursor) = told(&connection, &cursor, Some(together)).await;
    let again = only(again);
    assert_eq!((again.kind(), again.cause()), (Kind::Merged, Cause::Decision));
    assert_eq!((&again.from_customer_id, &again.to_customer_id), (&by_mail, &by_card));

    let earlier = seen(&connection, "d", MARCH - 1, &[mail]).await;
    let (renamed, cursor) = told(&connection, &cursor, Some(earlier)).await;
    let renamed = only(renamed);
    assert_eq!((renamed.kind(), renamed.cause(), renamed.sequence), (Kind::Renamed, Cause::Touchpoint, 4));
    assert_eq!((&renamed.from_customer_id, &renamed.to_customer_id), (&by_card, &by_mail));
    assert_eq!(names(&renamed), [mail.to_owned(), card.to_owned()]);

    // What is known already changes nobody.
    let more = seen(&connection, "e", MARCH + 5, &[card, mail]).await;
    let (none, _) = told(&connection, &cursor, Some(more)).await;
    assert!(none.is_empty(), "{none:?}");

    let (all, _) = told(&connection, "", None).await;
    let ids: BTreeSet<&String> = all.iter().map(|change| &change.change_id).collect();
    assert_eq!((all.len(), ids.len()), (4, 4));
    assert_eq!((&all[0], &all[3]), (&merged, &renamed), "the same whenever they are sent");
    let shown = server.ask(&["identity", "changes"]);
    assert!(shown.contains("renamed") && shown.contains(card) && shown.contains("--from "), "{shown}");
    let lines = server.ask(&["identity", "changes", "--output", "ndjson", "--max", "2"]);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("IDENTITY_CHANGE_KIND_MERGED"), "{lines}");
}

/// Follows the feed over restarts until told to stop and nothing more is to come.
async fn follow(grpc: String, stop: Arc<AtomicBool>) -> (Vec<IdentityChange>, u32) {
    let (mut changes, mut cursor, mut connections) = (Vec::new(), String::new(), 0);
    loop {
        let request = WatchIdentityChangesRequest {
            cursor: cursor.clone(),
            end_when_sent: stop.load(Ordering::Relaxed),
            ..WatchIdentityChangesRequest::default()
        };
        let ends = request.end_when_sent;
        if let Ok(connection) = Connection::connect(&grpc).await
            && let Ok(answer) = connection.identity_feed().watch_identity_changes(request).await
        {
            connections += 1;
            let mut messages = answer.into_inner();
            while let Ok(Some(message)) = messages.message().await {
                changes.extend(message.change);
                cursor = message.cursor;
                if stop.load(Ordering::Relaxed) && !ends {
                    break;
                }
            }
            if ends {
                return (changes, connections);
            }
        }
        tokio::task::spawn_blocking(wait_a_little).await.unwrap();
    }
}

/// Who holds these ids, asked of the server.
async fn held(connection: &Connection, ids: &[String]) -> BTreeMap<String, String> {
    let mut held = BTreeMap::new();
    for piece in ids.chunks(500) {
        let who = |id: &String| CustomerRef { r#ref: Some(customer_ref::Ref::CustomerId(id.clone())) };
        let request = BatchGetCustomersRequest {
            customers: piece.iter().map(who).collect(),
            read_mask: Some(prost_types::FieldMask { paths: vec!["customer_id".into()] }),
            ..BatchGetCustomersRequest::default()
        };
        let answer = connection.customers().batch_get_customers(request).await.expect("ids once told are known");
        let found = answer.into_inner().results.into_iter().map(|result| result.customer.expect("known").customer_id);
        held.extend(piece.iter().cloned().zip(found));
    }
    held
}

/// The changes replayed: dense, no id twice, each from where the one before led to; and where they lead is what the server says.
async fn replayed(connection: &Connection, changes: &[IdentityChange]) {
    let (mut leads, mut ids) = (BTreeMap::new(), BTreeSet::new());
    for (number, change) in (1..).zip(changes) {
        assert_eq!(change.sequence, number);
        assert!(ids.insert(&change.change_id));
        for moved in &change.identifiers {
            let before = leads.insert(moved.identifier_id.clone(), change.to_customer_id.clone());
            assert!(before.is_none_or(|before| before == change.from_customer_id), "{change:?}");
        }
        // The old id leads where its own identifier went.
        let own = change.identifiers.iter().any(|moved| moved.identifier_id == change.from_customer_id);
        assert_eq!(own, change.kind() != Kind::Separated, "{change:?}");
    }
    let told: Vec<String> = leads.keys().cloned().collect();
    assert_eq!(held(connection, &told).await, leads);
}

/// A pause that differs from kill to kill and is the same in every run (a multiplicative generator, Lehmer 1951).
fn pause(kill: u64) -> Duration {
    Duration::from_millis(60 + 16_807_u64.pow(2).wrapping_mul(kill + 3) % 240)
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_no_change_and_tell_none_twice() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("month.ndjson");
    feeding::generate(&file, 40_000);
    let data = dir.path().join("data");
    let mut server = Server::start(&data).unwrap();
    let (grpc, stop) = (server.grpc.clone(), Arc::new(AtomicBool::new(false)));
    let following = tokio::spawn(follow(grpc.clone(), Arc::clone(&stop)));
    let mut importing = feeding::import(&file, &grpc);
    let mut met = 0;
    for kill in 0..10 {
        tokio::time::sleep(pause(kill)).await;
        if importing.try_wait().unwrap().is_some() {
            importing = feeding::import(&file, &grpc);
        } else {
            met += 1;
        }
        server.kill();
        server = Server::start_with(&data, &[("PATRON_GRPC_ADDR", grpc.trim_start_matches("http://"))]).unwrap();
    }
    let ended = importing.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    server.caught_up();
    let connection = connect(&server).await;
    let ends = connection.admin().get_status(proto::admin::GetStatusRequest {}).await.unwrap().into_inner();
    for shard in ends.shards.iter().filter(|shard| shard.end_offset > 0) {
        let last = Position { partition: shard.partition, offset: shard.end_offset - 1 };
        told(&connection, "", Some(last)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (changes, connections) = following.await.unwrap();
    assert!(met > 5 && connections > 5, "{met} kills met the import, {connections} connections were made");
    assert!(changes.len() > 20, "only {} changes", changes.len());
    replayed(&connection, &changes).await;
}

/// Who holds each identifier, of all customers.
async fn everybody(connection: &Connection) -> BTreeMap<String, String> {
    let request = ListCustomersRequest {
        include_receipts: true,
        read_mask: Some(prost_types::FieldMask { paths: vec!["customer_id".into(), "identifiers".into()] }),
        ..ListCustomersRequest::default()
    };
    let mut listed = connection.customers().list_customers(request).await.unwrap().into_inner();
    let mut held = BTreeMap::new();
    while let Some(message) = listed.message().await.unwrap() {
        let customer = message.customer.unwrap();
        for known in &customer.identifiers {
            let name = types::Identifier::from(known.identifier.as_ref().unwrap()).to_string();
            held.insert(name, customer.customer_id.clone());
        }
    }
    held
}

/// What differs between two: name, before, after.
fn difference(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<(String, String, String)> {
    let moved = |(name, from): (&String, &String)| Some((name.clone(), from.clone(), after.get(name)?.clone()));
    before.iter().filter_map(moved).filter(|(_, from, to)| from != to).collect()
}

fn moves(changes: &[IdentityChange]) -> BTreeSet<(String, String, String)> {
    let moved = |change: &IdentityChange| {
        let (from, to) = (change.from_customer_id.clone(), change.to_customer_id.clone());
        names(change).into_iter().map(move |name| (name, from.clone(), to.clone())).collect::<Vec<_>>()
    };
    changes.iter().flat_map(moved).collect()
}

fn ask(server: &Server, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&server.ask(&[arguments, &["--output", "json"]].concat())).unwrap()
}

/// Waits until a generation has been told whole; then what was told is what is.
async fn told_from(connection: &Connection, cursor: &str, expected: &BTreeSet<(String, String, String)>) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let (changes, last) = told(connection, cursor, None).await;
        if moves(&changes) == *expected {
            assert!(changes.iter().all(|change| change.cause() == Cause::Rebuild && change.position.is_none()));
            return last;
        }
        assert!(moves(&changes).is_subset(expected), "{changes:?}");
        assert!(Instant::now() < until, "{} of {} moves were told", moves(&changes).len(), expected.len());
        wait_a_little();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_and_the_way_back_tell_exactly_the_difference() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("new.toml");
    std::fs::write(&config, "[identity.limits]\nemail = 1\nphone = 1\n").unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let grpc = server.grpc.as_str();
    server.ask(&["generate", "--seed", "5", "--customers", "150", "--touchpoints", "3000", "--server", grpc]);
    let connection = connect(&server).await;
    seen(&connection, "l1", MARCH, &["loyalty_card:4711", "email:one@x.example"]).await;
    let last = seen(&connection, "l2", MARCH + 1, &["loyalty_card:4711", "email:two@x.example"]).await;
    server.caught_up();
    let (_, cursor) = told(&connection, "", Some(last)).await;
    let loose = everybody(&connection).await;

    ask(&server, &["rebuild", "start", "--config", config.to_str().unwrap()]);
    ask(&server, &["rebuild", "promote", "--wait", "60"]);
    let strict = everybody(&connection).await;
    let expected = difference(&loose, &strict);
    assert!(expected.iter().any(|(name, ..)| name == "email:two@x.example"), "{expected:?}");
    let cursor = told_from(&connection, &cursor, &expected).await;

    // What comes in now is told as ever, from the new one.
    let joined = seen(&connection, "n1", MARCH + 9, &["loyalty_card:9", "user_id:nine"]).await;
    seen(&connection, "n2", MARCH + 8, &["user_id:ten"]).await;
    let tenth = seen(&connection, "n3", MARCH + 10, &["user_id:ten", "email:ten@x.example"]).await;
    told(&connection, &cursor, Some(joined)).await;
    let (none, cursor) = told(&connection, &cursor, Some(tenth)).await;
    assert!(none.is_empty(), "{none:?}");
    let strict = everybody(&connection).await;
    ask(&server, &["rebuild", "rollback", "--wait", "60"]);
    let back = everybody(&connection).await;
    let cursor = told_from(&connection, &cursor, &difference(&strict, &back)).await;
    let (all, _) = told(&connection, "", None).await;
    replayed(&connection, &all).await;
    assert!(!cursor.is_empty());
}

fn remove(data: &Path, name: &str) {
    std::fs::remove_dir_all(data.join(name)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_made_anew_or_taken_back_tells_nothing_that_was_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data).unwrap();
    let grpc = server.grpc.as_str();
    server.ask(&["generate", "--seed", "5", "--customers", "150", "--touchpoints", "1500", "--server", grpc]);
    server.caught_up();
    server.ask(&["checkpoint", "create", "early"]);
    server.ask(&["generate", "--seed", "6", "--customers", "150", "--touchpoints", "1500", "--server", grpc]);
    let connection = connect(&server).await;
    let last = seen(&connection, "x", MARCH, &["loyalty_card:1x"]).await;
    server.caught_up();
    let (before, cursor) = told(&connection, "", Some(last)).await;
    assert!(!before.is_empty());
    assert!(server.terminate().success());

    remove(&data, "generations");
    let server = Server::start_with(&data, &[("PATRON_PROJECTOR_BATCH_RECORDS_MAX", "50")]).unwrap();
    server.caught_up();
    let connection = connect(&server).await;
    seen(&connection, "y", MARCH + 1, &["user_id:yx"]).await;
    let joined = seen(&connection, "z", MARCH + 2, &["loyalty_card:1x", "user_id:yx"]).await;
    let (changes, cursor_then) = told(&connection, &cursor, Some(joined)).await;
    let said: Vec<Vec<String>> = changes.iter().map(names).collect();
    assert!(said.len() <= 1 && said.iter().all(|names| *names == ["user_id:yx"]), "{said:?}");
    assert!(server.terminate().success());

    let mut restore = tests::process::command(&["checkpoint", "restore", "early", "--data-dir"]);
    assert!(restore.arg(&data).output().unwrap().status.success());
    let server = Server::start(&data).unwrap();
    server.caught_up();
    let connection = connect(&server).await;
    let after = seen(&connection, "w", MARCH + 3, &["user_id:yx"]).await;
    let (none, _) = told(&connection, &cursor_then, Some(after)).await;
    assert!(none.is_empty(), "{none:?}");
    let (all, _) = told(&connection, "", None).await;
    replayed(&connection, &all).await;
}

fn refusal(server: &Server, arguments: &[&str]) -> String {
    let output = server.run(&[&["identity", "changes"], arguments].concat());
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_is_an_error_and_never_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &[("PATRON_PUBLISH_IDENTITY_CHANGES_MAX", "2")]).unwrap();
    let connection = connect(&server).await;
    let (card, mail) = ("loyalty_card:1", "email:ann@shop.test.eu");
    seen(&connection, "a", MARCH, &[card]).await;
    let first = seen(&connection, "b", MARCH + 1, &[mail]).await;
    let (_, start) = told(&connection, "", Some(first)).await;
    let joined = seen(&connection, "c", MARCH + 2, &[card, mail]).await;
    let (_, one) = told(&connection, &start, Some(joined)).await;
    let parted = decide(&connection, IdentityAction::Separate, card, mail).await;
    told(&connection, &one, Some(parted)).await;
    let together = decide(&connection, IdentityAction::Withdraw, card, mail).await;
    let (two, _) = told(&connection, &one, Some(together)).await;
    assert_eq!(two.len(), 2);
    for from in ["", start.as_str()] {
        let said = refusal(&server, &["--from", from]);
        assert!(
            said.contains("changes up to 1 are no longer kept") && said.contains("list the customers anew"),
            "{said}"
        );
    }
    let said = refusal(&server, &["--from", "abc"]);
    assert!(said.contains("cursor:"), "{said}");
    let now = ask(&server, &["identity", "changes", "--from-now"]);
    assert!(now[0]["change"].is_null() && now[0]["cursor"].is_string(), "{now}");

    // Another feed: the same place, begun anew.
    assert!(server.terminate().success());
    remove(&data, "published");
    let server = Server::start(&data).unwrap();
    let said = refusal(&server, &["--from", &one]);
    assert!(said.contains("not of this feed") && said.contains("from_now"), "{said}");
    let connection = connect(&server).await;
    let later = seen(&connection, "d", MARCH + 3, &[card]).await;
    assert_eq!(told(&connection, "", Some(later)).await.0.len(), 0, "who is who at the beginning is no change");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_passes_the_feed_on_and_ends_with_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::spawn(up(&dir.path().join("data"))).unwrap();
    let mut query = serving("query");
    query.arg("--projectors").arg(&server.grpc);
    let front = Server::spawn(query).unwrap();
    let (direct, connection) = (connect(&server).await, connect(&front).await);
    let request = WatchIdentityChangesRequest { from_now: true, ..WatchIdentityChangesRequest::default() };
    let mut open = connection.identity_feed().watch_identity_changes(request).await.unwrap().into_inner();
    let alive = open.message().await.unwrap().unwrap();
    assert!(alive.change.is_none() && !alive.cursor.is_empty());
    seen(&direct, "a", MARCH, &["loyalty_card:1"]).await;
    let alone = seen(&direct, "b", MARCH + 1, &["email:ann@shop.test.eu"]).await;
    told(&direct, "", Some(alone)).await;
    seen(&direct, "c", MARCH + 2, &["loyalty_card:1", "email:ann@shop.test.eu"]).await;
    let change = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(change) = open.message().await.unwrap().unwrap().change {
                return change;
            }
        }
    });
    assert_eq!(change.await.unwrap().kind(), Kind::Merged);

    let began = Instant::now();
    assert!(front.terminate().success());
    let ended = loop {
        if let Err(status) = open.message().await {
            break status;
        }
    };
    assert_eq!(ended.code(), Code::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(4), "an open stream holds up the end");
    let mut open = direct.identity_feed().watch_identity_changes(WatchIdentityChangesRequest::default()).await.unwrap();
    assert!(open.get_mut().message().await.unwrap().is_some());
    let began = Instant::now();
    assert!(server.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(4), "an open stream holds up the end");
}
