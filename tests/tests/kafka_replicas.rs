//! Several projectors: one a data directory, replicas beside one another, and a front that asks whichever is there.
#![cfg(test)]

use std::time::{Duration, Instant};

use tests::{
    client,
    fleet::Settings,
    kafka::{brokers, prefix},
    process::{Server, wait_a_little},
    touchpoints::order,
};

fn generate_into(server: &Server, seed: &str, touchpoints: &str) {
    server.ask(&[
        "generate",
        "--seed",
        seed,
        "--customers",
        "500",
        "--touchpoints",
        touchpoints,
        "--server",
        &server.grpc,
    ]);
}

/// What a command that must not come up says.
fn refused(mut command: std::process::Command) -> String {
    let output = command.stderr(std::process::Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
    said
}

#[test]
#[expect(clippy::disallowed_methods, reason = "beyond every timeout is a matter of time")]
fn a_stopped_projector_keeps_its_directory_and_a_replica_is_right_without_harming_it() {
    let dir = tempfile::tempdir().unwrap();
    let settings =
        Settings::new(&brokers(), &prefix("replicas"), 8).with("PATRON_KAFKA_PROPERTIES_SESSION_TIMEOUT_MS", "6000");
    let ingest = settings.ingest(None, None);
    let first = settings.projector(&dir.path().join("first"), None);
    generate_into(&ingest, "1", "5000");
    let before = first.digest();
    first.signal("STOP");
    // Longer than the session, the fetch and the keep-alive timeouts.
    std::thread::sleep(Duration::from_secs(10));

    let mut same_directory = settings.command("projector");
    same_directory.arg("--data-dir").arg(dir.path().join("first"));
    let said = refused(same_directory);
    assert!(said.contains("in use") && said.contains("first"), "{said}");

    let second = settings.projector(&dir.path().join("second"), None);
    assert_eq!(second.digest()["state"], before["state"]);
    generate_into(&ingest, "2", "5000");
    let after = second.digest();
    assert_ne!(after["state"], before["state"]);
    first.signal("CONT");
    assert_eq!(first.digest()["state"], after["state"]);
    assert_eq!(second.digest()["state"], after["state"]);
    assert!(first.terminate().success() && second.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_asks_whichever_projector_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::new(&brokers(), &prefix("front"), 4);
    let ingest = settings.ingest(None, None);
    let [first, second] = ["first", "second"].map(|name| settings.projector(&dir.path().join(name), None));
    let fronts = [settings.query(&[&first, &second], None), settings.query(&[&second, &first], None)];
    let position =
        client::accept(&client::connect(&ingest).await, order("1", 1_000, "user_id:ann", "o1", "5.00")).await;
    let orders = async |front: &Server| {
        let customer = client::customer(&client::connect(front).await, "user_id:ann", Some(position)).await;
        client::count(&customer.unwrap(), "orders")
    };
    for front in &fronts {
        assert_eq!(orders(front).await, 1);
    }
    // One is killed; the other is stopped and wakes again: answers go on, at the latest when the silence is noticed.
    first.kill();
    for front in &fronts {
        assert_eq!(orders(front).await, 1);
    }
    second.signal("STOP");
    let third = settings.projector(&dir.path().join("third"), None);
    let front = settings.query(&[&second, &third], None);
    let began = Instant::now();
    assert_eq!(orders(&front).await, 1);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // Callers in a hurry are not led to the silent one for ever.
    let hurried = settings.query(&[&second, &third], None);
    let began = Instant::now();
    while client::hurried(&client::connect(&hurried).await, "user_id:ann", Duration::from_secs(1)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "no failover for callers with short deadlines");
    }
    second.signal("CONT");
    drop((second, third));
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let status = client::customer(&client::connect(&fronts[0]).await, "user_id:ann", None).await.unwrap_err();
        if status.code() == tonic::Code::Unavailable {
            assert!(status.message().contains("no projector"), "{status}");
            return;
        }
        assert!(Instant::now() < until, "{status}");
        wait_a_little();
    }
}
