//! A piece of what is to be told: some customers of one snapshot, compared with what was told of their identifiers.
//!
//! Owns that everybody is found whose identity the touches can have changed. Of a touched identifier that is everybody around it.
//! Where one ceases to link, those whom it linked are no longer around it: they are looked at too, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use identity::{Component, CustomerIdentity, Cut, Evidence as _, Refusal, Resolution, Rules, resolve};
use segment::Facets;
use store::{
    CustomerRows, Snapshot, StoreError,
    family::touched::{Touch, Toucher},
    published::{Cause, Holder, Published},
};
use types::{HashKey, IdentifierId};

use super::moves::{Customer, Holders, Move, moves};

/// What one is worked out from.
pub(super) struct Source<'a> {
    pub(super) snapshot: &'a Snapshot<'a>,
    pub(super) rules: &'a Rules,
    pub(super) hash_key: &'a HashKey,
    pub(super) published: &'a Published,
}

/// Customers as they are now.
#[derive(Default)]
pub(super) struct Piece {
    now: Vec<Met>,
    /// Identifiers that link nobody.
    cut: BTreeSet<IdentifierId>,
    /// What touched each customer, by its id.
    causes: BTreeMap<IdentifierId, Touch>,
    met: BTreeSet<IdentifierId>,
    /// Identifiers beside which one stands that has ceased to link: what both carry may be another's than before.
    let_go: BTreeSet<IdentifierId>,
    /// What was told of identifiers that were touched.
    told: BTreeMap<IdentifierId, Option<Holder>>,
}

/// A customer as it is now, with what says whether it became more and nothing else.
struct Met {
    customer: Customer,
    /// Namespaces of its identifiers, one for each.
    namespaces: Vec<String>,
    /// Whether a rule keeps one of its identifiers from another customer's: what belongs to whom may change without any of them.
    refused: bool,
}

/// How a customer is concerned.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Concern {
    /// By what.
    pub(super) touch: Touch,
    /// Whether who it is may have changed, but for more touchpoints that came.
    pub(super) identity: bool,
}

/// The difference, ready to be told.
pub(super) struct Difference {
    pub(super) moves: Vec<(Move, Cause)>,
    pub(super) holders: Holders,
    /// Customers who are not who was told, now or then, by what touched them; all others have what they had, and more.
    pub(super) others: BTreeMap<IdentifierId, Touch>,
}

