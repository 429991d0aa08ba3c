//! Memberships: true or not, and until when.

use expr::{Program, Subject, Surroundings, Verdict};
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
    until_of(now, |at| expr::evaluate(program, subject, around, at))
}

/// When a truth that is told with its next change changes if nothing happens.
pub(crate) fn until_of(now: Micros, verdict_at: impl Fn(Micros) -> Verdict) -> Until {
    let mut verdict = verdict_at(now);
    let truth = verdict.truth;
    let mut at = now;
    for _ in 0..STEPS_MAX {
        let Some(next) = verdict.next else { return Until::Never };
        at = next;
        verdict = verdict_at(at);
        if verdict.truth != truth {
            return Until::Changes(at);
        }
    }
    Until::AtLeast(at)
}
