//! SIGKILL at random moments of an import: the same digest as undisturbed, because accepted is durable and folded once.
#![cfg(test)]

use std::time::Duration;

use tests::{
    feeding::{assert_same, generate, import, undisturbed},
    process::Server,
};

/// Kills during the import; `PATRON_KILLS` asks for more.
fn kills() -> u64 {
    std::env::var("PATRON_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// A pause that differs from kill to kill and is the same in every run (a multiplicative generator, Lehmer 1951).
fn pause(kill: u64) -> Duration {
    Duration::from_millis(60 + 16_807_u64.pow(2).wrapping_mul(kill + 3) % 240)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is a matter of time")]
fn kills_during_an_import_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("month.ndjson");
    generate(&file, 10_000 * kills());
    let expected = undisturbed(&file, &dir.path().join("undisturbed"));
    let data_dir = dir.path().join("killed");
    let mut server = Server::start(&data_dir).unwrap();
    let (grpc, mut importing) = (server.grpc.clone(), import(&file, &server.grpc));
    let mut killed_under_way = 0;
    for kill in 0..kills() {
        std::thread::sleep(pause(kill));
        if importing.try_wait().unwrap().is_some() {
            importing = import(&file, &grpc);
        } else {
            killed_under_way += 1;
        }
        server.kill();
        server = Server::start_with(&data_dir, &[("PATRON_GRPC_ADDR", grpc.trim_start_matches("http://"))]).unwrap();
    }
    let ended = importing.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_same(&server.digest(), &expected);
    assert!(killed_under_way * 2 > kills(), "only {killed_under_way} of {} kills met the import under way", kills());
}
