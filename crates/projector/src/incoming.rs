//! A journal record, read and keyed: everything the fold needs, before any state is looked at.

use journal::{Position, Record};
use profile::Touched;
use prost::Message;
use store::family::timeline::TimelineRow;
use types::{
    ContentHash, CopyKey, FragmentId, HashKey, Identifier, IdentifierId, Micros,
    record::{EnvelopeView, FORMAT_VERSION, IdentityDecision, PayloadType, Spare, Touchpoint},
    time::Month,
};

use crate::skip::SkipReason;

/// A touchpoint of the journal with its derived keys.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) envelope: Vec<u8>,
    pub(crate) received_at: Micros,
    pub(crate) copy: CopyKey,
    pub(crate) content: ContentHash,
    pub(crate) fragment: FragmentId,
    /// Rows of the fragment that it changes.
    pub(crate) touched: Touched,
    pub(crate) touchpoint: Touchpoint,
}

/// The touchpoints of a batch. Their memory serves the next batch again: as much of it is kept as the largest batch took.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    slots: Vec<Incoming>,
    filled: usize,
    ids: Vec<IdentifierId>,
    spare: Spare,
}

impl Arrivals {
    /// Forgets the last batch.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Takes those of another batch behind its own; that one is empty then.
    pub(crate) fn append(&mut self, other: &mut Self) {
        for one in other.slots.iter_mut().take(other.filled) {
            match self.slots.get_mut(self.filled) {
                Some(slot) => std::mem::swap(slot, one),
                None => self.slots.push(std::mem::replace(one, Incoming::empty())),
            }
            self.filled += 1;
        }
        other.clear();
    }

    /// Touchpoints of this batch, in the order in which they were read.
    pub(crate) fn all(&self) -> &[Incoming] {
        self.slots.get(..self.filled).unwrap_or_default()
    }
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
    /// A touchpoint, the last of the arrivals now.
    Touchpoint,
    /// An operator's decision.
    Decision(IncomingDecision),
    /// Nothing to fold.
    Skip(Record, SkipReason),
    /// Written by a newer version: folding it wrong would be worse than waiting.
    Newer(u32),
}

/// Reads a record and derives its keys; a touchpoint is put behind those that have arrived.
pub(crate) fn read(record: Record, hash_key: &HashKey, arrivals: &mut Arrivals) -> Read {
    let Some(envelope) = EnvelopeView::decode(&record.value) else {
        return Read::Skip(record, SkipReason::UndecodableEnvelope);
    };
    if envelope.format_version > FORMAT_VERSION {
        return match is_plausible(&envelope) {
            true => Read::Newer(envelope.format_version),
            false => Read::Skip(record, SkipReason::UndecodableEnvelope),
        };
    }
    match envelope.payload_type {
        PayloadType::Touchpoint => match arrivals.take(&envelope, record.position, hash_key) {
            Ok(arrived) => {
                arrived.envelope = record.value;
                Read::Touchpoint
            }
            Err(reason) => Read::Skip(record, reason),
        },
        PayloadType::IdentityDecision => read_decision(record, hash_key),
        _ => Read::Skip(record, SkipReason::UnknownPayload),
    }
}

impl Arrivals {
    /// Fills the next slot with all but the envelope itself.
    fn take(
        &mut self,
        envelope: &EnvelopeView<'_>,
        position: Position,
        hash_key: &HashKey,
    ) -> Result<&mut Incoming, SkipReason> {
        if self.slots.len() == self.filled {
            self.slots.push(Incoming::empty());
        }
        let slot = self.slots.get_mut(self.filled).expect("pushed above");
        slot.touchpoint
            .decode_for_fold(envelope.payload, &mut self.spare)
            .map_err(|_| SkipReason::UndecodablePayload)?;
        if slot.touchpoint.identifiers.is_empty() {
            return Err(SkipReason::NoIdentifier);
        }
        put_ids(&slot.touchpoint, hash_key, &mut self.ids);
        (slot.partition, slot.offset) = (position.partition, position.offset);
        slot.received_at = envelope.received();
        slot.copy = hash_key.copy_key(envelope.partition_key, envelope.source, &slot.touchpoint.message_id);
        slot.content = hash_key.content_hash(envelope.payload);
        slot.fragment = hash_key.fragment_id(&self.ids);
        slot.touched = Touched::by_touchpoint(&slot.touchpoint, hash_key);
        self.filled += 1;
        Ok(slot)
    }
}

impl Incoming {
    /// One that nothing was read into.
    pub(crate) fn empty() -> Self {
        Self {
            partition: 0,
            offset: 0,
            envelope: Vec::new(),
            received_at: Micros(0),
            copy: CopyKey([0; 16]),
            content: ContentHash([0; 16]),
            fragment: FragmentId([0; 16]),
            touched: Touched { month: Month(0), order: None },
            touchpoint: Touchpoint::default(),
        }
    }

    /// Reads a touchpoint again that was read before, for the fold alone: content and what it touches, but none of its other keys.
    /// `None` where it is another record than that was.
    pub(crate) fn recall(
        &mut self,
        envelope: &[u8],
        content: ContentHash,
        hash_key: &HashKey,
        spare: &mut Spare,
    ) -> Option<()> {
        self.touchpoint.decode_for_fold(EnvelopeView::decode(envelope)?.payload, spare).ok()?;
        self.content = content;
        self.touched = Touched::by_touchpoint(&self.touchpoint, hash_key);
        Some(())
    }

    /// The set of its identifiers, in the order of their ids.
    pub(crate) fn identifiers(&self, hash_key: &HashKey) -> Vec<Identifier> {
        let set = crate::scrub::check::identifiers(&self.touchpoint, hash_key);
        set.into_iter().map(|(_, identifier)| identifier).collect()
    }
}

fn read_decision(record: Record, hash_key: &HashKey) -> Read {
    let read = EnvelopeView::decode(&record.value).and_then(|envelope| {
        let message = IdentityDecision::decode(envelope.payload).ok()?;
        Some((store::decision::decision(&message, envelope.payload, hash_key)?, envelope.received()))
    });
    let Some((decision, received_at)) = read else {
        return Read::Skip(record, SkipReason::UndecodablePayload);
    };
    let [(left, _), (right, _)] = decision.ends;
    let (partition, offset) = (record.position.partition, record.position.offset);
    Read::Decision(IncomingDecision {
        received_at,
        content: decision.place.content,
        ends: [left, right],
        row: TimelineRow { partition, offset, envelope: record.value },
    })
}

/// Whether ingest, of whatever version, may have written it: rubbish often reads as protobuf with some version or other.
fn is_plausible(envelope: &EnvelopeView<'_>) -> bool {
    envelope.partition_key.len() == 16 && !envelope.source.is_empty() && envelope.received_at.is_some()
}

/// The ids of the touchpoint's identifiers, in their order and each once.
fn put_ids(touchpoint: &Touchpoint, hash_key: &HashKey, ids: &mut Vec<IdentifierId>) {
    ids.clear();
    let identifiers = touchpoint.identifiers.iter();
    ids.extend(identifiers.map(|message| hash_key.identifier_id_of(&message.namespace, &message.value)));
    ids.sort_unstable();
    ids.dedup();
}
