//! Segments that name each other: what one needs by those that it names, and circles.

use std::collections::{BTreeMap, BTreeSet};

use expr::{ExpressionError, Needs, Program};

use crate::segments::{Compiled, Finding};

/// Segments that a program names, directly or over others.
pub(crate) fn names_named<'a>(compiled: &'a BTreeMap<String, Compiled>, program: &'a Program) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = program.needs.segments.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name)
            && let Some(held) = compiled.get(name)
        {
            open.extend(held.program.needs.segments.iter().map(String::as_str));
        }
    }
    seen
}

/// What a program needs, by itself and by the segments that it names.
pub(crate) fn needs(compiled: &BTreeMap<String, Compiled>, program: &Program) -> Needs {
    let mut needs = program.needs.clone();
    for held in names_named(compiled, program).into_iter().filter_map(|name| compiled.get(name)) {
        needs.join(&held.program.needs);
    }
    needs
}

/// Segments that name themselves, directly or over others, and chains that are too long.
pub(crate) fn circles(compiled: &BTreeMap<String, Compiled>) -> Vec<Finding> {
    let names = |name: &str| compiled.get(name).into_iter().flat_map(|held| held.program.needs.segments.iter());
    // Each round finishes those that name only finished ones; what is left after all rounds goes round in a circle.
    let mut finished: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..expr::limits::SEGMENT_DEPTH_MAX {
        let ready = compiled.keys().filter(|name| names(name).all(|other| finished.contains(other.as_str())));
        let ready: Vec<&str> = ready.map(String::as_str).collect();
        finished.extend(ready);
    }
    let left = compiled.keys().filter(|name| !finished.contains(name.as_str()));
    let finding = |name: &String| {
        let others: Vec<&str> =
            names(name).filter(|other| !finished.contains(other.as_str())).map(String::as_str).collect();
        let message = format!(
            "segments name each other in a circle, or more than {} deep: `{name}` names `{}`",
            expr::limits::SEGMENT_DEPTH_MAX,
            others.join("`, `")
        );
        Finding { name: name.clone(), error: ExpressionError { at: 0, message } }
    };
    left.map(finding).collect()
}
