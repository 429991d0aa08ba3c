//! The component of an identifier: all identifiers and fragments that evidence connects with it, refused links included.
//!
//! The walk ends at identifiers that are cut – weak, blocked, shared – so that a kiosk does not drag a town along. Links are not
//! stored: each pair of identifiers of a fragment is a link, and its evidence is the fragment's first touchpoint.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    rc::Rc,
};

use types::{FragmentId, Identifier, IdentifierId, TotalOrder, record::IdentityAction};

use crate::{
    evidence::{Decision, Evidence, FragmentEvidence, Link, link},
    rules::{Cut, Rules},
};

/// Most links to cut identifiers that are kept of an identifier which is cut itself; a kiosk may have a hundred thousand.
pub const CUT_LINKS_MAX: usize = 1_000;

/// An identifier within its component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Namespace and value.
    pub identifier: Identifier,
    /// The first touchpoint that carries it; where none counts, the first that lost or the first decision about it.
    pub first: TotalOrder,
    /// Whether `first` is a touchpoint that counts.
    pub counts: bool,
}

/// Everything connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Identifiers that may be linked; or the one that is cut, where the walk began at it.
    pub nodes: BTreeMap<IdentifierId, Node>,
    /// Identifiers that link nobody: those at which the walk ended, or the one at which it began.
    pub cut: BTreeMap<IdentifierId, (Identifier, Cut)>,
    /// Names of the identifiers on the other side of a cut one's links.
    pub beyond: BTreeMap<IdentifierId, Identifier>,
    /// First evidence by touchpoints of each link between two nodes.
    pub links: BTreeMap<Link, TotalOrder>,
    /// First evidence of each link between a node and a cut identifier.
    pub cut_links: BTreeMap<Link, TotalOrder>,
    /// Identifiers of each fragment that belongs here.
    pub fragments: BTreeMap<FragmentId, Vec<IdentifierId>>,
    /// All decisions about the nodes, the standing one of each pair last.
    pub decisions: BTreeMap<Link, Vec<Decision>>,
}

impl Component {
    /// Walks from an identifier over fragments and operators' links to everything connected. Empty if nothing is known of it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn around<E: Evidence>(evidence: &E, rules: &Rules, start: IdentifierId) -> Result<Self, E::Error> {
        let mut walk = Walk::new(evidence, rules);
        match walk.look(start)? {
            Look::Unknown => {}
            Look::Cut(identifier, cut) => walk.alone(start, &identifier, cut)?,
            Look::Open(sight) => walk.reach(start, sight)?,
        }
        Ok(walk.component)
    }

    /// The same from whichever of a fragment's identifiers may be linked: all of these are connected. `None` if there is none such.
    ///
    /// # Errors
    /// Those of the store.
    pub fn around_any<E: Evidence>(
        evidence: &E,
        rules: &Rules,
        identifiers: impl IntoIterator<Item = IdentifierId>,
    ) -> Result<Option<Self>, E::Error> {
        let mut walk = Walk::new(evidence, rules);
        for start in identifiers {
            match walk.look(start)? {
                Look::Unknown => {}
                Look::Cut(identifier, cut) => drop(walk.component.cut.insert(start, (identifier, cut))),
                Look::Open(sight) => {
                    walk.reach(start, sight)?;
                    return Ok(Some(walk.component));
                }
            }
        }
        Ok(None)
    }

    /// The decision that stands about a pair.
    pub fn standing(&self, pair: &Link) -> Option<&Decision> {
        self.decisions.get(pair)?.last().filter(|last| last.action != IdentityAction::Withdraw)
    }

    /// An identifier of this component, cut or not.
    pub fn identifier(&self, id: IdentifierId) -> Option<&Identifier> {
        let node = self.nodes.get(&id).map(|node| &node.identifier);
        node.or_else(|| self.cut.get(&id).map(|(cut, _)| cut)).or_else(|| self.beyond.get(&id))
    }

    fn add(&mut self, fragment: FragmentId, said: &FragmentEvidence) {
        for (id, identifier) in said.identifiers.iter().filter(|(id, _)| !self.cut.contains_key(id)) {
            see(&mut self.nodes, *id, identifier, &said.first, said.counts);
        }
        if said.counts {
            for (at, (left, _)) in said.identifiers.iter().enumerate() {
                for (right, _) in said.identifiers.iter().skip(at + 1) {
                    self.evidence(link(*left, *right), &said.first);
                }
            }
        }
        self.fragments.insert(fragment, said.identifiers.iter().map(|(id, _)| *id).collect());
    }

    fn evidence(&mut self, link: Link, first: &TotalOrder) {
        let links = match (self.cut.contains_key(&link.0), self.cut.contains_key(&link.1)) {
            (true, true) => return,
            (false, false) => &mut self.links,
            _ => &mut self.cut_links,
        };
        let held = links.entry(link).or_insert_with(|| first.clone());
        if first < held {
            *held = first.clone();
        }
    }

    fn decide(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            let held = self.decisions.entry(decision.link()).or_default();
            if let Err(at) = held.binary_search_by(|held| held.place.cmp(&decision.place)) {
                held.insert(at, decision.clone());
            }
        }
    }
}

