//! Clippy reads only the nearest clippy.toml: each pure crate's own must say all that the root's says.

use toml::{Table, Value};

use crate::workspace::{pure_directories, read};

/// What the pure crates' files lack of the root's, and which of them differ from one another.
pub(crate) fn missing_in_pure_crates() -> Vec<String> {
    let root = read("clippy.toml");
    let files: Vec<(String, String)> =
        pure_directories().into_iter().map(|at| (at.clone(), read(&format!("{at}/clippy.toml")))).collect();
    let mut found: Vec<String> = files.iter().flat_map(|(at, text)| missing(at, &root, text)).collect();
    found.extend(files.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| {
        format!("{}/clippy.toml differs from {}/clippy.toml: one file for all pure crates", pair[1].0, pair[0].0)
    }));
    found
}

/// What the text `pure`, of the clippy.toml in the directory `at`, lacks of `root`: whole settings, or entries of lists.
pub(crate) fn missing(at: &str, root: &str, pure: &str) -> Vec<String> {
    let (root, pure) = (table(root), table(pure));
    let lacks = |key: &str, what: &Value| format!("{at}/clippy.toml lacks of the root's {key}: {what}");
    root.iter()
        .flat_map(|(key, value)| match (value, pure.get(key)) {
            (Value::Array(all), Some(Value::Array(some))) => {
                all.iter().filter(|entry| !some.contains(entry)).map(|entry| lacks(key, entry)).collect()
            }
            (value, other) if other == Some(value) => vec![],
            _ => vec![lacks(key, value)],
        })
        .collect()
}

fn table(text: &str) -> Table {
    text.parse().expect("a clippy.toml is TOML")
}
