//! A customer with all that is said of its identity.

use std::collections::BTreeSet;

use identity::{Component, CustomerIdentity, Decision, JoiningLink, RefusedLink, Resolution};
use types::{Identifier, IdentifierId};

/// A customer, resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Id, identifiers and fragments.
    pub identity: CustomerIdentity,
    /// Links that hold its identifiers together, in the order in which they were taken.
    pub joining: Vec<Joining>,
    /// Refused links that touch one of its identifiers, at most `REFUSALS_MAX`.
    pub refused: Vec<Refusal>,
    /// All decisions about its identifiers, whether they stand or not, the earliest first.
    pub decisions: Vec<Decision>,
    /// Whether its identifier is cut: it links nobody, and is a customer of its own.
    pub cut: bool,
}

/// A link that joined two of a customer's identifiers.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The two identifiers.
    pub ends: [Identifier; 2],
    /// The first evidence for it.
    pub link: JoiningLink,
}

/// A refused link, seen from one of its ends.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The customer's identifier.
    pub own: Identifier,
    /// The identifier on the other side.
    pub other: Identifier,
    /// The first evidence for it, and the rule.
    pub link: RefusedLink,
    /// The rule in words.
    pub rule: String,
}

/// Most refused links that a customer is shown with; a kiosk may have as many as it has visitors.
pub const REFUSALS_MAX: usize = 1_000;

impl Resolved {
    /// A customer of a resolution.
    pub fn of(customer: &CustomerIdentity, resolution: &Resolution, component: &Component) -> Self {
        let own: BTreeSet<IdentifierId> = customer.identifiers.iter().map(|(id, _)| *id).collect();
        let joining = customer.joining.iter().filter_map(|at| joining(resolution.joining.get(*at)?, component));
        let refused = customer.refused.iter().take(REFUSALS_MAX);
        let refused = refused.filter_map(|at| refusal(resolution.refused.get(*at)?, component, &own));
        let about = component.decisions.iter().filter(|((left, right), _)| own.contains(left) || own.contains(right));
        let mut decisions: Vec<Decision> = about.flat_map(|(_, decisions)| decisions.iter().cloned()).collect();
        decisions.sort_by(|left, right| left.place.cmp(&right.place));
        let cut = customer.identifiers.iter().any(|(id, _)| component.cut.contains_key(id));
        Self { identity: customer.clone(), joining: joining.collect(), refused: refused.collect(), decisions, cut }
    }
}

fn joining(link: &JoiningLink, component: &Component) -> Option<Joining> {
    let name = |id| component.identifier(id).cloned();
    Some(Joining { ends: [name(link.link.0)?, name(link.link.1)?], link: link.clone() })
}

fn refusal(link: &RefusedLink, component: &Component, own: &BTreeSet<IdentifierId>) -> Option<Refusal> {
    let name = |id| component.identifier(id).cloned();
    let (left, right) = link.link;
    let (own, other) = if own.contains(&left) { (left, right) } else { (right, left) };
    let rule = link.refusal.describe(component, link.link);
    Some(Refusal { own: name(own)?, other: name(other)?, link: link.clone(), rule })
}
