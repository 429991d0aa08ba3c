//! What is known about identifiers, and where it is read from: fragments, and operators' decisions.

use std::{ops::ControlFlow, rc::Rc};

use types::{FragmentId, Identifier, IdentifierId, TotalOrder, record::IdentityAction};

use crate::rules::Cut;

/// Where evidence is read from.
pub trait Evidence {
    /// What can go wrong while reading.
    type Error;

    /// Calls `each` with the fragments that carry an identifier, in any order, until it breaks off.
    ///
    /// # Errors
    /// Those of the store.
    fn each_fragment(&self, identifier: IdentifierId, each: EachFragment<'_>) -> Result<(), Self::Error>;

    /// All decisions about an identifier, in any order.
    ///
    /// # Errors
    /// Those of the store.
    fn decisions(&self, identifier: IdentifierId) -> Result<Vec<Decision>, Self::Error>;

    /// What an earlier walk over the same evidence told by `remember_cut`; a walk over all customers meets a kiosk at each of
    /// its visitors.
    fn known_cut(&self, _identifier: IdentifierId) -> Option<(Identifier, Cut)> {
        None
    }

    /// An identifier is cut.
    fn remember_cut(&self, _id: IdentifierId, _identifier: &Identifier, _cut: Cut) {}
}

/// What is done with each fragment.
pub type EachFragment<'a> = &'a mut dyn FnMut(FragmentId, Rc<FragmentEvidence>) -> ControlFlow<()>;

/// What a fragment says about identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentEvidence {
    /// Its identifiers with their ids.
    pub identifiers: Vec<(IdentifierId, Identifier)>,
    /// Its first touchpoint; where none counts, the first of those that lost against another of the same name.
    pub first: TotalOrder,
    /// Whether any of its touchpoints counts. If none does, it is no evidence for links, but its identifiers were seen.
    pub counts: bool,
}

/// Two identifiers, the lesser id first.
pub type Link = (IdentifierId, IdentifierId);

/// The link of two identifiers.
pub fn link(one: IdentifierId, other: IdentifierId) -> Link {
    (one.min(other), one.max(other))
}

/// An operator's decision about two identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub action: IdentityAction,
    /// The two identifiers with their ids.
    pub ends: [(IdentifierId, Identifier); 2],
    /// When (`occurred_at`) and under which name (`message_id`); the last one of a pair stands.
    pub place: TotalOrder,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who decided.
    pub operator: String,
}

impl Decision {
    /// The pair that it is about.
    pub fn link(&self) -> Link {
        let [(left, _), (right, _)] = &self.ends;
        link(*left, *right)
    }

    /// The other end.
    pub fn other(&self, id: IdentifierId) -> &(IdentifierId, Identifier) {
        let [left, right] = &self.ends;
        if left.0 == id { right } else { left }
    }
}
