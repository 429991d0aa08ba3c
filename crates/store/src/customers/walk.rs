//! Everybody, component by component, in the order in which fragments lie on disk: what is read of a customer lies beside what was read of the
//! one before. All at once, or in parts that several threads walk through.
//!
//! Owns that each component is met exactly once over all parts: at the least of its fragments; that of an identifier which links nobody
//! with whomever the least fragment belongs to that carries it; and what no touchpoint carries at the least identifier that decisions name.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, ControlFlow},
    rc::Rc,
};

use identity::{Component, Resolution, resolve};
use types::{FragmentId, IdentifierId};

use super::{CustomerRows, Resolved};
use crate::{
    error::StoreError,
    family::{Decisions, Fragments},
    snapshot::Range,
};

/// A part of all fragments, and of all identifiers that decisions alone name.
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

    /// Whether a fragment lies before the end of this part.
    fn ends_after(&self, fragment: FragmentId) -> bool {
        self.0.before.as_ref().is_none_or(|before| fragment.0.as_slice() < before.as_slice())
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
        // Of components that were met, the fragments that are still to come.
        let mut met: BTreeSet<FragmentId> = BTreeSet::new();
        for row in self.snapshot.scan::<Fragments>(&part.0) {
            let (fragment, row) = row?;
            if met.remove(&fragment) {
                continue;
            }
            self.forget();
            self.at_hand.set(Some(fragment));
            self.rows.borrow_mut().insert(fragment, Rc::new(row));
            let Some(said) = self.evidence(fragment)? else { continue };
            let identifiers = || said.identifiers.iter().map(|(id, _)| *id);
            let alone = match Component::around_any(self, self.rules, identifiers())? {
                Some(component) => {
                    let rest = (Bound::Excluded(fragment), Bound::Unbounded);
                    let rest = component.fragments.range(rest).map(|(other, _)| *other);
                    met.extend(rest.take_while(|other| part.ends_after(*other)));
                    if component.fragments.keys().next() != Some(&fragment) {
                        continue;
                    }
                    each(&component, &resolve(&component, self.rules))?;
                    self.first_carried(component.cut.keys().copied(), &component.fragments)?
                }
                None => self.first_carried(identifiers(), &BTreeMap::from([(fragment, ())]))?,
            };
            for identifier in alone {
                let component = self.component(identifier)?;
                each(&component, &resolve(&component, self.rules))?;
            }
        }
        Ok(())
    }

    /// Those identifiers whose least fragment is one of these.
    fn first_carried<T>(
        &self,
        identifiers: impl Iterator<Item = IdentifierId>,
        fragments: &BTreeMap<FragmentId, T>,
    ) -> Result<Vec<IdentifierId>, StoreError> {
        let mut carried = Vec::new();
        for identifier in identifiers {
            if self.least_carrier(identifier)?.is_some_and(|least| fragments.contains_key(&least)) {
                carried.push(identifier);
            }
        }
        Ok(carried)
    }

    /// The least fragment that carries an identifier.
    fn least_carrier(&self, identifier: IdentifierId) -> Result<Option<FragmentId>, StoreError> {
        let mut least = None;
        self.carrying(identifier, |fragment| {
            least = self.evidence(fragment)?.map(|_| fragment);
            Ok(if least.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(least)
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
            if last.replace(identifier) == Some(identifier) || self.least_carrier(identifier)?.is_some() {
                continue;
            }
            let component = self.component(identifier)?;
            if component.fragments.is_empty() && component.nodes.keys().next().is_none_or(|least| *least == identifier)
            {
                each(&component, &resolve(&component, self.rules))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
