//! A journal record, read and keyed: everything the fold needs, before any state is looked at.

use journal::Record;
use prost::Message;
use store::family::timeline::TimelineRow;
use types::{
    ContentHash, CopyKey, FragmentId, HashKey, Identifier, IdentifierId, Micros,
    record::{Envelope, FORMAT_VERSION, IdentityDecision, PayloadType, Touchpoint},
};

use crate::skip::SkipReason;

/// A touchpoint of the journal with its derived keys.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) envelope: Vec<u8>,
    pub(crate) received_at: Micros,
    pub(crate) copy: CopyKey,
    pub(crate) content: ContentHash,
    pub(crate) fragment: FragmentId,
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) touchpoint: Touchpoint,
}

/// An operator's decision of the journal.
#[derive(Clone, Debug)]
pub(crate) struct IncomingDecision {
    pub(crate) row: TimelineRow,
    pub(crate) received_at: Micros,
    pub(crate) content: ContentHash,
    /// Ids of the two identifiers.
    pub(crate) ends: [IdentifierId; 2],
}

/// What a record turned out to be.
#[derive(Debug)]
pub(crate) enum Read {
    /// A touchpoint.
    Touchpoint(Box<Incoming>),
    /// An operator's decision.
    Decision(IncomingDecision),
    /// Nothing to fold.
    Skip(Record, SkipReason),
    /// Written by a newer version: folding it wrong would be worse than waiting.
    Newer(u32),
}

/// Reads a record and derives its keys.
pub(crate) fn read(record: Record, hash_key: &HashKey) -> Read {
    let Ok(envelope) = Envelope::decode(record.value.as_slice()) else {
        return Read::Skip(record, SkipReason::UndecodableEnvelope);
    };
    if envelope.format_version > FORMAT_VERSION {
        return match is_plausible(&envelope) {
            true => Read::Newer(envelope.format_version),
            false => Read::Skip(record, SkipReason::UndecodableEnvelope),
        };
    }
    match envelope.payload_type() {
        PayloadType::Touchpoint => {}
        PayloadType::IdentityDecision => return read_decision(record, &envelope, hash_key),
        _ => return Read::Skip(record, SkipReason::UnknownPayload),
    }
    let Ok(touchpoint) = Touchpoint::decode(envelope.payload.as_slice()) else {
        return Read::Skip(record, SkipReason::UndecodablePayload);
    };
    if touchpoint.identifiers.is_empty() {
        return Read::Skip(record, SkipReason::NoIdentifier);
    }
    let (ids, identifiers) = identifier_set(&touchpoint, hash_key);
    Read::Touchpoint(Box::new(Incoming {
        partition: record.position.partition,
        offset: record.position.offset,
        received_at: envelope.received(),
        copy: hash_key.copy_key(&envelope.partition_key, &envelope.source, &touchpoint.message_id),
        content: hash_key.content_hash(&envelope.payload),
        fragment: hash_key.fragment_id(&ids),
        identifiers,
        touchpoint,
        envelope: record.value,
    }))
}

fn read_decision(record: Record, envelope: &Envelope, hash_key: &HashKey) -> Read {
    let message = IdentityDecision::decode(envelope.payload.as_slice()).ok();
    let decision = message.and_then(|message| store::decision::decision(&message, &envelope.payload, hash_key));
    let Some(decision) = decision else {
        return Read::Skip(record, SkipReason::UndecodablePayload);
    };
    let [(left, _), (right, _)] = decision.ends;
    let (partition, offset) = (record.position.partition, record.position.offset);
    Read::Decision(IncomingDecision {
        received_at: envelope.received(),
        content: decision.place.content,
        ends: [left, right],
        row: TimelineRow { partition, offset, envelope: record.value },
    })
}

/// Whether ingest, of whatever version, may have written it: rubbish often reads as protobuf with some version or other.
fn is_plausible(envelope: &Envelope) -> bool {
    envelope.partition_key.len() == 16 && !envelope.source.is_empty() && envelope.received_at.is_some()
}

/// The set of identifiers in the order of their ids.
fn identifier_set(touchpoint: &Touchpoint, hash_key: &HashKey) -> (Vec<IdentifierId>, Vec<Identifier>) {
    let identified = touchpoint.identifiers.iter().map(|message| {
        let identifier = Identifier::from(message);
        (hash_key.identifier_id(&identifier), identifier)
    });
    let mut set: Vec<(IdentifierId, Identifier)> = identified.collect();
    set.sort_unstable();
    set.dedup();
    set.into_iter().unzip()
}
