//! Why a record of the journal is passed over: a closed list whose names are metric labels.

/// A reason to pass over a record. The record stays in the journal, and lies among the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The bytes are no envelope.
    UndecodableEnvelope,
    /// The payload is no touchpoint.
    UndecodablePayload,
    /// The payload is of a type that this version does not fold.
    UnknownPayload,
    /// The touchpoint names nobody.
    NoIdentifier,
}

impl SkipReason {
    /// The label.
    pub fn name(self) -> &'static str {
        match self {
            Self::UndecodableEnvelope => "undecodable_envelope",
            Self::UndecodablePayload => "undecodable_payload",
            Self::UnknownPayload => "unknown_payload",
            Self::NoIdentifier => "no_identifier",
        }
    }

    /// What is wrong and what to do, for operators.
    pub fn description(self) -> &'static str {
        match self {
            Self::UndecodableEnvelope => {
                "the value is no patron.journal.v1.Envelope; nobody but ingest may write to touchpoints: take the right to from \
                 whoever did"
            }
            Self::UndecodablePayload => {
                "the envelope's payload is no patron.journal.v1.Touchpoint; upgrade patron if a newer version wrote it"
            }
            Self::UnknownPayload => {
                "the payload is of a type that this version does not fold; upgrade patron, then redrive"
            }
            Self::NoIdentifier => "the touchpoint names nobody; nobody but ingest may write to touchpoints",
        }
    }
}
