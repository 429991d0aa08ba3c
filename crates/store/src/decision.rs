//! Operators' decisions as they lie in a snapshot.

use identity::Decision;
use prost::Message;
use types::{
    HashKey, Identifier, IdentifierId, Micros, TotalOrder,
    record::{Envelope, IdentityDecision},
};

use crate::{
    error::StoreError,
    family::{Decisions, Family, timeline::TimelineRow},
    snapshot::Snapshot,
};

/// The source under which decisions stand in the total order.
pub const SOURCE: &str = "operator";

/// A decision with what the journal says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDecision {
    /// What was decided.
    pub decision: Decision,
    /// When Patron learned of it.
    pub received_at: Micros,
    /// Partition of the journal.
    pub partition: u32,
    /// Offset in it.
    pub offset: u64,
}

impl HeldDecision {
    /// Reads a row.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn of(row: &TimelineRow, hash_key: &HashKey) -> Result<Self, StoreError> {
        let damaged = |what: String| StoreError::Damaged { family: Decisions::NAME, what };
        let envelope = Envelope::decode(row.envelope.as_slice()).map_err(|error| damaged(error.to_string()))?;
        let message =
            IdentityDecision::decode(envelope.payload.as_slice()).map_err(|error| damaged(error.to_string()))?;
        let decision = decision(&message, &envelope.payload, hash_key);
        let decision = decision.ok_or_else(|| damaged("a decision about fewer than two identifiers".to_owned()))?;
        Ok(Self { decision, received_at: envelope.received(), partition: row.partition, offset: row.offset })
    }
}

/// The decision of a journal message; `None` if it names fewer than two identifiers.
pub fn decision(message: &IdentityDecision, payload: &[u8], hash_key: &HashKey) -> Option<Decision> {
    let end = |identifier: &Option<types::record::Identifier>| {
        let identifier = Identifier::from(identifier.as_ref()?);
        Some((hash_key.identifier_id(&identifier), identifier))
    };
    let ends = [end(&message.left)?, end(&message.right)?];
    let place = TotalOrder {
        occurred_at: message.decided_at.as_ref().map_or(Micros(0), Micros::from_proto),
        source: SOURCE.to_owned(),
        message_id: message.decision_id.clone(),
        content: hash_key.content_hash(payload),
    };
    let (reason, operator) = (message.reason.clone(), message.operator.clone());
    Some(Decision { action: message.action(), ends, place, reason, operator })
}

/// All decisions about an identifier.
///
/// # Errors
/// Those of the store.
pub fn about(
    snapshot: &Snapshot<'_>,
    hash_key: &HashKey,
    identifier: IdentifierId,
) -> Result<Vec<HeldDecision>, StoreError> {
    let rows = snapshot.scan_prefix::<Decisions>(&identifier.0);
    rows.map(|row| HeldDecision::of(&row?.1, hash_key)).collect()
}
