//! SIGKILL of any process during ingest, brokers that die: every accepted touchpoint is there once, and it goes on by itself.
#![cfg(test)]

use std::time::{Duration, Instant};

use journal::{
    Journal as _,
    kafka::{Cleanup, Cluster as Connection, KafkaJournal, KafkaSettings, TopicSpec},
};
use tests::{
    client,
    feeding::{assert_same, generate, import, undisturbed},
    fleet::Settings,
    kafka::{Cluster, brokers, prefix},
    process::{Server, wait_a_little},
    touchpoints,
};
use tonic::Code;
use tonic_types::StatusExt as _;

/// Kills of each process; `PATRON_FLEET_KILLS` asks for more.
fn kills() -> u64 {
    std::env::var("PATRON_FLEET_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// A pause that differs from kill to kill and is the same in every run (a multiplicative generator, Lehmer 1951).
fn pause(kill: u64) -> Duration {
    Duration::from_millis(80 + 16_807_u64.pow(2).wrapping_mul(kill + 3) % 300)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is a matter of time")]
fn kills_of_every_process_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("month.ndjson");
    generate(&file, 30_000 * kills());
    let expected = undisturbed(&file, &dir.path().join("undisturbed"));

    let settings = Settings::new(&brokers(), &prefix("kills"), 8);
    let data_dir = dir.path().join("killed");
    let mut ingest = settings.ingest(None, None);
    let mut projector = settings.projector(&data_dir, None);
    let mut query = settings.query(&[&projector], None);
    let (doors, shards, reads) = (ingest.grpc.clone(), projector.grpc.clone(), query.grpc.clone());
    let mut importing = import(&file, &doors);
    let mut killed_under_way = 0_u64;
    for kill in 0..3 * kills() {
        std::thread::sleep(pause(kill));
        // Never imported a second time: that would mend what was lost.
        killed_under_way += u64::from(importing.try_wait().unwrap().is_none());
        match kill % 3 {
            0 => {
                ingest.kill();
                ingest = settings.ingest(Some(&doors), None);
            }
            1 => {
                projector.kill();
                projector = settings.projector(&data_dir, Some(&shards));
            }
            _ => {
                query.kill();
                query = settings.query(&[&projector], Some(&reads));
            }
        }
    }
    let ended = importing.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_same(&query.digest(), &expected);
    assert!(killed_under_way * 4 >= 9 * kills(), "only {killed_under_way} kills met the import under way");
}

#[test]
fn one_broker_of_three_dies_during_ingest_and_nothing_accepted_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("month.ndjson");
    generate(&file, 60_000);
    let expected = undisturbed(&file, &dir.path().join("undisturbed"));
    let cluster = Cluster::start(3);
    let settings = Settings::new(&cluster.brokers, "", 8);
    let (ingest, projector) = (settings.ingest(None, None), settings.projector(&dir.path().join("data"), None));
    let mut importing = import(&file, &ingest.grpc);
    until_folded(&projector, 3_000);
    cluster.kill_node(2);
    assert!(importing.try_wait().unwrap().is_none(), "the import ended before the broker died");
    let ended = importing.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_same(&projector.digest(), &expected);
    cluster.start_node(2);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an outage lasts its time")]
fn the_only_broker_is_away_for_twenty_seconds_and_it_goes_on_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("month.ndjson");
    generate(&file, 60_000);
    let expected = {
        let server = Server::start(&dir.path().join("undisturbed")).unwrap();
        server.ask(&["import", file.to_str().unwrap()]);
        runtime().block_on(async {
            client::accept(
                &client::connect(&server).await,
                touchpoints::order("late", 1_000, "user_id:ann", "o1", "5.00"),
            )
            .await;
        });
        server.digest()
    };
    let cluster = Cluster::start(1);
    let settings = Settings::new(&cluster.brokers, "", 8).with("PATRON_INGEST_APPEND_TIMEOUT_MS", "3000");
    let (ingest, projector) = (settings.ingest(None, None), settings.projector(&dir.path().join("data"), None));
    let mut importing = import(&file, &ingest.grpc);
    until_folded(&projector, 3_000);
    assert!(importing.try_wait().unwrap().is_none(), "the import ended before the broker died");
    cluster.kill_node(1);
    let began = Instant::now();
    runtime().block_on(refused_meanwhile(&ingest));
    std::thread::sleep(Duration::from_secs(20).saturating_sub(began.elapsed()));
    cluster.start_node(1);
    let ended = importing.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    runtime().block_on(async {
        let connection = client::connect(&ingest).await;
        client::accept(&connection, touchpoints::order("late", 1_000, "user_id:ann", "o1", "5.00")).await;
    });
    assert_same(&projector.digest(), &expected);
}

/// What is asked after the first contact waits as long as that does: a start meets brokers that are busy with a start of their own.
#[test]
#[expect(clippy::disallowed_methods, reason = "a broker is held up for its time")]
fn a_start_asks_a_broker_again_that_is_held_up_after_its_first_answer() {
    let cluster = Cluster::start(1);
    let open = |patience: Duration| {
        let request_timeout = Duration::from_millis(500);
        let settings = KafkaSettings { request_timeout, ..KafkaSettings::new(&cluster.brokers) };
        let connection = Connection::connect(settings, patience).unwrap();
        let (name, cleanup) = (format!("held-up-{}", patience.as_secs()), Cleanup::Keep);
        let spec = TopicSpec { name, partitions: 2, replication: 0, cleanup, record_bytes_max: 1 << 20 };
        cluster.hold_node(1);
        std::thread::spawn(move || KafkaJournal::open(connection, &spec))
    };
    let impatient = open(Duration::from_secs(2));
    let error = impatient.join().unwrap().unwrap_err().to_string();
    cluster.release_node(1);
    assert!(error.contains("did not say the id of topic held-up-2 in time"), "{error}");

    let patient = open(Duration::from_secs(60));
    std::thread::sleep(Duration::from_secs(4));
    let gave_up = patient.is_finished();
    cluster.release_node(1);
    assert!(!gave_up, "{:?}", patient.join().unwrap());
    let journal = patient.join().unwrap().unwrap();

    // A start asks on, before it folds anything.
    cluster.hold_node(1);
    let ends = std::thread::spawn(move || journal.ends());
    std::thread::sleep(Duration::from_secs(3));
    let gave_up = ends.is_finished();
    cluster.release_node(1);
    assert_eq!((ends.join().unwrap().unwrap(), gave_up), (vec![0, 0], false));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A caller is told that it is not accepted, and when to come again.
async fn refused_meanwhile(ingest: &Server) {
    let connection = client::connect(ingest).await;
    let order = touchpoints::order("late", 1_000, "user_id:ann", "o1", "5.00");
    let status = client::publish(&connection, vec![order]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let details = status.get_error_details();
    assert!(details.retry_info().is_some_and(|info| info.retry_delay.is_some()), "{status:?}");
}

/// Waits until so many touchpoints are folded.
fn until_folded(server: &Server, touchpoints: u64) {
    let until = Instant::now() + Duration::from_secs(60);
    while server.sum("touchpoints") < touchpoints {
        assert!(Instant::now() < until, "not folded: {:?}", server.shards());
        wait_a_little();
    }
}
