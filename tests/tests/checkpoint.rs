//! Checkpoints of a real process: made while touchpoints come in, taken back while it is stopped, refused, and killed halfway.
#![cfg(test)]

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;
use tests::{
    feeding::{assert_same, generate, import},
    process::{Server, command, up, wait_a_little},
};

fn ask(server: &Server, arguments: &[&str]) -> Value {
    let arguments = [&["checkpoint"], arguments, &["--output", "json"]].concat();
    serde_json::from_str(&server.ask(&arguments)).unwrap()
}

fn listed(server: &Server) -> Vec<Value> {
    ask(server, &["list"])["checkpoints"].as_array().cloned().unwrap_or_default()
}

fn restore(data: &Path, name: &str, more: &[&str]) -> Output {
    let arguments = [&["checkpoint", "restore", name, "--data-dir", data.to_str().unwrap()], more].concat();
    command(&arguments).output().unwrap()
}

fn restored(data: &Path, name: &str) -> String {
    let output = restore(data, name, &[]);
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complained}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a restore that must fail and change nothing.
fn refusal(data: &Path, name: &str, more: &[&str]) -> String {
    let live = || fs::read_to_string(data.join("generations/live")).unwrap();
    let before = (live(), names(&data.join("generations")));
    let output = restore(data, name, more);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert_eq!((live(), names(&data.join("generations"))), before, "{said}");
    said
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Records that a checkpoint has folded.
fn records(checkpoint: &Value) -> u64 {
    let applied = checkpoint["applied"].as_object().unwrap();
    applied.values().map(|next| next.as_str().unwrap().parse::<u64>().unwrap()).sum()
}

/// How many records the shards of a server have folded.
fn folded(server: &Server) -> u64 {
    let status: Value = serde_json::from_str(&server.ask(&["status", "--output", "json"])).unwrap();
    let shards = status["shards"].as_array().cloned().unwrap_or_default();
    shards.iter().filter_map(|shard| shard["appliedOffset"].as_str()?.parse::<u64>().ok()).sum()
}

#[test]
fn a_checkpoint_made_under_load_and_its_tail_give_the_same_state() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("feed.ndjson"));
    generate(&file, 20_000);
    let server = Server::start(&data).unwrap();
    let mut feeding = import(&file, &server.grpc);
    while folded(&server) == 0 {
        wait_a_little();
    }
    let made = ask(&server, &["create", "early"])["checkpoint"].clone();
    assert!(feeding.wait().unwrap().success());
    server.caught_up();
    let late = ask(&server, &["create"])["checkpoint"].clone();
    assert_eq!(late["digest"], server.digest()["state"]);
    assert_eq!(records(&late), 20_000);
    assert!(0 < records(&made) && records(&made) < 20_000, "not made under way: {made}");
    let mut both = vec![late, made.clone()];
    both.sort_by_key(|checkpoint| checkpoint["name"].as_str().unwrap().to_owned());
    assert_eq!(listed(&server), both);
    let said = String::from_utf8(server.run(&["checkpoint", "create", "early"]).stderr).unwrap();
    assert!(said.contains("choose another name"), "{said}");
    let said = String::from_utf8(server.run(&["checkpoint", "create", "a/b"]).stderr).unwrap();
    assert!(said.contains("letters, digits"), "{said}");

    let before = server.digest();
    let said = refusal(&data, "early", &[]);
    assert!(said.contains("in use by another process; stop"), "{said}");
    assert!(server.terminate().success());

    // Even where the live state is gone.
    fs::remove_dir_all(data.join("generations/00000001")).unwrap();
    let said = restored(&data, "early");
    let tail = 20_000 - records(&made);
    assert!(said.contains("generation 2") && said.contains(&format!("folds {tail} records")), "{said}");
    let server = Server::start(&data).unwrap();
    assert_same(&server.digest(), &before);
    assert_eq!(listed(&server), both, "a checkpoint is still there once it was taken back");
    server.kill();

    // Taken back once more, over a state that is there; the start removes that one.
    restored(&data, "early");
    assert_eq!(names(&data.join("generations")), ["00000002", "00000003", "live"]);
    let server = Server::start(&data).unwrap();
    assert_same(&server.digest(), &before);
    assert_eq!(names(&data.join("generations")), ["00000003", "live"]);
}

#[test]
fn what_is_not_whole_or_does_not_fit_is_refused_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("feed.ndjson"));
    generate(&file, 1_000);
    let server = Server::start(&data).unwrap();
    server.ask(&["import", file.to_str().unwrap()]);
    server.caught_up();
    ask(&server, &["create", "one"]);
    let before = server.digest();
    assert!(server.terminate().success());

    let output = restore(&data, "two", &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let config = dir.path().join("other.toml");
    fs::write(&config, "[identity.limits]\nemail = 1\n").unwrap();
    let said = refusal(&data, "one", &["--config", config.to_str().unwrap()]);
    assert!(said.contains("identity.limits.email is 5 in the state and 1 in the configuration"), "{said}");
    fs::write(&config, "hash_key = \"another key than that of the state\"\n").unwrap();
    let said = refusal(&data, "one", &["--config", config.to_str().unwrap()]);
    assert!(said.contains("hash_key"), "{said}");

    let state = data.join("checkpoints/one/state");
    let table = names(&state).into_iter().find(|name| name.ends_with(".sst")).unwrap();
    let path = state.join(&table);
    let bytes = fs::read(&path).unwrap();
    // Another file of that name: the live state has the same one by hard link.
    fs::remove_file(&path).unwrap();
    let said = refusal(&data, "one", &[]);
    assert!(said.contains(&table) && said.contains("absent") && said.contains("rebuilt from the journal"), "{said}");
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    fs::write(&path, changed).unwrap();
    let said = refusal(&data, "one", &[]);
    assert!(said.contains(&table) && said.contains("changed") && said.contains("take another one"), "{said}");

    let server = Server::start(&data).unwrap();
    assert_same(&server.digest(), &before);
    assert!(server.terminate().success());
    fs::write(&path, bytes).unwrap();
    restored(&data, "one");
    assert_same(&Server::start(&data).unwrap().digest(), &before);
}

#[test]
fn a_kill_while_one_is_made_leaves_it_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("feed.ndjson"));
    generate(&file, 8_000);
    let mut server = Server::start(&data).unwrap();
    server.ask(&["import", file.to_str().unwrap()]);
    let before = server.digest();
    let mut met = 0;
    for round in 0..6 {
        let mut making = command(&["checkpoint", "create", &format!("round-{round}")]);
        let making = making.env("PATRON_SERVER", &server.grpc).stdout(Stdio::null()).stderr(Stdio::null());
        let mut making = making.spawn().unwrap();
        let partial = data.join(format!("checkpoints/.partial-round-{round}"));
        // A little further each time: begun, with files, copied.
        let files = [0, 1, 4].get(round / 2).copied().unwrap();
        let begun =
            || partial.join("state").read_dir().map_or(0, Iterator::count) + usize::from(partial.exists()) > files;
        while !begun() && making.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        server.kill();
        making.wait().unwrap();
        met += usize::from(partial.exists());
        server = Server::spawn(up(&data)).unwrap();
        assert!(!partial.exists(), "a start removes what was broken off");
        for checkpoint in listed(&server) {
            assert_eq!((&checkpoint["digest"], records(&checkpoint)), (&before["state"], 8_000), "{checkpoint}");
        }
    }
    assert!(met > 0, "no kill met the making");
    ask(&server, &["create", "whole"]);
    assert!(server.terminate().success());
    restored(&data, "whole");
    assert_same(&Server::start(&data).unwrap().digest(), &before);
}
