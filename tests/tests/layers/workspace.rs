//! The workspace as cargo sees it: `cargo metadata` for this machine's platform, and the manifests' lints.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use serde::Deserialize;

use crate::{
    graph::{Edge, Graph, Kind},
    rules::PURE,
};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Declared>,
}

/// What a manifest declares, optional dependencies too.
#[derive(Deserialize)]
struct Declared {
    name: String,
    kind: Option<String>,
}

/// What cargo really takes, with the features that the whole workspace asks for.
#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Resolved>,
}

#[derive(Deserialize)]
struct Resolved {
    pkg: String,
    dep_kinds: Vec<ResolvedKind>,
}

#[derive(Deserialize)]
struct ResolvedKind {
    kind: Option<String>,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The workspace's members by what they declare, everything else by what is resolved.
pub(crate) fn graph() -> Graph {
    let metadata = metadata();
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    Graph {
        members: metadata.workspace_members.iter().map(|id| names[id.as_str()].to_owned()).collect(),
        edges: declared(&metadata).chain(resolved(&metadata, &names)).collect(),
    }
}

fn declared(metadata: &Metadata) -> impl Iterator<Item = Edge> {
    let members = metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id));
    members.flat_map(|package| package.dependencies.iter().map(|to| edge(&package.name, to.kind.as_deref(), &to.name)))
}

fn resolved<'a>(metadata: &'a Metadata, names: &'a BTreeMap<&str, &str>) -> impl Iterator<Item = Edge> + 'a {
    let deps = metadata.resolve.nodes.iter().flat_map(|node| node.deps.iter().map(move |dep| (&node.id, dep)));
    deps.flat_map(move |(from, dep)| {
        dep.dep_kinds.iter().map(move |kind| edge(names[from.as_str()], kind.kind.as_deref(), names[dep.pkg.as_str()]))
    })
}

fn edge(from: &str, kind: Option<&str>, to: &str) -> Edge {
    let kind = match kind {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => panic!("cargo names a kind of dependency that is not known here: {other}"),
    };
    Edge { from: from.to_owned(), kind, to: to.to_owned() }
}

fn metadata() -> Metadata {
    let platform = host();
    let text = cargo(&["metadata", "--format-version", "1", "--filter-platform", &platform]);
    serde_json::from_str(&text).expect("cargo metadata is JSON of format 1")
}

/// The triple of the compiler's machine: without it cargo would fetch what other platforms need.
fn host() -> String {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo -vV names its host").to_owned()
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// The directories of the pure crates that there are, relative to the root.
pub(crate) fn pure_directories() -> Vec<String> {
    let all = PURE.iter().map(|name| format!("crates/{}", name.trim_start_matches("patron-")));
    all.filter(|directory| root().join(directory).exists()).collect()
}

/// The text of a file of the workspace.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lints of a crate are those of the workspace, and the workspace forbids unsafe code.
pub(crate) fn pure_crates_without_forbidden_unsafe() -> Vec<String> {
    let rule = "a pure crate forbids unsafe code by the workspace's lints";
    let root_forbids = toml_at(&read("Cargo.toml"), &["workspace", "lints", "rust", "unsafe_code"])
        .is_some_and(|level| level.as_str().or(level.get("level").and_then(toml::Value::as_str)) == Some("forbid"));
    let inherits = |directory: &String| {
        toml_at(&read(&format!("{directory}/Cargo.toml")), &["lints", "workspace"]).and_then(|value| value.as_bool())
            == Some(true)
    };
    let mut found: Vec<String> = pure_directories().into_iter().filter(|directory| !inherits(directory)).collect();
    found.extend((!root_forbids).then(|| "the root".to_owned()));
    found.into_iter().map(|place| format!("{place}/Cargo.toml: {rule}")).collect()
}

fn toml_at(text: &str, path: &[&str]) -> Option<toml::Value> {
    let table: toml::Table = text.parse().expect("a manifest is TOML");
    path.iter().try_fold(toml::Value::Table(table), |value, key| value.get(key).cloned())
}
