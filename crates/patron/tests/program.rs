//! The program itself: it starts, says what it is, and tells usage errors apart. Its being tested here also makes cargo build the
//! binary that the end-to-end tests start.
#![cfg(test)]

use std::process::{Command, Output};

fn patron(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_patron")).args(arguments).output().unwrap()
}

#[test]
fn it_says_its_version_and_helps() {
    let version = patron(&["--version"]);
    assert!(version.status.success());
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), concat!("patron ", env!("CARGO_PKG_VERSION")));
    let help = String::from_utf8_lossy(&patron(&["help"]).stdout).into_owned();
    for command in ["up", "demo", "import", "generate", "customer", "status", "digest", "config"] {
        assert!(help.contains(&format!("\n  {command}")), "{command}: {help}");
    }
}

#[test]
fn what_is_not_understood_ends_with_2_and_nobody_there_with_1() {
    assert_eq!(patron(&["serve"]).status.code(), Some(2));
    let nobody = patron(&["status", "--server", "http://127.0.0.1:1"]);
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert_eq!(nobody.status.code(), Some(1), "{said}");
    assert!(said.contains("http://127.0.0.1:1") && said.contains("patron up"), "{said}");
}
