//! Layers win in their order; whatever is wrong is named with its key and a remedy.

use std::path::PathBuf;

use super::{Config, Overrides, TEMPLATE, environment, load};

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("patron.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn one(key: &str, text: &str) -> Overrides {
    Overrides::from([(key.to_owned(), text.to_owned())])
}

fn error_of(text: &str) -> String {
    let (_dir, path) = file(text);
    load(Some(&path), &Overrides::new(), &Overrides::new()).unwrap_err().to_string()
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let (_dir, path) = file("[journal]\npartitions = 2\n[grpc]\naddr = \"127.0.0.1:1\"\n[log]\nfilter = \"warn\"");
    let config = load(
        Some(&path),
        &environment(
            [("PATRON_GRPC_ADDR".into(), "127.0.0.1:2".into()), ("PATRON_HTTP_ADDR".into(), "127.0.0.1:3".into())]
                .into_iter(),
        ),
        &one("http.addr", "127.0.0.1:4"),
    )
    .unwrap();
    assert_eq!((config.journal.partitions, config.log.filter.as_str()), (2, "warn"));
    assert_eq!((config.grpc.addr.port(), config.http.addr.port()), (2, 4));
    assert_eq!(config.store, Config::default().store);
}

#[test]
fn the_template_changes_nothing_and_names_every_setting() {
    let (_dir, path) = file(TEMPLATE);
    assert_eq!(load(Some(&path), &Overrides::new(), &Overrides::new()).unwrap(), Config::default());
    let uncommented: String = TEMPLATE
        .lines()
        .filter_map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => Some(format!("{rest}\n")),
            Some(_) => None,
            None => Some(format!("{line}\n")),
        })
        .collect();
    let (_dir, path) = file(&uncommented);
    let mut config = load(Some(&path), &Overrides::new(), &Overrides::new()).unwrap();
    config.identity.blocked.clear();
    config.identity.blocked_patterns.clear();
    assert_eq!(config, Config::default());
}

#[test]
fn one_bound_is_shared_out_and_what_is_given_by_itself_stays() {
    let bounded = |text: &str, environment: &Overrides| {
        let (_dir, path) = file(text);
        load(Some(&path), environment, &Overrides::new()).unwrap()
    };
    let default = Config::default();
    assert_eq!(default.kept_bytes(), default.memory_bytes);
    assert_eq!(bounded(&format!("memory_bytes = {}", default.memory_bytes), &Overrides::new()), default);
    let less = bounded("", &one("memory_bytes", "245000000"));
    assert_eq!(
        (less.kept_bytes(), less.store.cache_bytes, less.query.hot_bytes),
        (245_000_000, 40_000_000, 10_000_000)
    );
    let own = bounded("memory_bytes = 245000000\n[store]\ncache_bytes = 7", &one("query.hot_bytes", "0"));
    assert_eq!((own.store.cache_bytes, own.query.hot_bytes, own.store.write_buffer_bytes), (7, 0, 40_000_000));
    let error = error_of("memory_bytes = 1000");
    assert!(error.contains("memory_bytes") && error.contains("or more"), "{error}");
}

#[test]
fn unknown_keys_get_a_suggestion() {
    let error = error_of("[journal]\npartitons = 2");
    assert!(error.contains("journal.partitons") && error.contains("`partitions`"), "{error}");
    let error = error_of("[jornal]\n");
    assert!(error.contains("`journal`"), "{error}");
}