fn see(
    nodes: &mut BTreeMap<IdentifierId, Node>,
    id: IdentifierId,
    identifier: &Identifier,
    first: &TotalOrder,
    counts: bool,
) {
    let fresh = || Node { identifier: identifier.clone(), first: first.clone(), counts };
    let node = nodes.entry(id).or_insert_with(fresh);
    if (!counts, first) < (!node.counts, &node.first) {
        (node.first, node.counts) = (first.clone(), counts);
    }
}

/// What was seen at one identifier.
enum Look {
    /// Nothing.
    Unknown,
    /// It links nobody.
    Cut(Identifier, Cut),
    /// All that is said of it.
    Open(Sight),
}

#[derive(Default)]
struct Sight {
    fragments: Vec<(FragmentId, Rc<FragmentEvidence>)>,
    decisions: Vec<Decision>,
}

struct Walk<'a, E> {
    evidence: &'a E,
    rules: &'a Rules,
    /// Whether an identifier is cut, once it was looked at.
    looks: BTreeMap<IdentifierId, Option<Cut>>,
    component: Component,
}

impl<'a, E: Evidence> Walk<'a, E> {
    fn new(evidence: &'a E, rules: &'a Rules) -> Self {
        Self { evidence, rules, looks: BTreeMap::new(), component: Component::default() }
    }

