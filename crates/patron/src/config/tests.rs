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
    assert_eq!(config, Config::default());
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
        ("data_dir = ", "syntax"),
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
    let config = Config { hash_key: "s3cret".into(), ..Config::default() };
    assert!(!config.to_masked_toml().contains("s3cret"));
}
