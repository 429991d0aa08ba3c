//! Customers as they lie in a snapshot: resolved from the identity rows, with the rows of their fragments.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ops::ControlFlow,
    rc::Rc,
};

use expr::Depth;
use identity::{Component, CustomerIdentity, Cut, Decision, EachFragment, Evidence, FragmentEvidence, Rules, resolve};
use profile::State;
use types::{FragmentId, HashKey, Identifier, IdentifierId, Micros};

use crate::{
    decision,
    error::StoreError,
    family::{
        Family, Fragments, Incidence, Months, Orders, Timeline,
        fragments::FragmentRow,
        timeline::{TimelineKey, TimelineRow},
    },
    snapshot::Snapshot,
};

mod asked;
mod cursor;
mod renew;
mod resolved;
mod walk;

pub use asked::{SUBJECTS_MAX, Subjects};
pub use resolved::{Joining, REFUSALS_MAX, Refusal, Resolved};
pub use walk::Part;

use asked::Asked;
use cursor::Cursor;

/// Reads customers from one snapshot; fragment rows are read once.
pub struct CustomerRows<'a> {
    snapshot: &'a Snapshot<'a>,
    rules: &'a Rules,
    hash_key: &'a HashKey,
    rows: RefCell<BTreeMap<FragmentId, Rc<FragmentRow>>>,
    cuts: RefCell<BTreeMap<IdentifierId, (Identifier, Cut)>>,
    /// The fragment that a walk stands at.
    at_hand: Cell<Option<FragmentId>>,
    asked: Asked,
    incidences: Cursor<'a, Incidence>,
    months: Cursor<'a, Months>,
    orders: Cursor<'a, Orders>,
    timelines: Cursor<'a, Timeline>,
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
        Self {
            snapshot,
            rules,
            hash_key,
            rows: RefCell::default(),
            cuts: RefCell::default(),
            at_hand: Cell::default(),
            asked: Asked::default(),
            incidences: Cursor::default(),
            months: Cursor::default(),
            orders: Cursor::default(),
            timelines: Cursor::default(),
        }
    }

    /// Reads, and says with what was read on whom it depends: each identifier whose incidences or decisions were asked for and
    /// each fragment whose row was, whether there was any or none. While none of them has changed, the same gives the same.
    /// `None` if they are more than `SUBJECTS_MAX`. Not for walks over everybody.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn noting<T, E>(&self, read: impl FnOnce(&Self) -> Result<T, E>) -> Result<(T, Option<Subjects>), E> {
        self.asked.begin();
        let read = read(self);
        let subjects = self.asked.end();
        Ok((read?, subjects))
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

    /// All identifiers and fragments connected with an identifier; empty if nothing is known of it. Rows of the one before are
    /// forgotten, so that any number can be looked at.
    ///
    /// # Errors
    /// Those of the store.
    pub fn component(&self, identifier: IdentifierId) -> Result<Component, StoreError> {
        self.forget();
        Component::around(self, self.rules, identifier)
    }

    /// Namespace and value of an identifier, by its id; `None` if nothing is known of it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn identifier(&self, id: IdentifierId) -> Result<Option<Identifier>, StoreError> {
        self.asked.note(id.0);
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

    /// Forgets the rows of fragments, for who reads many customers that have nothing in common.
    pub fn forget(&self) {
        self.rows.borrow_mut().clear();
    }

    /// The merged state of a customer's fragments.
    ///
    /// # Errors
    /// Those of the store.
    pub fn state(&self, customer: &CustomerIdentity) -> Result<State, StoreError> {
        self.merged(customer, Self::fragment_state)
    }

    /// The merged state of a customer's fragments, without months and orders where they are not read.
    ///
    /// # Errors
    /// Those of the store.
    pub fn state_to(&self, customer: &CustomerIdentity, depth: Depth) -> Result<State, StoreError> {
        if depth == Depth::Whole { self.state(customer) } else { self.merged(customer, Self::fragment_core) }
    }

    /// The first is taken as it is: most customers have one fragment, and to merge is to copy.
    fn merged(
        &self,
        customer: &CustomerIdentity,
        read: impl Fn(&Self, FragmentId) -> Result<State, StoreError>,
    ) -> Result<State, StoreError> {
        let mut fragments = customer.fragments.iter().map(|fragment| read(self, *fragment));
        let mut merged = fragments.next().transpose()?.unwrap_or_default();
        for state in fragments {
            merged.merge(state?);
        }
        Ok(merged)
    }

    /// The rows of a fragment's timeline that happened at an instant or later, the earliest first.
    pub(crate) fn timeline(
        &self,
        fragment: FragmentId,
        since: Micros,
        mut each: impl FnMut(TimelineKey, TimelineRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if since == Micros(i64::MIN) {
            return self.rows_of(&self.timelines, fragment, each);
        }
        let from = TimelineKey::lower_bound(fragment, since);
        self.timelines.each(self.snapshot, &from, |key, row| each(key, row).map(ControlFlow::Continue))
    }

    /// Fragments that carry an identifier, in their order, until `each` breaks off.
    fn carrying(
        &self,
        identifier: IdentifierId,
        mut each: impl FnMut(FragmentId) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.asked.note(identifier.0);
        self.incidences.each(self.snapshot, &identifier.0, |(_, fragment), ()| each(fragment))
    }

    fn fragment_state(&self, fragment: FragmentId) -> Result<State, StoreError> {
        let mut state = self.fragment_core(fragment)?;
        self.rows_of(&self.months, fragment, |(_, month), activity| {
            state.months.insert(month, activity);
            Ok(())
        })?;
        self.rows_of(&self.orders, fragment, |(_, order), facts| {
            state.orders.insert(order, facts);
            Ok(())
        })?;
        Ok(state)
    }

    /// All rows of a fragment in a family whose keys begin with it.
    fn rows_of<F: Family>(
        &self,
        cursor: &Cursor<'a, F>,
        fragment: FragmentId,
        mut each: impl FnMut(F::Key, F::Value) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.at_hand.get() == Some(fragment) {
            return cursor.each_onward(self.snapshot, &fragment.0, each);
        }
        cursor.each(self.snapshot, &fragment.0, |key, value| each(key, value).map(ControlFlow::Continue))
    }

    fn fragment_core(&self, fragment: FragmentId) -> Result<State, StoreError> {
        let core = self.row(fragment)?.map(|row| row.core.clone()).unwrap_or_default();
        Ok(State { core, ..State::default() })
    }

    fn row(&self, fragment: FragmentId) -> Result<Option<Rc<FragmentRow>>, StoreError> {
        // Whatever else is read of a fragment, its row changes with it.
        self.asked.note(fragment.0);
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
        self.carrying(identifier, |fragment| match self.evidence(fragment)? {
            Some(said) => Ok(each(fragment, Rc::new(said))),
            None => Ok(ControlFlow::Continue(())),
        })
    }

    fn decisions(&self, identifier: IdentifierId) -> Result<Vec<Decision>, StoreError> {
        self.asked.note(identifier.0);
        if self.snapshot.is_undecided() {
            return Ok(Vec::new());
        }
        let held = decision::about(self.snapshot, self.hash_key, identifier)?;
        Ok(held.into_iter().map(|held| held.decision).collect())
    }

    fn known_cut(&self, identifier: IdentifierId) -> Option<(Identifier, Cut)> {
        // What was read then would be missing in the notes.
        if self.asked.is_begun() { None } else { self.cuts.borrow().get(&identifier).cloned() }
    }

    fn remember_cut(&self, id: IdentifierId, identifier: &Identifier, cut: Cut) {
        let mut cuts = self.cuts.borrow_mut();
        if cuts.len() < CUTS_MAX {
            cuts.insert(id, (identifier.clone(), cut));
        }
    }
}
