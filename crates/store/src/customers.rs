//! Customers as they lie in a snapshot: resolved from the identity rows, with the rows of their fragments.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    rc::Rc,
};

use expr::Depth;
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
    snapshot::Snapshot,
};

mod walk;

pub use walk::Part;

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
    /// Whether nobody has decided anything, once it was asked.
    undecided: OnceCell<bool>,
    /// Fragments of the identifier that a walk stands at.
    at_hand: RefCell<Option<(IdentifierId, Vec<FragmentId>)>>,
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
            undecided: OnceCell::new(),
            at_hand: RefCell::default(),
        }
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

    /// The merged state of a customer's fragments, without months and orders where they are not read.
    ///
    /// # Errors
    /// Those of the store.
    pub fn state_to(&self, customer: &CustomerIdentity, depth: Depth) -> Result<State, StoreError> {
        if depth == Depth::Whole {
            return self.state(customer);
        }
        let mut merged = State::default();
        for fragment in &customer.fragments {
            merged.merge(self.fragment_core(*fragment)?);
        }
        Ok(merged)
    }

    fn undecided(&self) -> Result<bool, StoreError> {
        if let Some(known) = self.undecided.get() {
            return Ok(*known);
        }
        let undecided = self.snapshot.is_empty::<Decisions>()?;
        Ok(*self.undecided.get_or_init(|| undecided))
    }

    /// Fragments that carry an identifier.
    fn carrying(&self, identifier: IdentifierId) -> impl Iterator<Item = Result<FragmentId, StoreError>> {
        let at_hand = self.at_hand.borrow();
        let at_hand = at_hand.as_ref().filter(|(held, _)| *held == identifier).map(|(_, fragments)| fragments.clone());
        let read = at_hand.is_none().then(|| self.snapshot.scan_prefix::<Incidence>(&identifier.0));
        let read = read.into_iter().flatten().map(|row| row.map(|((_, fragment), ())| fragment));
        at_hand.into_iter().flatten().map(Ok).chain(read)
    }

    fn fragment_state(&self, fragment: FragmentId) -> Result<State, StoreError> {
        let mut state = self.fragment_core(fragment)?;
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

    fn fragment_core(&self, fragment: FragmentId) -> Result<State, StoreError> {
        let core = self.row(fragment)?.map(|row| row.core.clone()).unwrap_or_default();
        Ok(State { core, ..State::default() })
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
        for fragment in self.carrying(identifier) {
            let fragment = fragment?;
            if let Some(said) = self.evidence(fragment)?
                && each(fragment, Rc::new(said)) == ControlFlow::Break(())
            {
                break;
            }
        }
        Ok(())
    }

    fn decisions(&self, identifier: IdentifierId) -> Result<Vec<Decision>, StoreError> {
        if self.undecided()? {
            return Ok(Vec::new());
        }
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