impl Source<'_> {
    /// Everybody whom these touches may have made another customer.
    pub(super) fn touched(&self, touches: &BTreeMap<IdentifierId, Touch>) -> Result<Piece, StoreError> {
        let touched: Vec<IdentifierId> = touches.keys().copied().collect();
        let told = touched.iter().copied().zip(self.published.holders(&touched)?).collect();
        let mut piece = Piece { told, ..Piece::default() };
        let changed = touches.iter().filter(|(id, touch)| touch.by.evidence && !piece.was_cut(id));
        let mut open: Vec<(IdentifierId, Touch)> = changed.map(|(id, touch)| (*id, *touch)).collect();
        let rows = CustomerRows::new(self.snapshot, self.rules, self.hash_key);
        while let Some((id, touch)) = open.pop() {
            if !piece.met.insert(id) {
                continue;
            }
            let component = Component::around(&rows, self.rules, id)?;
            let of_all = component.nodes.keys().filter_map(|id| touches.get(id));
            let touch = of_all.fold(touch, |all, one| all.and(*one));
            piece.add(&component, &resolve(&component, self.rules), touch);
            if let Some((_, cut)) = component.cut.get(&id) {
                let mut others = self.let_go(&rows, id, *cut)?;
                open.extend(others.iter().map(|other| (*other, touch)));
                piece.let_go.append(&mut others);
            }
        }
        Ok(piece)
    }

    /// Those beside whom an identifier stands that linked when it was told, and no longer does. Those who link nobody either are among
    /// them: what only such carry is the strongest one's. What was cut then is cut now; of one
    /// that is shared and was never told, memberships may have been told while it still linked.
    fn let_go(
        &self,
        rows: &CustomerRows<'_>,
        id: IdentifierId,
        cut: Cut,
    ) -> Result<BTreeSet<IdentifierId>, StoreError> {
        if self.told([id])?.get(&id).map_or(!matches!(cut, Cut::Shared), |held| held.cut) {
            return Ok(BTreeSet::new());
        }
        linked(rows, id)
    }

    /// What is to be told of a piece, because of `cause` where all is compared, else of what touched each.
    pub(super) fn difference(&self, piece: &Piece, cause: Option<Cause>) -> Result<Difference, StoreError> {
        let (known, others): (Vec<IdentifierId>, Vec<_>) =
            piece.identifiers().into_iter().partition(|id| piece.told.contains_key(id));
        let mut told = self.told(others)?;
        told.extend(known.into_iter().filter_map(|id| Some((id, piece.was(&id)?))));
        let moves = moves(piece.customers(), &told).into_iter();
        let caused = |one: Move| {
            let touch = piece.touch(&one.to);
            (one, cause.unwrap_or_else(|| of_touch(touch)))
        };
        let moves = moves.map(caused).collect();
        Ok(Difference { moves, holders: piece.holders(&told), others: piece.others(&told) })
    }

    /// Everybody whom these touches concern: the customers of the piece, those whose identity was not touched, and `others`, of whom
    /// all has to be looked at, whether they are in the piece or not. Where a decision came or a touchpoint lost, too: either may change
    /// what is asked of identifiers alone.
    pub(super) fn concerned(
        piece: &Piece,
        touches: &BTreeMap<IdentifierId, Touch>,
        others: &BTreeMap<IdentifierId, Touch>,
    ) -> BTreeMap<IdentifierId, Concern> {
        let of_piece = |customer: &Customer| {
            let touch = piece.touch(&customer.id);
            (customer.id, Concern { touch, identity: touch.facets == Facets::ALL })
        };
        let mut concerned: BTreeMap<IdentifierId, Concern> = piece.customers().map(of_piece).collect();
        for (id, touch) in others {
            let held = concerned.entry(*id).or_default();
            (held.touch, held.identity) = (held.touch.and(*touch), true);
        }
        for (id, touch) in touches.iter().filter(|(id, _)| !piece.met.contains(*id)) {
            if let Some(holder) = piece.was(id) {
                let held = concerned.entry(holder.customer).or_default();
                held.touch = held.touch.and(*touch);
            }
        }
        concerned
    }

    fn told(&self, identifiers: impl IntoIterator<Item = IdentifierId>) -> Result<Holders, StoreError> {
        let identifiers: Vec<IdentifierId> = identifiers.into_iter().collect();
        let held = self.published.holders(&identifiers)?;
        Ok(identifiers.into_iter().zip(held).filter_map(|(id, held)| Some((id, held?))).collect())
    }
}

impl Piece {
    /// The customers of a component, and what touched it.
    pub(super) fn add(&mut self, component: &Component, resolution: &Resolution, touch: Touch) {
        self.met.extend(component.nodes.keys());
        self.cut.extend(component.nodes.keys().filter(|id| component.cut.contains_key(*id)));
        for customer in &resolution.customers {
            self.causes.insert(customer.id, touch);
            self.now.push(Met::of(customer, resolution));
        }
    }

    fn customers(&self) -> impl Iterator<Item = &Customer> {
        self.now.iter().map(|met| &met.customer)
    }

    /// What touched a customer.
    fn touch(&self, id: &IdentifierId) -> Touch {
        self.causes.get(id).copied().unwrap_or_default()
    }

    /// Who was told to hold a touched identifier.
    fn was(&self, id: &IdentifierId) -> Option<Holder> {
        self.told.get(id).copied().flatten()
    }

    fn was_cut(&self, id: &IdentifierId) -> bool {
        self.was(id).is_some_and(|held| held.cut)
    }

