//! Groups of identifiers under limits: a union-find that refuses to join two groups which together would break a limit.

use std::collections::BTreeMap;

use types::IdentifierId;

use crate::{component::Component, rules::Rules};

/// Disjoint groups of the identifiers of a component.
pub(crate) struct Groups<'a> {
    rules: &'a Rules,
    parents: BTreeMap<IdentifierId, IdentifierId>,
    sizes: BTreeMap<IdentifierId, BTreeMap<&'a str, u32>>,
}

impl<'a> Groups<'a> {
    /// Every identifier in a group of its own.
    pub(crate) fn of(component: &'a Component, rules: &'a Rules) -> Self {
        let parents = component.nodes.keys().map(|id| (*id, *id)).collect();
        let size = |node: &'a crate::component::Node| BTreeMap::from([(node.identifier.namespace.as_str(), 1)]);
        Self { rules, parents, sizes: component.nodes.iter().map(|(id, node)| (*id, size(node))).collect() }
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

    /// Joins the groups of two identifiers.
    ///
    /// # Errors
    /// The rule that the joined group would break, in words.
    pub(crate) fn join(&mut self, left: IdentifierId, right: IdentifierId) -> Result<(), String> {
        let (left, right) = (self.root(left), self.root(right));
        if left == right {
            return Ok(());
        }
        let joined = self.joined_sizes(left, right);
        if let Some(broken) = broken_rule(self.rules, &joined) {
            return Err(broken);
        }
        self.parents.insert(right, left);
        self.sizes.remove(&right);
        self.sizes.insert(left, joined);
        Ok(())
    }

    fn joined_sizes(&self, left: IdentifierId, right: IdentifierId) -> BTreeMap<&'a str, u32> {
        let mut joined = self.sizes.get(&left).cloned().unwrap_or_default();
        for (namespace, count) in self.sizes.get(&right).into_iter().flatten() {
            *joined.entry(namespace).or_default() += count;
        }
        joined
    }
}

fn broken_rule(rules: &Rules, sizes: &BTreeMap<&str, u32>) -> Option<String> {
    let of_namespace = sizes.iter().find(|(namespace, count)| **count > rules.limit(namespace));
    if let Some((namespace, _)) = of_namespace {
        return Some(format!("a customer may have at most {} identifiers of {namespace}", rules.limit(namespace)));
    }
    let all: u32 = sizes.values().sum();
    (all > rules.identifiers_max).then(|| format!("a customer may have at most {} identifiers", rules.identifiers_max))
}
