//! The component of an identifier: all identifiers and fragments that evidence connects with it, refused links included.
//!
//! Links are not stored: each pair of identifiers of a fragment is a link, and its evidence is the fragment's first touchpoint.

use std::collections::{BTreeMap, BTreeSet};

use types::{FragmentId, Identifier, IdentifierId, TotalOrder};

/// Where evidence is read from.
pub trait Evidence {
    /// What can go wrong while reading.
    type Error;

    /// The fragments that carry an identifier, in any order.
    ///
    /// # Errors
    /// Those of the store.
    fn fragments_of(&self, identifier: IdentifierId) -> Result<Vec<FragmentId>, Self::Error>;

    /// What a fragment says; `None` if there is no such fragment.
    ///
    /// # Errors
    /// Those of the store.
    fn fragment(&self, fragment: FragmentId) -> Result<Option<FragmentEvidence>, Self::Error>;
}

/// What a fragment says about identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentEvidence {
    /// Its identifiers with their ids, in the ids' order.
    pub identifiers: Vec<(IdentifierId, Identifier)>,
    /// Its first touchpoint.
    pub first: TotalOrder,
}

/// An identifier within its component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Namespace and value.
    pub identifier: Identifier,
    /// The first touchpoint that carries it.
    pub first: TotalOrder,
}

/// Two identifiers, the lesser id first.
pub type Link = (IdentifierId, IdentifierId);

/// Everything connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Identifiers by id.
    pub nodes: BTreeMap<IdentifierId, Node>,
    /// First evidence of each link.
    pub links: BTreeMap<Link, TotalOrder>,
    /// Identifiers of each fragment.
    pub fragments: BTreeMap<FragmentId, Vec<IdentifierId>>,
}

impl Component {
    /// Walks from an identifier over fragments to everything connected. Empty if no fragment carries it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn around<E: Evidence>(evidence: &E, start: IdentifierId) -> Result<Self, E::Error> {
        let mut component = Self::default();
        let mut reached = BTreeSet::from([start]);
        let mut open = vec![start];
        while let Some(identifier) = open.pop() {
            for fragment in evidence.fragments_of(identifier)? {
                if component.fragments.contains_key(&fragment) {
                    continue;
                }
                let Some(said) = evidence.fragment(fragment)? else { continue };
                open.extend(said.identifiers.iter().map(|(id, _)| *id).filter(|id| reached.insert(*id)));
                component.add(fragment, &said);
            }
        }
        Ok(component)
    }

    /// Adds what one fragment says.
    pub fn add(&mut self, fragment: FragmentId, said: &FragmentEvidence) {
        for (id, identifier) in &said.identifiers {
            let node = self.nodes.entry(*id);
            let node = node.or_insert_with(|| Node { identifier: identifier.clone(), first: said.first.clone() });
            lower(&mut node.first, &said.first);
        }
        for (at, (left, _)) in said.identifiers.iter().enumerate() {
            for (right, _) in said.identifiers.iter().skip(at + 1) {
                let link = (*left.min(right), *left.max(right));
                lower(self.links.entry(link).or_insert_with(|| said.first.clone()), &said.first);
            }
        }
        self.fragments.insert(fragment, said.identifiers.iter().map(|(id, _)| *id).collect());
    }
}

fn lower(held: &mut TotalOrder, other: &TotalOrder) {
    if other < held {
        *held = other.clone();
    }
}