    /// All identifiers of the customers.
    pub(super) fn identifiers(&self) -> Vec<IdentifierId> {
        self.customers().flat_map(|customer| customer.identifiers.iter().copied()).collect()
    }

    /// All customers, by what touched them.
    pub(super) fn all(&self) -> impl Iterator<Item = (IdentifierId, Touch)> + '_ {
        self.causes.iter().map(|(id, touch)| (*id, *touch))
    }

    pub(super) fn len(&self) -> usize {
        self.now.len()
    }

    /// Those who are not what was told.
    fn holders(&self, told: &Holders) -> Holders {
        let all = self.customers().flat_map(|customer| customer.identifiers.iter().map(|id| (*id, customer.id)));
        let all = all.map(|(id, customer)| (id, self.holder(customer, &id)));
        all.filter(|(id, holder)| told.get(id) != Some(holder)).collect()
    }

    fn holder(&self, customer: IdentifierId, id: &IdentifierId) -> Holder {
        Holder { customer, cut: self.cut.contains(id) }
    }

    /// Customers who are not who was told, and those who were told to hold what is theirs.
    fn others(&self, told: &Holders) -> BTreeMap<IdentifierId, Touch> {
        let mut others = BTreeMap::new();
        for met in &self.now {
            let id = met.customer.id;
            let held = met.customer.identifiers.iter().filter_map(|identifier| told.get(identifier));
            let losers = held.map(|held| held.customer).filter(|loser| *loser != id);
            let own = (!self.became_more(met, told)).then_some(id);
            others.extend(losers.chain(own).map(|other| (other, self.touch(&id))));
        }
        others
    }

    /// Whether a customer has all that it was told to have, and if more, then by identifiers of namespaces that it had.
    fn became_more(&self, met: &Met, told: &Holders) -> bool {
        let (mut had, mut has) = (BTreeSet::new(), BTreeSet::new());
        for (identifier, namespace) in met.customer.identifiers.iter().zip(&met.namespaces) {
            has.insert(namespace);
            match told.get(identifier) {
                Some(held) if *held == self.holder(met.customer.id, identifier) => drop(had.insert(namespace)),
                Some(_) => return false,
                None => {}
            }
        }
        let let_go = met.customer.identifiers.iter().any(|identifier| self.let_go.contains(identifier));
        !met.refused && !let_go && had == has
    }
}

impl Met {
    fn of(customer: &CustomerIdentity, resolution: &Resolution) -> Self {
        let identifiers = customer.identifiers.iter().map(|(id, _)| *id).collect();
        let namespaces = customer.identifiers.iter().map(|(_, node)| node.identifier.namespace.clone()).collect();
        let refusals = customer.refused.iter().filter_map(|place| resolution.refused.get(*place));
        let refused = refusals.map(|link| &link.refusal).any(|refusal| !matches!(refusal, Refusal::Cut(_)));
        Self { customer: Customer { id: customer.id, identifiers }, namespaces, refused }
    }
}

/// Identifiers that stand beside this one on touchpoints or in decisions.
fn linked(rows: &CustomerRows<'_>, id: IdentifierId) -> Result<BTreeSet<IdentifierId>, StoreError> {
    let mut linked = BTreeSet::new();
    rows.each_fragment(id, &mut |_, said| {
        linked.extend(said.identifiers.iter().map(|(other, _)| *other));
        ControlFlow::Continue(())
    })?;
    linked.extend(rows.decisions(id)?.iter().map(|decision| decision.other(id).0));
    Ok(linked)
}

impl Concern {
    /// The record that says most of why.
    pub(super) fn cause(&self) -> Cause {
        of_touch(self.touch)
    }
}

fn of_touch(touch: Touch) -> Cause {
    let Toucher { decision, partition, offset, .. } = touch.by;
    if decision { Cause::Decision(partition, offset) } else { Cause::Touchpoint(partition, offset) }
}
