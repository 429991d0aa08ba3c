//! Memberships and proofs in the words of the wire.

use ::segment::{Until, until};
use expr::{Outcome, Program, Proof};
use prost_types::Timestamp;
use proto::segment::{self, Membership, ProofOutcome, ProofTouchpoint};
use types::Micros;

use super::{moment::Moment, population::Subject};

/// Most touchpoints that one part of a proof shows.
const SHOWN_MAX: usize = 100;

/// Whether a customer satisfies a program, and until when.
pub(super) fn membership(
    moment: &Moment<'_>,
    name: &str,
    version: u32,
    program: &Program,
    who: &Subject,
) -> Membership {
    let verdict = expr::evaluate(program, &who.customer, &moment.segments, moment.now);
    let (changes_at, next_not_before) = ends(moment, program, who);
    Membership { segment: name.to_owned(), version, member: verdict.truth, changes_at, next_not_before }
}

/// When a membership changes, exactly, or an instant before which it does not.
pub(super) fn ends(moment: &Moment<'_>, program: &Program, who: &Subject) -> (Option<Timestamp>, Option<Timestamp>) {
    let shown = |at: Micros| Some(at.to_proto());
    match until(program, &who.customer, &moment.segments, moment.now) {
        Until::Changes(at) => (shown(at), None),
        Until::Never => (None, None),
        Until::AtLeast(at) => (None, shown(at)),
    }
}

/// A proof, with the touchpoints behind it by name and place.
pub(super) fn proof(proof: &Proof, who: &Subject) -> segment::Proof {
    let touchpoint = |place: &usize| {
        let element = expr::Subject::touchpoints(&who.customer).get(*place)?;
        Some(ProofTouchpoint {
            source: element.touchpoint.source.clone(),
            message_id: element.touchpoint.message_id.clone(),
            kind: element.touchpoint.kind.clone(),
            occurred_at: Some(element.occurred_at.to_proto()),
            position: who.positions.get(*place).copied(),
        })
    };
    let outcome = match proof.outcome {
        Outcome::True => ProofOutcome::True,
        Outcome::False => ProofOutcome::False,
        Outcome::Unknown => ProofOutcome::Unknown,
    };
    segment::Proof {
        text: proof.text.clone(),
        outcome: outcome.into(),
        value: proof.value.clone(),
        bound: proof.bound.clone(),
        touchpoints: proof.touchpoints.iter().rev().take(SHOWN_MAX).filter_map(touchpoint).collect(),
        touchpoint_count: count(proof.touchpoints.len()),
        order_count: count(proof.orders.len()),
        next_change_at: proof.next.map(Micros::to_proto),
        parts: proof.parts.iter().map(|part| self::proof(part, who)).collect(),
    }
}

/// A count as the wire has it.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