#[test]
fn wrong_values_name_key_and_remedy() {
    for (text, expected) in [
        ("[grpc]\naddr = \"0.0.0.0:7700\"", "grpc.addr"),
        ("[journal]\npartitions = 0", "journal.partitions"),
        ("[journal]\npartitions = \"two\"", "partitions"),
        ("[kinds]\ncustom = [\"order_completed\"]", "kinds.custom"),
        ("[log]\nformat = \"xml\"", "xml"),
        ("[contact.caps]\nemail = [\"0/7d\"]", "contact.caps.email: `0/7d`: a cap of 0"),
        ("[contact.caps]\nany = [\"2/7y\"]", "contact.caps.any: `2/7y`: `7y` is no length of time"),
        ("[contact.caps]\nEmail = [\"2/7d\"]", "contact.caps.Email: `Email` is no channel"),
        ("[contact.caps]\nemail = []", "contact.caps.email: 0 caps given; give 1 to 8"),
        ("[contact.caps]\nemail = \"2/7d\"", "email"),
        ("[contact]\ncap = 1", "contact.cap: there is no such key; did you mean `caps`?"),
        ("data_dir = ", "syntax"),
        ("[identity]\nphone_region = \"Austria\"", "identity.phone_region: `Austria`"),
        (
            "[identity.blocked_patterns]\nemail = [\"till(\"]",
            "identity.blocked_patterns: email: pattern `till(`, character 5",
        ),
    ] {
        let error = error_of(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = load(None, &one("projector.batch_records_max", "many"), &Overrides::new()).unwrap_err().to_string();
    assert!(error.contains("environment") && error.contains("no whole number"), "{error}");
    let error = load(None, &one("grpc.addr", "somewhere"), &Overrides::new()).unwrap_err().to_string();
    assert!(error.contains("environment") && error.contains("grpc.addr"), "{error}");
    let error =
        load(Some(&PathBuf::from("absent.toml")), &Overrides::new(), &Overrides::new()).unwrap_err().to_string();
    assert!(error.contains("absent.toml") && error.contains("config init"), "{error}");
}

#[test]
fn secrets_are_masked() {
    let mut config = Config { hash_key: "s3cret".into(), ..Config::default() };
    config.kafka.properties = Overrides::from([
        ("sasl.password".into(), "s3cret".into()),
        ("ssl.key.pem".into(), "s3cret".into()),
        ("sasl.username".into(), "patron".into()),
    ]);
    let shown = config.to_masked_toml();
    assert!(!shown.contains("s3cret") && shown.contains("\"sasl.username\" = \"patron\""), "{shown}");
}

#[test]
fn properties_of_kafka_come_from_file_and_environment() {
    let (_dir, path) = file(
        "[kafka]\nbrokers = \"broker:9092\"\n[kafka.properties]\n\"security.protocol\" = \"SASL_SSL\"\n\"sasl.username\" = \"a\"",
    );
    let variables = [
        ("PATRON_KAFKA_PROPERTIES_SASL_USERNAME".to_owned(), "b".to_owned()),
        ("PATRON_KAFKA_PROPERTIES_SSL_CA_LOCATION".to_owned(), "probe".to_owned()),
    ];
    let config = load(Some(&path), &environment(variables.into_iter()), &Overrides::new()).unwrap();
    let expected = [("sasl.username", "b"), ("security.protocol", "SASL_SSL"), ("ssl.ca.location", "probe")];
    let expected: Overrides = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(config.kafka.properties, expected);
}

#[test]
fn a_secret_of_the_wrong_type_is_not_shown() {
    let error = error_of("[kafka]\nbrokers = \"broker:9092\"\n[kafka.properties]\n\"sasl.password\" = 12345678");
    assert!(error.contains("line 4") && !error.contains("12345678"), "{error}");
}

#[test]
fn raw_topics_need_a_cluster_a_format_and_a_source() {
    let raw = |format: &str, source: &str| {
        format!(
            "[kafka]\nbrokers = \"broker:9092\"\n[ingest.raw_topics.\"app.events\"]\nformat = \"{format}\"\nsource = \"{source}\""
        )
    };
    let (_dir, path) = file(&raw("segment_json", "app"));
    let config = load(Some(&path), &Overrides::new(), &Overrides::new()).unwrap();
    assert_eq!(config.raw_topics().unwrap()["app.events"].source, "app");
    let error = error_of(&raw("segment", "app"));
    assert!(error.contains("app.events.format") && error.contains("segment_json"), "{error}");
    let error = error_of(&raw("segment_json", " "));
    assert!(error.contains("app.events.source"), "{error}");
    for (name, problem) in [("dead-letters", "own"), ("touchpoints", "own"), ("^app.*", "no name"), ("a b", "no name")]
    {
        let error = error_of(&raw("segment_json", "app").replace("app.events", name));
        assert!(error.contains(problem) && error.contains(name), "{error}");
    }
    let error = error_of("[ingest.raw_topics.a]\nformat = \"segment_json\"\nsource = \"app\"");
    assert!(error.contains("kafka.brokers"), "{error}");
}

#[test]
fn a_relay_needs_a_cluster_a_name_of_its_own_and_a_format() {
    let relay = |more: &str| {
        format!("[kafka]\nbrokers = \"b:9092\"\ntopic_prefix = \"x.\"\n[publish.membership_changes]\n{more}")
    };
    let (_dir, path) = file(&relay("topic = \"membership-changes\""));
    let config = load(Some(&path), &one("publish.membership_changes.format", "protobuf"), &Overrides::new()).unwrap();
    let topic = config.relay().unwrap().unwrap();
    assert_eq!((topic.name.as_str(), topic.partitions), ("x.membership-changes", config.journal.partitions));
    for (more, problem) in [
        ("topic = \"touchpoints\"", "publish.membership_changes.topic: `touchpoints` is a topic of Patron's"),
        ("topic = \"a b\"", "no name of a topic"),
        ("format = \"xml\"", "publish.membership_changes.format: `xml` is no format"),
        ("partitions = 1000000000", "publish.membership_changes.partitions"),
    ] {
        let error = error_of(&relay(more));
        assert!(error.contains(problem), "{error}");
    }
    let error = error_of("[publish.membership_changes]\ntopic = \"membership-changes\"");
    assert!(error.contains("publish.membership_changes.topic") && error.contains("kafka.brokers"), "{error}");
    let both =
        relay("topic = \"changes\"\n[ingest.raw_topics.\"x.changes\"]\nformat = \"segment_json\"\nsource = \"app\"");
    let error = error_of(&both);
    assert!(error.contains("own topic"), "{error}");
}

#[test]
fn a_network_is_listened_on_only_if_it_is_trusted() {
    let (_dir, path) = file("trusted_network = true\n[grpc]\naddr = \"0.0.0.0:7700\"");
    let config = load(Some(&path), &Overrides::new(), &Overrides::new()).unwrap();
    assert_eq!(config.grpc.addr.port(), 7700);
    let error = error_of("[grpc]\naddr = \"0.0.0.0:7700\"");
    assert!(error.contains("trusted_network"), "{error}");
}