    /// Reads what is said of an identifier, but of a cut one no more than shows that it is.
    fn look(&mut self, id: IdentifierId) -> Result<Look, E::Error> {
        if let Some((identifier, cut)) = self.evidence.known_cut(id) {
            self.looks.insert(id, Some(cut));
            return Ok(Look::Cut(identifier, cut));
        }
        let mut sight = Sight { decisions: self.evidence.decisions(id)?, ..Sight::default() };
        let mut crowd = Crowd::new(self.rules, id);
        let decided = sight.decisions.iter().flat_map(|decision| &decision.ends).find(|(end, _)| *end == id);
        if let Some((_, identifier)) = decided {
            crowd.name(identifier);
        }
        let fragments = &mut sight.fragments;
        self.evidence.each_fragment(id, &mut |fragment, said| {
            crowd.meet(&said);
            fragments.push((fragment, said));
            if crowd.cut.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        self.looks.insert(id, crowd.cut);
        Ok(match (crowd.identifier, crowd.cut) {
            (None, _) => Look::Unknown,
            (Some(identifier), Some(cut)) => {
                self.evidence.remember_cut(id, &identifier, cut);
                Look::Cut(identifier, cut)
            }
            (Some(_), None) => Look::Open(sight),
        })
    }

    fn is_cut(&mut self, id: IdentifierId) -> Result<bool, E::Error> {
        match self.looks.get(&id) {
            Some(cut) => Ok(cut.is_some()),
            None => self.look(id).map(|look| matches!(look, Look::Cut(..))),
        }
    }

    /// Everything around an identifier that is not cut.
    fn reach(&mut self, start: IdentifierId, sight: Sight) -> Result<(), E::Error> {
        let mut open = vec![(start, sight)];
        while let Some((id, Sight { fragments, decisions })) = open.pop() {
            for (_, said) in fragments.iter().filter(|(_, said)| said.identifiers.len() > 1) {
                self.open_all(said.identifiers.iter().map(|(id, _)| *id), &mut open)?;
            }
            for (fragment, said) in fragments {
                if !self.component.fragments.contains_key(&fragment) {
                    self.component.add(fragment, &said);
                }
            }
            for decision in &decisions {
                self.component.decide(std::slice::from_ref(decision));
                let [left, right] = &decision.ends;
                let (_, identifier) = if left.0 == id { left } else { right };
                see(&mut self.component.nodes, id, identifier, &decision.place, false);
            }
            let linked: BTreeSet<IdentifierId> = decisions.iter().map(|decision| decision.other(id).0).collect();
            let stands = |other: &IdentifierId| {
                self.component.standing(&link(id, *other)).is_some_and(|stands| stands.action == IdentityAction::Link)
            };
            let linked: Vec<IdentifierId> = linked.into_iter().filter(stands).collect();
            self.open_all(linked.into_iter(), &mut open)?;
        }
        Ok(())
    }

    fn open_all(
        &mut self,
        ids: impl Iterator<Item = IdentifierId>,
        open: &mut Vec<(IdentifierId, Sight)>,
    ) -> Result<(), E::Error> {
        for id in ids {
            if self.looks.contains_key(&id) {
                continue;
            }
            match self.look(id)? {
                Look::Open(sight) => open.push((id, sight)),
                Look::Cut(identifier, cut) => drop(self.component.cut.insert(id, (identifier, cut))),
                Look::Unknown => {}
            }
        }
        Ok(())
    }

    /// A cut identifier is a customer of its own, to whom belongs what names nobody better.
    fn alone(&mut self, start: IdentifierId, identifier: &Identifier, cut: Cut) -> Result<(), E::Error> {
        let mut fragments = Vec::new();
        self.evidence.each_fragment(start, &mut |fragment, said| {
            fragments.push((fragment, said));
            ControlFlow::Continue(())
        })?;
        let rank = |identifier: &Identifier| (self.rules.rank(&identifier.namespace), identifier.clone());
        let own = rank(identifier);
        for (fragment, said) in fragments {
            see(&mut self.component.nodes, start, identifier, &said.first, said.counts);
            let mut others = said.identifiers.iter().filter(|(id, _)| *id != start);
            let weakest = others.clone().all(|(_, other)| own < rank(other));
            let owner = weakest && others.try_fold(true, |all, (id, _)| Ok(all && self.is_cut(*id)?))?;
            if owner {
                self.component.fragments.insert(fragment, vec![start]);
            }
            for (other, named) in said.identifiers.iter().filter(|(id, _)| said.counts && *id != start) {
                let pair = link(start, *other);
                let kept = &mut self.component.cut_links;
                if kept.len() < CUT_LINKS_MAX || kept.contains_key(&pair) {
                    let held = kept.entry(pair).or_insert_with(|| said.first.clone());
                    *held = held.clone().min(said.first.clone());
                    self.component.beyond.entry(*other).or_insert_with(|| named.clone());
                }
            }
        }
        let decisions = self.evidence.decisions(start)?;
        self.component.decide(&decisions);
        for decision in decisions {
            see(&mut self.component.nodes, start, identifier, &decision.place, false);
        }
        self.component.cut.insert(start, (identifier.clone(), cut));
        Ok(())
    }
}

/// Counts the neighbours of an identifier until it is cut.
struct Crowd<'a> {
    rules: &'a Rules,
    id: IdentifierId,
    identifier: Option<Identifier>,
    neighbours: BTreeSet<IdentifierId>,
    stronger: usize,
    cut: Option<Cut>,
}

impl<'a> Crowd<'a> {
    fn new(rules: &'a Rules, id: IdentifierId) -> Self {
        Self { rules, id, identifier: None, neighbours: BTreeSet::new(), stronger: 0, cut: None }
    }

    fn name(&mut self, identifier: &Identifier) {
        if self.identifier.is_none() {
            self.cut = self.rules.cut(identifier);
            self.identifier = Some(identifier.clone());
        }
    }

    fn meet(&mut self, said: &FragmentEvidence) {
        if let Some((_, own)) = said.identifiers.iter().find(|(id, _)| *id == self.id) {
            self.name(own);
        }
        let Some(own) = self.identifier.as_ref().filter(|_| self.cut.is_none()) else { return };
        let rank = self.rules.rank(&own.namespace);
        for (id, other) in &said.identifiers {
            // Most identifiers meet the same few again and again.
            if *id != self.id && self.neighbours.insert(*id) && self.rules.rank(&other.namespace) < rank {
                self.stronger += 1;
            }
        }
        if self.rules.is_shared(&own.namespace, self.neighbours.len(), self.stronger) {
            self.cut = Some(Cut::Shared);
        }
    }
}
