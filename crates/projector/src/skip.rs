//! Why a record of the journal is passed over: a closed list whose names are metric labels.

/// A reason to pass over a record. The record stays in the journal.
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
}
