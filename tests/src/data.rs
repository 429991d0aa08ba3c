//! Where the real data sets lie: `PATRON_DATA`, by default `../shared/data` beside the project.

use std::path::PathBuf;

/// A file of the data sets; `None`, with a word on why, where the folder is absent.
pub fn file(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    let folder = std::env::var_os("PATRON_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        eprint_skip(&path);
        return None;
    }
    Some(path)
}

#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
fn eprint_skip(path: &std::path::Path) {
    eprintln!("SKIPPED: {} is absent; set PATRON_DATA to the folder of the data sets", path.display());
}
