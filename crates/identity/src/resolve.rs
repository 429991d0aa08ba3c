//! Resolving a component into customers.
//!
//! Links are taken in a fixed order – operators' decisions, strength of the namespaces, first evidence, ids – each if it breaks no
//! rule. A fragment belongs to the customer of its strongest identifier that is not cut. A customer's id is that of its
//! earliest-evidenced identifier.

use std::collections::{BTreeMap, BTreeSet};

use types::{FragmentId, Identifier, IdentifierId, TotalOrder, record::IdentityAction};

use crate::{
    component::{Component, Node},
    evidence::Link,
    groups::Groups,
    refusal::Refusal,
    rules::Rules,
};

/// One customer of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerIdentity {
    /// The id of the earliest-evidenced identifier; the stronger one where several came at once.
    pub id: IdentifierId,
    /// Identifiers, the strongest first.
    pub identifiers: Vec<(IdentifierId, Node)>,
    /// Fragments that belong to this customer, in the ids' order.
    pub fragments: Vec<FragmentId>,
    /// Places in `Resolution::joining` of the links that hold this customer together.
    pub joining: Vec<usize>,
    /// Places in `Resolution::refused` of the links that touch one of its identifiers.
    pub refused: Vec<usize>,
}

/// A link that joined what was two until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoiningLink {
    /// The two identifiers.
    pub link: Link,
    /// The first evidence for it: a touchpoint, or the operator's decision.
    pub first: TotalOrder,
    /// Whether an operator decided it.
    pub decided: bool,
}

/// A link that a rule refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLink {
    /// The two identifiers.
    pub link: Link,
    /// The first evidence for it.
    pub first: TotalOrder,
    /// The rule.
    pub refusal: Refusal,
}

/// The customers of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Customers, by id.
    pub customers: Vec<CustomerIdentity>,
    /// Links that joined, in the order in which they were taken.
    pub joining: Vec<JoiningLink>,
    /// Links refused, in the order in which they were looked at; those to cut identifiers first.
    pub refused: Vec<RefusedLink>,
}

impl CustomerIdentity {
    /// Whether anything but a receipt or visit is known of this customer.
    pub fn is_known(&self) -> bool {
        self.identifiers.iter().any(|(_, node)| node.identifier.namespace != types::identifier::RECEIPT)
    }

    /// Whether one of the identifiers has this id.
    pub fn holds(&self, id: IdentifierId) -> bool {
        self.identifiers.iter().any(|(held, _)| *held == id)
    }
}

impl Resolution {
    /// The customer that holds an identifier.
    pub fn holder(&self, id: IdentifierId) -> Option<&CustomerIdentity> {
        self.customers.iter().find(|customer| customer.holds(id))
    }
}

/// The customers of a component under the rules.
pub fn resolve(component: &Component, rules: &Rules) -> Resolution {
    let mut groups = Groups::of(component, rules);
    let (joining, refused) = take_links(component, rules, &mut groups);
    let mut members: BTreeMap<IdentifierId, Vec<IdentifierId>> = BTreeMap::new();
    for id in component.nodes.keys() {
        members.entry(groups.root(*id)).or_default().push(*id);
    }
    let mut fragments: BTreeMap<IdentifierId, Vec<FragmentId>> = BTreeMap::new();
    for (fragment, identifiers) in &component.fragments {
        if let Some(strongest) = strongest(component, rules, identifiers) {
            fragments.entry(groups.root(strongest)).or_default().push(*fragment);
        }
    }
    let mut joined = by_group(joining.iter().map(|joining| joining.link), &mut groups);
    let mut refusals = by_group(refused.iter().map(|refused| refused.link), &mut groups);
    let customer = |(root, ids): (IdentifierId, Vec<IdentifierId>)| {
        let (identifiers, id) = identifiers(component, rules, &ids)?;
        Some(CustomerIdentity {
            id,
            identifiers,
            fragments: fragments.remove(&root).unwrap_or_default(),
            joining: joined.remove(&root).unwrap_or_default(),
            refused: refusals.remove(&root).unwrap_or_default(),
        })
    };
    let mut customers: Vec<CustomerIdentity> = members.into_iter().filter_map(customer).collect();
    customers.sort_by_key(|customer| customer.id);
    Resolution { customers, joining, refused }
}

/// A link to be looked at.
struct Candidate<'a> {
    link: Link,
    first: &'a TotalOrder,
    decided: bool,
}

