//! Kills while a new generation is loaded all together, through files as there is little memory: each start begins the load anew, and
//! what comes of it is the state of the live one.
#![cfg(test)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use tests::{
    feeding::assert_same,
    process::{Server, wait_a_little},
};

const TOUCHPOINTS: u64 = 20_000;
const LITTLE: [(&str, &str); 2] =
    [("PATRON_REBUILD_MEMORY_BYTES", "400000"), ("PATRON_PROJECTOR_BATCH_RECORDS_MAX", "100")];

fn ask(server: &Server, command: &str) -> Value {
    serde_json::from_str(&server.ask(&["rebuild", command, "--output", "json"])).unwrap()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_str().map_or(0, |text| text.parse().unwrap())
}

/// Waits until so many records are loaded, or all of them; how many were.
fn loaded(server: &Server, records: u64) -> u64 {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let rebuild = ask(server, "status")["rebuild"].clone();
        let loaded = number(&rebuild, "recordsFolded");
        if loaded >= records || rebuild["building"]["lag"].is_null() {
            return loaded;
        }
        assert!(Instant::now() < until, "{rebuild}");
    }
}

fn files(data: &Path) -> usize {
    std::fs::read_dir(data.join("generations/00000002/bulk")).map_or(0, Iterator::count)
}

#[test]
fn kills_in_the_middle_of_a_load_leave_nothing_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut server = Server::start_with(&data, &LITTLE).unwrap();
    let touchpoints = TOUCHPOINTS.to_string();
    let generate = ["generate", "--seed", "9", "--customers", "300", "--touchpoints", &touchpoints, "--server"];
    server.ask(&[generate.as_slice(), &[&server.grpc]].concat());
    let live = server.digest();
    ask(&server, "start");
    let mut met = 0;
    for round in 0..8 {
        // A little further each time: before anything is read, while it is read, while it is sorted and folded.
        loaded(&server, round * TOUCHPOINTS / 8);
        server.kill();
        met += usize::from(files(&data) > 0);
        server = Server::start_with(&data, &LITTLE).unwrap();
    }
    assert!(met > 0, "no kill met the load");
    let until = Instant::now() + Duration::from_secs(120);
    while loaded(&server, TOUCHPOINTS) < TOUCHPOINTS || !ask(&server, "status")["rebuild"]["building"]["lag"].is_null()
    {
        assert!(Instant::now() < until, "it does not end");
        wait_a_little();
    }
    let diff = ask(&server, "diff");
    assert_eq!(diff["sameOffsets"], true, "{diff}");
    let digests = diff["digests"].as_array().unwrap();
    assert!(digests.len() > 10 && digests.iter().all(|part| part["live"] == part["other"]), "{diff}");
    assert_eq!(
        (number(&diff, "same"), number(&diff, "liveCustomers")),
        (number(&diff, "otherCustomers"), number(&diff, "same"))
    );
    ask(&server, "promote");
    assert_same(&server.digest(), &live);
    assert!(!data.join("generations/00000002/bulk").exists());
    // A full verify is such a load, too.
    server.ask(&["verify"]);
}
