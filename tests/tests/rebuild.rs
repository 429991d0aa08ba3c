//! Rebuilding the state beside the one that is served: compared, promoted, taken back, dropped, and killed at any moment.
#![cfg(test)]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tests::{
    client::{connect, customer},
    feeding::assert_same,
    process::{Server, up, wait_a_little},
    touchpoints::{identifier_of, touchpoint},
};

/// One more e-mail address is one too many.
const STRICT: &str = "[identity.limits]\nemail = 1\n";

fn write_config(dir: &Path, text: &str) -> PathBuf {
    let file = dir.join("new.toml");
    std::fs::write(&file, text).unwrap();
    file
}

fn start_with_config(data_dir: &Path, config: &Path) -> anyhow::Result<Server> {
    let mut command = up(data_dir);
    command.arg("--config").arg(config);
    Server::spawn(command)
}

fn generate(server: &Server, seed: &str, touchpoints: &str) {
    let grpc = server.grpc.as_str();
    server.ask(&["generate", "--seed", seed, "--customers", "150", "--touchpoints", touchpoints, "--server", grpc]);
}

/// A card with two e-mail addresses, one after the other.
fn link(server: &Server) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("links.ndjson");
    let linked = |(message, email): (&str, &str)| {
        let mut linked = touchpoint("identifiers_linked", message, 1_700_000_000, "loyalty_card:4711");
        linked.identifiers.push(identifier_of(email));
        proto::json::to_line(&linked) + "\n"
    };
    let lines: String =
        [("l1", "email:one@x.example"), ("l2", "email:two@x.example")].into_iter().map(linked).collect();
    std::fs::write(&file, lines).unwrap();
    server.ask(&["import", file.to_str().unwrap()]);
}

fn ask(server: &Server, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> =
        ["rebuild"].into_iter().chain(arguments.iter().copied()).chain(["--output", "json"]).collect();
    serde_json::from_str(&server.ask(&arguments)).unwrap()
}

fn start(server: &Server, config: &Path) -> Value {
    ask(server, &["start", "--config", config.to_str().unwrap()])
}

/// Waits until the generation being built has folded everything.
fn built(server: &Server) -> Value {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let rebuild = ask(server, &["status"])["rebuild"].clone();
        if rebuild["state"] == "REBUILD_STATE_CAUGHT_UP" && rebuild["building"]["lag"].is_null() {
            return rebuild;
        }
        assert!(Instant::now() < until, "not built: {rebuild}");
        wait_a_little();
    }
}

/// Standard error of a command that must fail.
fn refusal(server: &Server, arguments: &[&str]) -> String {
    let output = server.run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    said
}

/// Standard error of a start that must be refused.
fn refused_start(mut command: std::process::Command) -> String {
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn generations(data_dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data_dir.join("generations")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with('0'));
    names.sort();
    names
}

fn wait_for_generations(data_dir: &Path, expected: &[&str]) {
    let until = Instant::now() + Duration::from_secs(30);
    while generations(data_dir) != expected {
        assert!(Instant::now() < until, "{:?} lie there", generations(data_dir));
        wait_a_little();
    }
}

/// The sum of a counter over its labels.
fn metric(server: &Server, name: &str) -> u64 {
    let address = server.http.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let of_name = answer.lines().filter(|line| line.starts_with(name));
    of_name.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

fn number<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("0")
}

/// Reads one customer again and again; returns the number of reads once told to stop, and panics if one fails.
async fn read_on(server: &Server, stop: Arc<AtomicBool>, reads: Arc<AtomicU64>) -> tokio::task::JoinHandle<()> {
    let connection = connect(server).await;
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            customer(&connection, "loyalty_card:4711", None).await.expect("no read fails");
            reads.fetch_add(1, Ordering::Relaxed);
        }
    })
}

