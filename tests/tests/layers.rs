//! Holds who may know whom: the drawing of the crates, evaluated over what cargo says of this workspace.
//!
//! Owns the proof that the rules can fail; the rules themselves are in `layers/rules.rs`. Never looks into sources.

#[path = "layers/bans.rs"]
mod bans;
#[path = "layers/graph.rs"]
mod graph;
#[path = "layers/rules.rs"]
mod rules;
#[path = "layers/workspace.rs"]
mod workspace;

use graph::{Edge, Graph, Kind};

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "the layers do not hold:\n  {}", violations.join("\n  "));
}

#[test]
fn workspace_keeps_to_the_drawing() {
    assert_none(&rules::violations(&workspace::graph()));
}

#[test]
fn workspace_forbids_unsafe_code_in_pure_crates() {
    assert_none(&workspace::pure_crates_without_forbidden_unsafe());
}

#[test]
fn pure_crates_repeat_the_bans_of_the_root() {
    assert_none(&bans::missing_in_pure_crates());
}

/// A workspace with these members, and with edges of (who, for what, whom).
fn small(members: &[&str], edges: &[(&str, Kind, &str)]) -> Graph {
    Graph {
        members: members.iter().map(|name| (*name).to_owned()).collect(),
        edges: edges.iter().map(|&(from, kind, to)| Edge { from: from.to_owned(), kind, to: to.to_owned() }).collect(),
    }
}

#[test]
fn lawful_graph_has_no_violation() {
    let graph = small(
        &["patron", "patron-query", "patron-store", "patron-journal", "patron-types", "patron-profile"],
        &[
            ("patron", Kind::Normal, "patron-query"),
            ("patron-query", Kind::Normal, "patron-store"),
            ("patron-store", Kind::Normal, "patron-profile"),
            ("patron-store", Kind::Normal, "rocksdb"),
            ("patron-journal", Kind::Normal, "tokio"),
            ("patron-journal", Kind::Dev, "patron-journal"),
            ("patron-profile", Kind::Normal, "patron-types"),
            ("patron-profile", Kind::Dev, "rand"),
            ("patron-types", Kind::Build, "tempfile"),
        ],
    );
    assert_none(&rules::violations(&graph));
}

#[test]
fn forbidden_edge_is_named_with_its_rule() {
    let graph = small(&["patron-query", "patron-journal"], &[("patron-query", Kind::Normal, "patron-journal")]);
    let [found] = &rules::violations(&graph)[..] else { panic!("one violation expected") };
    assert!(found.contains("patron-query -> patron-journal"), "{found}");
    assert!(found.contains("never the journal"), "{found}");
}

#[test]
fn forbidden_edge_is_found_in_a_build_script_too() {
    let graph = small(&["patron-ingest", "patron-store"], &[("patron-ingest", Kind::Build, "patron-store")]);
    assert_eq!(rules::violations(&graph).len(), 1);
}

#[test]
fn crate_that_the_drawing_does_not_name_is_a_violation() {
    let graph = small(&["patron-helpers"], &[]);
    let [found] = &rules::violations(&graph)[..] else { panic!("one violation expected") };
    assert!(found.contains("patron-helpers has no place in the drawing"), "{found}");
}

#[test]
fn sole_owner_of_a_dependency_is_held_even_in_tests() {
    let graph = small(&["patron-projector"], &[("patron-projector", Kind::Dev, "rocksdb")]);
    let [found] = &rules::violations(&graph)[..] else { panic!("one violation expected") };
    assert!(found.contains("patron-projector -> rocksdb"), "{found}");
    assert!(found.contains("only patron-store"), "{found}");
}

#[test]
fn impurity_is_found_through_other_packages_and_named_with_its_path() {
    let graph = small(
        &["patron-types"],
        &[("patron-types", Kind::Normal, "neat"), ("neat", Kind::Normal, "handy"), ("handy", Kind::Normal, "tokio")],
    );
    let [found] = &rules::violations(&graph)[..] else { panic!("one violation expected") };
    assert!(found.contains("patron-types -> neat -> handy -> tokio"), "{found}");
    assert!(found.contains("pure"), "{found}");
}

#[test]
fn impurity_behind_a_dev_or_build_dependency_is_none() {
    let graph = small(
        &["patron-types"],
        &[
            ("patron-types", Kind::Normal, "neat"),
            ("neat", Kind::Build, "tokio"),
            ("patron-types", Kind::Dev, "proptest"),
            ("proptest", Kind::Normal, "rand"),
        ],
    );
    assert_none(&rules::violations(&graph));
}

#[test]
fn missing_ban_is_named() {
    let root = r#"disallowed-methods = [{ path = "a::b", reason = "r" }]"#;
    let pure = r#"disallowed-methods = [{ path = "c::d", reason = "r" }]"#;
    let [found] = &bans::missing("crates/types", root, pure)[..] else { panic!("one violation expected") };
    assert!(found.contains("crates/types") && found.contains("a::b"), "{found}");
}
