//! Everybody, component by component, in the order of identifiers; all at once, or in parts that several threads walk through.
//!
//! Owns that each component is met exactly once over all parts: where the least of its identifiers lies that a touchpoint carries, or, if
//! none is carried, the least of all.

use std::collections::BTreeSet;

use identity::{Component, Resolution, resolve};
use types::{FragmentId, IdentifierId};

use super::{CustomerRows, Resolved};
use crate::{
    error::StoreError,
    family::{Decisions, Incidence},
    snapshot::Range,
};

/// Most fragments of an identifier that are kept at hand while its component is looked at; a kiosk may have a hundred thousand.
const AT_HAND_MAX: usize = 64;

/// A part of all identifiers.
#[derive(Clone, Debug)]
pub struct Part(Range);

impl Part {
    /// All of them.
    pub fn all() -> Self {
        Self(Range::all())
    }

    /// As many parts, of about the same size since ids are hashes; at most 256, at least one.
    pub fn split(parts: usize) -> Vec<Self> {
        let parts = parts.clamp(1, 256);
        let bound = |number: usize| u8::try_from(number * 256 / parts).ok().filter(|first| *first > 0);
        let part = |number: usize| {
            let from = bound(number).map_or_else(Vec::new, |first| vec![first]);
            Self(Range { from, before: bound(number + 1).map(|first| vec![first]), backwards: false })
        };
        (0..parts).map(part).collect()
    }

    /// Whether an identifier lies before this part.
    fn begins_after(&self, id: IdentifierId) -> bool {
        id.0.as_slice() < self.0.from.as_slice()
    }
}

impl CustomerRows<'_> {
    /// Calls `each` with every customer once, component by component.
    ///
    /// # Errors
    /// Those of the store and of `each`, which ends the walk.
    pub fn for_each<E: From<StoreError>>(&self, each: impl FnMut(Resolved) -> Result<(), E>) -> Result<(), E> {
        self.for_each_in(&Part::all(), each)
    }

    /// The same with those of one part.
    ///
    /// # Errors
    /// Those of the store and of `each`, which ends the walk.
    pub fn for_each_in<E: From<StoreError>>(
        &self,
        part: &Part,
        mut each: impl FnMut(Resolved) -> Result<(), E>,
    ) -> Result<(), E> {
        self.for_each_component(part, |component, resolution| {
            resolution.customers.iter().try_for_each(|customer| each(Resolved::of(customer, resolution, component)))
        })
    }

    /// Calls `each` with every component of a part once, and with its customers.
    ///
    /// # Errors
    /// Those of the store and of `each`, which ends the walk.
    pub fn for_each_component<E: From<StoreError>>(
        &self,
        part: &Part,
        mut each: impl FnMut(&Component, &Resolution) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_carried(part, &mut each)?;
        self.each_decided_alone(part, &mut each)
    }

    fn each_carried<E: From<StoreError>>(
        &self,
        part: &Part,
        each: &mut impl FnMut(&Component, &Resolution) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut met: BTreeSet<IdentifierId> = BTreeSet::new();
        let mut rows = self.snapshot.scan::<Incidence>(&part.0).peekable();
        while let Some(row) = rows.next() {
            let ((identifier, first), ()) = row?;
            let mut fragments: Vec<FragmentId> = vec![first];
            while let Some(Ok(((_, fragment), ()))) =
                rows.next_if(|row| row.as_ref().is_ok_and(|((next, _), ())| *next == identifier))
            {
                if fragments.len() <= AT_HAND_MAX {
                    fragments.push(fragment);
                }
            }
            if met.remove(&identifier) {
                continue;
            }
            let at_hand = Some((identifier, fragments)).filter(|(_, fragments)| fragments.len() <= AT_HAND_MAX);
            let component = self.around(identifier, at_hand)?;
            met.extend(component.nodes.keys().filter(|other| **other != identifier));
            if least_carried(&component).is_none_or(|least| !part.begins_after(least)) {
                each(&component, &resolve(&component, self.rules))?;
            }
        }
        Ok(())
    }

    /// Those whom decisions name and no touchpoint.
    fn each_decided_alone<E: From<StoreError>>(
        &self,
        part: &Part,
        each: &mut impl FnMut(&Component, &Resolution) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut last = None;
        for row in self.snapshot.scan::<Decisions>(&part.0) {
            let ((identifier, _), _) = row?;
            if last.replace(identifier) == Some(identifier)
                || self.snapshot.scan_prefix::<Incidence>(&identifier.0).next().transpose()?.is_some()
            {
                continue;
            }
            let component = self.around(identifier, None)?;
            if component.fragments.is_empty() && component.nodes.keys().next().is_none_or(|least| *least == identifier)
            {
                each(&component, &resolve(&component, self.rules))?;
            }
        }
        Ok(())
    }

    /// The component of an identifier, whose fragments may be known already; rows of the one before are forgotten.
    pub(super) fn around(
        &self,
        identifier: IdentifierId,
        at_hand: Option<(IdentifierId, Vec<FragmentId>)>,
    ) -> Result<Component, StoreError> {
        self.forget();
        self.at_hand.replace(at_hand);
        Component::around(self, self.rules, identifier)
    }
}

/// The least identifier of a component that a touchpoint carries.
fn least_carried(component: &Component) -> Option<IdentifierId> {
    let carried = component.fragments.values().flatten();
    carried.filter(|id| component.nodes.contains_key(*id)).min().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_identifiers_without_a_gap() {
        for parts in [1, 2, 3, 7, 256, 1_000] {
            let split = Part::split(parts);
            assert_eq!(split.len(), parts.min(256));
            assert!(split.first().unwrap().0.from.is_empty());
            assert_eq!(split.last().unwrap().0.before, None);
            for pair in split.windows(2) {
                assert_eq!(pair[0].0.before.as_ref(), Some(&pair[1].0.from));
            }
        }
    }
}
