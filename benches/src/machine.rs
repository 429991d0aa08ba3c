//! The machine that is measured on: a folder for what is made, and how busy it is.

use std::path::Path;

use anyhow::{Context, Result};

/// A folder that goes when the run ends, in `dir` or where the system keeps such.
///
/// # Errors
/// The file system's.
pub fn scratch(prefix: &str, dir: Option<&Path>) -> Result<tempfile::TempDir> {
    let builder = tempfile::Builder::new().prefix(prefix).to_owned();
    match dir {
        Some(dir) => builder.tempdir_in(dir),
        None => builder.tempdir(),
    }
    .context("make a folder for the databases")
}

/// Load averages over 1, 5 and 15 minutes; figures taken beside other work are worth less.
pub fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned()).trim().to_owned()
}