async fn reads_go_on(reads: &AtomicU64) {
    let (before, until) = (reads.load(Ordering::Relaxed), Instant::now() + Duration::from_secs(30));
    while reads.load(Ordering::Relaxed) < before + 20 {
        assert!(Instant::now() < until, "reads stand still");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rules_are_built_compared_promoted_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), write_config(dir.path(), STRICT));
    let server = Server::start(&data).unwrap();
    generate(&server, "5", "3000");
    link(&server);
    server.caught_up();

    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let reader = read_on(&server, Arc::clone(&stop), Arc::clone(&reads)).await;
    let begun = start(&server, &config);
    assert_eq!(begun["differences"], serde_json::json!(["identity.limits.email: 5 → 1"]));
    generate(&server, "6", "2000");
    reads_go_on(&reads).await;
    server.caught_up();
    assert_eq!(built(&server)["recordsFolded"], "5002");

    let folded =
        ["touchpoints", "copies", "conflicts"].map(|what| metric(&server, &format!("patron_projector_{what}_total")));
    assert_eq!(folded.iter().sum::<u64>(), 5_002, "metrics are those of the live generation alone: {folded:?}");

    let diff = ask(&server, &["diff", "--examples", "1000"]);
    assert_eq!(diff["sameOffsets"], true, "{diff}");
    assert_ne!(number(&diff, "otherIdentifiers"), "0");
    let examples = diff["examples"].as_array().unwrap();
    let ours = |example: &&Value| example["live"] == "email:one@x.example, email:two@x.example, loyalty_card:4711";
    let example = examples.iter().find(ours).unwrap_or_else(|| panic!("{diff}"));
    assert_eq!(
        (&example["field"], &example["other"]),
        (&"identifiers".into(), &"email:one@x.example, loyalty_card:4711".into())
    );
    let part =
        |name: &str| diff["digests"].as_array().unwrap().iter().find(|part| part["part"] == name).unwrap().clone();
    assert_eq!(part("touchpoints")["live"], part("touchpoints")["other"]);
    assert_ne!(part("customers")["live"], part("customers")["other"]);

    let old = server.digest();
    assert_eq!(part("state")["live"], old["state"]);
    let promoted = ask(&server, &["promote"]);
    assert!(promoted["configurationNote"].as_str().unwrap().contains("identity.limits.email is 5 there and must be 1"));
    reads_go_on(&reads).await;
    let strict = server.digest();
    assert_eq!(part("state")["other"], strict["state"]);

    // Both keep folding: what comes in now is in either.
    generate(&server, "7", "1000");
    let fresh = |name: &str, config: Option<&Path>| {
        let dir = dir.path().join(name);
        let server = config.map_or_else(|| Server::start(&dir), |config| start_with_config(&dir, config)).unwrap();
        for (seed, touchpoints) in [("5", "3000"), ("6", "2000"), ("7", "1000")] {
            generate(&server, seed, touchpoints);
        }
        server
    };
    let (loose, tight) = (fresh("loose", None), fresh("tight", Some(&config)));
    link(&loose);
    link(&tight);
    assert_same(&server.digest(), &tight.digest());
    let back = ask(&server, &["rollback"]);
    assert!(back["configurationNote"].is_null(), "{back}");
    reads_go_on(&reads).await;
    assert_same(&server.digest(), &loose.digest());
    ask(&server, &["rollback"]);
    assert_same(&server.digest(), &tight.digest());

    let said = refusal(&server, &["rebuild", "start"]);
    assert!(said.contains("patron rebuild finish"), "{said}");
    assert_eq!(ask(&server, &["finish"])["rebuild"]["state"], "REBUILD_STATE_NONE");
    reads_go_on(&reads).await;
    stop.store(true, Ordering::Relaxed);
    reader.await.unwrap();
    wait_for_generations(&data, &["00000002"]);

    assert!(server.terminate().success());
    let said = refused_start(up(&data));
    assert!(said.contains("identity.limits.email is 1 in the state and 5 in the configuration"), "{said}");
    assert!(said.contains("patron rebuild start --config"), "{said}");
    let server = start_with_config(&data, &config).unwrap();
    assert_same(&server.digest(), &tight.digest());
}

#[test]
fn what_cannot_be_done_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), write_config(dir.path(), STRICT));
    let server = Server::start(&data).unwrap();
    for (command, remedy) in [
        ("promote", "patron rebuild start"),
        ("abort", "patron rebuild start"),
        ("diff", "patron rebuild start"),
        ("rollback", "no previous generation"),
        ("finish", "no previous generation"),
    ] {
        let said = refusal(&server, &["rebuild", command]);
        assert!(said.contains(remedy), "{command}: {said}");
    }
    let wrong = dir.path().join("wrong.toml");
    std::fs::write(&wrong, "[identity.limits]\nemail = \"many\"\n").unwrap();
    let said = refusal(&server, &["rebuild", "start", "--config", wrong.to_str().unwrap()]);
    assert!(said.contains("email") && said.contains("wrong.toml"), "{said}");

    start(&server, &config);
    let said = refusal(&server, &["rebuild", "start"]);
    assert!(said.contains("patron rebuild abort"), "{said}");
    assert_eq!(ask(&server, &["abort"])["rebuild"]["state"], "REBUILD_STATE_NONE");
    wait_for_generations(&data, &["00000001"]);
    // Another number: the dropped one may still be read.
    start(&server, &config);
    assert_eq!(generations(&data), ["00000001", "00000003"]);
    assert!(server.terminate().success());

    let mut changed = up(&data);
    changed.arg("--config").arg(&config);
    let said = refused_start(changed);
    assert!(said.contains("identity.limits.email is 5 in the state and 1 in the configuration"), "{said}");
}

