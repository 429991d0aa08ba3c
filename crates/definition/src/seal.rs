//! A record of `definitions`, as ingest writes it and as everybody reads it.

use prost::Message as _;
use types::{
    Micros,
    record::{DefinitionSet, Envelope, FORMAT_VERSION, PayloadType},
};

use crate::fold::is_newer;

/// The source that envelopes of definitions name.
pub const SOURCE: &str = "operator";

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// A set of definitions, and when ingest accepted it.
    Set(Box<DefinitionSet>, Micros),
    /// The manifest of the journal, which is no definition.
    Manifest,
    /// Nothing to fold, and why.
    Skip(&'static str),
    /// Written by a newer version: folding it wrong would be worse than waiting.
    Newer,
}

/// The value of the record of a set.
pub fn seal(set: &DefinitionSet, received_at: Micros) -> Vec<u8> {
    let envelope = Envelope {
        format_version: FORMAT_VERSION,
        source: SOURCE.to_owned(),
        received_at: Some(received_at.to_proto()),
        payload_type: PayloadType::DefinitionSet.into(),
        payload: set.encode_to_vec(),
        ..Envelope::default()
    };
    envelope.encode_to_vec()
}

/// Reads the value of a record.
pub fn read(value: &[u8]) -> Read {
    let Ok(envelope) = Envelope::decode(value) else { return Read::Skip("undecodable_envelope") };
    // Rubbish often reads as protobuf with some version or other.
    let plausible = !envelope.source.is_empty() && envelope.received_at.is_some();
    match envelope.payload_type() {
        PayloadType::JournalManifest => Read::Manifest,
        _ if envelope.format_version > FORMAT_VERSION && plausible => Read::Newer,
        PayloadType::DefinitionSet => match DefinitionSet::decode(envelope.payload.as_slice()) {
            Ok(set) if is_newer(&set) => Read::Newer,
            Ok(set) => Read::Set(Box::new(set), envelope.received()),
            Err(_) => Read::Skip("undecodable_payload"),
        },
        _ => Read::Skip("unknown_payload"),
    }
}
