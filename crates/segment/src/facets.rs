//! What a touchpoint touches and what an expression reads, as bits: kinds, traits, consents, orders.
//!
//! Where the two have no bit in common, the touchpoint cannot change the expression's answer. The contrary is not promised: two
//! names may share a bit, which costs an evaluation and changes nothing.

use expr::{Choice, Needs};
use types::{Kind, record::Touchpoint};

use crate::schema::{Looks, looks_at};

/// A set of facets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Facets(pub u64);

const KIND_BITS: u32 = 44;
const TRAIT_BITS: u32 = 16;
const CONSENTS: Facets = Facets(1 << (KIND_BITS + TRAIT_BITS));
const ORDERS: Facets = Facets(1 << (KIND_BITS + TRAIT_BITS + 1));

/// Kinds that say something about an order.
const OF_ORDERS: [Kind; 5] =
    [Kind::OrderCompleted, Kind::OrderLineCompleted, Kind::OrderCancelled, Kind::OrderRefunded, Kind::OrderReturned];

impl Facets {
    /// All there are.
    pub const ALL: Self = Self(u64::MAX);

    /// What a touchpoint touches.
    pub fn of_touchpoint(touchpoint: &Touchpoint) -> Self {
        let mut facets = Self::of_kind(&touchpoint.kind);
        let traits = touchpoint.traits.iter().flat_map(|traits| traits.fields.keys());
        traits.for_each(|name| facets = facets.and(Self::of_trait(name)));
        if !touchpoint.consents.is_empty() {
            facets = facets.and(CONSENTS);
        }
        if Kind::of_name(&touchpoint.kind).is_some_and(|kind| OF_ORDERS.contains(&kind)) {
            facets = facets.and(ORDERS);
        }
        facets
    }

    /// What an expression reads. The identifiers that it may read change with evidence, not by a facet.
    pub fn of_needs(needs: &Needs) -> Self {
        Self::of(needs, |_| true)
    }

    /// What of that can change its answer whatever a touchpoint has in its fields.
    pub fn without_keys(needs: &Needs) -> Self {
        Self::of(needs, |choice| choice.key.is_none())
    }

    /// What an expression reads, of its sets of touchpoints some.
    fn of(needs: &Needs, some: impl Fn(&Choice) -> bool) -> Self {
        let mut facets = Self::default();
        for Choice { kinds, .. } in needs.choices.iter().filter(|choice| some(choice)) {
            if kinds.is_empty() {
                return Self::ALL;
            }
            kinds.iter().for_each(|kind| facets = facets.and(Self::of_kind(kind)));
        }
        needs.traits.iter().for_each(|name| facets = facets.and(Self::of_trait(name)));
        for name in &needs.metrics {
            facets = facets.and(match looks_at(name) {
                Looks::Everything => Self::ALL,
                Looks::Orders => ORDERS,
                Looks::Kinds(kinds) => {
                    kinds.iter().fold(Self::default(), |all, kind| all.and(Self::of_kind(kind.name())))
                }
            });
        }
        if needs.consents {
            facets = facets.and(CONSENTS);
        }
        if needs.orders {
            facets = facets.and(ORDERS);
        }
        facets
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one is in both.
    pub fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn of_kind(name: &str) -> Self {
        Self(1 << (crc32c::crc32c(name.as_bytes()) % KIND_BITS))
    }

    fn of_trait(name: &str) -> Self {
        Self(1 << (KIND_BITS + crc32c::crc32c(name.as_bytes()) % TRAIT_BITS))
    }
}