#[test]
fn the_state_of_earlier_versions_is_taken_over() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).unwrap();
    generate(&server, "5", "500");
    let before = server.digest();
    assert!(server.terminate().success());
    std::fs::rename(store::live_dir(data.path()).unwrap(), data.path().join("state")).unwrap();
    std::fs::remove_dir_all(data.path().join("generations")).unwrap();
    let server = Server::start(data.path()).unwrap();
    assert_same(&server.digest(), &before);
    assert!(!data.path().join("state").exists());
}

#[test]
fn kills_while_building_cost_nothing_but_time() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), write_config(dir.path(), STRICT));
    let mut server = Server::start_with(&data, &[("PATRON_PROJECTOR_BATCH_RECORDS_MAX", "50")]).unwrap();
    generate(&server, "5", "20000");
    link(&server);
    let old = server.digest();
    start(&server, &config);
    let mut met = 0;
    for round in 1..=8_u64 {
        // A little further each time, so that kills meet the building at different places.
        let until = Instant::now() + Duration::from_secs(60);
        let folded = loop {
            let rebuild = ask(&server, &["status"])["rebuild"].clone();
            let folded: u64 = number(&rebuild, "recordsFolded").parse().unwrap();
            if folded >= round * 1_500 || rebuild["building"]["lag"].is_null() {
                break folded;
            }
            assert!(Instant::now() < until, "{rebuild}");
        };
        met += u64::from(folded < 20_000);
        server.kill();
        std::fs::create_dir_all(data.join("generations/00000009")).unwrap();
        server = Server::start_with(&data, &[("PATRON_PROJECTOR_BATCH_RECORDS_MAX", "50")]).unwrap();
        assert_eq!(generations(&data), ["00000001", "00000002"], "leftovers are removed, what is being built is not");
    }
    assert!(met > 0, "no kill met the building");
    built(&server);
    assert_same(&server.digest(), &old);
    ask(&server, &["promote"]);
    let strict = server.digest();
    // Promoted is promoted, whatever is killed; the previous one is still there.
    server.kill();
    let server = start_with_config(&data, &config).unwrap();
    assert_same(&server.digest(), &strict);
    let (tight, other) = (dir.path().join("tight"), write_config(dir.path(), STRICT));
    let tight = start_with_config(&tight, &other).unwrap();
    generate(&tight, "5", "20000");
    link(&tight);
    assert_same(&tight.digest(), &strict);
    let back = ask(&server, &["rollback"]);
    assert!(back["configurationNote"].as_str().unwrap().contains("identity.limits.email is 1 there and must be 5"));
    assert_same(&server.digest(), &old);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is a matter of time")]
fn a_kill_around_a_promotion_leaves_the_old_or_the_new() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), write_config(dir.path(), STRICT));
    let mut server = Server::start(&data).unwrap();
    generate(&server, "5", "2000");
    link(&server);
    let old = server.digest();
    let (mut olds, mut news, mut strict) = (0, 0, None);
    for round in 0..6 {
        if ask(&server, &["status"])["rebuild"]["building"].is_null() {
            start(&server, &config);
        }
        built(&server);
        let mut promoting = tests::process::command(&["rebuild", "promote"]);
        let mut promoting = promoting.env("PATRON_SERVER", &server.grpc).stdout(std::process::Stdio::null());
        promoting = promoting.stderr(std::process::Stdio::null());
        let mut promoting = promoting.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 5));
        server.kill();
        promoting.wait().unwrap();
        match Server::spawn(quiet(up(&data))) {
            Ok(still) => {
                assert_same(&still.digest(), &old);
                assert!(!ask(&still, &["status"])["rebuild"]["building"].is_null(), "it is still being built");
                (server, olds) = (still, olds + 1);
            }
            Err(_) => {
                let promoted = start_with_config(&data, &config).unwrap();
                let digest = promoted.digest();
                assert_eq!(strict.get_or_insert(digest.clone())["state"], digest["state"]);
                assert_ne!(digest["state"], old["state"]);
                ask(&promoted, &["rollback"]);
                ask(&promoted, &["finish"]);
                assert!(promoted.terminate().success());
                (server, news) = (Server::start(&data).unwrap(), news + 1);
            }
        }
    }
    assert_eq!(olds + news, 6);
}

/// A start that may be refused says so to nobody.
fn quiet(mut command: std::process::Command) -> std::process::Command {
    command.stderr(std::process::Stdio::piped());
    command
}
