//! Feeding a server from a file, as crash tests need it: generated once, imported by a process of its own.

use std::{
    path::Path,
    process::{Child, Stdio},
};

use crate::process::{Server, command};

/// Writes so many touchpoints of a small chain to a file, the same in each run.
pub fn generate(path: &Path, touchpoints: u64) {
    let (count, path) = (touchpoints.to_string(), path.to_str().expect("UTF-8"));
    let arguments = ["generate", "--seed", "11", "--customers", "3000", "--touchpoints", &count, "--to", path];
    assert!(command(&arguments).status().expect("patron runs").success());
}

/// Begins to import the file, in small batches, so that much of it is under way for long.
pub fn import(file: &Path, grpc: &str) -> Child {
    let mut import = command(&["import", "--batch", "100", file.to_str().expect("UTF-8")]);
    let import = import.env("PATRON_SERVER", grpc).stdout(Stdio::null()).stderr(Stdio::piped());
    import.spawn().expect("patron runs")
}

/// The digest of an undisturbed import into an embedded journal.
pub fn undisturbed(file: &Path, dir: &Path) -> serde_json::Value {
    let server = Server::start(dir).expect("patron starts");
    server.ask(&["import", file.to_str().expect("UTF-8")]);
    server.digest()
}

/// Equal in each part, and so in all.
pub fn assert_same(found: &serde_json::Value, expected: &serde_json::Value) {
    assert_eq!(found["parts"], expected["parts"]);
    assert_eq!(found["state"], expected["state"]);
}
