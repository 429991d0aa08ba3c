//! Customers as they lie in a snapshot: resolved from the identity rows, with the rows of their fragments.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    rc::Rc,
};

use identity::{
    Component, CustomerIdentity, Cut, Decision, EachFragment, Evidence, FragmentEvidence, JoiningLink, RefusedLink,
    Resolution, Rules, resolve,
};
use profile::State;
use types::{FragmentId, HashKey, Identifier, IdentifierId};

use crate::{
    decision,
    error::StoreError,
    family::{Decisions, Fragments, Incidence, Months, Orders, fragments::FragmentRow},
    snapshot::{Range, Snapshot},
};

/// A customer, resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Id, identifiers and fragments.
    pub identity: CustomerIdentity,
    /// Links that hold its identifiers together, in the order in which they were taken.
    pub joining: Vec<Joining>,
    /// Refused links that touch one of its identifiers, at most `REFUSALS_MAX`.
    pub refused: Vec<Refusal>,
    /// All decisions about its identifiers, whether they stand or not, the earliest first.
    pub decisions: Vec<Decision>,
}

/// A link that joined two of a customer's identifiers.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The two identifiers.
    pub ends: [Identifier; 2],
    /// The first evidence for it.
    pub link: JoiningLink,
}

/// A refused link, seen from one of its ends.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The customer's identifier.
    pub own: Identifier,
    /// The identifier on the other side.
    pub other: Identifier,
    /// The first evidence for it, and the rule.
    pub link: RefusedLink,
    /// The rule in words.
    pub rule: String,
}

/// Most refused links that a customer is shown with; a kiosk may have as many as it has visitors.
pub const REFUSALS_MAX: usize = 1_000;

/// Reads customers from one snapshot; fragment rows are read once.
pub struct CustomerRows<'a> {
    snapshot: &'a Snapshot<'a>,
    rules: &'a Rules,
    hash_key: &'a HashKey,
    rows: RefCell<BTreeMap<FragmentId, Rc<FragmentRow>>>,
    cuts: RefCell<BTreeMap<IdentifierId, (Identifier, Cut)>>,
}

/// Most cut identifiers that are remembered over a walk.
const CUTS_MAX: usize = 100_000;

impl std::fmt::Debug for CustomerRows<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "CustomerRows of {:?}", self.snapshot)
    }
}

impl<'a> CustomerRows<'a> {
    /// Customers of a snapshot under identity rules.
    pub fn new(snapshot: &'a Snapshot<'a>, rules: &'a Rules, hash_key: &'a HashKey) -> Self {
        Self { snapshot, rules, hash_key, rows: RefCell::default(), cuts: RefCell::default() }
    }

    /// The customer that holds an identifier; `None` if no touchpoint carries it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn find(&self, identifier: IdentifierId) -> Result<Option<Resolved>, StoreError> {
        let component = Component::around(self, self.rules, identifier)?;
        let resolution = resolve(&component, self.rules);
        Ok(resolution.holder(identifier).map(|holder| Resolved::of(holder, &resolution, &component)))
    }

    /// Namespace and value of an identifier, by its id; `None` if nothing is known of it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn identifier(&self, id: IdentifierId) -> Result<Option<Identifier>, StoreError> {
        let carries = self.snapshot.scan_prefix::<Incidence>(&id.0).next().transpose()?;
        let row = carries.map(|((_, fragment), ())| self.row(fragment)).transpose()?.flatten();
        let named =
            row.and_then(|row| row.identifiers.iter().find(|held| self.hash_key.identifier_id(held) == id).cloned());
        if named.is_some() {
            return Ok(named);
        }
        let decided = self.decisions(id)?.into_iter().flat_map(|decision| decision.ends).find(|(end, _)| *end == id);
        Ok(decided.map(|(_, identifier)| identifier))
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
        self.for_each_component(|component, resolution| {
            resolution.customers.iter().try_for_each(|customer| each(Resolved::of(customer, resolution, component)))
        })
    }

    /// Calls `each` with every component once, and with its customers.
    ///
    /// # Errors
    /// Those of the store and of `each`, which ends the walk.
    pub fn for_each_component<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(&Component, &Resolution) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut met: BTreeSet<IdentifierId> = BTreeSet::new();
        let mut last = None;
        for row in self.snapshot.scan::<Incidence>(&Range::all()) {
            let ((identifier, _), ()) = row?;
            if last.replace(identifier) == Some(identifier) || met.remove(&identifier) {
                continue;
            }
            self.each_around(identifier, &mut met, &mut each)?;
        }
        // Those whom decisions name and no touchpoint.
        for row in self.snapshot.scan::<Decisions>(&Range::all()) {
            let ((identifier, _), _) = row?;
            let seen = self.snapshot.scan_prefix::<Incidence>(&identifier.0).next().transpose()?.is_some();
            if !seen && last.replace(identifier) != Some(identifier) && !met.contains(&identifier) {
                self.each_around(identifier, &mut met, &mut each)?;
            }
        }
        Ok(())
    }

    fn each_around<E: From<StoreError>>(
        &self,
        identifier: IdentifierId,
        met: &mut BTreeSet<IdentifierId>,
        each: &mut impl FnMut(&Component, &Resolution) -> Result<(), E>,
    ) -> Result<(), E> {
        self.rows.borrow_mut().clear();
        let component = Component::around(self, self.rules, identifier)?;
        met.extend(component.nodes.keys().filter(|other| **other != identifier));
        each(&component, &resolve(&component, self.rules))
    }

    fn fragment_state(&self, fragment: FragmentId) -> Result<State, StoreError> {
        let core = self.row(fragment)?.map(|row| row.core.clone()).unwrap_or_default();
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

    fn row(&self, fragment: FragmentId) -> Result<Option<Rc<FragmentRow>>, StoreError> {
        if let Some(row) = self.rows.borrow().get(&fragment) {
            return Ok(Some(Rc::clone(row)));
        }
        let row = self.snapshot.get::<Fragments>(&fragment)?.map(Rc::new);
        if let Some(row) = &row {
            self.rows.borrow_mut().insert(fragment, Rc::clone(row));
        }
        Ok(row)
    }

    fn evidence(&self, fragment: FragmentId) -> Result<Option<FragmentEvidence>, StoreError> {
        let Some(row) = self.row(fragment)? else { return Ok(None) };
        let Some(first) = row.core.first.as_ref().or(row.lost.as_ref()) else { return Ok(None) };
        let identified = row.identifiers.iter().map(|held| (self.hash_key.identifier_id(held), held.clone()));
        let counts = row.core.first.is_some();
        Ok(Some(FragmentEvidence { identifiers: identified.collect(), first: first.clone(), counts }))
    }
}

