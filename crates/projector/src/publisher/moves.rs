//! What is to be told: the difference between who holds identifiers now and who was last told to, as a pure function.
//!
//! An identifier that was never told is no change: most visitors are never anybody else. An identifier appears in at most one
//! change of a difference, so changes of one difference may be read in any order.

use std::collections::BTreeMap;

use store::published::{ChangeKind, Holder};
use types::IdentifierId;

/// Most identifiers of one change; a customer with more is told in several.
pub const IDENTIFIERS_MAX: usize = 1_000;

/// A customer as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: IdentifierId,
    /// Its identifiers.
    pub identifiers: Vec<IdentifierId>,
}

/// Identifiers that were told to be one customer's and are another's now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What became of the customer.
    pub kind: ChangeKind,
    /// Who was told to hold them.
    pub from: IdentifierId,
    /// Who holds them now.
    pub to: IdentifierId,
    /// Ids of the identifiers, at most `IDENTIFIERS_MAX`.
    pub identifiers: Vec<IdentifierId>,
}

/// What was told of identifiers.
pub type Holders = BTreeMap<IdentifierId, Holder>;

/// The changes that lead from what was told to these customers.
pub fn moves<'a>(now: impl IntoIterator<Item = &'a Customer>, told: &Holders) -> Vec<Move> {
    now.into_iter().flat_map(|customer| moves_to(customer, told)).collect()
}

fn moves_to(customer: &Customer, told: &Holders) -> Vec<Move> {
    let mut groups: BTreeMap<IdentifierId, Vec<IdentifierId>> = BTreeMap::new();
    for identifier in &customer.identifiers {
        if let Some(held) = told.get(identifier).filter(|held| held.customer != customer.id) {
            groups.entry(held.customer).or_default().push(*identifier);
        }
    }
    let mut moves = Vec::new();
    for (from, identifiers) in groups {
        let kind = kind(customer, from, &identifiers, told);
        let piece = |piece: &[IdentifierId]| Move { kind, from, to: customer.id, identifiers: piece.to_vec() };
        moves.extend(identifiers.chunks(IDENTIFIERS_MAX).map(piece));
    }
    moves
}

/// The id of a customer goes where the identifier goes that it is the id of; what goes without it was separated.
fn kind(to: &Customer, from: IdentifierId, identifiers: &[IdentifierId], told: &Holders) -> ChangeKind {
    if !identifiers.contains(&from) {
        return ChangeKind::Separated;
    }
    let others = |identifier: &IdentifierId| told.get(identifier).is_some_and(|held| held.customer != from);
    if to.identifiers.iter().any(others) { ChangeKind::Merged } else { ChangeKind::Renamed }
}

#[cfg(test)]
mod tests;