fn take_links(component: &Component, rules: &Rules, groups: &mut Groups<'_>) -> (Vec<JoiningLink>, Vec<RefusedLink>) {
    let (mut joining, mut refused) = (Vec::new(), refused_at_once(component));
    for (left, right) in component.decisions.keys() {
        let apart = component.standing(&(*left, *right)).is_some_and(|last| last.action == IdentityAction::Separate);
        if apart && component.nodes.contains_key(left) && component.nodes.contains_key(right) {
            groups.keep_apart(*left, *right);
        }
    }
    for Candidate { link, first, decided } in candidates(component, rules) {
        match groups.join(link.0, link.1) {
            Ok(true) => joining.push(JoiningLink { link, first: first.clone(), decided }),
            Ok(false) => {}
            Err(refusal) => refused.push(RefusedLink { link, first: first.clone(), refusal }),
        }
    }
    (joining, refused)
}

/// Links to cut identifiers, and those that an operator unlinked.
fn refused_at_once(component: &Component) -> Vec<RefusedLink> {
    let cut = component.cut_links.iter().filter_map(|(link, first)| {
        let (_, cut) = component.cut.get(&link.0).or_else(|| component.cut.get(&link.1))?;
        Some(RefusedLink { link: *link, first: first.clone(), refusal: Refusal::Cut(*cut) })
    });
    let unlinked = component.links.iter().filter(|(link, _)| stands(component, link, IdentityAction::Unlink));
    let unlinked =
        unlinked.map(|(link, first)| RefusedLink { link: *link, first: first.clone(), refusal: Refusal::Unlinked });
    cut.chain(unlinked).collect()
}

fn stands(component: &Component, link: &Link, action: IdentityAction) -> bool {
    component.standing(link).is_some_and(|decision| decision.action == action)
}

/// The links that may be taken, in the order in which they are looked at.
fn candidates<'a>(component: &'a Component, rules: &Rules) -> Vec<Candidate<'a>> {
    let known = |link: &Link| component.nodes.contains_key(&link.0) && component.nodes.contains_key(&link.1);
    let decided = component.decisions.keys().filter(|link| known(link)).filter_map(|link| {
        let standing = component.standing(link).filter(|decision| decision.action == IdentityAction::Link)?;
        Some(Candidate { link: *link, first: &standing.place, decided: true })
    });
    let evidenced = component.links.iter().filter(|(link, _)| {
        !stands(component, link, IdentityAction::Unlink) && !stands(component, link, IdentityAction::Link)
    });
    let evidenced = evidenced.map(|(link, first)| Candidate { link: *link, first, decided: false });
    let mut candidates: Vec<Candidate<'a>> = decided.chain(evidenced).collect();
    let rank = |id: &IdentifierId| component.nodes.get(id).map(|node| rules.rank(&node.identifier.namespace));
    candidates.sort_by_cached_key(|Candidate { link, first, decided }| {
        let (left, right) = (rank(&link.0), rank(&link.1));
        (!decided, left.max(right), left.min(right), (*first).clone(), *link)
    });
    candidates
}

/// The places of links by the groups that they touch; one whose ends are in one group is there once.
fn by_group(links: impl Iterator<Item = Link>, groups: &mut Groups<'_>) -> BTreeMap<IdentifierId, Vec<usize>> {
    let mut places: BTreeMap<IdentifierId, Vec<usize>> = BTreeMap::new();
    for (at, link) in links.enumerate() {
        for root in BTreeSet::from([groups.root(link.0), groups.root(link.1)]) {
            places.entry(root).or_default().push(at);
        }
    }
    places
}

fn strongest(component: &Component, rules: &Rules, identifiers: &[IdentifierId]) -> Option<IdentifierId> {
    let nodes = identifiers.iter().filter_map(|id| component.nodes.get(id).map(|node| (*id, node)));
    nodes.min_by(|(_, left), (_, right)| by_strength(rules, left).cmp(&by_strength(rules, right))).map(|(id, _)| id)
}

/// The identifiers of a customer, the strongest first, and the customer's id.
fn identifiers(
    component: &Component,
    rules: &Rules,
    ids: &[IdentifierId],
) -> Option<(Vec<(IdentifierId, Node)>, IdentifierId)> {
    let nodes = ids.iter().filter_map(|id| component.nodes.get(id).map(|node| (*id, node.clone())));
    let mut identifiers: Vec<(IdentifierId, Node)> = nodes.collect();
    identifiers.sort_by(|(_, left), (_, right)| by_strength(rules, left).cmp(&by_strength(rules, right)));
    let earliest = identifiers.iter().min_by_key(|(_, node)| (!node.counts, &node.first, by_strength(rules, node)));
    let id = earliest?.0;
    Some((identifiers, id))
}

fn by_strength<'a>(rules: &Rules, node: &'a Node) -> ((usize, usize), bool, &'a TotalOrder, &'a Identifier) {
    (rules.rank(&node.identifier.namespace), !node.counts, &node.first, &node.identifier)
}
