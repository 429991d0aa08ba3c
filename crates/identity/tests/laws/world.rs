//! Fragments and decisions in memory, as a store would hold them, and random ones.

use std::{collections::BTreeMap, convert::Infallible, ops::ControlFlow, rc::Rc};

use identity::{Decision, EachFragment, Evidence, FragmentEvidence, Rules};
use proptest::prelude::*;
use types::{ContentHash, FragmentId, HashKey, Identifier, IdentifierId, Micros, TotalOrder, record::IdentityAction};

/// Evidence in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) fragments: BTreeMap<FragmentId, FragmentEvidence>,
    pub(crate) decisions: Vec<Decision>,
}

impl Evidence for Held {
    type Error = Infallible;

    fn each_fragment(&self, identifier: IdentifierId, each: EachFragment<'_>) -> Result<(), Infallible> {
        for (fragment, said) in &self.fragments {
            let carries = said.identifiers.iter().any(|(id, _)| *id == identifier);
            if carries && each(*fragment, Rc::new(said.clone())) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn decisions(&self, identifier: IdentifierId) -> Result<Vec<Decision>, Infallible> {
        let about = |decision: &&Decision| decision.ends.iter().any(|(end, _)| *end == identifier);
        Ok(self.decisions.iter().filter(about).cloned().collect())
    }
}

pub(crate) fn key() -> HashKey {
    HashKey::derive("test")
}

pub(crate) fn place(time: i64, name: &str) -> TotalOrder {
    TotalOrder {
        occurred_at: Micros(time),
        source: "pos".into(),
        message_id: name.to_owned(),
        content: ContentHash([0; 16]),
    }
}

/// What is told to Patron: touchpoints and decisions, in some order.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// When, who, and whether it counts.
    Touchpoint(i64, Vec<Identifier>, bool),
    /// When, what, about whom.
    Decision(i64, IdentityAction, Identifier, Identifier),
}

impl Held {
    /// Told in this order.
    pub(crate) fn of(told: &[Told]) -> Self {
        let mut held = Self::default();
        for one in told {
            match one {
                Told::Touchpoint(time, set, counts) => held.touch(*time, set, *counts),
                Told::Decision(time, action, left, right) => held.decide(*time, *action, left, right),
            }
        }
        held
    }

    fn touch(&mut self, time: i64, set: &[Identifier], counts: bool) {
        let key = key();
        let mut identifiers: Vec<_> =
            set.iter().map(|identifier| (key.identifier_id(identifier), identifier.clone())).collect();
        identifiers.sort();
        identifiers.dedup();
        let ids: Vec<_> = identifiers.iter().map(|(id, _)| *id).collect();
        let said = FragmentEvidence { identifiers, first: place(time, &time.to_string()), counts };
        let held = self.fragments.entry(key.fragment_id(&ids)).or_insert_with(|| said.clone());
        if (!said.counts, &said.first) < (!held.counts, &held.first) {
            *held = said;
        }
    }

    fn decide(&mut self, time: i64, action: IdentityAction, left: &Identifier, right: &Identifier) {
        let end = |identifier: &Identifier| (key().identifier_id(identifier), identifier.clone());
        let name = format!("{action:?} {left} {right}");
        self.decisions.push(Decision {
            action,
            ends: [end(left), end(right)],
            place: place(time, &name),
            reason: "seen in the shop".into(),
            operator: "ann".into(),
        });
    }
}

pub(crate) fn id(namespace: &str, value: &str) -> Identifier {
    Identifier::new(namespace, value)
}

/// Few names, so that they meet.
pub(crate) fn any_identifier() -> impl Strategy<Value = Identifier> {
    let namespace =
        prop::sample::select(vec!["user_id", "email", "device_id", "device_id", "loyalty_card", "ip_address"]);
    (namespace, 0..6_u8).prop_map(|(namespace, value)| Identifier::new(namespace, value.to_string()))
}

/// Over several weeks.
fn any_time() -> impl Strategy<Value = i64> {
    (0..40_i64).prop_map(|day| day * 86_400_000_000)
}

fn any_decision() -> impl Strategy<Value = Told> {
    use IdentityAction::{Link, Separate, Unlink, Withdraw};
    let action = prop::sample::select(vec![Link, Unlink, Separate, Withdraw]);
    (any_time(), action, any_identifier(), any_identifier())
        .prop_filter("two identifiers", |(_, _, left, right)| left != right)
        .prop_map(|(time, action, left, right)| Told::Decision(time, action, left, right))
}

/// Up to 50 touchpoints and decisions.
pub(crate) fn any_told() -> impl Strategy<Value = Vec<Told>> {
    let touchpoint = (any_time(), prop::collection::vec(any_identifier(), 1..4), prop::bool::weighted(0.9))
        .prop_map(|(time, set, counts)| Told::Touchpoint(time, set, counts));
    prop::collection::vec(prop_oneof![5 => touchpoint, 1 => any_decision()], 1..50)
}

/// Rules tight enough to refuse something in most worlds.
pub(crate) fn any_rules() -> impl Strategy<Value = Rules> {
    (1..3_u32, 1..4_u32, 1..4_u32, 4..20_u32, 1..6_u32, any_identifier()).prop_map(
        |(users, devices, per_week, all, sharing, blocked)| {
            let mut rules = Rules::default();
            rules.limits.insert("user_id".into(), users);
            rules.limits.insert("device_id".into(), devices + 1);
            rules.limits_per_week.insert("device_id".into(), per_week);
            rules.identifiers_max = all;
            rules.sharing.insert("device_id".into(), sharing);
            rules.sharing.insert("email".into(), sharing + 1);
            rules.blocked.entry(blocked.namespace).or_default().insert(blocked.value);
            rules
        },
    )
}
