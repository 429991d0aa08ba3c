//! Why a customer looks as it does, as sections of tables.

use proto::{customer::ExplainCustomerResponse, ingest::DecideIdentityResponse};
use types::record::{IdentityAction, IdentityDecision};

use super::{
    customer,
    table::{cut, section, table},
    value,
};

/// Widest value of a contribution.
const VALUE_WIDTH: usize = 60;

/// Identity, decisions, and the touchpoints behind the field.
pub fn sections(answer: &ExplainCustomerResponse) -> String {
    let customer = answer.customer.clone().unwrap_or_default();
    let head = format!("Customer {}\n", customer.customer_id);
    let refused = customer::refused(&customer);
    [head, joining(answer), decisions(&answer.decisions), refused, contributions(answer)].concat()
}

/// An operator's decision in a few words.
pub fn action(decision: &IdentityDecision) -> &'static str {
    match decision.action() {
        IdentityAction::Link => "link",
        IdentityAction::Unlink => "unlink",
        IdentityAction::Separate => "separate",
        IdentityAction::Withdraw => "withdraw",
        IdentityAction::Unspecified => "-",
    }
}

/// A decision that was taken into the journal.
pub fn accepted(answer: &DecideIdentityResponse) -> String {
    let nothing = IdentityDecision::default();
    let decision = answer.decision.as_ref().unwrap_or(&nothing);
    let (left, right) = (value::identifier(decision.left.as_ref()), value::identifier(decision.right.as_ref()));
    let place = answer.position.map_or_else(String::new, |at| format!(" at {}/{}", at.partition, at.offset));
    format!("{} {left} {right}: accepted as {}{place}\n", action(decision), decision.decision_id)
}

fn joining(answer: &ExplainCustomerResponse) -> String {
    let mut rows = table(&["identifier", "joined with", "since", "by"]);
    for link in &answer.joining_links {
        let (one, other) = (value::identifier(link.identifier.as_ref()), value::identifier(link.other.as_ref()));
        let by = format!("{} {}", link.source, link.message_id);
        rows.add_row([one, other, value::time(link.first_evidence_at.as_ref()), by]);
    }
    section("Links that join", &rows)
}

fn decisions(decisions: &[IdentityDecision]) -> String {
    let mut rows = table(&["decided", "what", "identifier", "other", "by", "reason"]);
    for decision in decisions {
        rows.add_row([
            value::time(decision.decided_at.as_ref()),
            action(decision).to_owned(),
            value::identifier(decision.left.as_ref()),
            value::identifier(decision.right.as_ref()),
            decision.operator.clone(),
            decision.reason.clone(),
        ]);
    }
    section("Decisions of operators", &rows)
}

fn contributions(answer: &ExplainCustomerResponse) -> String {
    let mut rows = table(&["occurred", "kind", "source", "message id", "position", "value"]);
    for one in &answer.contributions {
        let position = one.position.map_or_else(String::new, |at| format!("{}/{}", at.partition, at.offset));
        rows.add_row([
            value::time(one.occurred_at.as_ref()),
            one.kind.clone(),
            one.source.clone(),
            one.message_id.clone(),
            position,
            cut(&one.value, VALUE_WIDTH),
        ]);
    }
    let left = answer.contribution_count.saturating_sub(i64::try_from(answer.contributions.len()).unwrap_or(i64::MAX));
    let more = if left > 0 { format!("{left} more touchpoints\n") } else { String::new() };
    section("Touchpoints behind the field", &rows) + &more
}
