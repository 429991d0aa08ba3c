//! Definitions on Kafka: they outlive every process, and several ingests agree on them.
#![cfg(test)]

use serde_json::Value;
use tests::{
    fleet::Settings,
    kafka::{brokers, prefix},
    process::Server,
};

fn config(server: &Server, arguments: &[&str]) -> Value {
    let arguments = [&["config"], arguments, &["--output", "json"]].concat();
    serde_json::from_str(&server.ask(&arguments)).unwrap()
}

#[test]
fn definitions_survive_restarts_and_a_second_ingest_sees_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let settings = Settings::new(&brokers(), &prefix("definitions"), 4);
    let (first, second) = (settings.ingest(None, None), settings.ingest(None, None));
    let data = dir.path().join("projector");
    let projector = settings.projector(&data, None);
    let query = settings.query(&[&projector], None);
    let stores = file("stores.toml", "[[store]]\nstore_id = \"s1\"\nregion = \"north\"\n");
    let applied = config(&first, &["apply", &stores, "--reason", "opening"]);
    let offset = applied["offset"].as_str().unwrap().to_owned();
    assert_ne!(offset, "0", "the journal's manifest lies first");
    // The second ingest compares with what the first has applied.
    let compared = config(&second, &["diff", &stores]);
    assert_eq!((compared["changes"].as_array(), compared["unchanged"].as_str()), (None, Some("1")));
    let late = file("late.toml", "[[store]]\nstore_id = \"s1\"\nregion = \"west\"\nexpected_version = 0\n");
    let refused = second.run(&["config", "apply", &late]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("late.toml:4: `expected_version`"), "{said}");
    let moved = file("moved.toml", "[[store]]\nstore_id = \"s1\"\nregion = \"east\"\nexpected_version = 1\n");
    let last = config(&second, &["apply", &moved])["offset"].as_str().unwrap().to_owned();
    let regions = |server: &Server| -> Vec<String> {
        let history = config(server, &["history", "store/s1", "--min-offset", &last]);
        let region = |version: &Value| version["definition"]["store"]["region"].as_str().unwrap().to_owned();
        history.as_array().unwrap().iter().map(region).collect()
    };
    assert_eq!(regions(&query), ["east", "north"]);
    first.kill();
    projector.kill();
    let projector = settings.projector(&data, None);
    assert_eq!(regions(&projector), ["east", "north"]);
    projector.ask(&["verify"]);
    // An ingest that starts now folds the topic, over the manifest, from its beginning.
    let third = settings.ingest(None, None);
    let said = String::from_utf8(third.run(&["config", "apply", &moved]).stderr).unwrap();
    assert!(said.contains("the newest version is 2, not 1"), "{said}");
    // A state that is made anew has them, too.
    let fresh = settings.projector(&dir.path().join("fresh"), None);
    assert_eq!(regions(&fresh), ["east", "north"]);
}

#[test]
fn segments_are_defined_through_query_where_the_projector_knows_an_ingest() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::new(&brokers(), &prefix("segment-door"), 2);
    let ingest = settings.ingest(None, None);
    let create = ["segment", "create", "all", "--expression", "true"];
    let alone = settings.clone().with("PATRON_QUERY_INGEST", "").projector(&dir.path().join("alone"), None);
    let said = String::from_utf8(alone.run(&create).stderr).unwrap();
    assert!(said.contains("set query.ingest"), "{said}");
    let joined = settings.clone().with("PATRON_QUERY_INGEST", &ingest.grpc);
    let projector = joined.projector(&dir.path().join("joined"), None);
    let query = settings.query(&[&projector], None);
    assert!(query.ask(&create).contains("version 1 now"));
    assert!(query.ask(&["segment", "show", "all"]).contains("etag \"1\""));
    query.ask(&["segment", "delete", "all"]);
    assert_eq!(config(&query, &["history", "segment/all"]).as_array().unwrap().len(), 2);
}
