//! Resolving a component into customers.
//!
//! Links are taken in a fixed order – strength of their namespaces, first evidence, ids – each if it breaks no limit. A fragment
//! belongs to the customer of its strongest identifier. A customer's id is that of its earliest-evidenced identifier.

use std::collections::BTreeMap;

use types::{FragmentId, Identifier, IdentifierId, TotalOrder};

use crate::{
    component::{Component, Link, Node},
    groups::Groups,
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
    /// Places in `Resolution::refused` of the links that touch one of its identifiers.
    pub refused: Vec<usize>,
}

/// A link that a rule refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLink {
    /// The two identifiers.
    pub link: Link,
    /// The first evidence for it.
    pub first: TotalOrder,
    /// The rule, in words.
    pub rule: String,
}

/// The customers of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Customers, by id.
    pub customers: Vec<CustomerIdentity>,
    /// Links refused, in the order in which they were looked at.
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
    let refused = take_links(component, rules, &mut groups);
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
    let mut refusals = refusals_by_group(&refused, &mut groups);
    let customer = |(root, ids): (IdentifierId, Vec<IdentifierId>)| {
        let fragments = fragments.remove(&root).unwrap_or_default();
        customer(component, rules, &ids, fragments, refusals.remove(&root).unwrap_or_default())
    };
    let mut customers: Vec<CustomerIdentity> = members.into_iter().filter_map(customer).collect();
    customers.sort_by_key(|customer| customer.id);
    Resolution { customers, refused }
}

fn take_links(component: &Component, rules: &Rules, groups: &mut Groups<'_>) -> Vec<RefusedLink> {
    let rank = |id: &IdentifierId| component.nodes.get(id).map(|node| rules.rank(&node.identifier.namespace));
    let mut links: Vec<(&Link, &TotalOrder)> = component.links.iter().collect();
    links.sort_by_cached_key(|((left, right), first)| {
        let (left_rank, right_rank) = (rank(left), rank(right));
        (left_rank.max(right_rank), left_rank.min(right_rank), (*first).clone(), (*left, *right))
    });
    let mut refused = Vec::new();
    for (link, first) in links {
        if let Err(rule) = groups.join(link.0, link.1) {
            refused.push(RefusedLink { link: *link, first: first.clone(), rule });
        }
    }
    refused
}

/// A refused link whose ends came together by other links is shown once.
fn refusals_by_group(refused: &[RefusedLink], groups: &mut Groups<'_>) -> BTreeMap<IdentifierId, Vec<usize>> {
    let mut refusals: BTreeMap<IdentifierId, Vec<usize>> = BTreeMap::new();
    for (at, link) in refused.iter().enumerate() {
        let ends = std::collections::BTreeSet::from([groups.root(link.link.0), groups.root(link.link.1)]);
        for root in ends {
            refusals.entry(root).or_default().push(at);
        }
    }
    refusals
}

fn strongest(component: &Component, rules: &Rules, identifiers: &[IdentifierId]) -> Option<IdentifierId> {
    let order = |id: &&IdentifierId| {
        component.nodes.get(id).map(|node| (rules.rank(&node.identifier.namespace), &node.first, &node.identifier))
    };
    identifiers.iter().min_by_key(order).copied()
}

fn customer(
    component: &Component,
    rules: &Rules,
    ids: &[IdentifierId],
    fragments: Vec<FragmentId>,
    refused: Vec<usize>,
) -> Option<CustomerIdentity> {
    let nodes = ids.iter().filter_map(|id| component.nodes.get(id).map(|node| (*id, node.clone())));
    let mut identifiers: Vec<(IdentifierId, Node)> = nodes.collect();
    identifiers.sort_by(|(_, left), (_, right)| by_strength(rules, left).cmp(&by_strength(rules, right)));
    let earliest = identifiers.iter().min_by_key(|(_, node)| (&node.first, by_strength(rules, node)));
    Some(CustomerIdentity { id: earliest?.0, identifiers, fragments, refused })
}

fn by_strength<'a>(rules: &Rules, node: &'a Node) -> ((usize, usize), &'a TotalOrder, &'a Identifier) {
    (rules.rank(&node.identifier.namespace), &node.first, &node.identifier)
}
