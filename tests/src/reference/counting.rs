//! Which touchpoints count: one for each identity, the least (occurred_at, content hash) of those that differ.

use std::collections::BTreeMap;

use prost::Message as _;
use types::{
    HashKey,
    record::{Envelope, Touchpoint},
};

use super::{Kept, rulings::is_decision};

/// A touchpoint of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Who it was placed by.
    pub partition_key: Vec<u8>,
    /// Earliest receipt of an equal copy, in microseconds.
    pub received_at: i64,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Hash of its bytes.
    pub content: [u8; 16],
    /// What it says.
    pub touchpoint: Touchpoint,
}

/// What a touchpoint is known by: partition key, source, message id.
type Identity = (Vec<u8>, String, String);

/// Its place in the total order.
pub(super) type Place<'a> = (i64, &'a str, &'a str, [u8; 16]);

impl Seen {
    /// Reads an envelope.
    pub fn of(envelope: &Envelope, hash_key: &HashKey) -> Self {
        Self {
            partition_key: envelope.partition_key.clone(),
            received_at: micros(envelope.received_at.as_ref()),
            payload: envelope.payload.clone(),
            content: hash_key.content_hash(&envelope.payload).0,
            touchpoint: Touchpoint::decode(envelope.payload.as_slice()).expect("the tests' envelopes hold touchpoints"),
        }
    }

    pub(super) fn at(&self) -> i64 {
        micros(self.touchpoint.occurred_at.as_ref())
    }

    pub(super) fn place(&self) -> Place<'_> {
        (self.at(), &self.touchpoint.source, &self.touchpoint.message_id, self.content)
    }

    pub(super) fn kept(&self) -> Kept {
        (self.partition_key.clone(), self.touchpoint.source.clone(), self.payload.clone(), self.received_at)
    }
}

/// What a list of envelopes comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// What counts.
    pub counts: Vec<Seen>,
    /// What shares its identity with one that counts, but differs.
    pub conflicts: Vec<Seen>,
    /// How many were there already.
    pub copies: u64,
}

/// Sorts them out.
pub(super) fn count(envelopes: &[Envelope], hash_key: &HashKey) -> Counted {
    let mut counted = Counted::default();
    let mut same_name: BTreeMap<Identity, BTreeMap<Vec<u8>, Seen>> = BTreeMap::new();
    for envelope in envelopes.iter().filter(|envelope| !is_decision(envelope)) {
        let seen = Seen::of(envelope, hash_key);
        let name = (seen.partition_key.clone(), envelope.source.clone(), seen.touchpoint.message_id.clone());
        match same_name.entry(name).or_default().entry(seen.payload.clone()) {
            std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(seen)),
            std::collections::btree_map::Entry::Occupied(mut held) => {
                counted.copies += 1;
                held.get_mut().received_at = held.get().received_at.min(seen.received_at);
            }
        }
    }
    for contents in same_name.into_values() {
        let mut contents: Vec<Seen> = contents.into_values().collect();
        contents.sort_by_key(|seen| (seen.at(), seen.content));
        counted.conflicts.extend(contents.split_off(1));
        counted.counts.extend(contents);
    }
    counted
}

pub(super) fn micros(timestamp: Option<&prost_types::Timestamp>) -> i64 {
    timestamp.map_or(0, |timestamp| timestamp.seconds * 1_000_000 + i64::from(timestamp.nanos) / 1_000)
}
