//! From an admitted touchpoint, or a checked decision of an operator, to the record that the journal keeps.
//!
//! Owns how the envelope is filled and which partition it goes to. Never decides whether anything gets in.

use journal::NewRecord;
use prost::Message as _;
use types::record::{self, Envelope, FORMAT_VERSION, IdentityDecision, PayloadType, Touchpoint};
use types::{HashKey, Identifier, Micros, PartitionKey};

/// The source that envelopes of decisions name.
const OPERATOR: &str = "operator";

/// The journal record of a normalised touchpoint. Its key is the 16 bytes of the partition key, from which the partition
/// follows. Without identifiers, which admission never lets through, it is keyed by the empty identifier.
pub fn new_record(touchpoint: &Touchpoint, received_at: Micros, hash_key: &HashKey, partitions: u32) -> NewRecord {
    let envelope = Envelope {
        partition_key: partition_key(&touchpoint.identifiers, hash_key).0.to_vec(),
        source: touchpoint.source.clone(),
        payload_type: PayloadType::Touchpoint.into(),
        payload: touchpoint.encode_to_vec(),
        ..Envelope::default()
    };
    sealed(envelope, received_at, partitions)
}

/// The journal record of a decision, in the partition of its stronger identifier.
pub fn of_decision(decision: &IdentityDecision, received_at: Micros, hash_key: &HashKey, partitions: u32) -> NewRecord {
    let envelope = Envelope {
        partition_key: partition_key(decision.left.iter().chain(&decision.right), hash_key).0.to_vec(),
        source: OPERATOR.to_owned(),
        payload_type: PayloadType::IdentityDecision.into(),
        payload: decision.encode_to_vec(),
        ..Envelope::default()
    };
    sealed(envelope, received_at, partitions)
}

fn partition_key<'a>(
    identifiers: impl IntoIterator<Item = &'a record::Identifier>,
    hash_key: &HashKey,
) -> PartitionKey {
    let identifiers = identifiers.into_iter().map(Identifier::from);
    let strongest = identifiers.min_by(|left, right| left.fixed_order().cmp(&right.fixed_order()));
    hash_key.partition_key(&strongest.unwrap_or_else(|| Identifier::new("", "")))
}

fn sealed(envelope: Envelope, received_at: Micros, partitions: u32) -> NewRecord {
    let key = envelope.partition_key.clone();
    let received_at = Some(received_at.to_proto());
    let envelope = Envelope { format_version: FORMAT_VERSION, received_at, ..envelope };
    let partition = journal::partition_of(&key, partitions);
    NewRecord { partition, value: envelope.encode_to_vec(), key, headers: Vec::new() }
}
