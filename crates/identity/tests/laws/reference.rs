//! A naive formulation of the identity rules, in another style than the real one: whole sets, no walk, no union-find.
//!
//! It reads all fragments and all decisions at once, takes links one after the other over a list of sets, and keeps nothing.

use std::collections::{BTreeMap, BTreeSet};

use identity::{Decision, FragmentEvidence, Rules, iso_week};
use types::{Identifier, TotalOrder, record::IdentityAction};

/// A customer: the identifier whose id it has, and all its identifiers.
pub(crate) type Customers = BTreeMap<Identifier, BTreeSet<Identifier>>;

/// All that is known.
#[derive(Debug, Default)]
pub(crate) struct World<'a> {
    pub(crate) fragments: Vec<&'a FragmentEvidence>,
    pub(crate) decisions: Vec<&'a Decision>,
}

impl World<'_> {
    fn names(&self) -> BTreeSet<Identifier> {
        let said =
            self.fragments.iter().flat_map(|said| said.identifiers.iter().map(|(_, identifier)| identifier.clone()));
        let decided = self.decisions.iter().flat_map(|decision| decision.ends.iter().map(|(_, end)| end.clone()));
        said.chain(decided).collect()
    }

    fn id_of(&self, name: &Identifier) -> types::IdentifierId {
        types::HashKey::derive("test").identifier_id(name)
    }

    fn carrying<'b>(&'b self, name: &'b Identifier) -> impl Iterator<Item = &'b FragmentEvidence> {
        self.fragments.iter().copied().filter(move |said| said.identifiers.iter().any(|(_, held)| held == name))
    }

    /// (does not count, first) of an identifier.
    fn first(&self, name: &Identifier) -> (bool, TotalOrder) {
        let said = self.carrying(name).map(|said| (!said.counts, said.first.clone()));
        let about = self.decisions.iter().filter(|decision| decision.ends.iter().any(|(_, end)| end == name));
        said.chain(about.map(|decision| (true, decision.place.clone())))
            .min()
            .expect("every name was said or decided on")
    }

    fn is_cut(&self, name: &Identifier, rules: &Rules) -> bool {
        let neighbours: BTreeSet<&Identifier> = self
            .carrying(name)
            .flat_map(|said| said.identifiers.iter().map(|(_, other)| other))
            .filter(|other| *other != name)
            .collect();
        let stronger =
            neighbours.iter().filter(|other| rules.rank(&other.namespace) < rules.rank(&name.namespace)).count();
        rules.cut(name).is_some() || rules.is_shared(&name.namespace, neighbours.len(), stronger)
    }

    fn standing(&self, one: &Identifier, other: &Identifier) -> Option<&Decision> {
        let about = |decision: &&&Decision| {
            let ends: BTreeSet<&Identifier> = decision.ends.iter().map(|(_, end)| end).collect();
            ends == BTreeSet::from([one, other])
        };
        let last = self.decisions.iter().filter(about).max_by_key(|decision| &decision.place).copied();
        last.filter(|decision| decision.action != IdentityAction::Withdraw)
    }

    /// All customers.
    pub(crate) fn customers(&self, rules: &Rules) -> Customers {
        let (cut, open): (BTreeSet<Identifier>, BTreeSet<Identifier>) =
            self.names().into_iter().partition(|name| self.is_cut(name, rules));
        let mut groups: Vec<BTreeSet<Identifier>> = open.iter().map(|name| BTreeSet::from([name.clone()])).collect();
        for (one, other) in self.links(&open, rules) {
            self.take(&mut groups, &one, &other, rules);
        }
        groups.extend(cut.into_iter().map(|name| BTreeSet::from([name])));
        groups.into_iter().map(|group| (self.earliest(&group, rules), group)).collect()
    }

    fn links(&self, open: &BTreeSet<Identifier>, rules: &Rules) -> Vec<(Identifier, Identifier)> {
        let mut links = Vec::new();
        for one in open {
            for other in open.iter().filter(|other| *other > one) {
                let (rank, weaker) = (rules.rank(&one.namespace), rules.rank(&other.namespace));
                let strength = (rank.max(weaker), rank.min(weaker));
                let ids = (self.id_of(one).min(self.id_of(other)), self.id_of(one).max(self.id_of(other)));
                let both = self
                    .carrying(one)
                    .filter(|said| said.counts)
                    .filter(|said| said.identifiers.iter().any(|(_, held)| held == other));
                let evidence = both.map(|said| said.first.clone()).min();
                match (self.standing(one, other), evidence) {
                    (Some(decision), _) if decision.action == IdentityAction::Link => {
                        links.push((false, strength, decision.place.clone(), ids, one, other));
                    }
                    (Some(decision), Some(_)) if decision.action == IdentityAction::Unlink => {}
                    (_, Some(first)) => links.push((true, strength, first, ids, one, other)),
                    (_, None) => {}
                }
            }
        }
        links.sort();
        links.into_iter().map(|(_, _, _, _, one, other)| (one.clone(), other.clone())).collect()
    }

    fn take(&self, groups: &mut Vec<BTreeSet<Identifier>>, one: &Identifier, other: &Identifier, rules: &Rules) {
        let joined: BTreeSet<Identifier> =
            groups.iter().filter(|group| group.contains(one) || group.contains(other)).flatten().cloned().collect();
        if self.is_allowed(&joined, rules) {
            groups.retain(|group| !group.contains(one) && !group.contains(other));
            groups.push(joined);
        }
    }

    fn is_allowed(&self, group: &BTreeSet<Identifier>, rules: &Rules) -> bool {
        let mut of_namespace: BTreeMap<&str, u32> = BTreeMap::new();
        let mut of_week: BTreeMap<(&str, i64), u32> = BTreeMap::new();
        for name in group {
            *of_namespace.entry(&name.namespace).or_default() += 1;
            *of_week.entry((&name.namespace, iso_week(self.first(name).1.occurred_at))).or_default() += 1;
        }
        let apart = |one: &Identifier| {
            group
                .iter()
                .any(|other| self.standing(one, other).is_some_and(|last| last.action == IdentityAction::Separate))
        };
        of_namespace.iter().all(|(namespace, count)| *count <= rules.limit(namespace))
            && of_week
                .iter()
                .all(|((namespace, _), count)| *count <= rules.limit_per_week(namespace).unwrap_or(u32::MAX))
            && group.len() <= rules.identifiers_max as usize
            && !group.iter().any(apart)
    }

    fn earliest(&self, group: &BTreeSet<Identifier>, rules: &Rules) -> Identifier {
        group
            .iter()
            .min_by_key(|name| (self.first(name), rules.rank(&name.namespace), *name))
            .expect("no group is empty")
            .clone()
    }
}
