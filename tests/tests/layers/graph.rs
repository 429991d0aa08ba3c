//! A dependency graph by package names: what the rules are evaluated over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a dependency is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The crate itself.
    Normal,
    /// Its build script.
    Build,
    /// Its tests, examples and benchmarks.
    Dev,
}

/// One package needs another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) kind: Kind,
    pub(crate) to: String,
}

/// The workspace's own packages, and every edge from them and among what they need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) members: BTreeSet<String>,
    pub(crate) edges: BTreeSet<Edge>,
}

impl Graph {
    /// The edges that leave a workspace member.
    pub(crate) fn edges_of_members(&self) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(|edge| self.members.contains(&edge.from))
    }

    /// For each package in the normal closure of `start`, one shortest path to it, `start` first.
    pub(crate) fn normal_closure<'a>(&'a self, start: &'a str) -> BTreeMap<&'a str, Vec<&'a str>> {
        let mut paths = BTreeMap::from([(start, vec![start])]);
        let mut open = VecDeque::from([start]);
        while let Some(from) = open.pop_front() {
            for to in self.normal_targets(from) {
                if !paths.contains_key(to) {
                    let path = paths[from].iter().copied().chain([to]).collect();
                    paths.insert(to, path);
                    open.push_back(to);
                }
            }
        }
        paths
    }

    fn normal_targets<'a>(&'a self, from: &str) -> impl Iterator<Item = &'a str> {
        self.edges
            .iter()
            .filter(move |edge| edge.from == from && edge.kind == Kind::Normal)
            .map(|edge| edge.to.as_str())
    }
}
