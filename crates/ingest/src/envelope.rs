//! From an admitted touchpoint to the record that the journal keeps.
//!
//! Owns how the envelope is filled and which partition it goes to. Never decides whether a touchpoint gets in.

use journal::NewRecord;
use prost::Message as _;
use types::record::{Envelope, FORMAT_VERSION, PayloadType, Touchpoint};
use types::{HashKey, Identifier, Micros, PartitionKey};

/// The journal record of a normalised touchpoint. Its key is the 16 bytes of the partition key, from which the partition
/// follows. Without identifiers, which admission never lets through, it is keyed by the empty identifier.
pub fn new_record(touchpoint: &Touchpoint, received_at: Micros, hash_key: &HashKey, partitions: u32) -> NewRecord {
    let key = partition_key(touchpoint, hash_key).0.to_vec();
    NewRecord {
        partition: journal::partition_of(&key, partitions),
        value: envelope(touchpoint, received_at, key.clone()).encode_to_vec(),
        key,
        headers: Vec::new(),
    }
}

fn partition_key(touchpoint: &Touchpoint, hash_key: &HashKey) -> PartitionKey {
    let identifiers: Vec<Identifier> = touchpoint.identifiers.iter().map(Identifier::from).collect();
    let strongest = identifiers.into_iter().min_by(|left, right| left.fixed_order().cmp(&right.fixed_order()));
    hash_key.partition_key(&strongest.unwrap_or_else(|| Identifier::new("", "")))
}

fn envelope(touchpoint: &Touchpoint, received_at: Micros, partition_key: Vec<u8>) -> Envelope {
    Envelope {
        format_version: FORMAT_VERSION,
        partition_key,
        source: touchpoint.source.clone(),
        received_at: Some(received_at.to_proto()),
        payload_type: PayloadType::Touchpoint.into(),
        payload: touchpoint.encode_to_vec(),
        ..Envelope::default()
    }
}
