//! What is told of identity, as it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{IdentifierId, Micros};

/// Who was told to hold an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The customer's id.
    pub customer: IdentifierId,
    /// Whether the identifier links nobody, which no later touchpoint changes.
    pub cut: bool,
}

/// How far was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The generation that is told from; `None` while all its customers are still to be compared with what was told.
    pub generation: Option<u32>,
    /// Offsets, by partition, of the newest state that anything was told from; the feed never goes back behind them.
    pub seen: BTreeMap<u32, u64>,
    /// Offsets, by partition, below which everything was told.
    pub covered: BTreeMap<u32, u64>,
    /// Sequence number of the last change that is no longer kept; 0 if all are.
    pub forgotten: u64,
    /// Sequence number of the last change; 0 if there is none.
    pub last: u64,
}

/// What became of a customer id, or of a part of its identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChangeKind {
    /// The customer went into another one: its id is that customer's now.
    Merged,
    /// Some identifiers left the customer for another one.
    Separated,
    /// The same people under another id, because earlier evidence came.
    Renamed,
}

/// What made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A touchpoint, at a partition and offset; of several that were folded together the last.
    Touchpoint(u32, u64),
    /// An operator's decision, at a partition and offset.
    Decision(u32, u64),
    /// Another generation is served: other rules, or the state was made anew.
    Rebuild,
}

/// Identifiers that were told to be one customer's and are another's now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityChange {
    /// What became of the customer.
    pub kind: ChangeKind,
    /// The customer who was told to hold the identifiers.
    pub from: IdentifierId,
    /// The customer who holds them now.
    pub to: IdentifierId,
    /// The identifiers, by id.
    pub identifiers: Vec<IdentifierId>,
    /// Why.
    pub cause: Cause,
    /// The generation that it was told from.
    pub generation: u32,
    /// When it was noticed.
    pub observed_at: Micros,
    /// Offsets, by partition, of the state that it was worked out from.
    pub applied: BTreeMap<u32, u64>,
}
