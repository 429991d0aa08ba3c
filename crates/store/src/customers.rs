//! Customers as they lie in a snapshot: resolved from the identity rows, with the rows of their fragments.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet};

use identity::{Component, CustomerIdentity, Evidence, FragmentEvidence, RefusedLink, Resolution, Rules, resolve};
use profile::State;
use types::{FragmentId, HashKey, Identifier, IdentifierId};

use crate::{
    error::StoreError,
    family::{Fragments, Incidence, Months, Orders, fragments::FragmentRow},
    snapshot::{Range, Snapshot},
};

/// A customer, resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Id, identifiers and fragments.
    pub identity: CustomerIdentity,
    /// Refused links that touch one of its identifiers, at most `REFUSALS_MAX`.
    pub refused: Vec<Refusal>,
}

/// A refused link, seen from one of its ends.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The customer's identifier.
    pub own: Identifier,
    /// The identifier on the other side.
    pub other: Identifier,
    /// The first evidence for it, and the rule in words.
    pub link: RefusedLink,
}

/// Most refused links that a customer is shown with; a kiosk may have as many as it has visitors.
pub const REFUSALS_MAX: usize = 1_000;

/// Reads customers from one snapshot; fragment rows are read once.
pub struct CustomerRows<'a> {
    snapshot: &'a Snapshot<'a>,
    rules: &'a Rules,
    hash_key: &'a HashKey,
    rows: RefCell<BTreeMap<FragmentId, FragmentRow>>,
}

impl std::fmt::Debug for CustomerRows<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "CustomerRows of {:?}", self.snapshot)
    }
}

impl<'a> CustomerRows<'a> {
    /// Customers of a snapshot under identity rules.
    pub fn new(snapshot: &'a Snapshot<'a>, rules: &'a Rules, hash_key: &'a HashKey) -> Self {
        Self { snapshot, rules, hash_key, rows: RefCell::default() }
    }

    /// The customer that holds an identifier; `None` if no touchpoint carries it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn find(&self, identifier: IdentifierId) -> Result<Option<Resolved>, StoreError> {
        let component = Component::around(self, identifier)?;
        let resolution = resolve(&component, self.rules);
        Ok(resolution.holder(identifier).map(|holder| resolved(holder, &resolution, &component)))
    }

    /// The merged state of a customer's fragments.
    ///
    /// # Errors
    /// Those of the store.
    pub fn state(&self, customer: &CustomerIdentity) -> Result<State, StoreError> {
        let mut merged = State::default();
        for fragment in &customer.fragments {
            merged.merge(self.fragment_state(*fragment)?);
        }
        Ok(merged)
    }

    /// Calls `each` with every customer once, component by component.
    ///
    /// # Errors
    /// Those of the store and of `each`, which ends the walk.
    pub fn for_each<E: From<StoreError>>(&self, mut each: impl FnMut(Resolved) -> Result<(), E>) -> Result<(), E> {
        let mut met: BTreeSet<IdentifierId> = BTreeSet::new();
        let mut last = None;
        for row in self.snapshot.scan::<Incidence>(&Range::all()) {
            let ((identifier, _), ()) = row?;
            if last.replace(identifier) == Some(identifier) || met.remove(&identifier) {
                continue;
            }
            self.rows.borrow_mut().clear();
            let component = Component::around(self, identifier)?;
            met.extend(component.nodes.keys().filter(|other| **other != identifier));
            let resolution = resolve(&component, self.rules);
            for customer in &resolution.customers {
                each(resolved(customer, &resolution, &component))?;
            }
        }
        Ok(())
    }

    fn fragment_state(&self, fragment: FragmentId) -> Result<State, StoreError> {
        let core = self.row(fragment)?.map(|row| row.core).unwrap_or_default();
        let mut state = State { core, ..State::default() };
        for row in self.snapshot.scan_prefix::<Months>(&fragment.0) {
            let ((_, month), activity) = row?;
            state.months.insert(month, activity);
        }
        for row in self.snapshot.scan_prefix::<Orders>(&fragment.0) {
            let ((_, order), facts) = row?;
            state.orders.insert(order, facts);
        }
        Ok(state)
    }

    fn row(&self, fragment: FragmentId) -> Result<Option<FragmentRow>, StoreError> {
        if let Some(row) = self.rows.borrow().get(&fragment) {
            return Ok(Some(row.clone()));
        }
        let row = self.snapshot.get::<Fragments>(&fragment)?;
        if let Some(row) = &row {
            self.rows.borrow_mut().insert(fragment, row.clone());
        }
        Ok(row)
    }
}

impl Evidence for CustomerRows<'_> {
    type Error = StoreError;

    fn fragments_of(&self, identifier: IdentifierId) -> Result<Vec<FragmentId>, StoreError> {
        self.snapshot
            .scan_prefix::<Incidence>(&identifier.0)
            .map(|row| row.map(|((_, fragment), ())| fragment))
            .collect()
    }

    fn fragment(&self, fragment: FragmentId) -> Result<Option<FragmentEvidence>, StoreError> {
        let said = |row: FragmentRow| {
            let identified = row.identifiers.into_iter().map(|held| (self.hash_key.identifier_id(&held), held));
            Some(FragmentEvidence { identifiers: identified.collect(), first: row.core.first? })
        };
        Ok(self.row(fragment)?.and_then(said))
    }
}

fn resolved(customer: &CustomerIdentity, resolution: &Resolution, component: &Component) -> Resolved {
    let name = |id: IdentifierId| component.nodes.get(&id).map(|node| node.identifier.clone());
    let own: BTreeSet<IdentifierId> = customer.identifiers.iter().map(|(id, _)| *id).collect();
    let refusal = |at: &usize| {
        let link = resolution.refused.get(*at)?;
        let (left, right) = link.link;
        let (own, other) = if own.contains(&left) { (left, right) } else { (right, left) };
        Some(Refusal { own: name(own)?, other: name(other)?, link: link.clone() })
    };
    let refused = customer.refused.iter().take(REFUSALS_MAX).filter_map(refusal).collect();
    Resolved { identity: customer.clone(), refused }
}
