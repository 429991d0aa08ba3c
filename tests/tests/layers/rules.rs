//! The drawing as rules: which crate may know which, who alone may name a library, and what a pure crate never reaches.

use crate::graph::{Edge, Graph, Kind};

/// The domain: a pure function of its arguments.
pub(crate) const PURE: [&str; 6] =
    ["patron-types", "patron-definition", "patron-expr", "patron-identity", "patron-profile", "patron-segment"];

/// The workspace's own packages that a crate may need, in itself or in its build script, and the rule in words.
fn allowed(package: &str) -> Option<(Vec<&'static str>, &'static str)> {
    let with_domain = |others: &[&'static str]| [others, &PURE].concat();
    Some(match package {
        "patron-types" => (vec![], "types knows no other crate of ours"),
        name if PURE.contains(&name) => (PURE.to_vec(), "a domain crate knows only domain crates"),
        "patron-proto" => (vec!["patron-types"], "proto knows only types"),
        "patron-journal" => (vec![], "the journal knows no other crate of ours"),
        "patron-store" => (PURE.to_vec(), "the store knows only domain crates"),
        "patron-ingest" => (
            vec![
                "patron-journal",
                "patron-proto",
                "patron-types",
                "patron-definition",
                "patron-expr",
                "patron-identity",
                "patron-segment",
            ],
            "ingest knows journal, proto and domain crates: never the store, never the fold",
        ),
        "patron-projector" => (
            with_domain(&["patron-store", "patron-journal", "patron-proto"]),
            "the projector knows store, journal, proto and domain crates",
        ),
        "patron-query" => (
            with_domain(&["patron-store", "patron-proto"]),
            "query knows store, proto and domain crates: never the journal",
        ),
        "patron" | "patron-tests" | "patron-benches" => (
            with_domain(&[
                "patron",
                "patron-ingest",
                "patron-projector",
                "patron-query",
                "patron-store",
                "patron-journal",
                "patron-proto",
                "patron-benches",
            ]),
            "the top knows every crate but tests",
        ),
        _ => return None,
    })
}

/// Libraries that a single crate may name, even in its tests: the packages, that crate, and who may too.
const SOLE_OWNERS: [(&[&str], &str, &[&str]); 4] = [
    (&["rocksdb", "librocksdb-sys"], "patron-store", &["patron-benches"]),
    (&["rdkafka", "rdkafka-sys"], "patron-journal", &["patron-benches"]),
    (&["parquet", "arrow", "duckdb"], "patron", &[]),
    (&["cel", "cel-parser", "cel-interpreter"], "patron-expr", &[]),
];

/// What no pure crate reaches by normal dependencies, and why. `getrandom` is not among them, as `uuid` brings it for the
/// crates that mint ids; the pure crates' clippy.toml bans its use.
const IMPURE: [(&str, &[&str]); 7] = [
    ("runs tasks", &["tokio", "tokio-util", "tokio-stream", "futures", "futures-executor", "smol", "mio"]),
    ("runs threads", &["rayon", "crossbeam-channel", "parking_lot"]),
    ("stores", &["rocksdb", "librocksdb-sys", "tempfile", "memmap2", "rusqlite"]),
    (
        "speaks to the network",
        &["rdkafka", "rdkafka-sys", "tonic", "tonic-prost", "axum", "hyper", "h2", "tower", "socket2"],
    ),
    ("is random", &["rand", "rand_chacha", "rand_distr", "fastrand"]),
    ("reports", &["metrics", "metrics-exporter-prometheus", "tracing", "tracing-subscriber"]),
    ("reads the clock", &["chrono", "time", "quanta"]),
];

/// What a pure crate may reach over one library, because that library keeps it to itself.
const KEPT_INSIDE: [(&str, &str, &str); 1] = [("cel", "parking_lot", "the parser's tables lie under a lock")];

/// Every breach of the rules, each naming the edge and the rule.
pub(crate) fn violations(graph: &Graph) -> Vec<String> {
    let mut found = unknown_members(graph);
    found.extend(graph.edges_of_members().filter_map(|edge| forbidden_edge(graph, edge)));
    found.extend(graph.edges_of_members().filter_map(foreign_library));
    found.extend(
        graph.members.iter().filter(|name| PURE.contains(&name.as_str())).flat_map(|name| impurities(graph, name)),
    );
    found
}

fn unknown_members(graph: &Graph) -> Vec<String> {
    let unknown = graph.members.iter().filter(|name| allowed(name).is_none());
    unknown
        .map(|name| format!("{name} has no place in the drawing: give it one in tests/tests/layers/rules.rs"))
        .collect()
}

/// Tests may need what the crate itself may not.
fn forbidden_edge(graph: &Graph, edge: &Edge) -> Option<String> {
    let (targets, rule) = allowed(&edge.from)?;
    let ours = graph.members.contains(&edge.to);
    let lawful = edge.kind == Kind::Dev || targets.contains(&edge.to.as_str());
    (ours && !lawful).then(|| format!("{} -> {}: {rule}", edge.from, edge.to))
}

fn foreign_library(edge: &Edge) -> Option<String> {
    let (_, owner, too) = SOLE_OWNERS.iter().find(|(packages, ..)| packages.contains(&edge.to.as_str()))?;
    let lawful = edge.from == *owner || too.contains(&edge.from.as_str());
    (!lawful).then(|| format!("{} -> {}: only {owner} names {}", edge.from, edge.to, edge.to))
}

fn impurities(graph: &Graph, member: &str) -> Vec<String> {
    let closure = graph.normal_closure(member);
    let reached = IMPURE.iter().flat_map(|(why, names)| names.iter().map(move |name| (why, name)));
    reached
        .filter_map(|(why, name)| closure.get(name).map(|path| (why, name, path)))
        .filter(|(_, name, path)| !kept_inside(name, path))
        .map(|(why, name, path)| (why, name, path.join(" -> ")))
        .map(|(why, name, path)| format!("{path}: {member} is pure, and {name} {why}"))
        .collect()
}

fn kept_inside(name: &str, path: &[&str]) -> bool {
    KEPT_INSIDE.iter().any(|(library, kept, _)| *kept == name && path.contains(library))
}
