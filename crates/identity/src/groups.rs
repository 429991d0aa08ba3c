//! Groups of identifiers under limits: a union-find that refuses to join two groups which together would break a rule.

use std::collections::BTreeMap;

use types::IdentifierId;

use crate::{
    component::{Component, Node},
    refusal::Refusal,
    rules::{Rules, iso_week},
};

/// Disjoint groups of the identifiers of a component.
pub(crate) struct Groups<'a> {
    rules: &'a Rules,
    parents: BTreeMap<IdentifierId, IdentifierId>,
    sizes: BTreeMap<IdentifierId, Sizes<'a>>,
    /// By group: pairs that an operator keeps apart, the group's own end first.
    apart: BTreeMap<IdentifierId, Vec<(IdentifierId, IdentifierId)>>,
}

/// How many identifiers a group has.
#[derive(Clone, Default)]
struct Sizes<'a> {
    of_namespace: BTreeMap<&'a str, u32>,
    of_week: BTreeMap<(&'a str, i64), u32>,
}

impl<'a> Groups<'a> {
    /// Every identifier in a group of its own.
    pub(crate) fn of(component: &'a Component, rules: &'a Rules) -> Self {
        let parents = component.nodes.keys().map(|id| (*id, *id)).collect();
        let sizes = component.nodes.iter().map(|(id, node)| (*id, Sizes::one(node, rules))).collect();
        Self { rules, parents, sizes, apart: BTreeMap::new() }
    }

    /// From now on these two are never in one group.
    pub(crate) fn keep_apart(&mut self, left: IdentifierId, right: IdentifierId) {
        for (own, other) in [(left, right), (right, left)] {
            let root = self.root(own);
            self.apart.entry(root).or_default().push((own, other));
        }
    }

    /// The identifier that stands for a group.
    pub(crate) fn root(&mut self, id: IdentifierId) -> IdentifierId {
        let mut root = id;
        while let Some(parent) = self.parents.get(&root).filter(|parent| **parent != root) {
            root = *parent;
        }
        let mut step = id;
        while step != root {
            step = self.parents.insert(step, root).unwrap_or(root);
        }
        root
    }

    /// Joins the groups of two identifiers; whether they were two.
    ///
    /// # Errors
    /// The rule that the joined group would break.
    pub(crate) fn join(&mut self, left: IdentifierId, right: IdentifierId) -> Result<bool, Refusal> {
        let (left, right) = (self.root(left), self.root(right));
        if left == right {
            return Ok(false);
        }
        if let Some(pair) = self.kept_apart(left, right) {
            return Err(Refusal::Separated(crate::evidence::link(pair.0, pair.1)));
        }
        let joined = self.joined_sizes(left, right);
        joined.check(self.rules)?;
        self.parents.insert(right, left);
        self.sizes.remove(&right);
        self.sizes.insert(left, joined);
        if let Some(more) = self.apart.remove(&right) {
            self.apart.entry(left).or_default().extend(more);
        }
        Ok(true)
    }

    /// The least pair that forbids to join two groups.
    fn kept_apart(&mut self, left: IdentifierId, right: IdentifierId) -> Option<(IdentifierId, IdentifierId)> {
        let pairs = self.apart.get(&left).cloned().unwrap_or_default();
        let forbidding = pairs.into_iter().filter(|(_, other)| self.root(*other) == right);
        forbidding.map(|(own, other)| crate::evidence::link(own, other)).min()
    }

    fn joined_sizes(&self, left: IdentifierId, right: IdentifierId) -> Sizes<'a> {
        let mut joined = self.sizes.get(&left).cloned().unwrap_or_default();
        if let Some(more) = self.sizes.get(&right) {
            joined.add(more);
        }
        joined
    }
}

impl<'a> Sizes<'a> {
    fn one(node: &'a Node, rules: &Rules) -> Self {
        let namespace = node.identifier.namespace.as_str();
        let weekly = rules.limit_per_week(namespace).map(|_| ((namespace, iso_week(node.first.occurred_at)), 1));
        Self { of_namespace: BTreeMap::from([(namespace, 1)]), of_week: weekly.into_iter().collect() }
    }

    fn add(&mut self, more: &Self) {
        for (namespace, count) in &more.of_namespace {
            *self.of_namespace.entry(namespace).or_default() += count;
        }
        for (week, count) in &more.of_week {
            *self.of_week.entry(*week).or_default() += count;
        }
    }

    fn check(&self, rules: &Rules) -> Result<(), Refusal> {
        if let Some((namespace, _)) =
            self.of_namespace.iter().find(|(namespace, count)| **count > rules.limit(namespace))
        {
            return Err(Refusal::Limit { namespace: (*namespace).to_owned(), most: rules.limit(namespace) });
        }
        let weekly = |namespace: &str| rules.limit_per_week(namespace).unwrap_or(u32::MAX);
        if let Some(((namespace, _), _)) =
            self.of_week.iter().find(|((namespace, _), count)| **count > weekly(namespace))
        {
            return Err(Refusal::LimitPerWeek { namespace: (*namespace).to_owned(), most: weekly(namespace) });
        }
        match self.of_namespace.values().sum::<u32>() > rules.identifiers_max {
            true => Err(Refusal::LimitOfAll { most: rules.identifiers_max }),
            false => Ok(()),
        }
    }
}