impl Evidence for CustomerRows<'_> {
    type Error = StoreError;

    fn each_fragment(&self, identifier: IdentifierId, each: EachFragment<'_>) -> Result<(), StoreError> {
        for row in self.snapshot.scan_prefix::<Incidence>(&identifier.0) {
            let ((_, fragment), ()) = row?;
            if let Some(said) = self.evidence(fragment)?
                && each(fragment, Rc::new(said)) == ControlFlow::Break(())
            {
                break;
            }
        }
        Ok(())
    }

    fn decisions(&self, identifier: IdentifierId) -> Result<Vec<Decision>, StoreError> {
        let held = decision::about(self.snapshot, self.hash_key, identifier)?;
        Ok(held.into_iter().map(|held| held.decision).collect())
    }

    fn known_cut(&self, identifier: IdentifierId) -> Option<(Identifier, Cut)> {
        self.cuts.borrow().get(&identifier).cloned()
    }

    fn remember_cut(&self, id: IdentifierId, identifier: &Identifier, cut: Cut) {
        let mut cuts = self.cuts.borrow_mut();
        if cuts.len() < CUTS_MAX {
            cuts.insert(id, (identifier.clone(), cut));
        }
    }
}

impl Resolved {
    /// A customer of a resolution.
    pub fn of(customer: &CustomerIdentity, resolution: &Resolution, component: &Component) -> Self {
        let own: BTreeSet<IdentifierId> = customer.identifiers.iter().map(|(id, _)| *id).collect();
        let joining = customer.joining.iter().filter_map(|at| joining(resolution.joining.get(*at)?, component));
        let refused = customer.refused.iter().take(REFUSALS_MAX);
        let refused = refused.filter_map(|at| refusal(resolution.refused.get(*at)?, component, &own));
        let about = component.decisions.iter().filter(|((left, right), _)| own.contains(left) || own.contains(right));
        let mut decisions: Vec<Decision> = about.flat_map(|(_, decisions)| decisions.iter().cloned()).collect();
        decisions.sort_by(|left, right| left.place.cmp(&right.place));
        Self { identity: customer.clone(), joining: joining.collect(), refused: refused.collect(), decisions }
    }
}

fn joining(link: &JoiningLink, component: &Component) -> Option<Joining> {
    let name = |id| component.identifier(id).cloned();
    Some(Joining { ends: [name(link.link.0)?, name(link.link.1)?], link: link.clone() })
}

fn refusal(link: &RefusedLink, component: &Component, own: &BTreeSet<IdentifierId>) -> Option<Refusal> {
    let name = |id| component.identifier(id).cloned();
    let (left, right) = link.link;
    let (own, other) = if own.contains(&left) { (left, right) } else { (right, left) };
    let rule = link.refusal.describe(component, link.link);
    Some(Refusal { own: name(own)?, other: name(other)?, link: link.clone(), rule })
}
