//! Definitions through the real process: applied from files, compared, shown with their history and beside touchpoints; bad ones are
//! named by file, line and key; kills lose nothing that was accepted and double nothing.
#![cfg(test)]

use std::{fs, path::Path, process::Output};

use definition::{Body, Catalogue, Kind};
use patron::client::Server as Connection;
use proto::definition::{
    ApplyDefinitionsRequest, ApplyDefinitionsResponse, ListDefinitionVersionsRequest, ListDefinitionsRequest,
};
use serde_json::Value;
use tests::{
    client::{accept, connect},
    process::Server,
    touchpoints::{order, touchpoint},
};
use tonic::Status;
use types::record::{Definition, Item, StoreReference};

const PRODUCTS: &str = "sku,category,brand,name\np,Tea,Assam & Co,Breakfast tea\nq,Coffee,,\n";
const STORES: &str =
    "[[store]]\nstore_id = \"s1\"\nregion = \"north\"\n\n[[store]]\nstore_id = \"s2\"\nregion = \"south\"\n";
const SEGMENTS: &str =
    "[[segment]]\nname = \"loyal\"\nexpression = '''\nmetrics.orders >= 10\n'''\ndescription = \"regulars\"\n";

/// A file of definitions; its path as text.
fn file(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn config(server: &Server, arguments: &[&str]) -> Value {
    let arguments = [&["config"], arguments, &["--output", "json"]].concat();
    serde_json::from_str(&server.ask(&arguments)).unwrap()
}

/// Applies files; where the set lies.
fn apply(server: &Server, files: &[&str], more: &[&str]) -> (Value, String) {
    let answer = config(server, &[&["apply"], files, more].concat());
    let offset = answer["offset"].as_str().unwrap_or_default().to_owned();
    (answer, offset)
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Types and names of what changes.
fn changes(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |change: &Value| (text(&change["type"]), text(&change["after"]["name"]));
    answer["changes"].as_array().into_iter().flatten().map(one).collect()
}

fn names(list: &Value) -> Vec<String> {
    let name = |version: &Value| version["definition"]["name"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn files_are_applied_compared_and_shown_with_their_history() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data).unwrap();
    let untouched = server.digest();
    let files = [
        file(dir.path(), "products.csv", PRODUCTS),
        file(dir.path(), "stores.toml", STORES),
        file(dir.path(), "segments.toml", SEGMENTS),
    ];
    let files: Vec<&str> = files.iter().map(String::as_str).collect();

    let all = ["p", "q", "s1", "s2", "loyal"].map(|name| ("CHANGE_TYPE_ADDED".to_owned(), name.to_owned()));
    let difference = config(&server, &[&["diff"], files.as_slice()].concat());
    assert_eq!(changes(&difference), all);
    assert!(difference["offset"].is_null(), "nothing is applied: {difference}");
    assert_eq!(changes(&apply(&server, &files, &["--dry-run"]).0), all);
    let (answer, first) = apply(&server, &files, &["--reason", "opening", "--author", "ada"]);
    assert_eq!(changes(&answer), all);
    assert_eq!(first, "0", "{answer}");
    let (again, offset) = apply(&server, &files, &[]);
    assert_eq!((changes(&again), again["unchanged"].as_str(), offset.as_str()), (Vec::new(), Some("5"), ""));

    let changed = file(
        dir.path(),
        "more.toml",
        "[[store]]\nstore_id = \"s1\"\nregion = \"east\"\nexpected_version = 1\n\n[[product]]\nsku = \"q\"\ndeleted = true\n",
    );
    let told = String::from_utf8(server.run(&["config", "diff", &changed]).stdout).unwrap();
    assert!(told.contains("~ store/s1  region: north -> east") && told.contains("- product/q"), "{told}");
    let (_, second) = apply(&server, &[&changed], &["--reason", "moved", "--author", "bob"]);
    let twice = complaint(&server.run(&["config", "apply", &changed]));
    assert!(twice.contains("more.toml:4: `expected_version`: store/s1: the newest version is 2, not 1"), "{twice}");

    let check = |server: &Server| {
        let history = config(server, &["history", "store/s1", "--min-offset", &second]);
        let said = |version: &Value| {
            let text = |key: &str| version[key].as_str().unwrap_or_default().to_owned();
            (
                version["version"].as_u64().unwrap(),
                text("author"),
                text("reason"),
                version["definition"]["store"]["region"].clone(),
            )
        };
        let history: Vec<_> = history.as_array().unwrap().iter().map(said).collect();
        let line = |number, author: &str, reason: &str, region: &str| {
            (number, author.to_owned(), reason.to_owned(), Value::from(region))
        };
        assert_eq!(history, [line(2, "bob", "moved", "east"), line(1, "ada", "opening", "north")]);
        let sets = config(server, &["history"]);
        let versions: Vec<&str> =
            sets.as_array().unwrap().iter().map(|set| set["versionCount"].as_str().unwrap()).collect();
        assert_eq!(versions, ["2", "5"]);
        assert_eq!(names(&config(server, &["list"])), ["p", "s1", "s2", "loyal"]);
        assert_eq!(names(&config(server, &["list", "product", "--include-deleted"])), ["p", "q"]);
        let old = config(server, &["get", "store/s1", "--version", "1"]);
        assert_eq!(old["definition"]["definition"]["store"]["region"], "north");
        assert_eq!(config(server, &["get", "product/q"])["definition"]["definition"]["deleted"], true);
        assert_eq!(server.run(&["config", "get", "segment/nobody"]).status.code(), Some(3));
    };
    check(&server);
    assert_eq!(server.digest()["state"], untouched["state"], "no profile depends on definitions");
    assert!(server.terminate().success());
    let server = Server::start(&data).unwrap();
    check(&server);
    server.ask(&["verify"]);
    // A state that is made anew has them too.
    server.ask(&["rebuild", "start"]);
    server.ask(&["rebuild", "promote", "--wait", "60"]);
    check(&server);
    server.ask(&["verify"]);
    assert!(server.terminate().success());
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_key_and_nothing_is_applied() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let good = file(dir.path(), "stores.toml", STORES);
    let typo = file(dir.path(), "typo.toml", "[[store]]\nstore_id = \"s3\"\nregoin = \"west\"\n");
    let said = complaint(&server.run(&["config", "apply", &good, &typo]));
    assert!(said.contains("typo.toml:3: `regoin`: is no key of a store; did you mean `region`?"), "{said}");

    // What only the server knows leads back to the file, too, and all of it is told.
    let text = "[[segment]]\nname = \"fine\"\nexpression = \"true\"\n\n[[segment]]\nexpression = \"true\"\nname = \"Not Fine\"\n\n[[store]]\nstore_id = \"s4\"\n";
    let wrong = file(dir.path(), "wrong.toml", text);
    let said = complaint(&server.run(&["config", "apply", &good, &wrong]));
    assert!(said.contains("wrong.toml:7: `name`: segment/Not Fine: a segment is named by"), "{said}");
    assert!(said.contains("wrong.toml:10: store/s4: it is not given"), "{said}");

    // Of several sets none is applied where one is wrong.
    let rows: String = (0..10_001).map(|sku| format!("{sku},Tea\n")).collect();
    let many = file(dir.path(), "many.csv", &format!("sku,category\n{rows}"));
    let said = complaint(&server.run(&["config", "apply", &many, &wrong]));
    assert!(said.contains("wrong.toml:7"), "{said}");
    assert_eq!(config(&server, &["list", "--include-deleted"]), Value::Array(Vec::new()));
    assert_eq!(config(&server, &["history"]), Value::Array(Vec::new()));

    // Without it, they are several sets, and pages put them together again.
    let answers = config(&server, &["apply", &many, &good]);
    assert_eq!(answers.as_array().unwrap().len(), 2, "two sets");
    let last = answers[1]["offset"].as_str().unwrap();
    let listed = names(&config(&server, &["list", "product", "--min-offset", last]));
    assert_eq!(listed.len(), 10_001);
    assert!(listed.is_sorted());
}

fn store(name: &str, region: &str, expected_version: Option<u32>) -> Definition {
    let body = Body::Store(StoreReference { region: region.to_owned(), ..StoreReference::default() });
    let kind = Kind::Store.to_proto().into();
    Definition { kind, name: name.to_owned(), expected_version, deleted: false, body: Some(body) }
}

async fn send(
    connection: &Connection,
    set_id: &str,
    definitions: Vec<Definition>,
) -> Result<ApplyDefinitionsResponse, Status> {
    let (author, set_id) = ("test".to_owned(), set_id.to_owned());
    let request = ApplyDefinitionsRequest { definitions, author, set_id, ..ApplyDefinitionsRequest::default() };
    connection.apply().apply_definitions(request).await.map(tonic::Response::into_inner)
}

/// The regions of a store, the oldest first.
async fn regions(connection: &Connection, name: &str, min_offset: u64) -> Vec<String> {
    let kind = Kind::Store.to_proto().into();
    let (mut regions, mut page_token) = (Vec::new(), String::new());
    loop {
        let (name, min_offset) = (name.to_owned(), Some(min_offset));
        let request = ListDefinitionVersionsRequest { kind, name, page_size: 7, page_token, min_offset };
        let page = connection.definitions().list_definition_versions(request).await.unwrap().into_inner();
        regions.extend(page.versions.into_iter().map(|version| match version.definition.unwrap().body {
            Some(Body::Store(store)) => store.region,
            other => panic!("{other:?}"),
        }));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            regions.reverse();
            return regions;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_applies_lose_nothing_accepted_and_double_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path()).unwrap();
    let mut connection = connect(&server).await;
    let (mut expected, mut last, mut kills) = (Vec::new(), 0, 0);
    for number in 0..40_u32 {
        let (set_id, region) = (format!("set {number}"), format!("region {number}"));
        let definitions = || vec![store("s1", &region, Some(number)), store(&format!("n{number}"), "x", Some(0))];
        if number % 8 == 5 {
            // Nobody waits for the answer: the kill may come before, during or after the append.
            let (cut_off, set_id, definitions) = (connection.clone(), set_id.clone(), definitions());
            let sending = tokio::spawn(async move { send(&cut_off, &set_id, definitions).await });
            for _ in 0..number {
                tokio::task::yield_now().await;
            }
            server.kill();
            drop(sending.await);
            server = Server::start(dir.path()).unwrap();
            connection = connect(&server).await;
            kills += 1;
        }
        let answer = send(&connection, &set_id, definitions()).await.unwrap();
        assert!(answer.findings.is_empty(), "{answer:?}");
        last = answer.offset.unwrap();
        let repeated = send(&connection, &set_id, definitions()).await.unwrap();
        assert!(repeated.repeated && repeated.offset == Some(last), "{repeated:?}");
        expected.push(region);
    }
    assert_eq!(kills, 5);
    assert_eq!(regions(&connection, "s1", last).await, expected);
    server.kill();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    assert_eq!(regions(&connection, "s1", last).await, expected);
    let request = ListDefinitionsRequest { page_size: 1_000, ..ListDefinitionsRequest::default() };
    let listed = connection.definitions().list_definitions(request).await.unwrap().into_inner().definitions;
    assert_eq!(listed.len(), 41, "each set is there whole");
    assert!(listed.iter().filter(|one| one.definition.as_ref().unwrap().name != "s1").all(|one| one.version == 1));
    server.ask(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_expect_the_same_version_one_is_told_and_pages_and_waits_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let (one, other) = tokio::join!(
        send(&connection, "one", vec![store("s1", "north", Some(0)), store("s2", "north", None)]),
        send(&connection, "other", vec![store("s1", "south", Some(0)), store("s3", "south", None)]),
    );
    let answers = [one.unwrap(), other.unwrap()];
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.findings.is_empty());
    assert_eq!((won.len(), lost.len()), (1, 1), "{answers:?}");
    let finding = &lost[0].findings[0];
    assert_eq!((finding.index, finding.field.as_str()), (Some(0), "expected_version"));
    let offset = won[0].offset.unwrap();
    assert_eq!(regions(&connection, "s1", offset).await.len(), 1);
    let request =
        ListDefinitionsRequest { min_offset: Some(offset), page_size: 1, ..ListDefinitionsRequest::default() };
    let page = connection.definitions().list_definitions(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.definitions.len(), 1);
    let mut other_kind = ListDefinitionsRequest { page_token: page.next_page_token.clone(), ..request.clone() };
    other_kind.kind = Kind::Product.to_proto().into();
    let refused = connection.definitions().list_definitions(other_kind).await.unwrap_err();
    assert!(refused.message().starts_with("page_token"), "{refused}");
    let rest = ListDefinitionsRequest { page_token: page.next_page_token, page_size: 5, ..request.clone() };
    let rest = connection.definitions().list_definitions(rest).await.unwrap().into_inner();
    assert_eq!((rest.definitions.len(), rest.next_page_token.as_str()), (1, ""), "the void set left nothing");
    // What is never applied is not waited for longer than the caller has time.
    let mut hurried = tonic::Request::new(ListDefinitionsRequest { min_offset: Some(99), ..request });
    hurried.set_timeout(std::time::Duration::from_millis(300));
    let refused = connection.definitions().list_definitions(hurried).await.unwrap_err();
    assert!(refused.message().contains("definitions, offset 99"), "{refused}");
    for bad in [Vec::new(), vec![store("s", "r", None); 10_001]] {
        let refused = send(&connection, "", bad).await.unwrap_err();
        assert!(refused.message().starts_with("definitions: "), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reference_data_stands_beside_touchpoints_that_say_nothing_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let connection = connect(&server).await;
    let mut bought = order("1", 1_000, "user_id:ann", "o1", "5.00");
    bought.items.push(Item {
        product_id: "q".into(),
        category: "own".into(),
        brand: "own".into(),
        name: "own".into(),
        ..Item::default()
    });
    bought.items.push(Item { product_id: "unknown".into(), ..Item::default() });
    accept(&connection, bought).await;
    accept(&connection, touchpoint("page_viewed", "2", 2_000, "user_id:ann")).await;
    server.caught_up();
    let timeline = || -> Value {
        serde_json::from_str(&server.ask(&[
            "customer",
            "timeline",
            "user_id:ann",
            "--oldest-first",
            "--output",
            "json",
        ]))
        .unwrap()
    };
    assert!(timeline()[0]["references"].is_null());
    let (products, stores) = (file(dir.path(), "p.csv", PRODUCTS), file(dir.path(), "s.toml", STORES));
    let (_, offset) = apply(&server, &[&products, &stores], &[]);
    config(&server, &["list", "--min-offset", &offset]);
    let found = timeline();
    let references = &found[0]["references"];
    // The touchpoint says the category itself.
    let item = serde_json::json!([{ "product": { "brand": "Assam & Co", "name": "Breakfast tea" }, "version": 1 }]);
    assert_eq!(references["items"], item, "{found}");
    assert_eq!(references["store"], serde_json::json!({ "store": { "region": "north" }, "version": 1 }));
    assert_eq!(found[0]["touchpoint"]["items"][0]["brand"], Value::Null, "the touchpoint itself stays as it is");
    assert!(found[1]["references"].is_null());
    let told = server.ask(&["customer", "timeline", "user_id:ann"]);
    assert!(told.contains("Breakfast tea") && told.contains("in north"), "{told}");
    // As of the newest version, at once.
    let moved = file(dir.path(), "m.toml", "[[store]]\nstore_id = \"s1\"\nregion = \"east\"\n");
    let (_, offset) = apply(&server, &[&moved], &[]);
    config(&server, &["list", "--min-offset", &offset]);
    assert_eq!(timeline()[0]["references"]["store"]["store"]["region"], "east");
}

/// The state's fold is the pure one, whatever batches it comes in, with copies, void sets and rubbish between.
#[test]
fn the_state_holds_what_the_pure_fold_says() {
    use std::sync::Arc;

    use definition::seal;
    use journal::{Journal, NewRecord, memory::MemoryJournal};
    use projector::{Journals, Projector};
    use tests::pipeline::{journals, open_store, projector_settings};
    use types::{Micros, record::DefinitionSet};

    let touchpoints: Arc<dyn Journal> = Arc::new(MemoryJournal::new(1));
    let definitions: Arc<dyn Journal> = Arc::new(MemoryJournal::new(1));
    let mut catalogue = Catalogue::default();
    let mut records = Vec::new();
    for number in 0..300_u64 {
        let draw = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let set = DefinitionSet {
            set_id: format!("set {}", draw % 200),
            definitions: vec![
                store(&format!("s{}", draw % 7), &format!("r{}", draw % 3), (draw % 5 == 0).then_some(draw as u32 % 4)),
                store(&format!("t{}", draw % 11), &format!("r{}", number % 2), None),
            ],
            ..DefinitionSet::default()
        };
        catalogue.fold(&set, Micros(1), records.len() as u64);
        records.push(seal::seal(&set, Micros(1)));
        if number % 50 == 0 {
            records.push(b"rubbish".to_vec());
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let record = |value: Vec<u8>| NewRecord { partition: 0, key: Vec::new(), value, headers: Vec::new() };
    let end = records.len() as u64;
    runtime.block_on(definitions.append(records.into_iter().map(record).collect())).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let settings = projector_settings(10);
    let open = open_store(dir.path(), touchpoints.as_ref());
    let both = Journals { definitions, ..journals(&touchpoints) };
    let projector = Projector::start(Arc::clone(&open), &both, settings).unwrap();
    let mut progress = projector.progress();
    let reached = progress.wait_for(|progress| progress.definitions.applied == end);
    runtime
        .block_on(async { tokio::time::timeout(std::time::Duration::from_secs(60), reached).await.map(drop) })
        .unwrap();
    projector.stop();
    let snapshot = open.snapshot();
    for kind in Kind::ALL {
        let held: Vec<_> = store::definition::newest_of(&snapshot, kind, None).collect::<Result<_, _>>().unwrap();
        let pure: Vec<_> = catalogue.living(kind).map(|version| version.as_ref().clone()).collect();
        assert_eq!(held, pure);
    }
    assert_eq!(store::definition::progress(&snapshot).unwrap().skipped.values().sum::<u64>(), 6);
}
