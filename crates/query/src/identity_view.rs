//! Links and decisions as the messages that callers see.

use identity::Decision;
use proto::customer::{IdentityEvent, JoiningLink, RefusedLink, identity_event::Event};
use store::{
    Resolved,
    customers::{Joining, Refusal},
};
use types::{TotalOrder, record::IdentityDecision};

/// A refused link, seen from one of its ends.
pub(crate) fn refused_link(refused: &Refusal) -> RefusedLink {
    let first = &refused.link.first;
    RefusedLink {
        identifier: Some((&refused.own).into()),
        other: Some((&refused.other).into()),
        rule: refused.rule.clone(),
        first_evidence_at: Some(first.occurred_at.to_proto()),
        rule_name: refused.link.refusal.name().to_owned(),
        source: first.source.clone(),
        message_id: first.message_id.clone(),
    }
}

/// A link that joined.
pub(crate) fn joining_link(joining: &Joining) -> JoiningLink {
    let [one, other] = &joining.ends;
    let first = &joining.link.first;
    JoiningLink {
        identifier: Some(one.into()),
        other: Some(other.into()),
        first_evidence_at: Some(first.occurred_at.to_proto()),
        source: first.source.clone(),
        message_id: first.message_id.clone(),
        decided: joining.link.decided,
    }
}

/// A decision.
pub(crate) fn decision(decision: &Decision) -> IdentityDecision {
    let [(_, left), (_, right)] = &decision.ends;
    IdentityDecision {
        decision_id: decision.place.message_id.clone(),
        action: decision.action.into(),
        left: Some(left.into()),
        right: Some(right.into()),
        reason: decision.reason.clone(),
        operator: decision.operator.clone(),
        decided_at: Some(decision.place.occurred_at.to_proto()),
    }
}

/// What the evidence at a place did to a customer's identity: links that joined first, then links that were refused.
pub(crate) fn events_at(resolved: &Resolved, place: &TotalOrder) -> Vec<IdentityEvent> {
    let joined = resolved.joining.iter().filter(|joining| joining.link.first == *place);
    let refused = resolved.refused.iter().filter(|refused| refused.link.first == *place);
    let joined = joined.map(|joining| Event::Joined(joining_link(joining)));
    let events = joined.chain(refused.map(|refused| Event::Refused(refused_link(refused))));
    events.map(|event| IdentityEvent { event: Some(event) }).collect()
}
