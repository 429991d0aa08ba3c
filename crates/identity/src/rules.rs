//! The rules by which links are taken or refused: the strength of namespaces, how many identifiers one customer may have, and
//! which identifiers stand for nobody in particular.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use types::{Identifier, Micros, identifier::fixed_rank};

/// Identity rules. They are fold-relevant: changing them changes customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Namespaces from the strongest to the weakest; those not named follow in the journal's fixed priority.
    pub priority: Vec<String>,
    /// Most identifiers of a namespace that one customer may have; a namespace not named has no limit of its own.
    pub limits: BTreeMap<String, u32>,
    /// Most identifiers of a namespace that one customer may gain in one ISO week, by their first evidence.
    pub limits_per_week: BTreeMap<String, u32>,
    /// Most identifiers of one customer. An identifier with more neighbours than that is shared, whatever its namespace.
    pub identifiers_max: u32,
    /// Most neighbours of stronger namespaces that an identifier of this namespace may have; with more it is shared.
    pub sharing: BTreeMap<String, u32>,
    /// Namespaces that never link.
    pub weak: BTreeSet<String>,
    /// Values that stand for nobody: namespace (`*` for all) to values, each of which may begin or end with `*` for any text.
    /// Case does not matter.
    pub blocked: BTreeMap<String, BTreeSet<String>>,
}

impl Default for Rules {
    fn default() -> Self {
        let limits = |limits: &[(&str, u32)]| limits.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect();
        Self {
            priority: Vec::new(),
            limits: limits(&[("user_id", 1), ("loyalty_card", 5), ("email", 5), ("phone", 5)]),
            limits_per_week: limits(&[("device_id", 5), ("anonymous_id", 5), ("cookie", 5)]),
            identifiers_max: 1_000,
            sharing: limits(&[("device_id", 20), ("anonymous_id", 20), ("cookie", 20), ("receipt", 20)]),
            weak: BTreeSet::from(["ip_address".to_owned()]),
            blocked: BTreeMap::new(),
        }
    }
}

/// Why an identifier takes part in no link at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// Its namespace is weak.
    Weak,
    /// Its value stands for nobody.
    Blocked,
    /// Too many others were ever seen with it.
    Shared,
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

    /// Most identifiers of a namespace that one customer may gain in a week; `None` where weeks do not matter.
    pub fn limit_per_week(&self, namespace: &str) -> Option<u32> {
        self.limits_per_week.get(namespace).copied()
    }

    /// Whether an identifier is cut by what it is, whoever its neighbours are.
    pub fn cut(&self, identifier: &Identifier) -> Option<Cut> {
        if self.weak.contains(&identifier.namespace) {
            return Some(Cut::Weak);
        }
        if self.blocked.is_empty() {
            return None;
        }
        let value = identifier.value.to_lowercase();
        let blocks = |namespace: &str| {
            let patterns = self.blocked.get(namespace).into_iter().flatten();
            patterns.into_iter().any(|pattern| fits(&pattern.to_lowercase(), &value))
        };
        (blocks(&identifier.namespace) || blocks("*")).then_some(Cut::Blocked)
    }

    /// Whether so many neighbours, and so many of stronger namespaces among them, make an identifier a shared one.
    pub fn is_shared(&self, namespace: &str, neighbours: usize, stronger: usize) -> bool {
        let above = |count: usize, limit: u32| u32::try_from(count).map_or(true, |count| count > limit);
        above(neighbours, self.identifiers_max)
            || self.sharing.get(namespace).is_some_and(|most| above(stronger, *most))
    }
}

fn fits(pattern: &str, value: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (None, None) => pattern == value,
        (Some(end), None) => value.ends_with(end),
        (None, Some(start)) => value.starts_with(start),
        (Some(_), Some(_)) => value.contains(pattern.trim_matches('*')),
    }
}

/// The ISO week of an instant, counted in weeks from the one that holds 1970-01-01. ISO 8601: weeks begin on Monday.
pub fn iso_week(instant: Micros) -> i64 {
    // 1970-01-01 was a Thursday.
    instant.day().saturating_add(3).div_euclid(7)
}
