//! Memberships: true or not, until when, and what changes between what was told and what is.

use std::collections::BTreeMap;

use expr::{Program, Subject, Surroundings};
use types::Micros;

/// Membership of one customer in one segment at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Version of the segment.
    pub version: u32,
    /// Whether the customer is a member.
    pub member: bool,
    /// The first instant at which this can change if nothing happens; `None` for never.
    pub next: Option<Micros>,
}

/// A segment that was entered or left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The segment.
    pub segment: String,
    /// Version of the segment under which it is so; of one that was deleted, the last.
    pub version: u32,
    /// Entered, not left.
    pub entered: bool,
}

/// What has to be told after a customer's memberships were `told` (segment → version) and now are `current`: left for each
/// segment told that the customer is not in, entered for each that was not told.
pub fn changes(told: &BTreeMap<String, u32>, current: &BTreeMap<String, Membership>) -> Vec<Change> {
    let member = |name: &String| current.get(name).filter(|membership| membership.member);
    let left = told.iter().filter(|(name, _)| member(name).is_none()).map(|(name, told)| {
        let version = current.get(name).map_or(*told, |membership| membership.version);
        Change { segment: name.clone(), version, entered: false }
    });
    let entered = current.iter().filter(|(name, membership)| membership.member && !told.contains_key(*name));
    let entered =
        entered.map(|(name, membership)| Change { segment: name.clone(), version: membership.version, entered: true });
    left.chain(entered).collect()
}

/// When a truth changes if nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At this instant, and not before.
    Changes(Micros),
    /// Never.
    Never,
    /// Not before this instant; beyond it was not looked.
    AtLeast(Micros),
}

/// Most instants that `until` looks at.
const STEPS_MAX: usize = 1_000;

/// When the truth of a program changes if nothing happens.
pub fn until(program: &Program, subject: &dyn Subject, around: &dyn Surroundings, now: Micros) -> Until {
    let mut verdict = expr::evaluate(program, subject, around, now);
    let truth = verdict.truth;
    let mut at = now;
    for _ in 0..STEPS_MAX {
        let Some(next) = verdict.next else { return Until::Never };
        at = next;
        verdict = expr::evaluate(program, subject, around, at);
        if verdict.truth != truth {
            return Until::Changes(at);
        }
    }
    Until::AtLeast(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_once() {
        let current = |entries: &[(&str, bool)]| -> BTreeMap<String, Membership> {
            let membership = |member| Membership { version: 2, member, next: None };
            entries.iter().map(|(name, member)| ((*name).to_owned(), membership(*member))).collect()
        };
        let told = BTreeMap::from([("stays".to_owned(), 1), ("leaves".to_owned(), 1), ("deleted".to_owned(), 1)]);
        let now = current(&[("stays", true), ("leaves", false), ("comes", true), ("out", false)]);
        let change = |segment: &str, version, entered| Change { segment: segment.to_owned(), version, entered };
        let expected = [change("deleted", 1, false), change("leaves", 2, false), change("comes", 2, true)];
        assert_eq!(changes(&told, &now), expected);
    }
}
