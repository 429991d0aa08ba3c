//! What is refused on Kafka, at start and while it runs, each with its remedy: a topic made again, partitions added, retention
//! cut, another hash key, settings that correctness rests on. And the doctor, who says it before.
#![cfg(test)]

use std::{
    process::Command,
    time::{Duration, Instant},
};

use tests::{
    client,
    fleet::Settings,
    kafka::{Cluster, brokers, prefix, run_script, run_tool},
    process::{command, wait_a_little},
    touchpoints::order,
};

fn refused(mut command: Command) -> String {
    let output = command.stderr(std::process::Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
    said
}

fn assert_tells(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is missing: {said}");
    }
}

fn doctor(settings: &Settings) -> (bool, String) {
    let mut doctor = settings.command("doctor");
    doctor.env_remove("PATRON_GRPC_ADDR").env_remove("PATRON_HTTP_ADDR");
    let output = doctor.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until a running process says that it goes no further.
async fn until_it_stands_still(server: &tests::process::Server, words: &[&str]) {
    let connection = client::connect(server).await;
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let answer = client::publish(&connection, vec![order("x", 1_000, "user_id:ann", "o9", "5.00")]).await;
        if let Err(status) = answer
            && words.iter().all(|word| status.message().contains(word))
        {
            return;
        }
        assert!(Instant::now() < until, "it goes on as if nothing had happened");
        wait_a_little();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_again_or_repartitioned_is_refused_by_all_and_noticed_by_those_that_run() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(1);
    let settings = Settings::new(&cluster.brokers, "", 4);
    let (ingest, projector) = (settings.ingest(None, None), settings.projector(&dir.path().join("data"), None));
    client::accept(&client::connect(&ingest).await, order("1", 1_000, "user_id:ann", "o1", "5.00")).await;
    projector.caught_up();
    let topics = |arguments: &[&str]| run_script(&[&["topics", "--dir", cluster.path(), "--"], arguments].concat());

    topics(&["--alter", "--topic", "touchpoints", "--partitions", "6"]);
    until_it_stands_still(&ingest, &["4 partitions", "6 now", "kafka.topic_prefix"]).await;
    drop((ingest, projector));
    let said = refused(settings.command("ingest"));
    assert_tells(&said, &["touchpoints", "6 partitions", "keys would move"]);
    let six = Settings::new(&cluster.brokers, "", 6);
    for role in ["ingest", "projector"] {
        let mut command = six.command(role);
        command.arg("--data-dir").arg(dir.path().join("data"));
        assert_tells(&refused(command), &["made with 4 partitions", "kafka.topic_prefix"]);
    }
    let (good, said) = doctor(&six);
    assert!(!good, "{said}");
    assert_tells(&said, &["journal's identity", "made with 4 partitions"]);

    topics(&["--delete", "--topic", "touchpoints"]);
    for role in ["ingest", "projector"] {
        let mut command = settings.command(role);
        command.arg("--data-dir").arg(dir.path().join("data"));
        assert_tells(&refused(command), &["deleted and made again", "definitions"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_deleted_beneath_a_running_process_is_noticed() {
    let cluster = Cluster::start(1);
    let ingest = Settings::new(&cluster.brokers, "", 4).ingest(None, None);
    client::accept(&client::connect(&ingest).await, order("1", 1_000, "user_id:ann", "o1", "5.00")).await;
    let topics = |arguments: &[&str]| run_script(&[&["topics", "--dir", cluster.path(), "--"], arguments].concat());
    topics(&["--delete", "--topic", "touchpoints"]);
    topics(&["--create", "--topic", "touchpoints", "--partitions", "4"]);
    until_it_stands_still(&ingest, &["made again"]).await;
}

#[test]
fn finite_retention_is_refused_and_what_was_cut_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (brokers, prefix) = (brokers(), prefix("retention"));
    let settings = Settings::new(&brokers, &prefix, 2);
    let data_dir = dir.path().join("data");
    let patron = settings.up(&data_dir);
    patron.ask(&["generate", "--seed", "3", "--touchpoints", "2000", "--server", &patron.grpc]);
    patron.caught_up();
    assert!(patron.terminate().success());
    let topic = format!("{prefix}touchpoints");
    let configure = |setting: &str| {
        let change = ["--alter", "--entity-type", "topics", "--entity-name", topic.as_str(), "--add-config", setting];
        run_tool("org.apache.kafka.tools.ConfigCommand", &brokers, &change);
    };
    configure("retention.ms=86400000");
    let mut up = settings.command("up");
    up.arg("--data-dir").arg(&data_dir);
    assert_tells(&refused(up), &[&topic, "retention.ms=86400000", "kept for ever", "--add-config retention.ms=-1"]);
    let (good, said) = doctor(&settings);
    assert!(!good, "{said}");
    assert_tells(&said, &["BAD", "retention.ms=86400000"]);
    configure("retention.ms=-1");
    // Retention came and went: the beginning is gone, and a new state cannot be folded from what is left.
    let offsets = dir.path().join("offsets.json");
    let cut = format!(r#"{{"partitions":[{{"topic":"{topic}","partition":0,"offset":10}}],"version":1}}"#);
    std::fs::write(&offsets, cut).unwrap();
    let file = ["--offset-json-file", offsets.to_str().unwrap()];
    run_tool("org.apache.kafka.tools.DeleteRecordsCommand", &brokers, &file);
    let mut fresh = settings.command("projector");
    fresh.arg("--data-dir").arg(dir.path().join("fresh"));
    assert_tells(&refused(fresh), &["offset 0 of partition 0 is not in the journal", "restore"]);
    // The state that has folded it goes on.
    let patron = settings.up(&data_dir);
    patron.caught_up();
    assert!(patron.terminate().success());
}

#[test]
fn another_hash_key_and_settings_that_correctness_rests_on_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (brokers, prefix) = (brokers(), prefix("settings"));
    let settings = Settings::new(&brokers, &prefix, 2);
    drop(settings.ingest(None, None));
    let said = refused(settings.clone().with("PATRON_HASH_KEY", "another").command("ingest"));
    assert_tells(&said, &["hash key", "hash_key"]);
    let said = refused(settings.clone().with("PATRON_KAFKA_PROPERTIES_ACKS", "1").command("ingest"));
    assert_tells(&said, &["kafka.properties", "`acks`", "remove it"]);
    let said = refused(settings.clone().with("PATRON_KAFKA_PROPERTIES_SASL_MECHANIMS", "PLAIN").command("ingest"));
    assert_tells(&said, &["kafka.properties", "sasl.mechanims"]);
    let mut alone = command(&["projector", "--data-dir"]);
    alone.arg(dir.path());
    assert_tells(&refused(alone), &["kafka.brokers", "patron up"]);
    let nobody = Settings::new("127.0.0.1:9", &prefix, 2).with("PATRON_KAFKA_START_TIMEOUT_MS", "2000");
    assert_tells(&refused(nobody.command("ingest")), &["127.0.0.1:9", "kafka.brokers", "reachable"]);
    let (good, said) = doctor(&nobody);
    assert!(!good, "{said}");
    assert_tells(&said, &["BAD", "127.0.0.1:9"]);
}

#[test]
fn secrets_are_masked_and_the_doctor_finds_a_good_cluster_good() {
    let (brokers, prefix) = (brokers(), prefix("doctor"));
    let settings = Settings::new(&brokers, &prefix, 2).with("PATRON_KAFKA_PROPERTIES_SASL_PASSWORD", "hunter2");
    let mut show = settings.command("config");
    let output = show.arg("show").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("sasl.password") && !said.contains("hunter2"), "{said}");
    for _ in 0..2 {
        let (good, said) = doctor(&settings);
        assert!(good, "{said}");
        assert_tells(&said, &["brokers", "disk sync", "open files", "memory", "clock", "0 bad"]);
        drop(settings.ingest(None, None));
    }
}
