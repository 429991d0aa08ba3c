//! Operators' decisions, asked for one after the other.

use std::collections::BTreeMap;

use prost::Message as _;
use types::{
    HashKey,
    record::{Envelope, Identifier, IdentityAction, IdentityDecision, PayloadType},
};

use super::{
    Kept,
    counting::{Place, micros},
    people::{Name, spelt},
};

/// A decision of the journal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ruling {
    kept: Kept,
    content: [u8; 16],
    said: IdentityDecision,
}

/// All distinct decisions, each as it was received first, and how many were there already.
pub(super) fn rulings(envelopes: &[Envelope], hash_key: &HashKey) -> (Vec<Ruling>, u64) {
    let mut rulings: BTreeMap<Vec<u8>, Ruling> = BTreeMap::new();
    let mut copies = 0;
    for envelope in envelopes.iter().filter(|envelope| is_decision(envelope)) {
        let ruling = Ruling::of(envelope, hash_key);
        match rulings.get_mut(&envelope.payload) {
            None => drop(rulings.insert(envelope.payload.clone(), ruling)),
            Some(held) => {
                copies += 1;
                held.kept.3 = held.kept.3.min(ruling.kept.3);
            }
        }
    }
    (rulings.into_values().collect(), copies)
}

pub(super) fn is_decision(envelope: &Envelope) -> bool {
    envelope.payload_type() == PayloadType::IdentityDecision
}

impl Ruling {
    fn of(envelope: &Envelope, hash_key: &HashKey) -> Self {
        let (key, source, payload) = (&envelope.partition_key, &envelope.source, &envelope.payload);
        let received_at = micros(envelope.received_at.as_ref());
        Self {
            kept: (key.clone(), source.clone(), payload.clone(), received_at),
            content: hash_key.content_hash(payload).0,
            said: IdentityDecision::decode(payload.as_slice()).expect("the tests' envelopes hold decisions"),
        }
    }

    pub(super) fn kept(&self) -> Kept {
        self.kept.clone()
    }

    pub(super) fn action(&self) -> IdentityAction {
        self.said.action()
    }

    /// Its place in the total order.
    pub(super) fn place(&self) -> Place<'_> {
        (micros(self.said.decided_at.as_ref()), "operator", &self.said.decision_id, self.content)
    }

    pub(super) fn ends(&self) -> [Name; 2] {
        let name = |end: &Option<Identifier>| {
            let end = end.as_ref().expect("a decision has two ends");
            (end.namespace.clone(), end.value.clone())
        };
        [name(&self.said.left), name(&self.said.right)]
    }

    pub(super) fn is_about(&self, name: &Name) -> bool {
        self.ends().contains(name)
    }

    /// `ACTION LEFT RIGHT: REASON`.
    pub(super) fn told(&self) -> String {
        let [left, right] = self.ends();
        format!("{:?} {} {}: {}", self.action(), spelt(&left), spelt(&right), self.said.reason)
    }
}

/// The decision that stands about two; the last of all, unless it withdraws the others.
pub(super) fn standing<'a>(rulings: &'a [Ruling], left: &Name, right: &Name) -> Option<&'a Ruling> {
    let about = rulings.iter().filter(|ruling| ruling.is_about(left) && ruling.is_about(right));
    about.max_by_key(|ruling| ruling.place()).filter(|last| last.action() != IdentityAction::Withdraw)
}
