//! What the real state says, in the words of the reference: so that the two can be compared field by field.

use std::collections::BTreeSet;

use profile::{State, view::Value};
use prost::Message as _;
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    family::{Conflicts, Decisions, Timeline, timeline::TimelineRow},
    snapshot::Range,
};
use types::{Amounts, HashKey, record::Envelope};

use super::{Answers, Customer, Kept, Whole};

/// All customers, touchpoints and conflicts of a snapshot.
pub fn whole(snapshot: &Snapshot<'_>, rules: &identity::Rules, hash_key: &HashKey) -> Whole {
    let mut whole = Whole::default();
    let rows = CustomerRows::new(snapshot, rules, hash_key);
    let walked = rows.for_each(|resolved| {
        let answers = answers(&rows.state(&resolved.identity)?);
        whole.customers.insert(resolved.identity.id.to_string(), customer(&resolved, answers));
        Ok::<(), StoreError>(())
    });
    walked.expect("the state can be read");
    whole.counts = snapshot.scan::<Timeline>(&Range::all()).map(|row| kept(&row.expect("a row").1)).collect();
    whole.conflicts = snapshot.scan::<Conflicts>(&Range::all()).map(|row| kept(&row.expect("a row").1)).collect();
    whole.decisions = snapshot.scan::<Decisions>(&Range::all()).map(|row| kept(&row.expect("a row").1)).collect();
    whole.copies = snapshot.shards().expect("shards").iter().map(|(_, shard)| shard.copies).sum();
    whole
}

fn customer(resolved: &Resolved, answers: Answers) -> Customer {
    let link = |refusal: &store::customers::Refusal| {
        let (own, other) = (&refusal.own, &refusal.other);
        let (lesser, greater) = if own < other { (own, other) } else { (other, own) };
        (lesser.to_string(), greater.to_string())
    };
    Customer {
        identifiers: resolved.identity.identifiers.iter().map(|(_, node)| node.identifier.to_string()).collect(),
        refused: resolved.refused.iter().map(link).collect::<BTreeSet<_>>(),
        decisions: resolved.decisions.iter().map(told).collect(),
        answers,
    }
}

fn told(decision: &identity::Decision) -> String {
    let [(_, left), (_, right)] = &decision.ends;
    format!("{:?} {left} {right}: {}", decision.action, decision.reason)
}

fn kept(row: &TimelineRow) -> Kept {
    let envelope = Envelope::decode(row.envelope.as_slice()).expect("an envelope");
    (envelope.partition_key.clone(), envelope.source.clone(), envelope.payload.clone(), envelope.received().0)
}

/// What a state says.
pub fn answers(state: &State) -> Answers {
    let mut answers = Answers::new();
    for (name, value) in profile::view::metrics(state) {
        flatten(&mut answers, name, &value);
    }
    let core = &state.core;
    if core.touchpoints > 0 {
        answers.insert("touchpoints".to_owned(), core.touchpoints.to_string());
    }
    for (name, place) in [("first", &core.first), ("last", &core.last)] {
        place.iter().for_each(|place| drop(answers.insert(name.to_owned(), place.occurred_at.0.to_string())));
    }
    for (name, register) in &core.traits {
        if let Some(encoded) = register.as_ref().and_then(|register| register.value.as_ref()) {
            let value = prost_types::Value::decode(encoded.as_slice()).expect("a value");
            answers.insert(format!("trait/{name}"), format!("{:?}", value.kind.expect("a kind")));
        }
    }
    for (purpose, register) in core.consents.iter().filter_map(|(name, register)| Some((name, register.as_ref()?))) {
        answers.insert(format!("consent/{purpose}"), format!("{} {}", register.value, register.at.occurred_at.0));
    }
    answers
}

fn flatten(answers: &mut Answers, name: String, value: &Value) {
    let text = match value {
        Value::Count(count) => count.to_string(),
        Value::Decimal(sum) | Value::Seconds(sum) => sum.0.to_string(),
        Value::Money(amounts) => money(amounts),
        Value::Instant(at) => at.0.to_string(),
        Value::Text(text) => text.clone(),
        Value::Breakdown(entries) => {
            return entries.iter().for_each(|(key, value)| flatten(answers, format!("{name}/{key}"), value));
        }
    };
    answers.insert(name, text);
}

fn money(amounts: &Amounts) -> String {
    amounts.0.iter().map(|(code, sum)| format!("{} {}", code.code(), sum.0)).collect::<Vec<_>>().join(" ")
}
