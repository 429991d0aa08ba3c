//! The rules by which links are taken or refused: the strength of namespaces, and how many identifiers one customer may have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::identifier::fixed_rank;

/// Identity rules. They are fold-relevant: changing them changes customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Namespaces from the strongest to the weakest; those not named follow in the journal's fixed priority.
    pub priority: Vec<String>,
    /// Most identifiers of a namespace that one customer may have; a namespace not named has no limit of its own.
    pub limits: BTreeMap<String, u32>,
    /// Most identifiers of one customer.
    pub identifiers_max: u32,
}

impl Default for Rules {
    fn default() -> Self {
        let limit = |(namespace, limit): (&str, u32)| (namespace.to_owned(), limit);
        let limits = [("user_id", 1), ("loyalty_card", 5), ("email", 5), ("phone", 5)];
        Self { priority: Vec::new(), limits: limits.into_iter().map(limit).collect(), identifiers_max: 1_000 }
    }
}

impl Rules {
    /// Strength of a namespace: the least is the strongest.
    pub fn rank(&self, namespace: &str) -> (usize, usize) {
        let named = self.priority.iter().position(|entry| entry == namespace);
        (named.unwrap_or(self.priority.len()), fixed_rank(namespace))
    }

    /// Most identifiers of a namespace in one customer.
    pub fn limit(&self, namespace: &str) -> u32 {
        self.limits.get(namespace).copied().unwrap_or(u32::MAX)
    }
}
