//! Cutting what was declared into sets, each of which is applied whole or not at all.

use std::collections::BTreeMap;

use definition::Kind;
use prost::Message as _;
use types::{
    limits::{DEFINITION_SET_BYTES_MAX, DEFINITIONS_PER_SET_MAX, SET_ID_BYTES_MAX, SET_REASON_BYTES_MAX},
    record::Definition,
};

use super::{Declared, Problem};

/// What is applied together.
pub type Set = Vec<Declared>;

/// Room for what a set says beside its definitions.
const HEAD_BYTES_MAX: usize = 2 * SET_ID_BYTES_MAX + SET_REASON_BYTES_MAX + 256;
/// What a definition takes in a set beside its own bytes.
const FRAME_BYTES_MAX: usize = 6;

/// As few sets as there can be: products first, then stores, then segments, which may speak of both.
pub fn sets(mut declared: Vec<Declared>) -> Vec<Set> {
    declared.sort_by_key(|one| one.kind);
    let (mut sets, mut bytes): (Vec<Set>, usize) = (Vec::new(), usize::MAX);
    for one in declared {
        let more = one.definition.encoded_len() + FRAME_BYTES_MAX;
        bytes = bytes.saturating_add(more);
        match sets.last_mut() {
            Some(set) if bytes <= DEFINITION_SET_BYTES_MAX && set.len() < DEFINITIONS_PER_SET_MAX => set.push(one),
            _ => {
                bytes = HEAD_BYTES_MAX + more;
                sets.push(vec![one]);
            }
        }
    }
    sets
}

/// Names that are declared more than once.
pub fn check_twice(declared: &[Declared]) -> Vec<Problem> {
    let mut seen: BTreeMap<(Kind, &str), &Declared> = BTreeMap::new();
    let mut problems = Vec::new();
    for one in declared {
        let Definition { name, .. } = &one.definition;
        match seen.get(&(one.kind, name.trim())) {
            Some(first) if !name.is_empty() => {
                let what = format!("is declared twice, first in {}:{}; keep one", first.file, first.line);
                problems.push(one.problem("name", &what));
            }
            _ => drop(seen.insert((one.kind, name.trim()), one)),
        }
    }
    problems
}
